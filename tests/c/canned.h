/* A small server for the C tests: one thread accepts, one thread a connection runs the test's own `serve`,
 * which reads requests and answers as the test wants. Stopping closes every connection and joins every
 * thread. */
#ifndef CANNED_H
#define CANNED_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

enum { CANNED_CONNS = 256 };

struct canned;

struct canned_conn {
    struct canned *server;
    int fd;
    size_t requests; /* on this connection so far */
    pthread_t thread;
};

struct canned {
    void (*serve)(struct canned_conn *conn); /* returns: the connection is closed */
    uint16_t port;
    int listener;
    pthread_t thread;
    _Atomic size_t requests, conns;
    struct canned_conn conn[CANNED_CONNS];
};

/* Reads one request head (and nothing after it byte by byte). False: the peer is gone. */
static inline bool canned_read(struct canned_conn *conn)
{
    const char *mark = "\r\n\r\n";
    size_t seen = 0;
    char byte;
    while (seen < 4) {
        if (recv(conn->fd, &byte, 1, 0) != 1)
            return false;
        seen = byte == mark[seen] ? seen + 1 : (byte == mark[0] ? 1 : 0);
    }
    conn->requests++;
    atomic_fetch_add(&conn->server->requests, 1);
    return true;
}

static inline void canned_write(struct canned_conn *conn, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t count = send(conn->fd, text, length, MSG_NOSIGNAL);
        if (count <= 0)
            return;
        text += count;
        length -= (size_t)count;
    }
}

static inline void canned_say(struct canned_conn *conn, const char *text)
{
    canned_write(conn, text, strlen(text));
}

/* The next close sends a reset. */
static inline void canned_arm_reset(struct canned_conn *conn)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static inline void *canned_conn_main(void *argument)
{
    struct canned_conn *conn = argument;
    conn->server->serve(conn);
    /* The descriptor stays open until the server is stopped or this shutdown is over: its number is not
     * reused. */
    struct linger lingering = {0};
    socklen_t size = sizeof(lingering);
    if (getsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &lingering, &size) == 0 && lingering.l_onoff != 0) {
        int fd = conn->fd;
        int idle = dup(conn->server->listener);
        (void)dup2(idle, fd); /* closes the connection with a reset, keeps the number taken */
        (void)close(idle);
    } else {
        (void)shutdown(conn->fd, SHUT_RDWR);
    }
    return NULL;
}

static inline void *canned_accept_main(void *argument)
{
    struct canned *server = argument;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        size_t index = atomic_load(&server->conns);
        REQUIRE(index < CANNED_CONNS);
        struct canned_conn *conn = &server->conn[index];
        conn->server = server;
        conn->fd = fd;
        REQUIRE(pthread_create(&conn->thread, NULL, canned_conn_main, conn) == 0);
        atomic_store(&server->conns, index + 1);
    }
}

/* One at a time: the state is static, and large. */
static inline struct canned *canned_start(void (*serve)(struct canned_conn *conn))
{
    static struct canned server;
    memset(&server, 0, sizeof(server));
    server.serve = serve;
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    REQUIRE(server.listener >= 0);
    REQUIRE(bind(server.listener, (struct sockaddr *)&address, size) == 0);
    REQUIRE(listen(server.listener, 128) == 0);
    REQUIRE(getsockname(server.listener, (struct sockaddr *)&address, &size) == 0);
    server.port = ntohs(address.sin_port);
    REQUIRE(pthread_create(&server.thread, NULL, canned_accept_main, &server) == 0);
    return &server;
}

static inline void canned_stop(struct canned *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    for (size_t i = 0; i < atomic_load(&server->conns); i++) {
        (void)shutdown(server->conn[i].fd, SHUT_RDWR);
        (void)pthread_join(server->conn[i].thread, NULL);
        (void)close(server->conn[i].fd);
    }
    (void)close(server->listener);
}

#define CANNED_OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

#endif
