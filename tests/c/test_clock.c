#include "check.h"

#include "clock.h"

#define NEVER INT64_C(-77)

/* A host whose wall clock can be stepped: both readings at a monotonic moment. */
struct fake {
    int64_t mono_ns, offset_ns;
};

static void turn(struct fake *fake, struct pp_stamper *stamper, int64_t elapsed_ns, int64_t step_ns)
{
    fake->mono_ns += elapsed_ns;
    fake->offset_ns += step_ns;
    pp_stamper_update(stamper, fake->mono_ns, fake->mono_ns + fake->offset_ns);
}

/* What becomes of a stamp that the kernel took `ago_ns` before now, within the last second. */
static int64_t mapped(const struct fake *fake, const struct pp_stamper *stamper, int64_t ago_ns)
{
    int64_t mono_ns = NEVER, real_ns = fake->mono_ns - ago_ns + fake->offset_ns;
    bool used = pp_stamper_map(stamper, real_ns, fake->mono_ns - PP_NS_PER_S, fake->mono_ns, &mono_ns);
    CHECK(used == (mono_ns != NEVER));
    return mono_ns;
}

static struct fake new_fake(void)
{
    return (struct fake){.mono_ns = 5 * PP_NS_PER_S, .offset_ns = INT64_C(1700000000) * PP_NS_PER_S};
}

static void the_first_reading_is_not_steady_and_the_second_is(void)
{
    struct fake fake = new_fake();
    struct pp_stamper stamper = {0};
    CHECK_INT(mapped(&fake, &stamper, 1000), NEVER);
    turn(&fake, &stamper, 0, 0);
    CHECK(stamper.known && !stamper.steady);
    CHECK_INT(mapped(&fake, &stamper, 1000), NEVER);
    turn(&fake, &stamper, PP_NS_PER_MS, 0);
    CHECK(stamper.steady);
    CHECK_INT(mapped(&fake, &stamper, 1000), fake.mono_ns - 1000);
}

static void offsets_that_agree_within_50_us_are_steady(void)
{
    struct fake fake = new_fake();
    struct pp_stamper stamper = {0};
    turn(&fake, &stamper, 0, 0);
    turn(&fake, &stamper, 0, 50 * PP_NS_PER_US);
    CHECK(stamper.steady);
    turn(&fake, &stamper, 0, -50 * PP_NS_PER_US);
    CHECK(stamper.steady);
    turn(&fake, &stamper, 0, 50 * PP_NS_PER_US + 1);
    CHECK(!stamper.steady);
    turn(&fake, &stamper, 0, 0);
    CHECK(stamper.steady);
    turn(&fake, &stamper, 0, -50 * PP_NS_PER_US - 1);
    CHECK(!stamper.steady);
}

static void the_longer_between_readings_the_more_the_clock_may_have_been_slewed(void)
{
    struct fake fake = new_fake();
    struct pp_stamper stamper = {0};
    turn(&fake, &stamper, 0, 0);
    turn(&fake, &stamper, PP_NS_PER_S, PP_NS_PER_MS + 50 * PP_NS_PER_US);
    CHECK(stamper.steady);
    turn(&fake, &stamper, PP_NS_PER_S, -PP_NS_PER_MS - 50 * PP_NS_PER_US - 1);
    CHECK(!stamper.steady);
}

/* From `ago_ns` before now, with the clock stepped between then and now. */
static void check_step(int64_t step_ns)
{
    struct fake fake = new_fake();
    struct pp_stamper stamper = {0};
    turn(&fake, &stamper, 0, 0);
    turn(&fake, &stamper, PP_NS_PER_MS, 0);
    REQUIRE(stamper.steady);

    /* Stepped after the offset was read: the stamp lands outside of what is possible. */
    struct fake stepped = fake;
    stepped.offset_ns += step_ns;
    CHECK_INT(mapped(&stepped, &stamper, 0), NEVER);

    turn(&fake, &stamper, PP_NS_PER_MS, step_ns);
    CHECK(!stamper.steady);
    for (int64_t ago_ns = 0; ago_ns < PP_NS_PER_S; ago_ns += 100 * PP_NS_PER_MS)
        CHECK_INT(mapped(&fake, &stamper, ago_ns), NEVER);
    turn(&fake, &stamper, PP_NS_PER_MS, 0);
    CHECK_INT(mapped(&fake, &stamper, 1000), fake.mono_ns - 1000);
}

static void after_a_step_forwards_stamps_are_refused_until_two_readings_agree(void)
{
    check_step(2 * PP_NS_PER_S);
    check_step(3600 * PP_NS_PER_S);
}

static void after_a_step_backwards_stamps_are_refused_until_two_readings_agree(void)
{
    check_step(-2 * PP_NS_PER_S);
    check_step(-3600 * PP_NS_PER_S);
}

static void a_clock_that_is_stepped_at_each_reading_gives_no_stamps(void)
{
    struct fake fake = new_fake();
    struct pp_stamper stamper = {0};
    for (int i = 0; i < 20; i++) {
        turn(&fake, &stamper, PP_NS_PER_MS, i % 2 == 0 ? PP_NS_PER_MS : -PP_NS_PER_MS);
        CHECK_INT(mapped(&fake, &stamper, 10), NEVER);
    }
}

static void a_stamp_is_used_only_within_its_bounds(void)
{
    struct pp_stamper stamper = {0};
    pp_stamper_update(&stamper, 1000, 501000);
    pp_stamper_update(&stamper, 1000, 501000);
    int64_t mono_ns = NEVER;
    CHECK(!pp_stamper_map(&stamper, 500000 + 99, 100, 200, &mono_ns));
    CHECK(!pp_stamper_map(&stamper, 500000 + 201, 100, 200, &mono_ns));
    CHECK_INT(mono_ns, NEVER);
    CHECK(pp_stamper_map(&stamper, 500000 + 100, 100, 200, &mono_ns));
    CHECK_INT(mono_ns, 100);
    CHECK(pp_stamper_map(&stamper, 500000 + 200, 100, 200, &mono_ns));
    CHECK_INT(mono_ns, 200);
}

static void the_clocks_go_forward(void)
{
    int64_t mono_ns = pp_clock_now(), cpu_ns = pp_clock_thread_cpu(), real_ns = pp_clock_real();
    for (int i = 0; i < 1000; i++) {
        int64_t next_ns = pp_clock_now();
        CHECK(next_ns >= mono_ns);
        mono_ns = next_ns;
    }
    CHECK(pp_clock_thread_cpu() > cpu_ns);
    CHECK(real_ns > INT64_C(1600000000) * PP_NS_PER_S); /* 2020: it is the wall clock */
}

static void a_tick_reads_both_clocks_and_returns_the_monotonic_one(void)
{
    struct pp_stamper stamper = {0};
    int64_t before_ns = pp_clock_now(), ticked_ns = pp_stamper_tick(&stamper), after_ns = pp_clock_now();
    CHECK(stamper.known && !stamper.steady);
    CHECK(before_ns <= ticked_ns && ticked_ns <= after_ns);
    CHECK(before_ns <= stamper.mono_ns && stamper.mono_ns <= ticked_ns);
    /* Generous: this process may have lost its core between the readings. */
    int64_t offset_ns = pp_clock_real() - pp_clock_now();
    CHECK(llabs(offset_ns - stamper.offset_ns) < 10 * PP_NS_PER_S);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"the first reading is not steady and the second is",
         the_first_reading_is_not_steady_and_the_second_is},
        {"offsets that agree within 50 us are steady", offsets_that_agree_within_50_us_are_steady},
        {"the longer between readings, the more the clock may have been slewed",
         the_longer_between_readings_the_more_the_clock_may_have_been_slewed},
        {"after a step forwards, stamps are refused until two readings agree",
         after_a_step_forwards_stamps_are_refused_until_two_readings_agree},
        {"after a step backwards, stamps are refused until two readings agree",
         after_a_step_backwards_stamps_are_refused_until_two_readings_agree},
        {"a clock that is stepped at each reading gives no stamps",
         a_clock_that_is_stepped_at_each_reading_gives_no_stamps},
        {"a stamp is used only within its bounds", a_stamp_is_used_only_within_its_bounds},
        {"the clocks go forward", the_clocks_go_forward},
        {"a tick reads both clocks and returns the monotonic one",
         a_tick_reads_both_clocks_and_returns_the_monotonic_one},
    };
    return check_main("clock", cases, sizeof cases / sizeof cases[0]);
}
