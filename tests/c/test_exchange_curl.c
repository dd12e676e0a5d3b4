/* Exchanges through libcurl against real sockets: what goes out, and every end a request can have. What
 * becomes of redirects stands in test_exchange_curl_redirect.c. */
#include <errno.h>

#include "alloc_fail.h"
#include "curl_rig.h"

/* --- answers ------------------------------------------------------------------------------------- */

static void serve_hello(struct scripted *server, int fd, int index)
{
    (void)index;
    while (scripted_read(server, fd))
        scripted_reply(fd, "200 OK", "", "hello");
}

static void serve_raw(struct scripted *server, int fd, int index)
{
    (void)index;
    if (scripted_read(server, fd))
        scripted_send_bytes(fd, server->script, server->script_length);
}

/* Keeps the connection open after the answer, so that only the answer itself can end the request. */
static void serve_raw_and_wait(struct scripted *server, int fd, int index)
{
    serve_raw(server, fd, index);
    (void)scripted_read(server, fd);
}

static struct pp_sample answer_bytes(const char *bytes, size_t length, bool wait, bool decompress)
{
    struct scripted *server = scripted_start(wait ? serve_raw_and_wait : serve_raw);
    server->script = bytes;
    server->script_length = length;
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.target.decompress = decompress;
    rig_open(&rig);
    struct pp_sample sample = rig_one(&rig);
    rig_close(&rig);
    scripted_stop(server);
    return sample;
}

static enum pp_error answer(const char *text)
{
    return answer_bytes(text, strlen(text), false, false).error;
}

/* --- good requests ------------------------------------------------------------------------------- */

static void a_request_gives_one_sample_with_its_moments_in_order(void)
{
    struct scripted *server = scripted_start(serve_hello);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig_open(&rig);
    struct pp_sample sample = rig_one(&rig);
    CHECK_INT(sample.error, PP_ERROR_NONE);
    CHECK_INT(sample.status, 200);
    CHECK_INT(sample.bytes, strlen("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
    CHECK_INT(sample.intended_ns, 7);
    CHECK(sample.start_ns > 0);
    CHECK(sample.sent_ns >= sample.start_ns);
    CHECK(sample.sent_end_ns >= sample.sent_ns);
    CHECK(sample.first_ns >= sample.sent_ns);
    CHECK(sample.end_ns >= sample.first_ns);
    CHECK(sample.seen_ns >= sample.end_ns);
    CHECK(!sample.reused);
    CHECK(sample.connect_ns >= 0);
    CHECK_INT(sample.dns_ns, -1);
    CHECK_INT(sample.tls_ns, -1);
    CHECK_INT(sample.resent, 0);
    rig_close(&rig);
    scripted_stop(server);
}

static void a_name_that_has_to_be_resolved_takes_time_for_it(void)
{
    struct scripted *server = scripted_start(serve_hello);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.target.host = "localhost";
    rig_open(&rig);
    struct pp_sample sample = rig_one(&rig);
    CHECK_INT(sample.error, PP_ERROR_NONE);
    CHECK(sample.dns_ns >= 0);
    CHECK(sample.connect_ns >= 0);
    rig_close(&rig);
    scripted_stop(server);
}

static void a_connection_is_kept_for_the_next_request(void)
{
    struct scripted *server = scripted_start(serve_hello);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig_open(&rig);
    (void)rig_one(&rig);
    for (int i = 0; i < 20; i++) {
        struct pp_sample sample = rig_one(&rig);
        CHECK_INT(sample.error, PP_ERROR_NONE);
        CHECK(sample.reused);
        CHECK_INT(sample.connect_ns, -1);
    }
    CHECK_INT(scripted_conns(server), 1);
    CHECK_INT(scripted_requests(server), 21);
    CHECK_INT(pp_exchange_curl.connected(rig.transport), 1);
    rig_close(&rig);
    scripted_stop(server);
}

static void exchanges_run_side_by_side_on_connections_of_their_own(void)
{
    struct scripted *server = scripted_start(serve_hello);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.exchanges = 8;
    rig_open(&rig);
    for (int round = 1; round <= 3; round++) {
        for (size_t i = 0; i < rig.exchanges; i++)
            rig_start(&rig, i);
        rig_turn_until(&rig, 8U * (unsigned)round);
    }
    CHECK_INT(rig.errors, 0);
    CHECK_INT(scripted_requests(server), 24);
    CHECK_INT(scripted_conns(server), 8);
    rig_close(&rig);
    scripted_stop(server);
}

static void a_handler_may_start_the_next_request(void)
{
    struct scripted *server = scripted_start(serve_hello);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.again = 50;
    rig_open(&rig);
    rig_start(&rig, 0);
    rig_turn_until(&rig, 51);
    CHECK_INT(rig.errors, 0);
    CHECK_INT(scripted_requests(server), 51);
    rig_close(&rig);
    scripted_stop(server);
}

static void a_handler_may_free_its_exchange(void)
{
    struct scripted *server = scripted_start(serve_hello);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.free_when_done = true;
    rig_open(&rig);
    (void)rig_one(&rig);
    CHECK(rig.exchange[0] == NULL);
    rig_close(&rig);
    scripted_stop(server);
}

static void a_unix_socket_is_spoken_to(void)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/pp-curl-%ld.sock", (long)getpid());
    struct scripted *server = scripted_start_unix(path, serve_hello);
    struct rig rig;
    rig_prepare(&rig, 80);
    rig.target.unix_path = path;
    rig.target.host = "service";
    rig_open(&rig);
    struct pp_sample sample = rig_one(&rig);
    CHECK_INT(sample.error, PP_ERROR_NONE);
    CHECK_INT(sample.dns_ns, -1);
    CHECK(scripted_saw(server, "Host: service\r\n"));
    rig_close(&rig);
    scripted_stop(server);
    (void)unlink(path);
}

/* --- what goes out ------------------------------------------------------------------------------- */

static struct scripted *sent(const char *method, const struct pp_header *headers, size_t count,
                             const char *body, size_t length, bool has_body)
{
    struct scripted *server = scripted_start(serve_hello);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.request.method = method;
    rig.request.path = "/a/../b?c=d";
    rig.request.headers = headers;
    rig.request.header_count = count;
    rig.request.body = body;
    rig.request.body_length = length;
    rig.request.has_body = has_body;
    rig_open(&rig);
    struct pp_sample sample = rig_one(&rig);
    if (strcmp(method, "HEAD") != 0)
        CHECK_INT(sample.error, PP_ERROR_NONE);
    rig_close(&rig);
    return server;
}

static void a_get_goes_out_as_given_with_plain_defaults(void)
{
    struct scripted *server = sent("GET", NULL, 0, NULL, 0, false);
    char host[64];
    (void)snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%u\r\n", (unsigned)server->port);
    CHECK(scripted_saw(server, "GET /a/../b?c=d HTTP/1.1\r\n"));
    CHECK(scripted_saw(server, host));
    CHECK(scripted_saw(server, "\r\nUser-Agent: perfplug/0.1\r\n"));
    CHECK(scripted_saw(server, "\r\nAccept: */*\r\n"));
    CHECK(!scripted_saw(server, "Content-"));
    CHECK(!scripted_saw(server, "Cookie"));
    scripted_stop(server);
}

static void headers_of_the_user_replace_the_defaults(void)
{
    static const struct pp_header headers[] = {
        {"Accept", "text/plain"}, {"user-agent", "mine"}, {"X-Empty", ""}, {"X-Two", "1"}, {"X-Two", "2"}};
    struct scripted *server = sent("GET", headers, 5, NULL, 0, false);
    CHECK(scripted_saw(server, "\r\nAccept: text/plain\r\n"));
    CHECK(scripted_saw(server, "\r\nuser-agent: mine\r\n"));
    CHECK(scripted_saw(server, "\r\nX-Empty:\r\n"));
    CHECK(scripted_saw(server, "\r\nX-Two: 1\r\nX-Two: 2\r\n"));
    CHECK(!scripted_saw(server, "perfplug"));
    CHECK(!scripted_saw(server, "*/*"));
    scripted_stop(server);
}

static void a_body_goes_out_whole_and_without_what_nobody_asked_for(void)
{
    struct scripted *server = sent("POST", NULL, 0, "{\"a\": 1}", 8, true);
    CHECK(scripted_saw(server, "POST /a/../b?c=d HTTP/1.1\r\n"));
    CHECK(scripted_saw(server, "\r\nContent-Length: 8\r\n"));
    CHECK(scripted_saw(server, "\r\n\r\n{\"a\": 1}"));
    CHECK(!scripted_saw(server, "Expect"));
    CHECK(!scripted_saw(server, "Content-Type"));
    scripted_stop(server);
}

static void a_large_body_goes_out_at_once(void)
{
    enum { SIZE = 50 * 1000 };
    char *body = malloc(SIZE);
    REQUIRE(body != NULL);
    memset(body, 'x', SIZE);
    static const struct pp_header type = {"Content-Type", "text/x-test"};
    struct scripted *server = sent("PUT", &type, 1, body, SIZE, true);
    CHECK(scripted_saw(server, "PUT /a/../b?c=d HTTP/1.1\r\n"));
    CHECK(scripted_saw(server, "\r\nContent-Length: 50000\r\n"));
    CHECK(scripted_saw(server, "\r\nContent-Type: text/x-test\r\n"));
    CHECK(!scripted_saw(server, "Expect"));
    CHECK_INT(scripted_requests(server), 1);
    free(body);
    scripted_stop(server);
}

static void an_empty_body_is_still_announced(void)
{
    struct scripted *server = sent("POST", NULL, 0, NULL, 0, true);
    CHECK(scripted_saw(server, "\r\nContent-Length: 0\r\n"));
    scripted_stop(server);
}

static void a_method_without_a_body_announces_none(void)
{
    struct scripted *server = sent("DELETE", NULL, 0, NULL, 0, false);
    CHECK(scripted_saw(server, "DELETE /a/../b?c=d HTTP/1.1\r\n"));
    CHECK(!scripted_saw(server, "Content-Length"));
    scripted_stop(server);
}

static void serve_head(struct scripted *server, int fd, int index)
{
    (void)index;
    while (scripted_read(server, fd))
        scripted_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
}

static void the_answer_to_head_has_no_body(void)
{
    struct scripted *server = scripted_start(serve_head);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.request.method = "HEAD";
    rig_open(&rig);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_NONE);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_NONE);
    CHECK(rig.sample.reused);
    CHECK(scripted_saw(server, "HEAD / HTTP/1.1\r\n"));
    rig_close(&rig);
    scripted_stop(server);
}

static void a_slot_may_change_from_request_to_request(void)
{
    struct scripted *server = scripted_start(serve_hello);
    struct rig rig;
    rig_prepare(&rig, server->port);
    struct pp_request post = rig.request;
    post.method = "POST";
    post.body = "abc";
    post.body_length = 3;
    post.has_body = true;
    rig_open(&rig);
    struct pp_request *get = &rig.request;
    for (int i = 0; i < 3; i++) {
        rig_start_request(&rig, 0, get);
        rig_turn_until(&rig, 2U * (unsigned)i + 1);
        CHECK(scripted_saw(server, "GET / HTTP/1.1\r\n"));
        CHECK(!scripted_saw(server, "abc"));
        rig_start_request(&rig, 0, &post);
        rig_turn_until(&rig, 2U * (unsigned)i + 2);
        CHECK(scripted_saw(server, "POST / HTTP/1.1\r\n"));
        CHECK(scripted_saw(server, "abc"));
    }
    CHECK_INT(rig.errors, 0);
    CHECK_INT(scripted_conns(server), 1);
    rig_close(&rig);
    scripted_stop(server);
}

static void serve_cookie(struct scripted *server, int fd, int index)
{
    char header[64];
    (void)snprintf(header, sizeof header, "Set-Cookie: user=%d\r\n", index);
    while (scripted_read(server, fd))
        scripted_reply(fd, "200 OK", scripted_saw(server, "Cookie:") ? "" : header, "hello");
}

static void each_exchange_has_a_cookie_jar_of_its_own(void)
{
    struct scripted *server = scripted_start(serve_cookie);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.target.cookies = true;
    rig.exchanges = 2;
    rig_open(&rig);
    rig_start(&rig, 0);
    rig_turn_until(&rig, 1);
    CHECK(!scripted_saw(server, "Cookie:"));
    rig_start(&rig, 0);
    rig_turn_until(&rig, 2);
    CHECK(scripted_saw(server, "\r\nCookie: user=0\r\n"));
    rig_start(&rig, 1);
    rig_turn_until(&rig, 3);
    CHECK(!scripted_saw(server, "Cookie:"));
    rig_close(&rig);
    scripted_stop(server);
}

static void without_cookies_none_are_sent_back(void)
{
    struct scripted *server = scripted_start(serve_cookie);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig_open(&rig);
    (void)rig_one(&rig);
    (void)rig_one(&rig);
    CHECK_INT(scripted_requests(server), 2);
    CHECK(!scripted_saw(server, "Cookie:"));
    rig_close(&rig);
    scripted_stop(server);
}

/* --- judged answers ------------------------------------------------------------------------------ */

static void a_status_that_was_not_expected_is_an_error_of_its_own(void)
{
    static const uint16_t accepted[] = {404, 503};
    struct scripted *server = scripted_start(serve_raw);
    server->script = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";
    server->script_length = strlen(server->script);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig_open(&rig);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_STATUS);
    CHECK_INT(rig.sample.status, 503);
    rig.request.statuses = accepted;
    rig.request.status_count = 2;
    CHECK_INT(rig_one(&rig).error, PP_ERROR_NONE);
    rig_close(&rig);
    scripted_stop(server);
}

static enum pp_error answer_holding(const char *text, const char *must_hold)
{
    struct scripted *server = scripted_start(serve_raw);
    server->script = text;
    server->script_length = strlen(text);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.request.must_hold = must_hold;
    rig.request.must_hold_length = strlen(must_hold);
    rig_open(&rig);
    enum pp_error error = rig_one(&rig).error;
    rig_close(&rig);
    scripted_stop(server);
    return error;
}

static void the_body_must_hold_the_expected_text(void)
{
    static const char chunked[] =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nit i\r\n5\r\ns fin\r\n1\r\ne\r\n0\r\n\r\n";
    CHECK_INT(answer_holding(chunked, "is fine"), PP_ERROR_NONE);
    CHECK_INT(answer_holding(chunked, "is bad"), PP_ERROR_CONTENT);
    CHECK_INT(answer_holding("HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno", "yes"), PP_ERROR_STATUS);
    CHECK_INT(answer_holding("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno", "yes"), PP_ERROR_TRUNCATED);
}

static void a_body_beyond_the_cap_is_given_up(void)
{
    static const char endless[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"; /* then more than the cap */
    char text[sizeof endless + 1500];
    memset(text, 'x', sizeof text);
    memcpy(text, endless, sizeof endless - 1);
    CHECK_INT(answer_bytes(text, sizeof text, true, false).error, PP_ERROR_BODY_TOO_LARGE);
}

/* --- malformed answers --------------------------------------------------------------------------- */

static void lengths_that_contradict_each_other_are_an_error(void)
{
    CHECK_INT(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello"),
              PP_ERROR_PROTOCOL);
    CHECK_INT(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
              PP_ERROR_NONE);
    CHECK_INT(answer("HTTP/1.1 200 OK\r\ncontent-length:   5  \r\n\r\nhello"), PP_ERROR_NONE);
    CHECK_INT(answer("HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello"), PP_ERROR_PROTOCOL);
    CHECK_INT(answer("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"), PP_ERROR_PROTOCOL);
}

static void a_length_of_an_interim_answer_is_not_that_of_the_answer(void)
{
    CHECK_INT(answer("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
                     "5\r\n\r\nhello"),
              PP_ERROR_NONE);
}

static void what_is_not_http_is_a_protocol_error(void)
{
    CHECK_INT(answer("HTTP/1.1 3x Maybe\r\nContent-Length: 0\r\n\r\n"), PP_ERROR_PROTOCOL);
    CHECK_INT(answer("HTTP/1.1 20 Maybe\r\nContent-Length: 0\r\n\r\n"), PP_ERROR_PROTOCOL);
    CHECK_INT(answer("\x16\x03\x01 nothing that one could read\r\n\r\n"), PP_ERROR_PROTOCOL);
    CHECK_INT(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n"),
              PP_ERROR_PROTOCOL);
}

static void an_answer_without_a_length_ends_with_the_connection(void)
{
    CHECK_INT(answer("HTTP/1.1 200 OK\r\n\r\nhello"), PP_ERROR_NONE);
    CHECK_INT(answer("HTTP/1.0 200 OK\r\n\r\nhello"), PP_ERROR_NONE);
}

static void an_answer_cut_off_is_truncated(void)
{
    CHECK_INT(answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"), PP_ERROR_TRUNCATED);
    CHECK_INT(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
              PP_ERROR_TRUNCATED);
}

static void a_header_beyond_all_measure_is_too_large(void)
{
    enum { LINE = 400 * 1000, LINES = 6000 };
    char *text = malloc(LINE);
    REQUIRE(text != NULL);
    memset(text, 'x', LINE);
    memcpy(text, "HTTP/1.1 200 OK\r\nX-Long: ", 25);
    CHECK_INT(answer_bytes(text, LINE, true, false).error, PP_ERROR_HEADER_TOO_LARGE);
    size_t length = 17;
    for (int i = 0; i < LINES; i++) {
        memcpy(text + length, "X-Header: 0123456789012345678901234567890123456789012345678901\r\n", 64);
        length += 64;
    }
    CHECK_INT(answer_bytes(text, length, true, false).error, PP_ERROR_HEADER_TOO_LARGE);
    free(text);
}

static const unsigned char gzip_hello[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
                                           0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x86,
                                           0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00};

static struct pp_sample answer_gzip(bool corrupt)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n";
    char text[sizeof head - 1 + sizeof gzip_hello];
    memcpy(text, head, sizeof head - 1);
    memcpy(text + sizeof head - 1, gzip_hello, sizeof gzip_hello);
    if (corrupt)
        memset(text + sizeof head - 1 + 10, 0xff, 8);
    return answer_bytes(text, sizeof text, true, true);
}

static void a_compressed_body_is_decompressed_and_counted_as_it_came(void)
{
    struct pp_sample sample = answer_gzip(false);
    CHECK_INT(sample.error, PP_ERROR_NONE);
    CHECK_INT(sample.bytes,
              strlen("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n") + 25);
}

static void a_corrupt_compressed_body_is_a_decode_error(void)
{
    CHECK_INT(answer_gzip(true).error, PP_ERROR_DECODE);
}

/* --- connections that fail ----------------------------------------------------------------------- */

static void a_closed_port_refuses(void)
{
    struct rig rig;
    rig_prepare(&rig, scripted_closed_port());
    rig_open(&rig);
    struct pp_sample sample = rig_one(&rig);
    CHECK_INT(sample.error, PP_ERROR_CONNECT_REFUSED);
    CHECK_INT(sample.status, 0);
    CHECK_INT(sample.sent_ns, 0);
    CHECK_INT(sample.first_ns, 0);
    CHECK(!sample.reused);
    CHECK_INT(pp_exchange_curl.connected(rig.transport), 0);
    rig_close(&rig);
}

static void a_name_that_does_not_resolve_is_a_dns_error(void)
{
    struct rig rig;
    rig_prepare(&rig, 80);
    rig.target.host = "nope.invalid";
    rig_open(&rig);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_DNS);
    rig_close(&rig);
}

static void serve_nothing(struct scripted *server, int fd, int index)
{
    (void)index;
    (void)scripted_read(server, fd);
}

static void a_close_before_any_byte_is_an_empty_reply(void)
{
    struct scripted *server = scripted_start(serve_nothing);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig_open(&rig);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_EMPTY_REPLY);
    CHECK_INT(scripted_requests(server), 1);
    rig_close(&rig);
    scripted_stop(server);
}

static void serve_reset(struct scripted *server, int fd, int index)
{
    (void)index;
    if (!scripted_read(server, fd))
        return;
    if (scripted_saw(server, "/half"))
        scripted_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    if (scripted_saw(server, "/open"))
        scripted_send(fd, "HTTP/1.1 200 OK\r\n\r\nabc"); /* ends when the connection does */
    (void)usleep(20 * 1000);                             /* what was sent should be read before the reset */
    scripted_reset(fd);
}

static void a_reset_is_a_reset_before_and_within_the_answer(void)
{
    struct scripted *server = scripted_start(serve_reset);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig_open(&rig);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_RESET);
    struct pp_request half = rig.request, open_ended = rig.request;
    half.path = "/half";
    rig_start_request(&rig, 0, &half);
    rig_turn_until(&rig, 2);
    CHECK_INT(rig.sample.error, PP_ERROR_RESET);
    CHECK_INT(rig.sample.status, 200);
    open_ended.path = "/open";
    rig_start_request(&rig, 0, &open_ended);
    rig_turn_until(&rig, 3);
    CHECK_INT(rig.sample.error, PP_ERROR_RESET);
    rig_close(&rig);
    scripted_stop(server);
}

static void after_a_reset_other_faults_keep_their_own_class(void)
{
    struct scripted *resets = scripted_start(serve_reset);
    struct scripted *babbles = scripted_start(serve_raw);
    babbles->script = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n";
    babbles->script_length = strlen(babbles->script);
    struct rig rig;
    rig_prepare(&rig, resets->port);
    rig_open(&rig);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_RESET);
    rig.target.port = babbles->port;
    struct pp_request other = rig.request; /* made ready anew, for the other port */
    rig_start_request(&rig, 0, &other);
    rig_turn_until(&rig, 2);
    CHECK_INT(rig.sample.error, PP_ERROR_PROTOCOL);
    rig_close(&rig);
    scripted_stop(resets);
    scripted_stop(babbles);
}

static void tls_spoken_to_a_plain_server_is_a_tls_error(void)
{
    struct scripted *server = scripted_start(serve_raw);
    server->script = "HTTP/1.1 400 Bad Request\r\n\r\n";
    server->script_length = strlen(server->script);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.target.tls = true;
    rig.request.timeout_ns = 500 * PP_NS_PER_MS;
    rig_open(&rig);
    enum pp_error error = rig_one(&rig).error;
    CHECK(error == PP_ERROR_TLS || error == PP_ERROR_CONNECT_TIMEOUT);
    rig_close(&rig);
    scripted_stop(server);
}

/* --- a proxy ------------------------------------------------------------------------------------- */

static void a_proxy_is_asked_for_the_whole_address(void)
{
    struct scripted *server = scripted_start(serve_hello);
    char proxy[64];
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", (unsigned)server->port);
    struct rig rig;
    rig_prepare(&rig, 80);
    rig.target.host = "service.invalid";
    rig.target.proxy = proxy;
    rig_open(&rig);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_NONE);
    CHECK(scripted_saw(server, "GET http://service.invalid/ HTTP/1.1\r\n") ||
          scripted_saw(server, "GET http://service.invalid:80/ HTTP/1.1\r\n"));
    rig_close(&rig);
    scripted_stop(server);
}

static void a_proxy_that_is_not_there_or_says_no_is_a_proxy_error(void)
{
    struct scripted *server = scripted_start(serve_raw);
    server->script = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
    server->script_length = strlen(server->script);
    char refusing[64], absent[64];
    (void)snprintf(refusing, sizeof refusing, "http://127.0.0.1:%u", (unsigned)server->port);
    (void)snprintf(absent, sizeof absent, "http://127.0.0.1:%u", (unsigned)scripted_closed_port());
    struct rig rig;
    rig_prepare(&rig, 443);
    rig.target.tls = true;
    rig.target.proxy = refusing;
    rig_open(&rig);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_PROXY);
    CHECK(scripted_saw(server, "CONNECT 127.0.0.1:443 HTTP/1.1\r\n"));
    rig_close(&rig);
    rig_prepare(&rig, 80);
    rig.target.proxy = absent;
    rig_open(&rig);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_PROXY);
    rig_close(&rig);
    scripted_stop(server);
}

static void the_environment_names_no_proxy(void)
{
    struct scripted *server = scripted_start(serve_hello);
    REQUIRE(setenv("http_proxy", "http://127.0.0.1:1", 1) == 0);
    REQUIRE(setenv("all_proxy", "http://127.0.0.1:1", 1) == 0);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig_open(&rig);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_NONE);
    rig_close(&rig);
    REQUIRE(unsetenv("http_proxy") == 0 && unsetenv("all_proxy") == 0);
    scripted_stop(server);
}

/* --- time-outs and cancelling --------------------------------------------------------------------- */

static void serve_silence(struct scripted *server, int fd, int index)
{
    (void)index;
    while (scripted_read(server, fd)) {
        if (!scripted_saw(server, "/silent"))
            scripted_reply(fd, "200 OK", "", "hello");
    }
}

static void an_answer_that_does_not_come_times_out(void)
{
    struct scripted *server = scripted_start(serve_silence);
    struct rig rig;
    rig_prepare(&rig, server->port);
    struct pp_request silent = rig.request;
    silent.path = "/silent";
    silent.timeout_ns = 50 * PP_NS_PER_MS;
    rig_open(&rig);
    (void)rig_one(&rig); /* leaves a timer behind that is due much later */
    rig_start_request(&rig, 0, &silent);
    rig_turn_until(&rig, 2);
    CHECK_INT(rig.sample.error, PP_ERROR_TIMEOUT);
    CHECK(rig.sample.end_ns - rig.sample.start_ns >= silent.timeout_ns);
    CHECK(rig.sample.sent_ns != 0);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_NONE);
    CHECK(!rig.sample.reused); /* its connection was closed */
    rig_close(&rig);
    scripted_stop(server);
}

static void many_requests_share_one_timer_and_none_times_out_early(void)
{
    struct scripted *server = scripted_start(serve_hello);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.request.timeout_ns = 100 * PP_NS_PER_MS;
    rig_open(&rig);
    int64_t end_ns = pp_clock_now() + 350 * PP_NS_PER_MS; /* the timer fires three times in between */
    while (pp_clock_now() < end_ns) {
        (void)rig_one(&rig);
        (void)usleep(5 * 1000);
    }
    CHECK_INT(rig.errors, 0);
    rig_close(&rig);
    scripted_stop(server);
}

static void a_client_held_up_past_the_deadline_reads_what_came_in_time(void)
{
    struct scripted *server = scripted_start(serve_hello);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.request.timeout_ns = 100 * PP_NS_PER_MS;
    rig_open(&rig);
    (void)rig_one(&rig);
    rig_start(&rig, 0);
    REQUIRE(pp_loop_turn(rig.loop) == PP_OK); /* sends; the answer comes while nobody looks */
    (void)usleep(300 * 1000);
    rig_turn_until(&rig, 2);
    CHECK_INT(rig.sample.error, PP_ERROR_NONE);
    rig_close(&rig);
    scripted_stop(server);
}

static void a_connection_that_does_not_stand_in_time_is_a_connect_timeout(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    REQUIRE(bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 0) == 0);
    REQUIRE(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    int filler[4]; /* the accept queue is full after one or two */
    for (size_t i = 0; i < 4; i++) {
        filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        REQUIRE(filler[i] >= 0);
        REQUIRE(connect(filler[i], (struct sockaddr *)&at, sizeof at) == 0 || errno == EINPROGRESS);
    }
    struct rig rig;
    rig_prepare(&rig, ntohs(at.sin_port));
    rig.request.timeout_ns = 100 * PP_NS_PER_MS;
    rig_open(&rig);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_CONNECT_TIMEOUT);
    CHECK_INT(rig.sample.sent_ns, 0);
    rig_close(&rig);
    for (size_t i = 0; i < 4; i++)
        (void)close(filler[i]);
    (void)close(listener);
}

static void a_request_in_flight_can_be_cancelled_and_the_slot_goes_on(void)
{
    struct scripted *server = scripted_start(serve_silence);
    struct rig rig;
    rig_prepare(&rig, server->port);
    struct pp_request silent = rig.request;
    silent.path = "/silent";
    rig_open(&rig);
    bool was_sent = true;
    CHECK(!pp_exchange_curl.cancel(rig.exchange[0], &was_sent));
    CHECK(!was_sent);
    rig_start_request(&rig, 0, &silent);
    CHECK(pp_exchange_curl.cancel(rig.exchange[0], &was_sent)); /* before libcurl had a turn */
    CHECK(!was_sent);
    rig_start_request(&rig, 0, &silent);
    while (scripted_requests(server) == 0)
        REQUIRE(pp_loop_turn(rig.loop) == PP_OK);
    CHECK(pp_exchange_curl.cancel(rig.exchange[0], &was_sent));
    CHECK(was_sent);
    CHECK_INT(rig.ends, 0);
    CHECK_INT(rig_one(&rig).error, PP_ERROR_NONE);
    CHECK_INT(rig.ends, 1);
    rig_close(&rig);
    scripted_stop(server);
}

static void an_exchange_can_be_freed_in_flight(void)
{
    struct scripted *server = scripted_start(serve_silence);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.request.path = "/silent";
    rig_open(&rig);
    rig_start(&rig, 0);
    while (scripted_requests(server) == 0)
        REQUIRE(pp_loop_turn(rig.loop) == PP_OK);
    rig_close(&rig);
    CHECK_INT(rig.ends, 0);
    scripted_stop(server);
}

/* --- connections that die between requests --------------------------------------------------------- */

/* The first connection answers once and closes upon the second request; later ones answer. */
static void serve_stale(struct scripted *server, int fd, int index)
{
    while (scripted_read(server, fd)) {
        if (index == 0 && scripted_requests(server) > 1)
            return;
        scripted_reply(fd, "200 OK", "", "hello");
    }
}

static void a_request_that_libcurl_sends_again_is_disclosed(void)
{
    struct scripted *server = scripted_start(serve_stale);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.request.method = "POST";
    rig.request.body = "once";
    rig.request.body_length = 4;
    rig.request.has_body = true;
    rig_open(&rig);
    CHECK_INT(rig_one(&rig).resent, 0);
    struct pp_sample sample = rig_one(&rig);
    CHECK_INT(sample.error, PP_ERROR_NONE);
    CHECK_INT(sample.resent, 1);
    CHECK_INT(scripted_requests(server), 3);
    CHECK_INT(rig_one(&rig).resent, 0);
    rig_close(&rig);
    scripted_stop(server);
}

static void serve_once(struct scripted *server, int fd, int index)
{
    (void)index;
    if (scripted_read(server, fd))
        scripted_reply(fd, "200 OK", "", "hello");
}

static void a_connection_closed_while_idle_is_replaced_without_sending_twice(void)
{
    struct scripted *server = scripted_start(serve_once);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig_open(&rig);
    for (int i = 0; i < 5; i++) {
        struct pp_sample sample = rig_one(&rig);
        CHECK_INT(sample.error, PP_ERROR_NONE);
        CHECK_INT(sample.resent, 0);
        CHECK(!sample.reused);
        rig_idle(&rig, 30 * PP_NS_PER_MS); /* the close arrives */
    }
    CHECK_INT(scripted_requests(server), 5);
    CHECK_INT(pp_exchange_curl.connected(rig.transport), 5);
    rig_close(&rig);
    scripted_stop(server);
}

/* --- what this libcurl cannot do ------------------------------------------------------------------ */

static void what_libcurl_lacks_is_refused_at_once(void)
{
    struct pp_loop *loop = NULL;
    REQUIRE(pp_loop_new(PP_LOOP_BEST, &loop) == PP_OK);
    struct pp_target target = {.host = "127.0.0.1", .port = 80, .http = PP_HTTP_3};
    struct pp_transport *transport = NULL;
    CHECK_INT(pp_exchange_curl.open(loop, &target, 1, &transport), PP_UNSUPPORTED); /* never without TLS */
    CHECK(transport == NULL);
    pp_exchange_curl.close(transport);
    pp_exchange_curl.exchange_free(NULL);
    pp_loop_free(loop);
}

/* --- no memory ------------------------------------------------------------------------------------ */

static void ignore(void *owner, const struct pp_sample *sample)
{
    (void)owner;
    (void)sample;
}

static enum pp_status attempt_open(void *context)
{
    struct pp_target target = {.host = "127.0.0.1", .port = 80, .cookies = true, .decompress = true};
    struct pp_transport *transport = NULL;
    struct pp_exchange *exchange = NULL;
    enum pp_status status = pp_exchange_curl.open(context, &target, 100, &transport);
    CHECK((status == PP_OK) == (transport != NULL));
    if (status == PP_OK)
        status = pp_exchange_curl.exchange_new(transport, ignore, NULL, &exchange);
    CHECK((status == PP_OK) == (exchange != NULL));
    pp_exchange_curl.exchange_free(exchange);
    pp_exchange_curl.close(transport);
    return status;
}

static void without_memory_nothing_is_opened_and_nothing_leaks(void)
{
    struct pp_loop *loop = NULL;
    REQUIRE(pp_loop_new(PP_LOOP_BEST, &loop) == PP_OK);
    struct alloc_fail_sweep swept = alloc_fail_sweep(attempt_open, loop);
    CHECK(swept.refused > 1);
    CHECK_INT(swept.other, 0);
    pp_loop_free(loop);
}

static void a_request_that_finds_no_memory_is_told_as_such_and_the_slot_goes_on(void)
{
    static const struct pp_header header = {"X-Some", "value"};
    struct scripted *server = scripted_start(serve_hello);
    struct rig rig;
    rig_prepare(&rig, server->port);
    rig.request.headers = &header;
    rig.request.header_count = 1;
    rig.request.must_hold = "hello";
    rig.request.must_hold_length = 5;
    rig_open(&rig);
    unsigned failing = 0;
    for (unsigned skip = 0; rig.ends == 0 || rig.sample.error != PP_ERROR_NONE; skip++) {
        unsigned ends = rig.ends;
        alloc_fail_arm(skip, ALLOC_FAIL_ON);
        rig_start(&rig, 0);
        failing += alloc_fail_disarm() > 0;
        rig_turn_until(&rig, ends + 1);
        CHECK(rig.sample.error == PP_ERROR_NONE || rig.sample.error == PP_ERROR_CLIENT_MEMORY);
    }
    CHECK(failing >= 4); /* the request, its address, a header line, the text to look for */
    CHECK_INT(scripted_requests(server), 1);
    CHECK(scripted_saw(server, "X-Some: value"));
    rig_close(&rig);
    scripted_stop(server);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"a request gives one sample with its moments in order",
         a_request_gives_one_sample_with_its_moments_in_order},
        {"a name that has to be resolved takes time for it",
         a_name_that_has_to_be_resolved_takes_time_for_it},
        {"a connection is kept for the next request", a_connection_is_kept_for_the_next_request},
        {"exchanges run side by side on connections of their own",
         exchanges_run_side_by_side_on_connections_of_their_own},
        {"a handler may start the next request", a_handler_may_start_the_next_request},
        {"a handler may free its exchange", a_handler_may_free_its_exchange},
        {"a unix socket is spoken to", a_unix_socket_is_spoken_to},
        {"a get goes out as given with plain defaults", a_get_goes_out_as_given_with_plain_defaults},
        {"headers of the user replace the defaults", headers_of_the_user_replace_the_defaults},
        {"a body goes out whole and without what nobody asked for",
         a_body_goes_out_whole_and_without_what_nobody_asked_for},
        {"a large body goes out at once", a_large_body_goes_out_at_once},
        {"an empty body is still announced", an_empty_body_is_still_announced},
        {"a method without a body announces none", a_method_without_a_body_announces_none},
        {"the answer to head has no body", the_answer_to_head_has_no_body},
        {"a slot may change from request to request", a_slot_may_change_from_request_to_request},
        {"each exchange has a cookie jar of its own", each_exchange_has_a_cookie_jar_of_its_own},
        {"without cookies none are sent back", without_cookies_none_are_sent_back},
        {"a status that was not expected is an error of its own",
         a_status_that_was_not_expected_is_an_error_of_its_own},
        {"the body must hold the expected text", the_body_must_hold_the_expected_text},
        {"a body beyond the cap is given up", a_body_beyond_the_cap_is_given_up},
        {"lengths that contradict each other are an error", lengths_that_contradict_each_other_are_an_error},
        {"a length of an interim answer is not that of the answer",
         a_length_of_an_interim_answer_is_not_that_of_the_answer},
        {"what is not http is a protocol error", what_is_not_http_is_a_protocol_error},
        {"an answer without a length ends with the connection",
         an_answer_without_a_length_ends_with_the_connection},
        {"an answer cut off is truncated", an_answer_cut_off_is_truncated},
        {"a header beyond all measure is too large", a_header_beyond_all_measure_is_too_large},
        {"a compressed body is decompressed and counted as it came",
         a_compressed_body_is_decompressed_and_counted_as_it_came},
        {"a corrupt compressed body is a decode error", a_corrupt_compressed_body_is_a_decode_error},
        {"a closed port refuses", a_closed_port_refuses},
        {"a name that does not resolve is a dns error", a_name_that_does_not_resolve_is_a_dns_error},
        {"a close before any byte is an empty reply", a_close_before_any_byte_is_an_empty_reply},
        {"a reset is a reset before and within the answer", a_reset_is_a_reset_before_and_within_the_answer},
        {"after a reset other faults keep their own class", after_a_reset_other_faults_keep_their_own_class},
        {"tls spoken to a plain server is a tls error", tls_spoken_to_a_plain_server_is_a_tls_error},
        {"a proxy is asked for the whole address", a_proxy_is_asked_for_the_whole_address},
        {"a proxy that is not there or says no is a proxy error",
         a_proxy_that_is_not_there_or_says_no_is_a_proxy_error},
        {"the environment names no proxy", the_environment_names_no_proxy},
        {"an answer that does not come times out", an_answer_that_does_not_come_times_out},
        {"many requests share one timer and none times out early",
         many_requests_share_one_timer_and_none_times_out_early},
        {"a client held up past the deadline reads what came in time",
         a_client_held_up_past_the_deadline_reads_what_came_in_time},
        {"a connection that does not stand in time is a connect timeout",
         a_connection_that_does_not_stand_in_time_is_a_connect_timeout},
        {"a request in flight can be cancelled and the slot goes on",
         a_request_in_flight_can_be_cancelled_and_the_slot_goes_on},
        {"an exchange can be freed in flight", an_exchange_can_be_freed_in_flight},
        {"a request that libcurl sends again is disclosed", a_request_that_libcurl_sends_again_is_disclosed},
        {"a connection closed while idle is replaced without sending twice",
         a_connection_closed_while_idle_is_replaced_without_sending_twice},
        {"what libcurl lacks is refused at once", what_libcurl_lacks_is_refused_at_once},
        {"without memory nothing is opened and nothing leaks",
         without_memory_nothing_is_opened_and_nothing_leaks},
        {"a request that finds no memory is told as such and the slot goes on",
         a_request_that_finds_no_memory_is_told_as_such_and_the_slot_goes_on},
    };
    (void)alarm(120); /* a hang guard */
    return check_main("exchange_curl", cases, sizeof cases / sizeof *cases);
}
