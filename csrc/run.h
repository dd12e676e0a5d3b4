/* A run: the plan, virtual users on worker threads, stop, merge, live snapshot.
 *
 * Threads: pp_run_start spawns the workers; every other call may come from any thread of the same process, at
 * the same time (a mutex guards the run's state; tallies are read as tally.h says). After a fork the child
 * must not use the parent's run: pp_run_foreign tells. */
#ifndef PP_RUN_H
#define PP_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"
#include "pace.h"
#include "status.h"
#include "tally.h"
#include "target.h"

enum pp_model { PP_MODEL_CLOSED = 0, PP_MODEL_OPEN };

struct pp_plan {
    struct pp_target target;
    struct pp_request request;
    const struct pp_exchange_way *way;
    enum pp_model model;
    unsigned users;                /* closed: virtual users; open: at most so many connections */
    int64_t duration_ns;           /* of the measurement; 0: until `requests` have been started */
    uint64_t requests;             /* measured requests to start; 0: until `duration_ns` is over */
    int64_t warmup_ns;             /* before the measurement; run and left out */
    struct pp_think think;         /* closed */
    enum pp_arrival_kind arrivals; /* open */
    double rate_per_s;             /* open */
    uint64_t seed;
    unsigned workers;
    enum pp_loop_backend backend;
    struct pp_tally_plan tally;
};

struct pp_run;

/* Copies the plan, but borrows what it points to until pp_run_free. Raises the soft descriptor limit when it
 * must; PP_FDS (nothing started; *fds_needed and *fds_have set) when the hard one does not suffice. */
struct pp_fds {
    uint64_t needed, have;
};
PP_MUST_CHECK enum pp_status pp_run_start(const struct pp_plan *plan, struct pp_run **out,
                                          struct pp_fds *fds);

/* True: all workers have ended. False: the time was over, or a signal came (the caller looks to it). */
bool pp_run_wait(struct pp_run *run, int64_t timeout_ns);

enum pp_stop {
    PP_STOP_STARTING, /* no new requests; those in flight end by themselves or by their time-out */
    PP_STOP_NOW,      /* those in flight are cancelled, and counted as such */
};
void pp_run_stop(struct pp_run *run, enum pp_stop how);

enum pp_phase { PP_PHASE_WARMUP = 0, PP_PHASE_MEASURING, PP_PHASE_DRAINING, PP_PHASE_ENDED };

struct pp_progress {
    enum pp_phase phase;
    int64_t elapsed_ns; /* of the measurement */
    uint64_t sent;      /* measured requests taken up: ok + errors + cancelled + still in flight */
    uint64_t cancelled;
    uint64_t connections;               /* ever established, warm-up included */
    uint64_t connect_errors;            /* failed before a connection stood, warm-up included */
    uint64_t overdue[PP_THRESHOLD_MAX]; /* in flight, and already at or above each threshold */
    struct pp_totals totals;
};
/* Any time, any thread; workers are not disturbed. */
void pp_run_progress(struct pp_run *run, struct pp_progress *out);
/* Adds the series so far into `into` (three digits, PP_HIST_MAX_US). */
PP_MUST_CHECK enum pp_status pp_run_snapshot(struct pp_run *run, enum pp_series series, struct pp_hist *into);

struct pp_outcome {
    struct pp_progress progress;
    int64_t duration_ns;          /* of the measurement */
    int64_t finished_ns;          /* from its start to the last sample: duration and drain */
    int64_t started_real_ns;      /* CLOCK_REALTIME at its start, for people */
    int64_t cpu_ns;               /* all workers, within the measurement */
    double busy;                  /* the busiest worker's CPU share of the measurement */
    uint64_t held_back;           /* open: arrivals that found every connection taken */
    unsigned most_users;          /* open: most connections in use at once */
    const struct pp_tally *tally; /* merged; the run's own */
};
/* After pp_run_wait said true. Merges on the first call. PP_NOMEM, or the status that ended a worker. */
PP_MUST_CHECK enum pp_status pp_run_outcome(struct pp_run *run, struct pp_outcome *out);

bool pp_run_foreign(const struct pp_run *run); /* this process is a fork of the one that started it */

/* Stops now and joins when still going; frees. In a forked child only the memory that is safe to free. */
void pp_run_free(struct pp_run *run);

#endif
