#include "loop.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "both_loops.h"

#define CROWD 600 /* more than one batch of epoll */
#define MOB 100

struct probe {
    struct pp_watch watch;
    struct pp_loop *loop;
    struct probe *other; /* what the action is about */
    void (*act)(struct probe *probe);
    int ends[2]; /* [0] is watched */
    unsigned told, ready;
    bool watched;
};

static void on_ready(struct pp_watch *watch, unsigned ready)
{
    struct probe *probe = (struct probe *)watch;
    CHECK(probe->watched);
    probe->told++;
    probe->ready = ready;
    if (probe->act != NULL) {
        probe->act(probe);
    }
}

static void watch(struct probe *probe, unsigned wanted)
{
    REQUIRE(pp_loop_watch(probe->loop, &probe->watch, probe->ends[0], wanted) == PP_OK);
    CHECK_INT(probe->watch.fd, probe->ends[0]);
    probe->watched = true;
}

static void unwatch(struct probe *probe)
{
    pp_loop_unwatch(probe->loop, &probe->watch);
    probe->watched = false;
}

/* A socket pair of its own, not yet watched. */
static void probe_open(struct probe *probe, struct pp_loop *loop)
{
    *probe = (struct probe){.watch = {.ready = on_ready}, .loop = loop};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, probe->ends) == 0);
}

static void probe_close(struct probe *probe)
{
    if (probe->watched) {
        unwatch(probe);
    }
    close(probe->ends[0]);
    close(probe->ends[1]);
}

static void feed(const struct probe *probe)
{
    REQUIRE(write(probe->ends[1], "x", 1) == 1);
}

static void drain(const struct probe *probe)
{
    char bytes[64];
    while (read(probe->ends[0], bytes, sizeof bytes) > 0) {
        continue;
    }
}

/* A turn that does not wait. */
static void poke(struct pp_loop *loop)
{
    pp_loop_wake(loop);
    turn(loop);
}

static void a_watch_is_told_each_turn_until_it_has_been_read(void)
{
    struct pp_loop *loop = loop_new();
    struct probe probe;
    probe_open(&probe, loop);
    watch(&probe, PP_READY_READ);
    poke(loop);
    CHECK_INT(probe.told, 0);
    feed(&probe);
    turn(loop);
    turn(loop);
    CHECK_INT(probe.told, 2);
    CHECK_INT(probe.ready, PP_READY_READ);
    drain(&probe);
    poke(loop);
    CHECK_INT(probe.told, 2);
    probe_close(&probe);
    pp_loop_free(loop);
}

static void a_watch_is_told_only_what_it_wants(void)
{
    struct pp_loop *loop = loop_new();
    struct probe probe;
    probe_open(&probe, loop);
    feed(&probe);
    watch(&probe, PP_READY_WRITE);
    turn(loop);
    CHECK_INT(probe.ready, PP_READY_WRITE);
    CHECK_INT(pp_loop_rewatch(loop, &probe.watch, PP_READY_READ | PP_READY_WRITE), PP_OK);
    turn(loop);
    CHECK_INT(probe.ready, PP_READY_READ | PP_READY_WRITE);
    CHECK_INT(pp_loop_rewatch(loop, &probe.watch, PP_READY_READ), PP_OK);
    turn(loop);
    CHECK_INT(probe.ready, PP_READY_READ);
    CHECK_INT(pp_loop_rewatch(loop, &probe.watch, 0), PP_OK);
    poke(loop);
    CHECK_INT(probe.told, 3);
    probe_close(&probe);
    pp_loop_free(loop);
}

static void a_hang_up_is_the_readers_to_read_or_else_an_error(void)
{
    struct pp_loop *loop = loop_new();
    struct probe probe;
    probe_open(&probe, loop);
    close(probe.ends[0]);
    close(probe.ends[1]);
    REQUIRE(pipe(probe.ends) == 0); /* a pipe hangs up without being readable */
    close(probe.ends[1]);
    watch(&probe, PP_READY_READ);
    turn(loop);
    CHECK_INT(probe.ready, PP_READY_READ);
    CHECK_INT(pp_loop_rewatch(loop, &probe.watch, 0), PP_OK);
    turn(loop);
    CHECK_INT(probe.ready, PP_READY_ERROR);
    unwatch(&probe);
    close(probe.ends[0]);
    pp_loop_free(loop);
}

static void an_error_is_told_whatever_is_wanted(void)
{
    struct pp_loop *loop = loop_new();
    struct probe probe;
    probe_open(&probe, loop);
    close(probe.ends[0]);
    close(probe.ends[1]);
    REQUIRE(pipe(probe.ends) == 0);
    close(probe.ends[0]); /* no reader: an error at the writing end */
    probe.ends[0] = probe.ends[1];
    watch(&probe, 0);
    turn(loop);
    CHECK_INT(probe.ready, PP_READY_ERROR);
    unwatch(&probe);
    close(probe.ends[0]);
    pp_loop_free(loop);
}

static void unwatch_and_free_other(struct probe *probe)
{
    probe->act = NULL;
    probe->other->act = NULL;
    probe_close(probe->other);
    free(probe->other);
    probe->other = NULL;
}

static struct probe *probe_on_heap(struct pp_loop *loop)
{
    struct probe *probe = malloc(sizeof *probe);
    REQUIRE(probe != NULL);
    probe_open(probe, loop);
    return probe;
}

static void a_watch_freed_by_another_handler_in_the_same_turn_is_not_told(void)
{
    struct pp_loop *loop = loop_new();
    struct probe *pair[2] = {probe_on_heap(loop), probe_on_heap(loop)};
    for (size_t i = 0; i < 2; i++) {
        watch(pair[i], PP_READY_READ);
        feed(pair[i]);
        pair[i]->act = unwatch_and_free_other;
        pair[i]->other = pair[1 - i];
    }
    /* Whichever comes first frees the other: which of the two it was, only it can say. */
    struct probe *const ghosts[2] = {pair[0], pair[1]};
    int open_before[2] = {fcntl(ghosts[0]->ends[0], F_GETFD), fcntl(ghosts[1]->ends[0], F_GETFD)};
    int watched[2] = {ghosts[0]->ends[0], ghosts[1]->ends[0]};
    CHECK(open_before[0] >= 0 && open_before[1] >= 0);
    turn(loop);
    size_t left = fcntl(watched[0], F_GETFD) >= 0 ? 0 : 1;
    CHECK(fcntl(watched[1 - left], F_GETFD) < 0);
    CHECK_INT(ghosts[left]->told, 1);
    turn(loop);
    CHECK_INT(ghosts[left]->told, 2);
    probe_close(ghosts[left]);
    free(ghosts[left]);
    pp_loop_free(loop);
}

static void free_self(struct probe *probe)
{
    probe_close(probe);
    free(probe);
}

static void a_handler_may_free_its_own_watch(void)
{
    struct pp_loop *loop = loop_new();
    for (size_t i = 0; i < 3; i++) {
        struct probe *probe = probe_on_heap(loop);
        watch(probe, PP_READY_READ);
        feed(probe);
        probe->act = free_self;
    }
    struct probe last;
    probe_open(&last, loop);
    watch(&last, PP_READY_READ);
    feed(&last);
    turn(loop);
    CHECK_INT(last.told, 1);
    probe_close(&last);
    pp_loop_free(loop);
}

static void want_nothing_of_other(struct probe *probe)
{
    CHECK_INT(pp_loop_rewatch(probe->loop, &probe->other->watch, 0), PP_OK);
}

static void a_watch_that_wants_no_more_is_not_told_in_the_same_turn(void)
{
    struct pp_loop *loop = loop_new();
    struct probe pair[2];
    for (size_t i = 0; i < 2; i++) {
        probe_open(&pair[i], loop);
        pair[i].act = want_nothing_of_other;
        pair[i].other = &pair[1 - i];
        watch(&pair[i], PP_READY_READ);
        feed(&pair[i]);
    }
    turn(loop);
    CHECK_INT(pair[0].told + pair[1].told, 1);
    probe_close(&pair[0]);
    probe_close(&pair[1]);
    pp_loop_free(loop);
}

static void watch_other_afresh(struct probe *probe)
{
    probe->act = NULL;
    if (probe->other->watched) {
        unwatch(probe->other);
    }
    watch(probe->other, PP_READY_READ);
}

static void a_watch_registered_by_a_handler_is_told_from_the_next_turn(void)
{
    struct pp_loop *loop = loop_new();
    struct probe first, fresh;
    probe_open(&first, loop);
    probe_open(&fresh, loop);
    first.act = watch_other_afresh;
    first.other = &fresh;
    watch(&first, PP_READY_READ);
    feed(&first);
    feed(&fresh);
    turn(loop);
    CHECK_INT(fresh.told, 0);
    turn(loop);
    CHECK_INT(fresh.told, 1);
    probe_close(&first);
    probe_close(&fresh);
    pp_loop_free(loop);
}

/* --- crowds ----------------------------------------------------------------------------------------------
 */

static void all_of_a_crowd_that_is_ready_is_told_within_a_few_turns(void)
{
    struct pp_loop *loop = loop_new();
    struct probe source;
    probe_open(&source, loop);
    feed(&source);
    static struct probe crowd[CROWD];
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i] =
            (struct probe){.watch = {.ready = on_ready}, .loop = loop, .ends = {dup(source.ends[0]), -1}};
        REQUIRE(crowd[i].ends[0] >= 0);
        watch(&crowd[i], PP_READY_READ);
    }
    for (unsigned turns = 0; turns < 4; turns++) {
        turn(loop);
    }
    for (size_t i = 0; i < CROWD; i++) {
        CHECK(crowd[i].told > 0);
        unwatch(&crowd[i]);
        close(crowd[i].ends[0]);
    }
    probe_close(&source);
    pp_loop_free(loop);
}

static struct probe mob[MOB];
static bool fed[MOB], meddled_with[MOB];

/* Takes some other one out, or back in. */
static void meddle_once(void)
{
    int picked = rand() % MOB;
    struct probe *other = &mob[picked];
    meddled_with[picked] = true;
    if (other->watched) {
        unwatch(other);
    } else if (rand() % 2 == 0) {
        watch(other, PP_READY_READ);
    }
}

static void meddle(struct probe *probe)
{
    CHECK(fed[probe - mob]);
    CHECK_INT(probe->ready, PP_READY_READ);
    for (int times = rand() % 4; times > 0; times--) {
        meddle_once();
    }
}

/* What is watched and ready from the beginning of the turn to its end is told exactly once; what is not
 * ready, never (meddle), and what is not watched, never (on_ready). */
static void in_any_tumult_each_is_told_once_a_turn(void)
{
    struct pp_loop *loop = loop_new();
    for (size_t i = 0; i < MOB; i++) {
        probe_open(&mob[i], loop);
        mob[i].act = meddle;
    }
    for (unsigned round = 0; round < 300; round++) {
        bool before[MOB];
        for (size_t i = 0; i < MOB; i++) {
            drain(&mob[i]);
            fed[i] = rand() % 2 == 0;
            if (fed[i]) {
                feed(&mob[i]);
            }
            if (!mob[i].watched && rand() % 2 == 0) {
                watch(&mob[i], PP_READY_READ);
            }
            before[i] = mob[i].watched;
            mob[i].told = 0;
            meddled_with[i] = false;
        }
        poke(loop);
        for (size_t i = 0; i < MOB; i++) {
            CHECK(mob[i].told <= 1);
            CHECK(fed[i] || mob[i].told == 0);
            CHECK(before[i] || mob[i].told == 0);
            CHECK(!before[i] || !fed[i] || meddled_with[i] || mob[i].told == 1);
        }
    }
    for (size_t i = 0; i < MOB; i++) {
        probe_close(&mob[i]);
    }
    pp_loop_free(loop);
}

#define CASE(function)                                                                                       \
    {                                                                                                        \
#function, function                                                                                  \
    }

int main(void)
{
    static const struct check_case cases[] = {
        CASE(a_watch_is_told_each_turn_until_it_has_been_read),
        CASE(a_watch_is_told_only_what_it_wants),
        CASE(a_hang_up_is_the_readers_to_read_or_else_an_error),
        CASE(an_error_is_told_whatever_is_wanted),
        CASE(a_watch_freed_by_another_handler_in_the_same_turn_is_not_told),
        CASE(a_handler_may_free_its_own_watch),
        CASE(a_watch_that_wants_no_more_is_not_told_in_the_same_turn),
        CASE(a_watch_registered_by_a_handler_is_told_from_the_next_turn),
        CASE(all_of_a_crowd_that_is_ready_is_told_within_a_few_turns),
        CASE(in_any_tumult_each_is_told_once_a_turn),
    };
    return both_loops_main("loop (epoll)", "loop (poll)", cases, sizeof cases / sizeof *cases);
}
