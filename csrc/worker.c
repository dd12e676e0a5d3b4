#include "worker.h"

#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "clock.h"

/* Single writer: a plain add is enough, the atomic only makes reading from elsewhere defined. */
static void add(_Atomic uint64_t *counter, uint64_t more)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + more, memory_order_relaxed);
}

static const struct pp_model_way *model_way(const struct pp_worker *worker)
{
    return worker->plan->model == PP_MODEL_OPEN ? &pp_model_open : &pp_model_closed;
}

static void set_phase(struct pp_worker *worker, enum pp_phase phase)
{
    atomic_store_explicit(&worker->phase, (int)phase, memory_order_relaxed);
}

/* --- phases -------------------------------------------------------------------------------------- */

static void begin_measuring(struct pp_worker *worker)
{
    worker->cpu_begin_ns = pp_clock_thread_cpu();
    set_phase(worker, PP_PHASE_MEASURING);
}

/* From here on requests only end. */
static void stop_starting(struct pp_worker *worker, int64_t end_ns)
{
    if (!worker->starting)
        return;
    worker->starting = false;
    if (end_ns < worker->end_ns)
        worker->end_ns = end_ns;
    pp_loop_disarm(worker->loop, &worker->phase_timer);
    worker->cpu_end_ns = pp_clock_thread_cpu();
    set_phase(worker, PP_PHASE_DRAINING);
    model_way(worker)->stop_starting(worker->load, worker->end_ns);
}

static void phase_due(struct pp_timer *timer, int64_t now_ns)
{
    struct pp_worker *worker = (struct pp_worker *)((char *)timer - offsetof(struct pp_worker, phase_timer));
    if (now_ns >= worker->shared->measure_ns && worker->cpu_begin_ns < 0)
        begin_measuring(worker);
    if (now_ns >= worker->end_ns) {
        stop_starting(worker, worker->end_ns);
        return;
    }
    int64_t next_ns = worker->cpu_begin_ns < 0 ? worker->shared->measure_ns : worker->end_ns;
    if (pp_loop_arm(worker->loop, timer, next_ns) != PP_OK) {
        worker->status = PP_NOMEM;
        stop_starting(worker, now_ns);
    }
}

static void heed_stop(struct pp_worker *worker, int *heeded)
{
    int stop = atomic_load_explicit(&worker->shared->stop, memory_order_acquire);
    if (stop == *heeded)
        return;
    *heeded = stop;
    stop_starting(worker, pp_clock_now());
    if (stop == 1 + (int)PP_STOP_NOW)
        model_way(worker)->cancel(worker->load);
}

/* --- for the models ------------------------------------------------------------------------------ */

bool pp_worker_permits(struct pp_worker *worker, int64_t at_ns, bool *measured)
{
    *measured = at_ns >= worker->shared->measure_ns;
    if (!worker->starting || at_ns >= worker->end_ns)
        return false;
    if (!*measured || pp_worker_ticket(worker))
        return true;
    stop_starting(worker, at_ns);
    return false;
}

bool pp_worker_ticket(struct pp_worker *worker)
{
    uint64_t most = worker->plan->requests;
    return most == 0 || atomic_fetch_add_explicit(&worker->shared->tickets, 1, memory_order_relaxed) < most;
}

void pp_worker_started(struct pp_worker *worker, bool measured)
{
    worker->in_flight++;
    if (measured)
        add(&worker->sent, 1);
}

bool pp_sample_unconnected(const struct pp_sample *sample)
{
    return sample->error != PP_ERROR_NONE && sample->sent_ns == 0;
}

static void note_connections(struct pp_worker *worker)
{
    uint64_t connected = worker->plan->way->connected(worker->transport);
    atomic_store_explicit(&worker->connections, connected, memory_order_relaxed);
}

void pp_worker_ended(struct pp_worker *worker, const struct pp_sample *sample, bool measured)
{
    worker->in_flight--;
    if (!sample->reused)
        note_connections(worker);
    if (pp_sample_unconnected(sample))
        add(&worker->connect_errors, 1);
    if (!measured)
        return;
    if (sample->end_ns > worker->last_end_ns)
        worker->last_end_ns = sample->end_ns;
    pp_tally_record(worker->tally, sample);
}

void pp_worker_cancelled(struct pp_worker *worker, bool measured)
{
    worker->in_flight--;
    if (measured)
        add(&worker->cancelled, 1);
}

void pp_worker_carries(struct pp_worker *worker, unsigned slot, int64_t since_ns)
{
    atomic_store_explicit(&worker->since_ns[slot], since_ns, memory_order_relaxed);
}

/* --- life ---------------------------------------------------------------------------------------- */

static unsigned share(unsigned total, unsigned index, unsigned workers)
{
    return total / workers + (index < total % workers ? 1U : 0U);
}

enum pp_status pp_worker_init(struct pp_worker *worker, const struct pp_plan *plan, struct pp_shared *shared,
                              unsigned index)
{
    memset(worker, 0, sizeof(*worker));
    worker->plan = plan;
    worker->shared = shared;
    worker->index = index;
    worker->slots = share(plan->users, index, plan->workers);
    worker->phase_timer.fire = phase_due;
    worker->cpu_begin_ns = worker->cpu_end_ns = -1;
    worker->starting = true;
    worker->since_ns = calloc(worker->slots > 0 ? worker->slots : 1, sizeof(*worker->since_ns));
    enum pp_status status = worker->since_ns == NULL ? PP_NOMEM : pp_loop_new(plan->backend, &worker->loop);
    if (status == PP_OK)
        status = pp_tally_new(&plan->tally, &worker->tally);
    if (status == PP_OK)
        status = plan->way->open(worker->loop, &plan->target, worker->slots, &worker->transport);
    if (status == PP_OK)
        status = model_way(worker)->create(worker, &worker->load);
    return status;
}

void pp_worker_clear(struct pp_worker *worker)
{
    if (worker->plan == NULL)
        return;
    model_way(worker)->destroy(worker->load);
    worker->plan->way->close(worker->transport);
    pp_tally_free(worker->tally);
    pp_loop_free(worker->loop);
    free((void *)worker->since_ns);
    memset(worker, 0, sizeof(*worker));
}

static void sharpen_timers(void)
{
#if defined(__linux__) && defined(PR_SET_TIMERSLACK)
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
#endif
}

void pp_worker_main(struct pp_worker *worker)
{
    const struct pp_shared *shared = worker->shared;
    int heeded = 0;
    sharpen_timers();
    worker->end_ns =
        worker->plan->duration_ns > 0 ? shared->measure_ns + worker->plan->duration_ns : INT64_MAX;
    pp_tally_begin(worker->tally, shared->measure_ns);
    model_way(worker)->begin(worker->load, shared->start_ns);
    phase_due(&worker->phase_timer, pp_clock_now());
    while (worker->starting || worker->in_flight > 0) {
        enum pp_status status = pp_loop_turn(worker->loop);
        if (status != PP_OK && worker->status == PP_OK) {
            worker->status = status;
            stop_starting(worker, pp_clock_now());
            model_way(worker)->cancel(worker->load);
        }
        heed_stop(worker, &heeded);
    }
    note_connections(worker);
    set_phase(worker, PP_PHASE_ENDED);
}
