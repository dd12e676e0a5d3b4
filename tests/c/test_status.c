#include "check.h"

#include "status.h"
#include "target.h"

static void every_error_class_has_a_name_of_its_own_in_lower_case(void)
{
    for (int i = 0; i < PP_ERROR_COUNT; i++) {
        const char *name = pp_error_name((enum pp_error)i);
        REQUIRE(name != NULL);
        CHECK(strlen(name) > 1 && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name));
        for (int j = 0; j < i; j++)
            CHECK(strcmp(name, pp_error_name((enum pp_error)j)) != 0);
    }
}

static void names_that_stand_in_results_do_not_change(void)
{
    static const struct {
        enum pp_error error;
        const char *name;
    } fixed[] = {
        {PP_ERROR_NONE, "none"},
        {PP_ERROR_DNS, "dns"},
        {PP_ERROR_CONNECT_REFUSED, "connect_refused"},
        {PP_ERROR_TLS_VERIFY, "tls_verify"},
        {PP_ERROR_STALE_CONNECTION, "stale_connection"},
        {PP_ERROR_HEADER_TOO_LARGE, "header_too_large"},
        {PP_ERROR_REDIRECT_REFUSED, "redirect_refused"},
        {PP_ERROR_TIMEOUT, "timeout"},
        {PP_ERROR_CLIENT_PORTS, "client_ports"},
        {PP_ERROR_BACKLOG, "backlog"},
        {PP_ERROR_OTHER, "other"},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        CHECK(strcmp(pp_error_name(fixed[i].error), fixed[i].name) == 0);
}

static void a_class_out_of_range_is_other(void)
{
    CHECK(strcmp(pp_error_name(PP_ERROR_COUNT), "other") == 0);
    CHECK(strcmp(pp_error_name((enum pp_error) - 1), "other") == 0);
}

static void every_status_has_a_text_of_its_own(void)
{
    for (int i = PP_OK; i <= PP_UNSUPPORTED; i++) {
        CHECK(strcmp(pp_status_text((enum pp_status)i), "unknown status") != 0);
        for (int j = PP_OK; j < i; j++)
            CHECK(strcmp(pp_status_text((enum pp_status)i), pp_status_text((enum pp_status)j)) != 0);
    }
    CHECK(strcmp(pp_status_text((enum pp_status)99), "unknown status") == 0);
}

static void without_an_expectation_answers_from_200_to_399_are_good(void)
{
    struct pp_request request = {.status_count = 0};
    CHECK(!pp_request_accepts(&request, 0));
    CHECK(!pp_request_accepts(&request, 199));
    CHECK(pp_request_accepts(&request, 200));
    CHECK(pp_request_accepts(&request, 399));
    CHECK(!pp_request_accepts(&request, 400));
    CHECK(!pp_request_accepts(&request, 503));
}

static void with_an_expectation_only_the_listed_answers_are_good(void)
{
    static const uint16_t listed[] = {404, 503};
    struct pp_request request = {.statuses = listed, .status_count = 2};
    CHECK(pp_request_accepts(&request, 404));
    CHECK(pp_request_accepts(&request, 503));
    CHECK(!pp_request_accepts(&request, 200));
    CHECK(!pp_request_accepts(&request, 404 + 65536));
}

int main(void)
{
    static const struct check_case cases[] = {
        {"every error class has a name of its own, in lower case",
         every_error_class_has_a_name_of_its_own_in_lower_case},
        {"names that stand in results do not change", names_that_stand_in_results_do_not_change},
        {"a class out of range is other", a_class_out_of_range_is_other},
        {"every status has a text of its own", every_status_has_a_text_of_its_own},
        {"without an expectation, answers from 200 to 399 are good",
         without_an_expectation_answers_from_200_to_399_are_good},
        {"with an expectation, only the listed answers are good",
         with_an_expectation_only_the_listed_answers_are_good},
    };
    return check_main("status", cases, sizeof cases / sizeof cases[0]);
}
