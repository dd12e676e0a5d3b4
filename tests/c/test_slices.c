#include "check.h"

#include <math.h>

#include "alloc_fail.h"
#include "clock.h"
#include "slices.h"

#define START (INT64_C(777) * PP_NS_PER_S)
#define WIDTH (100 * PP_NS_PER_MS)

static struct pp_slices *new_slices(void)
{
    struct pp_slices *slices = NULL;
    REQUIRE(pp_slices_new(WIDTH, &slices) == PP_OK);
    pp_slices_begin(slices, START);
    return slices;
}

/* A good request that ended at this moment of the measurement. */
static void add(struct pp_slices *slices, int64_t offset_ns, int64_t latency_ns)
{
    pp_slices_at(slices, START + offset_ns)->requests++;
    pp_slices_latency(slices, latency_ns);
}

static uint64_t requests(const struct pp_slices *slices, size_t index)
{
    REQUIRE(index < pp_slices_count(slices));
    return pp_slices_get(slices, index)->requests;
}

static struct pp_hist *latency_of(const struct pp_slices *slices, size_t index)
{
    struct pp_hist *hist = NULL;
    REQUIRE(pp_hist_new(PP_SLICE_DIGITS, PP_HIST_MAX_US, &hist) == PP_OK);
    REQUIRE(pp_slices_get_latency(slices, index, hist) == PP_OK);
    return hist;
}

static uint64_t latencies(const struct pp_slices *slices, size_t index)
{
    struct pp_hist *hist = latency_of(slices, index);
    uint64_t count = pp_hist_count(hist);
    pp_hist_free(hist);
    return count;
}

/* Whatever happened, each slice's latencies are those of its requests, and none is lost. */
static void check_sums(const struct pp_slices *slices, uint64_t expected)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < pp_slices_count(slices); i++) {
        CHECK(!pp_slices_get(slices, i)->lost);
        CHECK_INT(latencies(slices, i), requests(slices, i));
        sum += requests(slices, i);
    }
    CHECK_INT(sum, expected);
}

static void a_width_that_is_not_positive_is_refused(void)
{
    struct pp_slices *slices = NULL;
    CHECK_INT(pp_slices_new(0, &slices), PP_INVALID);
    CHECK_INT(pp_slices_new(-1, &slices), PP_INVALID);
    CHECK(slices == NULL);
    pp_slices_free(NULL);
}

static void a_moment_belongs_to_the_slice_that_it_lies_in(void)
{
    struct pp_slices *slices = new_slices();
    add(slices, 0, 1000);
    add(slices, WIDTH - 1, 1000);
    add(slices, WIDTH, 1000);
    add(slices, 3 * WIDTH + 5, 1000);
    CHECK_INT(pp_slices_count(slices), 4);
    CHECK_INT(requests(slices, 0), 2);
    CHECK_INT(requests(slices, 1), 1);
    CHECK_INT(requests(slices, 2), 0); /* a gap is an empty slice */
    CHECK_INT(requests(slices, 3), 1);
    check_sums(slices, 4);
    pp_slices_free(slices);
}

static void a_moment_out_of_order_counts_in_the_latest_slice(void)
{
    struct pp_slices *slices = new_slices();
    add(slices, 2 * WIDTH, 1000);
    add(slices, 2 * WIDTH - 1, 1000);
    add(slices, -5, 1000);
    CHECK_INT(requests(slices, 2), 3);
    check_sums(slices, 3);
    pp_slices_free(slices);
}

static void a_closed_slice_keeps_its_latencies_to_two_digits(void)
{
    struct pp_slices *slices = new_slices();
    for (int i = 1; i <= 100; i++)
        add(slices, i, i * PP_NS_PER_MS);
    add(slices, WIDTH, 7 * PP_NS_PER_MS);
    struct pp_hist *hist = latency_of(slices, 0);
    for (int i = 1; i <= 99; i++)
        CHECK(fabs(pp_hist_quantile_ns(hist, i / 100.0) - i * 1e6) <= 0.01 * i * 1e6);
    const struct pp_slice *slice = pp_slices_get(slices, 0);
    CHECK(slice->latency_sum_ns == 5050e6);
    CHECK(fabs(slice->latency_square_ns - 338350e12) < 1);
    pp_hist_free(hist);
    pp_slices_free(slices);
}

static void ten_slices_become_one_when_there_would_be_too_many(void)
{
    struct pp_slices *slices = new_slices();
    for (int i = 0; i < PP_SLICES_MAX; i++)
        add(slices, i * WIDTH, (i % 10 + 1) * PP_NS_PER_MS);
    CHECK_INT(pp_slices_count(slices), PP_SLICES_MAX);
    CHECK_INT(pp_slices_width(slices), WIDTH);
    add(slices, PP_SLICES_MAX * WIDTH, PP_NS_PER_MS);
    CHECK_INT(pp_slices_width(slices), 10 * WIDTH);
    CHECK_INT(pp_slices_count(slices), PP_SLICES_MAX / 10 + 1);
    for (size_t i = 0; i < PP_SLICES_MAX / 10; i++) {
        CHECK_INT(requests(slices, i), 10);
        CHECK(pp_slices_get(slices, i)->latency_sum_ns == 55e6);
    }
    struct pp_hist *hist = latency_of(slices, 42);
    CHECK(fabs(pp_hist_quantile_ns(hist, 0.5) - 5e6) < 5e4);
    pp_hist_free(hist);
    check_sums(slices, PP_SLICES_MAX + 1);
    pp_slices_free(slices);
}

static void a_run_through_several_growths_keeps_every_latency(void)
{
    struct pp_slices *slices = new_slices();
    enum { TIMES = 12 * PP_SLICES_MAX };
    for (int i = 0; i < TIMES; i++)
        add(slices, (int64_t)i * WIDTH, (i % 10 + 1) * PP_NS_PER_MS);
    CHECK_INT(pp_slices_width(slices), 100 * WIDTH);
    CHECK_INT(pp_slices_count(slices), TIMES / 100);
    for (size_t i = 0; i < pp_slices_count(slices); i++) {
        struct pp_hist *hist = latency_of(slices, i);
        CHECK_INT(requests(slices, i), 100);
        CHECK_INT(pp_hist_count_at_or_above_ns(hist, 2 * PP_NS_PER_MS - PP_NS_PER_MS / 10), 90);
        pp_hist_free(hist);
    }
    check_sums(slices, TIMES);
    pp_slices_free(slices);
}

static void a_slice_goes_on_filling_after_it_was_made_of_others(void)
{
    struct pp_slices *slices = new_slices();
    add(slices, 3995 * WIDTH, PP_NS_PER_MS);
    add(slices, 3998 * WIDTH, PP_NS_PER_MS);
    add(slices, 4005 * WIDTH, PP_NS_PER_MS);
    add(slices, 4009 * WIDTH, PP_NS_PER_MS);
    CHECK_INT(pp_slices_count(slices), 401);
    CHECK_INT(requests(slices, 399), 2);
    CHECK_INT(requests(slices, 400), 2);
    check_sums(slices, 4);
    pp_slices_free(slices);
}

static void a_long_silence_grows_the_width_as_often_as_needed(void)
{
    struct pp_slices *slices = new_slices();
    add(slices, 5 * WIDTH, PP_NS_PER_MS);
    add(slices, 4000000 * WIDTH, PP_NS_PER_MS);
    CHECK_INT(pp_slices_width(slices), 10000 * WIDTH);
    CHECK_INT(pp_slices_count(slices), 401);
    CHECK_INT(requests(slices, 0), 1);
    CHECK_INT(requests(slices, 400), 1);
    check_sums(slices, 2);
    pp_slices_free(slices);
}

static void the_end_lays_empty_slices_up_to_it(void)
{
    struct pp_slices *slices = new_slices();
    add(slices, 0, PP_NS_PER_MS);
    pp_slices_end(slices, START + 10 * WIDTH);
    CHECK_INT(pp_slices_count(slices), 10);
    pp_slices_free(slices);

    slices = new_slices();
    pp_slices_end(slices, START + 10 * WIDTH + 1);
    CHECK_INT(pp_slices_count(slices), 11);
    check_sums(slices, 0);
    pp_slices_free(slices);
}

static void what_comes_after_the_end_counts_in_the_last_slice(void)
{
    struct pp_slices *slices = new_slices();
    add(slices, 15 * WIDTH / 10, PP_NS_PER_MS);
    pp_slices_end(slices, START + 2 * WIDTH);
    add(slices, 2 * WIDTH, PP_NS_PER_MS);
    add(slices, 50 * WIDTH, PP_NS_PER_MS);
    CHECK_INT(pp_slices_count(slices), 2);
    CHECK_INT(requests(slices, 1), 3);
    check_sums(slices, 3);
    pp_slices_free(slices);
}

static void what_came_after_an_end_told_late_moves_to_the_last_slice(void)
{
    struct pp_slices *slices = new_slices();
    for (int i = 0; i < 50; i++)
        add(slices, i * WIDTH, PP_NS_PER_MS);
    pp_slices_end(slices, START + 20 * WIDTH);
    add(slices, 60 * WIDTH, PP_NS_PER_MS);
    CHECK_INT(pp_slices_count(slices), 20);
    CHECK_INT(requests(slices, 18), 1);
    CHECK_INT(requests(slices, 19), 32);
    CHECK(pp_slices_get(slices, 19)->latency_sum_ns == 32e6);
    check_sums(slices, 51);
    pp_slices_free(slices);
}

static void a_measurement_of_no_length_has_one_slice(void)
{
    struct pp_slices *slices = new_slices();
    pp_slices_end(slices, START);
    add(slices, 3 * WIDTH, PP_NS_PER_MS);
    CHECK_INT(pp_slices_count(slices), 1);
    check_sums(slices, 1);
    pp_slices_free(slices);
}

static void an_end_far_away_grows_the_width_too(void)
{
    struct pp_slices *slices = new_slices();
    add(slices, 0, PP_NS_PER_MS);
    pp_slices_end(slices, START + 4001 * WIDTH);
    CHECK_INT(pp_slices_width(slices), 10 * WIDTH);
    CHECK_INT(pp_slices_count(slices), 401);
    check_sums(slices, 1);
    pp_slices_free(slices);
}

static void merged_slices_line_up(void)
{
    struct pp_slices *into = new_slices(), *from = new_slices();
    add(into, 0, PP_NS_PER_MS);
    add(into, 2 * WIDTH, PP_NS_PER_MS);
    add(from, WIDTH, 3 * PP_NS_PER_MS);
    add(from, 2 * WIDTH, 3 * PP_NS_PER_MS);
    add(from, 3 * WIDTH, 3 * PP_NS_PER_MS);
    CHECK_INT(pp_slices_merge(into, from), PP_OK);
    CHECK_INT(pp_slices_count(into), 4);
    CHECK_INT(requests(into, 0), 1);
    CHECK_INT(requests(into, 1), 1);
    CHECK_INT(requests(into, 2), 2);
    CHECK_INT(requests(into, 3), 1);
    struct pp_hist *hist = latency_of(into, 2);
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, 2 * PP_NS_PER_MS), 1);
    pp_hist_free(hist);
    check_sums(into, 5);
    check_sums(from, 3); /* untouched */
    pp_slices_free(into);
    pp_slices_free(from);
}

static void slices_of_different_width_merge_at_the_wider(void)
{
    struct pp_slices *fine = new_slices(), *coarse = new_slices(), *into_fine = new_slices();
    for (int i = 0; i < 100; i++) {
        add(fine, i * WIDTH, PP_NS_PER_MS);
        add(into_fine, i * WIDTH, PP_NS_PER_MS);
    }
    add(coarse, 4000 * WIDTH, PP_NS_PER_MS);
    REQUIRE(pp_slices_width(coarse) == 10 * WIDTH);

    CHECK_INT(pp_slices_merge(coarse, fine), PP_OK);
    CHECK_INT(pp_slices_merge(into_fine, coarse), PP_OK);
    CHECK_INT(pp_slices_width(into_fine), 10 * WIDTH);
    CHECK_INT(pp_slices_count(coarse), 401);
    CHECK_INT(pp_slices_count(into_fine), 401);
    for (size_t i = 0; i < 10; i++) {
        CHECK_INT(requests(coarse, i), 10);
        CHECK_INT(requests(into_fine, i), 20);
    }
    check_sums(coarse, 101);
    check_sums(into_fine, 201);
    pp_slices_free(fine);
    pp_slices_free(coarse);
    pp_slices_free(into_fine);
}

static void merging_into_slices_never_begun_copies(void)
{
    struct pp_slices *into = NULL, *from = new_slices();
    REQUIRE(pp_slices_new(WIDTH, &into) == PP_OK);
    for (int i = 0; i < 4100; i++)
        add(from, i * WIDTH, PP_NS_PER_MS);
    CHECK_INT(pp_slices_merge(into, from), PP_OK);
    CHECK_INT(pp_slices_width(into), 10 * WIDTH);
    CHECK_INT(pp_slices_count(into), 410);
    check_sums(into, 4100);
    pp_slices_free(into);
    pp_slices_free(from);
}

static void slices_laid_at_another_width_do_not_merge(void)
{
    struct pp_slices *into = NULL, *from = new_slices();
    REQUIRE(pp_slices_new(WIDTH * 10, &into) == PP_OK);
    CHECK_INT(pp_slices_merge(into, from), PP_INVALID);
    pp_slices_free(into);
    pp_slices_free(from);
}

static enum pp_status attempt_new(void *context)
{
    struct pp_slices *slices = NULL;
    enum pp_status status = pp_slices_new(WIDTH, &slices);
    (void)context;
    CHECK((status == PP_OK) == (slices != NULL));
    pp_slices_free(slices);
    return status;
}

static void without_memory_no_slices_are_made(void)
{
    struct alloc_fail_sweep swept = alloc_fail_sweep(attempt_new, NULL);
    CHECK_INT(swept.refused, 4); /* two allocations, in both modes */
    CHECK_INT(swept.survived + swept.other, 0);
}

static void without_memory_a_slice_loses_its_latencies_but_no_count(void)
{
    struct pp_slices *slices = new_slices(), *into = new_slices();
    struct pp_hist *hist = NULL;
    REQUIRE(pp_hist_new(PP_SLICE_DIGITS, PP_HIST_MAX_US, &hist) == PP_OK);
    add(slices, 0, PP_NS_PER_MS);
    alloc_fail_arm(0, ALLOC_FAIL_ONCE);
    add(slices, WIDTH, PP_NS_PER_MS);
    CHECK_INT(alloc_fail_disarm(), 1);
    add(slices, 2 * WIDTH, PP_NS_PER_MS);

    CHECK(pp_slices_get(slices, 0)->lost && !pp_slices_get(slices, 1)->lost);
    CHECK_INT(requests(slices, 0), 1);
    CHECK(pp_slices_get(slices, 0)->latency_sum_ns == 1e6);
    CHECK_INT(pp_slices_get_latency(slices, 0, hist), PP_NOMEM);
    CHECK_INT(pp_hist_count(hist), 0);
    CHECK_INT(latencies(slices, 1), 1);

    /* What is put together with a lost one is lost as well: a part would pass for the whole. */
    CHECK_INT(pp_slices_merge(into, slices), PP_OK);
    CHECK(pp_slices_get(into, 0)->lost && !pp_slices_get(into, 1)->lost);
    CHECK_INT(requests(into, 0), 1);
    add(slices, 4000 * WIDTH, PP_NS_PER_MS);
    CHECK(pp_slices_get(slices, 0)->lost);
    CHECK_INT(requests(slices, 0), 3);
    pp_hist_free(hist);
    pp_slices_free(slices);
    pp_slices_free(into);
}

static void one_lost_slice_of_ten_makes_the_ten_lost(void)
{
    struct pp_slices *slices = new_slices();
    for (int i = 0; i <= 20; i++) {
        if (i == 4) /* the fourth slice is about to close */
            alloc_fail_arm(0, ALLOC_FAIL_ONCE);
        add(slices, i * WIDTH, PP_NS_PER_MS);
        (void)alloc_fail_disarm();
    }
    add(slices, 4000 * WIDTH, PP_NS_PER_MS);
    CHECK(pp_slices_get(slices, 0)->lost && !pp_slices_get(slices, 1)->lost);
    CHECK_INT(requests(slices, 0), 10);
    CHECK_INT(latencies(slices, 1), 10);
    pp_slices_free(slices);
}

static void without_memory_growing_and_merging_lose_no_count(void)
{
    for (unsigned skip = 0; skip < 30; skip++) {
        struct pp_slices *slices = new_slices(), *into = new_slices();
        for (int i = 0; i < 20; i++)
            add(slices, i * WIDTH, PP_NS_PER_MS);
        alloc_fail_arm(skip, ALLOC_FAIL_ON);
        add(slices, 4000 * WIDTH, PP_NS_PER_MS);
        pp_slices_end(slices, START + 20 * WIDTH);
        CHECK_INT(pp_slices_merge(into, slices), PP_OK);
        (void)alloc_fail_disarm();
        uint64_t sum = 0;
        for (size_t i = 0; i < pp_slices_count(into); i++)
            sum += requests(into, i);
        CHECK_INT(sum, 21);
        CHECK(skip > 0 || pp_slices_get(into, 0)->lost);
        pp_slices_free(slices);
        pp_slices_free(into);
    }
}

int main(void)
{
    static const struct check_case cases[] = {
        {"a width that is not positive is refused", a_width_that_is_not_positive_is_refused},
        {"a moment belongs to the slice that it lies in", a_moment_belongs_to_the_slice_that_it_lies_in},
        {"a moment out of order counts in the latest slice",
         a_moment_out_of_order_counts_in_the_latest_slice},
        {"a closed slice keeps its latencies to two digits",
         a_closed_slice_keeps_its_latencies_to_two_digits},
        {"ten slices become one when there would be too many",
         ten_slices_become_one_when_there_would_be_too_many},
        {"a run through several growths keeps every latency",
         a_run_through_several_growths_keeps_every_latency},
        {"a slice goes on filling after it was made of others",
         a_slice_goes_on_filling_after_it_was_made_of_others},
        {"a long silence grows the width as often as needed",
         a_long_silence_grows_the_width_as_often_as_needed},
        {"the end lays empty slices up to it", the_end_lays_empty_slices_up_to_it},
        {"what comes after the end counts in the last slice",
         what_comes_after_the_end_counts_in_the_last_slice},
        {"what came after an end told late moves to the last slice",
         what_came_after_an_end_told_late_moves_to_the_last_slice},
        {"a measurement of no length has one slice", a_measurement_of_no_length_has_one_slice},
        {"an end far away grows the width too", an_end_far_away_grows_the_width_too},
        {"merged slices line up", merged_slices_line_up},
        {"slices of different width merge at the wider", slices_of_different_width_merge_at_the_wider},
        {"merging into slices never begun copies", merging_into_slices_never_begun_copies},
        {"slices laid at another width do not merge", slices_laid_at_another_width_do_not_merge},
        {"without memory no slices are made", without_memory_no_slices_are_made},
        {"without memory a slice loses its latencies but no count",
         without_memory_a_slice_loses_its_latencies_but_no_count},
        {"one lost slice of ten makes the ten lost", one_lost_slice_of_ten_makes_the_ten_lost},
        {"without memory growing and merging lose no count",
         without_memory_growing_and_merging_lose_no_count},
    };
    return check_main("slices", cases, sizeof cases / sizeof cases[0]);
}
