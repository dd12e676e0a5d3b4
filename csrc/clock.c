/* The offset between the clocks is only as good as the two readings are close together, so a tick reads the
 * wall clock between two readings of the monotonic one and takes the tightest of a few tries. */
#include "clock.h"

#include <time.h>

#define TICK_TRIES 3
#define TIGHT_NS (2 * PP_NS_PER_US) /* good enough: well under what pp_stamper_update tolerates */
#define JITTER_NS (50 * PP_NS_PER_US)
#define SLEW_DIVISOR 1000 /* the kernel slews by at most 500 ppm; twice that is still no step */

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now); /* cannot fail: the clock is known and the pointer good */
    return (int64_t)now.tv_sec * PP_NS_PER_S + now.tv_nsec;
}

int64_t pp_clock_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t pp_clock_real(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t pp_clock_thread_cpu(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void pp_stamper_update(struct pp_stamper *stamper, int64_t mono_ns, int64_t real_ns)
{
    int64_t offset_ns = real_ns - mono_ns;
    int64_t moved_ns = offset_ns - stamper->offset_ns;
    int64_t allowed_ns = JITTER_NS + (mono_ns - stamper->mono_ns) / SLEW_DIVISOR;

    stamper->steady = stamper->known && moved_ns <= allowed_ns && moved_ns >= -allowed_ns;
    stamper->known = true;
    stamper->offset_ns = offset_ns;
    stamper->mono_ns = mono_ns;
}

int64_t pp_stamper_tick(struct pp_stamper *stamper)
{
    int64_t before_ns = pp_clock_now(), after_ns = 0;
    int64_t best_mono_ns = 0, best_real_ns = 0, best_gap_ns = INT64_MAX;

    for (int try = 0; try < TICK_TRIES && best_gap_ns > TIGHT_NS; try++) {
        int64_t real_ns = pp_clock_real();
        after_ns = pp_clock_now();
        if (after_ns - before_ns < best_gap_ns) {
            best_gap_ns = after_ns - before_ns;
            best_mono_ns = before_ns + best_gap_ns / 2;
            best_real_ns = real_ns;
        }
        before_ns = after_ns;
    }
    pp_stamper_update(stamper, best_mono_ns, best_real_ns);
    return after_ns;
}

bool pp_stamper_map(const struct pp_stamper *stamper, int64_t real_ns, int64_t earliest_ns, int64_t latest_ns,
                    int64_t *mono_ns)
{
    int64_t mapped_ns = real_ns - stamper->offset_ns;
    if (!stamper->steady || mapped_ns < earliest_ns || mapped_ns > latest_ns)
        return false;
    *mono_ns = mapped_ns;
    return true;
}
