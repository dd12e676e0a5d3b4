/* Which libcurl this process runs on, and what it can do. */
#ifndef PP_DIAL_ABOUT_H
#define PP_DIAL_ABOUT_H

#include <stdbool.h>

enum pp_feature {
    PP_FEATURE_HTTP2 = 0,
    PP_FEATURE_HTTP3,
    PP_FEATURE_TLS,
    PP_FEATURE_UNIX,
    PP_FEATURE_BROTLI,
    PP_FEATURE_ZSTD,
    PP_FEATURE_COUNT
};
const char *pp_feature_name(enum pp_feature feature); /* "http2" */

/* Any thread, at any time: asks the library that is loaded, not the headers it was built with. */
bool pp_curl_can(enum pp_feature feature);
const char *pp_curl_version(void); /* "libcurl/7.88.1 OpenSSL/3.0.19 ..." */

#endif
