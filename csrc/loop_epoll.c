/* Readiness by epoll. A timerfd is the alarm, because it is exact to the nanosecond and knows no timer slack;
 * an eventfd takes the wake-ups. Both are edge-triggered and never read: each expiry and each write is an
 * edge of its own, and setting a timerfd anew clears it.
 *
 * The alarm is only ever brought forward. One that rings before anything is due (a time-out that was put off,
 * which happens with every request) costs an empty turn when it rings, instead of a system call each time. */
#ifdef __linux__

#include "loop_backend.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define BATCH 256

struct epoll_backend {
    struct pp_backend base;
    int epoll_fd, alarm_fd, wake_fd;
    int64_t alarm_ns;   /* what the alarm is set to, PP_DUE_NEVER once it rang */
    size_t next, count; /* of `events`: the part yet to be dispatched */
    struct epoll_event events[BATCH];
};

static struct epoll_backend *of(struct pp_backend *base)
{
    return (struct epoll_backend *)base;
}

static struct epoll_event event_for(struct pp_watch *watch, unsigned wanted)
{
    struct epoll_event event = {.data.ptr = watch};
    event.events |= (wanted & PP_READY_READ) != 0 ? (uint32_t)EPOLLIN : 0;
    event.events |= (wanted & PP_READY_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0;
    return event;
}

static unsigned seen_in(uint32_t events)
{
    unsigned seen = 0;
    seen |= (events & EPOLLIN) != 0 ? PP_READY_READ : 0U;
    seen |= (events & EPOLLOUT) != 0 ? PP_READY_WRITE : 0U;
    seen |= (events & EPOLLERR) != 0 ? PP_READY_ERROR : 0U;
    seen |= (events & EPOLLHUP) != 0 ? PP_SEEN_HANGUP : 0U;
    return seen;
}

static void epoll_close(struct pp_backend *base)
{
    struct epoll_backend *backend = of(base);
    int fds[] = {backend->epoll_fd, backend->alarm_fd, backend->wake_fd};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    free(backend);
}

static enum pp_status epoll_watch(struct pp_backend *base, struct pp_watch *watch, int fd, unsigned wanted)
{
    struct epoll_event event = event_for(watch, wanted);
    if (epoll_ctl(of(base)->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0) {
        return PP_OK;
    }
    return errno == EPERM ? PP_UNSUPPORTED : pp_status_of_errno(errno);
}

static enum pp_status epoll_rewatch(struct pp_backend *base, struct pp_watch *watch, unsigned wanted)
{
    struct epoll_event event = event_for(watch, wanted);
    return epoll_ctl(of(base)->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) == 0 ? PP_OK
                                                                                : pp_status_of_errno(errno);
}

static void epoll_unwatch(struct pp_backend *base, struct pp_watch *watch)
{
    struct epoll_backend *backend = of(base);
    (void)epoll_ctl(backend->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    for (size_t i = backend->next; i < backend->count; i++) {
        if (backend->events[i].data.ptr == watch) {
            backend->events[i].data.ptr = NULL;
        }
    }
}

static bool set_alarm(struct epoll_backend *backend, int64_t due_ns)
{
    struct itimerspec spec = {
        .it_value = {.tv_sec = (time_t)(due_ns / PP_NS_PER_S), .tv_nsec = (long)(due_ns % PP_NS_PER_S)}};
    if (timerfd_settime(backend->alarm_fd, TFD_TIMER_ABSTIME, &spec, NULL) != 0) {
        return false;
    }
    backend->alarm_ns = due_ns;
    return true;
}

/* Takes the backend's own descriptors out of what was ready. */
static void take_own(struct epoll_backend *backend, bool *woken)
{
    for (size_t i = 0; i < backend->count; i++) {
        void *about = backend->events[i].data.ptr;
        if (about == &backend->alarm_fd) {
            backend->alarm_ns = PP_DUE_NEVER;
        } else if (about == &backend->wake_fd) {
            *woken = true;
        } else {
            continue;
        }
        backend->events[i].data.ptr = NULL;
    }
}

static enum pp_status epoll_backend_wait(struct pp_backend *base, int64_t due_ns, bool *woken)
{
    struct epoll_backend *backend = of(base);
    bool block = due_ns != PP_DUE_NOW;
    if (block && due_ns < backend->alarm_ns && !set_alarm(backend, due_ns)) {
        return PP_SYSTEM;
    }
    int count = epoll_wait(backend->epoll_fd, backend->events, BATCH, block ? -1 : 0);
    backend->next = 0;
    backend->count = count > 0 ? (size_t)count : 0;
    take_own(backend, woken);
    return count >= 0 || errno == EINTR ? PP_OK : PP_SYSTEM;
}

static void epoll_dispatch(struct pp_backend *base)
{
    struct epoll_backend *backend = of(base);
    while (backend->next < backend->count) {
        struct epoll_event *event = &backend->events[backend->next++];
        struct pp_watch *watch = event->data.ptr;
        unsigned ready = watch == NULL ? 0 : pp_ready_settle(seen_in(event->events), watch->wanted);
        if (ready != 0) {
            watch->ready(watch, ready);
        }
    }
}

static void epoll_signal(struct pp_backend *base)
{
    int saved = errno;
    uint64_t one = 1;
    ssize_t written = write(of(base)->wake_fd, &one, sizeof one);
    (void)written; /* fails only when the counter is full, and then the loop has been told 2^64 times */
    errno = saved;
}

static const struct pp_backend_ops epoll_ops = {
    .close = epoll_close,
    .watch = epoll_watch,
    .rewatch = epoll_rewatch,
    .unwatch = epoll_unwatch,
    .wait = epoll_backend_wait,
    .dispatch = epoll_dispatch,
    .signal = epoll_signal,
};

static bool add_own(struct epoll_backend *backend, int *fd)
{
    struct epoll_event event = {.events = EPOLLIN | (uint32_t)EPOLLET, .data.ptr = fd};
    return *fd >= 0 && epoll_ctl(backend->epoll_fd, EPOLL_CTL_ADD, *fd, &event) == 0;
}

enum pp_status pp_epoll_open(struct pp_backend **out)
{
    struct epoll_backend *backend = calloc(1, sizeof *backend);
    if (backend == NULL) {
        return PP_NOMEM;
    }
    backend->base.ops = &epoll_ops;
    backend->alarm_ns = PP_DUE_NEVER;
    backend->alarm_fd = backend->wake_fd = -1;
    backend->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (backend->epoll_fd < 0) {
        goto failed;
    }
    backend->alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (!add_own(backend, &backend->alarm_fd)) {
        goto failed;
    }
    backend->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!add_own(backend, &backend->wake_fd)) {
        goto failed;
    }
    *out = &backend->base;
    return PP_OK;
failed:;
    int code = errno;
    epoll_close(&backend->base);
    errno = code;
    return pp_status_of_errno(code);
}

#else
typedef int pp_no_epoll_here; /* ISO C wants a declaration */
#endif
