/* resampled_quantiles: the bootstrap of whole histograms. Some milliseconds for thousands of resamples, so
 * the GIL stays where it is. */
#include <Python.h>

#include "py_hist_sums.h"

#include <stdbool.h>
#include <string.h>

#include "hist_sums.h"
#include "py_error.h"
#include "py_hist.h"

const char pp_py_resampled_quantiles_doc[] =
    PyDoc_STR("resampled_quantiles($module, parts, draws, quantiles, /)\n--\n\n"
              "For each of quantiles (0 to 1) a list with that of each resample, in seconds; 0.0 where a "
              "resample is empty. "
              "draws holds 32-bit indices of parts, len(parts) of them for each resample.");

/* What one call works with. Cleared as a whole. */
struct resampling {
    PyObject *parts; /* owned: a tuple or list of Histograms */
    struct pp_hist_sums *sums;
    uint32_t *times; /* of the resample at hand, for each part */
    const uint32_t *draws;
    size_t each, resamples; /* parts, and draws of each resample */
};

static bool take_parts(PyObject *module, struct resampling *work)
{
    struct pp_py_state *state = PyModule_GetState(module);
    work->each = (size_t)PySequence_Fast_GET_SIZE(work->parts);
    const struct pp_hist **hists = PyMem_Calloc(work->each + 1, sizeof *hists);
    work->times = PyMem_Calloc(work->each + 1, sizeof *work->times);
    if (hists == NULL || work->times == NULL) {
        PyMem_Free(hists);
        PyErr_NoMemory();
        return false;
    }
    enum pp_status status = PP_OK;
    for (size_t i = 0; i < work->each && status == PP_OK; i++) {
        PyObject *part = PySequence_Fast_GET_ITEM(work->parts, (Py_ssize_t)i);
        if (!Py_IS_TYPE(part, state->histogram))
            status = PP_INVALID;
        else
            hists[i] = pp_py_hist_of(part);
    }
    if (status == PP_OK)
        status = pp_hist_sums_new(hists, work->each, &work->sums);
    PyMem_Free(hists);
    if (status == PP_INVALID)
        PyErr_SetString(PyExc_ValueError,
                        "parts are Histograms of the same digits and maximum, at least one");
    else if (status != PP_OK)
        (void)pp_py_raise(state, status, "the histograms cannot be resampled", NULL);
    return status == PP_OK;
}

static bool take_draws(const Py_buffer *view, struct resampling *work)
{
    size_t count = (size_t)view->len / sizeof *work->draws;
    work->draws = view->buf;
    if ((size_t)view->len % sizeof *work->draws != 0 || (uintptr_t)view->buf % sizeof *work->draws != 0 ||
        count % work->each != 0) {
        PyErr_SetString(PyExc_ValueError,
                        "draws are 32-bit indices, as many for each resample as there are parts");
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if (work->draws[i] >= work->each) {
            PyErr_Format(PyExc_ValueError, "draws: there is no part %lu", (unsigned long)work->draws[i]);
            return false;
        }
    work->resamples = count / work->each;
    return true;
}

static void count_draws(const struct resampling *work, size_t resample)
{
    memset(work->times, 0, work->each * sizeof *work->times);
    for (size_t i = 0; i < work->each; i++)
        work->times[work->draws[resample * work->each + i]]++;
}

/* A list of `count` lists of a place for each resample. */
static PyObject *new_lists(const struct resampling *work, Py_ssize_t count)
{
    PyObject *lists = PyList_New(count);
    for (Py_ssize_t i = 0; lists != NULL && i < count; i++) {
        PyObject *list = PyList_New((Py_ssize_t)work->resamples);
        if (list == NULL)
            Py_CLEAR(lists);
        else
            PyList_SET_ITEM(lists, i, list);
    }
    return lists;
}

/* `lists` is taken and given back filled, or NULL with an exception set. */
static PyObject *fill(const struct resampling *work, PyObject *lists, const double *quantiles)
{
    for (size_t resample = 0; resample < work->resamples; resample++) {
        count_draws(work, resample);
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(lists); i++) {
            PyObject *value = pp_py_seconds(pp_hist_sums_quantile_ns(work->sums, work->times, quantiles[i]));
            if (value == NULL) {
                Py_DECREF(lists);
                return NULL;
            }
            PyList_SET_ITEM(PyList_GET_ITEM(lists, i), (Py_ssize_t)resample, value);
        }
    }
    return lists;
}

static PyObject *resample(const struct resampling *work, PyObject *quantiles)
{
    Py_ssize_t count = PyTuple_GET_SIZE(quantiles);
    double *wanted = PyMem_Calloc((size_t)count + 1, sizeof *wanted);
    PyObject *lists = NULL;
    if (wanted == NULL)
        return PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < count; i++) {
        wanted[i] = PyFloat_AsDouble(PyTuple_GET_ITEM(quantiles, i));
        if (PyErr_Occurred())
            goto done;
        if (!(wanted[i] >= 0.0 && wanted[i] <= 1.0)) {
            PyErr_Format(PyExc_ValueError, "a quantile lies between 0 and 1, not %R",
                         PyTuple_GET_ITEM(quantiles, i));
            goto done;
        }
    }
    lists = new_lists(work, count);
    if (lists != NULL)
        lists = fill(work, lists, wanted);
done:
    PyMem_Free(wanted);
    return lists;
}

PyObject *pp_py_resampled_quantiles(PyObject *module, PyObject *args)
{
    PyObject *parts, *quantiles, *result = NULL;
    Py_buffer draws;
    struct resampling work = {0};
    if (!PyArg_ParseTuple(args, "Oy*O!:resampled_quantiles", &parts, &draws, &PyTuple_Type, &quantiles))
        return NULL;
    work.parts = PySequence_Fast(parts, "parts is a sequence of Histograms");
    if (work.parts != NULL && take_parts(module, &work) && take_draws(&draws, &work))
        result = resample(&work, quantiles);
    pp_hist_sums_free(work.sums);
    PyMem_Free(work.times);
    Py_XDECREF(work.parts);
    PyBuffer_Release(&draws);
    return result;
}
