/* What the times of a sample mean on the curl way.
 *
 * sent: libcurl was about to write the first request; its last byte counts as gone at the same moment, but
 * for libcurl 8.10 and later, which tells. first and end: the receive timestamp of the last bytes that waited
 * when libcurl read those, which under HTTP/2 several responses may share; the user-space time where there is
 * none, as for bytes that were there before libcurl began to wait. bytes: header bytes as libcurl hands them
 * out, and body bytes before they are decompressed. All hops of a redirected request count into its one
 * sample: times of the connection are those of the first hop, the first byte is that of the last answer. */
#include "exchange_curl.h"

bool pp_curl_arrived(const struct pp_curl_exchange *exchange, int64_t now_ns, int64_t *arrived_ns)
{
    const struct pp_curl_transport *transport = exchange->transport;
    if (transport->stamp_real_ns == 0)
        return false;
    return pp_stamper_map(pp_loop_stamper(transport->loop), transport->stamp_real_ns,
                          exchange->sample.sent_ns, now_ns, arrived_ns);
}

static int64_t info_ns(CURL *easy, CURLINFO info)
{
    curl_off_t us = 0;
    return curl_easy_getinfo(easy, info, &us) == CURLE_OK ? (int64_t)us * PP_NS_PER_US : 0;
}

static long new_connections(CURL *easy)
{
    long count = 0;
    return curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &count) == CURLE_OK ? count : 0;
}

/* A moment that did not come is 0 to libcurl. */
static int64_t span(int64_t from_ns, int64_t to_ns)
{
    return to_ns > 0 && to_ns >= from_ns ? to_ns - from_ns : -1;
}

static void note_dial(struct pp_curl_exchange *exchange)
{
    struct pp_sample *sample = &exchange->sample;
    int64_t dns_ns = info_ns(exchange->easy, CURLINFO_NAMELOOKUP_TIME_T);
    int64_t connect_ns = info_ns(exchange->easy, CURLINFO_CONNECT_TIME_T);
    if (exchange->transport->by_name)
        sample->dns_ns = span(0, dns_ns);
    sample->connect_ns = span(dns_ns, connect_ns);
    if (exchange->transport->target->tls)
        sample->tls_ns = span(connect_ns, info_ns(exchange->easy, CURLINFO_APPCONNECT_TIME_T));
}

static int64_t sending_ns(const struct pp_curl_exchange *exchange)
{
#if LIBCURL_VERSION_NUM >= 0x080a00
    int64_t lasted_ns = info_ns(exchange->easy, CURLINFO_POSTTRANSFER_TIME_T) -
                        info_ns(exchange->easy, CURLINFO_PRETRANSFER_TIME_T);
    return exchange->hop_sends == 1 && lasted_ns > 0 ? lasted_ns : 0;
#else
    (void)exchange;
    return 0;
#endif
}

static void note_first_hop(struct pp_curl_exchange *exchange, long dialled)
{
    struct pp_sample *sample = &exchange->sample;
    sample->reused = exchange->hop_sends > 0 && dialled == 0;
    sample->sent_end_ns = sample->sent_ns + sending_ns(exchange);
    if (dialled > 0)
        note_dial(exchange);
}

/* What libcurl knows of the hop that ended, before its easy handle is used for anything else. */
void pp_curl_note_hop(struct pp_curl_exchange *exchange)
{
    struct pp_curl_transport *transport = exchange->transport;
    struct pp_sample *sample = &exchange->sample;
    long dialled = new_connections(exchange->easy);
    if (exchange->hop_sends > 0)
        transport->connected += (uint64_t)dialled;
    if (exchange->hop.count == 0)
        note_first_hop(exchange, dialled);
    if (exchange->hop_sends > 1)
        sample->resent += exchange->hop_sends - 1;
    curl_off_t body = (curl_off_t)exchange->reply.body_bytes;
    if (transport->target->decompress)
        (void)curl_easy_getinfo(exchange->easy, CURLINFO_SIZE_DOWNLOAD_T, &body);
    sample->bytes += exchange->reply.header_bytes + (uint64_t)body;
    sample->status = exchange->reply.status;
}

void pp_curl_note_end(struct pp_curl_exchange *exchange)
{
    struct pp_sample *sample = &exchange->sample;
    int64_t now_ns = pp_clock_now();
    sample->seen_ns = now_ns;
    sample->end_ns = now_ns;
    if (sample->sent_ns != 0 && exchange->transport->stamp_is_last)
        sample->stamped = pp_curl_arrived(exchange, now_ns, &sample->end_ns);
    if (sample->first_ns > sample->end_ns)
        sample->first_ns = sample->end_ns;
}
