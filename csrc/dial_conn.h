/* A connection's insides, shared by dialling (dial.c) and traffic (dial_io.c) and by nobody else. */
#ifndef PP_DIAL_CONN_H
#define PP_DIAL_CONN_H

#include <curl/curl.h>

#include "dial.h"
#include "dial_error.h"

enum pp_conn_state { PP_CONN_IDLE, PP_CONN_QUEUED, PP_CONN_DIALLING, PP_CONN_OPEN };

struct pp_shard;

struct pp_conn {
    struct pp_dialer *dialer;              /* borrowed */
    struct pp_loop *loop;                  /* borrowed */
    const struct pp_conn_handler *handler; /* borrowed */
    void *owner;
    CURL *easy; /* owned */
    struct pp_shard *shard;
    enum pp_conn_state state;
    bool tls;
    struct pp_watch watch; /* while open */
    struct pp_timer start; /* armed for a failure that must not be told at once */
    enum pp_error failure; /* what `start` tells */
    struct pp_conn *queue_next, *queue_previous;
    struct pp_socket_facts facts;
    struct pp_dial_times times;
    char trouble[CURL_ERROR_SIZE]; /* TLS: libcurl's words for the last failure */
    int64_t last_stamp_real_ns;    /* TLS: of bytes that the TLS layer may still hold back */
};

#endif
