#include "run_fds.h"

#include <dirent.h>
#include <sys/resource.h>

enum {
    WORKER_FDS = 16, /* loop, timers, wake-up, libcurl's own; generously */
    RUN_FDS = 16,    /* the pipe, name look-ups under way, and what the host opens meanwhile */
    GUESS_OPEN = 64, /* where they cannot be counted */
    TLS_SHARE = 16,  /* libcurl's wake-up descriptors for every so many TLS connections */
};

static uint64_t open_now(void)
{
    uint64_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        folder = opendir("/dev/fd");
    if (folder == NULL)
        return GUESS_OPEN;
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

static uint64_t needed_for(const struct pp_plan *plan)
{
    uint64_t conns = plan->users;
    uint64_t tls = plan->target.tls ? conns / TLS_SHARE : 0;
    return open_now() + conns + tls + (uint64_t)plan->workers * WORKER_FDS + RUN_FDS;
}

enum pp_status pp_fds_reserve(const struct pp_plan *plan, struct pp_fds *fds)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return PP_SYSTEM;
    fds->needed = needed_for(plan);
    fds->have = (uint64_t)limit.rlim_max;
    if (limit.rlim_cur >= fds->needed)
        return PP_OK;
    if (limit.rlim_max < fds->needed)
        return PP_FDS;
    limit.rlim_cur = (rlim_t)fds->needed;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? PP_OK : PP_SYSTEM;
}
