/* The seam between the loop and what waits for it. Private to loop*.c. */
#ifndef PP_LOOP_BACKEND_H
#define PP_LOOP_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

/* For `due_ns` of wait: something is due already, and nothing is. */
#define PP_DUE_NOW INT64_MIN
#define PP_DUE_NEVER INT64_MAX

struct pp_backend;

struct pp_backend_ops {
    void (*close)(struct pp_backend *backend);
    enum pp_status (*watch)(struct pp_backend *backend, struct pp_watch *watch, int fd, unsigned wanted);
    enum pp_status (*rewatch)(struct pp_backend *backend, struct pp_watch *watch, unsigned wanted);
    void (*unwatch)(struct pp_backend *backend, struct pp_watch *watch); /* during dispatch too */
    /* Until something is ready, `due_ns` has come, signal was called, or for no reason at all (EINTR, an
     * alarm that was put off). Keeps what is ready for dispatch. *woken: signal was called. */
    enum pp_status (*wait)(struct pp_backend *backend, int64_t due_ns, bool *woken);
    void (*dispatch)(struct pp_backend *backend);
    void (*signal)(struct pp_backend *backend); /* any thread, and signal handlers */
};

/* Each backend's struct begins with this one. */
struct pp_backend {
    const struct pp_backend_ops *ops;
};

/* *out is owned by the caller, who calls ops->close. */
#ifdef __linux__
PP_MUST_CHECK enum pp_status pp_epoll_open(struct pp_backend **out);
#endif
PP_MUST_CHECK enum pp_status pp_poll_open(struct pp_backend **out);

/* A backend says what it saw in terms of enum pp_ready, and of a hang-up, which belongs to the reader who
 * waits to see the end of the stream, or else is an error. The result is what the watch's handler is to be
 * told; 0: nothing. */
enum { PP_SEEN_HANGUP = 8 };
unsigned pp_ready_settle(unsigned seen, unsigned wanted);

/* errno of a call that makes or registers a descriptor. */
enum pp_status pp_status_of_errno(int code);

/* Milliseconds for poll(2) from now to `due_ns`: rounded up, never early; -1: for ever. */
int pp_poll_timeout_ms(int64_t due_ns, int64_t now_ns);

#endif
