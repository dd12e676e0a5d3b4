/* One worker thread: a loop, a transport, a tally, and the load model that drives them. Used by run.c and the
 * models only.
 *
 * Threads: `plan`, `shared`, `index` and `slots` are set before the thread starts and then constant. The
 * atomics are written by the worker and read by anyone. All else is the worker thread's own until it has been
 * joined. */
#ifndef PP_WORKER_H
#define PP_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "run.h"

struct pp_load;

/* What the workers of a run have in common. The moments are constant once the threads run. */
struct pp_shared {
    int64_t start_ns;         /* of the load, warm-up included */
    int64_t measure_ns;       /* measured from here */
    _Atomic uint64_t tickets; /* measured requests started so far, when the plan says how many */
    _Atomic int stop;         /* 0, or 1 + the strongest enum pp_stop asked for */
};

struct pp_worker {
    const struct pp_plan *plan;
    struct pp_shared *shared;
    unsigned index;
    unsigned slots; /* users or connections, this worker's share */

    struct pp_loop *loop;
    struct pp_transport *transport;
    struct pp_tally *tally; /* see tally.h for who may read */
    struct pp_load *load;
    struct pp_timer phase_timer;
    bool starting;                    /* requests may still be started */
    uint64_t in_flight;               /* measured or not */
    int64_t end_ns;                   /* no request starts from here on; INT64_MAX while unknown */
    int64_t last_end_ns;              /* of the last measured request, 0 before */
    int64_t cpu_begin_ns, cpu_end_ns; /* thread CPU time around the measurement, -1 before */
    uint64_t held_back;
    unsigned most_slots;
    enum pp_status status; /* what ended it, when not the plan */

    _Atomic int phase; /* enum pp_phase */
    _Atomic uint64_t sent, cancelled, connections, connect_errors;
    _Atomic int64_t *since_ns; /* owned; by slot: when its measured request was meant to start, 0 for none */
};

/* A load model: who starts a request when. Calls the worker for permission and tells it of each end. */
struct pp_model_way {
    enum pp_status (*create)(struct pp_worker *worker, struct pp_load **out);
    void (*begin)(struct pp_load *load, int64_t start_ns);
    void (*stop_starting)(struct pp_load *load, int64_t now_ns); /* once */
    void (*cancel)(struct pp_load *load);                        /* after stop_starting */
    void (*destroy)(struct pp_load *load);                       /* NULL is fine */
};
extern const struct pp_model_way pp_model_closed;
extern const struct pp_model_way pp_model_open;

PP_MUST_CHECK enum pp_status pp_worker_init(struct pp_worker *worker, const struct pp_plan *plan,
                                            struct pp_shared *shared, unsigned index);
void pp_worker_clear(struct pp_worker *worker); /* after the join; fine half-built */
void pp_worker_main(struct pp_worker *worker);  /* the thread's work: returns when the load is over */

/* --- for the models ---------------------------------------------------------------------------- */

/* May a request start that is due at `at_ns`? Takes a ticket when it is a measured one and tickets are
 * counted; when the answer is no, no further request will start. */
bool pp_worker_permits(struct pp_worker *worker, int64_t at_ns, bool *measured);

/* Takes one of the plan's measured requests; always true when their number is not limited. */
bool pp_worker_ticket(struct pp_worker *worker);

/* A request is taken up, is over, was given up. */
void pp_worker_started(struct pp_worker *worker, bool measured);
void pp_worker_ended(struct pp_worker *worker, const struct pp_sample *sample, bool measured);
void pp_worker_cancelled(struct pp_worker *worker, bool measured);

/* What a slot carries from now on: a measured request that was meant to start at `since_ns`, or none (0). */
void pp_worker_carries(struct pp_worker *worker, unsigned slot, int64_t since_ns);

/* The failure came before a connection stood: worth a pause before the next try. */
bool pp_sample_unconnected(const struct pp_sample *sample);

#endif
