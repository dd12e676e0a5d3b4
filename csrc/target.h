/* What to send and where: immutable while a run lasts, shared by all its workers, owned by the plan.
 * Strings are NUL-terminated, UTF-8 or ASCII, already checked (no control characters). */
#ifndef PP_TARGET_H
#define PP_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pp_http_version { PP_HTTP_1_1 = 0, PP_HTTP_2, PP_HTTP_3 };

struct pp_header {
    const char *name, *value;
};

/* An origin and how to talk to it. */
struct pp_target {
    bool tls;         /* https */
    const char *host; /* name or address, IPv6 without brackets */
    uint16_t port;
    const char *unix_path; /* NULL: TCP */
    enum pp_http_version http;
    /* TLS */
    const char *ca_file, *cert_file, *key_file; /* NULL: system store, none, none */
    bool verify;                                /* certificate and host name */
    /* curl path only */
    const char *proxy; /* NULL: none; the environment's proxies are never used */
    bool cookies, decompress;
    unsigned max_redirects;            /* 0: not followed */
    const char *const *redirect_hosts; /* further hosts a redirect may lead to; NULL-terminated or NULL */
    unsigned streams;                  /* HTTP/2 and 3: requests a connection carries at once; 0 or 1: one */
};

struct pp_request {
    const char *method; /* token, upper case as sent */
    const char *path;   /* origin form: "/a?b=c" */
    const struct pp_header *headers;
    size_t header_count;
    const char *body; /* may hold any byte */
    size_t body_length;
    bool has_body; /* send Content-Length even when it is 0 */
    /* The expectation. */
    const uint16_t *statuses; /* accepted; none given: 200..399 */
    size_t status_count;
    const char *must_hold; /* text the body must hold; NULL: anything */
    size_t must_hold_length;
    uint64_t body_cap;  /* bytes */
    int64_t timeout_ns; /* from the actual start, dialling included */
};

bool pp_request_accepts(const struct pp_request *request, int status);

#endif
