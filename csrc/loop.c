/* A turn: wait, read the clocks, take out the timers that are due, tell the watches, fire the timers. Watches
 * go first so that a response which came in time disarms its own time-out.
 *
 * Wake-ups are coalesced by a flag: only the one who sets it signals the backend, and it is cleared after the
 * backend has swallowed the signal. The exchange pairs with the waker's: what the waker wrote before
 * pp_loop_wake is visible to the loop's thread once the turn has returned, whether or not that waker's signal
 * was the one sent. */
#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "loop_backend.h"
#include "loop_timers.h"

struct pp_loop {
    struct pp_backend *backend; /* owned */
    struct pp_timers timers;
    struct pp_stamper stamper;
    int64_t now_ns;          /* when the last wait ended */
    atomic_bool wake_raised; /* any thread's */
};

static enum pp_status open_backend(enum pp_loop_backend backend, struct pp_backend **out)
{
#ifdef __linux__
    if (backend != PP_LOOP_POLL) {
        enum pp_status status = pp_epoll_open(out);
        if (status != PP_UNSUPPORTED || backend == PP_LOOP_EPOLL) {
            return status;
        }
    }
#else
    if (backend == PP_LOOP_EPOLL) {
        return PP_UNSUPPORTED;
    }
#endif
    return pp_poll_open(out);
}

enum pp_status pp_loop_new(enum pp_loop_backend backend, struct pp_loop **out)
{
    struct pp_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        return PP_NOMEM;
    }
    enum pp_status status = open_backend(backend, &loop->backend);
    if (status != PP_OK) {
        free(loop);
        return status;
    }
    atomic_init(&loop->wake_raised, false);
    loop->now_ns = pp_stamper_tick(&loop->stamper);
    *out = loop;
    return PP_OK;
}

void pp_loop_free(struct pp_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    loop->backend->ops->close(loop->backend);
    pp_timers_free(&loop->timers);
    free(loop);
}

enum pp_status pp_loop_watch(struct pp_loop *loop, struct pp_watch *watch, int fd, unsigned wanted)
{
    enum pp_status status = loop->backend->ops->watch(loop->backend, watch, fd, wanted);
    if (status == PP_OK) {
        watch->fd = fd;
        watch->wanted = wanted;
    }
    return status;
}

enum pp_status pp_loop_rewatch(struct pp_loop *loop, struct pp_watch *watch, unsigned wanted)
{
    if (wanted == watch->wanted) {
        return PP_OK;
    }
    enum pp_status status = loop->backend->ops->rewatch(loop->backend, watch, wanted);
    if (status == PP_OK) {
        watch->wanted = wanted;
    }
    return status;
}

void pp_loop_unwatch(struct pp_loop *loop, struct pp_watch *watch)
{
    loop->backend->ops->unwatch(loop->backend, watch);
}

enum pp_status pp_loop_arm(struct pp_loop *loop, struct pp_timer *timer, int64_t due_ns)
{
    return pp_timers_arm(&loop->timers, timer, due_ns);
}

void pp_loop_disarm(struct pp_loop *loop, struct pp_timer *timer)
{
    pp_timers_disarm(&loop->timers, timer);
}

bool pp_timer_armed(const struct pp_timer *timer)
{
    return timer->slot != 0;
}

void pp_loop_wake(struct pp_loop *loop)
{
    if (!atomic_exchange(&loop->wake_raised, true)) {
        loop->backend->ops->signal(loop->backend);
    }
}

enum pp_status pp_loop_turn(struct pp_loop *loop)
{
    int64_t due_ns = pp_timers_earliest(&loop->timers);
    bool woken = false;
    enum pp_status status =
        loop->backend->ops->wait(loop->backend, due_ns <= loop->now_ns ? PP_DUE_NOW : due_ns, &woken);
    if (status != PP_OK) {
        return status;
    }
    if (woken) {
        (void)atomic_exchange(&loop->wake_raised, false);
    }
    loop->now_ns = pp_stamper_tick(&loop->stamper);
    pp_timers_collect(&loop->timers, loop->now_ns);
    loop->backend->ops->dispatch(loop->backend);
    pp_timers_fire(&loop->timers);
    return PP_OK;
}

const struct pp_stamper *pp_loop_stamper(const struct pp_loop *loop)
{
    return &loop->stamper;
}

unsigned pp_ready_settle(unsigned seen, unsigned wanted)
{
    if ((seen & PP_SEEN_HANGUP) != 0) {
        seen |= (wanted & PP_READY_READ) != 0 ? PP_READY_READ : PP_READY_ERROR;
    }
    return seen & (wanted | PP_READY_ERROR) & ~(unsigned)PP_SEEN_HANGUP;
}

enum pp_status pp_status_of_errno(int code)
{
    switch (code) {
    case ENOMEM:
        return PP_NOMEM;
    case EMFILE:
    case ENFILE:
        return PP_FDS;
    case ENOSYS:
        return PP_UNSUPPORTED;
    default:
        return PP_SYSTEM;
    }
}

int pp_poll_timeout_ms(int64_t due_ns, int64_t now_ns)
{
    if (due_ns == PP_DUE_NEVER) {
        return -1;
    }
    if (due_ns <= now_ns) {
        return 0;
    }
    int64_t wait_ns = due_ns - now_ns;
    int64_t wait_ms = wait_ns / PP_NS_PER_MS + (wait_ns % PP_NS_PER_MS != 0);
    return wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}
