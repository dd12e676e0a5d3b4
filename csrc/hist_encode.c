/* HdrHistogram V2, uncompressed: a header of 40 bytes, big-endian, then the counts from index 0 on as ZigZag
 * LEB128 (at most 9 bytes, the ninth a whole one), where -n stands for n counts of zero. */
#include <stdbool.h>
#include <stdlib.h>

#include "hist_layout.h"

#define COOKIE_BASE UINT32_C(0x1c849303)
#define COOKIE_WORD UINT32_C(0x10) /* counts as LEB128; readers ignore these four bits */
#define COOKIE_WORD_MASK UINT32_C(0xf0)
#define RATIO_ONE UINT64_C(0x3ff0000000000000) /* 1.0, as the bits of a double */
#define VARINT_MAX 9

/* Offsets of the header's fields. */
enum {
    AT_COOKIE = 0,
    AT_LENGTH = 4,
    AT_OFFSET = 8,
    AT_DIGITS = 12,
    AT_LOWEST = 16,
    AT_HIGHEST = 24,
    AT_RATIO = 32
};
#define HEADER_SIZE 40

static void put_big_endian(uint8_t *at, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static uint64_t get_big_endian(const uint8_t *at, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

static uint8_t *put_varint(uint8_t *at, int64_t number)
{
    uint64_t bits = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
    int size = 1;
    for (; bits > 0x7f && size < VARINT_MAX; size++, bits >>= 7)
        *at++ = (uint8_t)(bits | 0x80);
    *at++ = (uint8_t)bits;
    return at;
}

/* NULL when the bytes end within the number. */
static const uint8_t *get_varint(const uint8_t *at, const uint8_t *end, int64_t *number)
{
    uint64_t bits = 0;
    for (int size = 1; at < end; size++, at++) {
        int shift = 7 * (size - 1);
        bool last = size == VARINT_MAX || *at < 0x80;
        bits |= (uint64_t)(size == VARINT_MAX ? *at : *at & 0x7f) << shift;
        if (last) {
            *number = (int64_t)(bits >> 1 ^ (bits & 1 ? UINT64_MAX : 0));
            return at + 1;
        }
    }
    return NULL;
}

static void put_header(const struct pp_hist *hist, uint8_t *bytes, size_t payload)
{
    put_big_endian(bytes + AT_COOKIE, COOKIE_BASE | COOKIE_WORD, 4);
    put_big_endian(bytes + AT_LENGTH, payload, 4);
    put_big_endian(bytes + AT_OFFSET, 0, 4);
    put_big_endian(bytes + AT_DIGITS, (uint64_t)hist->digits, 4);
    put_big_endian(bytes + AT_LOWEST, 1, 8);
    put_big_endian(bytes + AT_HIGHEST, (uint64_t)hist->max, 8);
    put_big_endian(bytes + AT_RATIO, RATIO_ONE, 8);
}

static uint8_t *put_counts(const struct pp_hist *hist, size_t end, uint8_t *at)
{
    int64_t zeros = 0;
    for (size_t i = 0; i < end; i++) {
        uint64_t count = hist_get(hist, i);
        if (count == 0) {
            zeros++;
            continue;
        }
        if (zeros > 0)
            at = put_varint(at, zeros == 1 ? 0 : -zeros);
        zeros = 0;
        at = put_varint(at, count > INT64_MAX ? INT64_MAX : (int64_t)count);
    }
    return at;
}

enum pp_status pp_hist_encode(const struct pp_hist *hist, uint8_t **bytes, size_t *length)
{
    size_t end = hist_touched(hist).end;
    uint8_t *buffer = malloc(HEADER_SIZE + (end + 1) * VARINT_MAX);
    if (!buffer)
        return PP_NOMEM;
    uint8_t *payload = buffer + HEADER_SIZE;
    uint8_t *after = put_counts(hist, end, payload);
    if (after == payload)
        after = put_varint(after, 0); /* other readers expect at least one count */
    put_header(hist, buffer, (size_t)(after - payload));

    *length = (size_t)(after - buffer);
    uint8_t *shrunk = realloc(buffer, *length); /* the estimate was for the worst case */
    *bytes = shrunk ? shrunk : buffer;
    return PP_OK;
}

/* The layout that the header tells of; false when this is no encoding that can be read here. */
static bool get_header(const uint8_t *bytes, size_t length, int *digits, int64_t *max)
{
    if (length < HEADER_SIZE)
        return false;
    uint64_t highest = get_big_endian(bytes + AT_HIGHEST, 8),
             wanted_digits = get_big_endian(bytes + AT_DIGITS, 4);
    if ((get_big_endian(bytes + AT_COOKIE, 4) & ~(uint64_t)COOKIE_WORD_MASK) != COOKIE_BASE ||
        get_big_endian(bytes + AT_LENGTH, 4) != length - HEADER_SIZE ||
        get_big_endian(bytes + AT_OFFSET, 4) != 0 || get_big_endian(bytes + AT_LOWEST, 8) != 1 ||
        get_big_endian(bytes + AT_RATIO, 8) != RATIO_ONE || wanted_digits > 5 || highest > INT64_MAX)
        return false;
    *digits = (int)wanted_digits;
    /* Others may be open to the end of int64; no latency is. */
    *max = highest > HIST_VALUE_LIMIT ? HIST_VALUE_LIMIT : (int64_t)highest;
    return true;
}

/* Counts of the format for this range. It fills the last doubling, where ours ends with `max`: other writers
 * may have counted values above their own maximum there. */
static size_t format_length(const struct pp_hist *hist)
{
    size_t half = (size_t)1 << hist->half_bits, doublings = (hist->length - 1) / half;
    return ((doublings > 0 ? doublings : 1) + 1) * half;
}

static enum pp_status add_counts(struct pp_hist *into, const uint8_t *at, const uint8_t *end)
{
    size_t index = 0, limit = format_length(into);
    while (at < end) {
        int64_t number;
        at = get_varint(at, end, &number);
        if (!at)
            return PP_INVALID;
        uint64_t step = number < 0 ? 0 - (uint64_t)number : 1;
        if (step > limit - index)
            return PP_INVALID;
        if (number > 0) {
            if ((uint64_t)number > UINT64_MAX - pp_hist_count(into))
                return PP_INVALID;
            hist_add_bucket(into, index < into->length ? index : into->length - 1, (uint64_t)number);
        }
        index += (size_t)step;
    }
    return PP_OK;
}

enum pp_status pp_hist_merge_encoded(struct pp_hist *into, const uint8_t *bytes, size_t length)
{
    int digits;
    int64_t max;
    if (!get_header(bytes, length, &digits, &max) || digits != into->digits || max != into->max)
        return PP_INVALID;
    return add_counts(into, bytes + HEADER_SIZE, bytes + length);
}

enum pp_status pp_hist_decode(const uint8_t *bytes, size_t length, struct pp_hist **out)
{
    int digits;
    int64_t max;
    struct pp_hist *hist = NULL;
    if (!get_header(bytes, length, &digits, &max))
        return PP_INVALID;
    enum pp_status status = pp_hist_new(digits, max, &hist);
    if (status != PP_OK)
        return status;
    status = add_counts(hist, bytes + HEADER_SIZE, bytes + length);
    if (status != PP_OK) {
        pp_hist_free(hist);
        return status;
    }
    *out = hist;
    return PP_OK;
}
