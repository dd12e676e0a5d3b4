/* Looks for one text in a body that comes in pieces (Knuth-Morris-Pratt): the needle is prepared once, and a
 * search under way is nothing but a number. Any split of the body gives the same answer.
 *
 * Threads: a prepared needle never changes and may be shared. */
#ifndef PP_MATCH_H
#define PP_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

struct pp_match;

/* Copies the needle; it may hold any byte. An empty one is found at once. */
PP_MUST_CHECK enum pp_status pp_match_prepare(const char *needle, size_t length, struct pp_match **out);
void pp_match_free(struct pp_match *match); /* NULL is fine */

/* A search starts with state 0; feed returns the state to go on with. Once found it stays found. */
size_t pp_match_feed(const struct pp_match *match, size_t state, const char *bytes, size_t length);
bool pp_match_found(const struct pp_match *match, size_t state);

#endif
