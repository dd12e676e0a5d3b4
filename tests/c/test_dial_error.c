/* Classes of libcurl's outcomes, and the socket hooks. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>

#include "clock.h"
#include "dial_error.h"
#include "scripted.h"

static const struct pp_socket_facts no_facts = {.open_errno = 0, .fd = -1};

static enum pp_error class_of(CURLcode code, bool connected)
{
    CURL *easy = curl_easy_init();
    REQUIRE(easy != NULL);
    enum pp_error error = pp_error_of_curl(easy, code, &no_facts, connected);
    curl_easy_cleanup(easy);
    return error;
}

static void each_outcome_has_a_class(void)
{
    CHECK_INT(class_of(CURLE_OK, true), PP_ERROR_NONE);
    CHECK_INT(class_of(CURLE_COULDNT_RESOLVE_HOST, false), PP_ERROR_DNS);
    CHECK_INT(class_of(CURLE_COULDNT_RESOLVE_PROXY, false), PP_ERROR_PROXY);
    CHECK_INT(class_of(CURLE_PROXY, false), PP_ERROR_PROXY);
    CHECK_INT(class_of(CURLE_COULDNT_CONNECT, false), PP_ERROR_CONNECT_FAILED);
    CHECK_INT(class_of(CURLE_SSL_CONNECT_ERROR, false), PP_ERROR_TLS);
    CHECK_INT(class_of(CURLE_SSL_CACERT_BADFILE, false), PP_ERROR_TLS);
    CHECK_INT(class_of(CURLE_PEER_FAILED_VERIFICATION, false), PP_ERROR_TLS_VERIFY);
    CHECK_INT(class_of(CURLE_GOT_NOTHING, true), PP_ERROR_EMPTY_REPLY);
    CHECK_INT(class_of(CURLE_PARTIAL_FILE, true), PP_ERROR_TRUNCATED);
    CHECK_INT(class_of(CURLE_WEIRD_SERVER_REPLY, true), PP_ERROR_PROTOCOL);
    CHECK_INT(class_of(CURLE_HTTP2_STREAM, true), PP_ERROR_PROTOCOL);
    CHECK_INT(class_of(CURLE_RECV_ERROR, true), PP_ERROR_PROTOCOL);
    CHECK_INT(class_of(CURLE_BAD_CONTENT_ENCODING, true), PP_ERROR_DECODE);
    CHECK_INT(class_of(CURLE_TOO_MANY_REDIRECTS, true), PP_ERROR_REDIRECT_LIMIT);
    CHECK_INT(class_of(CURLE_FILESIZE_EXCEEDED, true), PP_ERROR_BODY_TOO_LARGE);
    CHECK_INT(class_of(CURLE_OUT_OF_MEMORY, true), PP_ERROR_CLIENT_MEMORY);
    CHECK_INT(class_of(CURLE_FTP_ACCEPT_FAILED, true), PP_ERROR_OTHER);
}

static void a_timeout_is_told_by_whether_the_connection_stood(void)
{
    CHECK_INT(class_of(CURLE_OPERATION_TIMEDOUT, false), PP_ERROR_CONNECT_TIMEOUT);
    CHECK_INT(class_of(CURLE_OPERATION_TIMEDOUT, true), PP_ERROR_TIMEOUT);
}

static enum pp_error class_of_open(int number)
{
    CURL *easy = curl_easy_init();
    REQUIRE(easy != NULL);
    struct pp_socket_facts facts = {.open_errno = number, .fd = -1};
    enum pp_error error = pp_error_of_curl(easy, CURLE_COULDNT_CONNECT, &facts, false);
    curl_easy_cleanup(easy);
    return error;
}

static void what_kept_a_socket_from_opening_tells_the_class(void)
{
    CHECK_INT(class_of_open(EMFILE), PP_ERROR_CLIENT_FDS);
    CHECK_INT(class_of_open(ENFILE), PP_ERROR_CLIENT_FDS);
    CHECK_INT(class_of_open(ENOBUFS), PP_ERROR_CLIENT_MEMORY);
    CHECK_INT(class_of_open(EADDRNOTAVAIL), PP_ERROR_CLIENT_PORTS);
    CHECK_INT(class_of_open(ECONNREFUSED), PP_ERROR_CONNECT_REFUSED);
    CHECK_INT(class_of_open(ETIMEDOUT), PP_ERROR_CONNECT_TIMEOUT);
    CHECK_INT(class_of_open(ENETUNREACH), PP_ERROR_CONNECT_FAILED);
}

static enum pp_error fetch(const char *url, struct pp_socket_facts *facts)
{
    CURL *easy = curl_easy_init();
    REQUIRE(easy != NULL);
    REQUIRE(curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK);
    REQUIRE(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK);
    REQUIRE(curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK);
    REQUIRE(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, pp_socket_open) == CURLE_OK);
    REQUIRE(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, facts) == CURLE_OK);
    enum pp_error error = pp_error_of_curl(easy, curl_easy_perform(easy), facts, false);
    curl_easy_cleanup(easy);
    return error;
}

static void a_refused_connection_is_told_from_other_failures(void)
{
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", (unsigned)scripted_closed_port());
    struct pp_socket_facts facts = no_facts;
    CHECK_INT(fetch(url, &facts), PP_ERROR_CONNECT_REFUSED);
    CHECK_INT(facts.open_errno, 0);
    CHECK(facts.fd >= 0);
}

static void the_end_of_descriptors_is_told_from_other_failures(void)
{
    char url[64];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", (unsigned)scripted_closed_port());
    CURL *early = curl_easy_init(); /* so that libcurl has what it needs before the limit falls */
    REQUIRE(early != NULL);
    struct rlimit before, none;
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = before;
    none.rlim_cur = 3;
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    struct pp_socket_facts facts = no_facts;
    struct curl_sockaddr address = {.family = AF_INET, .socktype = SOCK_STREAM};
    curl_socket_t fd = pp_socket_open(&facts, CURLSOCKTYPE_IPCXN, &address);
    enum pp_error by_hook = pp_error_of_curl(early, CURLE_COULDNT_CONNECT, &facts, false);
    enum pp_error by_resolver = pp_error_of_curl(early, CURLE_COULDNT_RESOLVE_HOST, &no_facts, false);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK_INT(fd, CURL_SOCKET_BAD);
    CHECK_INT(facts.open_errno, EMFILE);
    CHECK_INT(by_hook, PP_ERROR_CLIENT_FDS);
    CHECK_INT(by_resolver, PP_ERROR_CLIENT_FDS);
    curl_easy_cleanup(early);
}

static void a_socket_is_opened_close_on_exec_nonblocking_and_without_delay(void)
{
    struct pp_socket_facts facts = no_facts;
    struct curl_sockaddr address = {.family = AF_INET, .socktype = SOCK_STREAM};
    int fd = pp_socket_open(&facts, CURLSOCKTYPE_IPCXN, &address);
    REQUIRE(fd >= 0);
    CHECK_INT(facts.fd, fd);
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    int no_delay = 0;
    socklen_t size = sizeof no_delay;
    REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size) == 0);
    CHECK(no_delay != 0);
    (void)close(fd);
}

/* --- looking at the receive queue ------------------------------------------------------------------ */

struct wire {
    int near, far; /* `near` asks for timestamps */
};

static struct wire wire_open(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(listener >= 0);
    REQUIRE(bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 1) == 0);
    REQUIRE(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    struct wire wire = {.near = socket(AF_INET, SOCK_STREAM, 0)};
    REQUIRE(wire.near >= 0);
    int room = 1024 * 1024;
    REQUIRE(setsockopt(wire.near, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) == 0);
    pp_socket_ask_stamps(wire.near);
    REQUIRE(connect(wire.near, (struct sockaddr *)&at, sizeof at) == 0);
    wire.far = accept(listener, NULL, NULL);
    REQUIRE(wire.far >= 0);
    (void)close(listener);
    return wire;
}

static void wire_close(const struct wire *wire)
{
    (void)close(wire->near);
    (void)close(wire->far);
}

static void wire_wait(const struct wire *wire)
{
    struct pollfd waiting = {.fd = wire->near, .events = POLLIN};
    REQUIRE(poll(&waiting, 1, 10 * 1000) == 1);
}

static void a_look_tells_when_the_bytes_came_and_leaves_them(void)
{
    struct wire wire = wire_open();
    size_t queued = 1;
    CHECK_INT(pp_socket_peek_stamp(wire.near, &queued), 0);
    CHECK_INT(queued, 0);
    int64_t before_ns = pp_clock_real();
    scripted_send(wire.far, "hello");
    wire_wait(&wire);
    int64_t stamp = pp_socket_peek_stamp(wire.near, &queued);
    CHECK_INT(errno, 0);
    CHECK_INT(queued, 5);
    CHECK(stamp == 0 || (stamp >= before_ns && stamp <= pp_clock_real())); /* 0 where the system has none */
    CHECK(pp_socket_peek_stamp(wire.near, &queued) == stamp);
    char text[5];
    CHECK_INT(recv(wire.near, text, sizeof text, 0), 5);
    CHECK(memcmp(text, "hello", 5) == 0);
    wire_close(&wire);
}

static void a_long_queue_is_said_to_be_longer_than_the_look(void)
{
    struct wire wire = wire_open();
    char *bytes = calloc(1, 3 * PP_PEEK_MAX);
    REQUIRE(bytes != NULL);
    int room = 1024 * 1024;
    REQUIRE(setsockopt(wire.far, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
    scripted_send_bytes(wire.far, bytes, 3 * PP_PEEK_MAX);
    size_t queued = 0;
    for (int tries = 0; queued < PP_PEEK_MAX && tries < 10 * 1000; tries++) {
        (void)pp_socket_peek_stamp(wire.near, &queued);
        (void)usleep(1000);
    }
    CHECK_INT(queued, PP_PEEK_MAX);
    free(bytes);
    wire_close(&wire);
}

static void an_end_and_a_break_are_told_apart(void)
{
    struct wire ended = wire_open(), broken = wire_open();
    size_t queued = 1;
    (void)shutdown(ended.far, SHUT_WR);
    wire_wait(&ended);
    CHECK_INT(pp_socket_peek_stamp(ended.near, &queued), 0);
    CHECK_INT(queued, 0);
    CHECK_INT(errno, 0);
    scripted_reset(broken.far);
    (void)close(broken.far);
    broken.far = -1;
    wire_wait(&broken);
    CHECK_INT(pp_socket_peek_stamp(broken.near, &queued), 0);
    CHECK(pp_errno_is_reset(errno));
    CHECK_INT(queued, 0);
    wire_close(&ended);
    wire_close(&broken);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"each outcome has a class", each_outcome_has_a_class},
        {"a timeout is told by whether the connection stood",
         a_timeout_is_told_by_whether_the_connection_stood},
        {"what kept a socket from opening tells the class", what_kept_a_socket_from_opening_tells_the_class},
        {"a refused connection is told from other failures",
         a_refused_connection_is_told_from_other_failures},
        {"the end of descriptors is told from other failures",
         the_end_of_descriptors_is_told_from_other_failures},
        {"a socket is opened close on exec nonblocking and without delay",
         a_socket_is_opened_close_on_exec_nonblocking_and_without_delay},
        {"a look tells when the bytes came and leaves them",
         a_look_tells_when_the_bytes_came_and_leaves_them},
        {"a long queue is said to be longer than the look", a_long_queue_is_said_to_be_longer_than_the_look},
        {"an end and a break are told apart", an_end_and_a_break_are_told_apart},
    };
    (void)alarm(120); /* a hang guard */
    REQUIRE(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    return check_main("dial_error", cases, sizeof cases / sizeof *cases);
}
