#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "alloc_fail.h"
#include "both_loops.h"

#define MANY 100

static void on_ready(struct pp_watch *watch, unsigned ready)
{
    (void)watch;
    CHECK_INT(ready, 0); /* nothing here is ever ready */
}

static void files_and_folders_are_unsupported(void)
{
    struct pp_loop *loop = loop_new();
    struct pp_watch watched = {.ready = on_ready};
    int file = open("/proc/self/exe", O_RDONLY), folder = open("/", O_RDONLY);
    REQUIRE(file >= 0 && folder >= 0);
    CHECK_INT(pp_loop_watch(loop, &watched, file, PP_READY_READ), PP_UNSUPPORTED);
    CHECK_INT(pp_loop_watch(loop, &watched, folder, PP_READY_READ), PP_UNSUPPORTED);
    close(file);
    close(folder);
    errno = 0;
    CHECK_INT(pp_loop_watch(loop, &watched, file, PP_READY_READ), PP_SYSTEM);
    CHECK_INT(errno, EBADF);
    pp_loop_wake(loop);
    turn(loop);
    pp_loop_free(loop);
}

static int lowest_free_fd(void)
{
    int fd = dup(STDERR_FILENO);
    REQUIRE(fd >= 0);
    close(fd);
    return fd;
}

static void a_loop_that_finds_no_descriptor_left_says_so_and_keeps_none(void)
{
    struct rlimit before, limited;
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    int first = lowest_free_fd();
    unsigned refused = 0;
    struct pp_loop *loop = NULL;
    for (limited = before, limited.rlim_cur = (rlim_t)first; loop == NULL; limited.rlim_cur++) {
        REQUIRE(setrlimit(RLIMIT_NOFILE, &limited) == 0);
        enum pp_status status = pp_loop_new(backend, &loop);
        CHECK(status == PP_OK || status == PP_FDS);
        refused += status == PP_FDS;
        REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
        CHECK(status == PP_OK || lowest_free_fd() == first);
    }
    CHECK(refused >= 2);
    pp_loop_free(loop);
    CHECK_INT(lowest_free_fd(), first);
}

static enum pp_status open_and_watch(void *context)
{
    const int *source = context;
    struct pp_loop *loop = NULL;
    enum pp_status status = pp_loop_new(backend, &loop);
    CHECK((status == PP_OK) == (loop != NULL));
    static struct pp_watch watches[MANY];
    size_t watched = 0;
    while (status == PP_OK && watched < MANY) {
        int fd = dup(*source);
        REQUIRE(fd >= 0);
        watches[watched] = (struct pp_watch){.ready = on_ready};
        status = pp_loop_watch(loop, &watches[watched], fd, PP_READY_READ);
        if (status == PP_OK) {
            watched++;
        } else {
            close(fd);
        }
    }
    while (watched-- > 0) {
        pp_loop_unwatch(loop, &watches[watched]);
        close(watches[watched].fd);
    }
    pp_loop_free(loop);
    return status;
}

static void a_loop_without_memory_says_so_and_keeps_nothing(void)
{
    int first = lowest_free_fd();
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    struct alloc_fail_sweep swept = alloc_fail_sweep(open_and_watch, ends);
    CHECK(swept.refused >= 4);
    CHECK_INT(swept.survived, 0);
    CHECK_INT(swept.other, 0);
    close(ends[0]);
    close(ends[1]);
    CHECK_INT(lowest_free_fd(), first);
    pp_loop_free(NULL);
}

/* poll refuses more descriptors than the limit; the epoll descriptor is the first a loop opens. */
static void a_wait_that_fails_is_reported(void)
{
    int first = lowest_free_fd();
    struct pp_loop *loop = loop_new();
    struct rlimit before, limited;
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    limited = before;
    limited.rlim_cur = 0;
    if (backend == PP_LOOP_EPOLL) {
        close(first);
    }
    REQUIRE(setrlimit(RLIMIT_NOFILE, &limited) == 0);
    errno = 0;
    CHECK_INT(pp_loop_turn(loop), PP_SYSTEM);
    CHECK_INT(errno, backend == PP_LOOP_EPOLL ? EBADF : EINVAL);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
    pp_loop_free(loop);
}

static void some_backend_is_always_to_be_had(void)
{
    struct pp_loop *loop = NULL;
    REQUIRE(pp_loop_new(PP_LOOP_BEST, &loop) == PP_OK);
    pp_loop_wake(loop);
    CHECK_INT(pp_loop_turn(loop), PP_OK);
    pp_loop_free(loop);
}

#define CASE(function)                                                                                       \
    {                                                                                                        \
#function, function                                                                                  \
    }

int main(void)
{
    static const struct check_case cases[] = {
        CASE(files_and_folders_are_unsupported),
        CASE(a_loop_that_finds_no_descriptor_left_says_so_and_keeps_none),
        CASE(a_loop_without_memory_says_so_and_keeps_nothing),
        CASE(some_backend_is_always_to_be_had),
        CASE(a_wait_that_fails_is_reported),
    };
    return both_loops_main("loop faults (epoll)", "loop faults (poll)", cases, sizeof cases / sizeof *cases);
}
