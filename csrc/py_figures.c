#include <Python.h>

#include <stdlib.h>

#include "py_figures.h"

#include "py_error.h"
#include "py_hist.h"

/* Takes over `value`; NULL, with its exception, is passed on. */
static int put(PyObject *dict, const char *key, PyObject *value)
{
    int result = value == NULL ? -1 : PyDict_SetItemString(dict, key, value);
    Py_XDECREF(value);
    return result;
}

static int put_count(PyObject *dict, const char *key, uint64_t count)
{
    return put(dict, key, PyLong_FromUnsignedLongLong(count));
}

static int put_seconds(PyObject *dict, const char *key, int64_t ns)
{
    return put(dict, key, pp_py_seconds((double)ns));
}

static PyObject *errors_of(const struct pp_totals *totals)
{
    PyObject *dict = PyDict_New();
    for (int i = PP_ERROR_NONE + 1; dict != NULL && i < PP_ERROR_COUNT; i++)
        if (totals->by_error[i] > 0 &&
            put_count(dict, pp_error_name((enum pp_error)i), totals->by_error[i]) < 0)
            Py_CLEAR(dict);
    return dict;
}

/* Of the answers: slot 0 counts requests that got none. */
static PyObject *statuses_of(const struct pp_totals *totals)
{
    PyObject *dict = PyDict_New();
    for (long i = 1; dict != NULL && i < PP_STATUS_SLOTS; i++) {
        if (totals->by_status[i] == 0)
            continue;
        PyObject *status = PyLong_FromLong(i), *count = PyLong_FromUnsignedLongLong(totals->by_status[i]);
        if (status == NULL || count == NULL || PyDict_SetItem(dict, status, count) < 0)
            Py_CLEAR(dict);
        Py_XDECREF(status);
        Py_XDECREF(count);
    }
    return dict;
}

static PyObject *counts_of(const uint64_t *counts, size_t length)
{
    PyObject *tuple = PyTuple_New((Py_ssize_t)length);
    for (size_t i = 0; tuple != NULL && i < length; i++) {
        PyObject *count = PyLong_FromUnsignedLongLong(counts[i]);
        if (count == NULL)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, (Py_ssize_t)i, count);
    }
    return tuple;
}

static int put_progress(PyObject *dict, const struct pp_progress *progress, size_t thresholds)
{
    static const char *const phases[] = {
        [PP_PHASE_WARMUP] = "warmup",
        [PP_PHASE_MEASURING] = "measuring",
        [PP_PHASE_DRAINING] = "draining",
        [PP_PHASE_ENDED] = "ended",
    };
    const struct pp_totals *totals = &progress->totals;
    bool failed =
        put(dict, "phase", PyUnicode_FromString(phases[progress->phase])) < 0 ||
        put_seconds(dict, "elapsed", progress->elapsed_ns) < 0 ||
        put_count(dict, "sent", progress->sent) < 0 ||
        put_count(dict, "cancelled", progress->cancelled) < 0 ||
        put_count(dict, "connections", progress->connections) < 0 ||
        put_count(dict, "connect_errors", progress->connect_errors) < 0 ||
        put_count(dict, "requests", totals->requests) < 0 || put_count(dict, "ok", totals->ok) < 0 ||
        put_count(dict, "bytes", totals->bytes) < 0 || put_count(dict, "reused", totals->reused) < 0 ||
        put_count(dict, "stamped", totals->stamped) < 0 || put_count(dict, "resent", totals->resent) < 0 ||
        put(dict, "errors", errors_of(totals)) < 0 || put(dict, "statuses", statuses_of(totals)) < 0 ||
        put(dict, "over", counts_of(totals->over, thresholds)) < 0 ||
        put(dict, "overdue", counts_of(progress->overdue, thresholds)) < 0;
    return failed ? -1 : 0;
}

PyObject *pp_py_progress(const struct pp_progress *progress, size_t thresholds)
{
    PyObject *dict = PyDict_New();
    if (dict != NULL && put_progress(dict, progress, thresholds) < 0)
        Py_CLEAR(dict);
    return dict;
}

static PyObject *encoded(const struct pp_hist *hist)
{
    uint8_t *bytes = NULL;
    size_t length = 0;
    if (pp_hist_encode(hist, &bytes, &length) != PP_OK)
        return PyErr_NoMemory();
    PyObject *object = PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)length);
    free(bytes);
    return object;
}

/* Encoded, as thousands of slices would take much room otherwise. None for a slice without good requests, or
 * whose latencies the core had no memory to keep. */
static PyObject *slice_latency(struct pp_py_state *state, const struct pp_tally *tally, size_t index)
{
    const struct pp_slice *slice = pp_tally_slice(tally, index);
    if (slice->requests == slice->errors || slice->lost)
        Py_RETURN_NONE;
    struct pp_hist *hist = NULL;
    enum pp_status status = pp_hist_new(PP_SLICE_DIGITS, PP_HIST_MAX_US, &hist);
    if (status == PP_OK)
        status = pp_tally_slice_latency(tally, index, hist);
    PyObject *latency =
        status == PP_OK ? encoded(hist) : pp_py_raise(state, status, "a slice cannot be read", NULL);
    pp_hist_free(hist);
    return latency;
}

static PyObject *slice_of(struct pp_py_state *state, const struct pp_tally *tally, size_t index,
                          size_t thresholds)
{
    const struct pp_slice *slice = pp_tally_slice(tally, index);
    PyObject *over = counts_of(slice->over, thresholds);
    PyObject *latency = over == NULL ? NULL : slice_latency(state, tally, index);
    if (latency == NULL) {
        Py_XDECREF(over);
        return NULL;
    }
    return Py_BuildValue("(KKKNddN)", (unsigned long long)slice->requests, (unsigned long long)slice->errors,
                         (unsigned long long)slice->bytes, over, slice->latency_sum_ns / 1e9,
                         slice->latency_square_ns / 1e18, latency);
}

static PyObject *slices_of(struct pp_py_state *state, const struct pp_tally *tally, size_t thresholds)
{
    size_t count = pp_tally_slices(tally);
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *slice = slice_of(state, tally, i, thresholds);
        if (slice == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)i, slice);
    }
    return list;
}

static int put_outcome(struct pp_py_state *state, PyObject *dict, const struct pp_outcome *outcome,
                       size_t thresholds)
{
    bool failed = put_progress(dict, &outcome->progress, thresholds) < 0 ||
                  put_seconds(dict, "duration", outcome->duration_ns) < 0 ||
                  put_seconds(dict, "finished", outcome->finished_ns) < 0 ||
                  put_seconds(dict, "started_at", outcome->started_real_ns) < 0 ||
                  put_seconds(dict, "cpu_seconds", outcome->cpu_ns) < 0 ||
                  put(dict, "busy", PyFloat_FromDouble(outcome->busy)) < 0 ||
                  put_count(dict, "held_back", outcome->held_back) < 0 ||
                  put_count(dict, "most_users", outcome->most_users) < 0 ||
                  put_seconds(dict, "slice_width", pp_tally_slice_ns(outcome->tally)) < 0 ||
                  put(dict, "slices", slices_of(state, outcome->tally, thresholds)) < 0;
    return failed ? -1 : 0;
}

PyObject *pp_py_outcome(struct pp_py_state *state, const struct pp_outcome *outcome, size_t thresholds)
{
    PyObject *dict = PyDict_New();
    if (dict != NULL && put_outcome(state, dict, outcome, thresholds) < 0)
        Py_CLEAR(dict);
    return dict;
}
