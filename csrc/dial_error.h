/* libcurl's outcome to our error class, and the socket hooks that make the difference visible (no descriptor
 * left, no port left, refused: all CURLE_COULDNT_CONNECT to libcurl). */
#ifndef PP_DIAL_ERROR_H
#define PP_DIAL_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "status.h"

/* What the hooks saw of one dial; owned by whoever owns the easy handle, cleared before each dial. */
struct pp_socket_facts {
    int open_errno; /* of socket(), 0 when it worked */
    int fd;         /* last one opened, -1 */
};

/* CURLOPT_OPENSOCKETFUNCTION / OPENSOCKETDATA: opens the socket (close-on-exec, TCP_NODELAY, receive
 * timestamps asked for) and notes what went wrong. `data` is a struct pp_socket_facts. */
curl_socket_t pp_socket_open(void *data, curlsocktype purpose, struct curl_sockaddr *address);

/* Asks for software receive timestamps; quietly does nothing where there are none. */
void pp_socket_ask_stamps(int fd);

/* `connected`: the failure came after the connection stood. */
enum pp_error pp_error_of_curl(CURL *easy, CURLcode code, const struct pp_socket_facts *facts,
                               bool connected);

/* Whether a socket's errno means that the connection broke. */
bool pp_errno_is_reset(int number);

/* What a look at the receive queue goes through at most. */
#define PP_PEEK_MAX ((size_t)64 * 1024)

/* Last receive timestamp queued on `fd` without consuming or copying (MSG_PEEK | MSG_TRUNC), CLOCK_REALTIME
 * ns; 0 when there is none. *queued: bytes waiting, 0 at end of stream and when nothing waits; PP_PEEK_MAX
 * says that there may be more, and that the timestamp is then not that of the very last byte.
 *
 * errno is 0 afterwards, or says what went wrong. The kernel tells of a broken connection only once: after
 * ECONNRESET here the next reader sees an orderly end. */
int64_t pp_socket_peek_stamp(int fd, size_t *queued);

#endif
