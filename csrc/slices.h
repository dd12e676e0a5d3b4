/* Stretches of a measurement, for batches and timelines: counts, and the latencies of each.
 *
 * There are at most PP_SLICES_MAX. When time runs on, each ten neighbours become one and the width grows
 * tenfold. That depends on time alone, so slices of different workers line up and can be merged. The slice
 * being filled has a dense histogram, reused from slice to slice; the others keep theirs encoded, some
 * hundred bytes each.
 *
 * Threads: one owner at a time. */
#ifndef PP_SLICES_H
#define PP_SLICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hist.h"
#include "status.h"

#define PP_THRESHOLD_MAX 16
#define PP_SLICES_MAX 4000
#define PP_SLICE_DIGITS 2

/* slices.c's own: an encoded histogram, owned; no bytes when there is nothing in it. */
struct pp_pack {
    uint8_t *bytes;
    size_t length;
};

/* By completion. Failed requests count as at or above every threshold. */
struct pp_slice {
    uint64_t requests, errors, bytes;
    uint64_t over[PP_THRESHOLD_MAX];
    double latency_sum_ns, latency_square_ns; /* of good requests */
    bool lost; /* no memory to keep the latencies; the counts and sums above are whole */
    struct pp_pack pack;
};

struct pp_slices;

/* PP_INVALID: the width is not positive. */
PP_MUST_CHECK enum pp_status pp_slices_new(int64_t width_ns, struct pp_slices **out);
void pp_slices_free(struct pp_slices *slices); /* NULL is fine */

/* Before the first pp_slices_at. */
void pp_slices_begin(struct pp_slices *slices, int64_t start_ns);

/* The slice to count a completion at `moment_ns` in: for one out of order, the latest so far. Valid until the
 * next call. */
struct pp_slice *pp_slices_at(struct pp_slices *slices, int64_t moment_ns);
/* A latency of the slice that pp_slices_at gave last. */
void pp_slices_latency(struct pp_slices *slices, int64_t latency_ns);

/* No slice begins at or after `end_ns` (the first excepted): what was counted there goes to the last one
 * before, and so does everything from now on. */
void pp_slices_end(struct pp_slices *slices, int64_t end_ns);

/* Both ended; PP_INVALID when their widths were not the same to begin with. */
PP_MUST_CHECK enum pp_status pp_slices_merge(struct pp_slices *into, const struct pp_slices *from);

size_t pp_slices_count(const struct pp_slices *slices);
int64_t pp_slices_width(const struct pp_slices *slices);
const struct pp_slice *pp_slices_get(const struct pp_slices *slices, size_t index);
/* As pp_tally_slice_latency. */
PP_MUST_CHECK enum pp_status pp_slices_get_latency(const struct pp_slices *slices, size_t index,
                                                   struct pp_hist *into);

#endif
