/* The C tests' harness: a test is a static function, main runs a list of them and reports every failure. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check_case {
    const char *name;
    void (*run)(void);
};

static int check_failures;

#define CHECK(condition)                                                                                     \
    ((condition)                                                                                             \
         ? (void)0                                                                                           \
         : (check_failures++, (void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition)))

#define CHECK_INT(actual, expected)                                                                          \
    do {                                                                                                     \
        long long check_actual = (long long)(actual), check_expected = (long long)(expected);                \
        if (check_actual != check_expected) {                                                                \
            check_failures++;                                                                                \
            (void)fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #actual,              \
                          check_actual, check_expected);                                                     \
        }                                                                                                    \
    } while (0)

/* For what the rest of a test cannot do without. */
#define REQUIRE(condition)                                                                                   \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            (void)fprintf(stderr, "%s:%d: required: %s\n", __FILE__, __LINE__, #condition);                  \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

static inline int check_main(const char *suite, const struct check_case *cases, size_t count)
{
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        int before = check_failures;
        cases[i].run();
        if (check_failures != before) {
            failed++;
            (void)fprintf(stderr, "FAILED %s: %s\n", suite, cases[i].name);
        }
    }
    (void)printf("%s: %zu passed, %zu failed\n", suite, count - failed, failed);
    return failed == 0 ? 0 : 1;
}

#endif
