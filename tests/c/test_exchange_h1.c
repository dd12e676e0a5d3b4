/* The fast exchange against real sockets: every end a request can have. */
#include "alloc_fail.h"
#include "check.h"
#include "exchange.h"
#include "scripted.h"

#define GUARD_NS (10 * PP_NS_PER_S)

struct bench {
    struct pp_loop *loop;
    struct pp_transport *transport;
    struct pp_exchange *exchange;
    struct pp_target target;
    struct pp_request request;
    struct pp_sample sample;
    unsigned ends;
};

static void note_end(void *owner, const struct pp_sample *sample)
{
    struct bench *bench = owner;
    bench->sample = *sample;
    bench->ends++;
}

static void bench_open(struct bench *bench, uint16_t port)
{
    memset(bench, 0, sizeof(*bench));
    bench->target = (struct pp_target){.host = "127.0.0.1", .port = port, .verify = true};
    bench->request =
        (struct pp_request){.method = "GET", .path = "/", .body_cap = 1000, .timeout_ns = 5 * PP_NS_PER_S};
    REQUIRE(pp_loop_new(PP_LOOP_BEST, &bench->loop) == PP_OK);
    REQUIRE(pp_exchange_h1.open(bench->loop, &bench->target, 1, &bench->transport) == PP_OK);
    REQUIRE(pp_exchange_h1.exchange_new(bench->transport, note_end, bench, &bench->exchange) == PP_OK);
}

static void bench_close(struct bench *bench)
{
    pp_exchange_h1.exchange_free(bench->exchange);
    pp_exchange_h1.close(bench->transport);
    pp_loop_free(bench->loop);
}

static void start(struct bench *bench)
{
    unsigned before = bench->ends;
    pp_exchange_h1.start(bench->exchange, &bench->request, 0);
    CHECK_INT(bench->ends, before); /* never told from within start */
}

static void turn_until(struct bench *bench, unsigned ends)
{
    int64_t guard_ns = pp_clock_now() + GUARD_NS;
    while (bench->ends < ends && pp_clock_now() < guard_ns)
        REQUIRE(pp_loop_turn(bench->loop) == PP_OK);
    REQUIRE(bench->ends >= ends);
}

static enum pp_error one(struct bench *bench)
{
    start(bench);
    turn_until(bench, bench->ends + 1);
    return bench->sample.error;
}

/* --- servers --------------------------------------------------------------------------------------- */

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static const char *answer;    /* what the servers say to each request */
static int answers_a_conn;    /* after so many, serve_answer closes, saying nothing; 0: never */
static bool reset_at_the_end; /* the connection breaks instead of closing */

static void serve_answer(struct scripted *server, int fd, int index)
{
    (void)index;
    for (int asked = 1; scripted_read(server, fd); asked++) {
        if (answers_a_conn > 0 && asked > answers_a_conn)
            break;
        scripted_send(fd, answer);
    }
    if (reset_at_the_end)
        scripted_reset(fd);
}

static void serve_and_close(struct scripted *server, int fd, int index)
{
    (void)index;
    if (scripted_read(server, fd))
        scripted_send(fd, answer);
    if (reset_at_the_end)
        scripted_reset(fd);
}

static void serve_silence(struct scripted *server, int fd, int index)
{
    (void)index;
    while (scripted_read(server, fd)) {
    }
}

/* Answers what it has read so far, and takes the rest without another word. */
static void serve_early(struct scripted *server, int fd, int index)
{
    (void)index;
    if (scripted_read(server, fd))
        scripted_send(fd, answer);
    while (scripted_read(server, fd)) {
    }
}

enum { UPLOAD_SIZE = 4 << 20 };

/* A body of so many 'x', a letter that its head does not hold. */
static void serve_upload(struct scripted *server, int fd, int index)
{
    (void)index;
    (void)server;
    char buffer[4096];
    for (size_t got = 0; got < UPLOAD_SIZE;) {
        ssize_t count = recv(fd, buffer, sizeof(buffer), 0);
        if (count <= 0)
            return;
        for (ssize_t i = 0; i < count; i++)
            got += buffer[i] == 'x' ? 1 : 0;
    }
    scripted_send(fd, OK_ANSWER);
    (void)recv(fd, buffer, sizeof(buffer), 0);
}

static struct scripted *serve(scripted_serve how, const char *what)
{
    answer = what;
    answers_a_conn = 0;
    reset_at_the_end = false;
    return scripted_start(how);
}

/* --- tests ----------------------------------------------------------------------------------------- */

static void an_answer_gives_a_sample_whose_moments_are_in_order(void)
{
    struct scripted *server = serve(serve_answer, OK_ANSWER);
    struct bench bench;
    bench_open(&bench, server->port);
    CHECK_INT(one(&bench), PP_ERROR_NONE);
    const struct pp_sample *sample = &bench.sample;
    CHECK_INT(sample->status, 200);
    CHECK(sample->intended_ns == sample->start_ns);
    CHECK(sample->start_ns <= sample->sent_ns);
    CHECK(sample->sent_ns <= sample->sent_end_ns);
    CHECK(sample->sent_ns <= sample->first_ns);
    CHECK(sample->first_ns <= sample->end_ns);
    CHECK(sample->end_ns <= sample->seen_ns);
    CHECK(sample->connect_ns >= 0);
    CHECK_INT(sample->dns_ns, -1);
    CHECK_INT(sample->tls_ns, -1);
    CHECK(!sample->reused);
    CHECK_INT(sample->bytes, strlen(OK_ANSWER));
    bench_close(&bench);
    scripted_stop(server);
}

static void the_intended_start_is_kept_as_given(void)
{
    struct scripted *server = serve(serve_answer, OK_ANSWER);
    struct bench bench;
    bench_open(&bench, server->port);
    int64_t intended_ns = pp_clock_now() - PP_NS_PER_S;
    pp_exchange_h1.start(bench.exchange, &bench.request, intended_ns);
    turn_until(&bench, 1);
    CHECK(bench.sample.intended_ns == intended_ns);
    CHECK(bench.sample.start_ns >= intended_ns + PP_NS_PER_S);
    bench_close(&bench);
    scripted_stop(server);
}

static void a_connection_is_kept_for_the_next_request(void)
{
    struct scripted *server = serve(serve_answer, OK_ANSWER);
    struct bench bench;
    bench_open(&bench, server->port);
    for (int i = 0; i < 5; i++)
        CHECK_INT(one(&bench), PP_ERROR_NONE);
    CHECK(bench.sample.reused);
    CHECK_INT(bench.sample.connect_ns, -1);
    CHECK_INT(pp_exchange_h1.connected(bench.transport), 1);
    bench_close(&bench);
    scripted_stop(server);
}

static void a_server_that_says_close_is_dialled_anew(void)
{
    struct scripted *server =
        serve(serve_and_close, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    struct bench bench;
    bench_open(&bench, server->port);
    for (int i = 0; i < 3; i++)
        CHECK_INT(one(&bench), PP_ERROR_NONE);
    CHECK(!bench.sample.reused);
    CHECK_INT(pp_exchange_h1.connected(bench.transport), 3);
    bench_close(&bench);
    scripted_stop(server);
}

static void a_body_without_length_ends_with_the_connection(void)
{
    struct scripted *server = serve(serve_and_close, "HTTP/1.1 200 OK\r\n\r\nall of it");
    struct bench bench;
    bench_open(&bench, server->port);
    bench.request.must_hold = "of it";
    bench.request.must_hold_length = 5;
    CHECK_INT(one(&bench), PP_ERROR_NONE);
    CHECK_INT(one(&bench), PP_ERROR_NONE);
    bench_close(&bench);
    scripted_stop(server);
}

static void a_connection_that_dies_on_reuse_is_stale_and_never_sent_again(void)
{
    struct scripted *server = serve(serve_answer, OK_ANSWER);
    answers_a_conn = 1;
    struct bench bench;
    bench_open(&bench, server->port);
    CHECK_INT(one(&bench), PP_ERROR_NONE);
    CHECK_INT(one(&bench), PP_ERROR_STALE_CONNECTION);
    CHECK_INT(scripted_requests(server), 2);
    CHECK_INT(one(&bench), PP_ERROR_NONE);
    CHECK_INT(scripted_requests(server), 3);
    bench_close(&bench);
    scripted_stop(server);
}

static void closing_before_any_byte_is_an_empty_reply(void)
{
    struct scripted *server = serve(serve_and_close, "");
    struct bench bench;
    bench_open(&bench, server->port);
    CHECK_INT(one(&bench), PP_ERROR_EMPTY_REPLY);
    CHECK_INT(bench.sample.status, 0);
    bench_close(&bench);
    scripted_stop(server);
}

static void a_reset_is_a_reset_before_the_answer_and_in_its_body(void)
{
    const char *answers[] = {"", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"};
    for (size_t i = 0; i < 2; i++) {
        struct scripted *server = serve(serve_and_close, answers[i]);
        reset_at_the_end = true;
        struct bench bench;
        bench_open(&bench, server->port);
        CHECK_INT(one(&bench), PP_ERROR_RESET);
        bench_close(&bench);
        scripted_stop(server);
    }
}

static void a_body_cut_short_is_truncated(void)
{
    struct scripted *server = serve(serve_and_close, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    struct bench bench;
    bench_open(&bench, server->port);
    CHECK_INT(one(&bench), PP_ERROR_TRUNCATED);
    CHECK_INT(bench.sample.status, 200);
    bench_close(&bench);
    scripted_stop(server);
}

static void surplus_bytes_are_a_protocol_error_and_close_the_connection(void)
{
    struct scripted *server = serve(serve_answer, OK_ANSWER "more");
    struct bench bench;
    bench_open(&bench, server->port);
    CHECK_INT(one(&bench), PP_ERROR_PROTOCOL);
    CHECK_INT(one(&bench), PP_ERROR_PROTOCOL);
    CHECK_INT(pp_exchange_h1.connected(bench.transport), 2);
    bench_close(&bench);
    scripted_stop(server);
}

static void a_silent_server_meets_the_time_out(void)
{
    struct scripted *server = serve(serve_silence, "");
    struct bench bench;
    bench_open(&bench, server->port);
    bench.request.timeout_ns = 50 * PP_NS_PER_MS;
    CHECK_INT(one(&bench), PP_ERROR_TIMEOUT);
    CHECK(bench.sample.end_ns - bench.sample.start_ns >= bench.request.timeout_ns);
    CHECK_INT(one(&bench), PP_ERROR_TIMEOUT);
    bench_close(&bench);
    scripted_stop(server);
}

static void a_later_deadline_is_not_cut_short_by_an_earlier_one(void)
{
    struct scripted *server = serve(serve_answer, OK_ANSWER);
    struct bench bench;
    bench_open(&bench, server->port);
    bench.request.timeout_ns = 30 * PP_NS_PER_MS;
    CHECK_INT(one(&bench), PP_ERROR_NONE);
    scripted_stop(server);
    server = serve(serve_silence, "");
    bench_close(&bench);
    bench_open(&bench, server->port);
    bench.request.timeout_ns = 30 * PP_NS_PER_MS;
    start(&bench);
    bool sent = false;
    CHECK(pp_exchange_h1.cancel(bench.exchange, &sent)); /* its timer stays armed */
    bench.request.timeout_ns = 200 * PP_NS_PER_MS;
    CHECK_INT(one(&bench), PP_ERROR_TIMEOUT);
    CHECK(bench.sample.end_ns - bench.sample.start_ns >= bench.request.timeout_ns);
    bench_close(&bench);
    scripted_stop(server);
}

static void a_closed_port_refuses(void)
{
    struct scripted *server = serve(serve_answer, OK_ANSWER);
    uint16_t port = server->port;
    scripted_stop(server);
    struct bench bench;
    bench_open(&bench, port);
    CHECK_INT(one(&bench), PP_ERROR_CONNECT_REFUSED);
    CHECK_INT(bench.sample.sent_ns, 0);
    CHECK_INT(pp_exchange_h1.connected(bench.transport), 0);
    bench_close(&bench);
}

static void a_body_over_the_cap_is_too_large(void)
{
    struct scripted *server = serve(serve_answer, OK_ANSWER);
    struct bench bench;
    bench_open(&bench, server->port);
    bench.request.body_cap = 4;
    CHECK_INT(one(&bench), PP_ERROR_BODY_TOO_LARGE);
    bench.request.body_cap = 5;
    CHECK_INT(one(&bench), PP_ERROR_NONE);
    bench_close(&bench);
    scripted_stop(server);
}

static void an_unexpected_status_and_a_missing_text_are_errors_that_keep_the_connection(void)
{
    struct scripted *server = serve(serve_answer, "HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nhello");
    struct bench bench;
    bench_open(&bench, server->port);
    CHECK_INT(one(&bench), PP_ERROR_STATUS);
    CHECK_INT(bench.sample.status, 503);
    uint16_t busy = 503;
    struct pp_request expecting = bench.request;
    expecting.statuses = &busy;
    expecting.status_count = 1;
    expecting.must_hold = "help";
    expecting.must_hold_length = 4;
    bench.request = expecting;
    pp_exchange_h1.start(bench.exchange, &expecting, 0);
    turn_until(&bench, 2);
    CHECK_INT(bench.sample.error, PP_ERROR_CONTENT);
    CHECK(bench.sample.reused);
    bench_close(&bench);
    scripted_stop(server);
}

static void a_large_body_waits_for_room_and_arrives_whole(void)
{
    struct scripted *server = serve(serve_upload, "");
    struct bench bench;
    size_t size = UPLOAD_SIZE;
    char *body = malloc(size);
    REQUIRE(body != NULL);
    memset(body, 'x', size);
    bench_open(&bench, server->port);
    bench.request.method = "POST";
    bench.request.body = body;
    bench.request.body_length = size;
    bench.request.has_body = true;
    CHECK_INT(one(&bench), PP_ERROR_NONE);
    CHECK(bench.sample.sent_end_ns > bench.sample.sent_ns);
    bench_close(&bench);
    scripted_stop(server);
    free(body);
}

static void an_answer_before_the_request_is_all_sent_ends_it_and_the_connection(void)
{
    struct scripted *server = serve(serve_early, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
    struct bench bench;
    size_t size = (size_t)32 << 20;
    char *body = calloc(1, size);
    REQUIRE(body != NULL);
    bench_open(&bench, server->port);
    bench.request.method = "POST";
    bench.request.body = body;
    bench.request.body_length = size;
    bench.request.has_body = true;
    CHECK_INT(one(&bench), PP_ERROR_STATUS);
    CHECK_INT(bench.sample.status, 413);
    bench_close(&bench);
    scripted_stop(server);
    free(body);
}

static void a_cancelled_request_is_not_told_and_the_next_one_works(void)
{
    struct scripted *server = serve(serve_silence, "");
    struct bench bench;
    bench_open(&bench, server->port);
    bool sent = true;
    CHECK(!pp_exchange_h1.cancel(bench.exchange, &sent));
    start(&bench);
    CHECK(pp_exchange_h1.cancel(bench.exchange, &sent));
    CHECK(!sent);
    CHECK(!pp_exchange_h1.cancel(bench.exchange, &sent));
    scripted_stop(server);
    bench_close(&bench);
    server = serve(serve_answer, OK_ANSWER);
    bench_open(&bench, server->port);
    start(&bench);
    CHECK(pp_exchange_h1.cancel(bench.exchange, &sent));
    CHECK_INT(one(&bench), PP_ERROR_NONE);
    CHECK_INT(bench.ends, 1);
    bench_close(&bench);
    scripted_stop(server);
}

/* A connection closed by the peer while nobody uses it is noticed, so that the next request is not lost on
 * it. */
static void a_connection_closed_while_idle_is_replaced(void)
{
    struct scripted *server = serve(serve_and_close, OK_ANSWER);
    struct bench bench;
    bench_open(&bench, server->port);
    CHECK_INT(one(&bench), PP_ERROR_NONE);
    REQUIRE(pp_loop_turn(bench.loop) == PP_OK); /* the close */
    CHECK_INT(one(&bench), PP_ERROR_NONE);
    CHECK_INT(pp_exchange_h1.connected(bench.transport), 2);
    bench_close(&bench);
    scripted_stop(server);
}

static void an_exchange_may_be_freed_in_any_state(void)
{
    struct scripted *server = serve(serve_silence, "");
    struct bench bench;
    bench_open(&bench, server->port);
    start(&bench);
    bench_close(&bench);
    bench_open(&bench, server->port);
    start(&bench);
    int64_t guard_ns = pp_clock_now() + GUARD_NS;
    while (scripted_requests(server) == 0 && pp_clock_now() < guard_ns)
        REQUIRE(pp_loop_turn(bench.loop) == PP_OK);
    bench_close(&bench);
    scripted_stop(server);
    pp_exchange_h1.exchange_free(NULL);
    pp_exchange_h1.close(NULL);
}

static enum pp_status make_an_exchange(void *context)
{
    const struct pp_target *target = context;
    struct pp_loop *loop = NULL;
    struct pp_transport *transport = NULL;
    struct pp_exchange *exchange = NULL;
    enum pp_status status = pp_loop_new(PP_LOOP_BEST, &loop);
    if (status == PP_OK)
        status = pp_exchange_h1.open(loop, target, 1, &transport);
    if (status == PP_OK)
        status = pp_exchange_h1.exchange_new(transport, note_end, NULL, &exchange);
    CHECK((status == PP_OK) == (exchange != NULL));
    pp_exchange_h1.exchange_free(exchange);
    pp_exchange_h1.close(transport);
    pp_loop_free(loop);
    return status;
}

static void making_an_exchange_without_memory_says_so_and_leaks_nothing(void)
{
    struct pp_target target = {.host = "127.0.0.1", .port = 9, .verify = true};
    struct alloc_fail_sweep swept = alloc_fail_sweep(make_an_exchange, &target);
    CHECK(swept.refused >= 4);
    CHECK_INT(swept.other, 0);
}

static void a_request_without_memory_is_counted_as_the_clients_own_failure(void)
{
    struct scripted *server = serve(serve_answer, OK_ANSWER);
    struct bench bench;
    bench_open(&bench, server->port);
    alloc_fail_arm(0, ALLOC_FAIL_ONCE);
    start(&bench);
    CHECK_INT(alloc_fail_disarm(), 1);
    turn_until(&bench, 1);
    CHECK_INT(bench.sample.error, PP_ERROR_CLIENT_MEMORY);
    CHECK_INT(one(&bench), PP_ERROR_NONE);
    bench_close(&bench);
    scripted_stop(server);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"moments in order", an_answer_gives_a_sample_whose_moments_are_in_order},
        {"intended start", the_intended_start_is_kept_as_given},
        {"keep-alive", a_connection_is_kept_for_the_next_request},
        {"close", a_server_that_says_close_is_dialled_anew},
        {"until close", a_body_without_length_ends_with_the_connection},
        {"stale", a_connection_that_dies_on_reuse_is_stale_and_never_sent_again},
        {"empty reply", closing_before_any_byte_is_an_empty_reply},
        {"reset", a_reset_is_a_reset_before_the_answer_and_in_its_body},
        {"truncated", a_body_cut_short_is_truncated},
        {"surplus", surplus_bytes_are_a_protocol_error_and_close_the_connection},
        {"time-out", a_silent_server_meets_the_time_out},
        {"lazy deadline", a_later_deadline_is_not_cut_short_by_an_earlier_one},
        {"refused", a_closed_port_refuses},
        {"cap", a_body_over_the_cap_is_too_large},
        {"expectations", an_unexpected_status_and_a_missing_text_are_errors_that_keep_the_connection},
        {"large body", a_large_body_waits_for_room_and_arrives_whole},
        {"early answer", an_answer_before_the_request_is_all_sent_ends_it_and_the_connection},
        {"cancel", a_cancelled_request_is_not_told_and_the_next_one_works},
        {"idle close", a_connection_closed_while_idle_is_replaced},
        {"free", an_exchange_may_be_freed_in_any_state},
        {"no memory to make one", making_an_exchange_without_memory_says_so_and_leaks_nothing},
        {"no memory to start one", a_request_without_memory_is_counted_as_the_clients_own_failure},
    };
    return check_main("exchange_h1", cases, sizeof(cases) / sizeof(cases[0]));
}
