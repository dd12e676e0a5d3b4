/* The fast way: one keep-alive connection a slot, our own framing, nothing allocated between requests.
 *
 * Life of an exchange:   idle -> dialling -> sending -> receiving -> idle
 *                        idle -> sending (connection still open)
 * A request is never sent twice: when a reused connection dies before the first byte, that is a class of its
 * own (stale_connection). Threads: everything belongs to the worker that owns the loop. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dial.h"
#include "exchange.h"
#include "h1.h"
#include "match.h"
#include "wire.h"

enum {
    BUFFER_SIZE = 64 * 1024,
    READS_A_TURN = 16, /* a long body lets other exchanges of the worker have their turn */
};

enum state { IDLE, DIALLING, SENDING, RECEIVING };

/* A request made ready for this transport, once. */
struct prepared {
    const struct pp_request *request; /* borrowed: the key */
    char *wire;                       /* owned */
    size_t wire_length;
    struct pp_match *match; /* owned; NULL when any body will do */
    bool head;
    struct prepared *next;
};

struct pp_transport {
    struct pp_loop *loop;           /* borrowed */
    const struct pp_target *target; /* borrowed */
    struct pp_dialer *dialer;       /* owned */
    struct prepared *prepared;      /* owned list: the few requests of a plan */
    uint64_t connected;
    char buffer[BUFFER_SIZE]; /* what is being received: one exchange at a time */
};

struct pp_exchange {
    struct pp_transport *transport; /* borrowed */
    struct pp_conn *conn;           /* owned */
    pp_exchange_done done;
    void *owner;
    enum state state;
    bool used;       /* the connection has carried a request */
    bool write_wait; /* waiting for room to send */
    bool failed;     /* `failure` is to be told on the next turn */
    enum pp_error failure;
    struct pp_timer timer; /* armed at or before the deadline; looked at again when it fires */
    int64_t deadline_ns;
    const struct prepared *prepared;
    size_t sent;
    size_t match_state;
    struct pp_h1 response;
    struct pp_sample sample;
};

/* --- prepared requests --------------------------------------------------------------------------- */

static void prepared_free(struct prepared *prepared)
{
    if (prepared == NULL)
        return;
    pp_match_free(prepared->match);
    free(prepared->wire);
    free(prepared);
}

static enum pp_status prepare(struct pp_transport *transport, const struct pp_request *request,
                              struct prepared **out)
{
    struct prepared *prepared = calloc(1, sizeof(*prepared));
    if (prepared == NULL)
        return PP_NOMEM;
    prepared->request = request;
    prepared->head = strcmp(request->method, "HEAD") == 0;
    enum pp_status status =
        pp_wire_build(transport->target, request, &prepared->wire, &prepared->wire_length);
    if (status == PP_OK && request->must_hold != NULL)
        status = pp_match_prepare(request->must_hold, request->must_hold_length, &prepared->match);
    if (status != PP_OK) {
        prepared_free(prepared);
        return status;
    }
    prepared->next = transport->prepared;
    transport->prepared = prepared;
    *out = prepared;
    return PP_OK;
}

/* NULL: no memory. */
static const struct prepared *prepared_for(struct pp_transport *transport, const struct pp_request *request)
{
    struct prepared *prepared = transport->prepared;
    while (prepared != NULL && prepared->request != request)
        prepared = prepared->next;
    if (prepared == NULL && prepare(transport, request, &prepared) != PP_OK)
        return NULL;
    return prepared;
}

/* --- the end of a request ------------------------------------------------------------------------ */

static void drop_connection(struct pp_exchange *exchange)
{
    pp_conn_close(exchange->conn);
    exchange->used = false;
    exchange->write_wait = false;
}

/* Last thing done with the exchange: the handler may start, cancel or free it. */
static void finish(struct pp_exchange *exchange, enum pp_error error)
{
    exchange->state = IDLE;
    exchange->sample.error = error;
    exchange->done(exchange->owner, &exchange->sample);
}

/* An end without a whole response. */
static void fail(struct pp_exchange *exchange, enum pp_error error, int64_t now_ns)
{
    drop_connection(exchange);
    exchange->sample.status = exchange->response.status;
    exchange->sample.end_ns = now_ns;
    exchange->sample.seen_ns = now_ns;
    finish(exchange, error);
}

/* The same, told on the next turn: `start` never calls back. */
static void fail_later(struct pp_exchange *exchange, enum pp_error error)
{
    exchange->failed = true;
    exchange->failure = error;
    exchange->deadline_ns = 0;
    enum pp_status armed = pp_loop_arm(exchange->transport->loop, &exchange->timer, 0);
    (void)armed; /* should there be no memory for it, the timer of the last request is still armed */
}

static enum pp_error judge(const struct pp_exchange *exchange, bool surplus)
{
    const struct prepared *prepared = exchange->prepared;
    if (surplus)
        return PP_ERROR_PROTOCOL;
    if (!pp_request_accepts(prepared->request, exchange->response.status))
        return PP_ERROR_STATUS;
    if (prepared->match != NULL && !pp_match_found(prepared->match, exchange->match_state))
        return PP_ERROR_CONTENT;
    return PP_ERROR_NONE;
}

/* `at_ns`: when the last byte reached this host. */
static void complete(struct pp_exchange *exchange, bool surplus, int64_t at_ns, int64_t now_ns)
{
    exchange->sample.status = exchange->response.status;
    exchange->sample.end_ns = at_ns;
    exchange->sample.seen_ns = now_ns;
    if (surplus || !exchange->response.keep_alive || exchange->state != RECEIVING)
        drop_connection(exchange);
    finish(exchange, judge(exchange, surplus));
}

/* --- receiving ----------------------------------------------------------------------------------- */

/* The peer is gone. Before the first byte of an answer on a reused connection it most likely closed while we
 * sent. */
static enum pp_error lost(const struct pp_exchange *exchange, enum pp_error otherwise)
{
    bool nothing = !pp_h1_started(&exchange->response) && exchange->response.header_bytes == 0;
    return exchange->sample.reused && nothing ? PP_ERROR_STALE_CONNECTION : otherwise;
}

static void peer_closed(struct pp_exchange *exchange, int64_t now_ns)
{
    if (pp_h1_eof(&exchange->response) == PP_H1_DONE) {
        exchange->response.keep_alive = false;
        complete(exchange, false, now_ns, now_ns);
        return;
    }
    fail(exchange, lost(exchange, exchange->response.error), now_ns);
}

static enum pp_error take_body(struct pp_exchange *exchange, const char *body, size_t length)
{
    const struct prepared *prepared = exchange->prepared;
    if (exchange->response.body_bytes > prepared->request->body_cap)
        return PP_ERROR_BODY_TOO_LARGE;
    if (prepared->match != NULL)
        exchange->match_state = pp_match_feed(prepared->match, exchange->match_state, body, length);
    return PP_ERROR_NONE;
}

/* Feeds what was received. True: the exchange has ended and must not be touched again. */
static bool take(struct pp_exchange *exchange, size_t length, int64_t at_ns, int64_t now_ns)
{
    const char *cursor = exchange->transport->buffer;
    const char *end = cursor + length;
    exchange->sample.bytes += length;
    if (exchange->sample.first_ns == 0)
        exchange->sample.first_ns = at_ns;
    for (;;) {
        const char *body = NULL;
        size_t body_length = 0;
        enum pp_error error = PP_ERROR_NONE;
        switch (pp_h1_next(&exchange->response, &cursor, end, &body, &body_length)) {
        case PP_H1_MORE:
            return false;
        case PP_H1_BODY:
            error = take_body(exchange, body, body_length);
            break;
        case PP_H1_DONE:
            complete(exchange, cursor != end, at_ns, now_ns);
            return true;
        case PP_H1_ERROR:
            error = exchange->response.error;
            break;
        }
        if (error != PP_ERROR_NONE) {
            fail(exchange, error, now_ns);
            return true;
        }
    }
}

/* One read. True: go on reading. */
static bool receive_once(struct pp_exchange *exchange)
{
    struct pp_transport *transport = exchange->transport;
    size_t length = 0;
    int64_t stamp_ns = 0, now_ns = 0;
    switch (pp_conn_receive(exchange->conn, transport->buffer, BUFFER_SIZE, &length, exchange->sample.sent_ns,
                            &stamp_ns, &now_ns)) {
    case PP_IO_OK:
        exchange->sample.stamped = stamp_ns != 0;
        if (take(exchange, length, stamp_ns != 0 ? stamp_ns : now_ns, now_ns))
            return false;
        return length == BUFFER_SIZE || transport->target->tls;
    case PP_IO_AGAIN:
        return false;
    case PP_IO_CLOSED:
        peer_closed(exchange, now_ns);
        return false;
    case PP_IO_TLS:
        fail(exchange, PP_ERROR_TLS, now_ns);
        return false;
    case PP_IO_RESET:
        fail(exchange, lost(exchange, PP_ERROR_RESET), now_ns);
        return false;
    }
    return false;
}

static void receive(struct pp_exchange *exchange)
{
    /* TLS is read until it has nothing more: what it holds back does not show as readiness. */
    bool bounded = !exchange->transport->target->tls;
    for (int reads = 0; !bounded || reads < READS_A_TURN; reads++)
        if (!receive_once(exchange))
            return;
}

/* --- sending ------------------------------------------------------------------------------------- */

static void fail_sending(struct pp_exchange *exchange, enum pp_error error, bool from_start)
{
    if (from_start)
        fail_later(exchange, error);
    else
        fail(exchange, error, pp_clock_now());
}

static bool wait_for_room(struct pp_exchange *exchange, bool wanted)
{
    if (exchange->write_wait == wanted)
        return true;
    exchange->write_wait = wanted;
    return pp_conn_want_write(exchange->conn, wanted) == PP_OK;
}

/* Sends what is left. An answer that comes before the end of the request is read all the same. */
static void send_rest(struct pp_exchange *exchange, bool from_start)
{
    const struct prepared *prepared = exchange->prepared;
    while (exchange->sent < prepared->wire_length) {
        size_t count = 0;
        enum pp_io io = pp_conn_send(exchange->conn, prepared->wire + exchange->sent,
                                     prepared->wire_length - exchange->sent, &count);
        exchange->sent += count;
        if (io == PP_IO_OK)
            continue;
        if (io == PP_IO_AGAIN) {
            if (!wait_for_room(exchange, true))
                fail_sending(exchange, PP_ERROR_CLIENT_MEMORY, from_start);
            return;
        }
        fail_sending(exchange, lost(exchange, io == PP_IO_TLS ? PP_ERROR_TLS : PP_ERROR_RESET), from_start);
        return;
    }
    exchange->sample.sent_end_ns = pp_clock_now();
    exchange->state = RECEIVING;
    if (!wait_for_room(exchange, false))
        fail_sending(exchange, PP_ERROR_CLIENT_MEMORY, from_start);
}

static void send_request(struct pp_exchange *exchange, int64_t now_ns, bool from_start)
{
    exchange->state = SENDING;
    exchange->sample.reused = exchange->used;
    exchange->sample.sent_ns = now_ns;
    exchange->used = true;
    send_rest(exchange, from_start);
}

/* --- what the connection tells ------------------------------------------------------------------- */

static void dialled(void *owner, enum pp_error error)
{
    struct pp_exchange *exchange = owner;
    int64_t now_ns = pp_clock_now();
    if (error != PP_ERROR_NONE) {
        fail(exchange, error, now_ns);
        return;
    }
    const struct pp_dial_times *times = pp_conn_times(exchange->conn);
    exchange->transport->connected++;
    exchange->sample.dns_ns = times->dns_ns;
    exchange->sample.connect_ns = times->connect_ns;
    exchange->sample.tls_ns = times->tls_ns;
    send_request(exchange, now_ns, false);
}

static void ready(void *owner, unsigned ready)
{
    struct pp_exchange *exchange = owner;
    if (exchange->failed)
        return;
    if (exchange->state == IDLE) { /* the peer closed, or spoke out of turn: dial anew for the next request */
        drop_connection(exchange);
        return;
    }
    if ((ready & PP_READY_WRITE) != 0 && exchange->state == SENDING) {
        send_rest(exchange, false);
        return; /* level-triggered: what there is to read is told again */
    }
    receive(exchange);
}

/* The timer is left alone while it is early enough and looked at again when it fires: most deadlines are
 * never met, and moving the timer for each request would cost more than this. */
static void keep_deadline(struct pp_exchange *exchange, int64_t deadline_ns)
{
    exchange->deadline_ns = deadline_ns;
    if (pp_timer_armed(&exchange->timer) && exchange->timer.due_ns <= deadline_ns)
        return;
    if (pp_loop_arm(exchange->transport->loop, &exchange->timer, deadline_ns) != PP_OK)
        fail_later(exchange, PP_ERROR_CLIENT_MEMORY);
}

static void timer_fired(struct pp_timer *timer, int64_t now_ns)
{
    struct pp_exchange *exchange =
        (struct pp_exchange *)((char *)timer - offsetof(struct pp_exchange, timer));
    if (exchange->failed) {
        exchange->failed = false;
        fail(exchange, exchange->failure, now_ns);
    } else if (exchange->state == IDLE) {
        return;
    } else if (now_ns < exchange->deadline_ns) {
        keep_deadline(exchange, exchange->deadline_ns);
    } else {
        fail(exchange, exchange->state == DIALLING ? PP_ERROR_CONNECT_TIMEOUT : PP_ERROR_TIMEOUT, now_ns);
    }
}

/* --- the interface ------------------------------------------------------------------------------- */

static const struct pp_conn_handler conn_handler = {.dialled = dialled, .ready = ready};

static void h1_close(struct pp_transport *transport)
{
    if (transport == NULL)
        return;
    while (transport->prepared != NULL) {
        struct prepared *next = transport->prepared->next;
        prepared_free(transport->prepared);
        transport->prepared = next;
    }
    pp_dialer_free(transport->dialer);
    free(transport);
}

static enum pp_status h1_open(struct pp_loop *loop, const struct pp_target *target, size_t slots,
                              struct pp_transport **out)
{
    struct pp_transport *transport = calloc(1, sizeof(*transport));
    if (transport == NULL)
        return PP_NOMEM;
    transport->loop = loop;
    transport->target = target;
    enum pp_status status = pp_dialer_new(loop, target, slots, &transport->dialer);
    if (status != PP_OK) {
        h1_close(transport);
        return status;
    }
    *out = transport;
    return PP_OK;
}

static enum pp_status h1_exchange_new(struct pp_transport *transport, pp_exchange_done done, void *owner,
                                      struct pp_exchange **out)
{
    struct pp_exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL)
        return PP_NOMEM;
    exchange->transport = transport;
    exchange->done = done;
    exchange->owner = owner;
    exchange->timer.fire = timer_fired;
    enum pp_status status = pp_conn_new(transport->dialer, &conn_handler, exchange, &exchange->conn);
    if (status != PP_OK) {
        free(exchange);
        return status;
    }
    *out = exchange;
    return PP_OK;
}

static void h1_exchange_free(struct pp_exchange *exchange)
{
    if (exchange == NULL)
        return;
    pp_loop_disarm(exchange->transport->loop, &exchange->timer);
    pp_conn_free(exchange->conn);
    free(exchange);
}

static void h1_start(struct pp_exchange *exchange, const struct pp_request *request, int64_t intended_ns)
{
    int64_t now_ns = pp_clock_now();
    exchange->sample = (struct pp_sample){.intended_ns = intended_ns != 0 ? intended_ns : now_ns,
                                          .start_ns = now_ns,
                                          .dns_ns = -1,
                                          .connect_ns = -1,
                                          .tls_ns = -1};
    exchange->failed = false;
    exchange->sent = 0;
    exchange->match_state = 0;
    exchange->state = DIALLING;
    exchange->prepared = prepared_for(exchange->transport, request);
    pp_h1_begin(&exchange->response, exchange->prepared != NULL && exchange->prepared->head);
    if (exchange->prepared == NULL) {
        fail_later(exchange, PP_ERROR_CLIENT_MEMORY);
        return;
    }
    keep_deadline(exchange, now_ns + request->timeout_ns);
    if (exchange->failed)
        return;
    if (pp_conn_open(exchange->conn))
        send_request(exchange, now_ns, true);
    else
        pp_conn_dial(exchange->conn);
}

static bool h1_cancel(struct pp_exchange *exchange, bool *sent)
{
    *sent = exchange->sample.sent_ns != 0;
    if (exchange->state == IDLE)
        return false;
    drop_connection(exchange);
    exchange->state = IDLE;
    exchange->failed = false;
    return true;
}

static uint64_t h1_connected(const struct pp_transport *transport)
{
    return transport->connected;
}

const struct pp_exchange_way pp_exchange_h1 = {
    .name = "h1",
    .open = h1_open,
    .close = h1_close,
    .exchange_new = h1_exchange_new,
    .exchange_free = h1_exchange_free,
    .start = h1_start,
    .cancel = h1_cancel,
    .connected = h1_connected,
};
