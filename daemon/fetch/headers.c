#include "headers.h"

#include <curl/curl.h>
#include <errno.h>

#include "clock.h"

#define DELTA_MAX 2147483648 /* RFC 9111, 1.2.2: greater values are taken for this */

static void begin(struct headers *h)
{
    size_t bytes = h->bytes;
    *h = (struct headers){.bytes = bytes};
    h->max_age_s = h->age_s = h->retry_after_s = -1;
    h->expires_s = h->date_s = h->retry_at_s = -1;
}

void headers_init(struct headers *h)
{
    h->bytes = 0;
    begin(h);
}

bool headers_value_ok(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The first of several equal headers counts. */
static void keep(char *out, size_t size, struct str value)
{
    if (out[0] || value.len >= size || !headers_value_ok(value))
        return;
    memcpy(out, value.at, value.len);
    out[value.len] = '\0';
}

static void keep_lower(char *out, size_t size, struct str value)
{
    if (out[0])
        return;
    keep(out, size, value);
    for (char *c = out; *c; c++)
        *c = lower(*c);
}

/* RFC 9111, 1.2.2: delta-seconds, digits only. Quotes are tolerated as the field's readers do. */
static int64_t read_delta(struct str value)
{
    if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
        value = str_upto(str_from(value, 1), value.len - 2);
    if (value.len == 0)
        return -1;
    int64_t n = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return -1;
        if (n < DELTA_MAX)
            n = n * 10 + (value.at[i] - '0');
    }
    return n < DELTA_MAX ? n : DELTA_MAX;
}

/* Seconds since 1970 of an HTTP-date, -1 when it is none. */
static int64_t read_date(struct str value)
{
    char text[64]; /* the longest of the three forms has 33 bytes */
    if (value.len >= sizeof(text) || memchr(value.at, 0, value.len))
        return -1;
    memcpy(text, value.at, value.len);
    text[value.len] = '\0';
    return curl_getdate(text, NULL);
}

/* Takes the next element of a list off *rest; separators inside quotes do not count. */
static bool next_element(struct str *rest, char separator, struct str *out)
{
    if (rest->len == 0)
        return false;
    bool quoted = false;
    size_t i = 0;
    for (; i < rest->len && (quoted || rest->at[i] != separator); i++) {
        if (rest->at[i] == '"')
            quoted = !quoted;
        else if (quoted && rest->at[i] == '\\' && i + 1 < rest->len)
            i++;
    }
    *out = str_trim(str_upto(*rest, i));
    *rest = str_from(*rest, i + 1);
    return true;
}

static void read_cache_control(struct headers *h, struct str value)
{
    struct str directive;
    while (next_element(&value, ',', &directive)) {
        size_t equals = str_chr(directive, '=');
        struct str name = str_trim(str_upto(directive, equals));
        struct str argument =
            equals == SIZE_MAX ? STR_NONE : str_trim(str_from(directive, equals + 1));
        if (str_isi(name, "max-age") && h->max_age_s < 0)
            h->max_age_s = read_delta(argument);
        else if (str_isi(name, "no-store") || (str_isi(name, "no-cache") && equals == SIZE_MAX))
            h->no_cache = true; /* no-cache="Set-Cookie" speaks of that header alone */
    }
}

/* A charset is a token (RFC 9110, 5.6.2); of these all known ones use few characters. */
static bool is_charset(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = lower(name.at[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-_.:+()", c)) ||
            c == '\0')
            return false;
    }
    return name.len > 0;
}

static struct str unquote(struct str value)
{
    if (value.len >= 2 && (value.at[0] == '"' || value.at[0] == '\'') &&
        value.at[value.len - 1] == value.at[0])
        return str_trim(str_upto(str_from(value, 1), value.len - 2));
    return value;
}

static void read_content_type(struct headers *h, struct str value)
{
    struct str part;
    if (h->content_type[0] || !next_element(&value, ';', &part))
        return;
    keep_lower(h->content_type, sizeof(h->content_type), part);
    while (next_element(&value, ';', &part)) {
        size_t equals = str_chr(part, '=');
        if (equals == SIZE_MAX || !str_isi(str_trim(str_upto(part, equals)), "charset"))
            continue;
        struct str charset = unquote(str_trim(str_from(part, equals + 1)));
        if (is_charset(charset))
            keep(h->charset, sizeof(h->charset), charset);
        return;
    }
}

static void read_location(struct headers *h, struct str value)
{
    if (value.len > LIMIT_URL)
        h->location_too_long = true;
    keep(h->location, sizeof(h->location), value);
}

static void read_retry_after(struct headers *h, struct str value)
{
    h->retry_after_s = read_delta(value);
    if (h->retry_after_s < 0)
        h->retry_at_s = read_date(value);
}

static void read_field(struct headers *h, struct str name, struct str value)
{
    if (str_isi(name, "etag")) {
        keep(h->etag, sizeof(h->etag), value);
    } else if (str_isi(name, "last-modified")) {
        keep(h->last_modified, sizeof(h->last_modified), value);
    } else if (str_isi(name, "content-type")) {
        read_content_type(h, value);
    } else if (str_isi(name, "content-encoding")) {
        keep_lower(h->content_encoding, sizeof(h->content_encoding), value);
    } else if (str_isi(name, "location")) {
        read_location(h, value);
    } else if (str_isi(name, "cache-control")) {
        read_cache_control(h, value);
    } else if (str_isi(name, "age")) {
        h->age_s = read_delta(value);
    } else if (str_isi(name, "expires")) {
        int64_t at = read_date(value);
        h->expires_s = at < 0 ? 0 : at; /* RFC 9111, 5.3: "0" and other nonsense mean the past */
    } else if (str_isi(name, "date")) {
        h->date_s = read_date(value);
    } else if (str_isi(name, "retry-after")) {
        read_retry_after(h, value);
    } else if (str_isi(name, "transfer-encoding")) {
        h->transfer_coded |= !str_isi(value, "chunked") && !str_isi(value, "identity");
    }
}

int headers_line(struct headers *h, struct str line)
{
    if (line.len > LIMIT_HEADERS - h->bytes)
        return -EMSGSIZE;
    h->bytes += line.len;
    if (str_starts(line, STR("HTTP/"))) {
        begin(h);
        return 0;
    }
    line = str_trim(line);
    if (line.len == 0)
        h->ended = true;
    size_t colon = str_chr(line, ':');
    if (!h->ended && colon != SIZE_MAX)
        read_field(h, str_upto(line, colon), str_trim(str_from(line, colon + 1)));
    return 0;
}

int64_t headers_fresh_us(const struct headers *h, int64_t now_us)
{
    if (h->no_cache)
        return 0;
    int64_t lifetime = h->max_age_s;
    if (lifetime < 0 && h->expires_s >= 0)
        lifetime = h->expires_s - (h->date_s >= 0 ? h->date_s : now_us / USEC_PER_SEC);
    if (h->age_s > 0)
        lifetime -= h->age_s;
    if (lifetime > DELTA_MAX)
        lifetime = DELTA_MAX;
    return lifetime > 0 ? lifetime * USEC_PER_SEC : 0;
}

int64_t headers_retry_after_us(const struct headers *h, int64_t now_us)
{
    int64_t seconds = h->retry_after_s;
    /* The server's own Date, where there is one: its clock may be wrong, the difference is meant.
     */
    if (seconds < 0 && h->retry_at_s >= 0)
        seconds = h->retry_at_s - (h->date_s >= 0 ? h->date_s : now_us / USEC_PER_SEC);
    if (seconds <= 0)
        return 0;
    return (seconds < LIMIT_RETRY_AFTER_S ? seconds : LIMIT_RETRY_AFTER_S) * USEC_PER_SEC;
}
