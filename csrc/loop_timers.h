/* The loop's timers: a binary heap by due time, and the batch that is due in this turn. Private to loop*.c.
 *
 * The batch is taken out of the heap before any handler runs, so that what handlers arm belongs to the next
 * turn. Timers are the caller's memory; a timer's slot says where it is: 0 nowhere, else its place in the
 * heap, or with the top bit set in the batch, counted from 1. */
#ifndef PP_LOOP_TIMERS_H
#define PP_LOOP_TIMERS_H

#include <stddef.h>
#include <stdint.h>

#include "loop.h"

struct pp_timers {
    struct pp_timer **heap, **batch; /* owned arrays, both of `capacity` */
    size_t capacity, count, batch_count;
};

void pp_timers_free(struct pp_timers *timers); /* zero-initialised is empty */
PP_MUST_CHECK enum pp_status pp_timers_arm(struct pp_timers *timers, struct pp_timer *timer, int64_t due_ns);
void pp_timers_disarm(struct pp_timers *timers, struct pp_timer *timer);

int64_t pp_timers_earliest(const struct pp_timers *timers); /* INT64_MAX: none */

/* Takes what is due into the batch, in due order. */
void pp_timers_collect(struct pp_timers *timers, int64_t now_ns);
/* Fires the batch; each handler is told the time it is called at. */
void pp_timers_fire(struct pp_timers *timers);

#endif
