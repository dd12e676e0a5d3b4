/* One finished request, as plain data: made by an exchange, counted by a tally. */
#ifndef PP_SAMPLE_H
#define PP_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"

/* Moments are monotonic ns, 0 for one that did not come. */
struct pp_sample {
    int64_t intended_ns;                /* when the load model wanted it to start */
    int64_t start_ns;                   /* when the client took it up (dialling included) */
    int64_t sent_ns;                    /* just before the first byte went to the kernel */
    int64_t sent_end_ns;                /* the kernel had taken the last byte */
    int64_t first_ns;                   /* the first byte of the response reached this host */
    int64_t end_ns;                     /* the last byte reached this host, or the failure was noticed */
    int64_t seen_ns;                    /* this process saw that end */
    int64_t dns_ns, connect_ns, tls_ns; /* durations; -1 where there was none (connection reused) */
    uint64_t bytes;                     /* received, headers and body */
    int status;                         /* 0: none came */
    enum pp_error error;
    bool stamped;    /* end_ns is a kernel receive timestamp */
    bool reused;     /* the connection had carried a request before */
    uint32_t resent; /* times libcurl sent it again by itself (curl path only) */
};

#endif
