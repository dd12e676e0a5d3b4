#include "alloc_fail.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_bool armed;
static atomic_int mode_now;
static atomic_uint to_skip, calls, failures;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);

static bool must_fail(void)
{
    if (!atomic_load(&armed))
        return false;
    unsigned call = atomic_fetch_add(&calls, 1), skip = atomic_load(&to_skip);
    if (call < skip || (call > skip && atomic_load(&mode_now) == ALLOC_FAIL_ONCE))
        return false;
    atomic_fetch_add(&failures, 1);
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return must_fail() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
    return must_fail() ? NULL : __real_strndup(text, length);
}

void alloc_fail_arm(unsigned skip, enum alloc_fail_mode mode)
{
    atomic_store(&to_skip, skip);
    atomic_store(&mode_now, mode);
    atomic_store(&calls, 0);
    atomic_store(&failures, 0);
    atomic_store(&armed, true);
}

unsigned alloc_fail_disarm(void)
{
    atomic_store(&armed, false);
    return atomic_load(&failures);
}

/* False when there was nothing left to fail. */
static bool attempt_once(enum pp_status (*attempt)(void *), void *context, unsigned skip,
                         enum alloc_fail_mode mode, struct alloc_fail_sweep *swept)
{
    alloc_fail_arm(skip, mode);
    enum pp_status status = attempt(context);
    if (alloc_fail_disarm() == 0)
        return false;
    if (status == PP_NOMEM)
        swept->refused++;
    else if (status == PP_OK)
        swept->survived++;
    else
        swept->other++;
    return true;
}

struct alloc_fail_sweep alloc_fail_sweep(enum pp_status (*attempt)(void *), void *context)
{
    static const enum alloc_fail_mode modes[] = {ALLOC_FAIL_ONCE, ALLOC_FAIL_ON};
    struct alloc_fail_sweep swept = {0};
    for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++)
        for (unsigned skip = 0; attempt_once(attempt, context, skip, modes[m], &swept); skip++)
            continue;
    return swept;
}
