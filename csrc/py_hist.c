/* Histogram: a pp_hist, in seconds. The object owns its pp_hist from creation to deallocation; no method
 * waits, so the GIL stays where it is. */
#include <Python.h>

#include "py_hist.h"

#include <math.h>
#include <stdlib.h>

#include "clock.h"
#include "py_error.h"

struct histogram {
    PyObject ob_base;
    struct pp_hist *hist;
};

struct pp_hist *pp_py_hist_of(PyObject *self)
{
    return ((struct histogram *)self)->hist;
}

PyObject *pp_py_histogram_of(PyTypeObject *type, struct pp_hist *hist)
{
    PyObject *self = type->tp_alloc(type, 0);
    if (self == NULL) {
        pp_hist_free(hist);
        return NULL;
    }
    ((struct histogram *)self)->hist = hist;
    return self;
}

static void histogram_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    pp_hist_free(pp_py_hist_of(self));
    type->tp_free(self);
    Py_DECREF(type);
}

/* To a whole number of units of which `per_second` make a second, held within int64_t: hist counts what lies
 * below zero or above its maximum at its ends. -1 with ValueError for what is no number. */
static int to_units(double seconds, double per_second, int64_t *out)
{
    if (isnan(seconds)) {
        PyErr_SetString(PyExc_ValueError, "a time is a number of seconds, not nan");
        return -1;
    }
    double units = round(seconds * per_second);
    if (units >= 9.2e18)
        *out = INT64_MAX;
    else if (units <= -9.2e18)
        *out = INT64_MIN;
    else
        *out = (int64_t)units;
    return 0;
}

static PyObject *histogram_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"digits", "max_seconds", NULL};
    int digits = PP_HIST_DIGITS;
    double max_seconds = (double)PP_HIST_MAX_US / 1e6;
    int64_t max_us = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|id:Histogram", keywords, &digits, &max_seconds) ||
        to_units(max_seconds, 1e6, &max_us) < 0)
        return NULL;
    if (digits < 1 || digits > 5)
        return PyErr_Format(PyExc_ValueError, "digits lies between 1 and 5, not %d", digits);
    if (max_us < 2 || max_us > 24 * PP_HIST_MAX_US) {
        PyErr_SetString(PyExc_ValueError, "max_seconds lies between two microseconds and a day");
        return NULL;
    }
    struct pp_hist *hist = NULL;
    enum pp_status status = pp_hist_new(digits, max_us, &hist);
    if (status != PP_OK)
        return pp_py_raise(PyType_GetModuleState(type), status, "no such histogram", NULL);
    return pp_py_histogram_of(type, hist);
}

static PyObject *histogram_decode(PyObject *cls, PyObject *data)
{
    PyTypeObject *type = (PyTypeObject *)cls;
    Py_buffer view;
    if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    struct pp_hist *hist = NULL;
    enum pp_status status = pp_hist_decode(view.buf, (size_t)view.len, &hist);
    PyBuffer_Release(&view);
    if (status == PP_INVALID) {
        PyErr_SetString(PyExc_ValueError, "not an HdrHistogram V2 encoding");
        return NULL;
    }
    if (status != PP_OK)
        return pp_py_raise(PyType_GetModuleState(type), status, "the histogram cannot be decoded", NULL);
    return pp_py_histogram_of(type, hist);
}

static PyObject *histogram_encode(PyObject *self, PyObject *unused)
{
    (void)unused;
    uint8_t *bytes = NULL;
    size_t length = 0;
    enum pp_status status = pp_hist_encode(pp_py_hist_of(self), &bytes, &length);
    if (status != PP_OK)
        return pp_py_raise(pp_py_state_of(self), status, "the histogram cannot be encoded", NULL);
    PyObject *encoded = PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)length);
    free(bytes);
    return encoded;
}

/* Pickled as its encoding: what comes back has the same buckets, and figures to their resolution. */
static PyObject *histogram_reduce(PyObject *self, PyObject *unused)
{
    PyObject *decode = PyObject_GetAttrString((PyObject *)Py_TYPE(self), "decode");
    PyObject *encoded = decode == NULL ? NULL : histogram_encode(self, unused);
    PyObject *reduced = encoded == NULL ? NULL : Py_BuildValue("(O(O))", decode, encoded);
    Py_XDECREF(encoded);
    Py_XDECREF(decode);
    return reduced;
}

static PyObject *histogram_record(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"seconds", "count", NULL};
    double seconds = 0;
    long long count = 1;
    int64_t value = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "d|L:record", keywords, &seconds, &count))
        return NULL;
    if (count < 0)
        return PyErr_Format(PyExc_ValueError, "count is at least 0, not %lld", count);
    /* One recording keeps its nanoseconds; many at once are laid into their bucket of microseconds. */
    if (to_units(seconds, count == 1 ? 1e9 : 1e6, &value) < 0)
        return NULL;
    if (count == 1)
        pp_hist_record_ns(pp_py_hist_of(self), value);
    else if (count > 1)
        pp_hist_record_value(pp_py_hist_of(self), value, (uint64_t)count);
    Py_RETURN_NONE;
}

static PyObject *histogram_copy(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct pp_hist *hist = NULL;
    enum pp_status status = pp_hist_copy(pp_py_hist_of(self), &hist);
    if (status != PP_OK)
        return pp_py_raise(pp_py_state_of(self), status, "the histogram cannot be copied", NULL);
    return pp_py_histogram_of(Py_TYPE(self), hist);
}

static PyObject *histogram_add(PyObject *self, PyObject *other)
{
    if (!Py_IS_TYPE(other, Py_TYPE(self)))
        return PyErr_Format(PyExc_TypeError, "add() takes a Histogram, not %.100s", Py_TYPE(other)->tp_name);
    if (pp_hist_merge(pp_py_hist_of(self), pp_py_hist_of(other)) != PP_OK) {
        PyErr_SetString(PyExc_ValueError, "histograms of different digits or maximum do not add up");
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *histogram_quantile(PyObject *self, PyObject *argument)
{
    double q = PyFloat_AsDouble(argument);
    if (q == -1.0 && PyErr_Occurred())
        return NULL;
    if (!(q >= 0.0 && q <= 1.0))
        return PyErr_Format(PyExc_ValueError, "a quantile lies between 0 and 1, not %R", argument);
    return pp_py_seconds(pp_hist_quantile_ns(pp_py_hist_of(self), q));
}

static PyObject *histogram_rank_edges(PyObject *self, PyObject *argument)
{
    long long rank = PyLong_AsLongLong(argument);
    if (rank == -1 && PyErr_Occurred())
        return NULL;
    uint64_t count = pp_hist_count(pp_py_hist_of(self));
    if (rank < 1 || (uint64_t)rank > count)
        return PyErr_Format(PyExc_IndexError, "rank %lld of %llu recordings", rank,
                            (unsigned long long)count);
    double low_ns = 0, high_ns = 0;
    pp_hist_rank_edges_ns(pp_py_hist_of(self), (uint64_t)rank, &low_ns, &high_ns);
    return Py_BuildValue("(dd)", low_ns / 1e9, high_ns / 1e9);
}

static PyObject *histogram_count_at_or_above(PyObject *self, PyObject *argument)
{
    double seconds = PyFloat_AsDouble(argument);
    int64_t value_ns = 0;
    if ((seconds == -1.0 && PyErr_Occurred()) || to_units(seconds, 1e9, &value_ns) < 0)
        return NULL;
    return PyLong_FromUnsignedLongLong(pp_hist_count_at_or_above_ns(pp_py_hist_of(self), value_ns));
}

/* Stops adding after the first trouble, which leaves *context NULL and an exception set. */
static void append_bucket(void *context, int64_t low, int64_t high, uint64_t count)
{
    PyObject **list = context;
    if (*list == NULL)
        return;
    PyObject *bucket =
        Py_BuildValue("(ddK)", (double)low / 1e6, (double)high / 1e6, (unsigned long long)count);
    if (bucket == NULL || PyList_Append(*list, bucket) < 0)
        Py_CLEAR(*list);
    Py_XDECREF(bucket);
}

static PyObject *histogram_buckets(PyObject *self, PyObject *unused)
{
    (void)unused;
    PyObject *list = PyList_New(0);
    pp_hist_each(pp_py_hist_of(self), append_bucket, &list);
    return list;
}

static PyObject *histogram_repr(PyObject *self)
{
    struct pp_hist_summary summary;
    pp_hist_summary(pp_py_hist_of(self), &summary);
    if (summary.count == 0)
        return PyUnicode_FromString("<Histogram: empty>");
    char text[160];
    (void)PyOS_snprintf(
        text, sizeof(text), "<Histogram: %llu recordings, p50 %.6g s, p99 %.6g s, max %.6g s>",
        (unsigned long long)summary.count, pp_hist_quantile_ns(pp_py_hist_of(self), 0.5) / 1e9,
        pp_hist_quantile_ns(pp_py_hist_of(self), 0.99) / 1e9, (double)summary.max_ns / 1e9);
    return PyUnicode_FromString(text);
}

static PyObject *histogram_get_count(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(pp_hist_count(pp_py_hist_of(self)));
}

static struct pp_hist_summary summary_of(PyObject *self)
{
    struct pp_hist_summary summary;
    pp_hist_summary(pp_py_hist_of(self), &summary);
    return summary;
}

static PyObject *histogram_get_min(PyObject *self, void *unused)
{
    (void)unused;
    return pp_py_seconds((double)summary_of(self).min_ns);
}

static PyObject *histogram_get_max(PyObject *self, void *unused)
{
    (void)unused;
    return pp_py_seconds((double)summary_of(self).max_ns);
}

static PyObject *histogram_get_mean(PyObject *self, void *unused)
{
    (void)unused;
    return pp_py_seconds(summary_of(self).mean_ns);
}

static PyObject *histogram_get_stdev(PyObject *self, void *unused)
{
    (void)unused;
    return pp_py_seconds(summary_of(self).stdev_ns);
}

static PyMethodDef methods[] = {
    {"decode", histogram_decode, METH_O | METH_CLASS,
     PyDoc_STR(
         "decode($type, data, /)\n--\n\nFrom an HdrHistogram V2 encoding, not compressed. ValueError.")},
    {"encode", histogram_encode, METH_NOARGS,
     PyDoc_STR("encode($self, /)\n--\n\nAs HdrHistogram V2, not compressed; values are microseconds.")},
    {"record", (PyCFunction)(void (*)(void))histogram_record, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR(
         "record($self, /, seconds, count=1)\n--\n\nBelow 0 counts as 0, above the maximum as the maximum. A "
         "count other than 1 records to the microsecond.")},
    {"add", histogram_add, METH_O,
     PyDoc_STR("add($self, other, /)\n--\n\nAdds all of other. ValueError when the layouts differ.")},
    {"copy", histogram_copy, METH_NOARGS, PyDoc_STR("copy($self, /)\n--\n\nAn exact copy.")},
    {"__copy__", histogram_copy, METH_NOARGS, PyDoc_STR("__copy__($self, /)\n--\n\nAn exact copy.")},
    {"__deepcopy__", histogram_copy, METH_O, PyDoc_STR("__deepcopy__($self, memo, /)\n--\n\nAn exact copy.")},
    {"__reduce__", histogram_reduce, METH_NOARGS,
     PyDoc_STR("__reduce__($self, /)\n--\n\nPickles as the encoding.")},
    {"quantile", histogram_quantile, METH_O,
     PyDoc_STR("quantile($self, q, /)\n--\n\nThe q-quantile (0 to 1) in seconds; 0.0 when empty.")},
    {"rank_edges", histogram_rank_edges, METH_O,
     PyDoc_STR(
         "rank_edges($self, rank, /)\n--\n\nThe edges [low, high) in seconds of the bucket that holds the "
         "rank-th smallest recording, counted from 1. IndexError.")},
    {"count_at_or_above", histogram_count_at_or_above, METH_O,
     PyDoc_STR("count_at_or_above($self, seconds, /)\n--\n\nRecordings at or above, to bucket resolution.")},
    {"buckets", histogram_buckets, METH_NOARGS,
     PyDoc_STR(
         "buckets($self, /)\n--\n\nThe non-empty ones, rising: (low, high, count), [low, high) in seconds.")},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getters[] = {
    {"count", histogram_get_count, NULL, PyDoc_STR("Number of recordings."), NULL},
    {"min", histogram_get_min, NULL, PyDoc_STR("Seconds; 0.0 when empty."), NULL},
    {"max", histogram_get_max, NULL, PyDoc_STR("Seconds; 0.0 when empty."), NULL},
    {"mean", histogram_get_mean, NULL, PyDoc_STR("Seconds; 0.0 when empty."), NULL},
    {"stdev", histogram_get_stdev, NULL, PyDoc_STR("Of the sample (n - 1), in seconds."), NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(histogram_doc,
             "Histogram(digits=3, max_seconds=3600.0)\n--\n\n"
             "HDR histogram of seconds; microsecond buckets. Not for writing from several threads at "
             "once.");

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)histogram_doc},
    {Py_tp_new, histogram_new},
    {Py_tp_dealloc, histogram_dealloc},
    {Py_tp_repr, histogram_repr},
    {Py_tp_methods, methods},
    {Py_tp_getset, getters},
    {0, NULL},
};

PyType_Spec pp_py_histogram_spec = {
    .name = "perfplug._core.Histogram",
    .basicsize = sizeof(struct histogram),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
