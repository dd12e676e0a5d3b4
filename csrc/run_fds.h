/* Descriptors: counted before a run, not run out of in the middle of it. */
#ifndef PP_RUN_FDS_H
#define PP_RUN_FDS_H

#include "run.h"

/* Raises the soft limit as far as the plan needs. PP_FDS when the hard limit does not suffice. */
PP_MUST_CHECK enum pp_status pp_fds_reserve(const struct pp_plan *plan, struct pp_fds *fds);

#endif
