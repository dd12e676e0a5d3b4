/* Quantiles of weighted sums of histograms: for resampling whole blocks of a measurement, thousands of times.
 * The parts are laid out once, by bucket; a quantile of a sum is then a search of some dozen steps, and no
 * histogram is added up. */
#ifndef PP_HIST_SUMS_H
#define PP_HIST_SUMS_H

#include "hist.h"

struct pp_hist_sums;

/* Borrows `parts` for the call only, `count` of them, at least one, none being written to. PP_INVALID when
 * their layouts differ. *out is owned by the caller, free with pp_hist_sums_free (NULL is fine). */
PP_MUST_CHECK enum pp_status pp_hist_sums_new(const struct pp_hist *const *parts, size_t count,
                                              struct pp_hist_sums **out);
void pp_hist_sums_free(struct pp_hist_sums *sums);

/* The q-quantile (0..1), in nanoseconds, of the sum in which part i counts times[i] times: as
 * pp_hist_quantile_ns of the added-up histogram, but that the ends are those of their buckets. 0 when the sum
 * is empty. */
double pp_hist_sums_quantile_ns(const struct pp_hist_sums *sums, const uint32_t *times, double q);

#endif
