/* Random numbers: xoshiro256++ (Blackman and Vigna 2019), its state filled by splitmix64 (Steele, Lea and
 * Flood 2014). Intended starts are computed from the beginning of the run, not from one another, so a
 * constant rate does not drift however long it lasts. */
#include "pace.h"

#include <math.h>

#include "clock.h"

static uint64_t scramble(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

static uint64_t splitmix(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return scramble(*state);
}

void pp_rng_seed(struct pp_rng *rng, uint64_t seed, uint64_t stream)
{
    /* Seed and stream are scrambled apart, so that neighbouring ones start far from each other. */
    uint64_t state = splitmix(&seed) ^ scramble(stream + UINT64_C(0x632be59bd9b4e019));
    for (int i = 0; i < 4; i++)
        rng->word[i] = splitmix(&state);
}

static uint64_t rotate(uint64_t bits, int by)
{
    return (bits << by) | (bits >> (64 - by));
}

uint64_t pp_rng_next(struct pp_rng *rng)
{
    uint64_t *word = rng->word;
    uint64_t result = rotate(word[0] + word[3], 23) + word[0];
    uint64_t kept = word[1] << 17;

    word[2] ^= word[0];
    word[3] ^= word[1];
    word[1] ^= word[2];
    word[0] ^= word[3];
    word[2] ^= kept;
    word[3] = rotate(word[3], 45);
    return result;
}

double pp_rng_unit(struct pp_rng *rng)
{
    return (double)(pp_rng_next(rng) >> 11) * 0x1p-53;
}

/* Mean 1; at most 53 ln 2 = 36.7, as the unit draw is below 1. */
static double draw_exponential(struct pp_rng *rng)
{
    return -log1p(-pp_rng_unit(rng));
}

/* To the nearest ns; below 0 is 0, and what no clock will ever reach (or is not a number) is INT64_MAX. */
static int64_t to_ns(double ns)
{
    if (!(ns < 0x1p62))
        return INT64_MAX;
    return ns > 0 ? (int64_t)(ns + 0.5) : 0;
}

static int64_t after(int64_t start_ns, double offset_s)
{
    int64_t offset_ns = to_ns(offset_s * (double)PP_NS_PER_S);
    return offset_ns > INT64_MAX - start_ns ? INT64_MAX : start_ns + offset_ns;
}

int64_t pp_think_draw(const struct pp_think *think, struct pp_rng *rng)
{
    switch (think->kind) {
    case PP_THINK_NONE:
        break;
    case PP_THINK_FIXED:
        return think->low_ns;
    case PP_THINK_UNIFORM:
        return think->low_ns + to_ns(pp_rng_unit(rng) * (double)(think->high_ns - think->low_ns));
    case PP_THINK_EXPONENTIAL:
        return to_ns(draw_exponential(rng) * (double)think->low_ns);
    }
    return 0;
}

/* Of one worker's stream, in seconds. */
static double draw_gap(struct pp_arrivals *arrivals)
{
    return draw_exponential(&arrivals->rng) * (double)arrivals->stride / arrivals->rate_per_s;
}

void pp_arrivals_init(struct pp_arrivals *arrivals, enum pp_arrival_kind kind, double rate_per_s,
                      int64_t start_ns, uint64_t seed, unsigned worker, unsigned workers)
{
    arrivals->kind = kind;
    arrivals->rate_per_s = rate_per_s;
    arrivals->start_ns = start_ns;
    arrivals->index = worker;
    arrivals->stride = workers;
    arrivals->offset_s = 0.0;
    pp_rng_seed(&arrivals->rng, seed, worker);
    if (kind == PP_ARRIVAL_POISSON)
        arrivals->offset_s = draw_gap(arrivals);
}

int64_t pp_arrivals_peek(const struct pp_arrivals *arrivals)
{
    if (arrivals->kind == PP_ARRIVAL_POISSON)
        return after(arrivals->start_ns, arrivals->offset_s);
    return after(arrivals->start_ns, (double)arrivals->index / arrivals->rate_per_s);
}

void pp_arrivals_advance(struct pp_arrivals *arrivals)
{
    arrivals->index += arrivals->stride;
    if (arrivals->kind == PP_ARRIVAL_POISSON)
        arrivals->offset_s += draw_gap(arrivals);
}
