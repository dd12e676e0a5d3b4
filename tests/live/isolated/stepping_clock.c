/* Preloaded: a wall clock that somebody sets an hour forward and back, again and again. Monotonic clocks are left
 * alone. */
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static atomic_uint calls;
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (failed == 0 && clock == CLOCK_REALTIME && atomic_fetch_add(&calls, 1) / 7 % 2 == 1)
        now->tv_sec += atomic_load(&calls) / 14 % 2 == 1 ? 3600 : -3600;
    return failed;
}
