#include "status.h"

#include <stddef.h>

static const char *const error_names[PP_ERROR_COUNT] = {
    [PP_ERROR_NONE] = "none",
    [PP_ERROR_DNS] = "dns",
    [PP_ERROR_CONNECT_REFUSED] = "connect_refused",
    [PP_ERROR_CONNECT_TIMEOUT] = "connect_timeout",
    [PP_ERROR_CONNECT_FAILED] = "connect_failed",
    [PP_ERROR_PROXY] = "proxy",
    [PP_ERROR_TLS] = "tls",
    [PP_ERROR_TLS_VERIFY] = "tls_verify",
    [PP_ERROR_RESET] = "reset",
    [PP_ERROR_EMPTY_REPLY] = "empty_reply",
    [PP_ERROR_STALE_CONNECTION] = "stale_connection",
    [PP_ERROR_TRUNCATED] = "truncated",
    [PP_ERROR_PROTOCOL] = "protocol",
    [PP_ERROR_HEADER_TOO_LARGE] = "header_too_large",
    [PP_ERROR_BODY_TOO_LARGE] = "body_too_large",
    [PP_ERROR_DECODE] = "decode",
    [PP_ERROR_REDIRECT_LIMIT] = "redirect_limit",
    [PP_ERROR_REDIRECT_REFUSED] = "redirect_refused",
    [PP_ERROR_TIMEOUT] = "timeout",
    [PP_ERROR_STATUS] = "status",
    [PP_ERROR_CONTENT] = "content",
    [PP_ERROR_CLIENT_FDS] = "client_fds",
    [PP_ERROR_CLIENT_PORTS] = "client_ports",
    [PP_ERROR_CLIENT_MEMORY] = "client_memory",
    [PP_ERROR_BACKLOG] = "backlog",
    [PP_ERROR_OTHER] = "other",
};

const char *pp_error_name(enum pp_error error)
{
    size_t index = (size_t)error;
    return index < PP_ERROR_COUNT ? error_names[index] : error_names[PP_ERROR_OTHER];
}

const char *pp_status_text(enum pp_status status)
{
    switch (status) {
    case PP_OK:
        return "it worked";
    case PP_NOMEM:
        return "not enough memory";
    case PP_INVALID:
        return "these values make no sense together";
    case PP_SYSTEM:
        return "a system call failed";
    case PP_FDS:
        return "the descriptor limit is too low";
    case PP_UNSUPPORTED:
        return "this libcurl or this system cannot do it";
    }
    return "unknown status";
}
