/* Readiness by poll(2), for any POSIX system; a pipe takes the wake-ups. Watches lie densely in an array
 * beside their pollfds and know their place in it, so that adding and removing one is O(1).
 *
 * Dispatch walks the array from its end and clears what it tells: removal moves the last entry into the gap,
 * and that one has been told already or lies still ahead, so nothing is missed and nothing is told twice. */
#include "loop_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FIRST_CAPACITY 64

struct poll_backend {
    struct pp_backend base;
    struct pollfd *fds;        /* owned; [0] is the pipe's reading end */
    struct pp_watch **watches; /* owned array of borrowed watches, in step with fds; [0] is NULL */
    size_t count, capacity;
    size_t ready; /* how many entries the last wait found ready */
    int wake_fd;  /* the pipe's writing end */
};

static struct poll_backend *of(struct pp_backend *base)
{
    return (struct poll_backend *)base;
}

static short events_for(unsigned wanted)
{
    return (short)(((wanted & PP_READY_READ) != 0 ? POLLIN : 0) |
                   ((wanted & PP_READY_WRITE) != 0 ? POLLOUT : 0));
}

static unsigned seen_in(short revents)
{
    unsigned seen = 0;
    seen |= (revents & POLLIN) != 0 ? PP_READY_READ : 0U;
    seen |= (revents & POLLOUT) != 0 ? PP_READY_WRITE : 0U;
    seen |= (revents & (POLLERR | POLLNVAL)) != 0 ? PP_READY_ERROR : 0U;
    seen |= (revents & POLLHUP) != 0 ? PP_SEEN_HANGUP : 0U;
    return seen;
}

static void poll_close(struct pp_backend *base)
{
    struct poll_backend *backend = of(base);
    if (backend->count > 0) {
        close(backend->fds[0].fd);
        close(backend->wake_fd);
    }
    free(backend->fds);
    free(backend->watches);
    free(backend);
}

static enum pp_status make_room(struct poll_backend *backend)
{
    if (backend->count < backend->capacity) {
        return PP_OK;
    }
    size_t capacity = backend->capacity == 0 ? FIRST_CAPACITY : backend->capacity * 2;
    struct pollfd *fds = realloc(backend->fds, capacity * sizeof *fds);
    if (fds == NULL) {
        return PP_NOMEM;
    }
    backend->fds = fds;
    struct pp_watch **watches = realloc(backend->watches, capacity * sizeof(struct pp_watch *));
    if (watches == NULL) {
        return PP_NOMEM;
    }
    backend->watches = watches;
    backend->capacity = capacity;
    return PP_OK;
}

static void append(struct poll_backend *backend, struct pp_watch *watch, int fd, unsigned wanted)
{
    backend->fds[backend->count] = (struct pollfd){.fd = fd, .events = events_for(wanted)};
    backend->watches[backend->count++] = watch;
}

/* poll calls files always ready, where epoll refuses them: here too, so that both backends mean the same. */
static enum pp_status check_pollable(int fd)
{
    struct stat about;
    if (fstat(fd, &about) != 0) {
        return pp_status_of_errno(errno);
    }
    return S_ISREG(about.st_mode) || S_ISDIR(about.st_mode) ? PP_UNSUPPORTED : PP_OK;
}

static enum pp_status poll_watch(struct pp_backend *base, struct pp_watch *watch, int fd, unsigned wanted)
{
    struct poll_backend *backend = of(base);
    enum pp_status status = check_pollable(fd);
    if (status == PP_OK) {
        status = make_room(backend);
    }
    if (status != PP_OK) {
        return status;
    }
    watch->slot = backend->count;
    append(backend, watch, fd, wanted);
    return PP_OK;
}

static enum pp_status poll_rewatch(struct pp_backend *base, struct pp_watch *watch, unsigned wanted)
{
    of(base)->fds[watch->slot].events = events_for(wanted);
    return PP_OK;
}

static void poll_unwatch(struct pp_backend *base, struct pp_watch *watch)
{
    struct poll_backend *backend = of(base);
    size_t last = --backend->count;
    backend->fds[watch->slot] = backend->fds[last];
    backend->watches[watch->slot] = backend->watches[last];
    backend->watches[watch->slot]->slot = watch->slot;
}

static int wait_ready(struct poll_backend *backend, int64_t due_ns)
{
    int64_t now_ns = due_ns == PP_DUE_NOW ? 0 : pp_clock_now();
#ifdef __linux__
    int64_t wait_ns = due_ns <= now_ns ? 0 : due_ns - now_ns;
    struct timespec timeout = {.tv_sec = (time_t)(wait_ns / PP_NS_PER_S),
                               .tv_nsec = (long)(wait_ns % PP_NS_PER_S)};
    return ppoll(backend->fds, (nfds_t)backend->count, due_ns == PP_DUE_NEVER ? NULL : &timeout, NULL);
#else
    return poll(backend->fds, (nfds_t)backend->count, pp_poll_timeout_ms(due_ns, now_ns));
#endif
}

/* Before the loop clears its flag: a byte written after that must stay to be seen. */
static bool take_wake(struct poll_backend *backend)
{
    if (backend->fds[0].revents == 0) {
        return false;
    }
    char bytes[16];
    while (read(backend->fds[0].fd, bytes, sizeof bytes) > 0) {
    }
    backend->ready--;
    return true;
}

static enum pp_status poll_wait(struct pp_backend *base, int64_t due_ns, bool *woken)
{
    struct poll_backend *backend = of(base);
    int ready = wait_ready(backend, due_ns);
    backend->ready = ready > 0 ? (size_t)ready : 0;
    if (ready > 0) {
        *woken = take_wake(backend);
    }
    return ready >= 0 || errno == EINTR ? PP_OK : PP_SYSTEM;
}

static void dispatch_at(struct poll_backend *backend, size_t slot)
{
    struct pp_watch *watch = backend->watches[slot];
    unsigned ready = pp_ready_settle(seen_in(backend->fds[slot].revents), watch->wanted);
    backend->fds[slot].revents = 0;
    if (ready != 0) {
        watch->ready(watch, ready);
    }
}

static void poll_dispatch(struct pp_backend *base)
{
    struct poll_backend *backend = of(base);
    for (size_t slot = backend->count; --slot > 0 && backend->ready > 0;) {
        if (slot < backend->count && backend->fds[slot].revents != 0) {
            backend->ready--;
            dispatch_at(backend, slot);
        }
    }
    backend->ready = 0;
}

static void poll_signal(struct pp_backend *base)
{
    int saved = errno;
    ssize_t written = write(of(base)->wake_fd, "", 1);
    (void)written; /* fails only when the pipe is full, and then the loop has been told */
    errno = saved;
}

static const struct pp_backend_ops poll_ops = {
    .close = poll_close,
    .watch = poll_watch,
    .rewatch = poll_rewatch,
    .unwatch = poll_unwatch,
    .wait = poll_wait,
    .dispatch = poll_dispatch,
    .signal = poll_signal,
};

/* pipe2 is not everywhere. */
static bool open_pipe(int ends[2])
{
    if (pipe(ends) != 0) {
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        if (fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(ends[i], F_SETFL, O_NONBLOCK) != 0) {
            close(ends[0]);
            close(ends[1]);
            return false;
        }
    }
    return true;
}

enum pp_status pp_poll_open(struct pp_backend **out)
{
    struct poll_backend *backend = calloc(1, sizeof *backend);
    if (backend == NULL) {
        return PP_NOMEM;
    }
    backend->base.ops = &poll_ops;
    enum pp_status status = make_room(backend);
    int ends[2];
    if (status == PP_OK && !open_pipe(ends)) {
        status = pp_status_of_errno(errno);
    }
    if (status != PP_OK) {
        poll_close(&backend->base);
        return status;
    }
    append(backend, NULL, ends[0], PP_READY_READ);
    backend->wake_fd = ends[1];
    *out = &backend->base;
    return PP_OK;
}
