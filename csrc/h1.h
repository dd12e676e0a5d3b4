/* HTTP/1.1 response framing: bytes in, events out. No I/O and no allocation; the state is plain
 * data of the caller's. Any split of the input gives the same events, down to a byte at a time. */
#ifndef PP_H1_H
#define PP_H1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define PP_H1_HEADER_MAX (300 * 1024)
#define PP_H1_LINE_KEEP 256 /* of a line split between reads, what is kept to understand it */

enum pp_h1_event {
    PP_H1_MORE,  /* all input used; feed more, or pp_h1_eof */
    PP_H1_BODY,  /* *body and *body_length point into the input */
    PP_H1_DONE,  /* a whole response; input may be left over: surplus */
    PP_H1_ERROR, /* response->error says the class */
};

struct pp_h1 {
    /* For the caller to read, after PP_H1_DONE (status also as soon as it is known, else 0). */
    int status;
    bool keep_alive; /* the connection may carry another request */
    enum pp_error error;
    uint64_t header_bytes; /* of whole, valid lines: status line, fields, trailers, interim responses */
    uint64_t body_bytes;   /* of content, without chunk framing */
    /* The parser's own. */
    int state;
    bool head_request, coded, chunked, has_length, close_seen, keep_alive_seen, http10;
    bool line_bad, line_cr; /* of a split line: holds a stray CR or NUL; ends in CR so far */
    uint64_t remaining;     /* of the body by length, or of the chunk */
    uint64_t length;        /* Content-Length */
    size_t line_length;     /* of a split line so far, without LF; may exceed what is kept of it */
    char line[PP_H1_LINE_KEEP];
};

/* Before each response. `head_request`: the answer to HEAD has no body. Must be cheap: called once a
 * request; does not clear `line`. */
void pp_h1_begin(struct pp_h1 *response, bool head_request);

/* Consumes from *cursor towards end and returns at the first event. */
enum pp_h1_event pp_h1_next(struct pp_h1 *response, const char **cursor, const char *end, const char **body,
                            size_t *body_length);

/* The peer closed: PP_H1_DONE for a body that runs until close, else PP_H1_ERROR with `empty_reply`
 * (no byte of a response came, an interim 1xx not counted) or `truncated`. */
enum pp_h1_event pp_h1_eof(struct pp_h1 *response);

/* Whether any byte of this response has been seen. */
bool pp_h1_started(const struct pp_h1 *response);

#endif
