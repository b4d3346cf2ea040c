#include "hop.h"

#include <arpa/inet.h>
#include <unistd.h>

#include "clock.h"
#include "guard.h"

#define ACCEPT_FEEDS                                                                               \
    "application/rss+xml, application/atom+xml, application/feed+json, "                           \
    "application/rdf+xml;q=0.9, "                                                                  \
    "application/xml;q=0.8, text/xml;q=0.8, text/html;q=0.5, */*;q=0.1"
#define DNS_KEPT_S                                                                                 \
    600 /* longer than any one transfer: what we resolved must not lapse on its way */

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
    struct hop *hop = ctx;
    struct str line = {bytes, size * count};
    if (headers_line(&hop->headers, line)) {
        hop->headers_too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    /* libcurl would decompress such a transfer here, beside the queue, although nobody asked for
     * it. */
    return hop->headers.transfer_coded ? CURL_WRITEFUNC_ERROR : line.len;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct hop *hop = ctx;
    size_t len = size * count;
    long status = 0;
    hop->received += len;
    curl_easy_getinfo(hop->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status > 299) {
        hop->enough = hop->received > LIMIT_SKIPPED_BODY;
        return hop->enough ? CURL_WRITEFUNC_ERROR : len;
    }
    if (len > hop->max_body - hop->body.len) {
        hop->too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    buf_put(&hop->body, bytes, len);
    return len;
}

/* The last word on where a connection goes, whatever the name said when it was looked up. */
static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct hop *hop = ctx;
    if (purpose != CURLSOCKTYPE_IPCXN || !guard_allows(&address->addr, hop->allow_private)) {
        hop->blocked = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* "host:port:address,address", lapsing by itself ("+"). */
static struct curl_slist *resolve_list(const struct target *target,
                                       const struct names_answer *names)
{
    struct buf entry = BUF_NONE;
    buf_printf(&entry, "+%s:%u:", target->host, (unsigned)target->port);
    for (unsigned i = 0; i < names->count; i++) {
        const union names_address *a = &names->at[i];
        char text[INET6_ADDRSTRLEN];
        if (i > 0)
            buf_putc(&entry, ',');
        if (a->any.sa_family == AF_INET6)
            buf_printf(&entry, "[%s]", inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text)));
        else
            buf_printf(&entry, "%s", inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text)));
    }
    struct curl_slist *list = curl_slist_append(NULL, buf_cstr(&entry));
    buf_free(&entry);
    return list;
}

/* What was kept from an earlier reply is checked again: it must not become two headers. */
static void send_header(struct hop *hop, const char *name, const char *value)
{
    if (!value || !*value || !headers_value_ok(str_of(value)))
        return;
    char *line = xasprintf("%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(hop->send, line);
    free(line);
    if (!longer)
        xnomem();
    hop->send = longer;
}

static void send_headers(struct hop *hop, const struct hop_options *o)
{
    send_header(hop, "Accept", o->accept ? o->accept : ACCEPT_FEEDS);
    send_header(hop, "Accept-Encoding", "gzip, br, zstd, deflate");
    struct curl_slist *unconditional = hop->send;
    send_header(hop, "If-None-Match", o->etag);
    send_header(hop, "If-Modified-Since", o->last_modified);
    for (struct curl_slist *s = unconditional; s; s = s->next)
        hop->conditional |= strncmp(s->data, "If-", 3) == 0;
}

static void set_limits(CURL *easy, const struct hop_options *o)
{
    long timeout_ms = (long)(o->timeout_us / USEC_PER_MSEC);
    if (timeout_ms < 1)
        timeout_ms = 1;
    long connect_ms = timeout_ms < LIMIT_CONNECT_MS ? timeout_ms : LIMIT_CONNECT_MS;
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)LIMIT_SLOW_BYTES);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)LIMIT_SLOW_SECONDS);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)o->max_body);
}

static void set_manners(CURL *easy, const struct hop_options *o)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* whatever the environment says */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)DNS_KEPT_S);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, o->user_agent);
    /* libcurl knows connections by name: one that was opened by leave must not serve another
     * request. */
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, o->allow_private ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, o->allow_private ? 1L : 0L);
}

struct hop *hop_new(const struct hop_options *o)
{
    struct hop *hop = xcalloc(1, sizeof(*hop));
    hop->easy = curl_easy_init();
    if (!hop->easy)
        xnomem();
    headers_init(&hop->headers);
    hop->max_body = o->max_body;
    hop->allow_private = o->allow_private;
    send_headers(hop, o);
    if (!o->target->literal)
        hop->resolve = resolve_list(o->target, o->names);

    CURL *easy = hop->easy;
    curl_easy_setopt(easy, CURLOPT_URL, o->target->url);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, hop->resolve);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, hop->send);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, o->private);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, hop->error);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, hop);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, hop);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, hop);
    set_limits(easy, o);
    set_manners(easy, o);
    return hop;
}

void hop_free(struct hop *hop)
{
    if (!hop)
        return;
    curl_easy_cleanup(hop->easy);
    curl_slist_free_all(hop->resolve);
    curl_slist_free_all(hop->send);
    buf_free(&hop->body);
    free(hop);
}

bool hop_is_redirect(const struct hop *hop)
{
    return hop->status == 301 || hop->status == 302 || hop->status == 303 || hop->status == 307 ||
           hop->status == 308;
}

static enum fetch_class class_of_code(CURLcode code)
{
    switch ((int)code) { /* an int: the values that are not ours to decide on need no names */
    case CURLE_COULDNT_RESOLVE_HOST:
        return FETCH_DNS;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
        return FETCH_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return FETCH_TIMEOUT;
    case CURLE_FILESIZE_EXCEEDED:
        return FETCH_TOO_LARGE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return FETCH_TLS;
    default:
        return FETCH_PROTOCOL;
    }
}

static enum fetch_class class_of_status(const struct hop *hop, const char **error)
{
    int status = hop->status;
    if (status == 304 && hop->conditional)
        return FETCH_OK;
    if (hop_is_redirect(hop)) {
        *error = "a redirect without a target";
        return FETCH_REDIRECTS;
    }
    if (status == 206 || status == 304 || status < 200) {
        *error = "a status that does not answer what was asked";
        return FETCH_PROTOCOL;
    }
    if (status < 300)
        return FETCH_OK;
    *error = "the server refuses";
    if (status == 410)
        return FETCH_GONE;
    if (status == 429)
        return FETCH_HTTP429;
    if (status >= 500) {
        *error = "the server fails";
        return FETCH_HTTP5XX;
    }
    return status >= 400 ? FETCH_HTTP4XX : FETCH_PROTOCOL;
}

/* libcurl quotes names and certificates in its words. */
static const char *plain_words(char *words)
{
    for (char *c = words; *c; c++) {
        if (*c < 0x20 || *c > 0x7e)
            *c = '?';
    }
    return words;
}

enum fetch_class hop_result(struct hop *hop, CURLcode code, const char **error_out)
{
    const char *error = "";
    enum fetch_class class;
    long status = 0;
    curl_easy_getinfo(hop->easy, CURLINFO_RESPONSE_CODE, &status);
    hop->status = (int)status;
    if (hop->headers_too_large) {
        class = FETCH_TOO_LARGE;
        error = "more headers than are read";
    } else if (hop->headers.transfer_coded) {
        class = FETCH_PROTOCOL;
        error = "a transfer encoding that was not asked for";
    } else if (hop->too_large) {
        class = FETCH_TOO_LARGE;
        error = "a longer body than is read";
    } else if (code == CURLE_OK || hop->enough ||
               (code == CURLE_FILESIZE_EXCEEDED && status >= 300)) {
        class = class_of_status(hop, &error);
    } else if (hop->blocked && code == CURLE_COULDNT_CONNECT) {
        class = FETCH_BLOCKED_ADDRESS;
        error = "an address that may not be reached";
    } else {
        class = class_of_code(code);
        error = hop->error[0] ? plain_words(hop->error) : curl_easy_strerror(code);
    }
    *error_out = error;
    return class;
}
