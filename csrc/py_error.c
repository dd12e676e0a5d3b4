#include <Python.h>

#include "py_error.h"

#include <errno.h>
#include <inttypes.h>

PyDoc_STRVAR(
    descriptor_limit_doc,
    "The descriptor limit cannot hold what was asked for: `needed` and `have` are numbers of descriptors.");
PyDoc_STRVAR(unsupported_doc, "This libcurl or this system lacks what was asked for.");

static PyObject *add(PyObject *module, const char *name, const char *full_name, const char *doc,
                     PyObject *base)
{
    PyObject *type = PyErr_NewExceptionWithDoc(full_name, doc, base, NULL);
    if (type != NULL && PyModule_AddObjectRef(module, name, type) < 0)
        Py_CLEAR(type);
    return type;
}

int pp_py_errors_add(PyObject *module, struct pp_py_state *state)
{
    state->descriptor_limit =
        add(module, "DescriptorLimit", "perfplug._core.DescriptorLimit", descriptor_limit_doc, PyExc_OSError);
    if (state->descriptor_limit == NULL)
        return -1;
    state->unsupported =
        add(module, "Unsupported", "perfplug._core.Unsupported", unsupported_doc, PyExc_RuntimeError);
    return state->unsupported == NULL ? -1 : 0;
}

/* Takes over `value`. */
static int set_attribute(PyObject *object, const char *name, PyObject *value)
{
    int result = value == NULL ? -1 : PyObject_SetAttrString(object, name, value);
    Py_XDECREF(value);
    return result;
}

static void raise_fds(struct pp_py_state *state, const struct pp_fds *fds)
{
    char text[160];
    (void)snprintf(text, sizeof(text),
                   "needs %" PRIu64 " file descriptors, and the hard limit is %" PRIu64 " (ulimit -Hn)",
                   fds->needed, fds->have);
    PyObject *error = PyObject_CallFunction(state->descriptor_limit, "is", EMFILE, text);
    if (error == NULL)
        return;
    if (set_attribute(error, "needed", PyLong_FromUnsignedLongLong(fds->needed)) == 0 &&
        set_attribute(error, "have", PyLong_FromUnsignedLongLong(fds->have)) == 0)
        PyErr_SetObject(state->descriptor_limit, error);
    Py_DECREF(error);
}

PyObject *pp_py_raise(struct pp_py_state *state, enum pp_status status, const char *what,
                      const struct pp_fds *fds)
{
    if (status == PP_NOMEM)
        return PyErr_NoMemory();
    if (status == PP_FDS && fds != NULL)
        raise_fds(state, fds);
    else if (status == PP_SYSTEM && errno != 0)
        (void)PyErr_SetFromErrno(PyExc_OSError);
    else if (status == PP_INVALID)
        (void)PyErr_Format(PyExc_ValueError, "%s: %s", what, pp_status_text(status));
    else if (status == PP_UNSUPPORTED)
        (void)PyErr_Format(state->unsupported, "%s: %s", what, pp_status_text(status));
    else
        (void)PyErr_Format(PyExc_RuntimeError, "%s: %s", what, pp_status_text(status));
    return NULL;
}
