/* Private to hist.c, hist_encode.c and hist_sums.c: the bucket layout of HdrHistogram with lowest discernible
 * value 1.
 *
 * Values below 2 * half (half: a power of two, at least 10^digits) have a count each. Each doubling above has
 * `half` counts, twice as wide as those before. Counts end with the one that holds `max`. */
#ifndef PP_HIST_LAYOUT_H
#define PP_HIST_LAYOUT_H

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hist.h"

#define HIST_NS 1000 /* of a bucket unit */
/* 292 years in µs: the most whose nanoseconds still fit. */
#define HIST_VALUE_LIMIT (INT64_MAX / HIST_NS)

/* The layout never changes; all else is the writer's, and relaxed atomics for readers on other threads. */
struct pp_hist {
    int digits;
    int half_bits; /* log2 of half */
    int64_t max;
    size_t length; /* of counts */
    _Atomic uint64_t total;
    _Atomic int64_t min_ns, max_ns; /* min above max: empty */
    _Atomic double sum_ns, square_ns2;
    _Atomic uint64_t counts[];
};

/* Value 0..max. */
static inline size_t hist_index(int half_bits, int64_t value)
{
    uint64_t single = (UINT64_C(2) << half_bits) - 1; /* values up to here have a count each */
    int shift = 63 - __builtin_clzll((uint64_t)value | single) - half_bits;
    return ((size_t)shift << half_bits) + (size_t)(value >> shift);
}

/* Of the count at `index`, log2. */
static inline int hist_width_bits(const struct pp_hist *hist, size_t index)
{
    size_t doubling = index >> hist->half_bits;
    return doubling == 0 ? 0 : (int)doubling - 1;
}

static inline int64_t hist_low(const struct pp_hist *hist, size_t index)
{
    int shift = hist_width_bits(hist, index);
    return (int64_t)(index - ((size_t)shift << hist->half_bits)) << shift;
}

/* One past the highest value of the count at `index`. */
static inline int64_t hist_high(const struct pp_hist *hist, size_t index)
{
    return hist_low(hist, index) + (INT64_C(1) << hist_width_bits(hist, index));
}

static inline uint64_t hist_get(const struct pp_hist *hist, size_t index)
{
    return atomic_load_explicit(&hist->counts[index], memory_order_relaxed);
}

/* What a bucket may hold, in ns: recording rounds to the nearest unit, so it begins half a unit early. */
static inline double hist_low_edge_ns(const struct pp_hist *hist, size_t index)
{
    return fmax(0.0, ((double)hist_low(hist, index) - 0.5) * HIST_NS);
}

static inline double hist_high_edge_ns(const struct pp_hist *hist, size_t index)
{
    return ((double)hist_high(hist, index) - 0.5) * HIST_NS;
}

/* The rank of the q-quantile of n recordings: ceil(q n), without counting one too many when q n should be
 * whole but for the last bit of the product. */
static inline uint64_t hist_rank_of(double q, uint64_t n)
{
    if (!(q > 0.0))
        return 1;
    double rank = ceil(q * (double)n * (1.0 - 4 * DBL_EPSILON));
    return rank >= (double)n ? n : (uint64_t)fmax(rank, 1.0);
}

/* Where the k-th (1-based) of the `count` recordings between two edges stands: in the middle of its share. */
static inline double hist_within_ns(double low_ns, double high_ns, uint64_t k, uint64_t count)
{
    return low_ns + (high_ns - low_ns) * (((double)k - 0.5) / fmax(1.0, (double)count));
}

/* Indices from first up to but not including end may be non-zero. */
struct hist_range {
    size_t first, end;
};
struct hist_range hist_touched(const struct pp_hist *hist);

/* Adds `count` (not 0) at an index whose exact values are not known: as its middle for the mean, its lowest
 * and highest for min and max. Writer only. */
void hist_add_bucket(struct pp_hist *hist, size_t index, uint64_t count);

#endif
