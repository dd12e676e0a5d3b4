/* The type perfplug._core.Histogram. */
#ifndef PP_PY_HIST_H
#define PP_PY_HIST_H

#include "hist.h"
#include "py_state.h"

extern PyType_Spec pp_py_histogram_spec;

/* A new Histogram around `hist`, which is taken: freed here when there is no memory for the object. */
PyObject *pp_py_histogram_of(PyTypeObject *type, struct pp_hist *hist);

/* That of a Histogram. Borrowed. */
struct pp_hist *pp_py_hist_of(PyObject *self);

#endif
