#include "wire.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Appends within a buffer whose size was computed beforehand: each piece is counted before it is written. */
struct text {
    char *bytes; /* NULL while counting */
    size_t length;
};

static void put(struct text *text, const char *piece, size_t length)
{
    if (text->bytes != NULL && length > 0)
        memcpy(text->bytes + text->length, piece, length);
    text->length += length;
}

static void put_string(struct text *text, const char *piece)
{
    put(text, piece, strlen(piece));
}

static void put_header(struct text *text, const char *name, const char *value)
{
    put_string(text, name);
    put_string(text, ": ");
    put_string(text, value);
    put_string(text, "\r\n");
}

static bool brings(const struct pp_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return true;
    return false;
}

static void put_host(struct text *text, const struct pp_target *target)
{
    bool bracket = strchr(target->host, ':') != NULL;
    bool usual = target->port == (target->tls ? 443 : 80) || target->unix_path != NULL;
    char port[16];
    (void)snprintf(port, sizeof(port), ":%u", (unsigned)target->port);
    put_string(text, "Host: ");
    put_string(text, bracket ? "[" : "");
    put_string(text, target->host);
    put_string(text, bracket ? "]" : "");
    put_string(text, usual ? "" : port);
    put_string(text, "\r\n");
}

static void put_request(struct text *text, const struct pp_target *target, const struct pp_request *request)
{
    put_string(text, request->method);
    put_string(text, " ");
    put_string(text, request->path);
    put_string(text, " HTTP/1.1\r\n");
    if (!brings(request, "Host"))
        put_host(text, target);
    if (!brings(request, "User-Agent"))
        put_header(text, "User-Agent", PP_USER_AGENT);
    if (!brings(request, "Accept"))
        put_header(text, "Accept", "*/*");
    for (size_t i = 0; i < request->header_count; i++)
        put_header(text, request->headers[i].name, request->headers[i].value);
    if (request->has_body && !brings(request, "Content-Length")) {
        char length[24];
        (void)snprintf(length, sizeof(length), "%zu", request->body_length);
        put_header(text, "Content-Length", length);
    }
    put_string(text, "\r\n");
    put(text, request->body, request->body_length);
}

enum pp_status pp_wire_build(const struct pp_target *target, const struct pp_request *request, char **bytes,
                             size_t *length)
{
    struct text counted = {.bytes = NULL, .length = 0};
    put_request(&counted, target, request);
    struct text text = {.bytes = malloc(counted.length), .length = 0};
    if (text.bytes == NULL)
        return PP_NOMEM;
    put_request(&text, target, request);
    *bytes = text.bytes;
    *length = text.length;
    return PP_OK;
}
