/* The response is a sequence of lines and of stretches of body, and the state says which comes next. A line
 * that lies whole in the input is judged where it lies; of one that is split between reads the beginning is
 * kept.
 *
 * So that events never depend on the split, a line is judged when its end has come and by what would have
 * been kept of it, and errors count from fixed places: an end of line, the first byte beyond a limit, or a
 * first byte that nothing valid begins with.
 *
 * Choices (RFC 9112 leaves them open, or servers differ from it):
 *  - A bare LF ends a line; a CR that no LF follows, and NUL, are `protocol`.
 *  - Folded lines, blanks before the colon and names that are no token are `protocol`.
 *  - Interim responses (1xx) are skipped, but for 101, which was never asked for. They count towards
 *    PP_H1_HEADER_MAX, as do trailers, so that neither can go on for ever.
 *  - Transfer-Encoding: h1_field.c. With Content-Length beside it, or from HTTP/1.0, it frames the body and
 * the connection is not used again; without `chunked` in the last place the body runs until close.
 *  - A name must end within PP_H1_LINE_KEEP bytes and a line that frames the message must fit in them: else
 *    `protocol`. All other lines may be as long as the header block. */
#include "h1.h"

#include <string.h>

#include "h1_field.h"

#define CHUNK_LINE_MAX 4096 /* chunk size with its extensions */
#define CHUNK_END_MAX 2     /* CR LF */

enum state {
    STATUS_LINE = 0,
    INTERIM_FIELDS, /* of a 1xx response */
    FIELDS,
    BODY_BY_LENGTH,
    BODY_UNTIL_CLOSE,
    CHUNK_SIZE,
    CHUNK_DATA,
    CHUNK_END,
    TRAILERS,
    DONE,
    FAILED,
};

static void become(struct pp_h1 *response, enum state state)
{
    response->state = (int)state;
}

static void fail(struct pp_h1 *response, enum pp_error error)
{
    response->error = error;
    response->keep_alive = false;
    become(response, FAILED);
}

void pp_h1_begin(struct pp_h1 *response, bool head_request)
{
    memset(response, 0, offsetof(struct pp_h1, line));
    response->head_request = head_request;
}

static bool in_header(const struct pp_h1 *response)
{
    return response->state <= FIELDS || response->state == TRAILERS;
}

/* How long the line to come may be, its end included. */
static size_t line_limit(const struct pp_h1 *response)
{
    if (in_header(response)) {
        return PP_H1_HEADER_MAX - (size_t)response->header_bytes;
    }
    return response->state == CHUNK_SIZE ? CHUNK_LINE_MAX : CHUNK_END_MAX;
}

/* Whether what has come of a split line can still become a valid one. */
static bool plausible(const struct pp_h1 *response, size_t kept)
{
    switch ((enum state)response->state) {
    case STATUS_LINE:
        return pp_h1_status_begins(response->line, kept);
    case CHUNK_SIZE:
        return pp_h1_hex_digit(response->line[0]) >= 0;
    case CHUNK_END:
        return response->line[0] == '\r';
    default:
        return true;
    }
}

static size_t at_most(size_t length, size_t limit)
{
    return length < limit ? length : limit;
}

/* Adds to a split line; `text` holds no LF. */
static void absorb(struct pp_h1 *response, const char *text, size_t length)
{
    if (length == 0) {
        return;
    }
    const char *cr = memchr(text, '\r', length);
    bool stray = response->line_cr || (cr != NULL && cr + 1 != text + length);
    response->line_bad |= stray || memchr(text, '\0', length) != NULL;
    response->line_cr = text[length - 1] == '\r';
    if (response->line_length < PP_H1_LINE_KEEP) {
        size_t room = PP_H1_LINE_KEEP - response->line_length;
        memcpy(response->line + response->line_length, text, at_most(length, room));
    }
    response->line_length += length;
}

static struct pp_h1_line whole_line(const char *text, size_t length)
{
    size_t size = length + 1;
    if (length > 0 && text[length - 1] == '\r') {
        length--;
    }
    bool bad = memchr(text, '\r', length) != NULL || memchr(text, '\0', length) != NULL;
    return (struct pp_h1_line){text, at_most(length, PP_H1_LINE_KEEP), length, size, bad};
}

/* Ends the split line kept so far. */
static struct pp_h1_line kept_line(struct pp_h1 *response)
{
    size_t length = response->line_length - (response->line_cr ? 1 : 0);
    struct pp_h1_line line = {response->line, at_most(length, PP_H1_LINE_KEEP), length,
                              response->line_length + 1, response->line_bad};
    response->line_length = 0;
    response->line_cr = response->line_bad = false;
    return line;
}

/* The input ends, or the limit is reached, before the line does. */
static void take_part(struct pp_h1 *response, const char **cursor, const char *stop, const char *end)
{
    absorb(response, *cursor, (size_t)(stop - *cursor));
    *cursor = stop;
    if (response->line_length > 0 && !plausible(response, at_most(response->line_length, PP_H1_LINE_KEEP))) {
        fail(response, PP_ERROR_PROTOCOL);
    } else if (stop < end) {
        fail(response, in_header(response) ? PP_ERROR_HEADER_TOO_LARGE : PP_ERROR_PROTOCOL);
    }
}

/* False: the line is not complete, and may have failed. */
static bool take_line(struct pp_h1 *response, const char **cursor, const char *end, struct pp_h1_line *line)
{
    const char *text = *cursor;
    const char *stop = text + at_most((size_t)(end - text), line_limit(response) - response->line_length);
    const char *lf = memchr(text, '\n', (size_t)(stop - text));
    if (lf == NULL) {
        take_part(response, cursor, stop, end);
        return false;
    }
    size_t length = (size_t)(lf - text);
    if (response->line_length == 0) {
        *line = whole_line(text, length);
    } else {
        absorb(response, text, length);
        *line = kept_line(response);
    }
    *cursor = lf + 1;
    return true;
}

static bool on_status_line(struct pp_h1 *response, const struct pp_h1_line *line)
{
    int status;
    if (!pp_h1_status_line(line, &status, &response->http10)) {
        return false;
    }
    if (status < 200 && status != 101) {
        become(response, INTERIM_FIELDS);
        return true;
    }
    response->status = status;
    become(response, FIELDS);
    return status != 101;
}

static void on_header_end(struct pp_h1 *response)
{
    bool none = response->head_request || response->status == 204 || response->status == 304;
    bool framed = none || response->chunked || (response->has_length && !response->coded);
    bool persistent = response->http10 ? response->keep_alive_seen && !response->coded
                                       : !(response->coded && response->has_length);
    response->keep_alive = framed && persistent && !response->close_seen;
    response->remaining = response->length;
    if (none || (framed && !response->chunked && response->length == 0)) {
        become(response, DONE);
    } else if (response->chunked) {
        become(response, CHUNK_SIZE);
    } else {
        become(response, framed ? BODY_BY_LENGTH : BODY_UNTIL_CLOSE);
    }
}

static bool on_field(struct pp_h1 *response, const struct pp_h1_line *line)
{
    if (line->length == 0) {
        on_header_end(response);
        return true;
    }
    size_t name_length = pp_h1_field_name(line);
    return name_length > 0 && pp_h1_field_read(response, line, name_length);
}

/* Fields of interim responses and trailers: well-formed, and of no consequence. */
static bool on_idle_field(struct pp_h1 *response, const struct pp_h1_line *line, enum state after)
{
    if (line->length == 0) {
        become(response, after);
        return true;
    }
    return pp_h1_field_name(line) > 0;
}

static bool on_chunk_size(struct pp_h1 *response, const struct pp_h1_line *line)
{
    if (!pp_h1_chunk_size(line, &response->remaining)) {
        return false;
    }
    become(response, response->remaining == 0 ? TRAILERS : CHUNK_DATA);
    return true;
}

/* False: not what may stand here. */
static bool on_line(struct pp_h1 *response, const struct pp_h1_line *line)
{
    if (line->bad) {
        return false;
    }
    switch ((enum state)response->state) {
    case STATUS_LINE:
        return on_status_line(response, line);
    case INTERIM_FIELDS:
        return on_idle_field(response, line, STATUS_LINE);
    case FIELDS:
        return on_field(response, line);
    case TRAILERS:
        return on_idle_field(response, line, DONE);
    case CHUNK_SIZE:
        return on_chunk_size(response, line);
    default:
        become(response, CHUNK_SIZE);
        return line->length == 0;
    }
}

static enum pp_h1_event take_body(struct pp_h1 *response, const char **cursor, const char *end,
                                  const char **body, size_t *body_length)
{
    size_t length = (size_t)(end - *cursor);
    if (length == 0) {
        return PP_H1_MORE;
    }
    if (response->state != BODY_UNTIL_CLOSE) {
        length = length < response->remaining ? length : (size_t)response->remaining;
        response->remaining -= length;
        if (response->remaining == 0) {
            become(response, response->state == CHUNK_DATA ? CHUNK_END : DONE);
        }
    }
    *body = *cursor;
    *body_length = length;
    *cursor += length;
    response->body_bytes += length;
    return PP_H1_BODY;
}

enum pp_h1_event pp_h1_next(struct pp_h1 *response, const char **cursor, const char *end, const char **body,
                            size_t *body_length)
{
    for (;;) {
        struct pp_h1_line line;
        switch ((enum state)response->state) {
        case BODY_BY_LENGTH:
        case BODY_UNTIL_CLOSE:
        case CHUNK_DATA:
            return take_body(response, cursor, end, body, body_length);
        case DONE:
            return PP_H1_DONE;
        case FAILED:
            return PP_H1_ERROR;
        default:
            break;
        }
        if (!take_line(response, cursor, end, &line)) {
            return response->state == FAILED ? PP_H1_ERROR : PP_H1_MORE;
        }
        uint64_t counted = in_header(response) ? line.size : 0;
        if (!on_line(response, &line)) {
            fail(response, PP_ERROR_PROTOCOL);
            return PP_H1_ERROR;
        }
        response->header_bytes += counted;
    }
}

enum pp_h1_event pp_h1_eof(struct pp_h1 *response)
{
    if (response->state == BODY_UNTIL_CLOSE) {
        become(response, DONE);
    } else if (response->state != DONE && response->state != FAILED) {
        fail(response, pp_h1_started(response) ? PP_ERROR_TRUNCATED : PP_ERROR_EMPTY_REPLY);
    }
    return response->state == DONE ? PP_H1_DONE : PP_H1_ERROR;
}

bool pp_h1_started(const struct pp_h1 *response)
{
    if (response->state > INTERIM_FIELDS) {
        return response->error != PP_ERROR_EMPTY_REPLY;
    }
    return response->state == STATUS_LINE && response->line_length > 0;
}
