/* HDR histogram: counts of int64_t values in log-linear buckets, 1 unit to max with a fixed number
 * of significant decimal digits. The only place that knows the bucket layout, which is that of
 * HdrHistogram (lowest discernible value 1), so that V2 encodings interchange.
 *
 * Threads: one writer. Counts are relaxed atomics, so any thread may read (copy, merge, quantile)
 * while the writer records: such a reader sees every count of some recent moment, but for the
 * few recordings in progress. Exact once the writer is done.
 *
 * Time series are recorded in nanoseconds with pp_hist_record_ns: the buckets hold microseconds
 * (rounded to nearest), while min, max, sum and sum of squares keep the exact nanoseconds. */
#ifndef PP_HIST_H
#define PP_HIST_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct pp_hist;

#define PP_HIST_DIGITS 3
#define PP_HIST_MAX_US INT64_C(3600000000) /* an hour */

/* digits 1..5, max 2 to INT64_MAX / 1000; else PP_INVALID. *out is owned by the caller, free with
 * pp_hist_free (NULL is fine). */
PP_MUST_CHECK enum pp_status pp_hist_new(int digits, int64_t max, struct pp_hist **out);
void pp_hist_free(struct pp_hist *hist);
void pp_hist_clear(struct pp_hist *hist);

/* Writer only. Values below 0 count as 0 and above max as max: never dropped. */
void pp_hist_record_ns(struct pp_hist *hist, int64_t value_ns);
/* Adds `count` at `value` (in bucket units). For decoded and derived histograms. */
void pp_hist_record_value(struct pp_hist *hist, int64_t value, uint64_t count);

/* Adds all of `from` (any thread's) to `into` (the caller's). PP_INVALID when layouts differ. */
PP_MUST_CHECK enum pp_status pp_hist_merge(struct pp_hist *into, const struct pp_hist *from);
/* A histogram of the same layout that holds all of `from` (any thread's). *out is owned by the caller. */
PP_MUST_CHECK enum pp_status pp_hist_copy(const struct pp_hist *from, struct pp_hist **out);

struct pp_hist_summary {
    uint64_t count;
    int64_t min_ns, max_ns;   /* 0 when empty */
    double mean_ns, stdev_ns; /* of the exact values; stdev is the sample's (n - 1) */
    double sum_ns;
};
void pp_hist_summary(const struct pp_hist *hist, struct pp_hist_summary *out);
uint64_t pp_hist_count(const struct pp_hist *hist);

/* The q-quantile (0..1) in nanoseconds: the value at rank ceil(q * n), placed within its bucket by
 * linear interpolation of the rank and held within [min, max]. 0 when empty. */
double pp_hist_quantile_ns(const struct pp_hist *hist, double q);

/* The value of the k-th smallest recording (1-based), as the edges [low, high) of its bucket in ns:
 * for intervals by order statistics, widened to what the histogram can tell apart. */
void pp_hist_rank_edges_ns(const struct pp_hist *hist, uint64_t rank, double *low_ns, double *high_ns);

/* Recordings whose bucket's lowest value is at or above the given one (bucket resolution). */
uint64_t pp_hist_count_at_or_above_ns(const struct pp_hist *hist, int64_t value_ns);

/* Visits non-empty buckets in rising order: [low, high) in bucket units and their count. */
typedef void (*pp_hist_visit)(void *context, int64_t low, int64_t high, uint64_t count);
void pp_hist_each(const struct pp_hist *hist, pp_hist_visit visit, void *context);

/* HdrHistogram V2 encoding, uncompressed (cookie 0x1c849303 | 0x10, 40-byte header, ZigZag LEB128 with
 * runs of zeros as negatives). *bytes is owned by the caller (free). Deflating it, with the outer
 * compression cookie, and base64 are the caller's: they need no bucket layout. */
PP_MUST_CHECK enum pp_status pp_hist_encode(const struct pp_hist *hist, uint8_t **bytes, size_t *length);
/* The inverse; PP_INVALID for anything malformed, and never reads outside [bytes, bytes+length).
 * Min, max, mean and stdev of a decoded histogram are those of its buckets. */
PP_MUST_CHECK enum pp_status pp_hist_decode(const uint8_t *bytes, size_t length, struct pp_hist **out);
/* Adds an encoded histogram of the same layout without allocating. On PP_INVALID a part may have been added.
 */
PP_MUST_CHECK enum pp_status pp_hist_merge_encoded(struct pp_hist *into, const uint8_t *bytes, size_t length);

#endif
