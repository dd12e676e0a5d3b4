#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "alloc_fail.h"
#include "clock.h"
#include "tally.h"

#define MS PP_NS_PER_MS
#define START (INT64_C(50) * PP_NS_PER_S)

static const struct pp_tally_plan plan = {
    .threshold_ns = {5 * MS, 10 * MS, 20 * MS}, .thresholds = 3, .slice_ns = 100 * MS};

static struct pp_tally *new_tally(void)
{
    struct pp_tally *tally = NULL;
    REQUIRE(pp_tally_new(&plan, &tally) == PP_OK);
    pp_tally_begin(tally, START);
    return tally;
}

/* A good request on a reused connection: taken up 1 ms late, sent in 2, waited for 3, received in 4, seen 0.5
 * later; so a latency of 10 ms and a service time of 9. */
static struct pp_sample good_sample(int64_t intended_ns)
{
    return (struct pp_sample){.intended_ns = intended_ns,
                              .start_ns = intended_ns + 1 * MS,
                              .sent_ns = intended_ns + 1 * MS,
                              .sent_end_ns = intended_ns + 3 * MS,
                              .first_ns = intended_ns + 6 * MS,
                              .end_ns = intended_ns + 10 * MS,
                              .seen_ns = intended_ns + 10 * MS + MS / 2,
                              .dns_ns = -1,
                              .connect_ns = -1,
                              .tls_ns = -1,
                              .bytes = 100,
                              .status = 200,
                              .stamped = true,
                              .reused = true};
}

static struct pp_sample failed_sample(int64_t intended_ns, enum pp_error error)
{
    struct pp_sample sample = good_sample(intended_ns);
    sample.error = error;
    return sample;
}

static void record(struct pp_tally *tally, struct pp_sample sample)
{
    pp_tally_record(tally, &sample);
}

static void check_series(const struct pp_tally *tally, enum pp_series series, uint64_t count,
                         int64_t value_ns)
{
    struct pp_hist_summary summary;
    pp_hist_summary(pp_tally_hist(tally, series), &summary);
    if (summary.count != count || (count > 0 && (summary.min_ns != value_ns || summary.max_ns != value_ns)))
        (void)fprintf(stderr, "series %s:\n", pp_series_name(series));
    CHECK_INT(summary.count, count);
    if (count > 0) {
        CHECK_INT(summary.min_ns, value_ns);
        CHECK_INT(summary.max_ns, value_ns);
    }
}

static void every_series_has_a_name_of_its_own(void)
{
    for (int i = 0; i < PP_SERIES_COUNT; i++) {
        REQUIRE(pp_series_name((enum pp_series)i) != NULL);
        for (int j = 0; j < i; j++)
            CHECK(strcmp(pp_series_name((enum pp_series)i), pp_series_name((enum pp_series)j)) != 0);
    }
    CHECK(strcmp(pp_series_name(PP_SERIES_LATENCY_ERRORS), "latency_errors") == 0);
    CHECK(strcmp(pp_series_name(PP_SERIES_COUNT), "unknown") == 0);
}

static void a_good_request_fills_every_series_that_it_has(void)
{
    struct pp_tally *tally = new_tally();
    record(tally, good_sample(START));
    check_series(tally, PP_SERIES_LATENCY, 1, 10 * MS);
    check_series(tally, PP_SERIES_SERVICE, 1, 9 * MS);
    check_series(tally, PP_SERIES_SEND, 1, 2 * MS);
    check_series(tally, PP_SERIES_WAIT, 1, 3 * MS);
    check_series(tally, PP_SERIES_RECEIVE, 1, 4 * MS);
    check_series(tally, PP_SERIES_DELAY, 1, MS / 2);
    check_series(tally, PP_SERIES_LATE, 1, 1 * MS);
    check_series(tally, PP_SERIES_LATENCY_ERRORS, 0, 0);
    check_series(tally, PP_SERIES_DNS, 0, 0);
    check_series(tally, PP_SERIES_CONNECT, 0, 0);
    check_series(tally, PP_SERIES_TLS, 0, 0);
    pp_tally_free(tally);
}

static void a_new_connection_fills_the_dial_series_failed_or_not(void)
{
    struct pp_tally *tally = new_tally();
    struct pp_sample sample = failed_sample(START, PP_ERROR_TLS_VERIFY);
    sample.dns_ns = 0;
    sample.connect_ns = 3 * MS;
    record(tally, sample);
    check_series(tally, PP_SERIES_DNS, 1, 0);
    check_series(tally, PP_SERIES_CONNECT, 1, 3 * MS);
    check_series(tally, PP_SERIES_TLS, 0, 0);
    sample.error = PP_ERROR_NONE;
    sample.tls_ns = 4 * MS;
    record(tally, sample);
    check_series(tally, PP_SERIES_CONNECT, 2, 3 * MS);
    check_series(tally, PP_SERIES_TLS, 1, 4 * MS);
    pp_tally_free(tally);
}

static void a_failed_request_keeps_its_latency_apart(void)
{
    struct pp_tally *tally = new_tally();
    record(tally, failed_sample(START, PP_ERROR_TIMEOUT));
    check_series(tally, PP_SERIES_LATENCY_ERRORS, 1, 10 * MS);
    check_series(tally, PP_SERIES_LATE, 1, 1 * MS);
    check_series(tally, PP_SERIES_LATENCY, 0, 0);
    check_series(tally, PP_SERIES_SERVICE, 0, 0);
    check_series(tally, PP_SERIES_SEND, 0, 0);
    check_series(tally, PP_SERIES_WAIT, 0, 0);
    check_series(tally, PP_SERIES_RECEIVE, 0, 0);
    pp_tally_free(tally);
}

static void a_request_that_never_started_has_no_times_but_counts(void)
{
    struct pp_tally *tally = new_tally();
    struct pp_totals totals;
    record(
        tally,
        (struct pp_sample){
            .intended_ns = START, .dns_ns = -1, .connect_ns = -1, .tls_ns = -1, .error = PP_ERROR_BACKLOG});
    for (int i = 0; i < PP_SERIES_COUNT; i++)
        check_series(tally, (enum pp_series)i, 0, 0);
    pp_tally_totals(tally, &totals);
    CHECK_INT(totals.requests, 1);
    CHECK_INT(totals.by_error[PP_ERROR_BACKLOG], 1);
    CHECK_INT(pp_tally_slice(tally, 0)->errors, 1);
    pp_tally_free(tally);
}

static void a_time_that_would_be_negative_is_zero(void)
{
    /* On loopback the answer may carry a stamp from before send() returned, and a timer may fire early. */
    struct pp_tally *tally = new_tally();
    struct pp_sample sample = good_sample(START);
    sample.start_ns = START - 1;
    sample.first_ns = sample.end_ns = sample.sent_end_ns - 5;
    sample.seen_ns = sample.end_ns - 7;
    record(tally, sample);
    check_series(tally, PP_SERIES_LATE, 1, 0);
    check_series(tally, PP_SERIES_WAIT, 1, 0);
    check_series(tally, PP_SERIES_RECEIVE, 1, 0);
    check_series(tally, PP_SERIES_DELAY, 1, 0);
    pp_tally_free(tally);
}

static void the_clients_delay_is_known_only_with_a_stamp(void)
{
    struct pp_tally *tally = new_tally();
    struct pp_sample sample = good_sample(START);
    sample.stamped = false;
    record(tally, sample);
    check_series(tally, PP_SERIES_DELAY, 0, 0);
    pp_tally_free(tally);
}

static void totals_add_up(void)
{
    struct pp_tally *tally = new_tally();
    struct pp_totals totals;
    struct pp_sample sample = good_sample(START);
    for (int i = 0; i < 7; i++)
        record(tally, sample);
    sample.reused = sample.stamped = false;
    sample.resent = 3;
    sample.status = 204;
    record(tally, sample);
    record(tally, failed_sample(START, PP_ERROR_RESET));
    record(tally, failed_sample(START, PP_ERROR_RESET));
    record(tally, failed_sample(START, PP_ERROR_DNS));
    pp_tally_totals(tally, &totals);
    CHECK_INT(totals.requests, 11);
    CHECK_INT(totals.ok, 8);
    CHECK_INT(totals.errors, 3);
    CHECK_INT(totals.by_error[PP_ERROR_NONE], 8);
    CHECK_INT(totals.by_error[PP_ERROR_RESET], 2);
    CHECK_INT(totals.by_error[PP_ERROR_DNS], 1);
    CHECK_INT(totals.bytes, 1100);
    CHECK_INT(totals.reused, 10);
    CHECK_INT(totals.stamped, 10);
    CHECK_INT(totals.resent, 3);
    CHECK_INT(totals.by_status[200], 10);
    CHECK_INT(totals.by_status[204], 1);
    pp_tally_free(tally);
}

static void odd_statuses_and_classes_are_counted_somewhere(void)
{
    static const int odd[] = {0, -1, 600, 999, INT32_MAX, INT32_MIN};
    struct pp_tally *tally = new_tally();
    struct pp_totals totals;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct pp_sample sample = failed_sample(START, PP_ERROR_STATUS);
        sample.status = odd[i];
        record(tally, sample);
    }
    struct pp_sample last = failed_sample(START, PP_ERROR_COUNT);
    last.status = 599;
    record(tally, last);
    pp_tally_totals(tally, &totals);
    CHECK_INT(totals.by_status[0], 6);
    CHECK_INT(totals.by_status[599], 1);
    CHECK_INT(totals.by_error[PP_ERROR_OTHER], 1);
    CHECK_INT(totals.requests, 7);
    pp_tally_free(tally);
}

static void latencies_at_or_above_a_threshold_are_counted_to_the_nanosecond(void)
{
    struct pp_tally *tally = new_tally();
    struct pp_totals totals;
    for (int64_t off = -1; off <= 1; off++) {
        struct pp_sample sample = good_sample(START);
        sample.end_ns += off;
        record(tally, sample); /* 10 ms and a nanosecond less, none, or one more */
    }
    pp_tally_totals(tally, &totals);
    CHECK_INT(totals.over[0], 3);
    CHECK_INT(totals.over[1], 2);
    CHECK_INT(totals.over[2], 0);
    CHECK_INT(totals.over[3], 0);
    CHECK_INT(pp_tally_slice(tally, 0)->over[1], 2);
    pp_tally_free(tally);
}

static void a_failed_request_is_over_every_threshold_however_quick(void)
{
    struct pp_tally *tally = new_tally();
    struct pp_totals totals;
    struct pp_sample sample = failed_sample(START, PP_ERROR_CONNECT_REFUSED);
    sample.end_ns = START + 1;
    record(tally, sample);
    pp_tally_totals(tally, &totals);
    for (size_t i = 0; i < plan.thresholds; i++) {
        CHECK_INT(totals.over[i], 1);
        CHECK_INT(pp_tally_slice(tally, 0)->over[i], 1);
    }
    CHECK_INT(totals.over[plan.thresholds], 0);
    pp_tally_free(tally);
}

static void plans_that_make_no_sense_are_refused(void)
{
    struct pp_tally *tally = NULL;
    CHECK_INT(pp_tally_new(&(struct pp_tally_plan){.slice_ns = 0}, &tally), PP_INVALID);
    CHECK_INT(
        pp_tally_new(&(struct pp_tally_plan){.thresholds = PP_THRESHOLD_MAX + 1, .slice_ns = 1}, &tally),
        PP_INVALID);
    CHECK(tally == NULL);
    pp_tally_free(NULL);
}

/* Each slice's figures against the totals, latencies included. */
static void check_slices_equal_totals(const struct pp_tally *tally)
{
    struct pp_slice sum = {0};
    struct pp_totals totals;
    struct pp_hist *hist = NULL;
    REQUIRE(pp_hist_new(PP_SLICE_DIGITS, PP_HIST_MAX_US, &hist) == PP_OK);
    for (size_t i = 0; i < pp_tally_slices(tally); i++) {
        const struct pp_slice *slice = pp_tally_slice(tally, i);
        sum.requests += slice->requests;
        sum.errors += slice->errors;
        sum.bytes += slice->bytes;
        for (size_t t = 0; t < plan.thresholds; t++)
            sum.over[t] += slice->over[t];
        CHECK_INT(pp_tally_slice_latency(tally, i, hist), PP_OK);
    }
    pp_tally_totals(tally, &totals);
    CHECK_INT(sum.requests, totals.requests);
    CHECK_INT(sum.errors, totals.errors);
    CHECK_INT(sum.bytes, totals.bytes);
    for (size_t t = 0; t < plan.thresholds; t++)
        CHECK_INT(sum.over[t], totals.over[t]);
    CHECK_INT(pp_hist_count(hist), totals.ok);
    pp_hist_free(hist);
}

/* One request a millisecond, each seventh failed, of slowly growing latency. */
static void record_many(struct pp_tally *tally, int64_t offset_ns, int count)
{
    for (int i = 0; i < count; i++) {
        struct pp_sample sample = good_sample(START + offset_ns + i * MS);
        sample.end_ns += i * 3000;
        sample.error = i % 7 == 0 ? PP_ERROR_STATUS : PP_ERROR_NONE;
        record(tally, sample);
    }
}

static void slices_add_up_to_the_totals(void)
{
    struct pp_tally *tally = new_tally();
    record_many(tally, 0, 1000);
    pp_tally_end(tally, START + 1000 * MS);
    record_many(tally, 1000 * MS, 30); /* those still in flight at the end */
    CHECK_INT(pp_tally_slice_ns(tally), plan.slice_ns);
    CHECK_INT(pp_tally_slices(tally), 10);
    check_slices_equal_totals(tally);
    pp_tally_free(tally);
}

static void merged_tallies_hold_the_sum_of_their_parts(void)
{
    struct pp_tally *into = new_tally(), *from = new_tally(), *whole = new_tally();
    record_many(into, 0, 500);
    record_many(from, 0, 900);
    record_many(whole, 0, 500);
    record_many(whole, 0, 900);
    pp_tally_end(into, START + PP_NS_PER_S);
    pp_tally_end(from, START + PP_NS_PER_S);
    CHECK_INT(pp_tally_merge(into, from), PP_OK);
    struct pp_totals merged, expected;
    pp_tally_totals(into, &merged);
    pp_tally_totals(whole, &expected);
    CHECK(memcmp(&merged, &expected, sizeof merged) == 0);
    for (int i = 0; i < PP_SERIES_COUNT; i++) {
        const struct pp_hist *got = pp_tally_hist(into, (enum pp_series)i);
        const struct pp_hist *wanted = pp_tally_hist(whole, (enum pp_series)i);
        CHECK_INT(pp_hist_count(got), pp_hist_count(wanted));
        CHECK(pp_hist_quantile_ns(got, 0.9) == pp_hist_quantile_ns(wanted, 0.9));
    }
    CHECK_INT(pp_tally_slices(into), 10);
    check_slices_equal_totals(into);
    pp_tally_free(into);
    pp_tally_free(from);
    pp_tally_free(whole);
}

static void tallies_of_different_plans_do_not_merge(void)
{
    struct pp_tally_plan other = plan;
    struct pp_tally *into = new_tally(), *threshold = NULL, *fewer = NULL, *slice = NULL;
    other.threshold_ns[1]++;
    REQUIRE(pp_tally_new(&other, &threshold) == PP_OK);
    other = plan;
    other.thresholds--;
    REQUIRE(pp_tally_new(&other, &fewer) == PP_OK);
    other = plan;
    other.slice_ns *= 10;
    REQUIRE(pp_tally_new(&other, &slice) == PP_OK);
    CHECK_INT(pp_tally_merge(into, threshold), PP_INVALID);
    CHECK_INT(pp_tally_merge(into, fewer), PP_INVALID);
    CHECK_INT(pp_tally_merge(into, slice), PP_INVALID);
    pp_tally_free(into);
    pp_tally_free(threshold);
    pp_tally_free(fewer);
    pp_tally_free(slice);
}

static enum pp_status attempt_new(void *context)
{
    struct pp_tally *tally = NULL;
    enum pp_status status = pp_tally_new(&plan, &tally);
    (void)context;
    CHECK((status == PP_OK) == (tally != NULL));
    pp_tally_free(tally);
    return status;
}

static void without_memory_no_tally_is_made(void)
{
    struct alloc_fail_sweep swept = alloc_fail_sweep(attempt_new, NULL);
    CHECK_INT(swept.refused, 2 * (1 + 2 + PP_SERIES_COUNT)); /* itself, its slices, its series; both modes */
    CHECK_INT(swept.survived + swept.other, 0);
}

static void without_memory_recording_and_merging_lose_no_count(void)
{
    for (unsigned skip = 0; skip < 40; skip++) {
        struct pp_tally *tally = new_tally(), *into = new_tally();
        struct pp_totals totals;
        uint64_t requests = 0;
        alloc_fail_arm(skip, ALLOC_FAIL_ON);
        record_many(tally, 0, 900);
        pp_tally_end(tally, START + PP_NS_PER_S);
        CHECK_INT(pp_tally_merge(into, tally), PP_OK);
        (void)alloc_fail_disarm();
        pp_tally_totals(into, &totals);
        CHECK_INT(totals.requests, 900);
        for (size_t i = 0; i < pp_tally_slices(into); i++)
            requests += pp_tally_slice(into, i)->requests;
        CHECK_INT(requests, 900);
        CHECK_INT(pp_hist_count(pp_tally_hist(into, PP_SERIES_LATENCY)), totals.ok);
        pp_tally_free(tally);
        pp_tally_free(into);
    }
}

enum { ROUNDS = 100, A_ROUND = 700 };

struct recording {
    struct pp_tally *tally;
    atomic_bool done;
};

static void *record_all(void *context)
{
    struct recording *recording = context;
    for (int i = 0; i < ROUNDS; i++)
        record_many(recording->tally, (int64_t)i * A_ROUND * MS, A_ROUND);
    pp_tally_end(recording->tally, START + (int64_t)ROUNDS * A_ROUND * MS);
    atomic_store(&recording->done, true);
    return NULL;
}

static void totals_and_series_may_be_read_while_recording(void)
{
    struct recording recording = {.tally = new_tally()};
    struct pp_totals totals = {0}, last = {0};
    pthread_t writer;
    bool done;
    REQUIRE(pthread_create(&writer, NULL, record_all, &recording) == 0);
    do {
        done = atomic_load(&recording.done);
        pp_tally_totals(recording.tally, &totals);
        CHECK(totals.requests == totals.ok + totals.errors);
        CHECK(totals.requests >= last.requests && totals.ok >= last.ok && totals.errors >= last.errors);
        for (size_t i = 0; i < plan.thresholds; i++)
            CHECK(totals.over[i] <= totals.requests);
        struct pp_hist *copy = NULL;
        REQUIRE(pp_hist_new(PP_HIST_DIGITS, PP_HIST_MAX_US, &copy) == PP_OK);
        CHECK_INT(pp_hist_merge(copy, pp_tally_hist(recording.tally, PP_SERIES_LATENCY)), PP_OK);
        CHECK(pp_hist_count(copy) <= (uint64_t)ROUNDS * A_ROUND);
        pp_hist_free(copy);
        last = totals;
    } while (!done);
    REQUIRE(pthread_join(writer, NULL) == 0);
    CHECK_INT(totals.requests, ROUNDS * A_ROUND);
    CHECK_INT(totals.errors, ROUNDS * (A_ROUND / 7));
    check_slices_equal_totals(recording.tally);
    pp_tally_free(recording.tally);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"every series has a name of its own", every_series_has_a_name_of_its_own},
        {"a good request fills every series that it has", a_good_request_fills_every_series_that_it_has},
        {"a new connection fills the dial series, failed or not",
         a_new_connection_fills_the_dial_series_failed_or_not},
        {"a failed request keeps its latency apart", a_failed_request_keeps_its_latency_apart},
        {"a request that never started has no times but counts",
         a_request_that_never_started_has_no_times_but_counts},
        {"a time that would be negative is zero", a_time_that_would_be_negative_is_zero},
        {"the client's delay is known only with a stamp", the_clients_delay_is_known_only_with_a_stamp},
        {"totals add up", totals_add_up},
        {"odd statuses and classes are counted somewhere", odd_statuses_and_classes_are_counted_somewhere},
        {"latencies at or above a threshold are counted to the nanosecond",
         latencies_at_or_above_a_threshold_are_counted_to_the_nanosecond},
        {"a failed request is over every threshold, however quick",
         a_failed_request_is_over_every_threshold_however_quick},
        {"plans that make no sense are refused", plans_that_make_no_sense_are_refused},
        {"slices add up to the totals", slices_add_up_to_the_totals},
        {"merged tallies hold the sum of their parts", merged_tallies_hold_the_sum_of_their_parts},
        {"tallies of different plans do not merge", tallies_of_different_plans_do_not_merge},
        {"without memory no tally is made", without_memory_no_tally_is_made},
        {"without memory recording and merging lose no count",
         without_memory_recording_and_merging_lose_no_count},
        {"totals and series may be read while recording", totals_and_series_may_be_read_while_recording},
    };
    return check_main("tally", cases, sizeof cases / sizeof cases[0]);
}
