#include "tally.h"

#include <stdatomic.h>
#include <stdlib.h>

/* The histograms and the slices are the tally's own. Counters are written by one thread, so a relaxed load
 * and store does; the plan never changes. */
struct pp_tally {
    struct pp_tally_plan plan;
    struct pp_hist *hist[PP_SERIES_COUNT];
    struct pp_slices *slices;
    _Atomic uint64_t bytes, reused, stamped, resent;
    _Atomic uint64_t by_error[PP_ERROR_COUNT]; /* the good ones under PP_ERROR_NONE */
    _Atomic uint64_t by_status[PP_STATUS_SLOTS];
    _Atomic uint64_t over[PP_THRESHOLD_MAX];
};

static const char *const series_names[PP_SERIES_COUNT] = {
    [PP_SERIES_LATENCY] = "latency", [PP_SERIES_LATENCY_ERRORS] = "latency_errors",
    [PP_SERIES_SERVICE] = "service", [PP_SERIES_DNS] = "dns",
    [PP_SERIES_CONNECT] = "connect", [PP_SERIES_TLS] = "tls",
    [PP_SERIES_SEND] = "send",       [PP_SERIES_WAIT] = "wait",
    [PP_SERIES_RECEIVE] = "receive", [PP_SERIES_DELAY] = "delay",
    [PP_SERIES_LATE] = "late",
};

const char *pp_series_name(enum pp_series series)
{
    size_t index = (size_t)series;
    return index < PP_SERIES_COUNT ? series_names[index] : "unknown";
}

enum pp_status pp_tally_new(const struct pp_tally_plan *plan, struct pp_tally **out)
{
    if (plan->thresholds > PP_THRESHOLD_MAX)
        return PP_INVALID;
    struct pp_tally *tally = calloc(1, sizeof *tally);
    if (!tally)
        return PP_NOMEM;
    tally->plan = *plan;
    enum pp_status status = pp_slices_new(plan->slice_ns, &tally->slices);
    for (size_t i = 0; i < PP_SERIES_COUNT && status == PP_OK; i++)
        status = pp_hist_new(PP_HIST_DIGITS, PP_HIST_MAX_US, &tally->hist[i]);
    if (status != PP_OK) {
        pp_tally_free(tally);
        return status;
    }
    *out = tally;
    return PP_OK;
}

void pp_tally_free(struct pp_tally *tally)
{
    if (!tally)
        return;
    for (size_t i = 0; i < PP_SERIES_COUNT; i++)
        pp_hist_free(tally->hist[i]);
    pp_slices_free(tally->slices);
    free(tally);
}

void pp_tally_begin(struct pp_tally *tally, int64_t start_ns)
{
    pp_slices_begin(tally->slices, start_ns);
}

void pp_tally_end(struct pp_tally *tally, int64_t end_ns)
{
    pp_slices_end(tally->slices, end_ns);
}

static inline uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static inline void add(_Atomic uint64_t *counter, uint64_t count)
{
    atomic_store_explicit(counter, get(counter) + count, memory_order_relaxed);
}

#define NO_SPAN (-1)

/* Between two moments, NO_SPAN unless both came. A stamp of the kernel's may lie before a reading of our own
 * that came first in truth (an answer on loopback arrives within send): that is no time at all, not less. */
static inline int64_t span(int64_t from_ns, int64_t to_ns)
{
    if (from_ns == 0 || to_ns == 0)
        return NO_SPAN;
    return to_ns > from_ns ? to_ns - from_ns : 0;
}

static inline void record(struct pp_tally *tally, enum pp_series series, int64_t span_ns)
{
    if (span_ns >= 0)
        pp_hist_record_ns(tally->hist[series], span_ns);
}

static void record_series(struct pp_tally *tally, const struct pp_sample *sample, int64_t latency_ns)
{
    record(tally, PP_SERIES_LATE, span(sample->intended_ns, sample->start_ns));
    record(tally, PP_SERIES_DNS, sample->dns_ns);
    record(tally, PP_SERIES_CONNECT, sample->connect_ns);
    record(tally, PP_SERIES_TLS, sample->tls_ns);
    if (sample->stamped)
        record(tally, PP_SERIES_DELAY, span(sample->end_ns, sample->seen_ns));
    if (sample->error != PP_ERROR_NONE) {
        record(tally, PP_SERIES_LATENCY_ERRORS, latency_ns);
        return;
    }
    record(tally, PP_SERIES_LATENCY, latency_ns);
    record(tally, PP_SERIES_SERVICE, span(sample->sent_ns, sample->end_ns));
    record(tally, PP_SERIES_SEND, span(sample->sent_ns, sample->sent_end_ns));
    record(tally, PP_SERIES_WAIT, span(sample->sent_end_ns, sample->first_ns));
    record(tally, PP_SERIES_RECEIVE, span(sample->first_ns, sample->end_ns));
}

static void count_totals(struct pp_tally *tally, const struct pp_sample *sample)
{
    size_t status = sample->status > 0 && sample->status < PP_STATUS_SLOTS ? (size_t)sample->status : 0;
    size_t error = (size_t)sample->error < PP_ERROR_COUNT ? (size_t)sample->error : PP_ERROR_OTHER;
    add(&tally->by_error[error], 1);
    add(&tally->by_status[status], 1);
    add(&tally->bytes, sample->bytes);
    if (sample->reused)
        add(&tally->reused, 1);
    if (sample->stamped)
        add(&tally->stamped, 1);
    if (sample->resent > 0)
        add(&tally->resent, sample->resent);
}

void pp_tally_record(struct pp_tally *tally, const struct pp_sample *sample)
{
    bool good = sample->error == PP_ERROR_NONE;
    int64_t latency_ns = span(sample->intended_ns, sample->end_ns);
    struct pp_slice *slice = pp_slices_at(tally->slices, sample->end_ns);

    count_totals(tally, sample);
    slice->requests++;
    slice->errors += !good;
    slice->bytes += sample->bytes;
    for (size_t i = 0; i < tally->plan.thresholds; i++) {
        if (!good || latency_ns >= tally->plan.threshold_ns[i]) {
            add(&tally->over[i], 1);
            slice->over[i]++;
        }
    }
    if (good && latency_ns >= 0)
        pp_slices_latency(tally->slices, latency_ns);
    record_series(tally, sample, latency_ns);
}

/* The worker may be between two counters: what must agree is derived here instead of being read. */
void pp_tally_totals(const struct pp_tally *tally, struct pp_totals *out)
{
    out->bytes = get(&tally->bytes);
    out->reused = get(&tally->reused);
    out->stamped = get(&tally->stamped);
    out->resent = get(&tally->resent);
    for (size_t i = 0; i < PP_STATUS_SLOTS; i++)
        out->by_status[i] = get(&tally->by_status[i]);
    out->errors = 0;
    for (size_t i = 0; i < PP_ERROR_COUNT; i++) {
        out->by_error[i] = get(&tally->by_error[i]);
        if (i != PP_ERROR_NONE)
            out->errors += out->by_error[i];
    }
    out->ok = out->by_error[PP_ERROR_NONE];
    out->requests = out->ok + out->errors;
    for (size_t i = 0; i < PP_THRESHOLD_MAX; i++) {
        uint64_t over = get(&tally->over[i]);
        out->over[i] = over < out->requests ? over : out->requests;
    }
}

const struct pp_hist *pp_tally_hist(const struct pp_tally *tally, enum pp_series series)
{
    return tally->hist[series];
}

static bool same_plan(const struct pp_tally_plan *one, const struct pp_tally_plan *other)
{
    if (one->thresholds != other->thresholds || one->slice_ns != other->slice_ns)
        return false;
    for (size_t i = 0; i < one->thresholds; i++)
        if (one->threshold_ns[i] != other->threshold_ns[i])
            return false;
    return true;
}

static void add_all(_Atomic uint64_t *into, const _Atomic uint64_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(&into[i], get(&from[i]));
}

enum pp_status pp_tally_merge(struct pp_tally *into, const struct pp_tally *from)
{
    if (!same_plan(&into->plan, &from->plan))
        return PP_INVALID;
    enum pp_status status = pp_slices_merge(into->slices, from->slices);
    for (size_t i = 0; i < PP_SERIES_COUNT && status == PP_OK; i++)
        status = pp_hist_merge(into->hist[i], from->hist[i]);
    if (status != PP_OK)
        return status;
    add(&into->bytes, get(&from->bytes));
    add(&into->reused, get(&from->reused));
    add(&into->stamped, get(&from->stamped));
    add(&into->resent, get(&from->resent));
    add_all(into->by_error, from->by_error, PP_ERROR_COUNT);
    add_all(into->by_status, from->by_status, PP_STATUS_SLOTS);
    add_all(into->over, from->over, PP_THRESHOLD_MAX);
    return PP_OK;
}

size_t pp_tally_slices(const struct pp_tally *tally)
{
    return pp_slices_count(tally->slices);
}

int64_t pp_tally_slice_ns(const struct pp_tally *tally)
{
    return pp_slices_width(tally->slices);
}

const struct pp_slice *pp_tally_slice(const struct pp_tally *tally, size_t index)
{
    return pp_slices_get(tally->slices, index);
}

enum pp_status pp_tally_slice_latency(const struct pp_tally *tally, size_t index, struct pp_hist *into)
{
    return pp_slices_get_latency(tally->slices, index, into);
}
