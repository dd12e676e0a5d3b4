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
    /* What ten slices will hold when they become one, as far as it is known: made as each ten fill up, for
     * all at once would hold up the requests of that moment by several milliseconds. */
    struct pp_pack ten[PP_SLICES_MAX / GROW];
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

static void drop(struct pp_pack *pack)
{
    free(pack->bytes);
    *pack = (struct pp_pack){0};
}

static void drop_tens(struct pp_slices *slices)
{
    for (size_t i = 0; i < (slices->count + GROW - 1) / GROW; i++)
        drop(&slices->ten[i]);
}

void pp_slices_free(struct pp_slices *slices)
{
    if (!slices)
        return;
    drop_tens(slices);
    for (size_t i = 0; i < slices->count; i++)
        drop(&slices->slice[i].pack);
    pp_hist_free(slices->dense);
    free(slices);
}

void pp_slices_begin(struct pp_slices *slices, int64_t start_ns)
{
    slices->start_ns = start_ns;
}

/* Moves the dense histogram into the pack. False: there was no memory. */
static bool pack_dense(struct pp_slices *slices, struct pp_pack *pack)
{
    bool packed = true;
    drop(pack);
    if (pp_hist_count(slices->dense) > 0)
        packed = pp_hist_encode(slices->dense, &pack->bytes, &pack->length) == PP_OK;
    pp_hist_clear(slices->dense);
    return packed;
}

/* Of a slice that lost latencies the rest is not kept: a part would pass for the whole. */
static void pack_slice(struct pp_slices *slices, struct pp_slice *slice)
{
    if (slice->lost)
        pp_hist_clear(slices->dense);
    if (!pack_dense(slices, &slice->pack))
        slice->lost = true;
}

/* Adds a pack, if there is one, to the dense histogram. What we encoded cannot fail to decode. */
static void add_pack(struct pp_slices *slices, const struct pp_pack *pack)
{
    if (pack->bytes && pp_hist_merge_encoded(slices->dense, pack->bytes, pack->length) != PP_OK)
        abort();
}

/* Once the last of ten is closed. Without memory it is done, or given up, when they become one. */
static void pack_ten(struct pp_slices *slices, size_t ten)
{
    for (size_t i = ten * GROW; i < (ten + 1) * GROW; i++)
        add_pack(slices, &slices->slice[i].pack);
    (void)pack_dense(slices, &slices->ten[ten]);
}

static void close_last(struct pp_slices *slices)
{
    if (!slices->open)
        return;
    pack_slice(slices, &slices->slice[slices->count - 1]);
    slices->open = false;
    if (slices->count % GROW == 0)
        pack_ten(slices, slices->count / GROW - 1);
}

static void open_last(struct pp_slices *slices)
{
    struct pp_slice *last = &slices->slice[slices->count - 1];
    add_pack(slices, &last->pack);
    drop(&last->pack);
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

/* Makes slice `to` of the slices first..end-1 (to <= first), which are empty afterwards. None is open.
 * `ready` (taken): their latencies together, unless it is empty. */
static void fold(struct pp_slices *slices, size_t to, size_t first, size_t end, struct pp_pack *ready)
{
    struct pp_slice sum = {0};
    for (size_t i = first; i < end; i++) {
        struct pp_slice *slice = &slices->slice[i];
        add_counts(&sum, slice);
        if (!ready->bytes)
            add_pack(slices, &slice->pack);
        drop(&slice->pack);
        *slice = (struct pp_slice){0};
    }
    if (ready->bytes && !sum.lost) {
        sum.pack = *ready;
        *ready = (struct pp_pack){0};
    } else {
        pack_slice(slices, &sum);
        drop(ready);
    }
    slices->slice[to] = sum;
}

static void coarsen(struct pp_slices *slices)
{
    size_t count = (slices->count + GROW - 1) / GROW;
    for (size_t to = 0; to < count; to++) {
        size_t first = to * GROW, end = first + GROW;
        fold(slices, to, first, end < slices->count ? end : slices->count, &slices->ten[to]);
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
        struct pp_pack unknown = {0};
        close_last(slices);
        drop_tens(slices);
        fold(slices, last, last, slices->count, &unknown);
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
    add_pack(into, &slice->pack);
    if (pp_slices_get_latency(from, index, into->dense) != PP_OK)
        slice->lost = true;
    pack_slice(into, slice);
}

enum pp_status pp_slices_merge(struct pp_slices *into, const struct pp_slices *from)
{
    if (into->first_width_ns != from->first_width_ns)
        return PP_INVALID;
    close_last(into);
    drop_tens(into);
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
    return slice->pack.bytes ? pp_hist_merge_encoded(into, slice->pack.bytes, slice->pack.length) : PP_OK;
}
