/* When the next request should start. Pure arithmetic: no clock is read here.
 *
 * Closed model: a virtual user thinks between the end of one request and the next.
 * Open model: arrivals come at a rate, whatever the server does; the i-th intended start is a
 * function of i (constant rate) or of the arrivals before it (Poisson), never of a completion. */
#ifndef PP_PACE_H
#define PP_PACE_H

#include <stdint.h>

/* xoshiro256++ seeded by splitmix64; streams of one seed are independent. */
struct pp_rng {
    uint64_t word[4];
};
void pp_rng_seed(struct pp_rng *rng, uint64_t seed, uint64_t stream);
uint64_t pp_rng_next(struct pp_rng *rng);
double pp_rng_unit(struct pp_rng *rng); /* [0, 1) */

enum pp_think_kind { PP_THINK_NONE = 0, PP_THINK_FIXED, PP_THINK_UNIFORM, PP_THINK_EXPONENTIAL };
struct pp_think {
    enum pp_think_kind kind;
    int64_t low_ns;  /* fixed: the time; uniform: lower end; exponential: the mean */
    int64_t high_ns; /* uniform: upper end */
};
int64_t pp_think_draw(const struct pp_think *think, struct pp_rng *rng);

enum pp_arrival_kind { PP_ARRIVAL_CONSTANT = 0, PP_ARRIVAL_POISSON };
struct pp_arrivals {
    enum pp_arrival_kind kind;
    double rate_per_s; /* of the whole run */
    int64_t start_ns;
    uint64_t index;  /* of the next arrival of this worker, within the whole run */
    uint64_t stride; /* number of workers: constant arrivals are dealt out round robin */
    double offset_s; /* Poisson: of the next arrival since the start */
    struct pp_rng rng;
};
/* Worker `worker` of `workers`. Poisson workers draw independent streams of rate/workers, whose sum
 * is Poisson again. */
void pp_arrivals_init(struct pp_arrivals *arrivals, enum pp_arrival_kind kind, double rate_per_s,
                      int64_t start_ns, uint64_t seed, unsigned worker, unsigned workers);
int64_t pp_arrivals_peek(const struct pp_arrivals *arrivals); /* intended start of the next, ns */
void pp_arrivals_advance(struct pp_arrivals *arrivals);

#endif
