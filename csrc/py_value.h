/* Strictly typed values out of a call's keywords.
 *
 * A reader fails once: after the first trouble (TypeError or ValueError is set, naming the keyword) each
 * further take does nothing, so that a caller takes all it wants and asks at the end. A keyword that is
 * absent leaves *out as it was; so does None where a take says so. What strings and arrays need comes from
 * the arena. */
#ifndef PP_PY_VALUE_H
#define PP_PY_VALUE_H

#include <Python.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory freed all at once. Starts zeroed. */
struct pp_py_arena {
    struct pp_py_block *blocks; /* owned */
};
/* Zeroed and aligned for anything; NULL with MemoryError. */
void *pp_py_arena_take(struct pp_py_arena *arena, size_t count, size_t size);
void pp_py_arena_free(struct pp_py_arena *arena);

struct pp_py_reader {
    PyObject *keywords;        /* borrowed dict */
    PyObject *left;            /* owned copy, without what was taken */
    struct pp_py_arena *arena; /* borrowed */
    bool failed;
};

/* What a text must be like. All are UTF-8 without control characters. */
enum pp_py_text {
    PP_PY_TEXT_ANY,
    PP_PY_TEXT_FIELD, /* may hold tabs: a header's value */
    PP_PY_TEXT_TOKEN, /* RFC 9110's token: a method, a header's name */
    PP_PY_TEXT_NAME,  /* not empty, no spaces: a host */
    PP_PY_TEXT_PATH,  /* "/..." or "*", no spaces */
};

/* `keywords` may be NULL: none. Ends with pp_py_reader_done. */
void pp_py_reader_begin(struct pp_py_reader *reader, PyObject *keywords, struct pp_py_arena *arena);
/* Fails on a keyword that nobody took. False when the reader has failed, now or before. */
bool pp_py_reader_done(struct pp_py_reader *reader);

/* Borrowed; NULL when absent or failed already. */
PyObject *pp_py_take(struct pp_py_reader *reader, const char *name);
void pp_py_take_bool(struct pp_py_reader *reader, const char *name, bool *out);
/* None: absent, when `optional`. */
void pp_py_take_number(struct pp_py_reader *reader, const char *name, bool optional, uint64_t low,
                       uint64_t high, uint64_t *out);
/* Above 0 and finite. None: absent. */
void pp_py_take_rate(struct pp_py_reader *reader, const char *name, double *out);
/* 0 to a year, to the nearest nanosecond. None: absent, when `optional`. */
void pp_py_take_seconds(struct pp_py_reader *reader, const char *name, bool optional, int64_t *out_ns);
/* None: absent, when `optional`. */
void pp_py_take_text(struct pp_py_reader *reader, const char *name, enum pp_py_text kind, bool optional,
                     const char **out);
/* A NUL follows the bytes, beyond *length. None: absent; *given tells. */
void pp_py_take_bytes(struct pp_py_reader *reader, const char *name, const char **out, size_t *length,
                      bool *given);
/* One of `choices` (NULL-terminated); *out is its index. */
void pp_py_take_choice(struct pp_py_reader *reader, const char *name, const char *const *choices, int *out);
/* A tuple, borrowed, or NULL. */
PyObject *pp_py_take_tuple(struct pp_py_reader *reader, const char *name);

/* The same for a value at hand, of keyword `name`; they set reader->failed. */
uint64_t pp_py_number_of(struct pp_py_reader *reader, const char *name, PyObject *value, uint64_t low,
                         uint64_t high);
int64_t pp_py_ns_of(struct pp_py_reader *reader, const char *name, PyObject *value);
const char *pp_py_text_of(struct pp_py_reader *reader, const char *name, PyObject *value,
                          enum pp_py_text kind);

/* Sets reader->failed, with TypeError("'name' is <expected>, not <type>") or ValueError("'name'
 * <complaint>"). */
void pp_py_wrong_type(struct pp_py_reader *reader, const char *name, const char *expected, PyObject *value);
void pp_py_wrong_value(struct pp_py_reader *reader, const char *name, const char *complaint);
#endif
