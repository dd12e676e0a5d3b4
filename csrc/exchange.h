/* One request in, one sample out. Two ways behind one interface: `pp_exchange_h1` (our own framing on a
 * connection of pp_dial) and `pp_exchange_curl` (all that libcurl knows).
 *
 * A transport is what a worker's exchanges share; an exchange is a slot that carries one request at a time
 * and keeps its connection between requests. Threads: as the loop. */
#ifndef PP_EXCHANGE_H
#define PP_EXCHANGE_H

#include "loop.h"
#include "sample.h"
#include "status.h"
#include "target.h"

struct pp_transport;
struct pp_exchange;

/* The last thing an exchange does with itself: the handler may start, cancel or free it. Never called from
 * within `start` or `cancel`. The sample is the exchange's and valid during the call. */
typedef void (*pp_exchange_done)(void *owner, const struct pp_sample *sample);

struct pp_exchange_way {
    const char *name; /* "h1", "curl": stands in results as the transport */
    /* `target` is borrowed for the transport's life; at most `slots` exchanges will live at once.
     * PP_UNSUPPORTED when this libcurl lacks what the target asks for. */
    enum pp_status (*open)(struct pp_loop *loop, const struct pp_target *target, size_t slots,
                           struct pp_transport **out);
    void (*close)(struct pp_transport *transport); /* after all its exchanges; NULL is fine */
    enum pp_status (*exchange_new)(struct pp_transport *transport, pp_exchange_done done, void *owner,
                                   struct pp_exchange **out);
    void (*exchange_free)(struct pp_exchange *exchange); /* in any state; NULL is fine */
    /* On an idle exchange; ends in exactly one `done` on a later turn, unless cancelled. `request` is
     * borrowed until then; a slot meets the same few requests again and may keep what it prepared for each.
     * An intended start of 0 means now: the exchange reads the clock anyway. */
    void (*start)(struct pp_exchange *exchange, const struct pp_request *request, int64_t intended_ns);
    /* Gives up what is in flight, with its connection. False: nothing was in flight. *sent: whether the
     * request's first byte had gone out. */
    bool (*cancel)(struct pp_exchange *exchange, bool *sent);
    /* Connections ever established. */
    uint64_t (*connected)(const struct pp_transport *transport);
};

extern const struct pp_exchange_way pp_exchange_h1;
extern const struct pp_exchange_way pp_exchange_curl;

#endif
