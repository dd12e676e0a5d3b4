/* Writer's stores are plain loads and stores on relaxed atomics: with one writer no locked instruction is
 * needed. Memory comes from calloc and only what min and max span is ever visited, so an hour's range costs
 * the pages that were recorded into. */
#include "hist.h"

#include <math.h>
#include <stdlib.h>

#include "hist_layout.h"

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)
#define STORE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

/* log2 of half the smallest power of two that is at least 2 * 10^digits. */
static const int half_bits_of_digits[] = {0, 4, 7, 10, 14, 17};

static void set_empty(struct pp_hist *hist)
{
    STORE(hist->min_ns, INT64_MAX);
    STORE(hist->max_ns, -1);
    STORE(hist->total, 0);
    STORE(hist->sum_ns, 0.0);
    STORE(hist->square_ns2, 0.0);
}

enum pp_status pp_hist_new(int digits, int64_t max, struct pp_hist **out)
{
    if (digits < 1 || digits > 5 || max < 2 || max > HIST_VALUE_LIMIT)
        return PP_INVALID;
    int half_bits = half_bits_of_digits[digits];
    size_t length = hist_index(half_bits, max) + 1;
    struct pp_hist *hist = calloc(1, sizeof *hist + length * sizeof hist->counts[0]);
    if (!hist)
        return PP_NOMEM;
    hist->digits = digits;
    hist->half_bits = half_bits;
    hist->max = max;
    hist->length = length;
    set_empty(hist);
    *out = hist;
    return PP_OK;
}

void pp_hist_free(struct pp_hist *hist)
{
    free(hist);
}

/* To the nearest bucket unit. */
static int64_t unit_of(int64_t value_ns)
{
    return (int64_t)(((uint64_t)value_ns + HIST_NS / 2) / HIST_NS);
}

struct hist_range hist_touched(const struct pp_hist *hist)
{
    int64_t min_ns = LOAD(hist->min_ns), max_ns = LOAD(hist->max_ns);
    if (min_ns > max_ns)
        return (struct hist_range){0, 0};
    return (struct hist_range){hist_index(hist->half_bits, unit_of(min_ns)),
                               hist_index(hist->half_bits, unit_of(max_ns)) + 1};
}

void pp_hist_clear(struct pp_hist *hist)
{
    struct hist_range range = hist_touched(hist);
    for (size_t i = range.first; i < range.end; i++)
        STORE(hist->counts[i], 0);
    set_empty(hist);
}

static inline void add_count(struct pp_hist *hist, size_t index, uint64_t count)
{
    STORE(hist->counts[index], LOAD(hist->counts[index]) + count);
    STORE(hist->total, LOAD(hist->total) + count);
}

static inline void widen(struct pp_hist *hist, int64_t min_ns, int64_t max_ns)
{
    if (min_ns < LOAD(hist->min_ns))
        STORE(hist->min_ns, min_ns);
    if (max_ns > LOAD(hist->max_ns))
        STORE(hist->max_ns, max_ns);
}

static inline void add_moments(struct pp_hist *hist, double sum_ns, double square_ns2)
{
    STORE(hist->sum_ns, LOAD(hist->sum_ns) + sum_ns);
    STORE(hist->square_ns2, LOAD(hist->square_ns2) + square_ns2);
}

static inline int64_t hold(int64_t value, int64_t max)
{
    if (value < 0)
        return 0;
    return value > max ? max : value;
}

void pp_hist_record_ns(struct pp_hist *hist, int64_t value_ns)
{
    int64_t held_ns = hold(value_ns, hist->max * HIST_NS);
    double exact_ns = (double)held_ns;
    widen(hist, held_ns, held_ns);
    add_moments(hist, exact_ns, exact_ns * exact_ns);
    add_count(hist, hist_index(hist->half_bits, unit_of(held_ns)), 1);
}

void pp_hist_record_value(struct pp_hist *hist, int64_t value, uint64_t count)
{
    if (count == 0)
        return;
    int64_t held = hold(value, hist->max);
    double exact_ns = (double)held * HIST_NS, times = (double)count;
    widen(hist, held * HIST_NS, held * HIST_NS);
    add_moments(hist, exact_ns * times, exact_ns * exact_ns * times);
    add_count(hist, hist_index(hist->half_bits, held), count);
}

void hist_add_bucket(struct pp_hist *hist, size_t index, uint64_t count)
{
    int64_t low = hist_low(hist, index), highest = hold(hist_high(hist, index) - 1, hist->max);
    double middle_ns = ((double)low + (double)highest) / 2 * HIST_NS, times = (double)count;
    widen(hist, low * HIST_NS, highest * HIST_NS);
    add_moments(hist, middle_ns * times, middle_ns * middle_ns * times);
    add_count(hist, index, count);
}

enum pp_status pp_hist_merge(struct pp_hist *into, const struct pp_hist *from)
{
    if (into->digits != from->digits || into->max != from->max)
        return PP_INVALID;
    struct hist_range range = hist_touched(from);
    if (range.end == 0)
        return PP_OK;
    widen(into, LOAD(from->min_ns), LOAD(from->max_ns));
    add_moments(into, LOAD(from->sum_ns), LOAD(from->square_ns2));
    for (size_t i = range.first; i < range.end; i++) {
        uint64_t count = hist_get(from, i);
        if (count > 0)
            add_count(into, i, count);
    }
    return PP_OK;
}

enum pp_status pp_hist_copy(const struct pp_hist *from, struct pp_hist **out)
{
    struct pp_hist *copy = NULL;
    enum pp_status status = pp_hist_new(from->digits, from->max, &copy);
    if (status != PP_OK)
        return status;
    *out = copy;
    return pp_hist_merge(copy, from);
}

uint64_t pp_hist_count(const struct pp_hist *hist)
{
    return LOAD(hist->total);
}

void pp_hist_summary(const struct pp_hist *hist, struct pp_hist_summary *out)
{
    *out = (struct pp_hist_summary){.count = pp_hist_count(hist)};
    int64_t min_ns = LOAD(hist->min_ns), max_ns = LOAD(hist->max_ns);
    if (out->count == 0 || min_ns > max_ns)
        return;
    double n = (double)out->count;
    out->min_ns = min_ns;
    out->max_ns = max_ns;
    out->sum_ns = LOAD(hist->sum_ns);
    out->mean_ns = out->sum_ns / n;
    /* All alike: then rounding must not pass for spread. */
    if (out->count > 1 && min_ns < max_ns)
        out->stdev_ns = sqrt(fmax(0.0, (LOAD(hist->square_ns2) - out->mean_ns * out->sum_ns) / (n - 1)));
}

/* The bucket with the recording of that rank (1..count), and how many recordings lie before the bucket. While
 * the writer is at work the ranks may run out early: then the last bucket that was found. */
static size_t find_rank(const struct pp_hist *hist, uint64_t rank, uint64_t *before)
{
    struct hist_range range = hist_touched(hist);
    size_t found = range.first;
    uint64_t seen = 0;
    *before = 0;
    for (size_t i = range.first; i < range.end && seen < rank; i++) {
        uint64_t count = hist_get(hist, i);
        if (count == 0)
            continue;
        found = i;
        *before = seen;
        seen += count;
    }
    return found;
}

double pp_hist_quantile_ns(const struct pp_hist *hist, double q)
{
    struct pp_hist_summary summary;
    pp_hist_summary(hist, &summary);
    if (summary.count == 0)
        return 0.0;
    double min_ns = (double)summary.min_ns, max_ns = (double)summary.max_ns;
    uint64_t rank = hist_rank_of(q, summary.count), before;
    if (rank == 1)
        return min_ns;
    if (rank == summary.count)
        return max_ns;
    size_t index = find_rank(hist, rank, &before);
    double within_ns = hist_within_ns(hist_low_edge_ns(hist, index), hist_high_edge_ns(hist, index),
                                      rank - before, hist_get(hist, index));
    return fmin(fmax(within_ns, min_ns), max_ns);
}

void pp_hist_rank_edges_ns(const struct pp_hist *hist, uint64_t rank, double *low_ns, double *high_ns)
{
    uint64_t count = pp_hist_count(hist), before;
    *low_ns = *high_ns = 0.0;
    if (count == 0)
        return;
    size_t index = find_rank(hist, rank < 1 ? 1 : rank > count ? count : rank, &before);
    *low_ns = hist_low_edge_ns(hist, index);
    *high_ns = hist_high_edge_ns(hist, index);
}

uint64_t pp_hist_count_at_or_above_ns(const struct pp_hist *hist, int64_t value_ns)
{
    struct hist_range range = hist_touched(hist);
    uint64_t count = 0;
    for (size_t i = range.end; i > range.first && hist_low(hist, i - 1) * HIST_NS >= value_ns; i--)
        count += hist_get(hist, i - 1);
    return count;
}

void pp_hist_each(const struct pp_hist *hist, pp_hist_visit visit, void *context)
{
    struct hist_range range = hist_touched(hist);
    for (size_t i = range.first; i < range.end; i++) {
        uint64_t count = hist_get(hist, i);
        if (count > 0)
            visit(context, hist_low(hist, i), hist_high(hist, i), count);
    }
}
