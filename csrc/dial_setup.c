#include "dial_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *pp_target_url(const struct pp_target *target, const char *path)
{
    bool bracket = strchr(target->host, ':') != NULL;
    size_t size = strlen(target->host) + strlen(path) + sizeof("https://[]:65535");
    char *url = malloc(size);
    if (url == NULL)
        return NULL;
    (void)snprintf(url, size, "%s://%s%s%s:%u%s", target->tls ? "https" : "http", bracket ? "[" : "",
                   target->host, bracket ? "]" : "", (unsigned)target->port, path);
    return url;
}

static CURLcode allow_http_only(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
    const long both = CURLPROTO_HTTP | CURLPROTO_HTTPS;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS, both);
    return code != CURLE_OK ? code : curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, both);
#endif
}

static CURLcode set_string(CURL *easy, CURLoption option, const char *value)
{
    return value == NULL ? CURLE_OK : curl_easy_setopt(easy, option, value);
}

static CURLcode set_trust(CURL *easy, const struct pp_target *target)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, target->verify ? 1L : 0L);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, target->verify ? 2L : 0L);
    if (code == CURLE_OK)
        code = set_string(easy, CURLOPT_CAINFO, target->ca_file);
    if (code == CURLE_OK)
        code = set_string(easy, CURLOPT_SSLCERT, target->cert_file);
    if (code == CURLE_OK)
        code = set_string(easy, CURLOPT_SSLKEY, target->key_file);
    return code;
}

/* An empty proxy is libcurl's word for "not even the environment's". */
static CURLcode set_way(CURL *easy, const struct pp_target *target)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PROXY, target->proxy == NULL ? "" : target->proxy);
    if (code == CURLE_OK && target->proxy == NULL)
        code = curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    if (code == CURLE_OK)
        code = set_string(easy, CURLOPT_UNIX_SOCKET_PATH, target->unix_path);
    return code;
}

static CURLcode set_hooks(CURL *easy, struct pp_socket_facts *facts)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, pp_socket_open);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, facts);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return code;
}

enum pp_status pp_easy_prepare(CURL *easy, const struct pp_target *target, struct pp_socket_facts *facts)
{
    CURLcode code = allow_http_only(easy);
    if (code == CURLE_OK)
        code = set_trust(easy, target);
    if (code == CURLE_OK)
        code = set_way(easy, target);
    if (code == CURLE_OK)
        code = set_hooks(easy, facts);
    if (code == CURLE_OK)
        return PP_OK;
    return code == CURLE_OUT_OF_MEMORY ? PP_NOMEM : PP_UNSUPPORTED;
}
