#include "match.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct pp_match {
    size_t length;
    char *needle;    /* behind `border`, in the same allocation */
    size_t border[]; /* of each prefix: its longest proper prefix that is also its suffix */
};

static size_t advance(const struct pp_match *match, size_t state, char byte)
{
    while (state > 0 && match->needle[state] != byte)
        state = match->border[state - 1];
    return match->needle[state] == byte ? state + 1 : 0;
}

static void compute_borders(struct pp_match *match)
{
    size_t state = 0;
    for (size_t i = 0; i < match->length; i++) {
        if (i > 0)
            state = advance(match, state, match->needle[i]);
        match->border[i] = state;
    }
}

enum pp_status pp_match_prepare(const char *needle, size_t length, struct pp_match **out)
{
    if (length > (SIZE_MAX - sizeof(struct pp_match)) / (sizeof(size_t) + 1))
        return PP_NOMEM;
    struct pp_match *match = malloc(sizeof *match + length * (sizeof(size_t) + 1));
    if (match == NULL)
        return PP_NOMEM;
    match->length = length;
    match->needle = (char *)(match->border + length);
    if (length > 0)
        memcpy(match->needle, needle, length);
    compute_borders(match);
    *out = match;
    return PP_OK;
}

void pp_match_free(struct pp_match *match)
{
    free(match);
}

bool pp_match_found(const struct pp_match *match, size_t state)
{
    return state == match->length;
}

size_t pp_match_feed(const struct pp_match *match, size_t state, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    while (bytes < end && state < match->length) {
        if (state == 0) { /* most of a body: nothing begun, so let memchr find where it might */
            bytes = memchr(bytes, match->needle[0], (size_t)(end - bytes));
            if (bytes == NULL)
                return 0;
        }
        state = advance(match, state, *bytes++);
    }
    return state;
}
