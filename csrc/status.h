/* Outcomes: of our own functions (pp_status) and of one request (pp_error).
 *
 * pp_status says whether a call of this library worked. pp_error is the class a finished request
 * is counted under; it is ours and never libcurl's numbering, so that results mean the same
 * whichever path carried the request. */
#ifndef PP_STATUS_H
#define PP_STATUS_H

#define PP_MUST_CHECK __attribute__((warn_unused_result))

enum pp_status {
    PP_OK = 0,
    PP_NOMEM,       /* an allocation failed; nothing was changed */
    PP_INVALID,     /* the caller's values make no sense together */
    PP_SYSTEM,      /* a system call failed; errno says which way */
    PP_FDS,         /* the descriptor limit cannot hold what was asked for */
    PP_UNSUPPORTED, /* this libcurl or this system lacks it */
};

enum pp_error {
    PP_ERROR_NONE = 0,
    PP_ERROR_DNS,
    PP_ERROR_CONNECT_REFUSED,
    PP_ERROR_CONNECT_TIMEOUT,
    PP_ERROR_CONNECT_FAILED, /* unreachable network or host, and what has no class of its own */
    PP_ERROR_PROXY,
    PP_ERROR_TLS,
    PP_ERROR_TLS_VERIFY,
    PP_ERROR_RESET,
    PP_ERROR_EMPTY_REPLY,
    PP_ERROR_STALE_CONNECTION, /* a reused connection died before the first byte; never resent */
    PP_ERROR_TRUNCATED,
    PP_ERROR_PROTOCOL,
    PP_ERROR_HEADER_TOO_LARGE,
    PP_ERROR_BODY_TOO_LARGE,
    PP_ERROR_DECODE,
    PP_ERROR_REDIRECT_LIMIT,
    PP_ERROR_REDIRECT_REFUSED,
    PP_ERROR_TIMEOUT,
    PP_ERROR_STATUS,  /* a whole response came, with a status that was not expected */
    PP_ERROR_CONTENT, /* a whole response came, without the text that was expected */
    PP_ERROR_CLIENT_FDS,
    PP_ERROR_CLIENT_PORTS,
    PP_ERROR_CLIENT_MEMORY,
    PP_ERROR_BACKLOG, /* open model: held back by the connection limit until the run was over */
    PP_ERROR_OTHER,
    PP_ERROR_COUNT
};

/* The names stand in results and reports ("connect_refused"); they never change. */
const char *pp_error_name(enum pp_error error);
const char *pp_status_text(enum pp_status status);

#endif
