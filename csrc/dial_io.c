/* Traffic on an open connection. A plain connection is read and written on its socket; a TLS one through
 * libcurl, with a look at the socket's receive timestamp before each read. Threads: as dial.h. */
#include "dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#if defined(__linux__)
#include <linux/errqueue.h>
#endif

#include <curl/curl.h>

#include "clock.h"
#include "dial_conn.h"
#include "dial_error.h"

enum pp_status pp_conn_want_write(struct pp_conn *conn, bool wanted)
{
    return pp_loop_rewatch(conn->loop, &conn->watch, PP_READY_READ | (wanted ? PP_READY_WRITE : 0U));
}

static enum pp_io io_of_errno(int error)
{
    if (error == EAGAIN || error == EWOULDBLOCK || error == EINTR)
        return PP_IO_AGAIN;
    return PP_IO_RESET;
}

static enum pp_io io_of_curl(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return PP_IO_OK;
    case CURLE_AGAIN:
        return PP_IO_AGAIN;
    case CURLE_SSL_CONNECT_ERROR:
        return PP_IO_TLS;
    default:
        return PP_IO_RESET;
    }
}

enum pp_io pp_conn_send(struct pp_conn *conn, const char *bytes, size_t length, size_t *sent)
{
    *sent = 0;
    if (conn->tls)
        return io_of_curl(curl_easy_send(conn->easy, bytes, length, sent));
    ssize_t count = send(conn->watch.fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0)
        return io_of_errno(errno);
    *sent = (size_t)count;
    return PP_IO_OK;
}

#if defined(SO_TIMESTAMPING) && defined(__linux__)
static int64_t stamp_of(struct msghdr *message)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPING) {
            struct scm_timestamping stamps;
            memcpy(&stamps, CMSG_DATA(part), sizeof(stamps));
            return (int64_t)stamps.ts[0].tv_sec * PP_NS_PER_S + stamps.ts[0].tv_nsec;
        }
    }
    return 0;
}
#else
static int64_t stamp_of(struct msghdr *message)
{
    (void)message;
    return 0;
}
#endif

static enum pp_io receive_plain(struct pp_conn *conn, char *bytes, size_t size, size_t *length,
                                int64_t *stamp_real_ns)
{
    union {
        struct cmsghdr align;
        char room[256];
    } control;
    struct iovec into = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &into,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    ssize_t count = recvmsg(conn->watch.fd, &message, MSG_DONTWAIT);
    if (count < 0)
        return io_of_errno(errno);
    if (count == 0)
        return PP_IO_CLOSED;
    *length = (size_t)count;
    *stamp_real_ns = stamp_of(&message);
    return PP_IO_OK;
}

/* Many servers end TLS by closing the socket: to libcurl an error, to framing an end like any other. What was
 * a reset can be told by the socket's state only: whoever read the error first has taken it away. */
static bool tls_ended(const struct pp_conn *conn)
{
#if defined(__linux__)
    struct tcp_info info;
    socklen_t size = sizeof(info);
    if (getsockopt(conn->watch.fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0)
        return info.tcpi_state == TCP_CLOSE_WAIT;
#endif
    char byte;
    return recv(conn->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* An alert (say, a client certificate was wanted and none shown) comes as a failed read like any other: only
 * the TLS library's own words tell it. */
static bool tls_alerted(const struct pp_conn *conn)
{
    return strstr(conn->trouble, " alert ") != NULL;
}

/* What libcurl hands out may have come with an earlier look: the TLS layer decrypts a record at a time. A
 * look takes a pending socket error with it, so a reset is noticed here and not by libcurl. */
static enum pp_io receive_tls(struct pp_conn *conn, char *bytes, size_t size, size_t *length,
                              int64_t *stamp_real_ns)
{
    size_t queued = 0;
    errno = 0;
    int64_t stamp = pp_socket_peek_stamp(conn->watch.fd, &queued);
    if (queued == 0 && (errno == ECONNRESET || errno == EPIPE))
        return PP_IO_RESET;
    if (stamp != 0)
        conn->last_stamp_real_ns = stamp;
    conn->trouble[0] = '\0';
    CURLcode code = curl_easy_recv(conn->easy, bytes, size, length);
    if (code == CURLE_OK && *length == 0)
        return PP_IO_CLOSED;
    if (code == CURLE_RECV_ERROR && tls_alerted(conn))
        return PP_IO_TLS;
    if (code == CURLE_RECV_ERROR && tls_ended(conn))
        return PP_IO_CLOSED;
    *stamp_real_ns = conn->last_stamp_real_ns;
    return io_of_curl(code);
}

enum pp_io pp_conn_receive(struct pp_conn *conn, char *bytes, size_t size, size_t *length,
                           int64_t earliest_ns, int64_t *stamp_ns, int64_t *now_ns)
{
    int64_t stamp_real_ns = 0;
    *length = 0;
    *stamp_ns = 0;
    enum pp_io io = conn->tls ? receive_tls(conn, bytes, size, length, &stamp_real_ns)
                              : receive_plain(conn, bytes, size, length, &stamp_real_ns);
    *now_ns = pp_clock_now();
    if (io == PP_IO_OK && stamp_real_ns != 0)
        (void)pp_stamper_map(pp_loop_stamper(conn->loop), stamp_real_ns, earliest_ns, *now_ns, stamp_ns);
    return io;
}
