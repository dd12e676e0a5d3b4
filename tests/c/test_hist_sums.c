#include "hist_sums.h"

#include <math.h>

#include "alloc_fail.h"
#include "check.h"
#include "pace.h"

enum { PARTS = 7, MANY = 3000 };

static struct pp_hist *new_times(void)
{
    struct pp_hist *hist = NULL;
    REQUIRE(pp_hist_new(PP_HIST_DIGITS, PP_HIST_MAX_US, &hist) == PP_OK);
    return hist;
}

/* Of values around `scale_ns`, over two decades. */
static struct pp_hist *new_part(uint64_t seed, double scale_ns)
{
    struct pp_hist *hist = new_times();
    struct pp_rng rng;
    pp_rng_seed(&rng, seed, 0);
    for (int i = 0; i < MANY; i++)
        pp_hist_record_ns(hist, (int64_t)(scale_ns * pow(10.0, 2 * pp_rng_unit(&rng))));
    return hist;
}

static struct pp_hist_sums *sums_of(struct pp_hist *const *parts, size_t count)
{
    struct pp_hist_sums *sums = NULL;
    REQUIRE(pp_hist_sums_new((const struct pp_hist *const *)parts, count, &sums) == PP_OK);
    return sums;
}

static struct pp_hist *added_up(struct pp_hist *const *parts, size_t count, const uint32_t *times)
{
    struct pp_hist *sum = new_times();
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < times[i]; k++)
            REQUIRE(pp_hist_merge(sum, parts[i]) == PP_OK);
    return sum;
}

static void free_all(struct pp_hist **parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pp_hist_free(parts[i]);
}

static void quantiles_are_those_of_the_added_up_histogram(void)
{
    static const double quantiles[] = {0.01, 0.25, 0.5, 0.95, 0.99, 0.999};
    static const uint32_t weights[][PARTS] = {
        {1, 1, 1, 1, 1, 1, 1}, {0, 0, 3, 0, 0, 0, 1}, {2, 0, 1, 0, 4, 0, 0}, {0, 0, 0, 0, 0, 7, 0}};
    struct pp_hist *parts[PARTS];
    for (size_t i = 0; i < PARTS; i++)
        parts[i] = new_part(i, 1e4 * pow(3.0, (double)i));
    struct pp_hist_sums *sums = sums_of(parts, PARTS);
    for (size_t w = 0; w < sizeof weights / sizeof weights[0]; w++) {
        struct pp_hist *sum = added_up(parts, PARTS, weights[w]);
        for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
            double expected_ns = pp_hist_quantile_ns(sum, quantiles[i]);
            CHECK(fabs(pp_hist_sums_quantile_ns(sums, weights[w], quantiles[i]) - expected_ns) <=
                  1e-9 * expected_ns);
        }
        pp_hist_free(sum);
    }
    pp_hist_sums_free(sums);
    free_all(parts, PARTS);
}

static void the_ends_are_those_of_their_buckets(void)
{
    struct pp_hist *part = new_times();
    const uint32_t once[] = {1};
    pp_hist_record_value(part, 65536, 1); /* a bucket of 64 */
    pp_hist_record_value(part, 10, 1);
    struct pp_hist_sums *sums = sums_of(&part, 1);
    CHECK(pp_hist_sums_quantile_ns(sums, once, 0.0) == 10e3);
    CHECK(pp_hist_sums_quantile_ns(sums, once, 1.0) == 65567.5e3);
    pp_hist_sums_free(sums);
    pp_hist_free(part);
}

static void the_sum_of_nothing_says_zero(void)
{
    struct pp_hist *parts[] = {new_times(), new_times()};
    struct pp_hist_sums *sums = sums_of(parts, 2);
    CHECK(pp_hist_sums_quantile_ns(sums, (const uint32_t[]){5, 3}, 0.5) == 0.0);
    pp_hist_sums_free(sums);
    pp_hist_record_value(parts[0], 7, 1);
    sums = sums_of(parts, 2);
    CHECK(pp_hist_sums_quantile_ns(sums, (const uint32_t[]){0, 9}, 0.5) == 0.0);
    CHECK(pp_hist_sums_quantile_ns(sums, (const uint32_t[]){1, 9}, 0.5) == 7e3);
    pp_hist_sums_free(sums);
    free_all(parts, 2);
}

static void parts_may_change_afterwards(void)
{
    struct pp_hist *part = new_times();
    pp_hist_record_value(part, 7, 1);
    struct pp_hist_sums *sums = sums_of(&part, 1);
    pp_hist_record_value(part, 9, 100);
    CHECK(pp_hist_sums_quantile_ns(sums, (const uint32_t[]){1}, 0.9) == 7e3);
    pp_hist_free(part);
    CHECK(pp_hist_sums_quantile_ns(sums, (const uint32_t[]){1}, 0.9) == 7e3);
    pp_hist_sums_free(sums);
}

static void parts_of_different_layout_are_refused(void)
{
    struct pp_hist *parts[] = {new_times(), NULL, NULL};
    struct pp_hist_sums *sums = NULL;
    REQUIRE(pp_hist_new(2, PP_HIST_MAX_US, &parts[1]) == PP_OK);
    REQUIRE(pp_hist_new(PP_HIST_DIGITS, PP_HIST_MAX_US / 2, &parts[2]) == PP_OK);
    const struct pp_hist *digits[] = {parts[0], parts[1]}, *range[] = {parts[0], parts[2]};
    CHECK_INT(pp_hist_sums_new(digits, 2, &sums), PP_INVALID);
    CHECK_INT(pp_hist_sums_new(range, 2, &sums), PP_INVALID);
    CHECK_INT(pp_hist_sums_new(digits, 0, &sums), PP_INVALID);
    CHECK(sums == NULL);
    pp_hist_sums_free(NULL);
    free_all(parts, 3);
}

static enum pp_status attempt_sums(void *context)
{
    const struct pp_hist *part = context;
    struct pp_hist_sums *sums = NULL;
    enum pp_status status = pp_hist_sums_new(&part, 1, &sums);
    CHECK((status == PP_OK) == (sums != NULL));
    pp_hist_sums_free(sums);
    return status;
}

static void without_memory_no_sums_are_made(void)
{
    struct pp_hist *part = new_part(1, 1e4);
    struct alloc_fail_sweep swept = alloc_fail_sweep(attempt_sums, part);
    CHECK_INT(swept.refused, 8); /* its four allocations, in both modes */
    CHECK_INT(swept.survived + swept.other, 0);
    pp_hist_free(part);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"quantiles are those of the added up histogram", quantiles_are_those_of_the_added_up_histogram},
        {"the ends are those of their buckets", the_ends_are_those_of_their_buckets},
        {"the sum of nothing says zero", the_sum_of_nothing_says_zero},
        {"parts may change afterwards", parts_may_change_afterwards},
        {"parts of different layout are refused", parts_of_different_layout_are_refused},
        {"without memory no sums are made", without_memory_no_sums_are_made},
    };
    return check_main("hist_sums", cases, sizeof cases / sizeof cases[0]);
}
