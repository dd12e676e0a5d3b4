/* Redirects are followed here and never by libcurl, which would go anywhere. A hop leads to the origin's own
 * host or to one the user has listed, by http or https; what may be a secret does not leave the origin. */
#include "exchange_curl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct place {
    CURLU *url; /* owned */
    char *scheme, *host, *port;
    bool tls;
};

static void place_close(struct place *place)
{
    curl_free(place->port);
    curl_free(place->host);
    curl_free(place->scheme);
    curl_url_cleanup(place->url);
}

static bool part(const struct place *place, CURLUPart which, unsigned flags, char **out)
{
    return curl_url_get(place->url, which, out, flags) == CURLUE_OK;
}

/* False: not a place one can go to. Names and passwords in the address are left out. */
static bool place_open(struct place *place, const char *text)
{
    *place = (struct place){.url = curl_url()};
    if (place->url == NULL ||
        curl_url_set(place->url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_set(place->url, CURLUPART_USER, NULL, 0) != CURLUE_OK ||
        curl_url_set(place->url, CURLUPART_PASSWORD, NULL, 0) != CURLUE_OK ||
        !part(place, CURLUPART_SCHEME, 0, &place->scheme) || !part(place, CURLUPART_HOST, 0, &place->host) ||
        !part(place, CURLUPART_PORT, CURLU_DEFAULT_PORT, &place->port))
        return false;
    place->tls = strcasecmp(place->scheme, "https") == 0;
    return place->tls || strcasecmp(place->scheme, "http") == 0;
}

/* `host` as libcurl writes it: IPv6 in brackets. */
static bool same_host(const char *host, const char *name)
{
    size_t length = strlen(host);
    if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
        host++;
        length -= 2;
    }
    return strlen(name) == length && strncasecmp(host, name, length) == 0;
}

static bool host_allowed(const struct pp_target *target, const char *host)
{
    if (same_host(host, target->host))
        return true;
    if (target->unix_path != NULL ||
        target->redirect_hosts == NULL) /* a unix socket leads to one host only */
        return false;
    for (const char *const *name = target->redirect_hosts; *name != NULL; name++)
        if (same_host(host, *name))
            return true;
    return false;
}

static bool same_origin(const struct pp_target *target, const struct place *place)
{
    return place->tls == target->tls && same_host(place->host, target->host) &&
           strtoul(place->port, NULL, 10) == target->port;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* RFC 9110, 15.4: after 303 anything but HEAD becomes GET; after 301 and 302 a POST does, as everywhere. */
static bool becomes_get(int status, const char *method)
{
    if (status == 303)
        return strcmp(method, "HEAD") != 0;
    return (status == 301 || status == 302) && strcmp(method, "POST") == 0;
}

static enum pp_error go(struct pp_curl_exchange *exchange, const struct place *place)
{
    struct pp_curl_hop *hop = &exchange->hop;
    if (becomes_get(exchange->reply.status, hop->method)) {
        hop->method = "GET";
        hop->drop_body = true;
    }
    if (!same_origin(exchange->transport->target, place))
        hop->away = true;
    hop->count++;
    char *url = NULL;
    struct curl_slist *headers = NULL;
    enum pp_error error = PP_ERROR_CLIENT_MEMORY;
    if (part(place, CURLUPART_URL, 0, &url) &&
        pp_curl_headers(exchange->current->request, hop->away, hop->drop_body, &headers) == PP_OK &&
        pp_curl_apply(exchange, url, place->tls, headers) == PP_OK)
        error = PP_ERROR_NONE;
    curl_slist_free_all(
        hop->headers); /* the easy handle no longer points to them, or will not be used again */
    hop->headers = headers;
    curl_free(url);
    return error;
}

enum pp_error pp_curl_redirect(struct pp_curl_exchange *exchange, bool *again)
{
    const struct pp_target *target = exchange->transport->target;
    *again = false;
    if (target->max_redirects == 0 || !is_redirect(exchange->reply.status) || !exchange->reply.has_location)
        return PP_ERROR_NONE;
    if (exchange->hop.count >= target->max_redirects)
        return PP_ERROR_REDIRECT_LIMIT;
    char *text = NULL; /* libcurl's, until the next transfer */
    if (curl_easy_getinfo(exchange->easy, CURLINFO_REDIRECT_URL, &text) != CURLE_OK || text == NULL)
        return PP_ERROR_REDIRECT_REFUSED;
    struct place place;
    enum pp_error error = PP_ERROR_REDIRECT_REFUSED;
    if (place_open(&place, text) && host_allowed(target, place.host)) {
        error = go(exchange, &place);
        *again = error == PP_ERROR_NONE;
    }
    place_close(&place);
    return error;
}
