/* The type perfplug._core.Run. */
#ifndef PP_PY_RUN_H
#define PP_PY_RUN_H

#include <Python.h>

extern PyType_Spec pp_py_run_spec;

#endif
