#include "loop.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "both_loops.h"

struct rally {
    struct pp_loop *loop;
    atomic_uint served, answered;
    atomic_bool over;
    pthread_t main_thread;
};

#define RALLIES 5000

static void *serve(void *context)
{
    struct rally *rally = context;
    for (unsigned i = 1; i <= RALLIES; i++) {
        atomic_store_explicit(&rally->served, i, memory_order_relaxed); /* wake carries it over */
        pp_loop_wake(rally->loop);
        if (i % 3 == 0) { /* sometimes while the loop is still about the last one */
            while (atomic_load(&rally->answered) != i) {
                (void)sched_yield();
            }
        }
    }
    return NULL;
}

static void no_wake_up_from_another_thread_is_lost(void)
{
    struct rally rally = {.loop = loop_new()};
    pthread_t server;
    REQUIRE(pthread_create(&server, NULL, serve, &rally) == 0);
    unsigned seen = 0, turns = 0;
    while (seen < RALLIES) {
        turn(rally.loop);
        turns++;
        seen = atomic_load_explicit(&rally.served, memory_order_relaxed);
        atomic_store(&rally.answered, seen);
    }
    REQUIRE(pthread_join(server, NULL) == 0);
    CHECK(turns <= RALLIES + 1); /* and none is delivered twice */
    pp_loop_free(rally.loop);
}

static unsigned expired;

static void on_expiry(struct pp_timer *timer, int64_t now_ns)
{
    (void)timer;
    (void)now_ns;
    expired++;
}

static void many_wake_ups_before_a_turn_end_that_turn_alone(void)
{
    struct pp_loop *loop = loop_new();
    struct pp_timer timer = {.fire = on_expiry};
    expired = 0;
    for (unsigned i = 0; i < 100000; i++) {
        pp_loop_wake(loop);
    }
    REQUIRE(pp_loop_arm(loop, &timer, pp_clock_now() + 50 * PP_NS_PER_MS) == PP_OK);
    turn(loop);
    turn(loop); /* waits for the timer */
    CHECK_INT(expired, 1);
    pp_loop_free(loop);
}

static struct pp_loop *signalled;

static void wake_on_signal(int number)
{
    (void)number;
    pp_loop_wake(signalled);
}

static void ignore_signal(int number)
{
    (void)number;
}

static void on_signal(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    REQUIRE(sigaction(SIGUSR1, &action, NULL) == 0);
}

static void a_signal_handler_may_wake_the_loop(void)
{
    signalled = loop_new();
    on_signal(wake_on_signal);
    for (unsigned i = 0; i < 10; i++) {
        errno = EDOM;
        REQUIRE(raise(SIGUSR1) == 0);
        CHECK_INT(errno, EDOM);
        turn(signalled);
    }
    on_signal(SIG_DFL);
    pp_loop_free(signalled);
}

static void *interrupt_until_over(void *context)
{
    struct rally *rally = context;
    while (!atomic_load(&rally->over)) {
        (void)pthread_kill(rally->main_thread, SIGUSR1);
        (void)nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    return NULL;
}

static void an_interrupted_turn_just_returns(void)
{
    struct rally rally = {.loop = loop_new(), .main_thread = pthread_self()};
    pthread_t interrupter;
    on_signal(ignore_signal);
    REQUIRE(pthread_create(&interrupter, NULL, interrupt_until_over, &rally) == 0);
    turn(rally.loop); /* nothing to wait for: only a signal ends it */
    atomic_store(&rally.over, true);
    REQUIRE(pthread_join(interrupter, NULL) == 0);
    on_signal(SIG_DFL);
    pp_loop_free(rally.loop);
}

#define CASE(function)                                                                                       \
    {                                                                                                        \
#function, function                                                                                  \
    }

int main(void)
{
    static const struct check_case cases[] = {
        CASE(no_wake_up_from_another_thread_is_lost),
        CASE(many_wake_ups_before_a_turn_end_that_turn_alone),
        CASE(a_signal_handler_may_wake_the_loop),
        CASE(an_interrupted_turn_just_returns),
    };
    return both_loops_main("loop wake (epoll)", "loop wake (poll)", cases, sizeof cases / sizeof *cases);
}
