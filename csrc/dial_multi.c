/* libcurl names a descriptor each time its interest changes; what we know of each stands in a table indexed
 * by descriptor, because for a kept one it must survive CURL_POLL_REMOVE, and libcurl's own memory of it
 * (curl_multi_assign) does not. */
#include "dial_multi.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct socket_slot {
    struct pp_watch watch;
    struct pp_multi *multi;
    unsigned wanted;  /* by libcurl, of enum pp_ready; 0: nothing now */
    unsigned watched; /* what the loop was asked for; 0: not registered */
    bool kept;        /* by pp_multi_keep */
};

struct pp_multi {
    struct pp_loop *loop; /* borrowed */
    CURLM *curl;          /* owned */
    pp_multi_done done;
    pp_multi_turn turn;
    void *owner;
    struct pp_timer timer;      /* always armed, so that setting it needs no memory */
    struct socket_slot **slots; /* owned, as are the slots: indexed by descriptor, NULL until first seen */
    size_t slot_count;
};

/* --- libcurl itself, once for the process ------------------------------------------------------- */

/* The library's only globals: libcurl has its own, and asks for this call exactly once. */
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_once_code;

static void initialise_curl(void)
{
    curl_once_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* --- the table of descriptors ------------------------------------------------------------------- */

static bool grow_table(struct pp_multi *multi, size_t index)
{
    size_t count = multi->slot_count == 0 ? 64 : multi->slot_count;
    while (count <= index)
        count *= 2;
    struct socket_slot **slots = realloc(multi->slots, count * sizeof *slots);
    if (slots == NULL)
        return false;
    memset(slots + multi->slot_count, 0, (count - multi->slot_count) * sizeof *slots);
    multi->slots = slots;
    multi->slot_count = count;
    return true;
}

static struct socket_slot *find_slot(const struct pp_multi *multi, int fd)
{
    return fd >= 0 && (size_t)fd < multi->slot_count ? multi->slots[fd] : NULL;
}

static void socket_ready(struct pp_watch *watch, unsigned ready);

/* NULL: no memory. */
static struct socket_slot *ensure_slot(struct pp_multi *multi, int fd)
{
    struct socket_slot *slot = find_slot(multi, fd);
    if (slot != NULL)
        return slot;
    if ((size_t)fd >= multi->slot_count && !grow_table(multi, (size_t)fd))
        return NULL;
    slot = calloc(1, sizeof *slot);
    if (slot == NULL)
        return NULL;
    slot->multi = multi;
    slot->watch.ready = socket_ready;
    multi->slots[fd] = slot;
    return slot;
}

static void unwatch(struct socket_slot *slot)
{
    if (slot->watched == 0)
        return;
    pp_loop_unwatch(slot->multi->loop, &slot->watch);
    slot->watched = 0;
}

static enum pp_status watch_for(struct socket_slot *slot, int fd, unsigned wanted)
{
    slot->wanted = wanted;
    if (wanted == slot->watched)
        return PP_OK;
    enum pp_status status = slot->watched == 0 ? pp_loop_watch(slot->multi->loop, &slot->watch, fd, wanted)
                                               : pp_loop_rewatch(slot->multi->loop, &slot->watch, wanted);
    if (status == PP_OK)
        slot->watched = wanted;
    return status;
}

void pp_multi_keep(struct pp_multi *multi, int fd)
{
    struct socket_slot *slot = ensure_slot(multi, fd);
    if (slot == NULL)
        return;    /* only the saving is lost */
    unwatch(slot); /* left over when libcurl closed an earlier descriptor of this number behind our back */
    slot->wanted = 0;
    slot->kept = true;
}

void pp_multi_forget(struct pp_multi *multi, int fd)
{
    struct socket_slot *slot = find_slot(multi, fd);
    if (slot == NULL)
        return;
    unwatch(slot);
    slot->wanted = 0;
    slot->kept = false;
}

int pp_multi_close_socket(void *multi, curl_socket_t fd)
{
    pp_multi_forget(multi, fd);
    return close(fd);
}

/* --- libcurl's callbacks ------------------------------------------------------------------------ */

/* -1 makes libcurl give up the whole multi: its transfers end with CURLE_ABORTED_BY_CALLBACK. */
static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
    (void)easy;
    (void)socket_data;
    struct pp_multi *multi = data;
    if (what == CURL_POLL_REMOVE || what == CURL_POLL_NONE) {
        struct socket_slot *slot = find_slot(multi, fd);
        if (slot != NULL) {
            slot->wanted = 0;
            if (!slot->kept)
                unwatch(slot);
        }
        return 0;
    }
    struct socket_slot *slot = ensure_slot(multi, fd);
    if (slot == NULL)
        return -1;
    unsigned wanted = ((what & CURL_POLL_IN) != 0 ? (unsigned)PP_READY_READ : 0U) |
                      ((what & CURL_POLL_OUT) != 0 ? (unsigned)PP_READY_WRITE : 0U);
    return watch_for(slot, fd, wanted) == PP_OK ? 0 : -1;
}

static int timeout_changed(CURLM *curl, long timeout_ms, void *data)
{
    (void)curl;
    struct pp_multi *multi = data;
    int64_t due_ns = 0;
    if (timeout_ms < 0)
        due_ns = INT64_MAX;
    else if (timeout_ms > 0)
        due_ns = pp_clock_now() + timeout_ms * PP_NS_PER_MS;
    return pp_loop_arm(multi->loop, &multi->timer, due_ns) == PP_OK ? 0 : -1;
}

/* --- from the loop to libcurl ------------------------------------------------------------------- */

static void drain(struct pp_multi *multi)
{
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(multi->curl, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            multi->done(multi->owner, message->easy_handle, message->data.result);
}

static void act(struct pp_multi *multi, curl_socket_t fd, int what)
{
    if (multi->turn != NULL)
        multi->turn(multi->owner, (what & CURL_CSELECT_IN) != 0 ? fd : -1);
    int running = 0;
    /* When a callback failed libcurl lets all transfers be until they are run again, and then ends each. Any
     * other failure leaves them where they are: each ends by its owner's time-out. */
    if (curl_multi_socket_action(multi->curl, fd, what, &running) == CURLM_ABORTED_BY_CALLBACK)
        (void)curl_multi_perform(multi->curl, &running);
    drain(multi);
}

static void socket_ready(struct pp_watch *watch, unsigned ready)
{
    struct socket_slot *slot = (struct socket_slot *)((char *)watch - offsetof(struct socket_slot, watch));
    struct pp_multi *multi = slot->multi;
    if (slot->wanted ==
        0) { /* an idle connection that the peer closed: libcurl finds that out when it wants it */
        unwatch(slot);
        return;
    }
    /* An error alone is told as what libcurl waits for; it finds the error when it tries. */
    if ((ready & (PP_READY_READ | PP_READY_WRITE)) == 0)
        ready |= slot->wanted;
    int what = ((ready & PP_READY_READ) != 0 ? CURL_CSELECT_IN : 0) |
               ((ready & PP_READY_WRITE) != 0 ? CURL_CSELECT_OUT : 0) |
               ((ready & PP_READY_ERROR) != 0 ? CURL_CSELECT_ERR : 0);
    act(multi, watch->fd, what);
}

static void timer_due(struct pp_timer *timer, int64_t now_ns)
{
    (void)now_ns;
    struct pp_multi *multi = (struct pp_multi *)((char *)timer - offsetof(struct pp_multi, timer));
    enum pp_status armed = pp_loop_arm(multi->loop, timer, INT64_MAX);
    (void)armed; /* it keeps its room in the loop; had that failed, libcurl would hear of it */
    act(multi, CURL_SOCKET_TIMEOUT, 0);
}

/* --- the multi ---------------------------------------------------------------------------------- */

static bool set_callbacks(struct pp_multi *multi)
{
    return curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, socket_changed) == CURLM_OK &&
           curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi) == CURLM_OK &&
           curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, timeout_changed) == CURLM_OK &&
           curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi) == CURLM_OK;
}

enum pp_status pp_multi_new(struct pp_loop *loop, pp_multi_done done, pp_multi_turn turn, void *owner,
                            struct pp_multi **out)
{
    if (pthread_once(&curl_once, initialise_curl) != 0 || curl_once_code != CURLE_OK)
        return PP_UNSUPPORTED;
    struct pp_multi *multi = calloc(1, sizeof *multi);
    if (multi == NULL)
        return PP_NOMEM;
    multi->loop = loop;
    multi->done = done;
    multi->turn = turn;
    multi->owner = owner;
    multi->timer.fire = timer_due;
    multi->curl = curl_multi_init();
    if (multi->curl == NULL || !set_callbacks(multi) ||
        pp_loop_arm(loop, &multi->timer, INT64_MAX) != PP_OK) {
        pp_multi_free(multi);
        return PP_NOMEM;
    }
    *out = multi;
    return PP_OK;
}

void pp_multi_free(struct pp_multi *multi)
{
    if (multi == NULL)
        return;
    if (multi->curl != NULL)
        (void)curl_multi_cleanup(multi->curl); /* closes its connections, and calls back for each */
    pp_loop_disarm(multi->loop, &multi->timer);
    for (size_t i = 0; i < multi->slot_count; i++) {
        if (multi->slots[i] != NULL)
            unwatch(multi->slots[i]);
        free(multi->slots[i]);
    }
    free(multi->slots);
    free(multi);
}

CURLM *pp_multi_handle(struct pp_multi *multi)
{
    return multi->curl;
}

enum pp_status pp_multi_add(struct pp_multi *multi, CURL *easy)
{
    switch (curl_multi_add_handle(multi->curl, easy)) {
    case CURLM_OK:
        return PP_OK; /* libcurl has asked for a timer that is due at once: the transfer starts from the loop
                       */
    case CURLM_OUT_OF_MEMORY:
    case CURLM_ABORTED_BY_CALLBACK: /* there was none, and transfers that fail for it are still in the multi
                                     */
        return PP_NOMEM;
    default:
        return PP_INVALID;
    }
}

void pp_multi_remove(struct pp_multi *multi, CURL *easy)
{
    (void)curl_multi_remove_handle(multi->curl, easy);
}
