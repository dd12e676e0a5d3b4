#include "h1.h"

#include "check.h"
#include "h1_corpus.h"
#include "h1_feed.h"

static bool as_expected(const struct h1_case *expected, const struct h1_outcome *outcome)
{
    return outcome->done == (expected->error == PP_ERROR_NONE) && outcome->error == expected->error &&
           outcome->status == expected->status && outcome->keep_alive == expected->keep_alive &&
           outcome->left == expected->surplus;
}

static bool body_as_expected(const struct h1_case *expected, const struct h1_outcome *outcome)
{
    return outcome->body_bytes == expected->body_length &&
           memcmp(outcome->body, expected->body, expected->body_length) == 0;
}

static void check_case(const struct h1_case *expected)
{
    struct h1_outcome outcome = h1_feed(expected->input, expected->length, expected->head, h1_split_whole, 0);
    if (!as_expected(expected, &outcome) || !body_as_expected(expected, &outcome)) {
        (void)fprintf(stderr, "%s: error %s, status %d, keep-alive %d, body %llu bytes, surplus %zu\n",
                      expected->name, pp_error_name(outcome.error), outcome.status, outcome.keep_alive,
                      (unsigned long long)outcome.body_bytes, outcome.left);
        check_failures++;
    }
    free(outcome.body);
}

static void each_response_is_understood(void)
{
    for (size_t i = 0; i < H1_CASES; i++) {
        check_case(&h1_cases[i]);
    }
}

static void check_same(const struct h1_outcome *whole, const struct h1_case *each, h1_splitter split,
                       uint64_t state)
{
    if (!h1_same_when_split(whole, each->input, each->length, each->head, split, state)) {
        (void)fprintf(stderr, "%s: split with state %llu it gives something else\n", each->name,
                      (unsigned long long)state);
        check_failures++;
    }
}

static void the_split_of_the_input_makes_no_difference(void)
{
    for (size_t i = 0; i < H1_CASES; i++) {
        const struct h1_case *each = &h1_cases[i];
        struct h1_outcome whole = h1_feed(each->input, each->length, each->head, h1_split_whole, 0);
        check_same(&whole, each, h1_split_bytes, 0);
        for (uint64_t at = 1; at < each->length; at++) {
            check_same(&whole, each, h1_split_once, at);
        }
        for (uint64_t seed = 0; seed < 50; seed++) {
            check_same(&whole, each, h1_split_random, seed);
        }
        free(whole.body);
    }
}

/* --- limits ----------------------------------------------------------------------------------------------
 */

struct text {
    char *bytes; /* owned */
    size_t length, capacity;
};

static struct text text_new(size_t capacity)
{
    struct text text = {malloc(capacity), 0, capacity};
    REQUIRE(text.bytes != NULL);
    return text;
}

static void add(struct text *text, const char *part)
{
    size_t length = strlen(part);
    REQUIRE(text->length + length <= text->capacity);
    memcpy(text->bytes + text->length, part, length);
    text->length += length;
}

static void add_run(struct text *text, char byte, size_t count)
{
    REQUIRE(text->length + count <= text->capacity);
    memset(text->bytes + text->length, byte, count);
    text->length += count;
}

/* Fed whole and in pieces; the verdict must be the same and as said. */
static void check_error(const struct text *text, enum pp_error expected)
{
    struct h1_outcome whole = h1_feed(text->bytes, text->length, false, h1_split_whole, 0);
    CHECK_INT(whole.error, expected);
    CHECK(h1_same_when_split(&whole, text->bytes, text->length, false, h1_split_bytes, 0));
    CHECK(h1_same_when_split(&whole, text->bytes, text->length, false, h1_split_random, 7));
    free(whole.body);
}

/* A header block of exactly `size` bytes, one field filling it. */
static void check_header_of(size_t size, enum pp_error expected)
{
    static const char start[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: ";
    struct text text = text_new(size);
    add(&text, start);
    add_run(&text, 'x', size - (sizeof start - 1) - 4);
    add(&text, "\r\n\r\n");
    check_error(&text, expected);
    free(text.bytes);
}

static void a_header_block_may_be_as_long_as_the_limit_and_no_longer(void)
{
    check_header_of(PP_H1_HEADER_MAX, PP_ERROR_NONE);
    check_header_of(PP_H1_HEADER_MAX + 1, PP_ERROR_HEADER_TOO_LARGE);
    check_header_of(400 * 1024, PP_ERROR_HEADER_TOO_LARGE);
}

/* `start`, then `line` until the limit is passed. */
static void check_endless(const char *start, const char *line, enum pp_error expected)
{
    struct text text = text_new(PP_H1_HEADER_MAX + 4096);
    add(&text, start);
    while (text.length < PP_H1_HEADER_MAX + 64) { /* more than the limit, whatever of it does not count */
        add(&text, line);
    }
    check_error(&text, expected);
    free(text.bytes);
}

static void headers_without_end_are_too_large(void)
{
    check_endless("HTTP/1.1 200 OK\r\n", "X-Header-Number: some value of fifty bytes or so, 6000 times\r\n",
                  PP_ERROR_HEADER_TOO_LARGE);
    check_endless("HTTP/1.1 200 OK\r\n", "one line without end ", PP_ERROR_HEADER_TOO_LARGE);
    check_endless("HTTP/1.1 200 ", "a reason without end ", PP_ERROR_HEADER_TOO_LARGE);
}

static void interim_responses_without_end_are_too_large(void)
{
    check_endless("", "HTTP/1.1 100 Continue\r\n\r\n", PP_ERROR_HEADER_TOO_LARGE);
}

static void trailers_without_end_are_too_large(void)
{
    check_endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n",
                  PP_ERROR_HEADER_TOO_LARGE);
}

static void a_chunk_extension_without_end_is_refused(void)
{
    check_endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", "extension", PP_ERROR_PROTOCOL);
}

/* A Content-Length line of `size` bytes, padded with blanks. */
static void check_framing_line_of(size_t size, enum pp_error expected)
{
    static const char name[] = "Content-Length:";
    struct text text = text_new(size + 64);
    add(&text, "HTTP/1.1 200 OK\r\n");
    add(&text, name);
    add_run(&text, ' ', size - (sizeof name - 1) - 1);
    add(&text, "0\r\n\r\n");
    check_error(&text, expected);
    free(text.bytes);
}

static void a_framing_line_may_be_as_long_as_what_is_kept_and_no_longer(void)
{
    check_framing_line_of(PP_H1_LINE_KEEP, PP_ERROR_NONE);
    check_framing_line_of(PP_H1_LINE_KEEP + 1, PP_ERROR_PROTOCOL);
}

static void check_chunk_size_of_zeros(size_t zeros, enum pp_error expected)
{
    struct text text = text_new(zeros + 128);
    add(&text, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    add_run(&text, '0', zeros);
    add(&text, "2\r\n\r\n\r\n0\r\n\r\n"); /* of size 0, it would be whole after two lines */
    check_error(&text, expected);
    free(text.bytes);
}

static void a_chunk_size_is_never_read_in_part(void)
{
    check_chunk_size_of_zeros(PP_H1_LINE_KEEP - 1, PP_ERROR_NONE);
    check_chunk_size_of_zeros(PP_H1_LINE_KEEP, PP_ERROR_PROTOCOL);
}

/* --- what a caller sees on the way
 * --------------------------------------------------------------------------- */

static enum pp_h1_event feed_text(struct pp_h1 *response, const char *text)
{
    const char *cursor = text, *body;
    size_t body_length;
    return pp_h1_next(response, &cursor, text + strlen(text), &body, &body_length);
}

static void the_status_is_known_before_the_response_is_whole(void)
{
    struct pp_h1 response;
    pp_h1_begin(&response, false);
    CHECK_INT(feed_text(&response, "HTTP/1.1 100 Continue\r\n\r\n"), PP_H1_MORE);
    CHECK_INT(response.status, 0);
    CHECK_INT(feed_text(&response, "HTTP/1.1 503 Busy\r\n"), PP_H1_MORE);
    CHECK_INT(response.status, 503);
}

static void a_response_has_started_with_its_first_byte_but_not_with_an_interim_one(void)
{
    struct pp_h1 response;
    pp_h1_begin(&response, false);
    CHECK(!pp_h1_started(&response));
    CHECK_INT(feed_text(&response, "HTTP/1.1 100 Continue\r\nA: b"), PP_H1_MORE);
    CHECK(!pp_h1_started(&response));
    CHECK_INT(feed_text(&response, "\r\n\r\n"), PP_H1_MORE);
    CHECK(!pp_h1_started(&response));
    CHECK_INT(feed_text(&response, "H"), PP_H1_MORE);
    CHECK(pp_h1_started(&response));
}

static void header_and_body_bytes_are_counted(void)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n"
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n";
    struct h1_outcome outcome = h1_feed(text, sizeof text - 1, false, h1_split_whole, 0);
    CHECK_INT(outcome.header_bytes, 25 + 47 + 8);
    CHECK_INT(outcome.body_bytes, 3);
    free(outcome.body);
}

static void a_new_response_owes_nothing_to_a_broken_one(void)
{
    struct pp_h1 response;
    pp_h1_begin(&response, true);
    CHECK_INT(feed_text(&response, "HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Length: 7\r\nbad li\rne"),
              PP_H1_MORE);
    CHECK_INT(feed_text(&response, "\n"), PP_H1_ERROR);
    pp_h1_begin(&response, false);
    CHECK_INT(feed_text(&response, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), PP_H1_DONE);
    CHECK_INT(response.error, PP_ERROR_NONE);
    CHECK(response.keep_alive);
}

/* --- a little fuzzing
 * ---------------------------------------------------------------------------------------- */

/* One change in place; `text` has room for the longest. */
static void mutate(struct text *text, uint64_t *random)
{
    static const char *const parts[] = {
        "\r\n", "\r",     "\n",      ":", " ",     "\t",    ",",
        ";",    "\r\n\r", "chunked", "0", "f\r\n", "close", "HTTP/1.1 100 \r\n\r\n"};
    size_t at = text->length == 0 ? 0 : (size_t)(h1_random(random) % text->length);
    const char *part = parts[h1_random(random) % (sizeof parts / sizeof *parts)];
    size_t length = strlen(part);
    switch (h1_random(random) % 4) {
    case 0: /* another byte */
        if (at < text->length) {
            text->bytes[at] = (char)h1_random(random);
        }
        break;
    case 1: /* one byte less */
        if (at < text->length) {
            memmove(text->bytes + at, text->bytes + at + 1, --text->length - at);
        }
        break;
    case 2: /* cut off */
        text->length = at;
        break;
    default: /* something put in */
        REQUIRE(text->length + length <= text->capacity);
        memmove(text->bytes + at + length, text->bytes + at, text->length - at);
        memcpy(text->bytes + at, part, length);
        text->length += length;
        break;
    }
}

static void changed_responses_give_the_same_however_they_are_split(void)
{
    uint64_t random = 1;
    struct text text = text_new(2048);
    for (unsigned round = 0; round < 20000; round++) {
        const struct h1_case *each = &h1_cases[h1_random(&random) % H1_CASES];
        memcpy(text.bytes, each->input, each->length);
        text.length = each->length;
        for (uint64_t changes = 1 + h1_random(&random) % 4; changes > 0; changes--) {
            mutate(&text, &random);
        }
        struct h1_outcome whole = h1_feed(text.bytes, text.length, each->head, h1_split_whole, 0);
        CHECK(h1_same_when_split(&whole, text.bytes, text.length, each->head, h1_split_bytes, 0));
        CHECK(h1_same_when_split(&whole, text.bytes, text.length, each->head, h1_split_random, round));
        free(whole.body);
    }
    free(text.bytes);
}

#define CASE(function)                                                                                       \
    {                                                                                                        \
#function, function                                                                                  \
    }

int main(void)
{
    static const struct check_case cases[] = {
        CASE(each_response_is_understood),
        CASE(the_split_of_the_input_makes_no_difference),
        CASE(a_header_block_may_be_as_long_as_the_limit_and_no_longer),
        CASE(headers_without_end_are_too_large),
        CASE(interim_responses_without_end_are_too_large),
        CASE(trailers_without_end_are_too_large),
        CASE(a_chunk_extension_without_end_is_refused),
        CASE(a_framing_line_may_be_as_long_as_what_is_kept_and_no_longer),
        CASE(a_chunk_size_is_never_read_in_part),
        CASE(the_status_is_known_before_the_response_is_whole),
        CASE(a_response_has_started_with_its_first_byte_but_not_with_an_interim_one),
        CASE(header_and_body_bytes_are_counted),
        CASE(a_new_response_owes_nothing_to_a_broken_one),
        CASE(changed_responses_give_the_same_however_they_are_split),
    };
    return check_main("h1", cases, sizeof cases / sizeof *cases);
}
