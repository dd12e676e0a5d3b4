/* Whole runs against real sockets: both models, counting, stopping, looking on. */
#include <sys/resource.h>
#include <sys/wait.h>

#include "alloc_fail.h"
#include "check.h"
#include "run.h"
#include "scripted.h"

static _Atomic bool hold; /* the server says nothing while this is set */

static void serve_ok(struct scripted *server, int fd, int index)
{
    (void)index;
    while (scripted_read(server, fd))
        if (!atomic_load(&hold))
            scripted_reply(fd, "200 OK", "", "hello");
}

static void serve_503(struct scripted *server, int fd, int index)
{
    (void)index;
    while (scripted_read(server, fd))
        scripted_reply(fd, "503 Busy", "", "");
}

static struct pp_plan plan_for(uint16_t port)
{
    return (struct pp_plan){
        .target = {.host = "127.0.0.1", .port = port, .verify = true},
        .request = {.method = "GET", .path = "/", .body_cap = 1000, .timeout_ns = 5 * PP_NS_PER_S},
        .way = &pp_exchange_h1,
        .users = 4,
        .workers = 1,
        .seed = 1,
        .tally = {.slice_ns = 100 * PP_NS_PER_MS, .thresholds = 1, .threshold_ns = {PP_NS_PER_S}},
    };
}

static struct pp_run *begin(const struct pp_plan *plan)
{
    struct pp_run *run = NULL;
    struct pp_fds fds;
    REQUIRE(pp_run_start(plan, &run, &fds) == PP_OK);
    return run;
}

static struct pp_outcome wait_for(struct pp_run *run)
{
    struct pp_outcome outcome;
    for (int i = 0; i < 600 && !pp_run_wait(run, 100 * PP_NS_PER_MS); i++) {
    }
    REQUIRE(pp_run_wait(run, 0));
    CHECK_INT(pp_run_outcome(run, &outcome), PP_OK);
    const struct pp_progress *progress = &outcome.progress;
    CHECK_INT(progress->phase, PP_PHASE_ENDED);
    CHECK_INT(progress->totals.requests, progress->totals.ok + progress->totals.errors);
    CHECK_INT(progress->sent, progress->totals.requests + progress->cancelled);
    return outcome;
}

static uint64_t slice_requests(const struct pp_tally *tally)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < pp_tally_slices(tally); i++)
        sum += pp_tally_slice(tally, i)->requests;
    return sum;
}

static void a_count_is_met_exactly_by_any_number_of_workers(void)
{
    for (unsigned workers = 1; workers <= 3; workers++) {
        struct scripted *server = scripted_start(serve_ok);
        struct pp_plan plan = plan_for(server->port);
        plan.requests = 1001;
        plan.users = 7;
        plan.workers = workers;
        struct pp_run *run = begin(&plan);
        struct pp_outcome outcome = wait_for(run);
        CHECK_INT(outcome.progress.totals.ok, 1001);
        CHECK_INT(scripted_requests(server), 1001);
        CHECK_INT(slice_requests(outcome.tally), 1001);
        CHECK_INT(pp_hist_count(pp_tally_hist(outcome.tally, PP_SERIES_LATENCY)), 1001);
        CHECK_INT(outcome.progress.connections, 7);
        CHECK(outcome.duration_ns > 0 && outcome.finished_ns == outcome.duration_ns);
        pp_run_free(run);
        scripted_stop(server);
    }
}

static void warm_up_is_run_and_left_out(void)
{
    struct scripted *server = scripted_start(serve_ok);
    struct pp_plan plan = plan_for(server->port);
    plan.requests = 50;
    plan.warmup_ns = 50 * PP_NS_PER_MS;
    struct pp_run *run = begin(&plan);
    struct pp_outcome outcome = wait_for(run);
    CHECK_INT(outcome.progress.totals.ok, 50);
    CHECK(scripted_requests(server) > 50);
    CHECK_INT(pp_hist_count(pp_tally_hist(outcome.tally, PP_SERIES_CONNECT)), 0);
    pp_run_free(run);
    scripted_stop(server);
}

static void a_duration_ends_with_its_last_answers(void)
{
    struct scripted *server = scripted_start(serve_ok);
    struct pp_plan plan = plan_for(server->port);
    plan.duration_ns = 150 * PP_NS_PER_MS;
    plan.workers = 2;
    struct pp_run *run = begin(&plan);
    struct pp_outcome outcome = wait_for(run);
    CHECK_INT(outcome.duration_ns, plan.duration_ns);
    CHECK(outcome.progress.totals.ok > 0);
    CHECK_INT(outcome.progress.totals.ok, scripted_requests(server));
    CHECK_INT(slice_requests(outcome.tally), outcome.progress.totals.requests);
    CHECK(outcome.cpu_ns > 0 && outcome.busy > 0.0);
    pp_run_free(run);
    scripted_stop(server);
}

static void errors_are_counted_by_class_and_status(void)
{
    struct scripted *server = scripted_start(serve_503);
    struct pp_plan plan = plan_for(server->port);
    plan.requests = 20;
    struct pp_run *run = begin(&plan);
    struct pp_outcome outcome = wait_for(run);
    CHECK_INT(outcome.progress.totals.by_error[PP_ERROR_STATUS], 20);
    CHECK_INT(outcome.progress.totals.by_status[503], 20);
    CHECK_INT(outcome.progress.totals.over[0], 20); /* failed requests count as over every threshold */
    CHECK_INT(pp_hist_count(pp_tally_hist(outcome.tally, PP_SERIES_LATENCY)), 0);
    CHECK_INT(pp_hist_count(pp_tally_hist(outcome.tally, PP_SERIES_LATENCY_ERRORS)), 20);
    pp_run_free(run);
    scripted_stop(server);
}

static void an_open_load_starts_as_many_as_its_rate_says(void)
{
    struct scripted *server = scripted_start(serve_ok);
    struct pp_plan plan = plan_for(server->port);
    plan.model = PP_MODEL_OPEN;
    plan.rate_per_s = 1000.0;
    plan.duration_ns = 300 * PP_NS_PER_MS;
    plan.users = 64;
    plan.workers = 2;
    struct pp_run *run = begin(&plan);
    struct pp_outcome outcome = wait_for(run);
    CHECK_INT(outcome.progress.totals.requests, 300);
    CHECK(outcome.most_users >= 1 && outcome.most_users <= 64);
    pp_run_free(run);
    scripted_stop(server);
}

static void an_open_load_of_a_count_meets_it_exactly(void)
{
    struct scripted *server = scripted_start(serve_ok);
    struct pp_plan plan = plan_for(server->port);
    plan.model = PP_MODEL_OPEN;
    plan.arrivals = PP_ARRIVAL_POISSON;
    plan.rate_per_s = 2000.0;
    plan.requests = 123;
    plan.users = 64;
    plan.workers = 2;
    struct pp_run *run = begin(&plan);
    CHECK_INT(wait_for(run).progress.totals.ok, 123);
    pp_run_free(run);
    scripted_stop(server);
}

/* One connection, and a server that says nothing: all but the first arrival are held back, and not one is
 * lost. */
static void what_the_connection_limit_holds_back_is_counted(void)
{
    struct scripted *server = scripted_start(serve_ok);
    atomic_store(&hold, true);
    struct pp_plan plan = plan_for(server->port);
    plan.model = PP_MODEL_OPEN;
    plan.rate_per_s = 100.0;
    plan.duration_ns = 200 * PP_NS_PER_MS;
    plan.users = 1;
    plan.request.timeout_ns = 400 * PP_NS_PER_MS;
    struct pp_run *run = begin(&plan);
    struct pp_outcome outcome = wait_for(run);
    CHECK_INT(outcome.progress.totals.requests, 20);
    CHECK_INT(outcome.progress.totals.by_error[PP_ERROR_TIMEOUT], 1);
    CHECK_INT(outcome.progress.totals.by_error[PP_ERROR_BACKLOG], 19);
    CHECK_INT(outcome.held_back, 19);
    atomic_store(&hold, false);
    pp_run_free(run);
    scripted_stop(server);
}

/* Latency counts from the intended start: of two arrivals 50 ms apart on one connection that takes 200 ms. */
static void being_held_back_counts_as_latency(void)
{
    struct scripted *server = scripted_start(serve_ok);
    atomic_store(&hold, true);
    struct pp_plan plan = plan_for(server->port);
    plan.model = PP_MODEL_OPEN;
    plan.rate_per_s = 20.0;
    plan.requests = 2;
    plan.users = 1;
    plan.request.timeout_ns = 200 * PP_NS_PER_MS;
    struct pp_run *run = begin(&plan);
    struct pp_outcome outcome = wait_for(run);
    struct pp_hist_summary latency;
    pp_hist_summary(pp_tally_hist(outcome.tally, PP_SERIES_LATENCY_ERRORS), &latency);
    CHECK_INT(latency.count, 2);
    CHECK(latency.max_ns >= 350 * PP_NS_PER_MS);
    atomic_store(&hold, false);
    pp_run_free(run);
    scripted_stop(server);
}

static void think_time_spaces_a_users_requests(void)
{
    struct scripted *server = scripted_start(serve_ok);
    struct pp_plan plan = plan_for(server->port);
    plan.think = (struct pp_think){.kind = PP_THINK_FIXED, .low_ns = 20 * PP_NS_PER_MS};
    plan.users = 1;
    plan.requests = 6;
    struct pp_run *run = begin(&plan);
    struct pp_outcome outcome = wait_for(run);
    CHECK_INT(outcome.progress.totals.ok, 6);
    CHECK(outcome.finished_ns >= 100 * PP_NS_PER_MS);
    pp_run_free(run);
    scripted_stop(server);
}

static void wait_until_in_flight(struct scripted *server, int requests)
{
    for (int i = 0; i < 5000 && scripted_requests(server) < requests; i++)
        (void)usleep(1000);
    REQUIRE(scripted_requests(server) >= requests);
}

static void stopping_now_cancels_what_is_in_flight_and_counts_it(void)
{
    struct scripted *server = scripted_start(serve_ok);
    atomic_store(&hold, true);
    struct pp_plan plan = plan_for(server->port);
    plan.duration_ns = 60 * PP_NS_PER_S;
    struct pp_run *run = begin(&plan);
    wait_until_in_flight(server, 4);
    pp_run_stop(run, PP_STOP_NOW);
    struct pp_outcome outcome = wait_for(run);
    CHECK_INT(outcome.progress.cancelled, 4);
    CHECK_INT(outcome.progress.totals.requests, 0);
    CHECK(outcome.duration_ns < plan.duration_ns);
    atomic_store(&hold, false);
    pp_run_free(run);
    scripted_stop(server);
}

/* Four in flight for longer than the first threshold and not for as long as the second. */
static void what_is_in_flight_too_long_already_is_seen_before_it_ends(void)
{
    struct scripted *server = scripted_start(serve_ok);
    atomic_store(&hold, true);
    struct pp_plan plan = plan_for(server->port);
    plan.duration_ns = 60 * PP_NS_PER_S;
    plan.workers = 2;
    plan.tally.thresholds = 2;
    plan.tally.threshold_ns[0] = 20 * PP_NS_PER_MS;
    plan.tally.threshold_ns[1] = 3600 * PP_NS_PER_S;
    struct pp_run *run = begin(&plan);
    struct pp_progress progress;
    wait_until_in_flight(server, 4);
    for (int i = 0; i < 5000; i++) {
        pp_run_progress(run, &progress);
        if (progress.overdue[0] == 4)
            break;
        (void)usleep(1000);
    }
    CHECK_INT(progress.overdue[0], 4);
    CHECK_INT(progress.overdue[1], 0);
    CHECK_INT(progress.totals.requests, 0);
    pp_run_stop(run, PP_STOP_NOW);
    struct pp_outcome outcome = wait_for(run);
    CHECK_INT(outcome.progress.overdue[0], 0);
    atomic_store(&hold, false);
    pp_run_free(run);
    scripted_stop(server);
}

static void stopping_gently_lets_requests_end(void)
{
    struct scripted *server = scripted_start(serve_ok);
    struct pp_plan plan = plan_for(server->port);
    plan.duration_ns = 60 * PP_NS_PER_S;
    plan.workers = 2;
    struct pp_run *run = begin(&plan);
    wait_until_in_flight(server, 100);
    pp_run_stop(run, PP_STOP_STARTING);
    struct pp_outcome outcome = wait_for(run);
    CHECK_INT(outcome.progress.cancelled, 0);
    CHECK_INT(outcome.progress.totals.ok, scripted_requests(server));
    pp_run_free(run);
    scripted_stop(server);
}

static void freeing_a_run_under_way_ends_it(void)
{
    struct scripted *server = scripted_start(serve_ok);
    struct pp_plan plan = plan_for(server->port);
    plan.duration_ns = 60 * PP_NS_PER_S;
    plan.workers = 2;
    struct pp_run *run = begin(&plan);
    wait_until_in_flight(server, 10);
    pp_run_free(run);
    scripted_stop(server);
    pp_run_free(NULL);
}

static void *look_on(void *argument)
{
    struct pp_run *run = argument;
    uint64_t seen = 0;
    while (!pp_run_wait(run, 0)) {
        struct pp_progress progress;
        struct pp_hist *latency = NULL;
        pp_run_progress(run, &progress);
        CHECK(progress.totals.requests >= seen);
        CHECK_INT(progress.totals.requests, progress.totals.ok + progress.totals.errors);
        seen = progress.totals.requests;
        REQUIRE(pp_hist_new(PP_HIST_DIGITS, PP_HIST_MAX_US, &latency) == PP_OK);
        CHECK_INT(pp_run_snapshot(run, PP_SERIES_LATENCY, latency), PP_OK);
        CHECK(pp_hist_count(latency) >= seen);
        pp_hist_free(latency);
    }
    return NULL;
}

static void a_run_may_be_watched_from_other_threads(void)
{
    struct scripted *server = scripted_start(serve_ok);
    struct pp_plan plan = plan_for(server->port);
    pthread_t watcher;
    plan.requests = 3000;
    plan.workers = 2;
    struct pp_run *run = begin(&plan);
    REQUIRE(pthread_create(&watcher, NULL, look_on, run) == 0);
    (void)wait_for(run);
    (void)pthread_join(watcher, NULL);
    pp_run_free(run);
    scripted_stop(server);
}

static void a_server_that_is_away_is_asked_with_pauses(void)
{
    struct scripted *server = scripted_start(serve_ok);
    uint16_t port = server->port;
    scripted_stop(server);
    struct pp_plan plan = plan_for(port);
    plan.users = 1;
    plan.requests = 4;
    struct pp_run *run = begin(&plan);
    struct pp_outcome outcome = wait_for(run);
    CHECK_INT(outcome.progress.totals.by_error[PP_ERROR_CONNECT_REFUSED], 4);
    CHECK_INT(outcome.progress.connect_errors, 4);
    CHECK_INT(outcome.progress.connections, 0);
    CHECK(outcome.finished_ns >= 70 * PP_NS_PER_MS); /* 10 + 20 + 40 */
    pp_run_free(run);
}

static void a_plan_that_makes_no_sense_is_refused(void)
{
    struct pp_run *run = NULL;
    struct pp_fds fds;
    struct pp_plan plan = plan_for(9);
    CHECK_INT(pp_run_start(&plan, &run, &fds), PP_INVALID); /* neither duration nor count */
    plan.requests = 1;
    plan.duration_ns = 1;
    CHECK_INT(pp_run_start(&plan, &run, &fds), PP_INVALID);
    plan.duration_ns = 0;
    plan.workers = 5; /* more than users */
    CHECK_INT(pp_run_start(&plan, &run, &fds), PP_INVALID);
    plan.workers = 1;
    plan.model = PP_MODEL_OPEN; /* without a rate */
    CHECK_INT(pp_run_start(&plan, &run, &fds), PP_INVALID);
    CHECK(run == NULL);
}

/* In a child: a lowered hard limit cannot be raised again. */
static void too_few_descriptors_are_said_before_the_run(void)
{
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        struct pp_plan plan = plan_for(9);
        struct pp_run *run = NULL;
        struct pp_fds fds;
        struct rlimit few = {.rlim_cur = 100, .rlim_max = 100};
        plan.requests = 1;
        plan.users = 500;
        bool right = setrlimit(RLIMIT_NOFILE, &few) == 0 && pp_run_start(&plan, &run, &fds) == PP_FDS &&
                     fds.have == 100 && fds.needed > 500;
        _exit(right ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static enum pp_status start_and_stop(void *context)
{
    struct pp_run *run = NULL;
    struct pp_fds fds;
    enum pp_status status = pp_run_start(context, &run, &fds);
    CHECK((status == PP_OK) == (run != NULL));
    pp_run_free(run);
    return status;
}

static void starting_without_memory_says_so_and_leaks_nothing(void)
{
    struct pp_plan plan = plan_for(9);
    plan.requests = 1;
    plan.workers = 2;
    struct alloc_fail_sweep swept = alloc_fail_sweep(start_and_stop, &plan);
    CHECK(swept.refused >= 10);
    CHECK_INT(swept.other, 0);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"count", a_count_is_met_exactly_by_any_number_of_workers},
        {"warm-up", warm_up_is_run_and_left_out},
        {"duration", a_duration_ends_with_its_last_answers},
        {"errors", errors_are_counted_by_class_and_status},
        {"open rate", an_open_load_starts_as_many_as_its_rate_says},
        {"open count", an_open_load_of_a_count_meets_it_exactly},
        {"held back", what_the_connection_limit_holds_back_is_counted},
        {"held back latency", being_held_back_counts_as_latency},
        {"think time", think_time_spaces_a_users_requests},
        {"stop now", stopping_now_cancels_what_is_in_flight_and_counts_it},
        {"overdue", what_is_in_flight_too_long_already_is_seen_before_it_ends},
        {"stop starting", stopping_gently_lets_requests_end},
        {"free under way", freeing_a_run_under_way_ends_it},
        {"watched", a_run_may_be_watched_from_other_threads},
        {"pauses", a_server_that_is_away_is_asked_with_pauses},
        {"nonsense", a_plan_that_makes_no_sense_is_refused},
        {"descriptors", too_few_descriptors_are_said_before_the_run},
        {"no memory", starting_without_memory_says_so_and_leaks_nothing},
    };
    return check_main("run", cases, sizeof(cases) / sizeof(cases[0]));
}
