/* What every easy handle of a target has in common, whichever way its requests go: where, how it is trusted,
 * and what libcurl must not do by itself. */
#ifndef PP_DIAL_SETUP_H
#define PP_DIAL_SETUP_H

#include <curl/curl.h>

#include "dial_error.h"
#include "status.h"
#include "target.h"

/* "https://host:port" + path, IPv6 in brackets; owned by the caller (free). NULL: no memory. */
char *pp_target_url(const struct pp_target *target, const char *path);

/* Protocols, TLS, unix socket, proxy (none unless the target names one), no signals, and the socket hooks
 * with `facts`, which is borrowed for the handle's life. */
PP_MUST_CHECK enum pp_status pp_easy_prepare(CURL *easy, const struct pp_target *target,
                                             struct pp_socket_facts *facts);

#endif
