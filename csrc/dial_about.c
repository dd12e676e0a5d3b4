#include "dial_about.h"

#include <curl/curl.h>

/* A release older than a feature has no bit for it. */
#ifndef CURL_VERSION_HTTP3
#define CURL_VERSION_HTTP3 0
#endif
#ifndef CURL_VERSION_ZSTD
#define CURL_VERSION_ZSTD 0
#endif

static const struct {
    const char *name;
    int bit;
} features[PP_FEATURE_COUNT] = {
    [PP_FEATURE_HTTP2] = {"http2", CURL_VERSION_HTTP2},
    [PP_FEATURE_HTTP3] = {"http3", CURL_VERSION_HTTP3},
    [PP_FEATURE_TLS] = {"tls", CURL_VERSION_SSL},
    [PP_FEATURE_UNIX] = {"unix", CURL_VERSION_UNIX_SOCKETS},
    [PP_FEATURE_BROTLI] = {"brotli", CURL_VERSION_BROTLI},
    [PP_FEATURE_ZSTD] = {"zstd", CURL_VERSION_ZSTD},
};

const char *pp_feature_name(enum pp_feature feature)
{
    return features[feature].name;
}

bool pp_curl_can(enum pp_feature feature)
{
    return (curl_version_info(CURLVERSION_NOW)->features & features[feature].bit) != 0;
}

const char *pp_curl_version(void)
{
    return curl_version();
}
