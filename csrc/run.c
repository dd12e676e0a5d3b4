/* Threads: `mutex` guards `merged`, `joined` and the merging of tallies; the workers' atomics are read
 * without it. The last worker to end writes one byte into `over`, whose reading end stays readable from then
 * on: any number of threads may wait for it. */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "run_fds.h"
#include "worker.h"

/* Threads take a while to start; the load begins when all of them are there. */
#define START_LEAD_NS (200 * PP_NS_PER_US)

struct pp_run {
    struct pp_plan plan; /* constant */
    struct pp_shared shared;
    struct pp_worker *workers; /* owned, plan.workers of them */
    pthread_t *threads;        /* owned */
    unsigned started;          /* constant once pp_run_start has returned */
    int64_t started_real_ns;
    pid_t pid;
    int over[2]; /* -1 until made */
    _Atomic unsigned running;
    pthread_mutex_t mutex;
    bool joined, merged; /* by mutex */
};

/* --- start ----------------------------------------------------------------------------------------- */

static void tell_over(struct pp_run *run)
{
    ssize_t written = 0;
    do
        written = write(run->over[1], "", 1);
    while (written < 0 && errno == EINTR);
}

static void *thread_main(void *argument)
{
    struct pp_worker *worker = argument;
    struct pp_run *run = (struct pp_run *)((char *)worker->shared - offsetof(struct pp_run, shared));
    pp_worker_main(worker);
    if (atomic_fetch_sub_explicit(&run->running, 1, memory_order_acq_rel) == 1)
        tell_over(run);
    return NULL;
}

/* Signals are the host's: the workers take none. */
static enum pp_status start_threads(struct pp_run *run)
{
    sigset_t all, before;
    enum pp_status status = PP_OK;
    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return PP_SYSTEM;
    atomic_store(&run->running, run->plan.workers);
    while (run->started < run->plan.workers && status == PP_OK) {
        int error =
            pthread_create(&run->threads[run->started], NULL, thread_main, &run->workers[run->started]);
        if (error == 0) {
            run->started++;
        } else {
            errno = error;
            status = PP_SYSTEM;
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

static bool plan_makes_sense(const struct pp_plan *plan)
{
    bool ends = (plan->duration_ns > 0) != (plan->requests > 0);
    bool paced = plan->model == PP_MODEL_CLOSED || plan->rate_per_s > 0;
    return ends && paced && plan->users > 0 && plan->workers > 0 && plan->workers <= plan->users &&
           plan->warmup_ns >= 0 && plan->request.timeout_ns > 0 && plan->tally.thresholds <= PP_THRESHOLD_MAX;
}

static enum pp_status build(struct pp_run *run)
{
    unsigned workers = run->plan.workers;
    if (pipe(run->over) != 0)
        return PP_SYSTEM;
    (void)fcntl(run->over[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(run->over[1], F_SETFD, FD_CLOEXEC);
    run->workers = calloc(workers, sizeof(*run->workers));
    run->threads = calloc(workers, sizeof(*run->threads));
    if (run->workers == NULL || run->threads == NULL)
        return PP_NOMEM;
    for (unsigned i = 0; i < workers; i++) {
        enum pp_status status = pp_worker_init(&run->workers[i], &run->plan, &run->shared, i);
        if (status != PP_OK)
            return status;
    }
    return PP_OK;
}

enum pp_status pp_run_start(const struct pp_plan *plan, struct pp_run **out, struct pp_fds *fds)
{
    if (!plan_makes_sense(plan))
        return PP_INVALID;
    enum pp_status status = pp_fds_reserve(plan, fds);
    if (status != PP_OK)
        return status;
    struct pp_run *run = calloc(1, sizeof(*run));
    if (run == NULL)
        return PP_NOMEM;
    run->plan = *plan;
    run->pid = getpid();
    run->over[0] = run->over[1] = -1;
    if (pthread_mutex_init(&run->mutex, NULL) != 0) {
        free(run);
        return PP_SYSTEM;
    }
    status = build(run);
    if (status != PP_OK)
        goto fail;
    run->shared.start_ns = pp_clock_now() + START_LEAD_NS;
    run->shared.measure_ns = run->shared.start_ns + plan->warmup_ns;
    run->started_real_ns = pp_clock_real() + START_LEAD_NS + plan->warmup_ns;
    status = start_threads(run);
    if (status != PP_OK)
        goto fail;
    *out = run;
    return PP_OK;
fail:;
    int error = errno; /* what PP_SYSTEM is about, and cleaning up may change */
    pp_run_free(run);
    errno = error;
    return status;
}

/* --- wait and stop ----------------------------------------------------------------------------------- */

bool pp_run_wait(struct pp_run *run, int64_t timeout_ns)
{
    struct pollfd over = {.fd = run->over[0], .events = POLLIN};
    int64_t timeout_ms = (timeout_ns + PP_NS_PER_MS - 1) / PP_NS_PER_MS;
    int patience = timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms;
    return poll(&over, 1, patience < 0 ? 0 : patience) == 1;
}

void pp_run_stop(struct pp_run *run, enum pp_stop how)
{
    int wanted = 1 + (int)how;
    int now = atomic_load(&run->shared.stop);
    while (now < wanted && !atomic_compare_exchange_weak(&run->shared.stop, &now, wanted)) {
    }
    for (unsigned i = 0; i < run->started; i++)
        pp_loop_wake(run->workers[i].loop);
}

/* --- looking on -------------------------------------------------------------------------------------- */

static uint64_t look(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_totals(struct pp_totals *into, const struct pp_totals *from)
{
    into->requests += from->requests;
    into->ok += from->ok;
    into->errors += from->errors;
    into->bytes += from->bytes;
    into->reused += from->reused;
    into->stamped += from->stamped;
    into->resent += from->resent;
    for (size_t i = 0; i < PP_ERROR_COUNT; i++)
        into->by_error[i] += from->by_error[i];
    for (size_t i = 0; i < PP_STATUS_SLOTS; i++)
        into->by_status[i] += from->by_status[i];
    for (size_t i = 0; i < PP_THRESHOLD_MAX; i++)
        into->over[i] += from->over[i];
}

/* Requests in flight that are too slow already, whatever becomes of them. */
static void add_overdue(struct pp_progress *into, const struct pp_worker *worker, int64_t now_ns)
{
    const struct pp_tally_plan *plan = &worker->plan->tally;
    for (unsigned slot = 0; plan->thresholds > 0 && slot < worker->slots; slot++) {
        int64_t since_ns = atomic_load_explicit(&worker->since_ns[slot], memory_order_relaxed);
        for (size_t i = 0;
             since_ns != 0 && i < plan->thresholds && now_ns - since_ns >= plan->threshold_ns[i]; i++)
            into->overdue[i]++;
    }
}

/* The earliest phase any worker is in. */
static enum pp_phase phase_of(const struct pp_run *run)
{
    int earliest = (int)PP_PHASE_ENDED;
    for (unsigned i = 0; i < run->plan.workers; i++) {
        int phase = atomic_load_explicit(&run->workers[i].phase, memory_order_relaxed);
        earliest = phase < earliest ? phase : earliest;
    }
    return (enum pp_phase)earliest;
}

/* How many tallies hold the figures: after merging all are in the first. */
static unsigned tallies(const struct pp_run *run)
{
    return run->merged ? 1 : run->plan.workers;
}

void pp_run_progress(struct pp_run *run, struct pp_progress *out)
{
    memset(out, 0, sizeof(*out));
    out->phase = phase_of(run);
    int64_t now_ns = pp_clock_now();
    int64_t elapsed_ns = now_ns - run->shared.measure_ns;
    out->elapsed_ns = elapsed_ns > 0 ? elapsed_ns : 0;
    for (unsigned i = 0; i < run->plan.workers; i++) {
        const struct pp_worker *worker = &run->workers[i];
        out->sent += look(&worker->sent);
        out->cancelled += look(&worker->cancelled);
        out->connections += look(&worker->connections);
        out->connect_errors += look(&worker->connect_errors);
        add_overdue(out, worker, now_ns);
    }
    (void)pthread_mutex_lock(&run->mutex);
    for (unsigned i = 0; i < tallies(run); i++) {
        struct pp_totals totals;
        pp_tally_totals(run->workers[i].tally, &totals);
        add_totals(&out->totals, &totals);
    }
    (void)pthread_mutex_unlock(&run->mutex);
}

enum pp_status pp_run_snapshot(struct pp_run *run, enum pp_series series, struct pp_hist *into)
{
    enum pp_status status = PP_OK;
    (void)pthread_mutex_lock(&run->mutex);
    for (unsigned i = 0; i < tallies(run) && status == PP_OK; i++)
        status = pp_hist_merge(into, pp_tally_hist(run->workers[i].tally, series));
    (void)pthread_mutex_unlock(&run->mutex);
    return status;
}

/* --- the outcome --------------------------------------------------------------------------------------- */

static void join(struct pp_run *run)
{
    if (run->joined)
        return;
    for (unsigned i = 0; i < run->started; i++)
        (void)pthread_join(run->threads[i], NULL);
    run->joined = true;
}

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* A load of so many requests is over with the last answer, one of so much time with the time. */
static int64_t measured_until(const struct pp_run *run)
{
    int64_t until_ns = run->shared.measure_ns;
    for (unsigned i = 0; i < run->plan.workers; i++) {
        const struct pp_worker *worker = &run->workers[i];
        until_ns = latest(until_ns, run->plan.requests > 0 ? worker->last_end_ns : worker->end_ns);
    }
    return until_ns;
}

static enum pp_status merge(struct pp_run *run, int64_t until_ns)
{
    if (run->merged)
        return PP_OK;
    for (unsigned i = 0; i < run->plan.workers; i++)
        pp_tally_end(run->workers[i].tally, until_ns);
    for (unsigned i = 1; i < run->plan.workers; i++) {
        enum pp_status status = pp_tally_merge(run->workers[0].tally, run->workers[i].tally);
        if (status != PP_OK)
            return status;
    }
    run->merged = true;
    return PP_OK;
}

static void add_client(const struct pp_worker *worker, int64_t duration_ns, struct pp_outcome *out)
{
    int64_t cpu_ns = worker->cpu_begin_ns < 0 ? 0 : worker->cpu_end_ns - worker->cpu_begin_ns;
    double busy = duration_ns > 0 ? (double)cpu_ns / (double)duration_ns : 0.0;
    out->cpu_ns += cpu_ns;
    out->busy = busy > out->busy ? busy : out->busy;
    out->held_back += worker->held_back;
    out->most_users += worker->most_slots;
}

enum pp_status pp_run_outcome(struct pp_run *run, struct pp_outcome *out)
{
    memset(out, 0, sizeof(*out));
    (void)pthread_mutex_lock(&run->mutex);
    join(run);
    int64_t until_ns = measured_until(run);
    int64_t finished_ns = run->shared.measure_ns;
    enum pp_status status = merge(run, until_ns);
    out->duration_ns = until_ns - run->shared.measure_ns;
    for (unsigned i = 0; i < run->plan.workers; i++) {
        finished_ns = latest(finished_ns, run->workers[i].last_end_ns);
        add_client(&run->workers[i], out->duration_ns, out);
        if (status == PP_OK)
            status = run->workers[i].status;
    }
    out->finished_ns = finished_ns - run->shared.measure_ns;
    out->started_real_ns = run->started_real_ns;
    out->tally = run->workers[0].tally;
    (void)pthread_mutex_unlock(&run->mutex);
    pp_run_progress(run, &out->progress);
    return status;
}

bool pp_run_foreign(const struct pp_run *run)
{
    return run->pid != getpid();
}

void pp_run_free(struct pp_run *run)
{
    if (run == NULL)
        return;
    /* A forked child has a copy of the memory but not the threads: libcurl's state is whatever it was in the
     * middle of, so it is left alone. */
    if (pp_run_foreign(run))
        return;
    pp_run_stop(run, PP_STOP_NOW);
    join(run);
    for (unsigned i = 0; run->workers != NULL && i < run->plan.workers; i++)
        pp_worker_clear(&run->workers[i]);
    free(run->workers);
    free(run->threads);
    for (int i = 0; i < 2; i++)
        if (run->over[i] >= 0)
            (void)close(run->over[i]);
    (void)pthread_mutex_destroy(&run->mutex);
    free(run);
}
