#include "exchange_curl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dial_setup.h"

enum { CONN_AGE_MAX_S = 24 * 3600 }; /* libcurl would give up idle connections after two minutes */

/* --- what this libcurl can do ------------------------------------------------------------------- */

enum pp_status pp_curl_supported(const struct pp_target *target)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    int needed =
        (target->tls ? CURL_VERSION_SSL : 0) | (target->unix_path != NULL ? CURL_VERSION_UNIX_SOCKETS : 0) |
        (target->http == PP_HTTP_2 ? CURL_VERSION_HTTP2 : 0) |
        (target->http == PP_HTTP_3 ? CURL_VERSION_HTTP3 : 0) | (target->decompress ? CURL_VERSION_LIBZ : 0);
    bool too_old = info->version_num < 0x075000; /* 7.80: the hook that counts requests sent */
    bool quic_in_clear = target->http == PP_HTTP_3 && !target->tls;
    /* 7.88 breaks when it uses a connection of HTTP/2 without TLS again (curl issue 10634). */
    bool h2_in_clear_broken = target->http == PP_HTTP_2 && !target->tls && info->version_num >> 8 == 0x0758;
    bool lacks = too_old || quic_in_clear || h2_in_clear_broken || (info->features & needed) != needed;
    return lacks ? PP_UNSUPPORTED : PP_OK;
}

/* A redirect may lead from https to http, where nobody but the target itself is expected to speak HTTP/2. */
static long version_for(const struct pp_target *target, bool tls)
{
    if (target->http == PP_HTTP_1_1 || tls < target->tls)
        return CURL_HTTP_VERSION_1_1;
    if (target->http == PP_HTTP_2)
        return tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
#if LIBCURL_VERSION_NUM >= 0x075800
    return CURL_HTTP_VERSION_3ONLY;
#else
    return CURL_HTTP_VERSION_3;
#endif
}

bool pp_curl_version_held(const struct pp_curl_exchange *exchange)
{
    if (exchange->version == CURL_HTTP_VERSION_1_1)
        return true;
    long spoken = 0;
    if (curl_easy_getinfo(exchange->easy, CURLINFO_HTTP_VERSION, &spoken) != CURLE_OK)
        return false;
    return spoken ==
           (exchange->transport->target->http == PP_HTTP_2 ? CURL_HTTP_VERSION_2_0 : CURL_HTTP_VERSION_3);
}

/* --- the easy handle ---------------------------------------------------------------------------- */

static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct pp_curl_exchange *exchange = data;
    curl_socket_t fd = pp_socket_open(&exchange->facts, purpose, address);
    if (fd != CURL_SOCKET_BAD && address->socktype == SOCK_STREAM)
        pp_multi_keep(exchange->shard->multi, fd);
    return fd;
}

/* May come when the exchange is gone: the connection belongs to the shard. */
static int close_socket(void *data, curl_socket_t fd)
{
    struct pp_curl_shard *shard = data;
    if (shard->shared_fd == fd) {
        shard->shared_fd = -1;
        shard->shared_stamp_real_ns = 0;
    }
    return pp_multi_close_socket(shard->multi, fd);
}

/* The last thing libcurl does before it writes a request to a connection that stands. */
static int about_to_send(void *data, char *peer, char *local, int peer_port, int local_port)
{
    (void)peer;
    (void)local;
    (void)peer_port;
    (void)local_port;
    struct pp_curl_exchange *exchange = data;
    exchange->hop_sends++;
    if (exchange->sample.sent_ns == 0)
        exchange->sample.sent_ns = pp_clock_now();
    return CURL_PREREQFUNC_OK;
}

static CURLcode set_callbacks(struct pp_curl_exchange *exchange)
{
    CURL *easy = exchange->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, pp_curl_on_header);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, pp_curl_on_body);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, about_to_send);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, exchange);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, exchange->shard);
    return code;
}

static CURLcode set_features(CURL *easy, const struct pp_curl_transport *transport)
{
    const struct pp_target *target = transport->target;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_USERAGENT, "perfplug/0.1");
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)CONN_AGE_MAX_S);
    if (code == CURLE_OK && target->cookies)
        code = curl_easy_setopt(easy, CURLOPT_COOKIEFILE, ""); /* an empty jar, this exchange's own */
    if (code == CURLE_OK && target->decompress)
        code = curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, ""); /* all that libcurl was built with */
    if (code == CURLE_OK && transport->streams > 1)
        code = curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    return code;
}

static enum pp_status status_of(CURLcode code)
{
    if (code == CURLE_OK)
        return PP_OK;
    return code == CURLE_OUT_OF_MEMORY ? PP_NOMEM : PP_UNSUPPORTED;
}

enum pp_status pp_curl_easy_new(struct pp_curl_exchange *exchange)
{
    exchange->easy = curl_easy_init();
    if (exchange->easy == NULL)
        return PP_NOMEM;
    const struct pp_target *target = exchange->transport->target;
    enum pp_status status = pp_easy_prepare(exchange->easy, target, &exchange->facts);
    if (status != PP_OK)
        return status;
    CURLcode code = set_callbacks(exchange);
    if (code == CURLE_OK)
        code = set_features(exchange->easy, exchange->transport);
    return status_of(code);
}

/* --- headers ------------------------------------------------------------------------------------ */

static bool listed(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcasecmp(name, *names) == 0)
            return true;
    return false;
}

/* What may go along to another origin. Secrets travel under any name (X-Api-Key, ...), so what is not known
 * to be harmless stays behind. */
static bool may_leave(const char *name)
{
    static const char *const harmless[] = {"Accept",
                                           "Accept-Charset",
                                           "Accept-Encoding",
                                           "Accept-Language",
                                           "Content-Type",
                                           "Content-Encoding",
                                           "Content-Language",
                                           "User-Agent",
                                           "Cache-Control",
                                           "Pragma",
                                           NULL};
    return listed(name, harmless);
}

static bool is_about_body(const char *name)
{
    static const char *const about[] = {
        "Content-Type",     "Content-Encoding",  "Content-Language", "Content-Length",
        "Content-Location", "Transfer-Encoding", "Expect",           NULL};
    return listed(name, about);
}

/* Takes *list over and gives it back longer; on failure it is gone. */
static bool append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL) {
        curl_slist_free_all(*list);
        *list = NULL;
        return false;
    }
    *list = longer;
    return true;
}

static bool append_header(struct curl_slist **list, const struct pp_header *header)
{
    size_t size = strlen(header->name) + strlen(header->value) + sizeof ": ";
    char *line = malloc(size);
    if (line == NULL) {
        curl_slist_free_all(*list);
        *list = NULL;
        return false;
    }
    bool empty = header->value[strspn(header->value, " \t")] == '\0';
    if (empty) /* libcurl's spelling of an empty header */
        (void)snprintf(line, size, "%s;", header->name);
    else
        (void)snprintf(line, size, "%s: %s", header->name, header->value);
    bool appended = append(list, line);
    free(line);
    return appended;
}

enum pp_status pp_curl_headers(const struct pp_request *request, bool away, bool drop_body,
                               struct curl_slist **out)
{
    struct curl_slist *list = NULL;
    bool has_type = false, has_expect = false;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct pp_header *header = &request->headers[i];
        if ((away && !may_leave(header->name)) || (drop_body && is_about_body(header->name)))
            continue;
        has_type = has_type || strcasecmp(header->name, "Content-Type") == 0;
        has_expect = has_expect || strcasecmp(header->name, "Expect") == 0;
        if (!append_header(&list, header))
            return PP_NOMEM;
    }
    if (request->has_body && !drop_body) { /* libcurl would add both by itself */
        if (!has_type && !append(&list, "Content-Type:"))
            return PP_NOMEM;
        if (!has_expect && !append(&list, "Expect:"))
            return PP_NOMEM;
    }
    *out = list;
    return PP_OK;
}

/* --- requests ----------------------------------------------------------------------------------- */

static void request_free(struct pp_curl_request *prepared)
{
    if (prepared == NULL)
        return;
    pp_match_free(prepared->match);
    curl_slist_free_all(prepared->headers);
    free(prepared->url);
    free(prepared);
}

void pp_curl_requests_free(struct pp_curl_request *first)
{
    while (first != NULL) {
        struct pp_curl_request *next = first->next;
        request_free(first);
        first = next;
    }
}

static struct pp_curl_request *request_make(const struct pp_target *target, const struct pp_request *request)
{
    struct pp_curl_request *prepared = calloc(1, sizeof *prepared);
    if (prepared == NULL)
        return NULL;
    prepared->request = request;
    prepared->url = pp_target_url(target, request->path);
    if (prepared->url == NULL || pp_curl_headers(request, false, false, &prepared->headers) != PP_OK)
        goto fail;
    if (request->must_hold != NULL &&
        pp_match_prepare(request->must_hold, request->must_hold_length, &prepared->match) != PP_OK)
        goto fail;
    return prepared;
fail:
    request_free(prepared);
    return NULL;
}

const struct pp_curl_request *pp_curl_request_find(struct pp_curl_transport *transport,
                                                   const struct pp_request *request)
{
    for (struct pp_curl_request *known = transport->requests; known != NULL; known = known->next)
        if (known->request == request)
            return known;
    struct pp_curl_request *made = request_make(transport->target, request);
    if (made == NULL)
        return NULL;
    made->next = transport->requests;
    transport->requests = made;
    return made;
}

/* The body is borrowed, not copied. HEAD goes without one: libcurl would wait for a body to come back. */
static CURLcode set_method(struct pp_curl_exchange *exchange)
{
    CURL *easy = exchange->easy;
    const struct pp_request *request = exchange->current->request;
    const char *method = exchange->hop.method;
    bool head = strcmp(method, "HEAD") == 0;
    bool body = request->has_body && !exchange->hop.drop_body && !head;
    CURLcode code = CURLE_OK;
    if (body) {
        code = curl_easy_setopt(easy, CURLOPT_POST, 1L);
        if (code == CURLE_OK)
            code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
        if (code == CURLE_OK)
            code = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body_length > 0 ? request->body : "");
    } else {
        code = curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        if (code == CURLE_OK && head)
            code = curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    }
    bool implied = head || strcmp(method, body ? "POST" : "GET") == 0;
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, implied ? NULL : method);
}

enum pp_status pp_curl_apply(struct pp_curl_exchange *exchange, const char *url, bool tls,
                             struct curl_slist *headers)
{
    exchange->applied = NULL;
    exchange->version = version_for(exchange->transport->target, tls);
    CURLcode code = curl_easy_setopt(exchange->easy, CURLOPT_URL, url);
    if (code == CURLE_OK)
        code = curl_easy_setopt(exchange->easy, CURLOPT_HTTP_VERSION, exchange->version);
    if (code == CURLE_OK)
        code = curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, headers);
    if (code == CURLE_OK)
        code = set_method(exchange);
    return status_of(code);
}
