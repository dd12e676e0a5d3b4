#include <Python.h>

#include "py_value.h"

#include <math.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define YEAR_S (366.0 * 24 * 3600)

struct pp_py_block {
    struct pp_py_block *next; /* owned */
    alignas(max_align_t) char bytes[];
};

void *pp_py_arena_take(struct pp_py_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > (PY_SSIZE_T_MAX - sizeof(struct pp_py_block)) / size)
        return PyErr_NoMemory();
    struct pp_py_block *block = calloc(1, sizeof(struct pp_py_block) + count * size);
    if (block == NULL)
        return PyErr_NoMemory();
    block->next = arena->blocks;
    arena->blocks = block;
    return block->bytes;
}

void pp_py_arena_free(struct pp_py_arena *arena)
{
    while (arena->blocks != NULL) {
        struct pp_py_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}

void pp_py_wrong_type(struct pp_py_reader *reader, const char *name, const char *expected, PyObject *value)
{
    reader->failed = true;
    (void)PyErr_Format(PyExc_TypeError, "'%s' is %s, not %.100s", name, expected, Py_TYPE(value)->tp_name);
}

void pp_py_wrong_value(struct pp_py_reader *reader, const char *name, const char *complaint)
{
    reader->failed = true;
    (void)PyErr_Format(PyExc_ValueError, "'%s' %s", name, complaint);
}

void pp_py_reader_begin(struct pp_py_reader *reader, PyObject *keywords, struct pp_py_arena *arena)
{
    PyObject *left = keywords == NULL ? PyDict_New() : PyDict_Copy(keywords);
    *reader = (struct pp_py_reader){
        .keywords = keywords,
        .left = left,
        .arena = arena,
        .failed = left == NULL,
    };
}

bool pp_py_reader_done(struct pp_py_reader *reader)
{
    Py_ssize_t position = 0;
    PyObject *key = NULL;
    if (!reader->failed && PyDict_Next(reader->left, &position, &key, NULL)) {
        reader->failed = true;
        (void)PyErr_Format(PyExc_TypeError, "unexpected keyword %R", key);
    }
    Py_CLEAR(reader->left);
    return !reader->failed;
}

PyObject *pp_py_take(struct pp_py_reader *reader, const char *name)
{
    if (reader->failed || reader->keywords == NULL)
        return NULL;
    PyObject *value = PyDict_GetItemString(reader->keywords, name);
    if (value != NULL && PyDict_DelItemString(reader->left, name) < 0) {
        reader->failed = true;
        return NULL;
    }
    return value;
}

/* As pp_py_take; None counts as absent when `optional`. */
static PyObject *take(struct pp_py_reader *reader, const char *name, bool optional)
{
    PyObject *value = pp_py_take(reader, name);
    return optional && value == Py_None ? NULL : value;
}

void pp_py_take_bool(struct pp_py_reader *reader, const char *name, bool *out)
{
    PyObject *value = pp_py_take(reader, name);
    if (value == NULL)
        return;
    if (!PyBool_Check(value))
        pp_py_wrong_type(reader, name, "a bool", value);
    else
        *out = value == Py_True;
}

static bool is_number(PyObject *value)
{
    return PyLong_Check(value) && !PyBool_Check(value);
}

uint64_t pp_py_number_of(struct pp_py_reader *reader, const char *name, PyObject *value, uint64_t low,
                         uint64_t high)
{
    if (!is_number(value)) {
        pp_py_wrong_type(reader, name, "an int", value);
        return low;
    }
    unsigned long long number = PyLong_AsUnsignedLongLong(value);
    bool outside = number == (unsigned long long)-1 && PyErr_Occurred();
    if (outside && !PyErr_ExceptionMatches(PyExc_OverflowError)) {
        reader->failed = true;
        return low;
    }
    if (outside || number < low || number > high) {
        reader->failed = true;
        (void)PyErr_Format(PyExc_ValueError, "'%s' lies between %llu and %llu, not %R", name,
                           (unsigned long long)low, (unsigned long long)high, value);
        return low;
    }
    return number;
}

void pp_py_take_number(struct pp_py_reader *reader, const char *name, bool optional, uint64_t low,
                       uint64_t high, uint64_t *out)
{
    PyObject *value = take(reader, name, optional);
    if (value != NULL)
        *out = pp_py_number_of(reader, name, value, low, high);
}

/* A float, or an int as one. */
static double real_of(struct pp_py_reader *reader, const char *name, PyObject *value)
{
    if (!PyFloat_Check(value) && !is_number(value)) {
        pp_py_wrong_type(reader, name, "a float", value);
        return 0.0;
    }
    double real = PyFloat_AsDouble(value);
    if (real == -1.0 && PyErr_Occurred())
        reader->failed = true;
    return real;
}

void pp_py_take_rate(struct pp_py_reader *reader, const char *name, double *out)
{
    PyObject *value = take(reader, name, true);
    if (value == NULL)
        return;
    double rate = real_of(reader, name, value);
    if (!reader->failed && !(rate > 0.0 && isfinite(rate)))
        pp_py_wrong_value(reader, name, "is above 0 and finite");
    *out = rate;
}

int64_t pp_py_ns_of(struct pp_py_reader *reader, const char *name, PyObject *value)
{
    double seconds = real_of(reader, name, value);
    if (reader->failed)
        return 0;
    if (!(seconds >= 0.0 && seconds <= YEAR_S)) {
        reader->failed = true;
        (void)PyErr_Format(PyExc_ValueError, "'%s' lies between 0 and a year in seconds, not %R", name,
                           value);
        return 0;
    }
    return (int64_t)llround(seconds * 1e9);
}

void pp_py_take_seconds(struct pp_py_reader *reader, const char *name, bool optional, int64_t *out_ns)
{
    PyObject *value = take(reader, name, optional);
    if (value != NULL)
        *out_ns = pp_py_ns_of(reader, name, value);
}

static bool is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

static bool is_token(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool allowed(enum pp_py_text kind, unsigned char c)
{
    switch (kind) {
    case PP_PY_TEXT_TOKEN:
        return is_token(c);
    case PP_PY_TEXT_FIELD:
        return c == '\t' || !is_control(c);
    case PP_PY_TEXT_NAME:
    case PP_PY_TEXT_PATH:
        return c != ' ' && !is_control(c);
    case PP_PY_TEXT_ANY:
        break;
    }
    return !is_control(c);
}

/* NULL: the text is as `kind` wants it. */
static const char *complaint_about(enum pp_py_text kind, const char *text, size_t length)
{
    if (length == 0 && kind != PP_PY_TEXT_ANY && kind != PP_PY_TEXT_FIELD)
        return "is empty";
    for (size_t i = 0; i < length; i++)
        if (!allowed(kind, (unsigned char)text[i]))
            return kind == PP_PY_TEXT_ANY || kind == PP_PY_TEXT_FIELD
                       ? "holds a control character"
                       : "holds a character that has no place in it";
    if (kind == PP_PY_TEXT_PATH && text[0] != '/' && strcmp(text, "*") != 0)
        return "begins with a slash";
    return NULL;
}

static const char *keep(struct pp_py_reader *reader, const char *bytes, size_t length)
{
    char *kept = pp_py_arena_take(reader->arena, length + 1, 1);
    if (kept == NULL)
        reader->failed = true;
    else
        memcpy(kept, bytes, length);
    return kept;
}

const char *pp_py_text_of(struct pp_py_reader *reader, const char *name, PyObject *value,
                          enum pp_py_text kind)
{
    if (!PyUnicode_Check(value)) {
        pp_py_wrong_type(reader, name, "a str", value);
        return NULL;
    }
    Py_ssize_t length = 0;
    const char *text = PyUnicode_AsUTF8AndSize(value, &length);
    if (text == NULL) {
        reader->failed = true;
        return NULL;
    }
    const char *complaint = complaint_about(kind, text, (size_t)length);
    if (complaint != NULL) {
        pp_py_wrong_value(reader, name, complaint);
        return NULL;
    }
    return keep(reader, text, (size_t)length);
}

void pp_py_take_text(struct pp_py_reader *reader, const char *name, enum pp_py_text kind, bool optional,
                     const char **out)
{
    PyObject *value = take(reader, name, optional);
    if (value != NULL)
        *out = pp_py_text_of(reader, name, value, kind);
}

void pp_py_take_bytes(struct pp_py_reader *reader, const char *name, const char **out, size_t *length,
                      bool *given)
{
    PyObject *value = take(reader, name, true);
    if (value == NULL)
        return;
    if (!PyBytes_Check(value)) {
        pp_py_wrong_type(reader, name, "bytes", value);
        return;
    }
    *length = (size_t)PyBytes_GET_SIZE(value);
    *out = keep(reader, PyBytes_AS_STRING(value), *length);
    *given = true;
}

void pp_py_take_choice(struct pp_py_reader *reader, const char *name, const char *const *choices, int *out)
{
    PyObject *value = pp_py_take(reader, name);
    const char *text = value == NULL ? NULL : pp_py_text_of(reader, name, value, PP_PY_TEXT_ANY);
    if (text == NULL)
        return;
    for (int i = 0; choices[i] != NULL; i++)
        if (strcmp(choices[i], text) == 0) {
            *out = i;
            return;
        }
    reader->failed = true;
    (void)PyErr_Format(PyExc_ValueError, "'%s' has no choice %R", name, value);
}

PyObject *pp_py_take_tuple(struct pp_py_reader *reader, const char *name)
{
    PyObject *value = pp_py_take(reader, name);
    if (value == NULL || PyTuple_Check(value))
        return value;
    pp_py_wrong_type(reader, name, "a tuple", value);
    return NULL;
}
