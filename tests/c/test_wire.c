#include "alloc_fail.h"
#include "check.h"
#include "wire.h"

static void check_wire(const struct pp_target *target, const struct pp_request *request, const char *expected)
{
    char *bytes = NULL;
    size_t length = 0;
    REQUIRE(pp_wire_build(target, request, &bytes, &length) == PP_OK);
    CHECK_INT(length, strlen(expected));
    CHECK(length == strlen(expected) && memcmp(bytes, expected, length) == 0);
    free(bytes);
}

static void a_plain_request_brings_host_agent_and_accept(void)
{
    struct pp_target target = {.host = "127.0.0.1", .port = 8000};
    struct pp_request request = {.method = "GET", .path = "/a?b=c"};
    check_wire(&target, &request,
               "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: " PP_USER_AGENT
               "\r\nAccept: */*\r\n\r\n");
}

static void usual_ports_and_unix_sockets_leave_the_port_out(void)
{
    struct pp_request request = {.method = "GET", .path = "/"};
    const char *tail = " HTTP/1.1\r\nHost: a.test\r\nUser-Agent: " PP_USER_AGENT "\r\nAccept: */*\r\n\r\n";
    char expected[256];
    (void)snprintf(expected, sizeof(expected), "GET /%s", tail);
    check_wire(&(struct pp_target){.host = "a.test", .port = 80}, &request, expected);
    check_wire(&(struct pp_target){.host = "a.test", .port = 443, .tls = true}, &request, expected);
    check_wire(&(struct pp_target){.host = "a.test", .port = 8, .unix_path = "/s"}, &request, expected);
}

static void an_ipv6_address_stands_in_brackets(void)
{
    struct pp_target target = {.host = "::1", .port = 8000};
    struct pp_request request = {.method = "GET", .path = "/"};
    check_wire(&target, &request,
               "GET / HTTP/1.1\r\nHost: [::1]:8000\r\nUser-Agent: " PP_USER_AGENT "\r\nAccept: */*\r\n\r\n");
}

static void own_headers_replace_ours_whatever_their_case(void)
{
    struct pp_target target = {.host = "a.test", .port = 80};
    struct pp_header headers[] = {
        {"host", "b.test"}, {"USER-AGENT", "me"}, {"accept", "text/plain"}, {"content-length", "2"}};
    struct pp_request request = {.method = "PUT",
                                 .path = "/",
                                 .headers = headers,
                                 .header_count = 4,
                                 .body = "ab",
                                 .body_length = 2,
                                 .has_body = true};
    check_wire(
        &target, &request,
        "PUT / HTTP/1.1\r\nhost: b.test\r\nUSER-AGENT: me\r\naccept: text/plain\r\ncontent-length: 2\r\n"
        "\r\nab");
}

static void an_empty_body_says_its_length(void)
{
    struct pp_target target = {.host = "a.test", .port = 80};
    struct pp_request request = {.method = "POST", .path = "/", .has_body = true};
    check_wire(&target, &request,
               "POST / HTTP/1.1\r\nHost: a.test\r\nUser-Agent: " PP_USER_AGENT
               "\r\nAccept: */*\r\nContent-Length: 0\r\n\r\n");
}

static enum pp_status build(void *context)
{
    const struct pp_target target = {.host = "a.test", .port = 80};
    char *bytes = NULL;
    size_t length = 0;
    enum pp_status status = pp_wire_build(&target, context, &bytes, &length);
    free(bytes);
    return status;
}

static void no_memory_is_said(void)
{
    struct pp_request request = {.method = "GET", .path = "/"};
    struct alloc_fail_sweep swept = alloc_fail_sweep(build, &request);
    CHECK(swept.refused >= 1);
    CHECK_INT(swept.other, 0);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"plain", a_plain_request_brings_host_agent_and_accept},
        {"port", usual_ports_and_unix_sockets_leave_the_port_out},
        {"ipv6", an_ipv6_address_stands_in_brackets},
        {"own headers", own_headers_replace_ours_whatever_their_case},
        {"empty body", an_empty_body_says_its_length},
        {"no memory", no_memory_is_said},
    };
    return check_main("wire", cases, sizeof(cases) / sizeof(cases[0]));
}
