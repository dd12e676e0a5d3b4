/* What a run saw, as Python values: the dicts of Run.progress() and Run.outcome(). */
#ifndef PP_PY_FIGURES_H
#define PP_PY_FIGURES_H

#include "py_state.h"
#include "run.h"

/* New references, or NULL with an exception set. `thresholds`: how many the plan has. */
PyObject *pp_py_progress(const struct pp_progress *progress, size_t thresholds);
PyObject *pp_py_outcome(struct pp_py_state *state, const struct pp_outcome *outcome, size_t thresholds);

#endif
