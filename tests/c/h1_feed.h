/* Feeds a response to the parser in pieces and notes all that came of it; checks on the way what must hold
 * for any input whatever. Shared by the tests and the fuzzer. */
#ifndef H1_FEED_H
#define H1_FEED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h1.h"

/* What no input may bring about ends the program, so that a fuzzer notices. */
#define H1_ALWAYS(condition)                                                                                 \
    ((condition) ? (void)0                                                                                   \
                 : ((void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition), abort()))

struct h1_outcome {
    bool done;
    enum pp_error error;
    int status;
    bool keep_alive;
    uint64_t header_bytes, body_bytes;
    size_t left; /* bytes not consumed, of a whole response */
    char *body;  /* owned, body_bytes long */
};

/* Where the next piece ends: returns its length, 1..left. */
typedef size_t (*h1_splitter)(uint64_t *state, size_t left);

static inline uint64_t h1_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline size_t h1_split_whole(uint64_t *state, size_t left)
{
    (void)state;
    return left;
}

static inline size_t h1_split_bytes(uint64_t *state, size_t left)
{
    (void)state;
    (void)left;
    return 1;
}

/* Mostly short pieces, now and then a long one. */
static inline size_t h1_split_random(uint64_t *state, size_t left)
{
    uint64_t drawn = h1_random(state);
    size_t longest = drawn % 8 == 0 ? 4096 : drawn % 3 == 0 ? 64 : 4;
    size_t length = 1 + (size_t)((drawn >> 8) % longest);
    return length < left ? length : left;
}

/* In two, after *state bytes. */
static inline size_t h1_split_once(uint64_t *state, size_t left)
{
    size_t length = *state > 0 && *state < left ? (size_t)*state : left;
    *state = 0;
    return length;
}

/* Feeds one piece. *cursor: where the parser stopped. */
static inline enum pp_h1_event h1_feed_piece(struct pp_h1 *response, const char **cursor, const char *end,
                                             char *body)
{
    for (;;) {
        const char *before = *cursor, *part = NULL;
        size_t part_length = 0;
        uint64_t body_bytes = response->body_bytes;
        enum pp_h1_event event = pp_h1_next(response, cursor, end, &part, &part_length);
        H1_ALWAYS(*cursor >= before && *cursor <= end);
        H1_ALWAYS(response->header_bytes <= PP_H1_HEADER_MAX);
        if (event != PP_H1_BODY) {
            H1_ALWAYS(event != PP_H1_MORE || *cursor == end);
            H1_ALWAYS(response->body_bytes == body_bytes);
            return event;
        }
        H1_ALWAYS(part_length > 0 && part >= before && part + part_length == *cursor);
        H1_ALWAYS(response->body_bytes == body_bytes + part_length);
        memcpy(body + body_bytes, part, part_length);
    }
}

/* An ending is final: more input changes nothing and is not touched, nor does a close. */
static inline void h1_check_final(struct pp_h1 *response, enum pp_h1_event event)
{
    static const char more[] = "HTTP/1.1 200 OK\r\n\r\n";
    const char *cursor = more, *part;
    size_t part_length;
    H1_ALWAYS(event == PP_H1_DONE || event == PP_H1_ERROR);
    H1_ALWAYS((event == PP_H1_ERROR) == (response->error != PP_ERROR_NONE));
    H1_ALWAYS(event == PP_H1_DONE || !response->keep_alive);
    H1_ALWAYS(pp_h1_started(response) == (response->error != PP_ERROR_EMPTY_REPLY));
    H1_ALWAYS(pp_h1_next(response, &cursor, more + sizeof more - 1, &part, &part_length) == event &&
              cursor == more);
    H1_ALWAYS(pp_h1_eof(response) == event);
}

static inline struct h1_outcome h1_feed(const char *input, size_t length, bool head, h1_splitter split,
                                        uint64_t state)
{
    struct pp_h1 response;
    memset(&response, 0x5a, sizeof response); /* what begin leaves alone must not matter */
    pp_h1_begin(&response, head);
    struct h1_outcome outcome = {.body = malloc(length + 1)};
    H1_ALWAYS(outcome.body != NULL && !pp_h1_started(&response));
    enum pp_h1_event event = PP_H1_MORE;
    size_t fed = 0;
    while (event == PP_H1_MORE && fed < length) {
        /* In memory of its own, so that a sanitizer sees a step beyond its end. */
        size_t piece_length = split(&state, length - fed);
        char *piece = malloc(piece_length);
        H1_ALWAYS(piece != NULL);
        memcpy(piece, input + fed, piece_length);
        const char *cursor = piece;
        event = h1_feed_piece(&response, &cursor, piece + piece_length, outcome.body);
        fed += (size_t)(cursor - piece);
        free(piece);
    }
    if (event == PP_H1_MORE) {
        event = pp_h1_eof(&response);
    }
    h1_check_final(&response, event);
    outcome.done = event == PP_H1_DONE;
    outcome.error = response.error;
    outcome.status = response.status;
    outcome.keep_alive = response.keep_alive;
    outcome.header_bytes = response.header_bytes;
    outcome.body_bytes = response.body_bytes;
    outcome.left = outcome.done ? length - fed : 0;
    return outcome;
}

static inline bool h1_same(const struct h1_outcome *a, const struct h1_outcome *b)
{
    return a->done == b->done && a->error == b->error && a->status == b->status &&
           a->keep_alive == b->keep_alive && a->header_bytes == b->header_bytes &&
           a->body_bytes == b->body_bytes && a->left == b->left &&
           memcmp(a->body, b->body, (size_t)a->body_bytes) == 0;
}

/* Whether the split makes a difference, `expected` being what the whole gave. */
static inline bool h1_same_when_split(const struct h1_outcome *expected, const char *input, size_t length,
                                      bool head, h1_splitter split, uint64_t state)
{
    struct h1_outcome outcome = h1_feed(input, length, head, split, state);
    bool same = h1_same(expected, &outcome);
    free(outcome.body);
    return same;
}

#endif
