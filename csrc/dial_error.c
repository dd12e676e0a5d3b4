#include "dial_error.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#endif

/* --- sockets ------------------------------------------------------------------------------------ */

void pp_socket_ask_stamps(int fd)
{
#if defined(__linux__) && defined(SO_TIMESTAMPING)
    unsigned flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags);
#else
    (void)fd;
#endif
}

static int open_socket(const struct curl_sockaddr *address)
{
#ifdef SOCK_CLOEXEC
    return socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
#else
    int fd = socket(address->family, address->socktype, address->protocol);
    if (fd >= 0) {
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    return fd;
#endif
}

curl_socket_t pp_socket_open(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct pp_socket_facts *facts = data;
    int fd = open_socket(address);
    if (fd < 0) {
        facts->open_errno = errno;
        return CURL_SOCKET_BAD;
    }
    facts->fd = fd;
    if ((address->family == AF_INET || address->family == AF_INET6) && address->socktype == SOCK_STREAM) {
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        pp_socket_ask_stamps(fd);
    }
    return fd;
}

#if defined(__linux__) && defined(SO_TIMESTAMPING)

static int64_t stamp_of(struct msghdr *message)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPING)
            continue;
        struct scm_timestamping stamps;
        memcpy(&stamps, CMSG_DATA(part), sizeof stamps);
        return (int64_t)stamps.ts[0].tv_sec * INT64_C(1000000000) + stamps.ts[0].tv_nsec;
    }
    return 0;
}

/* TCP copies nothing under MSG_TRUNC; should another kind of socket do so, every part of the vector lands in
 * the same bytes, which nobody reads. */
int64_t pp_socket_peek_stamp(int fd, size_t *queued)
{
    enum { PARTS = 8 }; /* more would make the kernel allocate */
    char scratch[PP_PEEK_MAX / PARTS];
    struct iovec parts[PARTS];
    for (size_t i = 0; i < PARTS; i++)
        parts[i] = (struct iovec){.iov_base = scratch, .iov_len = sizeof scratch};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct scm_timestamping)) + 64];
    } control;
    struct msghdr message = {
        .msg_iov = parts,
        .msg_iovlen = PARTS,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    errno = 0;
    ssize_t length = recvmsg(fd, &message, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    *queued = length > 0 ? (size_t)length : 0;
    return length > 0 ? stamp_of(&message) : 0;
}

#else

int64_t pp_socket_peek_stamp(int fd, size_t *queued)
{
    (void)fd;
    errno = 0;
    *queued = 0;
    return 0;
}

#endif

/* --- errors ------------------------------------------------------------------------------------- */

static bool out_of_descriptors(int number)
{
    return number == EMFILE || number == ENFILE;
}

bool pp_errno_is_reset(int number)
{
    return number == ECONNRESET || number == EPIPE || number == ECONNABORTED || number == ENOTCONN;
}

static int os_errno(CURL *easy)
{
    long number = 0;
    return curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK ? (int)number : 0;
}

/* The proxy answered the CONNECT, and not with yes. */
static bool proxy_said_no(CURL *easy)
{
    long answer = 0;
    if (curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &answer) != CURLE_OK)
        return false;
    return answer != 0 && answer / 100 != 2;
}

static bool spoke_tls(CURL *easy)
{
    char *scheme = NULL;
    return curl_easy_getinfo(easy, CURLINFO_SCHEME, &scheme) == CURLE_OK && scheme != NULL &&
           strcasecmp(scheme, "https") == 0;
}

static bool response_begun(CURL *easy)
{
    long status = 0;
    return curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status != 0;
}

/* The resolver needs descriptors too, and says no more than that it failed. */
static bool no_descriptor_left(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return out_of_descriptors(errno);
    (void)close(fd);
    return false;
}

static enum pp_error of_connect(CURL *easy, const struct pp_socket_facts *facts)
{
    int number = facts->open_errno != 0 ? facts->open_errno : os_errno(easy);
    if (out_of_descriptors(number))
        return PP_ERROR_CLIENT_FDS;
    switch (number) {
    case ECONNREFUSED:
        return PP_ERROR_CONNECT_REFUSED;
    case EADDRNOTAVAIL:
        return PP_ERROR_CLIENT_PORTS;
    case ENOMEM:
    case ENOBUFS:
        return PP_ERROR_CLIENT_MEMORY;
    case ETIMEDOUT:
        return PP_ERROR_CONNECT_TIMEOUT;
    default:
        return PP_ERROR_CONNECT_FAILED;
    }
}

/* Without a system error libcurl means bytes it could not make sense of: broken chunks when they came in the
 * clear; under TLS an alert, or an end without the closing one. */
static enum pp_error of_transfer(CURL *easy)
{
    if (pp_errno_is_reset(os_errno(easy)))
        return PP_ERROR_RESET;
    if (!spoke_tls(easy))
        return PP_ERROR_PROTOCOL;
    return response_begun(easy) ? PP_ERROR_TRUNCATED : PP_ERROR_TLS;
}

enum pp_error pp_error_of_curl(CURL *easy, CURLcode code, const struct pp_socket_facts *facts, bool connected)
{
    if (code != CURLE_OK && proxy_said_no(easy))
        return PP_ERROR_PROXY;
    switch (code) {
    case CURLE_OK:
        return PP_ERROR_NONE;
    case CURLE_COULDNT_RESOLVE_HOST:
        return no_descriptor_left() ? PP_ERROR_CLIENT_FDS : PP_ERROR_DNS;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
        return PP_ERROR_PROXY;
    case CURLE_COULDNT_CONNECT:
        return of_connect(easy, facts);
    case CURLE_INTERFACE_FAILED:
    case CURLE_QUIC_CONNECT_ERROR:
        return PP_ERROR_CONNECT_FAILED;
    case CURLE_OPERATION_TIMEDOUT:
        return connected ? PP_ERROR_TIMEOUT : PP_ERROR_CONNECT_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return PP_ERROR_TLS_VERIFY;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_USE_SSL_FAILED:
        return PP_ERROR_TLS;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return of_transfer(easy);
    case CURLE_GOT_NOTHING:
        return PP_ERROR_EMPTY_REPLY;
    case CURLE_PARTIAL_FILE:
        return PP_ERROR_TRUNCATED;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_HTTP3:
        return PP_ERROR_PROTOCOL;
    case CURLE_BAD_CONTENT_ENCODING:
        return PP_ERROR_DECODE;
    case CURLE_FILESIZE_EXCEEDED:
        return PP_ERROR_BODY_TOO_LARGE;
    case CURLE_TOO_MANY_REDIRECTS:
        return PP_ERROR_REDIRECT_LIMIT;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_ABORTED_BY_CALLBACK: /* only pp_multi's own callbacks abort, for want of memory */
        return out_of_descriptors(facts->open_errno) ? PP_ERROR_CLIENT_FDS : PP_ERROR_CLIENT_MEMORY;
    default:
        return PP_ERROR_OTHER;
    }
}
