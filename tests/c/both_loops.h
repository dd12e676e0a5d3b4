/* Runs a suite of loop tests once on each backend. The tests take the backend from `backend`. */
#ifndef BOTH_LOOPS_H
#define BOTH_LOOPS_H

#include <unistd.h>

#include "check.h"
#include "loop.h"

#define HANG_GUARD_S 120

static enum pp_loop_backend backend;

static inline struct pp_loop *loop_new(void)
{
    struct pp_loop *loop = NULL;
    REQUIRE(pp_loop_new(backend, &loop) == PP_OK);
    return loop;
}

static inline void turn(struct pp_loop *loop)
{
    REQUIRE(pp_loop_turn(loop) == PP_OK);
}

static inline int both_loops_main(const char *epoll_suite, const char *poll_suite,
                                  const struct check_case *cases, size_t count)
{
    (void)alarm(HANG_GUARD_S); /* a lost wake-up is a turn without end */
    int failed = 0;
#ifdef __linux__
    backend = PP_LOOP_EPOLL;
    failed |= check_main(epoll_suite, cases, count);
#else
    (void)epoll_suite;
#endif
    backend = PP_LOOP_POLL;
    failed |= check_main(poll_suite, cases, count);
    return failed;
}

#endif
