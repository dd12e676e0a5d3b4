/* libcurl lets through what we call errors: several Content-Lengths that differ, a status of two digits,
 * headers and bodies without end. */
#include "exchange_curl.h"

#include <string.h>
#include <strings.h>

#include "h1.h"

/* libcurl's own limit for one line, at which it speaks of lacking memory. */
enum { CURL_HEADER_LINE_MAX = 100 * 1024 };

/* Returning anything but the length makes libcurl end the transfer with CURLE_WRITE_ERROR. */
static size_t stop(struct pp_curl_reply *reply, enum pp_error error)
{
    reply->error = error;
    return 0;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* "HTTP/1.1 200 OK" or "HTTP/2 200 ": the status, 0 when it is malformed. */
static int parse_status(const char *line, size_t length)
{
    const char *end = line + length;
    const char *at = memchr(line, ' ', length);
    if (at == NULL)
        return 0;
    while (at < end && *at == ' ')
        at++;
    if (end - at < 3 || at[0] < '1' || at[0] > '9' || !is_digit(at[1]) || !is_digit(at[2]))
        return 0;
    if (end - at > 3 && !is_space(at[3]))
        return 0;
    return (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0');
}

/* False: not a number that fits. */
static bool parse_length(const char *value, const char *end, uint64_t *out)
{
    while (value < end && is_space(*value))
        value++;
    const char *first = value;
    uint64_t number = 0;
    for (; value < end && is_digit(*value); value++) {
        if (number > (INT64_MAX - 9) / 10)
            return false;
        number = number * 10 + (uint64_t)(*value - '0');
    }
    bool some = value > first;
    while (value < end && is_space(*value))
        value++;
    *out = number;
    return some && value == end;
}

static bool named(const char *line, size_t length, const char *name, size_t name_length)
{
    return length > name_length && line[name_length] == ':' && strncasecmp(line, name, name_length) == 0;
}

static bool length_agrees(struct pp_curl_reply *reply, const char *value, const char *end)
{
    uint64_t length = 0;
    if (!parse_length(value, end, &length) || (reply->has_length && length != reply->content_length))
        return false;
    reply->has_length = true;
    reply->content_length = length;
    return true;
}

static bool status_line(struct pp_curl_exchange *exchange, const char *line, size_t length)
{
    struct pp_curl_reply *reply = &exchange->reply;
    int status = parse_status(line, length);
    if (status == 0)
        return false;
    if (status / 100 == 1 && status != 101) /* an interim answer */
        return true;
    reply->status = status;
    reply->has_length = reply->has_location = false;
    int64_t now_ns = pp_clock_now();
    if (!pp_curl_arrived(exchange, now_ns, &exchange->sample.first_ns))
        exchange->sample.first_ns = now_ns;
    return true;
}

size_t pp_curl_on_header(char *bytes, size_t size, size_t count, void *data)
{
    static const char content_length[] = "content-length", location[] = "location";
    struct pp_curl_exchange *exchange = data;
    struct pp_curl_reply *reply = &exchange->reply;
    size_t length = size * count;
    reply->header_bytes += length;
    if (reply->header_bytes > PP_H1_HEADER_MAX)
        return stop(reply, PP_ERROR_HEADER_TOO_LARGE);
    if (length > 5 && memcmp(bytes, "HTTP/", 5) == 0)
        return status_line(exchange, bytes, length) ? length : stop(reply, PP_ERROR_PROTOCOL);
    if (named(bytes, length, content_length, sizeof content_length - 1)) {
        if (!length_agrees(reply, bytes + sizeof content_length, bytes + length))
            return stop(reply, PP_ERROR_PROTOCOL);
    } else if (named(bytes, length, location, sizeof location - 1)) {
        reply->has_location = true;
    }
    return length;
}

size_t pp_curl_on_body(char *bytes, size_t size, size_t count, void *data)
{
    struct pp_curl_exchange *exchange = data;
    struct pp_curl_reply *reply = &exchange->reply;
    const struct pp_curl_request *current = exchange->current;
    size_t length = size * count;
    reply->body_bytes += length;
    if (reply->body_bytes > current->request->body_cap)
        return stop(reply, PP_ERROR_BODY_TOO_LARGE);
    if (current->match != NULL)
        reply->match_state = pp_match_feed(current->match, reply->match_state, bytes, length);
    return length;
}

/* One line beyond libcurl's limit, or all of them beyond its other one: it tells neither in so many words. */
static bool header_overflow(const struct pp_curl_reply *reply, CURLcode code)
{
    if (reply->body_bytes > 0)
        return false;
#if LIBCURL_VERSION_NUM >= 0x080600
    if (code == CURLE_TOO_LARGE)
        return true;
#endif
    if (code == CURLE_OUT_OF_MEMORY)
        return true;
    return code == CURLE_RECV_ERROR && reply->header_bytes + CURL_HEADER_LINE_MAX > PP_H1_HEADER_MAX;
}

/* The look for a timestamp took the reset away: libcurl saw the connection end in order, and it is gone. */
static bool cut_off(const struct pp_curl_exchange *exchange)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    return exchange->transport->broken &&
           (curl_easy_getinfo(exchange->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
            fd == CURL_SOCKET_BAD);
}

/* A connection that dies on reuse before the first byte makes libcurl send again; at every sixth time,
 * counted over all transfers of an easy handle, it gives up instead, with a send error that no system call
 * caused. */
static bool gave_up_sending_again(const struct pp_curl_exchange *exchange, CURLcode code)
{
    long os_errno = 0;
    bool silent =
        curl_easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &os_errno) == CURLE_OK && os_errno == 0;
    return code == CURLE_SEND_ERROR && silent && exchange->hop_sends > 0 && exchange->reply.header_bytes == 0;
}

enum pp_error pp_curl_outcome(const struct pp_curl_exchange *exchange, CURLcode code)
{
    const struct pp_curl_reply *reply = &exchange->reply;
    if (reply->error != PP_ERROR_NONE)
        return reply->error;
    if (cut_off(exchange))
        return PP_ERROR_RESET;
    if (code == CURLE_OK)
        return pp_curl_version_held(exchange) ? PP_ERROR_NONE : PP_ERROR_PROTOCOL;
    bool connected = exchange->hop_sends > 0;
    if (connected && header_overflow(reply, code))
        return PP_ERROR_HEADER_TOO_LARGE;
    if (gave_up_sending_again(exchange, code))
        return PP_ERROR_STALE_CONNECTION;
    enum pp_error error = pp_error_of_curl(exchange->easy, code, &exchange->facts, connected);
    bool at_proxy = exchange->transport->target->proxy != NULL;
    if (at_proxy && (error == PP_ERROR_CONNECT_REFUSED || error == PP_ERROR_CONNECT_FAILED))
        return PP_ERROR_PROXY;
    return error;
}
