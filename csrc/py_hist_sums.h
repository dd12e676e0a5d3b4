/* The function perfplug._core.resampled_quantiles. */
#ifndef PP_PY_HIST_SUMS_H
#define PP_PY_HIST_SUMS_H

#include <Python.h>

PyObject *pp_py_resampled_quantiles(PyObject *module, PyObject *args);

extern const char pp_py_resampled_quantiles_doc[];

#endif
