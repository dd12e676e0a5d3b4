/* The meaning of single lines of an HTTP/1.1 response: pure functions on text. Private to h1*.c.
 *
 * Of a long line only the first PP_H1_LINE_KEEP bytes are at hand (`kept` of `length`), whether it came split
 * or whole, so that its meaning does not depend on how it came. */
#ifndef PP_H1_FIELD_H
#define PP_H1_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "h1.h"

/* Without its line end. Borrowed from the input or from pp_h1.line. */
struct pp_h1_line {
    const char *text;
    size_t kept, length;
    size_t size; /* in the input, with its line end */
    bool bad;    /* holds NUL, or CR other than in its line end: anywhere, not only in what is kept */
};

/* Whether a status line may begin like this (eager: junk is found out without waiting for a line end). */
bool pp_h1_status_begins(const char *text, size_t length);

/* HTTP/1.x SP 3 digits, then nothing or SP and anything. False: not a status line. */
bool pp_h1_status_line(const struct pp_h1_line *line, int *status, bool *http10);

/* Length of the field's name, a token right before its colon; 0: not a field (that includes folded lines). */
size_t pp_h1_field_name(const struct pp_h1_line *line);

/* Reads what frames the message (Content-Length, Transfer-Encoding, Connection) into the response; all other
 * fields are passed over. False: it makes no sense, or was too long to keep. */
bool pp_h1_field_read(struct pp_h1 *response, const struct pp_h1_line *line, size_t name_length);

int pp_h1_hex_digit(char byte); /* -1: is none */

/* The size that begins a chunk, with whatever extensions after it. */
bool pp_h1_chunk_size(const struct pp_h1_line *line, uint64_t *size);

#endif
