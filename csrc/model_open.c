/* The open model: arrivals at a rate, whatever the server does. An arrival takes a free connection, or a new
 * one up to the limit; one that finds neither is held back, keeps its intended start, and goes first when a
 * connection comes free. Arrivals still held back at the end are counted as errors (backlog), never dropped.
 * Threads: worker.h.
 *
 * Nothing is queued: intended starts are computed one after the other, so that what is held back is simply
 * "from the next one on". */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "pace.h"
#include "worker.h"

struct slot {
    struct pp_load *load;         /* borrowed */
    struct pp_exchange *exchange; /* owned; NULL until first needed */
    bool busy, measured;
};

struct pp_load {
    struct pp_worker *worker; /* borrowed */
    struct pp_arrivals arrivals;
    struct pp_timer timer; /* the next intended start */
    struct slot *slots;    /* owned, worker->slots of them, the first `made` in use or free */
    unsigned made;
    unsigned *free_slots; /* owned stack: the connection used last is warm, and few are kept busy */
    unsigned free_count;
    bool waiting;   /* `next` is known and has not started */
    bool next_held; /* and was counted as held back */
    bool next_measured;
    int64_t next_ns;
};

static void slot_done(void *owner, const struct pp_sample *sample);

/* NULL: the limit is reached. *failed: no memory for another connection. */
static struct slot *take_slot(struct pp_load *load, bool *failed)
{
    struct pp_worker *worker = load->worker;
    *failed = false;
    if (load->free_count > 0)
        return &load->slots[load->free_slots[--load->free_count]];
    if (load->made == worker->slots)
        return NULL;
    struct slot *slot = &load->slots[load->made];
    slot->load = load;
    *failed = worker->plan->way->exchange_new(worker->transport, slot_done, slot, &slot->exchange) != PP_OK;
    if (*failed)
        return NULL;
    load->made++;
    return slot;
}

static void give_slot(struct pp_load *load, struct slot *slot)
{
    slot->busy = false;
    load->free_slots[load->free_count++] = (unsigned)(slot - load->slots);
}

/* An arrival that never got a connection: it counts, from its intended start to now. */
static void count_lost(struct pp_load *load, enum pp_error error, int64_t now_ns)
{
    struct pp_sample sample = {.intended_ns = load->next_ns,
                               .start_ns = now_ns,
                               .end_ns = now_ns,
                               .seen_ns = now_ns,
                               .dns_ns = -1,
                               .connect_ns = -1,
                               .tls_ns = -1,
                               .reused = true, /* no connection was made or looked for */
                               .error = error};
    pp_worker_started(load->worker, load->next_measured);
    if (load->next_measured)
        pp_tally_record(load->worker->tally, &sample);
    load->worker->in_flight--;
}

/* Makes the next intended start known. False: there is none. */
static bool know_next(struct pp_load *load)
{
    if (load->waiting)
        return true;
    load->next_ns = pp_arrivals_peek(&load->arrivals);
    if (!pp_worker_permits(load->worker, load->next_ns, &load->next_measured))
        return false;
    pp_arrivals_advance(&load->arrivals);
    load->waiting = true;
    load->next_held = false;
    return true;
}

static void slot_carries(struct slot *slot, int64_t since_ns)
{
    pp_worker_carries(slot->load->worker, (unsigned)(slot - slot->load->slots), since_ns);
}

static void note_use(struct pp_load *load)
{
    unsigned used = load->made - load->free_count;
    if (used > load->worker->most_slots)
        load->worker->most_slots = used;
}

static void note_held(struct pp_load *load)
{
    if (load->next_measured && !load->next_held)
        load->worker->held_back++;
    load->next_held = true;
}

/* Starts the next arrival. False: it is held back. */
static bool start_next(struct pp_load *load, int64_t now_ns)
{
    struct pp_worker *worker = load->worker;
    bool failed = false;
    struct slot *slot = take_slot(load, &failed);
    if (slot == NULL && !failed) {
        note_held(load);
        return false;
    }
    load->waiting = false;
    if (failed) {
        count_lost(load, PP_ERROR_CLIENT_MEMORY, now_ns);
        return true;
    }
    note_use(load);
    slot->busy = true;
    slot->measured = load->next_measured;
    pp_worker_started(worker, slot->measured);
    slot_carries(slot, slot->measured ? load->next_ns : 0);
    worker->plan->way->start(slot->exchange, &worker->plan->request, load->next_ns);
    return true;
}

/* Starts all that are due, and waits for the one after. */
static void go_on(struct pp_load *load, int64_t now_ns)
{
    struct pp_worker *worker = load->worker;
    while (worker->starting && know_next(load)) {
        if (load->next_ns > now_ns) {
            if (pp_loop_arm(worker->loop, &load->timer, load->next_ns) != PP_OK)
                worker->status = PP_NOMEM;
            return;
        }
        if (!start_next(load, now_ns))
            return;
        now_ns = pp_clock_now();
    }
}

static void slot_done(void *owner, const struct pp_sample *sample)
{
    struct slot *slot = owner;
    struct pp_load *load = slot->load;
    slot_carries(slot, 0);
    pp_worker_ended(load->worker, sample, slot->measured);
    give_slot(load, slot);
    if (load->waiting && load->next_held)
        go_on(load, sample->seen_ns);
}

static void arrival_due(struct pp_timer *timer, int64_t now_ns)
{
    go_on((struct pp_load *)((char *)timer - offsetof(struct pp_load, timer)), now_ns);
}

static void open_destroy(struct pp_load *load)
{
    if (load == NULL)
        return;
    pp_loop_disarm(load->worker->loop, &load->timer);
    for (unsigned i = 0; i < load->made; i++)
        load->worker->plan->way->exchange_free(load->slots[i].exchange);
    free(load->free_slots);
    free(load->slots);
    free(load);
}

static enum pp_status open_create(struct pp_worker *worker, struct pp_load **out)
{
    struct pp_load *load = calloc(1, sizeof(*load));
    if (load == NULL)
        return PP_NOMEM;
    size_t slots = worker->slots > 0 ? worker->slots : 1;
    load->worker = worker;
    load->timer.fire = arrival_due;
    load->slots = calloc(slots, sizeof(*load->slots));
    load->free_slots = calloc(slots, sizeof(*load->free_slots));
    if (load->slots == NULL || load->free_slots == NULL) {
        open_destroy(load);
        return PP_NOMEM;
    }
    *out = load;
    return PP_OK;
}

static void open_begin(struct pp_load *load, int64_t start_ns)
{
    const struct pp_worker *worker = load->worker;
    const struct pp_plan *plan = worker->plan;
    pp_arrivals_init(&load->arrivals, plan->arrivals, plan->rate_per_s, start_ns, plan->seed, worker->index,
                     plan->workers);
    go_on(load, start_ns - 1);
}

/* What is held back when the load is over never gets a connection. */
static void open_stop_starting(struct pp_load *load, int64_t end_ns)
{
    int64_t now_ns = pp_clock_now();
    bool held = load->waiting && load->next_held;
    pp_loop_disarm(load->worker->loop, &load->timer);
    while (held && load->next_ns < end_ns && load->next_ns <= now_ns) {
        note_held(load);
        count_lost(load, PP_ERROR_BACKLOG, now_ns);
        load->next_ns = pp_arrivals_peek(&load->arrivals);
        pp_arrivals_advance(&load->arrivals);
        load->next_held = false;
        load->next_measured = load->next_ns >= load->worker->shared->measure_ns;
        held = !load->next_measured || pp_worker_ticket(load->worker);
    }
    load->waiting = false;
}

static void open_cancel(struct pp_load *load)
{
    for (unsigned i = 0; i < load->made; i++) {
        struct slot *slot = &load->slots[i];
        bool sent = false;
        if (slot->busy && load->worker->plan->way->cancel(slot->exchange, &sent))
            pp_worker_cancelled(load->worker, slot->measured);
        slot_carries(slot, 0);
        slot->busy = false;
    }
}

const struct pp_model_way pp_model_open = {
    .create = open_create,
    .begin = open_begin,
    .stop_starting = open_stop_starting,
    .cancel = open_cancel,
    .destroy = open_destroy,
};
