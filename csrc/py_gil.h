/* The one way in which this binding moves the GIL: pp_py_release before a call that may wait, and one of the
 * two takes after it. Between them no Python object is touched. */
#ifndef PP_PY_GIL_H
#define PP_PY_GIL_H

#include <Python.h>

#include "status.h"

static inline PyThreadState *pp_py_release(void)
{
    return PyEval_SaveThread();
}

/* Back, with signal handlers run when this is the main thread. -1: one of them raised. */
PP_MUST_CHECK static inline int pp_py_take(PyThreadState *state)
{
    PyEval_RestoreThread(state);
    return PyErr_CheckSignals();
}

/* Back, and signals left for later: where nothing may be raised, or an exception is on its way already. */
static inline void pp_py_take_quietly(PyThreadState *state)
{
    PyEval_RestoreThread(state);
}

#endif
