/* A curl multi handle driven by a pp_loop: its sockets are watches, its time-out is a timer. Shared by the
 * two users of libcurl (dial, exchange_curl). Threads: as the loop. */
#ifndef PP_DIAL_MULTI_H
#define PP_DIAL_MULTI_H

#include <curl/curl.h>

#include "loop.h"
#include "status.h"

struct pp_multi;

/* A transfer (or CONNECT_ONLY dial) ended. Called from the loop with the easy handle still in the multi; the
 * handler may remove, change, re-add or free any easy handle, but not the multi. */
typedef void (*pp_multi_done)(void *owner, CURL *easy, CURLcode code);

/* libcurl is about to be given a turn: because `fd` is readable (the moment to look at its receive
 * timestamp), or for another reason (-1). May be NULL. */
typedef void (*pp_multi_turn)(void *owner, int fd);

/* Initialises libcurl once for the process. The loop is borrowed. */
PP_MUST_CHECK enum pp_status pp_multi_new(struct pp_loop *loop, pp_multi_done done, pp_multi_turn turn,
                                          void *owner, struct pp_multi **out);
void pp_multi_free(struct pp_multi *multi); /* after all easy handles were removed; NULL is fine */
CURLM *pp_multi_handle(struct pp_multi *multi);

/* Adds an easy handle; on trouble `done` is not called and the status says why. Not from a libcurl callback.
 */
PP_MUST_CHECK enum pp_status pp_multi_add(struct pp_multi *multi, CURL *easy);
void pp_multi_remove(struct pp_multi *multi, CURL *easy);

/* For CURLOPT_OPENSOCKETFUNCTION users: `fd` was just opened, and pp_multi_forget will be called before it is
 * closed. Its registration with the loop then outlives libcurl's interest in it, so that a connection kept
 * for the next request costs no system call to watch again. */
void pp_multi_keep(struct pp_multi *multi, int fd);

/* `fd` is about to be closed, or to be watched by someone else. Fine for one that was never seen. */
void pp_multi_forget(struct pp_multi *multi, int fd);

/* A CURLOPT_CLOSESOCKETFUNCTION that forgets and closes; its data is the struct pp_multi. libcurl calls it
 * until pp_multi_free has returned, even for handles that were cleaned up before. */
int pp_multi_close_socket(void *multi, curl_socket_t fd);

#endif
