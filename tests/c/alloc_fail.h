/* Makes allocations fail, to walk through every error path.
 *
 * The Makefile links each test with alloc_fail.c and -Wl,--wrap for malloc, calloc, realloc, strdup and
 * strndup, so every such call of the core and of the test passes through here (those inside libcurl and libc
 * do not). Until armed, they just allocate. Calls of all threads count; sanitizers see them as ever.
 *
 *     static enum pp_status attempt(void *context)      what is to be tested, from a clean start: frees all
 * that {                                                 it got and CHECKs whatever must hold even on failure
 *         struct pp_hist *hist = NULL;
 *         enum pp_status status = pp_hist_new(3, 1000, &hist);
 *         CHECK((status == PP_OK) == (hist != NULL));
 *         pp_hist_free(hist);
 *         return status;
 *     }
 *     struct alloc_fail_sweep swept = alloc_fail_sweep(attempt, NULL);
 *     CHECK_INT(swept.refused, 1);
 *
 * With preparations that must not fail, or a function that returns no status, use alloc_fail_arm and
 * alloc_fail_disarm around the call itself. */
#ifndef ALLOC_FAIL_H
#define ALLOC_FAIL_H

#include <stdbool.h>

#include "status.h"

enum alloc_fail_mode { ALLOC_FAIL_ONCE, ALLOC_FAIL_ON };

/* The call after `skip` more fails: that one alone, or with ALLOC_FAIL_ON all that follow as well. */
void alloc_fail_arm(unsigned skip, enum alloc_fail_mode mode);
/* Back to allocating. Returns how many calls failed. */
unsigned alloc_fail_disarm(void);

struct alloc_fail_sweep {
    unsigned refused;  /* attempts that a failure turned into PP_NOMEM */
    unsigned survived; /* attempts that came out PP_OK all the same */
    unsigned other;    /* attempts that said something else: none, if all is well */
};
/* Attempts again and again, the first allocation failing, then the second ..., each alone and then with all
 * that follow, until an attempt has no more to fail. */
struct alloc_fail_sweep alloc_fail_sweep(enum pp_status (*attempt)(void *context), void *context);

#endif
