/* All that libcurl knows, behind the interface of exchange.h: transports, exchanges and their deadlines.
 *
 * libcurl looks for a free connection by walking all those of a multi handle, so exchanges are spread over
 * several. It sends a request again by itself when a reused connection dies before the first byte of the
 * answer. That is not prevented, but counted: `resent`. */
#include "exchange_curl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

enum {
    SHARD_SIZE = 32,    /* exchanges a multi */
    CONNS_PER_SLOT = 4, /* kept open: an exchange may be redirected to and fro between a few origins */
};

static struct pp_curl_exchange *own(struct pp_exchange *exchange)
{
    return (struct pp_curl_exchange *)exchange;
}

/* --- the end of a request ------------------------------------------------------------------------ */

/* Takes the easy handle back from libcurl, with all that belongs to the request. */
static void put_away(struct pp_curl_exchange *exchange)
{
    if (exchange->state == PP_CURL_RUNNING)
        pp_multi_remove(exchange->shard->multi, exchange->easy);
    exchange->state = PP_CURL_IDLE;
    if (exchange->hop.headers != NULL) {
        curl_slist_free_all(exchange->hop.headers);
        exchange->hop.headers = NULL;
    }
}

/* Last thing done with the exchange: the handler may start, cancel or free it. */
static void finish(struct pp_curl_exchange *exchange, enum pp_error error)
{
    pp_curl_note_end(exchange);
    put_away(exchange);
    exchange->sample.error = error;
    exchange->done(exchange->owner, &exchange->sample);
}

static enum pp_error judge(const struct pp_curl_exchange *exchange)
{
    const struct pp_curl_request *current = exchange->current;
    if (!pp_request_accepts(current->request, exchange->reply.status))
        return PP_ERROR_STATUS;
    if (current->match != NULL && !pp_match_found(current->match, exchange->reply.match_state))
        return PP_ERROR_CONTENT;
    return PP_ERROR_NONE;
}

static enum pp_status send_hop(struct pp_curl_exchange *exchange)
{
    exchange->facts = (struct pp_socket_facts){.open_errno = 0, .fd = -1};
    exchange->reply = (struct pp_curl_reply){.status = 0};
    exchange->hop_sends = 0;
    return pp_multi_add(exchange->shard->multi, exchange->easy);
}

static void next_hop(struct pp_curl_exchange *exchange)
{
    pp_multi_remove(exchange->shard->multi, exchange->easy);
    if (send_hop(exchange) == PP_OK)
        return;
    exchange->state = PP_CURL_FAILING; /* it is no longer with libcurl */
    finish(exchange, PP_ERROR_CLIENT_MEMORY);
}

static void transfer_done(void *owner, CURL *easy, CURLcode code)
{
    (void)owner;
    struct pp_curl_exchange *exchange = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&exchange) != CURLE_OK || exchange == NULL)
        return;
    bool again = false;
    enum pp_error error = pp_curl_outcome(exchange, code);
    pp_curl_note_hop(exchange);
    if (error == PP_ERROR_NONE)
        error = pp_curl_redirect(exchange, &again);
    if (again) {
        next_hop(exchange);
        return;
    }
    finish(exchange, error != PP_ERROR_NONE ? error : judge(exchange));
}

/* --- deadlines ----------------------------------------------------------------------------------- */

/* Cannot fail twice: the reserve gives its room in the loop to the timer that found none. */
static void arm(struct pp_curl_exchange *exchange, int64_t due_ns)
{
    struct pp_loop *loop = exchange->transport->loop;
    exchange->timer_due_ns = due_ns;
    if (pp_loop_arm(loop, &exchange->timer, due_ns) == PP_OK)
        return;
    pp_loop_disarm(loop, &exchange->transport->reserve);
    if (pp_loop_arm(loop, &exchange->timer, due_ns) != PP_OK)
        abort();
}

static void reserve_due(struct pp_timer *timer, int64_t now_ns)
{
    (void)timer; /* the end of time */
    (void)now_ns;
}

/* A deadline seldom comes: the timer of an earlier request is left to fire and is then set to the current
 * one. */
static void set_deadline(struct pp_curl_exchange *exchange, int64_t deadline_ns)
{
    exchange->deadline_ns = deadline_ns;
    exchange->overdue = false;
    if (exchange->timer_due_ns > deadline_ns)
        arm(exchange, deadline_ns);
}

static void time_out(struct pp_curl_exchange *exchange)
{
    enum pp_error error = exchange->sample.sent_ns != 0 ? PP_ERROR_TIMEOUT : PP_ERROR_CONNECT_TIMEOUT;
    pp_curl_note_hop(exchange);
    finish(exchange, error);
}

static void timer_due(struct pp_timer *timer, int64_t now_ns)
{
    struct pp_curl_exchange *exchange =
        (struct pp_curl_exchange *)((char *)timer - offsetof(struct pp_curl_exchange, timer));
    exchange->timer_due_ns = INT64_MAX;
    exchange->transport->stamp_real_ns = 0;
    if (exchange->state == PP_CURL_FAILING) {
        finish(exchange, exchange->failure);
    } else if (exchange->state == PP_CURL_RUNNING && now_ns < exchange->deadline_ns) {
        arm(exchange, exchange->deadline_ns);
    } else if (exchange->state == PP_CURL_RUNNING && !exchange->overdue) {
        exchange->overdue = true; /* a client that was held up reads first what came in time */
        arm(exchange, 0);
    } else if (exchange->state == PP_CURL_RUNNING) {
        time_out(exchange);
    }
}

/* --- exchanges ----------------------------------------------------------------------------------- */

static void fail_later(struct pp_curl_exchange *exchange, enum pp_error error)
{
    exchange->state = PP_CURL_FAILING;
    exchange->failure = error;
    arm(exchange, 0);
}

static bool apply_request(struct pp_curl_exchange *exchange, const struct pp_request *request)
{
    if (exchange->current == NULL || exchange->current->request != request)
        exchange->current = pp_curl_request_find(exchange->transport, request);
    if (exchange->current == NULL)
        return false;
    exchange->hop = (struct pp_curl_hop){.method = request->method};
    if (exchange->applied == exchange->current)
        return true;
    if (pp_curl_apply(exchange, exchange->current->url, exchange->transport->target->tls,
                      exchange->current->headers) != PP_OK)
        return false;
    exchange->applied = exchange->current;
    return true;
}

static void exchange_start(struct pp_exchange *public, const struct pp_request *request, int64_t intended_ns)
{
    struct pp_curl_exchange *exchange = own(public);
    int64_t now_ns = pp_clock_now();
    exchange->sample = (struct pp_sample){.intended_ns = intended_ns != 0 ? intended_ns : now_ns,
                                          .start_ns = now_ns,
                                          .dns_ns = -1,
                                          .connect_ns = -1,
                                          .tls_ns = -1};
    exchange->state = PP_CURL_RUNNING;
    if (!apply_request(exchange, request) || send_hop(exchange) != PP_OK)
        fail_later(exchange, PP_ERROR_CLIENT_MEMORY);
    else
        set_deadline(exchange, now_ns + request->timeout_ns);
}

static bool exchange_cancel(struct pp_exchange *public, bool *sent)
{
    struct pp_curl_exchange *exchange = own(public);
    *sent = false;
    if (exchange->state == PP_CURL_IDLE)
        return false;
    if (exchange->state == PP_CURL_RUNNING)
        pp_curl_note_hop(exchange); /* for the connection it may have made */
    *sent = exchange->sample.sent_ns != 0;
    put_away(exchange);
    return true;
}

static void exchange_free(struct pp_exchange *public)
{
    struct pp_curl_exchange *exchange = own(public);
    if (exchange == NULL)
        return;
    put_away(exchange);
    pp_loop_disarm(exchange->transport->loop, &exchange->timer);
    exchange->shard->exchanges--;
    if (exchange->easy != NULL)
        curl_easy_cleanup(exchange->easy);
    free(exchange);
}

static struct pp_curl_shard *free_shard(struct pp_curl_transport *transport)
{
    for (size_t i = 0; i < transport->shard_count; i++)
        if (transport->shards[i].exchanges < transport->shard_size)
            return &transport->shards[i];
    return &transport->shards[0]; /* more exchanges than were announced */
}

static enum pp_status exchange_new(struct pp_transport *public, pp_exchange_done done, void *owner,
                                   struct pp_exchange **out)
{
    struct pp_curl_transport *transport = (struct pp_curl_transport *)public;
    struct pp_curl_exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL)
        return PP_NOMEM;
    exchange->transport = transport;
    exchange->done = done;
    exchange->owner = owner;
    exchange->timer.fire = timer_due;
    exchange->timer_due_ns = INT64_MAX;
    exchange->shard = free_shard(transport);
    exchange->shard->exchanges++;
    enum pp_status status = pp_curl_easy_new(exchange);
    if (status != PP_OK) {
        exchange_free((struct pp_exchange *)exchange);
        return status;
    }
    *out = (struct pp_exchange *)exchange;
    return PP_OK;
}

/* --- the transport ------------------------------------------------------------------------------- */

/* On a connection that streams share, libcurl reads what has come for all when it has to do with one of them,
 * and hands it out later: when nothing new waits, it is what came last that is being handed out. */
static int64_t look(struct pp_curl_shard *shard, int fd, size_t *queued)
{
    int64_t stamp = pp_socket_peek_stamp(fd, queued);
    if (fd != shard->shared_fd)
        return stamp;
    if (*queued > 0)
        shard->shared_stamp_real_ns = stamp;
    return shard->shared_stamp_real_ns;
}

/* Before libcurl reads: afterwards the kernel has forgotten when it came. */
static void turn(void *owner, int fd)
{
    struct pp_curl_shard *shard = owner;
    struct pp_curl_transport *transport = shard->transport;
    transport->stamp_real_ns = 0;
    transport->stamp_is_last = false;
    transport->broken = false;
    if (transport->streams > 1 && transport->target->max_redirects == 0) {
        if (fd < 0)
            fd = shard->shared_fd;
        shard->shared_fd = fd;
    }
    if (fd < 0 || transport->target->unix_path != NULL)
        return;
    size_t queued = 0;
    transport->stamp_real_ns = look(shard, fd, &queued);
    transport->broken = queued == 0 && pp_errno_is_reset(errno);
    transport->stamp_is_last = queued < PP_PEEK_MAX;
}

static bool limit_connections(const struct pp_curl_transport *transport, CURLM *curl)
{
    long kept = (long)(transport->shard_size * CONNS_PER_SLOT);
    if (curl_multi_setopt(curl, CURLMOPT_MAXCONNECTS, kept) != CURLM_OK)
        return false;
    if (transport->streams == 1)
        return curl_multi_setopt(curl, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) == CURLM_OK;
    return curl_multi_setopt(curl, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX) == CURLM_OK &&
           curl_multi_setopt(curl, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)transport->streams) == CURLM_OK &&
           curl_multi_setopt(curl, CURLMOPT_MAX_HOST_CONNECTIONS, 1L) == CURLM_OK;
}

static enum pp_status open_shards(struct pp_curl_transport *transport, size_t slots)
{
    transport->shard_size = transport->streams > 1 ? transport->streams : SHARD_SIZE;
    size_t count = slots == 0 ? 1 : (slots + transport->shard_size - 1) / transport->shard_size;
    transport->shards = calloc(count, sizeof *transport->shards);
    if (transport->shards == NULL)
        return PP_NOMEM;
    for (; transport->shard_count < count; transport->shard_count++) {
        struct pp_curl_shard *shard = &transport->shards[transport->shard_count];
        shard->transport = transport;
        shard->shared_fd = -1;
        enum pp_status status = pp_multi_new(transport->loop, transfer_done, turn, shard, &shard->multi);
        if (status != PP_OK)
            return status;
        if (!limit_connections(transport, pp_multi_handle(shard->multi))) {
            transport->shard_count++;
            return PP_UNSUPPORTED;
        }
    }
    return PP_OK;
}

static void transport_close(struct pp_transport *public)
{
    struct pp_curl_transport *transport = (struct pp_curl_transport *)public;
    if (transport == NULL)
        return;
    for (size_t i = 0; i < transport->shard_count; i++)
        pp_multi_free(transport->shards[i].multi);
    free(transport->shards);
    pp_curl_requests_free(transport->requests);
    pp_loop_disarm(transport->loop, &transport->reserve);
    free(transport);
}

static bool is_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static enum pp_status transport_open(struct pp_loop *loop, const struct pp_target *target, size_t slots,
                                     struct pp_transport **out)
{
    enum pp_status status = pp_curl_supported(target);
    if (status != PP_OK)
        return status;
    struct pp_curl_transport *transport = calloc(1, sizeof *transport);
    if (transport == NULL)
        return PP_NOMEM;
    transport->loop = loop;
    transport->target = target;
    transport->by_name = target->unix_path == NULL && !is_address(target->host);
    transport->streams = target->http != PP_HTTP_1_1 && target->streams > 1 ? target->streams : 1;
    transport->reserve.fire = reserve_due;
    status = pp_loop_arm(loop, &transport->reserve, INT64_MAX);
    if (status == PP_OK)
        status = open_shards(transport, slots);
    if (status != PP_OK) {
        transport_close((struct pp_transport *)transport);
        return status;
    }
    *out = (struct pp_transport *)transport;
    return PP_OK;
}

static uint64_t transport_connected(const struct pp_transport *public)
{
    return ((const struct pp_curl_transport *)public)->connected;
}

const struct pp_exchange_way pp_exchange_curl = {
    .name = "curl",
    .open = transport_open,
    .close = transport_close,
    .exchange_new = exchange_new,
    .exchange_free = exchange_free,
    .start = exchange_start,
    .cancel = exchange_cancel,
    .connected = transport_connected,
};
