/* A server whose delays are known: answers each request after a log-normal time, and can freeze for a while
 * in every so many seconds. For the benchmarks of perfplug's own truth; one thread, one loop, header and body
 * in one write.
 *
 *     delay_server [--median-us N] [--sigma S] [--seed N] [--freeze-every-ms N --freeze-ms N]
 *
 * prints "port N" and serves until killed. A freeze holds everything, as a stop-the-world pause would:
 * requests that arrive meanwhile are answered when it is over. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 256, CONNS = 16384 };

static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"
                            "{\"status\":\"ok\"}";

struct conn {
    int64_t due_ns; /* of its answer; 0: none owed */
    int matched;    /* of the blank line that ends a request head */
    bool open;
};

struct heap_entry {
    int64_t due_ns;
    int fd;
};

struct server {
    int epoll, listener, timer;
    double median_ns, sigma;
    int64_t freeze_every_ns, freeze_ns, started_ns;
    uint64_t random;
    struct conn conns[CONNS];
    struct heap_entry heap[CONNS];
    size_t heaped;
};

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double unit(struct server *server)
{
    server->random ^= server->random << 13;
    server->random ^= server->random >> 7;
    server->random ^= server->random << 17;
    return ((double)(server->random >> 11) + 0.5) / 9007199254740992.0;
}

static int64_t draw_delay(struct server *server)
{
    double normal = sqrt(-2.0 * log(unit(server))) * cos(2.0 * 3.14159265358979323846 * unit(server));
    return (int64_t)(server->median_ns * exp(server->sigma * normal));
}

/* When the freeze that lies at `at_ns` ends; `at_ns` itself outside of one. */
static int64_t thawed_at(const struct server *server, int64_t at_ns)
{
    if (server->freeze_every_ns == 0)
        return at_ns;
    int64_t phase = (at_ns - server->started_ns) % server->freeze_every_ns;
    int64_t begins = server->freeze_every_ns - server->freeze_ns;
    return phase < begins ? at_ns : at_ns + (server->freeze_every_ns - phase);
}

/* --- the answers that are owed, the next first --------------------------------------------------- */

static void heap_swap(struct server *server, size_t a, size_t b)
{
    struct heap_entry entry = server->heap[a];
    server->heap[a] = server->heap[b];
    server->heap[b] = entry;
}

static void heap_push(struct server *server, int64_t due_ns, int fd)
{
    size_t i = server->heaped++;
    server->heap[i] = (struct heap_entry){due_ns, fd};
    while (i > 0 && server->heap[(i - 1) / 2].due_ns > server->heap[i].due_ns) {
        heap_swap(server, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static void heap_pop(struct server *server)
{
    size_t i = 0;
    server->heap[0] = server->heap[--server->heaped];
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < server->heaped; child++)
            if (server->heap[child].due_ns < server->heap[least].due_ns)
                least = child;
        if (least == i)
            return;
        heap_swap(server, i, least);
        i = least;
    }
}

static void set_timer(struct server *server)
{
    struct itimerspec when = {0};
    if (server->heaped > 0) {
        when.it_value.tv_sec = server->heap[0].due_ns / 1000000000;
        when.it_value.tv_nsec = server->heap[0].due_ns % 1000000000;
    }
    (void)timerfd_settime(server->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void answer_due(struct server *server)
{
    int64_t now = now_ns();
    while (server->heaped > 0 && server->heap[0].due_ns <= now) {
        int fd = server->heap[0].fd;
        int64_t due_ns = server->heap[0].due_ns;
        heap_pop(server);
        if (!server->conns[fd].open || server->conns[fd].due_ns != due_ns)
            continue;
        server->conns[fd].due_ns = 0;
        if (write(fd, reply, sizeof(reply) - 1) < 0)
            server->conns[fd].open = false;
    }
}

/* --- connections --------------------------------------------------------------------------------- */

static void accept_all(struct server *server)
{
    for (;;) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0)
            return;
        if (fd >= CONNS) {
            (void)close(fd);
            continue;
        }
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        server->conns[fd] = (struct conn){.open = true};
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        (void)epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static void read_requests(struct server *server, int fd)
{
    static const char mark[] = "\r\n\r\n";
    struct conn *conn = &server->conns[fd];
    char buffer[4096];
    ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count <= 0) {
        if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
            conn->open = false;
            (void)close(fd);
        }
        return;
    }
    for (ssize_t i = 0; i < count; i++) {
        conn->matched = buffer[i] == mark[conn->matched] ? conn->matched + 1 : (buffer[i] == '\r' ? 1 : 0);
        if (conn->matched == 4) {
            conn->matched = 0;
            conn->due_ns = thawed_at(server, now_ns()) + draw_delay(server);
            conn->due_ns = thawed_at(server, conn->due_ns);
            heap_push(server, conn->due_ns, fd);
        }
    }
}

static void serve(struct server *server)
{
    struct epoll_event events[BATCH];
    for (;;) {
        int count = epoll_wait(server->epoll, events, BATCH, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == server->listener)
                accept_all(server);
            else if (fd != server->timer)
                read_requests(server, fd);
        }
        answer_due(server);
        set_timer(server);
    }
}

static double option(int argc, char **argv, const char *name, double otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return atof(argv[i + 1]);
    return otherwise;
}

static bool watch(struct server *server, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool set_up(struct server *server, uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    server->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    server->epoll = epoll_create1(0);
    if (server->listener < 0 || server->timer < 0 || server->epoll < 0)
        return false;
    if (bind(server->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(server->listener, 4096) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0)
        return false;
    *port = ntohs(address.sin_port);
    return watch(server, server->listener) && watch(server, server->timer);
}

int main(int argc, char **argv)
{
    static struct server server;
    uint16_t port = 0;
    server.median_ns = option(argc, argv, "--median-us", 5000) * 1e3;
    server.sigma = option(argc, argv, "--sigma", 0.5);
    server.freeze_every_ns = (int64_t)(option(argc, argv, "--freeze-every-ms", 0) * 1e6);
    server.freeze_ns = (int64_t)(option(argc, argv, "--freeze-ms", 0) * 1e6);
    server.random = 0x9E3779B97F4A7C15U * (1 + 2 * (uint64_t)option(argc, argv, "--seed", 0));
    server.started_ns = now_ns();
    (void)prctl(PR_SET_PDEATHSIG, 15); /* a benchmark that dies takes its server along */
    if (!set_up(&server, &port)) {
        perror("delay_server");
        return 1;
    }
    (void)printf("port %u\n", (unsigned)port);
    (void)fflush(stdout);
    serve(&server);
    return 0;
}
