#include "loop.h"

#include "alloc_fail.h"
#include "both_loops.h"
#include "loop_backend.h"
#include "loop_timers.h"

#define MANY 500

struct probe {
    struct pp_timer timer;
    struct pp_loop *loop;
    struct probe *other; /* what the action is about */
    void (*act)(struct probe *probe);
    unsigned fired;
    unsigned order; /* among all that fired */
    int64_t fired_ns;
};

static unsigned fired_so_far;

static void on_fire(struct pp_timer *timer, int64_t now_ns)
{
    struct probe *probe = (struct probe *)timer;
    CHECK(!pp_timer_armed(timer));
    probe->fired++;
    probe->order = ++fired_so_far;
    probe->fired_ns = now_ns;
    if (probe->act != NULL) {
        probe->act(probe);
    }
}

static struct probe probe_on(struct pp_loop *loop)
{
    return (struct probe){.timer = {.fire = on_fire}, .loop = loop};
}

static void arm(struct probe *probe, int64_t due_ns)
{
    REQUIRE(pp_loop_arm(probe->loop, &probe->timer, due_ns) == PP_OK);
    CHECK(pp_timer_armed(&probe->timer));
}

static void turn_until_fired(const struct probe *probe)
{
    while (probe->fired == 0) {
        turn(probe->loop);
    }
}

static int64_t random_below(int64_t bound)
{
    return rand() % bound; /* unseeded: the same every time */
}

static void a_timer_fires_once_and_not_before_it_is_due(void)
{
    struct pp_loop *loop = loop_new();
    for (int64_t wait_ns = 1000; wait_ns <= 20 * PP_NS_PER_MS; wait_ns *= 7) {
        struct probe probe = probe_on(loop);
        int64_t due_ns = pp_clock_now() + wait_ns;
        arm(&probe, due_ns);
        turn_until_fired(&probe);
        CHECK(probe.fired_ns >= due_ns && pp_clock_now() >= probe.fired_ns);
        pp_loop_wake(loop);
        turn(loop);
        CHECK_INT(probe.fired, 1);
    }
    pp_loop_free(loop);
}

static void timers_fire_in_due_order_whatever_order_they_were_armed_in(void)
{
    struct pp_loop *loop = loop_new();
    static struct probe probes[MANY];
    int64_t base_ns = pp_clock_now() - PP_NS_PER_S;
    fired_so_far = 0;
    for (size_t i = 0; i < MANY; i++) {
        probes[i] = probe_on(loop);
        arm(&probes[i], base_ns + random_below(MANY));
    }
    turn(loop);
    CHECK_INT(fired_so_far, MANY);
    for (size_t i = 1; i < MANY; i++) {
        bool later = probes[i].timer.due_ns > probes[i - 1].timer.due_ns;
        bool same = probes[i].timer.due_ns == probes[i - 1].timer.due_ns;
        CHECK(same || (probes[i].order > probes[i - 1].order) == later);
    }
    pp_loop_free(loop);
}

/* The heap against a plain array, through every kind of change. */
static void arming_rearming_and_disarming_in_any_order_keeps_the_earliest_first(void)
{
    struct pp_timers timers = {0};
    static struct pp_timer each[MANY];
    memset(each, 0, sizeof each);
    for (unsigned round = 0; round < 20000; round++) {
        struct pp_timer *timer = &each[random_below(MANY)];
        if (random_below(3) == 0) {
            pp_timers_disarm(&timers, timer);
        } else {
            REQUIRE(pp_timers_arm(&timers, timer, random_below(1000)) == PP_OK);
        }
        int64_t earliest_ns = INT64_MAX;
        for (size_t i = 0; i < MANY; i++) {
            if (pp_timer_armed(&each[i]) && each[i].due_ns < earliest_ns) {
                earliest_ns = each[i].due_ns;
            }
        }
        CHECK_INT(pp_timers_earliest(&timers), earliest_ns);
    }
    pp_timers_free(&timers);
}

static void a_timer_put_off_fires_at_the_later_time_only(void)
{
    struct pp_loop *loop = loop_new();
    struct probe probe = probe_on(loop);
    int64_t start_ns = pp_clock_now();
    arm(&probe, start_ns + 2 * PP_NS_PER_MS);
    pp_loop_wake(loop);
    turn(loop); /* has now been waited for at the first time */
    arm(&probe, start_ns + 20 * PP_NS_PER_MS);
    turn_until_fired(&probe);
    CHECK(probe.fired_ns >= start_ns + 20 * PP_NS_PER_MS);
    CHECK_INT(probe.fired, 1);
    pp_loop_free(loop);
}

static void a_timer_brought_forward_ends_the_wait_for_the_one_after_it(void)
{
    struct pp_loop *loop = loop_new();
    struct probe far = probe_on(loop), near = probe_on(loop);
    arm(&far, pp_clock_now() + 3600 * PP_NS_PER_S);
    arm(&near, pp_clock_now() + 1800 * PP_NS_PER_S);
    pp_loop_wake(loop);
    turn(loop);
    arm(&near, pp_clock_now() + PP_NS_PER_MS);
    turn_until_fired(&near);
    CHECK_INT(far.fired, 0);
    pp_loop_disarm(loop, &far.timer);
    pp_loop_free(loop);
}

static void a_disarmed_timer_does_not_fire(void)
{
    struct pp_loop *loop = loop_new();
    struct probe gone = probe_on(loop), kept = probe_on(loop);
    arm(&gone, 0);
    arm(&kept, 0);
    pp_loop_disarm(loop, &gone.timer);
    CHECK(!pp_timer_armed(&gone.timer));
    pp_loop_disarm(loop, &gone.timer); /* fine when not armed */
    turn(loop);
    CHECK_INT(gone.fired, 0);
    CHECK_INT(kept.fired, 1);
    pp_loop_free(loop);
}

static void disarm_and_free_other(struct probe *probe)
{
    pp_loop_disarm(probe->loop, &probe->other->timer);
    free(probe->other);
}

static void a_handler_may_disarm_and_free_a_timer_due_in_the_same_turn(void)
{
    struct pp_loop *loop = loop_new();
    struct probe first = probe_on(loop);
    struct probe *second = malloc(sizeof *second);
    REQUIRE(second != NULL);
    *second = probe_on(loop);
    first.act = disarm_and_free_other;
    first.other = second;
    arm(&first, 1);
    arm(second, 2);
    turn(loop);
    CHECK_INT(first.fired, 1);
    first.act = NULL;
    arm(&first, 0);
    turn(loop);
    CHECK_INT(first.fired, 2);
    pp_loop_free(loop);
}

static void free_self(struct probe *probe)
{
    free(probe);
}

static void a_handler_may_free_its_own_timer(void)
{
    struct pp_loop *loop = loop_new();
    struct probe *probe = malloc(sizeof *probe);
    REQUIRE(probe != NULL);
    *probe = probe_on(loop);
    probe->act = free_self;
    arm(probe, 0);
    fired_so_far = 0;
    turn(loop);
    CHECK_INT(fired_so_far, 1);
    pp_loop_free(loop);
}

static void arm_self_in_the_past(struct probe *probe)
{
    arm(probe, 0);
}

static void a_timer_armed_in_the_past_by_a_handler_fires_on_the_next_turn(void)
{
    struct pp_loop *loop = loop_new();
    struct probe probe = probe_on(loop);
    probe.act = arm_self_in_the_past;
    arm(&probe, 0);
    for (unsigned turns = 1; turns <= 10; turns++) {
        turn(loop);
        CHECK_INT(probe.fired, turns);
    }
    pp_loop_disarm(loop, &probe.timer);
    pp_loop_free(loop);
}

static void put_off_other(struct probe *probe)
{
    arm(probe->other, pp_clock_now() + 3600 * PP_NS_PER_S);
}

static void a_handler_may_put_off_a_timer_due_in_the_same_turn(void)
{
    struct pp_loop *loop = loop_new();
    struct probe first = probe_on(loop), second = probe_on(loop);
    first.act = put_off_other;
    first.other = &second;
    arm(&first, 1);
    arm(&second, 2);
    turn(loop);
    CHECK_INT(first.fired, 1);
    CHECK_INT(second.fired, 0);
    CHECK(pp_timer_armed(&second.timer));
    pp_loop_disarm(loop, &second.timer);
    pp_loop_free(loop);
}

struct reader {
    struct pp_watch watch;
    struct probe *timer;
};

static void disarm_on_ready(struct pp_watch *watch, unsigned ready)
{
    (void)ready;
    struct reader *reader = (struct reader *)watch;
    pp_loop_disarm(reader->timer->loop, &reader->timer->timer);
}

static void what_is_ready_goes_before_a_timer_due_in_the_same_turn(void)
{
    struct pp_loop *loop = loop_new();
    int ends[2];
    REQUIRE(pipe(ends) == 0 && write(ends[1], "", 1) == 1);
    struct probe timeout = probe_on(loop);
    struct reader reader = {.watch = {.ready = disarm_on_ready}, .timer = &timeout};
    REQUIRE(pp_loop_watch(loop, &reader.watch, ends[0], PP_READY_READ) == PP_OK);
    arm(&timeout, 0);
    turn(loop);
    CHECK_INT(timeout.fired, 0);
    pp_loop_unwatch(loop, &reader.watch);
    pp_loop_free(loop);
    close(ends[0]);
    close(ends[1]);
}

static void the_stamper_is_ready_from_the_start_and_read_anew_each_turn(void)
{
    struct pp_loop *loop = loop_new();
    CHECK(pp_loop_stamper(loop)->known);
    pp_loop_wake(loop);
    turn(loop);
    int64_t expected_ns = pp_clock_real() - pp_clock_now();
    int64_t apart_ns = pp_loop_stamper(loop)->offset_ns - expected_ns;
    CHECK(apart_ns < PP_NS_PER_S && apart_ns > -PP_NS_PER_S);
    pp_loop_free(loop);
}

static void waits_in_milliseconds_are_rounded_up(void)
{
    CHECK_INT(pp_poll_timeout_ms(PP_DUE_NEVER, 5), -1);
    CHECK_INT(pp_poll_timeout_ms(PP_DUE_NOW, 5), 0);
    CHECK_INT(pp_poll_timeout_ms(5, 5), 0);
    CHECK_INT(pp_poll_timeout_ms(6, 5), 1);
    CHECK_INT(pp_poll_timeout_ms(5 + PP_NS_PER_MS, 5), 1);
    CHECK_INT(pp_poll_timeout_ms(6 + PP_NS_PER_MS, 5), 2);
    CHECK_INT(pp_poll_timeout_ms(INT64_MAX - 1, 0), INT32_MAX);
}

static enum pp_status arm_many(void *context)
{
    struct pp_timers timers = {0};
    static struct pp_timer each[MANY];
    (void)context;
    memset(each, 0, sizeof each);
    enum pp_status status = PP_OK;
    size_t armed = 0;
    while (armed < MANY && (status = pp_timers_arm(&timers, &each[armed], (int64_t)armed)) == PP_OK) {
        armed++;
    }
    CHECK_INT(timers.count, armed);
    CHECK(armed == MANY || !pp_timer_armed(&each[armed]));
    pp_timers_free(&timers);
    return status;
}

static void arming_without_memory_says_so_and_changes_nothing(void)
{
    struct alloc_fail_sweep swept = alloc_fail_sweep(arm_many, NULL);
    CHECK(swept.refused >= 8);
    CHECK_INT(swept.survived, 0);
    CHECK_INT(swept.other, 0);
}

#define CASE(function)                                                                                       \
    {                                                                                                        \
#function, function                                                                                  \
    }

int main(void)
{
    static const struct check_case cases[] = {
        CASE(a_timer_fires_once_and_not_before_it_is_due),
        CASE(timers_fire_in_due_order_whatever_order_they_were_armed_in),
        CASE(arming_rearming_and_disarming_in_any_order_keeps_the_earliest_first),
        CASE(a_timer_put_off_fires_at_the_later_time_only),
        CASE(a_timer_brought_forward_ends_the_wait_for_the_one_after_it),
        CASE(a_disarmed_timer_does_not_fire),
        CASE(a_handler_may_disarm_and_free_a_timer_due_in_the_same_turn),
        CASE(a_handler_may_free_its_own_timer),
        CASE(a_timer_armed_in_the_past_by_a_handler_fires_on_the_next_turn),
        CASE(a_handler_may_put_off_a_timer_due_in_the_same_turn),
        CASE(what_is_ready_goes_before_a_timer_due_in_the_same_turn),
        CASE(the_stamper_is_ready_from_the_start_and_read_anew_each_turn),
        CASE(waits_in_milliseconds_are_rounded_up),
        CASE(arming_without_memory_says_so_and_changes_nothing),
    };
    return both_loops_main("loop timers (epoll)", "loop timers (poll)", cases, sizeof cases / sizeof *cases);
}
