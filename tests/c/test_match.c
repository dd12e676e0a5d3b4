#include "check.h"

#include "match.h"

static struct pp_match *prepared(const char *needle, size_t length)
{
    struct pp_match *match = NULL;
    REQUIRE(pp_match_prepare(needle, length, &match) == PP_OK);
    return match;
}

static bool found_whole(const char *needle, const char *text)
{
    struct pp_match *match = prepared(needle, strlen(needle));
    bool found = pp_match_found(match, pp_match_feed(match, 0, text, strlen(text)));
    pp_match_free(match);
    return found;
}

static void a_text_is_found_at_the_start_in_the_middle_and_at_the_end(void)
{
    CHECK(found_whole("abc", "abcxx"));
    CHECK(found_whole("abc", "xxabcxx"));
    CHECK(found_whole("abc", "xxabc"));
    CHECK(found_whole("abc", "abc"));
}

static void a_text_that_is_not_there_is_not_found(void)
{
    CHECK(!found_whole("abc", ""));
    CHECK(!found_whole("abc", "ab"));
    CHECK(!found_whole("abc", "ab c"));
    CHECK(!found_whole("abc", "ABC"));
}

static void a_begun_match_that_fails_does_not_hide_one_that_overlaps_it(void)
{
    CHECK(found_whole("aab", "aaab"));
    CHECK(found_whole("abab", "abacabab"));
    CHECK(found_whole("abcabd", "abcabcabd"));
    CHECK(found_whole("aaaa", "aaabaaaa"));
    CHECK(!found_whole("aabaaa", "aabaabaab"));
}

static void any_split_of_the_body_gives_the_same_answer(void)
{
    static const char text[] = "nanonananananas";
    size_t length = sizeof text - 1;
    struct pp_match *match = prepared("nananas", 7);
    for (size_t first = 0; first <= length; first++) {
        for (size_t second = first; second <= length; second++) {
            size_t state = pp_match_feed(match, 0, text, first);
            state = pp_match_feed(match, state, text + first, second - first);
            CHECK(pp_match_found(match, state) == (second == length));
            state = pp_match_feed(match, state, text + second, length - second);
            CHECK(pp_match_found(match, state));
        }
    }
    pp_match_free(match);
}

static void the_search_agrees_with_a_naive_one_on_every_short_text(void)
{
    for (unsigned needle_bits = 0; needle_bits < 32; needle_bits++) {
        char needle[5];
        for (unsigned i = 0; i < 5; i++)
            needle[i] = (needle_bits >> i & 1) != 0 ? 'a' : 'b';
        struct pp_match *match = prepared(needle, 5);
        for (unsigned text_bits = 0; text_bits < 2048; text_bits++) {
            char text[11];
            for (unsigned i = 0; i < 11; i++)
                text[i] = (text_bits >> i & 1) != 0 ? 'a' : 'b';
            bool naive = false;
            for (unsigned at = 0; at + 5 <= 11; at++)
                naive = naive || memcmp(text + at, needle, 5) == 0;
            size_t state = 0;
            for (unsigned i = 0; i < 11; i++)
                state = pp_match_feed(match, state, text + i, 1);
            CHECK(pp_match_found(match, state) == naive);
        }
        pp_match_free(match);
    }
}

static void once_found_it_stays_found(void)
{
    struct pp_match *match = prepared("ok", 2);
    size_t state = pp_match_feed(match, 0, "is ok", 5);
    CHECK(pp_match_found(match, state));
    state = pp_match_feed(match, state, "not at all", 10);
    CHECK(pp_match_found(match, state));
    pp_match_free(match);
}

static void an_empty_text_is_in_every_body(void)
{
    struct pp_match *match = prepared(NULL, 0);
    CHECK(pp_match_found(match, 0));
    CHECK(pp_match_found(match, pp_match_feed(match, 0, "x", 1)));
    pp_match_free(match);
}

static void a_text_may_hold_any_byte(void)
{
    struct pp_match *match = prepared("\0\xff\0", 3);
    CHECK(pp_match_found(match, pp_match_feed(match, 0, "x\0\0\xff\0", 5)));
    CHECK(!pp_match_found(match, pp_match_feed(match, 0, "\0\xff", 2)));
    pp_match_free(match);
}

static void a_length_that_no_memory_holds_is_refused(void)
{
    struct pp_match *match = NULL;
    CHECK_INT(pp_match_prepare("", (size_t)-1, &match), PP_NOMEM);
    CHECK(match == NULL);
    pp_match_free(match);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"a text is found at the start, in the middle and at the end",
         a_text_is_found_at_the_start_in_the_middle_and_at_the_end},
        {"a text that is not there is not found", a_text_that_is_not_there_is_not_found},
        {"a begun match that fails does not hide one that overlaps it",
         a_begun_match_that_fails_does_not_hide_one_that_overlaps_it},
        {"any split of the body gives the same answer", any_split_of_the_body_gives_the_same_answer},
        {"the search agrees with a naive one on every short text",
         the_search_agrees_with_a_naive_one_on_every_short_text},
        {"once found it stays found", once_found_it_stays_found},
        {"an empty text is in every body", an_empty_text_is_in_every_body},
        {"a text may hold any byte", a_text_may_hold_any_byte},
        {"a length that no memory holds is refused", a_length_that_no_memory_holds_is_refused},
    };
    return check_main("match", cases, sizeof cases / sizeof *cases);
}
