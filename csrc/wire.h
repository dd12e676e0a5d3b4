/* A request as the bytes that HTTP/1.1 sends. */
#ifndef PP_WIRE_H
#define PP_WIRE_H

#include <stddef.h>

#include "status.h"
#include "target.h"

#define PP_USER_AGENT "perfplug/0.1"

/* Request line, headers and body in one piece; *bytes is owned by the caller (free). Host, User-Agent, Accept
 * and Content-Length are added unless the request brings its own. */
PP_MUST_CHECK enum pp_status pp_wire_build(const struct pp_target *target, const struct pp_request *request,
                                           char **bytes, size_t *length);

#endif
