/* A pp_plan from the keywords of Run(...), with all the memory it points to. */
#ifndef PP_PY_PLAN_H
#define PP_PY_PLAN_H

#include <Python.h>

#include "run.h"

struct pp_py_plan;

/* NULL with TypeError, ValueError or MemoryError set. `keywords` is a dict or NULL. The caller owns the plan.
 */
struct pp_py_plan *pp_py_plan_new(PyObject *keywords);
void pp_py_plan_free(struct pp_py_plan *plan); /* NULL is fine; after the run that borrows it */

const struct pp_plan *pp_py_plan_core(const struct pp_py_plan *plan); /* the plan's own */

#endif
