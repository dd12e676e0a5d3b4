/* perfplug._core: the module, its types, exceptions and constants. All state is the module's own, so each
 * interpreter has its own copy and its own GIL, or none. */
#include <Python.h>

#include "dial_about.h"
#include "py_error.h"
#include "py_hist.h"
#include "py_hist_sums.h"
#include "py_run.h"
#include "py_state.h"
#include "tally.h"

/* Takes over `value`. */
static int add(PyObject *module, const char *name, PyObject *value)
{
    int result = value == NULL ? -1 : PyModule_AddObjectRef(module, name, value);
    Py_XDECREF(value);
    return result;
}

static PyTypeObject *add_type(PyObject *module, PyType_Spec *spec)
{
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    if (type != NULL && PyModule_AddType(module, type) < 0)
        Py_CLEAR(type);
    return type;
}

static PyObject *curl_features(void)
{
    PyObject *set = PyFrozenSet_New(NULL);
    for (int i = 0; set != NULL && i < PP_FEATURE_COUNT; i++) {
        if (!pp_curl_can((enum pp_feature)i))
            continue;
        PyObject *name = PyUnicode_FromString(pp_feature_name((enum pp_feature)i));
        if (name == NULL || PySet_Add(set, name) < 0)
            Py_CLEAR(set);
        Py_XDECREF(name);
    }
    return set;
}

/* At `index` of *tuple, which is cleared on trouble. */
static void put_name(PyObject **tuple, Py_ssize_t index, const char *name)
{
    PyObject *text = PyUnicode_FromString(name);
    if (text == NULL)
        Py_CLEAR(*tuple);
    else
        PyTuple_SET_ITEM(*tuple, index, text);
}

static PyObject *error_classes(void)
{
    PyObject *tuple = PyTuple_New(PP_ERROR_COUNT - 1);
    for (int i = PP_ERROR_NONE + 1; tuple != NULL && i < PP_ERROR_COUNT; i++)
        put_name(&tuple, i - 1, pp_error_name((enum pp_error)i));
    return tuple;
}

static PyObject *series(void)
{
    PyObject *tuple = PyTuple_New(PP_SERIES_COUNT);
    for (int i = 0; tuple != NULL && i < PP_SERIES_COUNT; i++)
        put_name(&tuple, i, pp_series_name((enum pp_series)i));
    return tuple;
}

static int module_exec(PyObject *module)
{
    struct pp_py_state *state = PyModule_GetState(module);
    state->histogram = add_type(module, &pp_py_histogram_spec);
    if (state->histogram == NULL)
        return -1;
    state->run = add_type(module, &pp_py_run_spec);
    if (state->run == NULL || pp_py_errors_add(module, state) < 0)
        return -1;
    bool failed = add(module, "CURL_VERSION", PyUnicode_FromString(pp_curl_version())) < 0 ||
                  add(module, "CURL_FEATURES", curl_features()) < 0 ||
                  add(module, "ERROR_CLASSES", error_classes()) < 0 || add(module, "SERIES", series()) < 0;
    return failed ? -1 : 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    struct pp_py_state *state = PyModule_GetState(module);
    Py_VISIT(state->histogram);
    Py_VISIT(state->run);
    Py_VISIT(state->descriptor_limit);
    Py_VISIT(state->unsupported);
    return 0;
}

static int module_clear(PyObject *module)
{
    struct pp_py_state *state = PyModule_GetState(module);
    Py_CLEAR(state->histogram);
    Py_CLEAR(state->run);
    Py_CLEAR(state->descriptor_limit);
    Py_CLEAR(state->unsupported);
    return 0;
}

static void module_free(void *module)
{
    (void)module_clear(module);
}

static PyMethodDef functions[] = {
    {"resampled_quantiles", pp_py_resampled_quantiles, METH_VARARGS, pp_py_resampled_quantiles_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, module_exec},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

PyDoc_STRVAR(module_doc, "perfplug's C core: histograms, and runs that make load with the GIL released.");

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "perfplug._core",
    .m_doc = module_doc,
    .m_size = sizeof(struct pp_py_state),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__core(void)
{
    return PyModuleDef_Init(&definition);
}
