/* Time. Everything in this library is int64_t nanoseconds of CLOCK_MONOTONIC; kernel receive
 * timestamps come in CLOCK_REALTIME and are brought over by a pp_stamper. */
#ifndef PP_CLOCK_H
#define PP_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define PP_NS_PER_US INT64_C(1000)
#define PP_NS_PER_MS INT64_C(1000000)
#define PP_NS_PER_S INT64_C(1000000000)

int64_t pp_clock_now(void);        /* CLOCK_MONOTONIC */
int64_t pp_clock_real(void);       /* CLOCK_REALTIME */
int64_t pp_clock_thread_cpu(void); /* CPU time of the calling thread */

/* Owned by one thread. The offset between the clocks is read anew on each turn of the loop. When it
 * jumps (the wall clock was stepped) stamps are refused until the next update finds it steady. */
struct pp_stamper {
    int64_t offset_ns; /* realtime minus monotonic */
    int64_t mono_ns;   /* when it was read: the longer ago, the further it may have been slewed */
    bool known;        /* an offset has been read */
    bool steady;       /* the last two readings agree: stamps may be used */
};

/* Takes two readings made together. Pure: tests feed it a fake clock. */
void pp_stamper_update(struct pp_stamper *stamper, int64_t mono_ns, int64_t real_ns);

/* Reads both clocks and updates; returns the monotonic reading. */
int64_t pp_stamper_tick(struct pp_stamper *stamper);

/* Brings a CLOCK_REALTIME stamp over. False, with *mono_ns untouched, when the clock is not steady
 * or the stamp does not lie within [earliest_ns, latest_ns]: then the caller's own reading stands. */
bool pp_stamper_map(const struct pp_stamper *stamper, int64_t real_ns, int64_t earliest_ns, int64_t latest_ns,
                    int64_t *mono_ns);

#endif
