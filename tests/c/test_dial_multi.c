/* A curl multi handle on a loop, with plain easy handles. */
#include "alloc_fail.h"
#include "dial_error.h"
#include "dial_multi.h"
#include "scripted.h"

enum { EASIES = 4 };

struct bench {
    struct pp_loop *loop;
    struct pp_multi *multi;
    struct scripted *server;
    CURL *easy[EASIES];
    struct pp_socket_facts facts;
    char url[64];
    unsigned ends;
    CURLcode code;             /* of the last end */
    unsigned again;            /* how often the handler adds the handle anew */
    int fd_turns, other_turns; /* turns given because a descriptor was readable, and others */
    int read_fd;
};

static void on_done(void *owner, CURL *easy, CURLcode code)
{
    struct bench *bench = owner;
    bench->ends++;
    bench->code = code;
    if (bench->again == 0)
        return;
    bench->again--;
    pp_multi_remove(bench->multi, easy);
    CHECK_INT(pp_multi_add(bench->multi, easy), PP_OK);
}

static void on_turn(void *owner, int fd)
{
    struct bench *bench = owner;
    if (fd < 0) {
        bench->other_turns++;
        return;
    }
    bench->fd_turns++;
    bench->read_fd = fd;
}

static size_t swallow(char *bytes, size_t size, size_t count, void *data)
{
    (void)bytes;
    (void)data;
    return size * count;
}

static curl_socket_t open_kept(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct bench *bench = data;
    curl_socket_t fd = pp_socket_open(&bench->facts, purpose, address);
    pp_multi_keep(bench->multi, fd);
    return fd;
}

static CURL *easy_new(struct bench *bench)
{
    CURL *easy = curl_easy_init();
    REQUIRE(easy != NULL);
    REQUIRE(curl_easy_setopt(easy, CURLOPT_URL, bench->url) == CURLE_OK);
    REQUIRE(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK);
    REQUIRE(curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK);
    REQUIRE(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow) == CURLE_OK);
    return easy;
}

static void keep_sockets(struct bench *bench, CURL *easy)
{
    REQUIRE(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_kept) == CURLE_OK);
    REQUIRE(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, bench) == CURLE_OK);
    REQUIRE(curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, pp_multi_close_socket) == CURLE_OK);
    REQUIRE(curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, bench->multi) == CURLE_OK);
}

static void bench_open(struct bench *bench, scripted_serve serve)
{
    *bench = (struct bench){.server = scripted_start(serve), .read_fd = -1};
    (void)snprintf(bench->url, sizeof bench->url, "http://127.0.0.1:%u/", (unsigned)bench->server->port);
    REQUIRE(pp_loop_new(PP_LOOP_BEST, &bench->loop) == PP_OK);
    REQUIRE(pp_multi_new(bench->loop, on_done, on_turn, bench, &bench->multi) == PP_OK);
    for (size_t i = 0; i < EASIES; i++)
        bench->easy[i] = easy_new(bench);
}

static void bench_close(struct bench *bench)
{
    for (size_t i = 0; i < EASIES; i++) {
        pp_multi_remove(bench->multi, bench->easy[i]);
        curl_easy_cleanup(bench->easy[i]);
    }
    pp_multi_free(bench->multi);
    pp_loop_free(bench->loop);
    scripted_stop(bench->server);
}

static void turn_until(struct bench *bench, unsigned ends)
{
    while (bench->ends < ends)
        REQUIRE(pp_loop_turn(bench->loop) == PP_OK);
}

static void run(struct bench *bench, size_t index)
{
    unsigned ends = bench->ends;
    pp_multi_remove(bench->multi, bench->easy[index]);
    CHECK_INT(pp_multi_add(bench->multi, bench->easy[index]), PP_OK);
    CHECK_INT(bench->ends, ends); /* nothing ends within the call */
    turn_until(bench, ends + 1);
}

static void nothing(struct pp_timer *timer, int64_t now_ns)
{
    (void)timer;
    (void)now_ns;
}

static unsigned idle_turns(struct bench *bench, int64_t idle_ns)
{
    struct pp_timer timer = {.fire = nothing};
    unsigned turns = 0;
    REQUIRE(pp_loop_arm(bench->loop, &timer, pp_clock_now() + idle_ns) == PP_OK);
    for (; pp_timer_armed(&timer); turns++)
        REQUIRE(pp_loop_turn(bench->loop) == PP_OK);
    return turns;
}

static void serve_hello(struct scripted *server, int fd, int index)
{
    (void)index;
    while (scripted_read(server, fd))
        scripted_reply(fd, "200 OK", "", "hello");
}

static void serve_once(struct scripted *server, int fd, int index)
{
    (void)index;
    if (scripted_read(server, fd))
        scripted_reply(fd, "200 OK", "", "hello");
}

static void a_transfer_runs_on_the_loop_and_ends_once(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    run(&bench, 0);
    CHECK_INT(bench.code, CURLE_OK);
    (void)idle_turns(&bench, 20 * PP_NS_PER_MS);
    CHECK_INT(bench.ends, 1);
    CHECK_INT(scripted_requests(bench.server), 1);
    bench_close(&bench);
}

static void transfers_run_side_by_side(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    for (size_t i = 0; i < EASIES; i++)
        CHECK_INT(pp_multi_add(bench.multi, bench.easy[i]), PP_OK);
    turn_until(&bench, EASIES);
    CHECK_INT(scripted_requests(bench.server), EASIES);
    CHECK_INT(scripted_conns(bench.server), EASIES);
    bench_close(&bench);
}

static void a_handler_may_add_the_handle_again(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    bench.again = 30;
    run(&bench, 0);
    turn_until(&bench, 31);
    CHECK_INT(scripted_requests(bench.server), 31);
    CHECK_INT(scripted_conns(bench.server), 1);
    bench_close(&bench);
}

static void a_failure_found_at_once_is_still_told_from_the_loop(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    REQUIRE(curl_easy_setopt(bench.easy[0], CURLOPT_URL, "nonsense://127.0.0.1/") == CURLE_OK);
    run(&bench, 0);
    CHECK_INT(bench.code, CURLE_UNSUPPORTED_PROTOCOL);
    bench_close(&bench);
}

static void a_handle_cannot_be_added_twice(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    CHECK_INT(pp_multi_add(bench.multi, bench.easy[0]), PP_OK);
    CHECK_INT(pp_multi_add(bench.multi, bench.easy[0]), PP_INVALID);
    turn_until(&bench, 1);
    CHECK_INT(bench.code, CURLE_OK);
    bench_close(&bench);
}

static void the_owner_hears_of_each_turn_and_its_cause(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    keep_sockets(&bench, bench.easy[0]);
    run(&bench, 0);
    CHECK(bench.other_turns > 0); /* to start */
    CHECK_INT(bench.read_fd, bench.fd_turns > 0 ? bench.facts.fd : -1);
    bench_close(&bench);
}

static void a_kept_connection_carries_the_next_transfer(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    keep_sockets(&bench, bench.easy[0]);
    for (int i = 0; i < 10; i++)
        run(&bench, 0);
    CHECK_INT(scripted_requests(bench.server), 10);
    CHECK_INT(scripted_conns(bench.server), 1);
    bench_close(&bench);
}

static void a_kept_connection_that_the_peer_closes_does_not_make_the_loop_spin(void)
{
    struct bench bench;
    bench_open(&bench, serve_once);
    keep_sockets(&bench, bench.easy[0]);
    for (unsigned i = 1; i <= 3; i++) {
        run(&bench, 0);
        CHECK_INT(bench.code, CURLE_OK);
        CHECK(idle_turns(&bench, 50 * PP_NS_PER_MS) < 20);
        CHECK_INT(scripted_conns(bench.server), i);
    }
    bench_close(&bench);
}

/* Always under the same number, which nothing else in this process takes. */
static curl_socket_t open_numbered(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    enum { NUMBER = 400 };
    struct bench *bench = data;
    curl_socket_t fd = pp_socket_open(&bench->facts, purpose, address);
    REQUIRE(dup2(fd, NUMBER) == NUMBER);
    (void)close(fd);
    pp_multi_keep(bench->multi, NUMBER);
    return NUMBER;
}

static void a_number_closed_behind_our_back_works_for_the_next_socket(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    for (size_t i = 0; i < 2; i++) {
        keep_sockets(&bench, bench.easy[i]);
        REQUIRE(curl_easy_setopt(bench.easy[i], CURLOPT_OPENSOCKETFUNCTION, open_numbered) == CURLE_OK);
        REQUIRE(curl_easy_setopt(bench.easy[i], CURLOPT_CLOSESOCKETFUNCTION, NULL) == CURLE_OK);
        REQUIRE(curl_easy_setopt(bench.easy[i], CURLOPT_FORBID_REUSE, 1L) == CURLE_OK);
        run(&bench, i);
        CHECK_INT(bench.code, CURLE_OK);
    }
    CHECK_INT(scripted_conns(bench.server), 2);
    bench_close(&bench);
}

struct taken {
    struct pp_watch watch;
    unsigned ready;
};

static void taken_ready(struct pp_watch *watch, unsigned ready)
{
    ((struct taken *)((char *)watch - offsetof(struct taken, watch)))->ready |= ready;
}

static void a_connection_handed_out_can_be_watched_by_its_new_owner(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    REQUIRE(curl_easy_setopt(bench.easy[0], CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK);
    run(&bench, 0);
    CHECK_INT(bench.code, CURLE_OK);
    curl_socket_t fd = CURL_SOCKET_BAD;
    REQUIRE(curl_easy_getinfo(bench.easy[0], CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK);
    pp_multi_forget(bench.multi, fd);
    struct taken taken = {.watch = {.ready = taken_ready}};
    REQUIRE(pp_loop_watch(bench.loop, &taken.watch, fd, PP_READY_READ) == PP_OK);
    scripted_send(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    while (taken.ready == 0)
        REQUIRE(pp_loop_turn(bench.loop) == PP_OK);
    char text[15] = "";
    CHECK_INT(recv(fd, text, sizeof text, 0), sizeof text);
    CHECK(memcmp(text, "HTTP/1.1 200 OK", sizeof text) == 0);
    pp_loop_unwatch(bench.loop, &taken.watch);
    bench_close(&bench);
}

static void forgetting_what_was_never_seen_is_fine(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    pp_multi_forget(bench.multi, -1);
    pp_multi_forget(bench.multi, 3);
    pp_multi_forget(bench.multi, 1000 * 1000);
    run(&bench, 0);
    CHECK_INT(bench.code, CURLE_OK);
    bench_close(&bench);
}

static void a_descriptor_with_a_high_number_is_driven_as_well(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    int filler[200];
    for (size_t i = 0; i < 200; i++) {
        filler[i] = dup(bench.server->listener);
        REQUIRE(filler[i] >= 0);
    }
    keep_sockets(&bench, bench.easy[0]);
    run(&bench, 0);
    CHECK_INT(bench.code, CURLE_OK);
    CHECK(bench.facts.fd > 200);
    for (size_t i = 0; i < 200; i++)
        (void)close(filler[i]);
    bench_close(&bench);
}

static void a_multi_is_freed_with_connections_still_open(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    keep_sockets(&bench, bench.easy[0]);
    run(&bench, 0);
    pp_multi_remove(bench.multi, bench.easy[0]);
    curl_easy_cleanup(bench.easy[0]); /* its connection stays with the multi */
    bench.easy[0] = easy_new(&bench);
    bench_close(&bench);
    pp_multi_free(NULL);
}

static enum pp_status attempt_new(void *context)
{
    struct pp_multi *multi = NULL;
    enum pp_status status = pp_multi_new(context, on_done, NULL, NULL, &multi);
    CHECK((status == PP_OK) == (multi != NULL));
    pp_multi_free(multi);
    return status;
}

static void a_multi_that_finds_no_memory_is_not_made(void)
{
    struct pp_loop *loop = NULL;
    REQUIRE(pp_loop_new(PP_LOOP_BEST, &loop) == PP_OK);
    struct alloc_fail_sweep swept = alloc_fail_sweep(attempt_new, loop);
    CHECK(swept.refused > 0);
    CHECK_INT(swept.other, 0);
    pp_loop_free(loop);
}

static void a_transfer_whose_watch_finds_no_memory_fails_and_nothing_leaks(void)
{
    struct bench bench;
    bench_open(&bench, serve_hello);
    CHECK_INT(pp_multi_add(bench.multi, bench.easy[0]), PP_OK);
    alloc_fail_arm(0, ALLOC_FAIL_ON); /* the first descriptor needs the table and a slot in it */
    while (bench.ends == 0)
        REQUIRE(pp_loop_turn(bench.loop) == PP_OK);
    CHECK(alloc_fail_disarm() > 0);
    CHECK_INT(pp_error_of_curl(bench.easy[0], bench.code, &bench.facts, false), PP_ERROR_CLIENT_MEMORY);
    bench_close(&bench);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"a transfer runs on the loop and ends once", a_transfer_runs_on_the_loop_and_ends_once},
        {"transfers run side by side", transfers_run_side_by_side},
        {"a handler may add the handle again", a_handler_may_add_the_handle_again},
        {"a failure found at once is still told from the loop",
         a_failure_found_at_once_is_still_told_from_the_loop},
        {"a handle cannot be added twice", a_handle_cannot_be_added_twice},
        {"the owner hears of each turn and its cause", the_owner_hears_of_each_turn_and_its_cause},
        {"a kept connection carries the next transfer", a_kept_connection_carries_the_next_transfer},
        {"a kept connection that the peer closes does not make the loop spin",
         a_kept_connection_that_the_peer_closes_does_not_make_the_loop_spin},
        {"a number closed behind our back works for the next socket",
         a_number_closed_behind_our_back_works_for_the_next_socket},
        {"a connection handed out can be watched by its new owner",
         a_connection_handed_out_can_be_watched_by_its_new_owner},
        {"forgetting what was never seen is fine", forgetting_what_was_never_seen_is_fine},
        {"a descriptor with a high number is driven as well",
         a_descriptor_with_a_high_number_is_driven_as_well},
        {"a multi that finds no memory is not made", a_multi_that_finds_no_memory_is_not_made},
        {"a transfer whose watch finds no memory fails and nothing leaks",
         a_transfer_whose_watch_finds_no_memory_fails_and_nothing_leaks},
        {"a multi is freed with connections still open", a_multi_is_freed_with_connections_still_open},
    };
    (void)alarm(120); /* a hang guard */
    return check_main("dial_multi", cases, sizeof cases / sizeof *cases);
}
