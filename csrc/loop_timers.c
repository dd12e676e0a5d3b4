#include "loop_timers.h"

#include <stdlib.h>

#define IN_BATCH (SIZE_MAX ^ (SIZE_MAX >> 1))
#define FIRST_CAPACITY 64

static void place(struct pp_timers *timers, size_t index, struct pp_timer *timer)
{
    timers->heap[index] = timer;
    timer->slot = index + 1;
}

static void sift_up(struct pp_timers *timers, size_t index)
{
    struct pp_timer *timer = timers->heap[index];
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (timers->heap[parent]->due_ns <= timer->due_ns) {
            break;
        }
        place(timers, index, timers->heap[parent]);
        index = parent;
    }
    place(timers, index, timer);
}

static void sift_down(struct pp_timers *timers, size_t index)
{
    struct pp_timer *timer = timers->heap[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= timers->count) {
            break;
        }
        if (child + 1 < timers->count && timers->heap[child + 1]->due_ns < timers->heap[child]->due_ns) {
            child++;
        }
        if (timer->due_ns <= timers->heap[child]->due_ns) {
            break;
        }
        place(timers, index, timers->heap[child]);
        index = child;
    }
    place(timers, index, timer);
}

static void settle(struct pp_timers *timers, size_t index)
{
    sift_up(timers, index);
    sift_down(timers, index);
}

static void heap_remove(struct pp_timers *timers, size_t index)
{
    struct pp_timer *last = timers->heap[--timers->count];
    timers->heap[index]->slot = 0;
    if (index < timers->count) {
        place(timers, index, last);
        settle(timers, index);
    }
}

/* The batch never holds more than the heap did, so that growing both here lets collect never fail. */
static enum pp_status make_room(struct pp_timers *timers)
{
    if (timers->count < timers->capacity) {
        return PP_OK;
    }
    size_t capacity = timers->capacity == 0 ? FIRST_CAPACITY : timers->capacity * 2;
    struct pp_timer **heap = realloc(timers->heap, capacity * sizeof(struct pp_timer *));
    if (heap == NULL) {
        return PP_NOMEM;
    }
    timers->heap = heap;
    struct pp_timer **batch = realloc(timers->batch, capacity * sizeof(struct pp_timer *));
    if (batch == NULL) {
        return PP_NOMEM;
    }
    timers->batch = batch;
    timers->capacity = capacity;
    return PP_OK;
}

void pp_timers_free(struct pp_timers *timers)
{
    free(timers->heap);
    free(timers->batch);
    *timers = (struct pp_timers){0};
}

enum pp_status pp_timers_arm(struct pp_timers *timers, struct pp_timer *timer, int64_t due_ns)
{
    if (timer->slot != 0 && (timer->slot & IN_BATCH) == 0) {
        timer->due_ns = due_ns;
        settle(timers, timer->slot - 1);
        return PP_OK;
    }
    enum pp_status status = make_room(timers);
    if (status != PP_OK) {
        return status;
    }
    pp_timers_disarm(timers, timer);
    timer->due_ns = due_ns;
    timers->heap[timers->count] = timer;
    sift_up(timers, timers->count++);
    return PP_OK;
}

void pp_timers_disarm(struct pp_timers *timers, struct pp_timer *timer)
{
    if ((timer->slot & IN_BATCH) != 0) {
        timers->batch[(timer->slot ^ IN_BATCH) - 1] = NULL;
        timer->slot = 0;
    } else if (timer->slot != 0) {
        heap_remove(timers, timer->slot - 1);
    }
}

int64_t pp_timers_earliest(const struct pp_timers *timers)
{
    return timers->count == 0 ? INT64_MAX : timers->heap[0]->due_ns;
}

void pp_timers_collect(struct pp_timers *timers, int64_t now_ns)
{
    while (timers->count > 0 && timers->heap[0]->due_ns <= now_ns) {
        struct pp_timer *timer = timers->heap[0];
        heap_remove(timers, 0);
        timers->batch[timers->batch_count++] = timer;
        timer->slot = timers->batch_count | IN_BATCH;
    }
}

void pp_timers_fire(struct pp_timers *timers)
{
    for (size_t i = 0; i < timers->batch_count; i++) {
        struct pp_timer *timer = timers->batch[i];
        if (timer != NULL) { /* else a handler disarmed it */
            timer->slot = 0;
            timer->fire(timer, pp_clock_now());
        }
    }
    timers->batch_count = 0;
}
