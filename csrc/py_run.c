/* Run: a pp_run and the plan it borrows from.
 *
 * Any Python thread may call any method, close() included, with or without a GIL. Each method that uses the
 * run counts itself in (enter) and out (leave); a closed run lets nobody in any more, and whoever is last out
 * frees it. Nobody waits for anybody here, so a signal handler that closes the run in the middle of wait() is
 * fine.
 *
 * The mutex guards the counters only and is never held while the GIL moves. After a fork the child neither
 * locks nor uses what it inherited. */
#include <Python.h>

#include "py_run.h"

#include <math.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "py_error.h"
#include "py_figures.h"
#include "py_gil.h"
#include "py_hist.h"
#include "py_plan.h"
#include "run.h"

/* How long a wait goes without a look at signals. */
#define WAIT_SLICE_NS (100 * PP_NS_PER_MS)

struct run {
    PyObject ob_base;
    struct pp_py_plan *plan; /* owned; freed after the run */
    struct pp_run *core;     /* owned; NULL before it started and once freed */
    size_t thresholds;       /* of the plan */
    pid_t pid;               /* whose run it is */
    pthread_mutex_t mutex;   /* guards the two below */
    unsigned inside;         /* methods that use `core` now */
    bool closed;
};

static bool is_foreign(const struct run *run)
{
    return run->pid != getpid();
}

/* Frees what the object owns; nobody is inside. */
static void release(struct run *run)
{
    struct pp_run *core = run->core;
    struct pp_py_plan *plan = run->plan;
    run->core = NULL; /* first, so that a fork in the middle finds nothing half freed */
    run->plan = NULL;
    PyThreadState *gil = pp_py_release();
    if (core != NULL)
        pp_run_free(core);
    pp_py_plan_free(plan);
    pp_py_take_quietly(gil);
}

/* Counts the caller in. False, with RuntimeError set, for a run that is closed or another process's. */
static bool enter(struct run *run)
{
    if (is_foreign(run)) {
        PyErr_SetString(PyExc_RuntimeError, "this run belongs to the process that started it; "
                                            "a forked child starts its own");
        return false;
    }
    pthread_mutex_lock(&run->mutex);
    bool closed = run->closed;
    if (!closed)
        run->inside++;
    pthread_mutex_unlock(&run->mutex);
    if (closed)
        PyErr_SetString(PyExc_RuntimeError, "the run is closed");
    return !closed;
}

/* Counts the caller out, and frees the run when it is closed and nobody is left. */
static void leave(struct run *run)
{
    pthread_mutex_lock(&run->mutex);
    bool last = --run->inside == 0 && run->closed;
    pthread_mutex_unlock(&run->mutex);
    if (last)
        release(run);
}

/* For the caller of enter. True: this caller closes it; false: somebody did before. */
static bool mark_closed(struct run *run)
{
    pthread_mutex_lock(&run->mutex);
    bool first = !run->closed;
    run->closed = true;
    pthread_mutex_unlock(&run->mutex);
    return first;
}

static bool was_closed(struct run *run)
{
    pthread_mutex_lock(&run->mutex);
    bool closed = run->closed;
    pthread_mutex_unlock(&run->mutex);
    return closed;
}

/* -1 with an exception set; what was started is then left to dealloc. */
static int start(struct run *run, struct pp_py_state *state)
{
    struct pp_fds fds = {0, 0};
    PyThreadState *gil = pp_py_release();
    enum pp_status status = pp_run_start(pp_py_plan_core(run->plan), &run->core, &fds);
    int signalled = pp_py_take(gil);
    if (status == PP_OK || signalled < 0)
        return signalled;
    (void)pp_py_raise(state, status, "the run cannot start", &fds);
    return -1;
}

static PyObject *run_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    if (PyTuple_GET_SIZE(args) != 0) {
        PyErr_SetString(PyExc_TypeError, "Run() takes keywords only");
        return NULL;
    }
    struct run *run = (struct run *)type->tp_alloc(type, 0);
    if (run == NULL)
        return NULL;
    run->pid = getpid();
    (void)pthread_mutex_init(&run->mutex, NULL); /* a default mutex: cannot fail on Linux */
    run->plan = pp_py_plan_new(kwargs);
    if (run->plan != NULL)
        run->thresholds = pp_py_plan_core(run->plan)->tally.thresholds;
    if (run->plan == NULL || start(run, PyType_GetModuleState(type)) < 0) {
        Py_DECREF(run);
        return NULL;
    }
    return (PyObject *)run;
}

static void run_dealloc(PyObject *self)
{
    struct run *run = (struct run *)self;
    PyTypeObject *type = Py_TYPE(self);
    release(run);
    if (!is_foreign(run))
        (void)pthread_mutex_destroy(&run->mutex);
    type->tp_free(self);
    Py_DECREF(type);
}

/* When a wait that begins now is over; INT64_MAX for None. -1 with an exception set. */
static int64_t deadline_of(PyObject *timeout)
{
    if (timeout == NULL || timeout == Py_None)
        return INT64_MAX;
    double seconds = PyFloat_AsDouble(timeout);
    if (seconds == -1.0 && PyErr_Occurred())
        return -1;
    if (!(seconds >= 0.0)) {
        (void)PyErr_Format(PyExc_ValueError, "timeout is at least 0 seconds, not %R", timeout);
        return -1;
    }
    return seconds > 1e9 ? INT64_MAX : pp_clock_now() + (int64_t)(seconds * 1e9);
}

/* 1: ended; 0: not within a slice of the time that is left; -1: a signal handler raised, or nobody is let in.
 */
static int wait_slice(struct run *run, int64_t deadline_ns)
{
    if (!enter(run))
        return -1;
    PyThreadState *gil = pp_py_release();
    int64_t left_ns = deadline_ns - pp_clock_now();
    if (left_ns > WAIT_SLICE_NS)
        left_ns = WAIT_SLICE_NS;
    bool ended = pp_run_wait(run->core, left_ns > 0 ? left_ns : 0);
    int signalled = pp_py_take(gil);
    leave(run);
    return signalled < 0 ? -1 : ended;
}

static PyObject *run_wait(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"timeout", NULL};
    struct run *run = (struct run *)self;
    PyObject *timeout = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:wait", keywords, &timeout))
        return NULL;
    int64_t deadline_ns = deadline_of(timeout);
    if (deadline_ns < 0)
        return NULL;
    int ended = wait_slice(run, deadline_ns);
    /* Closed by somebody else between two slices: then its workers have ended too. */
    while (ended == 0 && pp_clock_now() < deadline_ns)
        ended = was_closed(run) ? 1 : wait_slice(run, deadline_ns);
    return ended < 0 ? NULL : PyBool_FromLong(ended);
}

static PyObject *run_stop(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"now", NULL};
    struct run *run = (struct run *)self;
    int now = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|p:stop", keywords, &now) || !enter(run))
        return NULL;
    PyThreadState *gil = pp_py_release();
    pp_run_stop(run->core, now ? PP_STOP_NOW : PP_STOP_STARTING);
    pp_py_take_quietly(gil);
    leave(run);
    Py_RETURN_NONE;
}

static PyObject *run_progress(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct run *run = (struct run *)self;
    struct pp_progress progress;
    if (!enter(run))
        return NULL;
    PyThreadState *gil = pp_py_release();
    pp_run_progress(run->core, &progress);
    pp_py_take_quietly(gil);
    leave(run);
    return pp_py_progress(&progress, run->thresholds);
}

/* PP_SERIES_COUNT with ValueError for a name that is none. */
static enum pp_series series_named(const char *name)
{
    int series = 0;
    while (series < PP_SERIES_COUNT && strcmp(pp_series_name((enum pp_series)series), name) != 0)
        series++;
    if (series == PP_SERIES_COUNT)
        (void)PyErr_Format(PyExc_ValueError, "no series is called '%s'", name);
    return (enum pp_series)series;
}

static PyObject *run_histogram(PyObject *self, PyObject *argument)
{
    struct run *run = (struct run *)self;
    struct pp_py_state *state = pp_py_state_of(self);
    const char *name = PyUnicode_AsUTF8(argument);
    enum pp_series series = name == NULL ? PP_SERIES_COUNT : series_named(name);
    if (series == PP_SERIES_COUNT || !enter(run))
        return NULL;
    struct pp_hist *hist = NULL;
    PyThreadState *gil = pp_py_release();
    enum pp_status status = pp_hist_new(PP_HIST_DIGITS, PP_HIST_MAX_US, &hist);
    if (status == PP_OK)
        status = pp_run_snapshot(run->core, series, hist);
    pp_py_take_quietly(gil);
    leave(run);
    if (status == PP_OK)
        return pp_py_histogram_of(state->histogram, hist);
    pp_hist_free(hist);
    return pp_py_raise(state, status, "the series cannot be copied", NULL);
}

static PyObject *run_outcome(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct run *run = (struct run *)self;
    struct pp_py_state *state = pp_py_state_of(self);
    struct pp_outcome outcome;
    if (!enter(run))
        return NULL;
    PyThreadState *gil = pp_py_release();
    bool ended = pp_run_wait(run->core, 0);
    enum pp_status status = ended ? pp_run_outcome(run->core, &outcome) : PP_INVALID;
    pp_py_take_quietly(gil);
    PyObject *result = NULL;
    if (!ended)
        PyErr_SetString(PyExc_RuntimeError, "the run has not ended: wait for it, or stop it");
    else if (status != PP_OK)
        result = pp_py_raise(state, status, "the run ended badly", NULL);
    else
        result = pp_py_outcome(state, &outcome, run->thresholds);
    leave(run); /* the outcome's tally is the run's own */
    return result;
}

static PyObject *run_close(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct run *run = (struct run *)self;
    if (!is_foreign(run) && was_closed(run))
        Py_RETURN_NONE;
    if (!enter(run))
        return NULL;
    if (mark_closed(run)) {
        PyThreadState *gil = pp_py_release();
        pp_run_stop(run->core, PP_STOP_NOW);
        while (!pp_run_wait(run->core, WAIT_SLICE_NS)) {
        }
        pp_py_take_quietly(gil);
    }
    leave(run);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"wait", (PyCFunction)(void (*)(void))run_wait, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR(
         "wait($self, /, timeout=None)\n--\n\nTrue once the run has ended; False when timeout (seconds) was "
         "over first. Signals are handled while waiting.")},
    {"stop", (PyCFunction)(void (*)(void))run_stop, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("stop($self, /, now=False)\n--\n\nStarts no more requests; with now, those in flight are "
               "cancelled.")},
    {"progress", run_progress, METH_NOARGS,
     PyDoc_STR("progress($self, /)\n--\n\nThe figures so far. The workers are not disturbed.")},
    {"histogram", run_histogram, METH_O,
     PyDoc_STR("histogram($self, series, /)\n--\n\nA copy of one of SERIES, live or final. ValueError.")},
    {"outcome", run_outcome, METH_NOARGS,
     PyDoc_STR("outcome($self, /)\n--\n\nThe figures of a run that has ended, else RuntimeError.")},
    {"close", run_close, METH_NOARGS,
     PyDoc_STR("close($self, /)\n--\n\nStops now and frees. May be called again, and from any thread.")},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(run_doc,
             "Run(**plan)\n--\n\n"
             "A run, under way from here on. TypeError and ValueError name the keyword; DescriptorLimit, "
             "Unsupported, OSError.");

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)run_doc},
    {Py_tp_new, run_new},
    {Py_tp_dealloc, run_dealloc},
    {Py_tp_methods, methods},
    {0, NULL},
};

PyType_Spec pp_py_run_spec = {
    .name = "perfplug._core.Run",
    .basicsize = sizeof(struct run),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
