/* A row for each bucket that any part has touched; in it, for each part, how many of its recordings lie in
 * this bucket or a lower one. The count of a sum up to a bucket is then one product of a row with the
 * weights. */
#include "hist_sums.h"

#include <stdlib.h>
#include <string.h>

#include "hist_layout.h"

struct pp_hist_sums {
    size_t parts, rows;
    double *low_ns, *high_ns; /* edges of each row's bucket */
    uint64_t *upto;           /* rows x parts */
};

void pp_hist_sums_free(struct pp_hist_sums *sums)
{
    if (!sums)
        return;
    free(sums->low_ns);
    free(sums->high_ns);
    free(sums->upto);
    free(sums);
}

static bool alike(const struct pp_hist *const *parts, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (parts[i]->digits != parts[0]->digits || parts[i]->max != parts[0]->max)
            return false;
    return count > 0;
}

static struct hist_range touched_by_any(const struct pp_hist *const *parts, size_t count)
{
    struct hist_range all = {SIZE_MAX, 0};
    for (size_t i = 0; i < count; i++) {
        struct hist_range one = hist_touched(parts[i]);
        if (one.end == 0)
            continue;
        all.first = one.first < all.first ? one.first : all.first;
        all.end = one.end > all.end ? one.end : all.end;
    }
    return all.end == 0 ? (struct hist_range){0, 0} : all;
}

static bool empty_in_all(const struct pp_hist *const *parts, size_t count, size_t index)
{
    for (size_t i = 0; i < count; i++)
        if (hist_get(parts[i], index) > 0)
            return false;
    return true;
}

static size_t count_rows(const struct pp_hist *const *parts, size_t count, struct hist_range range)
{
    size_t rows = 0;
    for (size_t index = range.first; index < range.end; index++)
        rows += !empty_in_all(parts, count, index);
    return rows;
}

static void fill(struct pp_hist_sums *sums, const struct pp_hist *const *parts, struct hist_range range)
{
    size_t row = 0;
    for (size_t index = range.first; index < range.end; index++) {
        if (empty_in_all(parts, sums->parts, index))
            continue;
        uint64_t *upto = sums->upto + row * sums->parts;
        if (row > 0)
            memcpy(upto, upto - sums->parts, sums->parts * sizeof *upto);
        for (size_t i = 0; i < sums->parts; i++)
            upto[i] += hist_get(parts[i], index);
        sums->low_ns[row] = hist_low_edge_ns(parts[0], index);
        sums->high_ns[row] = hist_high_edge_ns(parts[0], index);
        row++;
    }
}

enum pp_status pp_hist_sums_new(const struct pp_hist *const *parts, size_t count, struct pp_hist_sums **out)
{
    if (!alike(parts, count))
        return PP_INVALID;
    struct pp_hist_sums *sums = calloc(1, sizeof *sums);
    if (!sums)
        return PP_NOMEM;
    struct hist_range range = touched_by_any(parts, count);
    sums->parts = count;
    sums->rows = count_rows(parts, count, range);
    /* Never of size 0, for which NULL would be a fine answer. */
    sums->low_ns = calloc(sums->rows + 1, sizeof *sums->low_ns);
    sums->high_ns = calloc(sums->rows + 1, sizeof *sums->high_ns);
    sums->upto = calloc((sums->rows + 1) * count, sizeof *sums->upto);
    if (!sums->low_ns || !sums->high_ns || !sums->upto) {
        pp_hist_sums_free(sums);
        return PP_NOMEM;
    }
    fill(sums, parts, range);
    *out = sums;
    return PP_OK;
}

static uint64_t sum_upto(const struct pp_hist_sums *sums, size_t row, const uint32_t *times)
{
    const uint64_t *upto = sums->upto + row * sums->parts;
    uint64_t sum = 0;
    for (size_t i = 0; i < sums->parts; i++)
        sum += upto[i] * times[i];
    return sum;
}

/* The first row up to which there are at least `rank` (1..all of them); *before: those in the rows below it.
 */
static size_t find_row(const struct pp_hist_sums *sums, const uint32_t *times, uint64_t rank,
                       uint64_t *before, uint64_t *upto)
{
    size_t low = 0, high = sums->rows - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sum_upto(sums, middle, times) >= rank)
            high = middle;
        else
            low = middle + 1;
    }
    *before = low == 0 ? 0 : sum_upto(sums, low - 1, times);
    *upto = sum_upto(sums, low, times);
    return low;
}

double pp_hist_sums_quantile_ns(const struct pp_hist_sums *sums, const uint32_t *times, double q)
{
    uint64_t total = sums->rows == 0 ? 0 : sum_upto(sums, sums->rows - 1, times);
    if (total == 0)
        return 0.0;
    uint64_t rank = hist_rank_of(q, total), before, upto;
    size_t row = find_row(sums, times, rank, &before, &upto);
    return hist_within_ns(sums->low_ns[row], sums->high_ns[row], rank - before, upto - before);
}
