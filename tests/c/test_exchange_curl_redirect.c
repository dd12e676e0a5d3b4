/* Where redirects may lead, what goes along, and where they end. */
#include "curl_rig.h"

/* "/go/STATUS/REST": redirects to the script, with that status. Anything else is answered. */
static void serve(struct scripted *server, int fd, int index)
{
    (void)index;
    char location[256], status[16];
    while (scripted_read(server, fd)) {
        (void)pthread_mutex_lock(&server->lock);
        const char *path = strchr(server->last, ' ') + 1;
        bool go = strncmp(path, "/go/", 4) == 0;
        (void)snprintf(status, sizeof status, "%.3s Go", go ? path + 4 : "200");
        (void)pthread_mutex_unlock(&server->lock);
        (void)snprintf(location, sizeof location, "Location: %s\r\n", server->script);
        scripted_reply(fd, go ? status : "200 OK", go ? location : "", "hello");
    }
}

struct pair {
    struct scripted *server;
    struct rig rig;
};

static void pair_prepare(struct pair *pair, const char *path, const char *location)
{
    pair->server = scripted_start(serve);
    pair->server->script = location;
    rig_prepare(&pair->rig, pair->server->port);
    pair->rig.target.max_redirects = 5;
    pair->rig.request.path = path;
}

static enum pp_error pair_run(struct pair *pair)
{
    rig_open(&pair->rig);
    enum pp_error error = rig_one(&pair->rig).error;
    rig_close(&pair->rig);
    return error;
}

static enum pp_error redirected_to(const char *location)
{
    struct pair pair;
    pair_prepare(&pair, "/go/302", location);
    enum pp_error error = pair_run(&pair);
    CHECK_INT(pair.rig.sample.status, error == PP_ERROR_NONE ? 200 : 302);
    scripted_stop(pair.server);
    return error;
}

static void a_redirect_is_followed_and_counts_into_one_sample(void)
{
    struct pair pair;
    pair_prepare(&pair, "/go/302", "/there?a=b");
    CHECK_INT(pair_run(&pair), PP_ERROR_NONE);
    struct pp_sample *sample = &pair.rig.sample;
    CHECK_INT(pair.rig.ends, 1);
    CHECK_INT(sample->status, 200);
    CHECK_INT(scripted_requests(pair.server), 2);
    CHECK_INT(scripted_conns(pair.server), 1);
    CHECK(scripted_saw(pair.server, "GET /there?a=b HTTP/1.1\r\n"));
    CHECK_INT(sample->resent, 0);
    CHECK(!sample->reused);
    CHECK(sample->connect_ns >= 0);
    CHECK(sample->first_ns >= sample->sent_ns && sample->end_ns >= sample->first_ns);
    CHECK_INT(sample->bytes,
              strlen("HTTP/1.1 302 Go\r\nLocation: /there?a=b\r\nContent-Length: 5\r\n\r\nhello"
                     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
    scripted_stop(pair.server);
}

static void after_a_redirected_request_the_slot_starts_from_its_own_address_again(void)
{
    struct pair pair;
    pair_prepare(&pair, "/go/302", "/there");
    rig_open(&pair.rig);
    for (int i = 1; i <= 3; i++) {
        CHECK_INT(rig_one(&pair.rig).error, PP_ERROR_NONE);
        CHECK_INT(scripted_requests(pair.server), 2 * i);
    }
    rig_close(&pair.rig);
    scripted_stop(pair.server);
}

static void a_redirect_that_is_not_to_be_followed_is_an_answer(void)
{
    struct pair pair;
    pair_prepare(&pair, "/go/302", "/there");
    pair.rig.target.max_redirects = 0;
    CHECK_INT(pair_run(&pair), PP_ERROR_NONE);
    CHECK_INT(pair.rig.sample.status, 302);
    CHECK_INT(scripted_requests(pair.server), 1);
    scripted_stop(pair.server);
}

static void a_loop_ends_at_the_limit(void)
{
    struct pair pair;
    pair_prepare(&pair, "/go/302", "/go/302");
    CHECK_INT(pair_run(&pair), PP_ERROR_REDIRECT_LIMIT);
    CHECK_INT(scripted_requests(pair.server), 6);
    scripted_stop(pair.server);
}

static void only_http_on_known_hosts_is_followed(void)
{
    CHECK_INT(redirected_to("file:///etc/passwd"), PP_ERROR_REDIRECT_REFUSED);
    CHECK_INT(redirected_to("ftp://127.0.0.1/x"), PP_ERROR_REDIRECT_REFUSED);
    CHECK_INT(redirected_to("gopher://127.0.0.1/x"), PP_ERROR_REDIRECT_REFUSED);
    CHECK_INT(redirected_to("http://elsewhere.invalid/"), PP_ERROR_REDIRECT_REFUSED);
    CHECK_INT(redirected_to("//elsewhere.invalid/"), PP_ERROR_REDIRECT_REFUSED);
    CHECK_INT(redirected_to("http://127.0.0.1.elsewhere.invalid/"), PP_ERROR_REDIRECT_REFUSED);
    CHECK_INT(redirected_to("http://127.0.0.1@elsewhere.invalid/"), PP_ERROR_REDIRECT_REFUSED);
    CHECK_INT(redirected_to("http://[broken/"), PP_ERROR_REDIRECT_REFUSED);
    CHECK_INT(redirected_to("../there"), PP_ERROR_NONE);
}

static const struct pp_header secrets[] = {{"Authorization", "Bearer planted"},
                                           {"Cookie", "planted=1"},
                                           {"X-Api-Key", "planted"},
                                           {"Accept-Language", "en"},
                                           {"Content-Type", "text/x-test"}};

/* POSTs with secrets to a first server that redirects to `host` on the port of a second. */
static struct scripted *redirected_away(const char *path, const char *host, const char *const *hosts,
                                        enum pp_error *error)
{
    struct scripted *second = scripted_start(serve);
    char location[128];
    (void)snprintf(location, sizeof location, "http://name:word@%s:%u/there", host, (unsigned)second->port);
    struct pair pair;
    pair_prepare(&pair, path, location);
    pair.rig.target.redirect_hosts = hosts;
    pair.rig.request.headers = secrets;
    pair.rig.request.header_count = sizeof secrets / sizeof *secrets;
    pair.rig.request.method = "POST";
    pair.rig.request.body = "body";
    pair.rig.request.body_length = 4;
    pair.rig.request.has_body = true;
    *error = pair_run(&pair);
    CHECK(scripted_saw(pair.server, "planted"));
    scripted_stop(pair.server);
    return second;
}

static void secrets_stay_behind_when_a_redirect_leaves_the_origin(void)
{
    enum pp_error error = PP_ERROR_OTHER;
    struct scripted *second =
        redirected_away("/go/307", "127.0.0.1", NULL, &error); /* only the port differs */
    CHECK_INT(error, PP_ERROR_NONE);
    CHECK(scripted_saw(second, "POST /there HTTP/1.1\r\n"));
    CHECK(scripted_saw(second, "\r\n\r\nbody"));
    CHECK(!scripted_saw(second, "planted"));
    CHECK(!scripted_saw(second, "Authorization"));
    CHECK(scripted_saw(second, "Accept-Language: en\r\n"));
    CHECK(scripted_saw(second, "Content-Type: text/x-test\r\n"));
    scripted_stop(second);
}

static void another_host_has_to_be_listed(void)
{
    static const char *const hosts[] = {"other.invalid", "LOCALHOST", NULL};
    enum pp_error error = PP_ERROR_OTHER;
    struct scripted *second = redirected_away("/go/302", "localhost", NULL, &error);
    CHECK_INT(error, PP_ERROR_REDIRECT_REFUSED);
    CHECK_INT(scripted_requests(second), 0);
    scripted_stop(second);
    second = redirected_away("/go/302", "localhost", hosts, &error);
    CHECK_INT(error, PP_ERROR_NONE);
    CHECK_INT(scripted_requests(second), 1);
    CHECK(!scripted_saw(second, "planted"));
    scripted_stop(second);
}

static void a_second_hop_at_the_origin_keeps_secrets(void)
{
    struct pair pair;
    pair_prepare(&pair, "/go/302", "/there");
    pair.rig.request.headers = secrets;
    pair.rig.request.header_count = sizeof secrets / sizeof *secrets;
    CHECK_INT(pair_run(&pair), PP_ERROR_NONE);
    CHECK(scripted_saw(pair.server, "GET /there"));
    CHECK(scripted_saw(pair.server, "Authorization: Bearer planted\r\n"));
    CHECK(scripted_saw(pair.server, "X-Api-Key: planted\r\n"));
    scripted_stop(pair.server);
}

static void check_method(const char *path, const char *method, const char *expected, bool body)
{
    struct pair pair;
    pair_prepare(&pair, path, "/there");
    static const struct pp_header type = {"Content-Type", "text/x-test"};
    pair.rig.request.headers = &type;
    pair.rig.request.header_count = 1;
    pair.rig.request.method = method;
    pair.rig.request.body = "body";
    pair.rig.request.body_length = 4;
    pair.rig.request.has_body = true;
    CHECK_INT(pair_run(&pair), PP_ERROR_NONE);
    char line[64];
    (void)snprintf(line, sizeof line, "%s /there HTTP/1.1\r\n", expected);
    CHECK(scripted_saw(pair.server, line));
    CHECK(scripted_saw(pair.server, "\r\n\r\nbody") == body);
    CHECK(scripted_saw(pair.server, "text/x-test") == body);
    scripted_stop(pair.server);
}

static void the_method_changes_as_the_status_says(void)
{
    check_method("/go/301", "POST", "GET", false);
    check_method("/go/302", "POST", "GET", false);
    check_method("/go/302", "PUT", "PUT", true);
    check_method("/go/303", "POST", "GET", false);
    check_method("/go/303", "PUT", "GET", false);
    check_method("/go/307", "POST", "POST", true);
    check_method("/go/308", "PUT", "PUT", true);
}

static void the_deadline_is_that_of_all_hops_together(void)
{
    struct pair pair;
    pair_prepare(&pair, "/go/302", "/go/302");
    pair.rig.target.max_redirects = 1000 * 1000;
    pair.rig.request.timeout_ns = 50 * PP_NS_PER_MS;
    CHECK_INT(pair_run(&pair), PP_ERROR_TIMEOUT);
    scripted_stop(pair.server);
}

static void a_redirected_request_can_be_cancelled(void)
{
    struct pair pair;
    pair_prepare(&pair, "/go/302", "/go/302");
    pair.rig.target.max_redirects = 1000 * 1000;
    rig_open(&pair.rig);
    rig_start(&pair.rig, 0);
    while (scripted_requests(pair.server) < 5)
        REQUIRE(pp_loop_turn(pair.rig.loop) == PP_OK);
    bool was_sent = false;
    CHECK(pp_exchange_curl.cancel(pair.rig.exchange[0], &was_sent));
    CHECK(was_sent);
    CHECK_INT(pair.rig.ends, 0);
    rig_close(&pair.rig);
    scripted_stop(pair.server);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"a redirect is followed and counts into one sample",
         a_redirect_is_followed_and_counts_into_one_sample},
        {"after a redirected request the slot starts from its own address again",
         after_a_redirected_request_the_slot_starts_from_its_own_address_again},
        {"a redirect that is not to be followed is an answer",
         a_redirect_that_is_not_to_be_followed_is_an_answer},
        {"a loop ends at the limit", a_loop_ends_at_the_limit},
        {"only http on known hosts is followed", only_http_on_known_hosts_is_followed},
        {"secrets stay behind when a redirect leaves the origin",
         secrets_stay_behind_when_a_redirect_leaves_the_origin},
        {"another host has to be listed", another_host_has_to_be_listed},
        {"a second hop at the origin keeps secrets", a_second_hop_at_the_origin_keeps_secrets},
        {"the method changes as the status says", the_method_changes_as_the_status_says},
        {"the deadline is that of all hops together", the_deadline_is_that_of_all_hops_together},
        {"a redirected request can be cancelled", a_redirected_request_can_be_cancelled},
    };
    (void)alarm(120); /* a hang guard */
    return check_main("exchange_curl_redirect", cases, sizeof cases / sizeof *cases);
}
