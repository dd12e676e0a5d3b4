/* What the files of the curl way share; private to them.
 *
 * exchange_curl.c          transport, exchange, deadlines
 * exchange_curl_request.c  a request as options of an easy handle
 * exchange_curl_reply.c    the response as it comes in
 * exchange_curl_sample.c   the sample's times and counts
 * exchange_curl_redirect.c where a redirect may lead and what goes with it
 *
 * Threads: all of it belongs to the worker that owns the loop. */
#ifndef PP_EXCHANGE_CURL_H
#define PP_EXCHANGE_CURL_H

#include <curl/curl.h>

#include "dial_error.h"
#include "dial_multi.h"
#include "exchange.h"
#include "match.h"

/* A request made ready once, for all exchanges of a transport. */
struct pp_curl_request {
    const struct pp_request *request; /* borrowed; its address is the key */
    char *url;                        /* owned */
    struct curl_slist *headers;       /* owned; NULL: none beyond libcurl's own */
    struct pp_match *match;           /* owned; NULL: the body may hold anything */
    struct pp_curl_request *next;
};

/* A multi handle and the exchanges on it: at most SHARD_SIZE, or those that share one connection. */
struct pp_curl_shard {
    struct pp_curl_transport *transport; /* borrowed */
    struct pp_multi *multi;              /* owned */
    size_t exchanges;
    int shared_fd;                /* of the connection that all of them share, once it was read; -1 */
    int64_t shared_stamp_real_ns; /* of what was last read there */
};

struct pp_curl_transport {
    struct pp_loop *loop;           /* borrowed */
    const struct pp_target *target; /* borrowed */
    struct pp_curl_shard *shards;   /* owned, shard_count of them */
    size_t shard_count, shard_size;
    size_t streams;                   /* that share a connection; 1: none do */
    struct pp_curl_request *requests; /* owned list */
    struct pp_timer reserve; /* room in the loop, should there be no memory for an exchange's timer */
    bool by_name;            /* the host has to be resolved */
    uint64_t connected;
    int64_t stamp_real_ns; /* of the descriptor libcurl reads in this turn, 0: none */
    bool stamp_is_last;    /* nothing waits behind it */
    bool broken;           /* the look at it found the connection broken, which libcurl will not see */
};

/* The response that is coming in: that of the hop under way. */
struct pp_curl_reply {
    int status; /* of the final response, 0 until it has begun */
    uint64_t header_bytes, body_bytes;
    uint64_t content_length;
    size_t match_state;
    bool has_length, has_location;
    enum pp_error error; /* what our callbacks stopped it for */
};

enum pp_curl_state {
    PP_CURL_IDLE,
    PP_CURL_RUNNING,
    PP_CURL_FAILING, /* never reached libcurl; the failure is told on the next turn */
};

/* How the hop under way differs from the request as given. */
struct pp_curl_hop {
    unsigned count; /* redirects followed */
    bool away;      /* has left the origin: no headers of the user's that might be secrets */
    bool drop_body; /* became a GET */
    const char *method;
    struct curl_slist *headers; /* owned; NULL on the first hop */
};

struct pp_curl_exchange {
    struct pp_curl_transport *transport; /* borrowed */
    struct pp_curl_shard *shard;
    pp_exchange_done done;
    void *owner;
    CURL *easy; /* owned */
    struct pp_socket_facts facts;
    enum pp_curl_state state;
    const struct pp_curl_request *current; /* being sent */
    const struct pp_curl_request *applied; /* what the easy handle's options say; NULL: something else */
    long version;                          /* asked for, CURL_HTTP_VERSION_... */
    struct pp_curl_hop hop;
    struct pp_curl_reply reply;
    unsigned hop_sends;    /* how often libcurl sent the request of the hop under way */
    struct pp_timer timer; /* armed at or before the deadline; looked at again when it fires */
    int64_t timer_due_ns;  /* INT64_MAX when it is not armed */
    int64_t deadline_ns;
    bool overdue;          /* the deadline has passed; what waits in the same turn still counts */
    enum pp_error failure; /* when failing */
    struct pp_sample sample;
};

/* --- exchange_curl_request.c --- */

/* PP_UNSUPPORTED when this libcurl lacks what the target asks for. */
PP_MUST_CHECK enum pp_status pp_curl_supported(const struct pp_target *target);

/* Creates the easy handle, with all that no request changes. */
PP_MUST_CHECK enum pp_status pp_curl_easy_new(struct pp_curl_exchange *exchange);

/* Finds or makes; the transport owns it. NULL: no memory. */
const struct pp_curl_request *pp_curl_request_find(struct pp_curl_transport *transport,
                                                   const struct pp_request *request);
void pp_curl_requests_free(struct pp_curl_request *first);

/* The user's headers and what switches off libcurl's own additions. *out is the caller's, NULL when empty. */
PP_MUST_CHECK enum pp_status pp_curl_headers(const struct pp_request *request, bool away, bool drop_body,
                                             struct curl_slist **out);

/* Sets the options that differ from request to request and from hop to hop. */
PP_MUST_CHECK enum pp_status pp_curl_apply(struct pp_curl_exchange *exchange, const char *url, bool tls,
                                           struct curl_slist *headers);

/* Whether the response came in the HTTP version that was asked for. */
bool pp_curl_version_held(const struct pp_curl_exchange *exchange);

/* --- exchange_curl_reply.c --- */

/* CURLOPT_HEADERFUNCTION and CURLOPT_WRITEFUNCTION; data is the exchange. */
size_t pp_curl_on_header(char *bytes, size_t size, size_t count, void *data);
size_t pp_curl_on_body(char *bytes, size_t size, size_t count, void *data);
/* The class of a transfer that libcurl ended with `code`, without looking at the expectation. */
enum pp_error pp_curl_outcome(const struct pp_curl_exchange *exchange, CURLcode code);

/* --- exchange_curl_sample.c --- */

/* When what is being read in this turn reached this host. False: only the user-space time `now_ns` is known.
 */
bool pp_curl_arrived(const struct pp_curl_exchange *exchange, int64_t now_ns, int64_t *arrived_ns);

/* After each hop, before its easy handle is used for anything else. */
void pp_curl_note_hop(struct pp_curl_exchange *exchange);
/* Once, at the end. */
void pp_curl_note_end(struct pp_curl_exchange *exchange);

/* --- exchange_curl_redirect.c --- */

/* After a whole response: *again when the easy handle is now set up for the next hop; otherwise the
 * response stands, or the error says why it may not be followed. */
PP_MUST_CHECK enum pp_error pp_curl_redirect(struct pp_curl_exchange *exchange, bool *again);

#endif
