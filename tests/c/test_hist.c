#include "check.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "alloc_fail.h"
#include "hist.h"
#include "pace.h"

#define US INT64_C(1000)

static struct pp_hist *new_hist(int digits, int64_t max)
{
    struct pp_hist *hist = NULL;
    REQUIRE(pp_hist_new(digits, max, &hist) == PP_OK);
    return hist;
}

static struct pp_hist *new_times(void)
{
    return new_hist(PP_HIST_DIGITS, PP_HIST_MAX_US);
}

/* Spread over six decades of nanoseconds, as latencies are. */
static int64_t draw_latency(struct pp_rng *rng)
{
    return (int64_t)(1e3 * pow(10.0, 6.0 * pp_rng_unit(rng)));
}

static int compare(const void *one, const void *other)
{
    const int64_t *a = one, *b = other;
    return (*a > *b) - (*a < *b);
}

enum { MANY = 20000 };

struct sorted {
    struct pp_hist *hist;
    int64_t value_ns[MANY];
};

/* Recorded in random order, and sorted for comparison. */
static struct sorted *new_sorted(uint64_t seed)
{
    struct sorted *sorted = malloc(sizeof *sorted);
    REQUIRE(sorted != NULL);
    struct pp_rng rng;
    pp_rng_seed(&rng, seed, 0);
    sorted->hist = new_times();
    for (size_t i = 0; i < MANY; i++) {
        sorted->value_ns[i] = draw_latency(&rng);
        pp_hist_record_ns(sorted->hist, sorted->value_ns[i]);
    }
    qsort(sorted->value_ns, MANY, sizeof sorted->value_ns[0], compare);
    return sorted;
}

static void free_sorted(struct sorted *sorted)
{
    pp_hist_free(sorted->hist);
    free(sorted);
}

static void an_empty_histogram_says_zero_to_everything(void)
{
    struct pp_hist *hist = new_times();
    struct pp_hist_summary summary;
    double low_ns = 1, high_ns = 1;
    pp_hist_summary(hist, &summary);
    pp_hist_rank_edges_ns(hist, 1, &low_ns, &high_ns);
    CHECK_INT(summary.count, 0);
    CHECK_INT(summary.min_ns, 0);
    CHECK_INT(summary.max_ns, 0);
    CHECK(summary.mean_ns == 0 && summary.stdev_ns == 0 && summary.sum_ns == 0);
    CHECK(pp_hist_quantile_ns(hist, 0.5) == 0);
    CHECK(low_ns == 0 && high_ns == 0);
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, 0), 0);
    pp_hist_free(hist);
    pp_hist_free(NULL);
}

static void layouts_that_make_no_sense_are_refused(void)
{
    struct pp_hist *hist = NULL;
    CHECK_INT(pp_hist_new(0, 1000, &hist), PP_INVALID);
    CHECK_INT(pp_hist_new(6, 1000, &hist), PP_INVALID);
    CHECK_INT(pp_hist_new(3, 1, &hist), PP_INVALID);
    CHECK_INT(pp_hist_new(3, -5, &hist), PP_INVALID);
    CHECK_INT(pp_hist_new(3, INT64_MAX, &hist), PP_INVALID);
    CHECK(hist == NULL);
}

static void one_value_is_given_back_exactly_by_every_quantile(void)
{
    static const int64_t values[] = {0, 1, 499, 500, 1500, 123456789, INT64_C(3599999999999)};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct pp_hist *hist = new_times();
        for (int times = 0; times < 1000; times++)
            pp_hist_record_ns(hist, values[i]);
        for (double q = 0; q <= 1; q += 0.125)
            CHECK(pp_hist_quantile_ns(hist, q) == (double)values[i]);
        struct pp_hist_summary summary;
        pp_hist_summary(hist, &summary);
        CHECK_INT(summary.count, 1000);
        CHECK_INT(summary.min_ns, values[i]);
        CHECK_INT(summary.max_ns, values[i]);
        CHECK(fabs(summary.mean_ns - (double)values[i]) <= 1e-9 * (double)values[i]);
        CHECK(summary.stdev_ns == 0);
        pp_hist_free(hist);
    }
}

static void values_out_of_range_count_at_its_ends(void)
{
    struct pp_hist *hist = new_hist(3, 1000);
    struct pp_hist_summary summary;
    pp_hist_record_ns(hist, -1);
    pp_hist_record_ns(hist, INT64_MIN);
    pp_hist_record_ns(hist, 1001 * US);
    pp_hist_record_ns(hist, INT64_MAX);
    pp_hist_record_value(hist, -7, 2);
    pp_hist_record_value(hist, INT64_MAX, 3);
    pp_hist_record_value(hist, 5, 0);
    pp_hist_summary(hist, &summary);
    CHECK_INT(summary.count, 9);
    CHECK_INT(summary.min_ns, 0);
    CHECK_INT(summary.max_ns, 1000 * US);
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, 1), 5);
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, 0), 9);
    pp_hist_free(hist);
}

static void the_widest_range_holds_the_longest_time_there_is(void)
{
    struct pp_hist *hist = new_hist(1, INT64_MAX / 1000);
    pp_hist_record_ns(hist, INT64_MAX);
    CHECK(pp_hist_quantile_ns(hist, 0.5) == (double)(INT64_MAX / 1000 * 1000));
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, INT64_MAX / 2), 1);
    pp_hist_free(hist);
}

static void mean_and_deviation_are_those_of_the_exact_nanoseconds(void)
{
    struct pp_hist *hist = new_times();
    struct pp_hist_summary summary;
    for (int64_t ns = 1; ns <= 5; ns++) /* all in one bucket, or nearly */
        pp_hist_record_ns(hist, 1000000 + 100 * ns);
    pp_hist_summary(hist, &summary);
    CHECK(fabs(summary.mean_ns - 1000300) < 1e-6);
    CHECK(fabs(summary.stdev_ns - sqrt(25000.0)) < 0.1);
    CHECK(summary.sum_ns == 5001500);
    pp_hist_free(hist);
}

static void a_single_value_has_no_deviation(void)
{
    struct pp_hist *hist = new_times();
    struct pp_hist_summary summary;
    pp_hist_record_ns(hist, 12345);
    pp_hist_summary(hist, &summary);
    CHECK(summary.stdev_ns == 0 && summary.mean_ns == 12345);
    pp_hist_free(hist);
}

static void quantiles_are_within_a_thousandth_of_the_true_ones(void)
{
    struct sorted *sorted = new_sorted(1);
    static const double quantiles[] = {0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999};
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
        size_t rank = (size_t)ceil(quantiles[i] * MANY - 1e-6);
        double exact_ns = (double)sorted->value_ns[rank - 1];
        CHECK(fabs(pp_hist_quantile_ns(sorted->hist, quantiles[i]) - exact_ns) <= 1e-3 * exact_ns + 500);
    }
    free_sorted(sorted);
}

static void the_ends_of_the_quantiles_are_the_exact_minimum_and_maximum(void)
{
    struct sorted *sorted = new_sorted(2);
    CHECK(pp_hist_quantile_ns(sorted->hist, 0.0) == (double)sorted->value_ns[0]);
    CHECK(pp_hist_quantile_ns(sorted->hist, -1.0) == (double)sorted->value_ns[0]);
    CHECK(pp_hist_quantile_ns(sorted->hist, (double)NAN) == (double)sorted->value_ns[0]);
    CHECK(pp_hist_quantile_ns(sorted->hist, 1.0) == (double)sorted->value_ns[MANY - 1]);
    CHECK(pp_hist_quantile_ns(sorted->hist, 2.0) == (double)sorted->value_ns[MANY - 1]);
    free_sorted(sorted);
}

static void quantiles_never_fall_as_q_rises(void)
{
    struct sorted *sorted = new_sorted(3);
    double last_ns = 0;
    for (int i = 0; i <= 10000; i++) {
        double next_ns = pp_hist_quantile_ns(sorted->hist, i / 10000.0);
        CHECK(next_ns >= last_ns);
        last_ns = next_ns;
    }
    free_sorted(sorted);
}

static void a_rank_that_should_be_whole_is_not_rounded_up_by_the_last_bit(void)
{
    /* 0.07 * 100 is 7.000000000000001: the seventh value, not the eighth. */
    for (int percent = 2; percent < 100; percent++) {
        struct pp_hist *hist = new_times();
        for (int value = 1; value <= 100; value++)
            pp_hist_record_value(hist, value, 1);
        CHECK(fabs(pp_hist_quantile_ns(hist, percent / 100.0) - percent * 1000.0) < 1);
        pp_hist_free(hist);
    }
}

static void within_a_bucket_ranks_are_placed_in_proportion(void)
{
    struct pp_hist *hist = new_hist(3, 100000);
    pp_hist_record_value(hist, 1, 1);
    pp_hist_record_value(hist, 65536, 100); /* a bucket of 64 */
    pp_hist_record_value(hist, 100000, 1);
    double low_ns, high_ns;
    pp_hist_rank_edges_ns(hist, 50, &low_ns, &high_ns);
    CHECK(low_ns == 65535.5e3 && high_ns == 65599.5e3);
    CHECK(fabs(pp_hist_quantile_ns(hist, 26.0 / 102) - (65535.5e3 + 64e3 * 24.5 / 100)) < 1);
    CHECK(fabs(pp_hist_quantile_ns(hist, 76.0 / 102) - (65535.5e3 + 64e3 * 74.5 / 100)) < 1);
    pp_hist_free(hist);
}

static void the_edges_of_a_rank_hold_the_value_of_that_rank(void)
{
    struct sorted *sorted = new_sorted(4);
    for (size_t rank = 1; rank <= MANY; rank += 7) {
        double low_ns, high_ns, exact_ns = (double)sorted->value_ns[rank - 1];
        pp_hist_rank_edges_ns(sorted->hist, rank, &low_ns, &high_ns);
        CHECK(low_ns <= exact_ns && exact_ns < high_ns);
        CHECK(high_ns - low_ns <= fmax(1000.0, 1e-3 * exact_ns));
    }
    free_sorted(sorted);
}

static void ranks_out_of_range_are_held_at_the_ends(void)
{
    struct pp_hist *hist = new_times();
    double low_ns, high_ns;
    pp_hist_record_value(hist, 10, 1);
    pp_hist_record_value(hist, 20, 1);
    pp_hist_rank_edges_ns(hist, 0, &low_ns, &high_ns);
    CHECK(low_ns == 9500 && high_ns == 10500);
    pp_hist_rank_edges_ns(hist, 99, &low_ns, &high_ns);
    CHECK(low_ns == 19500 && high_ns == 20500);
    pp_hist_free(hist);
}

static void counts_at_or_above_a_value_go_by_the_low_end_of_buckets(void)
{
    struct pp_hist *hist = new_hist(3, 100000);
    pp_hist_record_value(hist, 5, 10);
    pp_hist_record_value(hist, 6, 20);
    pp_hist_record_value(hist, 65536 + 63, 40); /* in [65536, 65600) */
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, INT64_MIN), 70);
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, 5 * US), 70);
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, 5 * US + 1), 60);
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, 6 * US), 60);
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, 65536 * US), 40);
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, 65537 * US), 0);
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, INT64_MAX), 0);
    pp_hist_free(hist);
}

struct visited {
    int64_t end;
    uint64_t count;
    double tolerance;
};

static void visit(void *context, int64_t low, int64_t high, uint64_t count)
{
    struct visited *visited = context;
    CHECK(low >= visited->end && high > low && count > 0);
    CHECK(high - low == 1 || (double)(high - low) <= visited->tolerance * (double)low);
    visited->end = high;
    visited->count += count;
}

static void buckets_rise_without_overlap_and_are_as_narrow_as_the_digits_say(void)
{
    for (int digits = 1; digits <= 5; digits++) {
        struct pp_hist *hist = new_hist(digits, PP_HIST_MAX_US);
        struct pp_rng rng;
        pp_rng_seed(&rng, 5, (uint64_t)digits);
        for (int i = 0; i < 2000; i++)
            pp_hist_record_ns(hist, draw_latency(&rng) * 1000);
        struct visited visited = {.tolerance = pow(10.0, -digits)};
        pp_hist_each(hist, visit, &visited);
        CHECK_INT(visited.count, 2000);
        pp_hist_free(hist);
    }
}

static void every_value_lies_in_the_bucket_it_is_counted_in(void)
{
    /* Around each doubling, where the layout changes. */
    for (int bit = 0; bit < 31; bit++) {
        for (int64_t near = -2; near <= 2; near++) {
            int64_t value = (INT64_C(1) << bit) + near;
            if (value < 0)
                continue;
            struct pp_hist *hist = new_times();
            double low_ns, high_ns;
            pp_hist_record_value(hist, value, 1);
            pp_hist_rank_edges_ns(hist, 1, &low_ns, &high_ns);
            CHECK(low_ns <= (double)value * 1000 && (double)value * 1000 < high_ns);
            pp_hist_free(hist);
        }
    }
}

static void nanoseconds_are_rounded_to_the_nearest_microsecond(void)
{
    struct pp_hist *hist = new_times();
    pp_hist_record_ns(hist, 1499);
    pp_hist_record_ns(hist, 1500);
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, 1 * US), 2);
    CHECK_INT(pp_hist_count_at_or_above_ns(hist, 2 * US), 1);
    pp_hist_free(hist);
}

static void check_same(const struct pp_hist *one, const struct pp_hist *other)
{
    struct pp_hist_summary a, b;
    pp_hist_summary(one, &a);
    pp_hist_summary(other, &b);
    CHECK_INT(a.count, b.count);
    CHECK_INT(a.min_ns, b.min_ns);
    CHECK_INT(a.max_ns, b.max_ns);
    CHECK(fabs(a.mean_ns - b.mean_ns) <= 1e-9 * a.mean_ns);
    CHECK(fabs(a.stdev_ns - b.stdev_ns) <= 1e-6 * a.stdev_ns);
    for (int i = 0; i <= 1000; i++)
        CHECK(pp_hist_quantile_ns(one, i / 1000.0) == pp_hist_quantile_ns(other, i / 1000.0));
}

static void merging_parts_equals_recording_the_whole(void)
{
    struct pp_hist *whole = new_times(), *merged = new_times(), *part[3];
    struct pp_rng rng;
    pp_rng_seed(&rng, 6, 0);
    for (int p = 0; p < 3; p++)
        part[p] = new_times();
    for (int i = 0; i < MANY; i++) {
        int64_t value_ns = draw_latency(&rng);
        pp_hist_record_ns(whole, value_ns);
        pp_hist_record_ns(part[i % 3], value_ns);
    }
    for (int p = 0; p < 3; p++) {
        CHECK_INT(pp_hist_merge(merged, part[p]), PP_OK);
        pp_hist_free(part[p]);
    }
    check_same(whole, merged);
    pp_hist_free(whole);
    pp_hist_free(merged);
}

static void a_copy_equals_its_original_and_goes_its_own_way(void)
{
    struct sorted *sorted = new_sorted(9);
    struct pp_hist *copy = NULL;
    REQUIRE(pp_hist_copy(sorted->hist, &copy) == PP_OK);
    check_same(sorted->hist, copy);
    pp_hist_record_ns(copy, 5);
    CHECK_INT(pp_hist_count(copy), MANY + 1);
    CHECK_INT(pp_hist_count(sorted->hist), MANY);
    pp_hist_free(copy);
    free_sorted(sorted);
}

static void merging_an_empty_histogram_changes_nothing(void)
{
    struct pp_hist *hist = new_times(), *empty = new_times();
    pp_hist_record_ns(hist, 777777);
    CHECK_INT(pp_hist_merge(hist, empty), PP_OK);
    CHECK_INT(pp_hist_count(hist), 1);
    CHECK(pp_hist_quantile_ns(hist, 0.0) == 777777);
    CHECK_INT(pp_hist_merge(empty, hist), PP_OK);
    check_same(hist, empty);
    pp_hist_free(hist);
    pp_hist_free(empty);
}

static void histograms_of_different_layout_do_not_merge(void)
{
    struct pp_hist *into = new_hist(3, 1000), *digits = new_hist(2, 1000), *range = new_hist(3, 1001);
    pp_hist_record_value(digits, 1, 1);
    pp_hist_record_value(range, 1, 1);
    CHECK_INT(pp_hist_merge(into, digits), PP_INVALID);
    CHECK_INT(pp_hist_merge(into, range), PP_INVALID);
    CHECK_INT(pp_hist_count(into), 0);
    pp_hist_free(into);
    pp_hist_free(digits);
    pp_hist_free(range);
}

static void a_cleared_histogram_is_as_good_as_new(void)
{
    struct sorted *sorted = new_sorted(7);
    struct pp_hist *fresh = new_times();
    pp_hist_clear(sorted->hist);
    CHECK_INT(pp_hist_count(sorted->hist), 0);
    CHECK(pp_hist_quantile_ns(sorted->hist, 0.5) == 0);
    for (int i = 0; i < MANY; i += 10) {
        pp_hist_record_ns(sorted->hist, sorted->value_ns[i]);
        pp_hist_record_ns(fresh, sorted->value_ns[i]);
    }
    check_same(sorted->hist, fresh);
    pp_hist_free(fresh);
    free_sorted(sorted);
}

static enum pp_status attempt_new(void *context)
{
    struct pp_hist *hist = NULL;
    enum pp_status status = pp_hist_new(3, PP_HIST_MAX_US, &hist);
    (void)context;
    CHECK((status == PP_OK) == (hist != NULL));
    pp_hist_free(hist);
    return status;
}

static enum pp_status attempt_copy(void *context)
{
    struct pp_hist *copy = NULL;
    enum pp_status status = pp_hist_copy(context, &copy);
    CHECK((status == PP_OK) == (copy != NULL));
    pp_hist_free(copy);
    return status;
}

static void without_memory_no_histogram_is_copied(void)
{
    struct pp_hist *hist = new_times();
    struct alloc_fail_sweep swept = alloc_fail_sweep(attempt_copy, hist);
    CHECK_INT(swept.refused, 2);
    CHECK_INT(swept.survived + swept.other, 0);
    pp_hist_free(hist);
}

static void without_memory_no_histogram_is_made(void)
{
    struct alloc_fail_sweep swept = alloc_fail_sweep(attempt_new, NULL);
    CHECK_INT(swept.refused, 2); /* its one allocation, in both modes */
    CHECK_INT(swept.survived + swept.other, 0);
}

enum { WRITTEN = 100000 };

struct writing {
    struct pp_hist *hist;
    atomic_bool done;
};

static void *write_all(void *context)
{
    struct writing *writing = context;
    struct pp_rng rng;
    pp_rng_seed(&rng, 8, 0);
    for (int i = 0; i < WRITTEN; i++)
        pp_hist_record_ns(writing->hist, draw_latency(&rng));
    atomic_store(&writing->done, true);
    return NULL;
}

static void a_histogram_may_be_read_while_it_is_written(void)
{
    struct writing writing = {.hist = new_times()};
    pthread_t writer;
    REQUIRE(pthread_create(&writer, NULL, write_all, &writing) == 0);
    uint64_t last = 0;
    bool done;
    do {
        done = atomic_load(&writing.done);
        struct pp_hist *copy = new_times();
        CHECK_INT(pp_hist_merge(copy, writing.hist), PP_OK);
        uint64_t count = pp_hist_count(copy);
        CHECK(count >= last && count <= WRITTEN);
        CHECK_INT(pp_hist_count_at_or_above_ns(copy, 0), count);
        double median_ns = pp_hist_quantile_ns(copy, 0.5), p99_ns = pp_hist_quantile_ns(copy, 0.99);
        CHECK(median_ns <= p99_ns && p99_ns <= 1e9 && pp_hist_quantile_ns(writing.hist, 0.5) <= 1e9);
        last = count;
        pp_hist_free(copy);
    } while (!done);
    REQUIRE(pthread_join(writer, NULL) == 0);
    CHECK_INT(last, WRITTEN);
    pp_hist_free(writing.hist);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"an empty histogram says zero to everything", an_empty_histogram_says_zero_to_everything},
        {"layouts that make no sense are refused", layouts_that_make_no_sense_are_refused},
        {"one value is given back exactly by every quantile",
         one_value_is_given_back_exactly_by_every_quantile},
        {"values out of range count at its ends", values_out_of_range_count_at_its_ends},
        {"the widest range holds the longest time there is",
         the_widest_range_holds_the_longest_time_there_is},
        {"mean and deviation are those of the exact nanoseconds",
         mean_and_deviation_are_those_of_the_exact_nanoseconds},
        {"a single value has no deviation", a_single_value_has_no_deviation},
        {"quantiles are within a thousandth of the true ones",
         quantiles_are_within_a_thousandth_of_the_true_ones},
        {"the ends of the quantiles are the exact minimum and maximum",
         the_ends_of_the_quantiles_are_the_exact_minimum_and_maximum},
        {"quantiles never fall as q rises", quantiles_never_fall_as_q_rises},
        {"a rank that should be whole is not rounded up by the last bit",
         a_rank_that_should_be_whole_is_not_rounded_up_by_the_last_bit},
        {"within a bucket ranks are placed in proportion", within_a_bucket_ranks_are_placed_in_proportion},
        {"the edges of a rank hold the value of that rank", the_edges_of_a_rank_hold_the_value_of_that_rank},
        {"ranks out of range are held at the ends", ranks_out_of_range_are_held_at_the_ends},
        {"counts at or above a value go by the low end of buckets",
         counts_at_or_above_a_value_go_by_the_low_end_of_buckets},
        {"buckets rise without overlap and are as narrow as the digits say",
         buckets_rise_without_overlap_and_are_as_narrow_as_the_digits_say},
        {"every value lies in the bucket it is counted in", every_value_lies_in_the_bucket_it_is_counted_in},
        {"nanoseconds are rounded to the nearest microsecond",
         nanoseconds_are_rounded_to_the_nearest_microsecond},
        {"merging parts equals recording the whole", merging_parts_equals_recording_the_whole},
        {"a copy equals its original and goes its own way", a_copy_equals_its_original_and_goes_its_own_way},
        {"merging an empty histogram changes nothing", merging_an_empty_histogram_changes_nothing},
        {"histograms of different layout do not merge", histograms_of_different_layout_do_not_merge},
        {"a cleared histogram is as good as new", a_cleared_histogram_is_as_good_as_new},
        {"without memory no histogram is made", without_memory_no_histogram_is_made},
        {"without memory no histogram is copied", without_memory_no_histogram_is_copied},
        {"a histogram may be read while it is written", a_histogram_may_be_read_while_it_is_written},
    };
    return check_main("hist", cases, sizeof cases / sizeof cases[0]);
}
