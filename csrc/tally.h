/* What one worker counted: histograms, error and status counts, and time slices.
 *
 * Threads: recorded by its worker only. Counters and histograms are relaxed atomics, so pp_tally_peek may
 * read them from any thread while the worker goes on undisturbed. Slices are the worker's until it has
 * ended; after that (join) everything may be merged and read. */
#ifndef PP_TALLY_H
#define PP_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "hist.h"
#include "sample.h"
#include "slices.h"
#include "status.h"

enum pp_series {
    PP_SERIES_LATENCY = 0,    /* intended start to last byte, of good requests */
    PP_SERIES_LATENCY_ERRORS, /* the same of failed ones: latency is kept by outcome */
    PP_SERIES_SERVICE,        /* actual send to last byte, of good requests */
    PP_SERIES_DNS,
    PP_SERIES_CONNECT,
    PP_SERIES_TLS,
    PP_SERIES_SEND,    /* first byte sent to last byte sent */
    PP_SERIES_WAIT,    /* last byte sent to first byte received */
    PP_SERIES_RECEIVE, /* first to last byte received */
    PP_SERIES_DELAY,   /* the client's own: last byte at this host to seen by this process (stamped only) */
    PP_SERIES_LATE,    /* the client's own: intended to actual start, of all that did start */
    PP_SERIES_COUNT
};
const char *pp_series_name(enum pp_series series);

#define PP_STATUS_SLOTS 600 /* status codes 0..599; others are counted under 0 */

struct pp_tally_plan {
    int64_t threshold_ns[PP_THRESHOLD_MAX]; /* latency limits, for exact counts at or above each */
    size_t thresholds;
    int64_t slice_ns; /* width of a slice to begin with */
};

struct pp_tally;

PP_MUST_CHECK enum pp_status pp_tally_new(const struct pp_tally_plan *plan, struct pp_tally **out);
void pp_tally_free(struct pp_tally *tally);

/* Measured time runs from here; slices are laid from it. Before the first recording. */
void pp_tally_begin(struct pp_tally *tally, int64_t start_ns);
void pp_tally_record(struct pp_tally *tally, const struct pp_sample *sample);
/* The measurement ended at `end_ns`, of which the last slice begins before; what is recorded later (or was,
 * of requests still in flight then) counts there. */
void pp_tally_end(struct pp_tally *tally, int64_t end_ns);

struct pp_totals {
    uint64_t requests, ok, errors, bytes, reused, stamped, resent;
    uint64_t by_error[PP_ERROR_COUNT];
    uint64_t by_status[PP_STATUS_SLOTS];
    uint64_t over[PP_THRESHOLD_MAX];
};
/* Any thread. requests == ok + errors holds in every answer. */
void pp_tally_totals(const struct pp_tally *tally, struct pp_totals *out);
const struct pp_hist *pp_tally_hist(const struct pp_tally *tally, enum pp_series series);

/* After the workers have ended. PP_INVALID when the two were not made from the same plan. */
PP_MUST_CHECK enum pp_status pp_tally_merge(struct pp_tally *into, const struct pp_tally *from);
size_t pp_tally_slices(const struct pp_tally *tally);
int64_t pp_tally_slice_ns(const struct pp_tally *tally); /* may have grown tenfold: see slices.h */
const struct pp_slice *pp_tally_slice(const struct pp_tally *tally, size_t index);
/* Adds the latencies of a slice's good requests to `into` (PP_SLICE_DIGITS, PP_HIST_MAX_US). PP_NOMEM when
 * there was no room to keep them (the slice's `lost`). */
PP_MUST_CHECK enum pp_status pp_tally_slice_latency(const struct pp_tally *tally, size_t index,
                                                    struct pp_hist *into);

#endif
