/* A server for the C tests that remembers what it was asked. There may be several at once, on TCP or a unix
 * socket; a thread for each connection runs the test's own function on it. */
#ifndef SCRIPTED_H
#define SCRIPTED_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"

#define SCRIPTED_CONNS 256
#define SCRIPTED_KEEP (64 * 1024)

struct scripted;
/* `index`: of the connection, from 0. Returning closes it. */
typedef void (*scripted_serve)(struct scripted *server, int fd, int index);

struct scripted_conn {
    struct scripted *server;
    pthread_t thread;
    int fd, index;
};

struct scripted {
    scripted_serve serve;
    int listener;
    uint16_t port;
    pthread_t acceptor;
    pthread_mutex_t lock; /* guards what follows */
    struct scripted_conn conns[SCRIPTED_CONNS];
    int conn_count;
    bool stopping;
    int requests;             /* heads read, on all connections */
    char last[SCRIPTED_KEEP]; /* the last request, head and body */
    /* The test's own, for its function to use. */
    const char *script;
    size_t script_length;
    uint16_t other_port;
};

static inline void scripted_send_bytes(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        length -= (size_t)sent;
    }
}

static inline void scripted_send(int fd, const char *text)
{
    scripted_send_bytes(fd, text, strlen(text));
}

/* "200 OK" with a body of known length. */
static inline void scripted_reply(int fd, const char *status, const char *headers, const char *body)
{
    char text[8192];
    (void)snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers,
                   strlen(body), body);
    scripted_send(fd, text);
}

static inline size_t scripted_body_length(const char *head)
{
    const char *line = strcasestr(head, "\r\nContent-Length:");
    return line == NULL ? 0 : (size_t)strtoul(line + 17, NULL, 10);
}

/* Reads one request, head and body; false when the peer is gone. Allocates nothing: a test may let
 * allocations fail meanwhile. */
static inline bool scripted_read(struct scripted *server, int fd)
{
    char text[SCRIPTED_KEEP];
    size_t length = 0;
    bool whole = false;
    while (!whole && length < SCRIPTED_KEEP - 1) {
        ssize_t got = recv(fd, text + length, SCRIPTED_KEEP - 1 - length, 0);
        if (got <= 0)
            return false;
        length += (size_t)got;
        text[length] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        whole = end != NULL && length >= (size_t)(end + 4 - text) + scripted_body_length(text);
    }
    (void)pthread_mutex_lock(&server->lock);
    server->requests++;
    memcpy(server->last, text, length + 1);
    (void)pthread_mutex_unlock(&server->lock);
    return true;
}

/* A reset instead of an orderly close. */
static inline void scripted_reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static inline void *scripted_conn_run(void *data)
{
    struct scripted_conn *conn = data;
    conn->server->serve(conn->server, conn->fd, conn->index);
    (void)pthread_mutex_lock(&conn->server->lock);
    (void)close(conn->fd);
    conn->fd = -1;
    (void)pthread_mutex_unlock(&conn->server->lock);
    return NULL;
}

static inline void scripted_take(struct scripted *server, int fd)
{
    (void)pthread_mutex_lock(&server->lock);
    if (server->stopping || server->conn_count == SCRIPTED_CONNS) {
        (void)close(fd);
    } else {
        struct scripted_conn *conn = &server->conns[server->conn_count];
        *conn = (struct scripted_conn){.server = server, .fd = fd, .index = server->conn_count};
        REQUIRE(pthread_create(&conn->thread, NULL, scripted_conn_run, conn) == 0);
        server->conn_count++;
    }
    (void)pthread_mutex_unlock(&server->lock);
}

static inline void *scripted_accept_run(void *data)
{
    struct scripted *server = data;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        scripted_take(server, fd);
    }
}

static inline struct scripted *scripted_listen(int listener, scripted_serve serve)
{
    struct scripted *server = calloc(1, sizeof *server);
    REQUIRE(server != NULL);
    server->serve = serve;
    server->listener = listener;
    REQUIRE(listen(listener, 64) == 0);
    REQUIRE(pthread_mutex_init(&server->lock, NULL) == 0);
    REQUIRE(pthread_create(&server->acceptor, NULL, scripted_accept_run, server) == 0);
    return server;
}

/* On a free port of 127.0.0.1. */
static inline struct scripted *scripted_start(scripted_serve serve)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(listener >= 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    REQUIRE(bind(listener, (struct sockaddr *)&at, sizeof at) == 0);
    REQUIRE(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    struct scripted *server = scripted_listen(listener, serve);
    server->port = ntohs(at.sin_port);
    return server;
}

static inline struct scripted *scripted_start_unix(const char *path, scripted_serve serve)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(listener >= 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    REQUIRE(strlen(path) < sizeof at.sun_path);
    memcpy(at.sun_path, path, strlen(path));
    REQUIRE(bind(listener, (struct sockaddr *)&at, sizeof at) == 0);
    return scripted_listen(listener, serve);
}

static inline void scripted_stop(struct scripted *server)
{
    (void)pthread_mutex_lock(&server->lock);
    server->stopping = true;
    for (int i = 0; i < server->conn_count; i++)
        if (server->conns[i].fd >= 0)
            (void)shutdown(server->conns[i].fd, SHUT_RDWR);
    (void)pthread_mutex_unlock(&server->lock);
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->acceptor, NULL);
    for (int i = 0; i < server->conn_count; i++)
        (void)pthread_join(server->conns[i].thread, NULL);
    (void)close(server->listener);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}

static inline int scripted_requests(struct scripted *server)
{
    (void)pthread_mutex_lock(&server->lock);
    int requests = server->requests;
    (void)pthread_mutex_unlock(&server->lock);
    return requests;
}

static inline int scripted_conns(struct scripted *server)
{
    (void)pthread_mutex_lock(&server->lock);
    int conns = server->conn_count;
    (void)pthread_mutex_unlock(&server->lock);
    return conns;
}

/* Whether the last request holds `text`, in any case. */
static inline bool scripted_saw(struct scripted *server, const char *text)
{
    (void)pthread_mutex_lock(&server->lock);
    bool saw = strcasestr(server->last, text) != NULL;
    (void)pthread_mutex_unlock(&server->lock);
    return saw;
}

/* A port of 127.0.0.1 that nobody listens on. */
static inline uint16_t scripted_closed_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(fd >= 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    REQUIRE(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    REQUIRE(getsockname(fd, (struct sockaddr *)&at, &size) == 0);
    (void)close(fd);
    return ntohs(at.sin_port);
}

#endif
