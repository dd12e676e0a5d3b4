#include "check.h"

#include <math.h>

#include "alloc_fail.h"
#include "hist.h"
#include "pace.h"

/* Written by the Python package hdrhistogram 0.10.8: three digits up to an hour, with 1 twice, 5 once, 1000
 * three hundred times, 123456 once and 3600000000 2^40 times. */
static const uint8_t reference[] = {0x1c, 0x84, 0x93, 0x13, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
                                    0x00, 0x00, 0x00, 0x00, 0xd6, 0x93, 0xa4, 0x00, 0x3f, 0xf0, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x00, 0x01, 0x04, 0x05, 0x02, 0xc3, 0x0f, 0xd8, 0x04,
                                    0xbf, 0x6e, 0x02, 0xd3, 0xec, 0x01, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40};
#define HEADER 40

static struct pp_hist *new_hist(int digits, int64_t max)
{
    struct pp_hist *hist = NULL;
    REQUIRE(pp_hist_new(digits, max, &hist) == PP_OK);
    return hist;
}

static struct pp_hist *new_reference(void)
{
    struct pp_hist *hist = new_hist(3, PP_HIST_MAX_US);
    pp_hist_record_value(hist, 1, 2);
    pp_hist_record_value(hist, 5, 1);
    pp_hist_record_value(hist, 1000, 300);
    pp_hist_record_value(hist, 123456, 1);
    pp_hist_record_value(hist, 3600000000, UINT64_C(1) << 40);
    return hist;
}

struct encoded {
    uint8_t *bytes;
    size_t length;
};

static struct encoded encode(const struct pp_hist *hist)
{
    struct encoded encoded = {0};
    REQUIRE(pp_hist_encode(hist, &encoded.bytes, &encoded.length) == PP_OK);
    return encoded;
}

static struct pp_hist *decode(const uint8_t *bytes, size_t length)
{
    struct pp_hist *hist = NULL;
    REQUIRE(pp_hist_decode(bytes, length, &hist) == PP_OK);
    return hist;
}

static void an_encoding_is_what_other_libraries_write(void)
{
    struct pp_hist *hist = new_reference();
    struct encoded encoded = encode(hist);
    uint8_t expected[sizeof reference];
    memcpy(expected, reference, sizeof expected);
    expected[HEADER] = 0; /* a single zero: as such here and in Java and C, as a run of one in Python */
    REQUIRE(encoded.length == sizeof expected);
    CHECK(memcmp(encoded.bytes, expected, sizeof expected) == 0);
    free(encoded.bytes);
    pp_hist_free(hist);
}

struct seen {
    size_t buckets;
    int64_t low[8], high[8];
    uint64_t count[8];
};

static void see(void *context, int64_t low, int64_t high, uint64_t count)
{
    struct seen *seen = context;
    REQUIRE(seen->buckets < 8);
    seen->low[seen->buckets] = low;
    seen->high[seen->buckets] = high;
    seen->count[seen->buckets++] = count;
}

static void what_other_libraries_write_is_read(void)
{
    struct pp_hist *hist = decode(reference, sizeof reference);
    struct seen seen = {0};
    pp_hist_each(hist, see, &seen);
    REQUIRE(seen.buckets == 5);
    CHECK(seen.low[0] == 1 && seen.high[0] == 2 && seen.count[0] == 2);
    CHECK(seen.low[1] == 5 && seen.high[1] == 6 && seen.count[1] == 1);
    CHECK(seen.low[2] == 1000 && seen.high[2] == 1001 && seen.count[2] == 300);
    CHECK(seen.low[3] == 123456 && seen.high[3] == 123520 && seen.count[3] == 1);
    CHECK(seen.low[4] <= 3600000000 && 3600000000 < seen.high[4] && seen.count[4] == UINT64_C(1) << 40);
    pp_hist_free(hist);
}

static void a_decoded_histogram_has_the_figures_of_its_buckets(void)
{
    struct pp_hist *hist = new_hist(3, 200000);
    struct pp_hist_summary summary;
    pp_hist_record_value(hist, 7, 1);
    pp_hist_record_value(hist, 123456 + 10, 1); /* in [123456, 123520) */
    struct encoded encoded = encode(hist);
    struct pp_hist *decoded = decode(encoded.bytes, encoded.length);
    pp_hist_summary(decoded, &summary);
    CHECK_INT(summary.count, 2);
    CHECK_INT(summary.min_ns, 7000);
    CHECK_INT(summary.max_ns, 123519000);
    CHECK(fabs(summary.mean_ns - (7000 + 123487500) / 2.0) < 1e-3);
    CHECK(fabs(summary.stdev_ns - (123487500 - 7000) / sqrt(2.0)) < 1);
    free(encoded.bytes);
    pp_hist_free(decoded);
    pp_hist_free(hist);
}

static struct pp_hist *new_random(int digits, int64_t max, uint64_t seed, int values)
{
    struct pp_hist *hist = new_hist(digits, max);
    struct pp_rng rng;
    pp_rng_seed(&rng, seed, 0);
    for (int i = 0; i < values; i++)
        pp_hist_record_value(hist, (int64_t)pow((double)max, pp_rng_unit(&rng)),
                             pp_rng_next(&rng) >> (pp_rng_next(&rng) % 32 + 24));
    return hist;
}

static void every_layout_survives_the_round_trip(void)
{
    static const int64_t ranges[] = {
        2, 15, 16, 31, 1000, 2047, 2048, 100000, PP_HIST_MAX_US, INT64_MAX / 1000};
    for (int digits = 1; digits <= 5; digits++) {
        for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
            struct pp_hist *hist = new_random(digits, ranges[r], r, 200);
            struct encoded first = encode(hist);
            struct pp_hist *decoded = decode(first.bytes, first.length);
            struct encoded again = encode(decoded);
            CHECK_INT(pp_hist_count(decoded), pp_hist_count(hist));
            CHECK(first.length == again.length && memcmp(first.bytes, again.bytes, first.length) == 0);
            CHECK_INT(pp_hist_merge(hist, decoded), PP_OK); /* so its layout is the same */
            free(first.bytes);
            free(again.bytes);
            pp_hist_free(decoded);
            pp_hist_free(hist);
        }
    }
}

static void an_empty_histogram_survives_the_round_trip(void)
{
    struct pp_hist *hist = new_hist(2, 5000);
    struct encoded encoded = encode(hist);
    struct pp_hist *decoded = decode(encoded.bytes, encoded.length);
    CHECK_INT(encoded.length, HEADER + 1);
    CHECK_INT(pp_hist_count(decoded), 0);
    CHECK_INT(pp_hist_merge(hist, decoded), PP_OK);
    free(encoded.bytes);
    pp_hist_free(decoded);
    pp_hist_free(hist);
}

static void the_largest_count_survives_the_round_trip(void)
{
    struct pp_hist *hist = new_hist(3, 5000);
    pp_hist_record_value(hist, 5000, INT64_MAX);
    pp_hist_record_value(hist, 0, INT64_MAX);
    struct encoded encoded = encode(hist);
    struct pp_hist *decoded = decode(encoded.bytes, encoded.length);
    CHECK(pp_hist_count(decoded) == UINT64_MAX - 1);
    /* No more fit: the total must not wrap. */
    CHECK_INT(pp_hist_merge_encoded(decoded, encoded.bytes, encoded.length), PP_INVALID);
    free(encoded.bytes);
    pp_hist_free(decoded);
    pp_hist_free(hist);
}

static void adding_an_encoding_equals_merging_what_it_holds(void)
{
    struct pp_hist *one = new_random(2, PP_HIST_MAX_US, 1, 300),
                   *other = new_random(2, PP_HIST_MAX_US, 2, 300);
    struct encoded encoded = encode(other);
    uint64_t both = pp_hist_count(one) + pp_hist_count(other);
    CHECK_INT(pp_hist_merge_encoded(one, encoded.bytes, encoded.length), PP_OK);
    CHECK_INT(pp_hist_count(one), both);
    CHECK_INT(pp_hist_count_at_or_above_ns(one, 0), both);
    free(encoded.bytes);
    pp_hist_free(one);
    pp_hist_free(other);
}

static void an_encoding_of_another_layout_is_not_added(void)
{
    struct pp_hist *digits = new_hist(2, PP_HIST_MAX_US), *range = new_hist(3, PP_HIST_MAX_US - 1);
    CHECK_INT(pp_hist_merge_encoded(digits, reference, sizeof reference), PP_INVALID);
    CHECK_INT(pp_hist_merge_encoded(range, reference, sizeof reference), PP_INVALID);
    CHECK_INT(pp_hist_count(digits) + pp_hist_count(range), 0);
    pp_hist_free(digits);
    pp_hist_free(range);
}

/* The reference with one byte of its header changed. */
static void check_refused(size_t at, uint8_t byte)
{
    uint8_t bytes[sizeof reference];
    struct pp_hist *hist = NULL;
    memcpy(bytes, reference, sizeof bytes);
    REQUIRE(bytes[at] != byte);
    bytes[at] = byte;
    CHECK_INT(pp_hist_decode(bytes, sizeof bytes, &hist), PP_INVALID);
    CHECK(hist == NULL);
}

static void headers_that_cannot_be_read_here_are_refused(void)
{
    check_refused(3, 0x14);  /* the compressed form's cookie */
    check_refused(0, 0x1d);  /* no histogram at all */
    check_refused(7, 0x13);  /* payload shorter than the bytes */
    check_refused(7, 0x15);  /* and longer */
    check_refused(11, 0x01); /* normalising offset */
    check_refused(15, 0x00); /* digits */
    check_refused(15, 0x06);
    check_refused(12, 0x80);
    check_refused(23, 0x02); /* lowest discernible value */
    check_refused(24, 0x80); /* highest value negative */
    check_refused(33, 0xf1); /* conversion ratio */
}

static void any_cut_of_an_encoding_is_refused(void)
{
    struct pp_hist *hist = NULL;
    for (size_t length = 0; length < sizeof reference; length++) {
        /* On the heap, so that reading past the end is seen. */
        uint8_t *cut = malloc(length > 0 ? length : 1);
        REQUIRE(cut != NULL);
        memcpy(cut, reference, length);
        CHECK_INT(pp_hist_decode(cut, length, &hist), PP_INVALID);
        if (length >= HEADER) { /* with the length put right, only a cut within a number can be noticed */
            cut[7] = (uint8_t)(length - HEADER);
            enum pp_status status = pp_hist_decode(cut, length, &hist);
            CHECK((status == PP_OK) == (cut[length - 1] < 0x80 || length == HEADER));
            if (status == PP_OK)
                pp_hist_free(hist);
            hist = NULL;
        }
        CHECK(hist == NULL);
        free(cut);
    }
}

/* A header for three digits up to 1000, whose format has 2048 counts, and this payload. */
static enum pp_status decode_payload(const uint8_t *payload, uint8_t length, struct pp_hist **out)
{
    uint8_t bytes[HEADER + 32];
    REQUIRE(length <= 32);
    memcpy(bytes, reference, HEADER);
    memcpy(bytes + HEADER, payload, length);
    bytes[7] = length;
    bytes[28] = bytes[29] = 0;
    bytes[30] = 0x03;
    bytes[31] = 0xe8;
    return pp_hist_decode(bytes, (size_t)HEADER + length, out);
}

static void counts_beyond_the_format_are_refused(void)
{
    static const uint8_t up_to_the_last[] = {0xfd, 0x1f, 0x02}; /* -2047, 1 */
    static const uint8_t one_too_many[] = {0xff, 0x1f, 0x02};   /* -2048, 1 */
    static const uint8_t run_too_long[] = {0x81, 0x20};         /* -2049 */
    static const uint8_t longest_run[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct pp_hist *hist = NULL;
    CHECK_INT(decode_payload(one_too_many, sizeof one_too_many, &hist), PP_INVALID);
    CHECK_INT(decode_payload(run_too_long, sizeof run_too_long, &hist), PP_INVALID);
    CHECK_INT(decode_payload(longest_run, sizeof longest_run, &hist), PP_INVALID);
    REQUIRE(decode_payload(up_to_the_last, sizeof up_to_the_last, &hist) == PP_OK);
    CHECK(pp_hist_quantile_ns(hist, 0.5) == 1000e3); /* above its writer's own maximum: held there */
    pp_hist_free(hist);
}

static void a_range_open_to_the_end_of_64_bits_is_read(void)
{
    uint8_t bytes[sizeof reference];
    memcpy(bytes, reference, sizeof bytes);
    bytes[24] = 0x7f;
    memset(bytes + 25, 0xff, 7);
    struct pp_hist *hist = decode(bytes, sizeof bytes);
    CHECK_INT(pp_hist_count(hist), (INT64_C(1) << 40) + 304);
    pp_hist_free(hist);
}

static void mutate(struct pp_rng *rng, uint8_t *bytes, size_t length)
{
    for (uint64_t times = 1 + pp_rng_next(rng) % 4; times > 0; times--) {
        size_t at = (size_t)(pp_rng_next(rng) % length);
        /* Mostly the payload: a header is refused before anything interesting happens. */
        if (at < HEADER && pp_rng_next(rng) % 8 != 0)
            continue;
        if (pp_rng_next(rng) % 2)
            bytes[at] = (uint8_t)pp_rng_next(rng);
        else
            bytes[at] = (uint8_t)(bytes[at] ^ 1U << pp_rng_next(rng) % 8);
    }
}

static void no_mutation_of_an_encoding_does_any_harm(void)
{
    struct pp_rng rng;
    int accepted = 0, refused = 0;
    pp_rng_seed(&rng, 11, 0);
    struct pp_hist *hist = new_random(2, PP_HIST_MAX_US, 3, 40);
    struct encoded encoded = encode(hist);
    for (int i = 0; i < 20000; i++) {
        size_t length = encoded.length - (size_t)(pp_rng_next(&rng) % 2 ? pp_rng_next(&rng) % 20 : 0);
        uint8_t *bytes = malloc(length);
        REQUIRE(bytes != NULL);
        memcpy(bytes, encoded.bytes, length);
        bytes[6] = (uint8_t)((length - HEADER) >> 8);
        bytes[7] = (uint8_t)(length - HEADER);
        mutate(&rng, bytes, length);
        struct pp_hist *decoded = NULL;
        if (pp_hist_decode(bytes, length, &decoded) == PP_OK) {
            accepted++;
            CHECK_INT(pp_hist_count_at_or_above_ns(decoded, 0), pp_hist_count(decoded));
            CHECK(pp_hist_quantile_ns(decoded, 0.5) <= pp_hist_quantile_ns(decoded, 1.0));
            pp_hist_free(decoded);
        } else {
            refused++;
            CHECK(decoded == NULL);
        }
        free(bytes);
    }
    CHECK(accepted > 1000 && refused > 1000);
    free(encoded.bytes);
    pp_hist_free(hist);
}

static enum pp_status attempt_encode(void *context)
{
    uint8_t *bytes = NULL;
    size_t length = 0;
    enum pp_status status = pp_hist_encode(context, &bytes, &length);
    CHECK((status == PP_OK) == (bytes != NULL));
    CHECK(status != PP_OK || length == sizeof reference);
    free(bytes);
    return status;
}

static enum pp_status attempt_decode(void *context)
{
    struct pp_hist *hist = NULL;
    enum pp_status status = pp_hist_decode(reference, sizeof reference, &hist);
    (void)context;
    CHECK((status == PP_OK) == (hist != NULL));
    pp_hist_free(hist);
    return status;
}

static void without_memory_nothing_is_encoded_or_decoded(void)
{
    struct pp_hist *hist = new_reference();
    struct alloc_fail_sweep encoding = alloc_fail_sweep(attempt_encode, hist);
    struct alloc_fail_sweep decoding = alloc_fail_sweep(attempt_decode, NULL);
    CHECK_INT(encoding.refused, 2);
    CHECK_INT(encoding.survived, 2); /* only the shrinking failed */
    CHECK_INT(decoding.refused, 2);
    CHECK_INT(decoding.survived, 0);
    CHECK_INT(encoding.other + decoding.other, 0);
    pp_hist_free(hist);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"an encoding is what other libraries write", an_encoding_is_what_other_libraries_write},
        {"what other libraries write is read", what_other_libraries_write_is_read},
        {"a decoded histogram has the figures of its buckets",
         a_decoded_histogram_has_the_figures_of_its_buckets},
        {"every layout survives the round trip", every_layout_survives_the_round_trip},
        {"an empty histogram survives the round trip", an_empty_histogram_survives_the_round_trip},
        {"the largest count survives the round trip", the_largest_count_survives_the_round_trip},
        {"adding an encoding equals merging what it holds", adding_an_encoding_equals_merging_what_it_holds},
        {"an encoding of another layout is not added", an_encoding_of_another_layout_is_not_added},
        {"headers that cannot be read here are refused", headers_that_cannot_be_read_here_are_refused},
        {"any cut of an encoding is refused", any_cut_of_an_encoding_is_refused},
        {"counts beyond the format are refused", counts_beyond_the_format_are_refused},
        {"a range open to the end of 64 bits is read", a_range_open_to_the_end_of_64_bits_is_read},
        {"no mutation of an encoding does any harm", no_mutation_of_an_encoding_does_any_harm},
        {"without memory nothing is encoded or decoded", without_memory_nothing_is_encoded_or_decoded},
    };
    return check_main("hist_encode", cases, sizeof cases / sizeof cases[0]);
}
