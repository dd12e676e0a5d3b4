/* Readiness, timers and wake-up for one thread. Two backends behind one seam: epoll with a timerfd
 * (Linux) and poll (anywhere). Level-triggered.
 *
 * Threads: everything belongs to the thread that turns the loop, except pp_loop_wake.
 * Watches and timers are the caller's memory (intrusive) and must stay put while registered. A handler may
 * unwatch, disarm or free any watch or timer, its own included: nothing is delivered to it afterwards,
 * even when it was ready in the same turn. */
#ifndef PP_LOOP_H
#define PP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "status.h"

struct pp_loop;

enum pp_loop_backend { PP_LOOP_BEST = 0, PP_LOOP_EPOLL, PP_LOOP_POLL };

/* What a watch waits for and what its handler is told; PP_READY_ERROR is always watched for. */
enum pp_ready { PP_READY_READ = 1, PP_READY_WRITE = 2, PP_READY_ERROR = 4 };

struct pp_watch {
    void (*ready)(struct pp_watch *watch, unsigned ready);
    int fd;
    unsigned wanted; /* the loop's own, of enum pp_ready */
    size_t slot;     /* the poll backend's own */
};

struct pp_timer {
    void (*fire)(struct pp_timer *timer, int64_t now_ns);
    int64_t due_ns; /* the loop's own while armed */
    size_t slot;    /* the loop's own: 0 when not armed */
};

PP_MUST_CHECK enum pp_status pp_loop_new(enum pp_loop_backend backend, struct pp_loop **out);
void pp_loop_free(struct pp_loop *loop); /* NULL is fine; watches and timers are not touched */

/* Sets watch->fd and registers it. PP_UNSUPPORTED when the descriptor cannot be polled. */
PP_MUST_CHECK enum pp_status pp_loop_watch(struct pp_loop *loop, struct pp_watch *watch, int fd,
                                           unsigned wanted);
PP_MUST_CHECK enum pp_status pp_loop_rewatch(struct pp_loop *loop, struct pp_watch *watch, unsigned wanted);
void pp_loop_unwatch(struct pp_loop *loop, struct pp_watch *watch); /* before the fd is closed */

/* (Re)arms; `due_ns` in the past fires on the next turn, never from within this call. Fires once. */
PP_MUST_CHECK enum pp_status pp_loop_arm(struct pp_loop *loop, struct pp_timer *timer, int64_t due_ns);
void pp_loop_disarm(struct pp_loop *loop, struct pp_timer *timer); /* fine when not armed */
bool pp_timer_armed(const struct pp_timer *timer);

/* Any thread, and signal handlers: the turn in progress, or the next one, returns soon. */
void pp_loop_wake(struct pp_loop *loop);

/* Waits until something is ready or due, then dispatches all of it once. PP_SYSTEM on a failed wait. */
PP_MUST_CHECK enum pp_status pp_loop_turn(struct pp_loop *loop);

/* The loop's view of the wall clock, read anew after each wait; for kernel timestamps. */
const struct pp_stamper *pp_loop_stamper(const struct pp_loop *loop);

#endif
