/* The core's failures as Python exceptions. */
#ifndef PP_PY_ERROR_H
#define PP_PY_ERROR_H

#include "py_state.h"
#include "run.h"
#include "status.h"

/* Adds the module's own exceptions; they live in `state`. -1 with an exception set. */
int pp_py_errors_add(PyObject *module, struct pp_py_state *state);

/* Sets the exception for `status` (never PP_OK) and returns NULL. `what` was attempted: "the run cannot
 * start". `fds` goes with PP_FDS and may be NULL otherwise; PP_SYSTEM reads errno. */
PyObject *pp_py_raise(struct pp_py_state *state, enum pp_status status, const char *what,
                      const struct pp_fds *fds);

#endif
