#include "slices.h"

#include <stdlib.h>

#define GROW 10

/* `dense` holds the last slice's latencies while `open`, and then that slice has no pack; else it is empty
 * and serves for putting packs together. */
struct pp_slices {
    int64_t start_ns;
    int64_t first_width_ns, width_ns;
    int64_t until_ns; /* moments before this belong to the last slice, or to none yet */
    bool open;
    struct pp_hist *dense;
    size_t count;
    struct pp_slice slice[PP_SLICES_MAX];
};

enum pp_status pp_slices_new(int64_t width_ns, struct pp_slices **out)
{
    if (width_ns <= 0)
        return PP_INVALID;
    /* Room for all from the start, so that no count can be lost for want of memory later. Pages that are
     * never touched cost nothing. */
    struct pp_slices *slices = calloc(1, sizeof *slices);
    if (!slices)
        return PP_NOMEM;
    slices->first_width_ns = slices->width_ns = width_ns;
    slices->until_ns = INT64_MIN;
    enum pp_status status = pp_hist_new(PP_SLICE_DIGITS, PP_HIST_MAX_US, &slices->dense);
    if (status != PP_OK) {
        pp_slices_free(slices);
        return status;
    }
    *out = slices;
    return PP_OK;
}

void pp_slices_free(struct pp_slices *slices)
{
    if (!slices)
        return;
    for (size_t i = 0; i < slices->count; i++)
        free(slices->slice[i].pack);
    pp_hist_free(slices->dense);
    free(slices);
}

void pp_slices_begin(struct pp_slices *slices, int64_t start_ns)
{
    slices->start_ns = start_ns;
}

/* Moves the dense histogram into the slice's pack. */
static void pack_dense(struct pp_slices *slices, struct pp_slice *slice)
{
    free(slice->pack);
    slice->pack = NULL;
    slice->pack_length = 0;
    if (!slice->lost && pp_hist_count(slices->dense) > 0 &&
        pp_hist_encode(slices->dense, &slice->pack, &slice->pack_length) != PP_OK)
        slice->lost = true;
    pp_hist_clear(slices->dense);
}

/* Adds a slice's pack, if it has one, to the dense histogram. What we encoded cannot fail to decode. */
static void add_pack(struct pp_slices *slices, const struct pp_slice *slice)
{
    if (slice->pack && pp_hist_merge_encoded(slices->dense, slice->pack, slice->pack_length) != PP_OK)
        abort();
}

static void close_last(struct pp_slices *slices)
{
    if (slices->open)
        pack_dense(slices, &slices->slice[slices->count - 1]);
    slices->open = false;
}

static void open_last(struct pp_slices *slices)
{
    struct pp_slice *last = &slices->slice[slices->count - 1];
    add_pack(slices, last);
    free(last->pack);
    last->pack = NULL;
    last->pack_length = 0;
    slices->open = true;
}

/* All but the latencies, though whether those were lost. */
static void add_counts(struct pp_slice *into, const struct pp_slice *from)
{
    into->requests += from->requests;
    into->errors += from->errors;
    into->bytes += from->bytes;
    for (size_t i = 0; i < PP_THRESHOLD_MAX; i++)
        into->over[i] += from->over[i];
    into->latency_sum_ns += from->latency_sum_ns;
    into->latency_square_ns += from->latency_square_ns;
    into->lost = into->lost || from->lost;
}

/* Makes slice `to` of the slices first..end-1 (to <= first), which are empty afterwards. None is open. */
static void fold(struct pp_slices *slices, size_t to, size_t first, size_t end)
{
    struct pp_slice sum = {0};
    for (size_t i = first; i < end; i++) {
        struct pp_slice *slice = &slices->slice[i];
        add_counts(&sum, slice);
        add_pack(slices, slice);
        free(slice->pack);
        *slice = (struct pp_slice){0};
    }
    pack_dense(slices, &sum);
    slices->slice[to] = sum;
}

static void coarsen(struct pp_slices *slices)
{
    size_t count = (slices->count + GROW - 1) / GROW;
    for (size_t to = 0; to < count; to++) {
        size_t first = to * GROW, end = first + GROW;
        fold(slices, to, first, end < slices->count ? end : slices->count);
    }
    slices->count = count;
    slices->width_ns *= GROW;
}

static size_t index_of(const struct pp_slices *slices, int64_t moment_ns)
{
    return moment_ns <= slices->start_ns ? 0 : (size_t)((moment_ns - slices->start_ns) / slices->width_ns);
}

/* Makes the slice of that moment the last and open one; it is not before the last so far. */
static void turn_to(struct pp_slices *slices, int64_t moment_ns)
{
    close_last(slices);
    while (index_of(slices, moment_ns) >= PP_SLICES_MAX)
        coarsen(slices);
    slices->count = index_of(slices, moment_ns) + 1;
    slices->until_ns = slices->start_ns + (int64_t)slices->count * slices->width_ns;
    open_last(slices);
}

struct pp_slice *pp_slices_at(struct pp_slices *slices, int64_t moment_ns)
{
    if (moment_ns >= slices->until_ns)
        turn_to(slices, moment_ns);
    return &slices->slice[slices->count - 1];
}

void pp_slices_latency(struct pp_slices *slices, int64_t latency_ns)
{
    struct pp_slice *last = &slices->slice[slices->count - 1];
    last->latency_sum_ns += (double)latency_ns;
    last->latency_square_ns += (double)latency_ns * (double)latency_ns;
    pp_hist_record_ns(slices->dense, latency_ns);
}

void pp_slices_end(struct pp_slices *slices, int64_t end_ns)
{
    int64_t last_ns = end_ns > slices->start_ns ? end_ns - 1 : slices->start_ns;
    if (last_ns >= slices->until_ns) {
        turn_to(slices, last_ns);
    } else if (index_of(slices, last_ns) + 1 < slices->count) {
        size_t last = index_of(slices, last_ns);
        close_last(slices);
        fold(slices, last, last, slices->count);
        slices->count = last + 1;
        open_last(slices);
    }
    slices->until_ns = INT64_MAX;
}

/* Adds slice `index` of `from` to slice `to` of `into`, whose last slice is not open. */
static void merge_slice(struct pp_slices *into, size_t to, const struct pp_slices *from, size_t index)
{
    struct pp_slice *slice = &into->slice[to];
    add_counts(slice, &from->slice[index]);
    add_pack(into, slice);
    if (pp_slices_get_latency(from, index, into->dense) != PP_OK)
        slice->lost = true;
    pack_dense(into, slice);
}

enum pp_status pp_slices_merge(struct pp_slices *into, const struct pp_slices *from)
{
    if (into->first_width_ns != from->first_width_ns)
        return PP_INVALID;
    close_last(into);
    while (into->width_ns < from->width_ns)
        coarsen(into);
    size_t ratio = (size_t)(into->width_ns / from->width_ns);
    for (size_t i = 0; i < from->count; i++)
        merge_slice(into, i / ratio, from, i);
    size_t needed = (from->count + ratio - 1) / ratio;
    if (into->count < needed)
        into->count = needed;
    return PP_OK;
}

size_t pp_slices_count(const struct pp_slices *slices)
{
    return slices->count;
}

int64_t pp_slices_width(const struct pp_slices *slices)
{
    return slices->width_ns;
}

const struct pp_slice *pp_slices_get(const struct pp_slices *slices, size_t index)
{
    return &slices->slice[index];
}

enum pp_status pp_slices_get_latency(const struct pp_slices *slices, size_t index, struct pp_hist *into)
{
    const struct pp_slice *slice = &slices->slice[index];
    if (slice->lost)
        return PP_NOMEM;
    if (slices->open && index == slices->count - 1)
        return pp_hist_merge(into, slices->dense);
    return slice->pack ? pp_hist_merge_encoded(into, slice->pack, slice->pack_length) : PP_OK;
}
