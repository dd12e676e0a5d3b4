/* What the module owns: one of these for each interpreter that imports it. */
#ifndef PP_PY_STATE_H
#define PP_PY_STATE_H

#include <Python.h>

struct pp_py_state {
    PyTypeObject *histogram, *run;
    PyObject *descriptor_limit, *unsupported; /* exceptions */
};

/* From an object of one of our types, which are final. Borrowed. */
static inline struct pp_py_state *pp_py_state_of(PyObject *self)
{
    return PyType_GetModuleState(Py_TYPE(self));
}

/* A number of nanoseconds as seconds, and a new reference to it. */
static inline PyObject *pp_py_seconds(double ns)
{
    return PyFloat_FromDouble(ns / 1e9);
}

#endif
