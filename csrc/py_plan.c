/* The keywords are described in perfplug/_core.pyi; what is absent here is what plan.py gives by default. */
#include <Python.h>

#include "py_plan.h"

#include <stdlib.h>
#include <string.h>

#include "py_value.h"

#define USERS_MAX 1000000
#define WORKERS_MAX 1024
#define REQUESTS_MAX INT64_MAX

struct pp_py_plan {
    struct pp_plan core;
    struct pp_py_arena arena; /* holds all that `core` points to */
};

/* Room for one more than `count`, so that an empty tuple has an address too. */
static void *array_of(struct pp_py_reader *reader, Py_ssize_t count, size_t size)
{
    void *array = pp_py_arena_take(reader->arena, (size_t)count + 1, size);
    if (array == NULL)
        reader->failed = true;
    return array;
}

static void take_unsigned(struct pp_py_reader *reader, const char *name, unsigned low, unsigned high,
                          unsigned *out)
{
    uint64_t number = *out;
    pp_py_take_number(reader, name, false, low, high, &number);
    *out = (unsigned)number;
}

static void take_redirect_hosts(struct pp_py_reader *reader, struct pp_target *target)
{
    PyObject *hosts = pp_py_take_tuple(reader, "redirect_hosts");
    if (hosts == NULL)
        return;
    const char **array = array_of(reader, PyTuple_GET_SIZE(hosts), sizeof(array[0]));
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(hosts) && !reader->failed; i++)
        array[i] = pp_py_text_of(reader, "redirect_hosts", PyTuple_GET_ITEM(hosts, i), PP_PY_TEXT_NAME);
    target->redirect_hosts = array;
}

static void take_tls(struct pp_py_reader *reader, struct pp_target *target)
{
    pp_py_take_bool(reader, "tls", &target->tls);
    pp_py_take_text(reader, "ca_file", PP_PY_TEXT_ANY, true, &target->ca_file);
    pp_py_take_text(reader, "cert_file", PP_PY_TEXT_ANY, true, &target->cert_file);
    pp_py_take_text(reader, "key_file", PP_PY_TEXT_ANY, true, &target->key_file);
    pp_py_take_bool(reader, "verify", &target->verify);
}

static void take_target(struct pp_py_reader *reader, struct pp_target *target)
{
    static const char *const versions[] = {
        [PP_HTTP_1_1] = "1.1", [PP_HTTP_2] = "2", [PP_HTTP_3] = "3", [PP_HTTP_3 + 1] = NULL};
    int version = PP_HTTP_1_1;
    unsigned port = 0;
    target->verify = true;
    target->streams = 1;
    pp_py_take_text(reader, "host", PP_PY_TEXT_NAME, false, &target->host);
    take_unsigned(reader, "port", 0, UINT16_MAX, &port);
    pp_py_take_text(reader, "unix_path", PP_PY_TEXT_ANY, true, &target->unix_path);
    pp_py_take_choice(reader, "http", versions, &version);
    take_tls(reader, target);
    pp_py_take_text(reader, "proxy", PP_PY_TEXT_ANY, true, &target->proxy);
    pp_py_take_bool(reader, "cookies", &target->cookies);
    pp_py_take_bool(reader, "decompress", &target->decompress);
    take_unsigned(reader, "max_redirects", 0, 1000, &target->max_redirects);
    take_redirect_hosts(reader, target);
    take_unsigned(reader, "streams", 1, 10000, &target->streams);
    target->port = (uint16_t)port;
    target->http = (enum pp_http_version)version;
    if (!reader->failed && target->host == NULL)
        pp_py_wrong_value(reader, "host", "is missing");
    if (!reader->failed && target->port == 0 && target->unix_path == NULL)
        pp_py_wrong_value(reader, "port", "is missing");
}

static void take_headers(struct pp_py_reader *reader, struct pp_request *request)
{
    PyObject *headers = pp_py_take_tuple(reader, "headers");
    if (headers == NULL)
        return;
    Py_ssize_t count = PyTuple_GET_SIZE(headers);
    struct pp_header *array = array_of(reader, count, sizeof(array[0]));
    for (Py_ssize_t i = 0; i < count && !reader->failed; i++) {
        PyObject *pair = PyTuple_GET_ITEM(headers, i);
        if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
            pp_py_wrong_type(reader, "headers", "a tuple of (name, value) tuples", pair);
            return;
        }
        array[i].name = pp_py_text_of(reader, "headers", PyTuple_GET_ITEM(pair, 0), PP_PY_TEXT_TOKEN);
        if (!reader->failed)
            array[i].value = pp_py_text_of(reader, "headers", PyTuple_GET_ITEM(pair, 1), PP_PY_TEXT_FIELD);
    }
    request->headers = array;
    request->header_count = (size_t)count;
}

static void take_statuses(struct pp_py_reader *reader, struct pp_request *request)
{
    PyObject *statuses = pp_py_take_tuple(reader, "statuses");
    if (statuses == NULL)
        return;
    Py_ssize_t count = PyTuple_GET_SIZE(statuses);
    uint16_t *array = array_of(reader, count, sizeof(array[0]));
    for (Py_ssize_t i = 0; i < count && !reader->failed; i++)
        array[i] = (uint16_t)pp_py_number_of(reader, "statuses", PyTuple_GET_ITEM(statuses, i), 100, 999);
    request->statuses = array;
    request->status_count = (size_t)count;
}

static void take_request(struct pp_py_reader *reader, struct pp_request *request)
{
    bool must_hold = false;
    request->method = "GET";
    request->path = "/";
    request->body_cap = UINT64_C(64) * 1024 * 1024;
    request->timeout_ns = 30 * PP_NS_PER_S;
    pp_py_take_text(reader, "method", PP_PY_TEXT_TOKEN, false, &request->method);
    pp_py_take_text(reader, "path", PP_PY_TEXT_PATH, false, &request->path);
    take_headers(reader, request);
    pp_py_take_bytes(reader, "body", &request->body, &request->body_length, &request->has_body);
    take_statuses(reader, request);
    pp_py_take_bytes(reader, "must_hold", &request->must_hold, &request->must_hold_length, &must_hold);
    pp_py_take_number(reader, "body_cap", false, 0, INT64_MAX, &request->body_cap);
    pp_py_take_seconds(reader, "timeout", false, &request->timeout_ns);
    if (!reader->failed && request->timeout_ns == 0)
        pp_py_wrong_value(reader, "timeout", "is above 0");
}

/* (kind, low, high) */
static void take_think(struct pp_py_reader *reader, struct pp_think *think)
{
    static const char *const kinds[] = {
        [PP_THINK_NONE] = "none",
        [PP_THINK_FIXED] = "fixed",
        [PP_THINK_UNIFORM] = "uniform",
        [PP_THINK_EXPONENTIAL] = "exponential",
    };
    PyObject *value = pp_py_take_tuple(reader, "think");
    if (value == NULL)
        return;
    if (PyTuple_GET_SIZE(value) != 3) {
        pp_py_wrong_value(reader, "think", "is (kind, low, high)");
        return;
    }
    const char *kind = pp_py_text_of(reader, "think", PyTuple_GET_ITEM(value, 0), PP_PY_TEXT_ANY);
    size_t i = 0;
    while (kind != NULL && i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i], kind) != 0)
        i++;
    if (!reader->failed && i == sizeof(kinds) / sizeof(kinds[0]))
        pp_py_wrong_value(reader, "think", "is of kind none, fixed, uniform or exponential");
    think->kind = (enum pp_think_kind)i;
    if (!reader->failed)
        think->low_ns = pp_py_ns_of(reader, "think", PyTuple_GET_ITEM(value, 1));
    if (!reader->failed)
        think->high_ns = pp_py_ns_of(reader, "think", PyTuple_GET_ITEM(value, 2));
    if (!reader->failed && think->kind == PP_THINK_UNIFORM && think->high_ns < think->low_ns)
        pp_py_wrong_value(reader, "think", "has its high end below its low end");
}

static void take_thresholds(struct pp_py_reader *reader, struct pp_tally_plan *tally)
{
    PyObject *thresholds = pp_py_take_tuple(reader, "thresholds");
    if (thresholds == NULL)
        return;
    Py_ssize_t count = PyTuple_GET_SIZE(thresholds);
    if (count > PP_THRESHOLD_MAX) {
        pp_py_wrong_value(reader, "thresholds", "has room for 16");
        return;
    }
    int64_t before_ns = -1;
    for (Py_ssize_t i = 0; i < count && !reader->failed; i++) {
        tally->threshold_ns[i] = pp_py_ns_of(reader, "thresholds", PyTuple_GET_ITEM(thresholds, i));
        if (!reader->failed && tally->threshold_ns[i] <= before_ns)
            pp_py_wrong_value(reader, "thresholds", "rises from each to the next");
        before_ns = tally->threshold_ns[i];
    }
    tally->thresholds = (size_t)count;
}

static void take_load(struct pp_py_reader *reader, struct pp_plan *plan)
{
    static const char *const models[] = {[PP_MODEL_CLOSED] = "closed", [PP_MODEL_OPEN] = "open", NULL};
    static const char *const arrivals[] = {
        [PP_ARRIVAL_CONSTANT] = "constant", [PP_ARRIVAL_POISSON] = "poisson", NULL};
    int model = PP_MODEL_CLOSED, arrival = PP_ARRIVAL_CONSTANT;
    plan->users = 1;
    plan->workers = 1;
    plan->seed = 1;
    pp_py_take_choice(reader, "model", models, &model);
    take_unsigned(reader, "users", 1, USERS_MAX, &plan->users);
    pp_py_take_seconds(reader, "duration", true, &plan->duration_ns);
    pp_py_take_number(reader, "requests", true, 0, REQUESTS_MAX, &plan->requests);
    pp_py_take_seconds(reader, "warmup", false, &plan->warmup_ns);
    take_think(reader, &plan->think);
    pp_py_take_choice(reader, "arrivals", arrivals, &arrival);
    pp_py_take_rate(reader, "rate", &plan->rate_per_s);
    pp_py_take_number(reader, "seed", false, 0, UINT64_MAX, &plan->seed);
    take_unsigned(reader, "workers", 1, WORKERS_MAX, &plan->workers);
    plan->model = (enum pp_model)model;
    plan->arrivals = (enum pp_arrival_kind)arrival;
    if (!reader->failed && (plan->duration_ns > 0) == (plan->requests > 0))
        pp_py_wrong_value(reader, "duration", "or 'requests' is above 0, and not both");
    if (!reader->failed && plan->workers > plan->users)
        pp_py_wrong_value(reader, "workers", "are no more than 'users'");
    if (!reader->failed && plan->model == PP_MODEL_OPEN && !(plan->rate_per_s > 0.0))
        pp_py_wrong_value(reader, "rate", "is what the open model needs");
}

static void take_way(struct pp_py_reader *reader, struct pp_plan *plan)
{
    static const char *const transports[] = {"h1", "curl", NULL};
    static const char *const backends[] = {[PP_LOOP_BEST] = "best",
                                           [PP_LOOP_EPOLL] = "epoll",
                                           [PP_LOOP_POLL] = "poll",
                                           [PP_LOOP_POLL + 1] = NULL};
    int transport = 0, backend = PP_LOOP_BEST;
    pp_py_take_choice(reader, "transport", transports, &transport);
    pp_py_take_choice(reader, "backend", backends, &backend);
    plan->way = transport == 0 ? &pp_exchange_h1 : &pp_exchange_curl;
    plan->backend = (enum pp_loop_backend)backend;
}

static void take_tally(struct pp_py_reader *reader, struct pp_tally_plan *tally)
{
    tally->slice_ns = 100 * PP_NS_PER_MS;
    take_thresholds(reader, tally);
    pp_py_take_seconds(reader, "slice_width", false, &tally->slice_ns);
    if (!reader->failed && tally->slice_ns < PP_NS_PER_MS)
        pp_py_wrong_value(reader, "slice_width", "is at least a millisecond");
}

struct pp_py_plan *pp_py_plan_new(PyObject *keywords)
{
    struct pp_py_plan *plan = calloc(1, sizeof(*plan));
    if (plan == NULL) {
        (void)PyErr_NoMemory();
        return NULL;
    }
    struct pp_py_reader reader;
    pp_py_reader_begin(&reader, keywords, &plan->arena);
    take_target(&reader, &plan->core.target);
    take_request(&reader, &plan->core.request);
    take_load(&reader, &plan->core);
    take_way(&reader, &plan->core);
    take_tally(&reader, &plan->core.tally);
    if (!pp_py_reader_done(&reader)) {
        pp_py_plan_free(plan);
        return NULL;
    }
    return plan;
}

void pp_py_plan_free(struct pp_py_plan *plan)
{
    if (plan == NULL)
        return;
    pp_py_arena_free(&plan->arena);
    free(plan);
}

const struct pp_plan *pp_py_plan_core(const struct pp_py_plan *plan)
{
    return &plan->core;
}
