/* Threads: everything here belongs to the worker that owns the loop.
 *
 * A dialled easy handle stays in its multi for as long as its connection is used: taking it out is what
 * closes the connection. curl_easy_send and curl_easy_recv look their connection up by walking all those of
 * the multi, so TLS connections are spread over several multis of bounded size; a plain connection is read
 * and written directly and one multi carries any number of them. The multis of a dialler share one DNS cache.
 */
#include "dial.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "dial_conn.h"
#include "dial_error.h"
#include "dial_multi.h"
#include "dial_setup.h"

enum {
    DIALS_AT_ONCE = 256, /* more would only overflow the server's accept queue and wait for its retransmits */
    TLS_CONNS_A_MULTI = 32, /* bounds libcurl's walk on each TLS send and receive */
    EASY_BUFFER = 1024,     /* libcurl's least: these handles never read a body themselves */
};

struct pp_shard {
    struct pp_multi *multi;
    size_t conns;
};

struct pp_dialer {
    struct pp_loop *loop;           /* borrowed */
    const struct pp_target *target; /* borrowed */
    bool target_is_address;
    char *url; /* owned */
    CURLSH *share;
    struct pp_shard *shards; /* owned, shard_count of them */
    size_t shard_count;
    size_t dialling; /* at most DIALS_AT_ONCE; further ones wait in the queue */
    struct pp_conn *queue_head, *queue_tail;
};

/* --- the queue of dials ------------------------------------------------------------------------ */

static void queue_push(struct pp_dialer *dialer, struct pp_conn *conn)
{
    conn->queue_next = NULL;
    conn->queue_previous = dialer->queue_tail;
    if (dialer->queue_tail != NULL)
        dialer->queue_tail->queue_next = conn;
    else
        dialer->queue_head = conn;
    dialer->queue_tail = conn;
    conn->state = PP_CONN_QUEUED;
}

static void queue_remove(struct pp_dialer *dialer, struct pp_conn *conn)
{
    if (conn->queue_previous != NULL)
        conn->queue_previous->queue_next = conn->queue_next;
    else
        dialer->queue_head = conn->queue_next;
    if (conn->queue_next != NULL)
        conn->queue_next->queue_previous = conn->queue_previous;
    else
        dialer->queue_tail = conn->queue_previous;
    conn->queue_next = conn->queue_previous = NULL;
    conn->state = PP_CONN_IDLE;
}

/* Tells a failure from the loop, on the next turn: callers of pp_conn_dial are not re-entered. */
static void fail_later(struct pp_conn *conn, enum pp_error error)
{
    conn->state = PP_CONN_IDLE;
    conn->failure = error;
    /* Should there be no memory for a timer, the caller's own deadline ends the attempt. */
    enum pp_status armed = pp_loop_arm(conn->dialer->loop, &conn->start, 0);
    (void)armed;
}

static void dial_now(struct pp_conn *conn)
{
    conn->facts = (struct pp_socket_facts){.open_errno = 0, .fd = -1};
    conn->last_stamp_real_ns = 0;
    conn->state = PP_CONN_DIALLING;
    conn->dialer->dialling++;
    if (pp_multi_add(conn->shard->multi, conn->easy) != PP_OK) {
        conn->dialer->dialling--;
        fail_later(conn, PP_ERROR_CLIENT_MEMORY);
    }
}

static void dial_queued(struct pp_dialer *dialer)
{
    while (dialer->queue_head != NULL && dialer->dialling < DIALS_AT_ONCE) {
        struct pp_conn *conn = dialer->queue_head;
        queue_remove(dialer, conn);
        dial_now(conn);
    }
}

/* --- a dial's end ------------------------------------------------------------------------------ */

static int64_t info_ns(CURL *easy, CURLINFO info)
{
    curl_off_t us = 0;
    return curl_easy_getinfo(easy, info, &us) == CURLE_OK ? (int64_t)us * PP_NS_PER_US : 0;
}

static void read_times(struct pp_conn *conn)
{
    int64_t dns_ns = info_ns(conn->easy, CURLINFO_NAMELOOKUP_TIME_T);
    int64_t connect_ns = info_ns(conn->easy, CURLINFO_CONNECT_TIME_T);
    int64_t tls_ns = info_ns(conn->easy, CURLINFO_APPCONNECT_TIME_T);
    conn->times.dns_ns = conn->dialer->target_is_address ? -1 : dns_ns;
    conn->times.connect_ns = connect_ns - dns_ns;
    conn->times.tls_ns = conn->dialer->target->tls ? tls_ns - connect_ns : -1;
}

static void conn_ready(struct pp_watch *watch, unsigned ready)
{
    struct pp_conn *conn = (struct pp_conn *)((char *)watch - offsetof(struct pp_conn, watch));
    conn->handler->ready(conn->owner, ready);
}

/* Takes over the descriptor that libcurl connected. */
static enum pp_error take_socket(struct pp_conn *conn)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (curl_easy_getinfo(conn->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD)
        return PP_ERROR_CONNECT_FAILED;
    pp_multi_forget(conn->shard->multi, fd);
    enum pp_status status = pp_loop_watch(conn->dialer->loop, &conn->watch, fd, PP_READY_READ);
    if (status != PP_OK)
        return PP_ERROR_CLIENT_MEMORY;
    return PP_ERROR_NONE;
}

static void dial_done(void *owner, CURL *easy, CURLcode code)
{
    struct pp_dialer *dialer = owner;
    struct pp_conn *conn = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&conn) != CURLE_OK || conn == NULL)
        return;
    if (conn->state != PP_CONN_DIALLING)
        return;
    dialer->dialling--;
    enum pp_error error = PP_ERROR_NONE;
    if (code == CURLE_OK)
        error = take_socket(conn);
    else
        error = pp_error_of_curl(easy, code, &conn->facts, false);
    if (error == PP_ERROR_NONE) {
        conn->state = PP_CONN_OPEN;
        read_times(conn);
    } else {
        pp_multi_remove(conn->shard->multi, easy);
        conn->state = PP_CONN_IDLE;
    }
    dial_queued(dialer);
    conn->handler->dialled(conn->owner, error);
}

static void conn_start_due(struct pp_timer *timer, int64_t now_ns)
{
    (void)now_ns;
    struct pp_conn *conn = (struct pp_conn *)((char *)timer - offsetof(struct pp_conn, start));
    conn->handler->dialled(conn->owner, conn->failure);
}

/* --- dialler ----------------------------------------------------------------------------------- */

static bool is_address(const char *host)
{
    unsigned char buffer[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, buffer) == 1 || inet_pton(AF_INET6, host, buffer) == 1;
}

static enum pp_status open_shards(struct pp_dialer *dialer, size_t conns)
{
    size_t count = dialer->target->tls ? (conns + TLS_CONNS_A_MULTI - 1) / TLS_CONNS_A_MULTI : 1;
    if (count == 0)
        count = 1;
    dialer->shards = calloc(count, sizeof(*dialer->shards));
    if (dialer->shards == NULL)
        return PP_NOMEM;
    for (; dialer->shard_count < count; dialer->shard_count++) {
        struct pp_shard *shard = &dialer->shards[dialer->shard_count];
        enum pp_status status = pp_multi_new(dialer->loop, dial_done, NULL, dialer, &shard->multi);
        if (status != PP_OK)
            return status;
        long keep = (long)(dialer->target->tls ? TLS_CONNS_A_MULTI : conns) + 1;
        (void)curl_multi_setopt(pp_multi_handle(shard->multi), CURLMOPT_MAXCONNECTS, keep);
    }
    return PP_OK;
}

enum pp_status pp_dialer_new(struct pp_loop *loop, const struct pp_target *target, size_t conns,
                             struct pp_dialer **out)
{
    enum pp_status status = PP_NOMEM;
    struct pp_dialer *dialer = calloc(1, sizeof(*dialer));
    if (dialer == NULL)
        return PP_NOMEM;
    dialer->loop = loop;
    dialer->target = target;
    dialer->target_is_address = target->unix_path != NULL || is_address(target->host);
    dialer->url = pp_target_url(target, "/");
    if (dialer->url == NULL)
        goto fail;
    status = open_shards(dialer, conns);
    if (status != PP_OK)
        goto fail;
    status = PP_NOMEM;
    dialer->share = curl_share_init();
    if (dialer->share == NULL)
        goto fail;
    if (curl_share_setopt(dialer->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) != CURLSHE_OK)
        goto fail;
    *out = dialer;
    return PP_OK;
fail:
    pp_dialer_free(dialer);
    return status;
}

void pp_dialer_free(struct pp_dialer *dialer)
{
    if (dialer == NULL)
        return;
    for (size_t i = 0; i < dialer->shard_count; i++)
        pp_multi_free(dialer->shards[i].multi);
    free(dialer->shards);
    if (dialer->share != NULL)
        (void)curl_share_cleanup(dialer->share);
    free(dialer->url);
    free(dialer);
}

static struct pp_shard *emptiest_shard(struct pp_dialer *dialer)
{
    struct pp_shard *best = &dialer->shards[0];
    for (size_t i = 1; i < dialer->shard_count && best->conns > 0; i++)
        if (dialer->shards[i].conns < best->conns)
            best = &dialer->shards[i];
    return best;
}

/* --- connections ------------------------------------------------------------------------------- */

static enum pp_status conn_easy(struct pp_conn *conn)
{
    struct pp_dialer *dialer = conn->dialer;
    conn->easy = curl_easy_init();
    if (conn->easy == NULL)
        return PP_NOMEM;
    enum pp_status status = pp_easy_prepare(conn->easy, dialer->target, &conn->facts);
    if (status != PP_OK)
        return status;
    if (curl_easy_setopt(conn->easy, CURLOPT_URL, dialer->url) != CURLE_OK ||
        curl_easy_setopt(conn->easy, CURLOPT_PRIVATE, conn) != CURLE_OK ||
        curl_easy_setopt(conn->easy, CURLOPT_CONNECT_ONLY, 1L) != CURLE_OK ||
        curl_easy_setopt(conn->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) != CURLE_OK ||
        curl_easy_setopt(conn->easy, CURLOPT_BUFFERSIZE, (long)EASY_BUFFER) != CURLE_OK ||
        curl_easy_setopt(conn->easy, CURLOPT_ERRORBUFFER, conn->trouble) != CURLE_OK ||
        curl_easy_setopt(conn->easy, CURLOPT_SHARE, dialer->share) != CURLE_OK)
        return PP_NOMEM;
    return PP_OK;
}

enum pp_status pp_conn_new(struct pp_dialer *dialer, const struct pp_conn_handler *handler, void *owner,
                           struct pp_conn **out)
{
    struct pp_conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL)
        return PP_NOMEM;
    conn->dialer = dialer;
    conn->loop = dialer->loop;
    conn->tls = dialer->target->tls;
    conn->handler = handler;
    conn->owner = owner;
    conn->watch.ready = conn_ready;
    conn->start.fire = conn_start_due;
    conn->shard = emptiest_shard(dialer);
    conn->shard->conns++;
    enum pp_status status = conn_easy(conn);
    if (status != PP_OK) {
        pp_conn_free(conn);
        return status;
    }
    *out = conn;
    return PP_OK;
}

void pp_conn_free(struct pp_conn *conn)
{
    if (conn == NULL)
        return;
    pp_conn_close(conn);
    conn->shard->conns--;
    if (conn->easy != NULL)
        curl_easy_cleanup(conn->easy);
    free(conn);
}

void pp_conn_dial(struct pp_conn *conn)
{
    if (conn->dialer->dialling < DIALS_AT_ONCE)
        dial_now(conn);
    else
        queue_push(conn->dialer, conn);
}

void pp_conn_close(struct pp_conn *conn)
{
    struct pp_dialer *dialer = conn->dialer;
    enum pp_conn_state was = conn->state;
    pp_loop_disarm(dialer->loop, &conn->start);
    if (was == PP_CONN_QUEUED)
        queue_remove(dialer, conn);
    if (was == PP_CONN_OPEN)
        pp_loop_unwatch(dialer->loop, &conn->watch);
    if (was == PP_CONN_OPEN || was == PP_CONN_DIALLING)
        pp_multi_remove(conn->shard->multi, conn->easy);
    conn->state = PP_CONN_IDLE;
    if (was == PP_CONN_DIALLING) {
        dialer->dialling--;
        dial_queued(dialer);
    }
}

bool pp_conn_open(const struct pp_conn *conn)
{
    return conn->state == PP_CONN_OPEN;
}

const struct pp_dial_times *pp_conn_times(const struct pp_conn *conn)
{
    return &conn->times;
}
