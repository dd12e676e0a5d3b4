#include "check.h"

#include <math.h>

#include "clock.h"
#include "pace.h"

#define DRAWS 200000
#define START (INT64_C(1000) * PP_NS_PER_S)

static void the_generator_follows_its_published_algorithm(void)
{
    /* xoshiro256++ from the state 1, 2, 3, 4: its authors' reference gives these. */
    struct pp_rng rng = {{1, 2, 3, 4}};
    CHECK(pp_rng_next(&rng) == UINT64_C(41943041));
    CHECK(pp_rng_next(&rng) == UINT64_C(58720359));
    CHECK(pp_rng_next(&rng) == UINT64_C(3588806011781223));
    CHECK(pp_rng_next(&rng) == UINT64_C(3591011842654386));
}

static void the_same_seed_and_stream_give_the_same_numbers(void)
{
    struct pp_rng one, same, stream, seed;
    pp_rng_seed(&one, 7, 3);
    pp_rng_seed(&same, 7, 3);
    pp_rng_seed(&stream, 7, 4);
    pp_rng_seed(&seed, 8, 3);
    int equal_to_stream = 0, equal_to_seed = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t next = pp_rng_next(&one);
        CHECK(next == pp_rng_next(&same));
        equal_to_stream += next == pp_rng_next(&stream);
        equal_to_seed += next == pp_rng_next(&seed);
    }
    CHECK_INT(equal_to_stream, 0);
    CHECK_INT(equal_to_seed, 0);
}

static void streams_of_one_seed_are_uncorrelated(void)
{
    struct pp_rng one, other;
    double product = 0;
    pp_rng_seed(&one, 1, 0);
    pp_rng_seed(&other, 1, 1);
    for (int i = 0; i < DRAWS; i++)
        product += (pp_rng_unit(&one) - 0.5) * (pp_rng_unit(&other) - 0.5);
    CHECK(fabs(product / DRAWS * 12) < 0.02); /* correlation; its standard error is 0.0022 */
}

static void unit_draws_spread_evenly_over_0_to_1(void)
{
    enum { BINS = 20 };
    int bins[BINS] = {0};
    struct pp_rng rng;
    pp_rng_seed(&rng, 1, 0);
    for (int i = 0; i < DRAWS; i++) {
        double unit = pp_rng_unit(&rng);
        REQUIRE(unit >= 0.0 && unit < 1.0);
        bins[(int)(unit * BINS)]++;
    }
    for (int i = 0; i < BINS; i++)
        CHECK(abs(bins[i] - DRAWS / BINS) < 600); /* six standard deviations */
}

static void no_think_time_and_a_fixed_one_are_exact(void)
{
    struct pp_rng rng;
    pp_rng_seed(&rng, 1, 0);
    struct pp_think none = {.kind = PP_THINK_NONE, .low_ns = 5},
                    fixed = {.kind = PP_THINK_FIXED, .low_ns = 123456789};
    for (int i = 0; i < 100; i++) {
        CHECK_INT(pp_think_draw(&none, &rng), 0);
        CHECK_INT(pp_think_draw(&fixed, &rng), 123456789);
    }
}

static void a_uniform_think_time_stays_within_its_ends_and_has_their_mean(void)
{
    struct pp_rng rng;
    struct pp_think think = {.kind = PP_THINK_UNIFORM, .low_ns = PP_NS_PER_S, .high_ns = 3 * PP_NS_PER_S};
    double sum = 0;
    int64_t least = INT64_MAX, most = 0;
    pp_rng_seed(&rng, 2, 0);
    for (int i = 0; i < DRAWS; i++) {
        int64_t drawn = pp_think_draw(&think, &rng);
        least = drawn < least ? drawn : least;
        most = drawn > most ? drawn : most;
        sum += (double)drawn;
    }
    CHECK(least >= think.low_ns && least < think.low_ns + PP_NS_PER_MS);
    CHECK(most <= think.high_ns && most > think.high_ns - PP_NS_PER_MS);
    CHECK(fabs(sum / DRAWS - 2e9) < 1e7); /* standard error 1.3e6 */
}

static void a_uniform_think_time_with_no_width_is_its_lower_end(void)
{
    struct pp_rng rng;
    struct pp_think think = {.kind = PP_THINK_UNIFORM, .low_ns = 42, .high_ns = 42};
    pp_rng_seed(&rng, 2, 0);
    CHECK_INT(pp_think_draw(&think, &rng), 42);
}

static void an_exponential_think_time_has_its_mean_as_standard_deviation_too(void)
{
    struct pp_rng rng;
    struct pp_think think = {.kind = PP_THINK_EXPONENTIAL, .low_ns = PP_NS_PER_S};
    double sum = 0, squares = 0;
    int over_mean = 0;
    pp_rng_seed(&rng, 3, 0);
    for (int i = 0; i < DRAWS; i++) {
        double drawn = (double)pp_think_draw(&think, &rng) / 1e9;
        REQUIRE(drawn >= 0 && drawn < 40);
        sum += drawn;
        squares += drawn * drawn;
        over_mean += drawn > 1.0;
    }
    double mean = sum / DRAWS;
    CHECK(fabs(mean - 1.0) < 0.02);
    CHECK(fabs(sqrt(squares / DRAWS - mean * mean) - 1.0) < 0.03);
    CHECK(fabs((double)over_mean / DRAWS - exp(-1.0)) < 0.01);
}

static void constant_arrivals_do_not_drift(void)
{
    struct pp_arrivals arrivals;
    pp_arrivals_init(&arrivals, PP_ARRIVAL_CONSTANT, 3.0, START, 1, 0, 1);
    for (int64_t i = 0; i < 3000000; i++) {
        if (i % 3 == 0)
            CHECK_INT(pp_arrivals_peek(&arrivals), START + i / 3 * PP_NS_PER_S);
        pp_arrivals_advance(&arrivals);
    }
}

static void a_month_of_constant_arrivals_is_right_to_the_nanosecond(void)
{
    struct pp_arrivals arrivals;
    pp_arrivals_init(&arrivals, PP_ARRIVAL_CONSTANT, 7000.0, START, 1, 0, 1);
    arrivals.index = UINT64_C(7000) * 86400 * 30 + 7;
    CHECK(llabs(pp_arrivals_peek(&arrivals) - (START + INT64_C(86400) * 30 * PP_NS_PER_S + PP_NS_PER_MS)) <=
          1);
}

static void workers_deal_out_constant_arrivals_without_gap_or_double(void)
{
    enum { WORKERS = 3, EACH = 1000 };
    struct pp_arrivals whole, part[WORKERS];
    pp_arrivals_init(&whole, PP_ARRIVAL_CONSTANT, 700.0, START, 1, 0, 1);
    for (unsigned w = 0; w < WORKERS; w++)
        pp_arrivals_init(&part[w], PP_ARRIVAL_CONSTANT, 700.0, START, 1, w, WORKERS);
    for (int i = 0; i < WORKERS * EACH; i++) {
        CHECK_INT(pp_arrivals_peek(&part[i % WORKERS]), pp_arrivals_peek(&whole));
        pp_arrivals_advance(&part[i % WORKERS]);
        pp_arrivals_advance(&whole);
    }
}

static void peeking_does_not_move_the_next_arrival(void)
{
    for (int kind = PP_ARRIVAL_CONSTANT; kind <= PP_ARRIVAL_POISSON; kind++) {
        struct pp_arrivals arrivals;
        pp_arrivals_init(&arrivals, (enum pp_arrival_kind)kind, 50.0, START, 1, 0, 1);
        int64_t next = pp_arrivals_peek(&arrivals);
        CHECK_INT(pp_arrivals_peek(&arrivals), next);
        pp_arrivals_advance(&arrivals);
        CHECK(pp_arrivals_peek(&arrivals) > next);
    }
}

static void poisson_arrivals_come_at_their_rate_with_gaps_of_equal_mean_and_deviation(void)
{
    struct pp_arrivals arrivals;
    pp_arrivals_init(&arrivals, PP_ARRIVAL_POISSON, 1000.0, START, 9, 0, 1);
    int64_t last = START;
    double squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        int64_t next = pp_arrivals_peek(&arrivals);
        REQUIRE(next >= last);
        double gap_ms = (double)(next - last) / 1e6;
        squares += gap_ms * gap_ms;
        last = next;
        pp_arrivals_advance(&arrivals);
    }
    double mean_ms = (double)(last - START) / 1e6 / DRAWS;
    CHECK(fabs(mean_ms - 1.0) < 0.02);
    CHECK(fabs(sqrt(squares / DRAWS - mean_ms * mean_ms) - 1.0) < 0.03);
}

static uint64_t arrivals_before(struct pp_arrivals *arrivals, int64_t end_ns)
{
    uint64_t count = 0;
    for (; pp_arrivals_peek(arrivals) < end_ns; pp_arrivals_advance(arrivals))
        count++;
    return count;
}

static void poisson_workers_share_the_rate_and_differ(void)
{
    enum { WORKERS = 4 };
    int64_t first[WORKERS];
    uint64_t all = 0;
    for (unsigned w = 0; w < WORKERS; w++) {
        struct pp_arrivals arrivals;
        pp_arrivals_init(&arrivals, PP_ARRIVAL_POISSON, 2000.0, START, 5, w, WORKERS);
        first[w] = pp_arrivals_peek(&arrivals);
        uint64_t count = arrivals_before(&arrivals, START + 100 * PP_NS_PER_S);
        CHECK(count > 49000 && count < 51000); /* 50,000, standard deviation 224 */
        all += count;
        for (unsigned v = 0; v < w; v++)
            CHECK(first[w] != first[v]);
    }
    CHECK(all > 198000 && all < 202000);
}

static void a_rate_too_small_for_any_clock_never_comes(void)
{
    for (int kind = PP_ARRIVAL_CONSTANT; kind <= PP_ARRIVAL_POISSON; kind++) {
        struct pp_arrivals arrivals;
        pp_arrivals_init(&arrivals, (enum pp_arrival_kind)kind, 1e-300, START, 1, 0, 1);
        pp_arrivals_advance(&arrivals);
        CHECK_INT(pp_arrivals_peek(&arrivals), INT64_MAX);
    }
}

int main(void)
{
    static const struct check_case cases[] = {
        {"the generator follows its published algorithm", the_generator_follows_its_published_algorithm},
        {"the same seed and stream give the same numbers", the_same_seed_and_stream_give_the_same_numbers},
        {"streams of one seed are uncorrelated", streams_of_one_seed_are_uncorrelated},
        {"unit draws spread evenly over 0 to 1", unit_draws_spread_evenly_over_0_to_1},
        {"no think time and a fixed one are exact", no_think_time_and_a_fixed_one_are_exact},
        {"a uniform think time stays within its ends and has their mean",
         a_uniform_think_time_stays_within_its_ends_and_has_their_mean},
        {"a uniform think time with no width is its lower end",
         a_uniform_think_time_with_no_width_is_its_lower_end},
        {"an exponential think time has its mean as standard deviation too",
         an_exponential_think_time_has_its_mean_as_standard_deviation_too},
        {"constant arrivals do not drift", constant_arrivals_do_not_drift},
        {"a month of constant arrivals is right to the nanosecond",
         a_month_of_constant_arrivals_is_right_to_the_nanosecond},
        {"workers deal out constant arrivals without gap or double",
         workers_deal_out_constant_arrivals_without_gap_or_double},
        {"peeking does not move the next arrival", peeking_does_not_move_the_next_arrival},
        {"Poisson arrivals come at their rate, with gaps of equal mean and deviation",
         poisson_arrivals_come_at_their_rate_with_gaps_of_equal_mean_and_deviation},
        {"Poisson workers share the rate and differ", poisson_workers_share_the_rate_and_differ},
        {"a rate too small for any clock never comes", a_rate_too_small_for_any_clock_never_comes},
    };
    return check_main("pace", cases, sizeof cases / sizeof cases[0]);
}
