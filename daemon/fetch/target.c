#include "target.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>

#include "limits.h"

static char *get_part(CURLU *parts, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    if (curl_url_get(parts, part, &text, flags))
        return NULL;
    char *copy = xstrdup(text);
    curl_free(text);
    return copy;
}

static int check_scheme(CURLU *parts)
{
    char *scheme = get_part(parts, CURLUPART_SCHEME, 0);
    bool ok = scheme && (str_isi(str_of(scheme), "http") || str_isi(str_of(scheme), "https"));
    free(scheme);
    return ok ? 0 : -EPROTONOSUPPORT;
}

/* The host as it is asked for: ASCII, and without the dot that only says that it is complete. */
static int normalise_host(CURLU *parts)
{
    char *host = get_part(parts, CURLUPART_HOST, CURLU_PUNYCODE);
    if (!host)
        return -EINVAL;
    struct str name = str_of(host);
    if (name.len > 1 && name.at[name.len - 1] == '.')
        host[name.len - 1] = '\0';
    CURLUcode failed = curl_url_set(parts, CURLUPART_HOST, host, 0);
    free(host);
    return failed || curl_url_set(parts, CURLUPART_FRAGMENT, NULL, 0) ? -EINVAL : 0;
}

static void read_literal(struct target *t)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(t->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(t->port)};
    if (inet_pton(AF_INET, t->host, &in.sin_addr) == 1) {
        memcpy(&t->address, &in, sizeof(in));
        t->literal = true;
    } else if (inet_pton(AF_INET6, t->host, &in6.sin6_addr) == 1) {
        memcpy(&t->address, &in6, sizeof(in6));
        t->literal = true;
    }
}

static void unbracket(char *host)
{
    size_t len = strlen(host);
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        memmove(host, host + 1, len - 2);
        host[len - 2] = '\0';
    }
}

static int take_parts(struct target *t, CURLU *parts)
{
    struct target made = {0};
    uint64_t port = 0;
    char *text = NULL;
    int err = check_scheme(parts);
    if (!err)
        err = normalise_host(parts);
    if (err)
        goto out;
    err = -EINVAL;
    text = get_part(parts, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    made.url = get_part(parts, CURLUPART_URL, 0);
    made.host = get_part(parts, CURLUPART_HOST, 0);
    if (!text || !made.url || !made.host || str_u64(str_of(text), &port) || port == 0 ||
        port > 65535)
        goto out;
    err = strlen(made.url) > LIMIT_URL ? -EMSGSIZE : 0;
    if (err)
        goto out;
    made.port = (uint16_t)port;
    unbracket(made.host);
    read_literal(&made);
    *t = made;
out:
    free(text);
    if (err)
        target_done(&made);
    return err;
}

/* Unknown schemes are let in here so that they can be told from what is no URL. */
static int set_url(CURLU *parts, const char *url, unsigned flags)
{
    return curl_url_set(parts, CURLUPART_URL, url, flags | CURLU_NON_SUPPORT_SCHEME) ? -EINVAL : 0;
}

int target_init(struct target *target, const char *url)
{
    if (strnlen(url, LIMIT_URL + 1) > LIMIT_URL)
        return -EMSGSIZE;
    CURLU *parts = curl_url();
    if (!parts)
        xnomem();
    int err = set_url(parts, url, 0);
    if (!err)
        err = take_parts(target, parts);
    curl_url_cleanup(parts);
    return err;
}

int target_follow(struct target *target, const struct target *base, const char *reference)
{
    CURLU *parts = curl_url();
    if (!parts)
        xnomem();
    int err = set_url(parts, base->url, 0);
    if (!err)
        err = set_url(parts, reference, CURLU_URLENCODE);
    if (!err)
        err = take_parts(target, parts);
    curl_url_cleanup(parts);
    return err;
}

void target_done(struct target *target)
{
    free(target->url);
    free(target->host);
    *target = (struct target){0};
}
