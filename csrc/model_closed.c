/* The closed model: virtual users, each of which waits for its answer, thinks, and goes on. Threads:
 * worker.h. */
#include <stdlib.h>

#include "clock.h"
#include "pace.h"
#include "worker.h"

/* A server that is away is asked again, but not in a busy loop. */
#define PAUSE_FIRST_NS (10 * PP_NS_PER_MS)
#define PAUSE_MOST_NS PP_NS_PER_S

struct user {
    struct pp_load *load;         /* borrowed */
    struct pp_exchange *exchange; /* owned */
    struct pp_timer timer;        /* its start, the end of its thinking or of its pause */
    int64_t pause_ns;             /* after the next failure to connect */
    bool busy, measured;
};

struct pp_load {
    struct pp_worker *worker; /* borrowed */
    struct pp_rng rng;
    struct user *users; /* owned, worker->slots of them */
};

static void user_carries(struct user *user, int64_t since_ns)
{
    pp_worker_carries(user->load->worker, (unsigned)(user - user->load->users), since_ns);
}

/* `at_ns`: a recent reading of the clock; the exchange reads it anew for the figures. */
static void user_start(struct user *user, int64_t at_ns)
{
    struct pp_worker *worker = user->load->worker;
    if (!pp_worker_permits(worker, at_ns, &user->measured))
        return;
    user->busy = true;
    pp_worker_started(worker, user->measured);
    user_carries(user, user->measured ? at_ns : 0);
    worker->plan->way->start(user->exchange, &worker->plan->request, 0);
}

static void user_wait(struct user *user, int64_t until_ns)
{
    struct pp_worker *worker = user->load->worker;
    if (worker->starting && pp_loop_arm(worker->loop, &user->timer, until_ns) != PP_OK)
        worker->status = PP_NOMEM; /* the user rests for good; the run says why in the end */
}

static int64_t pause_after(struct user *user, const struct pp_sample *sample)
{
    if (!pp_sample_unconnected(sample)) {
        user->pause_ns = PAUSE_FIRST_NS;
        return 0;
    }
    int64_t pause_ns = user->pause_ns;
    user->pause_ns = pause_ns * 2 < PAUSE_MOST_NS ? pause_ns * 2 : PAUSE_MOST_NS;
    return pause_ns;
}

static void user_done(void *owner, const struct pp_sample *sample)
{
    struct user *user = owner;
    struct pp_load *load = user->load;
    int64_t now_ns = sample->seen_ns;
    int64_t rest_ns = pp_think_draw(&load->worker->plan->think, &load->rng);
    int64_t pause_ns = pause_after(user, sample);
    user->busy = false;
    user_carries(user, 0);
    pp_worker_ended(load->worker, sample, user->measured);
    if (pause_ns > rest_ns)
        rest_ns = pause_ns;
    if (rest_ns > 0)
        user_wait(user, now_ns + rest_ns);
    else
        user_start(user, now_ns);
}

static void user_due(struct pp_timer *timer, int64_t now_ns)
{
    struct user *user = (struct user *)((char *)timer - offsetof(struct user, timer));
    user_start(user, now_ns);
}

static void closed_destroy(struct pp_load *load)
{
    if (load == NULL)
        return;
    for (unsigned i = 0; load->users != NULL && i < load->worker->slots; i++) {
        pp_loop_disarm(load->worker->loop, &load->users[i].timer);
        load->worker->plan->way->exchange_free(load->users[i].exchange);
    }
    free(load->users);
    free(load);
}

static enum pp_status closed_create(struct pp_worker *worker, struct pp_load **out)
{
    struct pp_load *load = calloc(1, sizeof(*load));
    if (load == NULL)
        return PP_NOMEM;
    enum pp_status status = PP_NOMEM;
    load->worker = worker;
    pp_rng_seed(&load->rng, worker->plan->seed, worker->index);
    load->users = calloc(worker->slots > 0 ? worker->slots : 1, sizeof(*load->users));
    if (load->users == NULL)
        goto fail;
    for (unsigned i = 0; i < worker->slots; i++) {
        struct user *user = &load->users[i];
        user->load = load;
        user->timer.fire = user_due;
        user->pause_ns = PAUSE_FIRST_NS;
        status = worker->plan->way->exchange_new(worker->transport, user_done, user, &user->exchange);
        if (status != PP_OK)
            goto fail;
    }
    *out = load;
    return PP_OK;
fail:
    closed_destroy(load);
    return status;
}

/* Users who think come in at a random point of their first thinking: no stampede at the start. */
static void closed_begin(struct pp_load *load, int64_t start_ns)
{
    const struct pp_think *think = &load->worker->plan->think;
    for (unsigned i = 0; i < load->worker->slots; i++) {
        double part = pp_rng_unit(&load->rng);
        int64_t first_ns = (int64_t)(part * (double)pp_think_draw(think, &load->rng));
        user_wait(&load->users[i], start_ns + first_ns);
    }
}

static void closed_stop_starting(struct pp_load *load, int64_t now_ns)
{
    (void)now_ns;
    for (unsigned i = 0; i < load->worker->slots; i++)
        pp_loop_disarm(load->worker->loop, &load->users[i].timer);
}

static void closed_cancel(struct pp_load *load)
{
    for (unsigned i = 0; i < load->worker->slots; i++) {
        struct user *user = &load->users[i];
        bool sent = false;
        if (user->busy && load->worker->plan->way->cancel(user->exchange, &sent))
            pp_worker_cancelled(load->worker, user->measured);
        user_carries(user, 0);
        user->busy = false;
    }
}

const struct pp_model_way pp_model_closed = {
    .create = closed_create,
    .begin = closed_begin,
    .stop_starting = closed_stop_starting,
    .cancel = closed_cancel,
    .destroy = closed_destroy,
};
