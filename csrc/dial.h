/* A live connection through libcurl (CONNECT_ONLY): name, TCP or unix socket, TLS; then send, receive and
 * kernel receive timestamps on the open connection. Knows nothing of HTTP.
 *
 * Threads: a dialler and its connections belong to one worker thread, like the loop under them. libcurl
 * itself is initialised once for the process by the first dialler. */
#ifndef PP_DIAL_H
#define PP_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop.h"
#include "status.h"
#include "target.h"

struct pp_dialer; /* one a worker: the curl multi handles, and how many dials may be under way */
struct pp_conn;   /* one slot: dialled, used, closed and dialled again */

/* Called from the loop, never from within a call of this header. A handler may close or free
 * its connection, and does so as the last thing it does with it. */
struct pp_conn_handler {
    void (*dialled)(void *owner, enum pp_error error); /* PP_ERROR_NONE: connected */
    void (*ready)(void *owner, unsigned ready);        /* of enum pp_ready, once connected */
};

/* `target` is borrowed for the dialler's life. `conns`: how many connections will live at once. */
PP_MUST_CHECK enum pp_status pp_dialer_new(struct pp_loop *loop, const struct pp_target *target, size_t conns,
                                           struct pp_dialer **out);
void pp_dialer_free(struct pp_dialer *dialer); /* after all its connections */

PP_MUST_CHECK enum pp_status pp_conn_new(struct pp_dialer *dialer, const struct pp_conn_handler *handler,
                                         void *owner, struct pp_conn **out);
void pp_conn_free(struct pp_conn *conn);

/* Starts dialling; ends in `dialled`, on a later turn, unless closed first. The caller keeps the deadline. */
void pp_conn_dial(struct pp_conn *conn);
void pp_conn_close(struct pp_conn *conn); /* fine in any state; pp_conn_dial may follow */
bool pp_conn_open(const struct pp_conn *conn);

/* Once dialled: how long each part took, -1 for a part there was none of (dns of an address, tls of http). */
struct pp_dial_times {
    int64_t dns_ns, connect_ns, tls_ns;
};
const struct pp_dial_times *pp_conn_times(const struct pp_conn *conn);

enum pp_io {
    PP_IO_OK = 0,
    PP_IO_AGAIN,  /* nothing now: wait for readiness */
    PP_IO_CLOSED, /* the peer closed in order */
    PP_IO_RESET,  /* the connection broke */
    PP_IO_TLS,    /* TLS alert or broken record */
};
enum pp_io pp_conn_send(struct pp_conn *conn, const char *bytes, size_t length, size_t *sent);

/* *stamp_ns: when the last of these bytes reached this host, on the monotonic clock, or 0 when the kernel or
 * the clock did not say; a stamp before `earliest_ns` is refused. `now_ns` is read after the bytes came. */
enum pp_io pp_conn_receive(struct pp_conn *conn, char *bytes, size_t size, size_t *length,
                           int64_t earliest_ns, int64_t *stamp_ns, int64_t *now_ns);

/* Also wait for room to send (reading is always waited for). */
PP_MUST_CHECK enum pp_status pp_conn_want_write(struct pp_conn *conn, bool wanted);

#endif
