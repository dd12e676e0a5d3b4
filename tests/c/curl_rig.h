/* What the tests of the curl way share: a loop, a transport, a few exchanges on it and the last sample. */
#ifndef CURL_RIG_H
#define CURL_RIG_H

#include "check.h"
#include "exchange.h"
#include "scripted.h"

enum { RIG_EXCHANGES = 8, RIG_GUARD_S = 20 };

struct rig {
    struct pp_loop *loop;
    struct pp_transport *transport;
    struct pp_exchange *exchange[RIG_EXCHANGES];
    size_t exchanges;
    struct pp_target target;
    struct pp_request request;
    struct pp_sample sample; /* the last */
    unsigned ends, errors;
    unsigned again; /* how many more requests the handler starts */
    bool free_when_done, starting;
};

static inline void rig_start_request(struct rig *rig, size_t index, const struct pp_request *request)
{
    rig->starting = true;
    pp_exchange_curl.start(rig->exchange[index], request, 7);
    rig->starting = false;
}

static inline void rig_start(struct rig *rig, size_t index)
{
    rig_start_request(rig, index, &rig->request);
}

static inline void rig_done(void *owner, const struct pp_sample *sample)
{
    struct rig *rig = owner;
    CHECK(!rig->starting); /* never from within start */
    rig->sample = *sample;
    rig->ends++;
    if (sample->error != PP_ERROR_NONE)
        rig->errors++;
    if (rig->again > 0) {
        rig->again--;
        rig_start(rig, 0);
    }
    if (rig->free_when_done) {
        pp_exchange_curl.exchange_free(rig->exchange[0]);
        rig->exchange[0] = NULL;
    }
}

/* What a test may change before rig_open. */
static inline void rig_prepare(struct rig *rig, uint16_t port)
{
    *rig = (struct rig){.exchanges = 1};
    rig->target = (struct pp_target){.host = "127.0.0.1", .port = port, .verify = true};
    rig->request = (struct pp_request){
        .method = "GET", .path = "/", .body_cap = 1000, .timeout_ns = (int64_t)RIG_GUARD_S * PP_NS_PER_S};
}

static inline void rig_open(struct rig *rig)
{
    REQUIRE(pp_loop_new(PP_LOOP_BEST, &rig->loop) == PP_OK);
    REQUIRE(pp_exchange_curl.open(rig->loop, &rig->target, rig->exchanges, &rig->transport) == PP_OK);
    for (size_t i = 0; i < rig->exchanges; i++)
        REQUIRE(pp_exchange_curl.exchange_new(rig->transport, rig_done, rig, &rig->exchange[i]) == PP_OK);
}

static inline void rig_close(struct rig *rig)
{
    for (size_t i = 0; i < rig->exchanges; i++)
        pp_exchange_curl.exchange_free(rig->exchange[i]);
    pp_exchange_curl.close(rig->transport);
    pp_loop_free(rig->loop);
}

static inline void rig_turn_until(struct rig *rig, unsigned ends)
{
    int64_t guard_ns = pp_clock_now() + (int64_t)2 * RIG_GUARD_S * PP_NS_PER_S;
    while (rig->ends < ends && pp_clock_now() < guard_ns)
        REQUIRE(pp_loop_turn(rig->loop) == PP_OK);
    REQUIRE(rig->ends >= ends);
}

static inline struct pp_sample rig_one(struct rig *rig)
{
    unsigned ends = rig->ends;
    rig_start(rig, 0);
    rig_turn_until(rig, ends + 1);
    return rig->sample;
}

static inline void rig_nothing(struct pp_timer *timer, int64_t now_ns)
{
    (void)timer;
    (void)now_ns;
}

/* Turns the loop for a while with nothing to do. Returns how often it woke: a few times, unless it spins. */
static inline unsigned rig_idle(struct rig *rig, int64_t idle_ns)
{
    struct pp_timer timer = {.fire = rig_nothing};
    unsigned turns = 0;
    REQUIRE(pp_loop_arm(rig->loop, &timer, pp_clock_now() + idle_ns) == PP_OK);
    for (; pp_timer_armed(&timer); turns++)
        REQUIRE(pp_loop_turn(rig->loop) == PP_OK);
    return turns;
}

#endif
