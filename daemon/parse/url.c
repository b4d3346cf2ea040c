#include "url.h"

#include <errno.h>

#include "hostname.h"
#include "limits.h"

/*
 * A URL on its way through the parser of the WHATWG URL standard (section 4.4), cut down to its
 * special schemes http and https: there `\` is `/`, an authority is never missing, and the path is
 * a list.
 */
struct url {
    bool secure;
    struct buf user; /* "name:password" without the '@', percent-encoded */
    struct buf host;
    bool has_port; /* false: the scheme's own */
    uint32_t port;
    struct buf path;
    struct buf query;    /* with its '?', or empty */
    struct buf fragment; /* with its '#', or empty */
};

static void url_done(struct url *u)
{
    buf_free(&u->user);
    buf_free(&u->host);
    buf_free(&u->path);
    buf_free(&u->query);
    buf_free(&u->fragment);
}

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The percent-encode sets of section 1.3, as the bytes above space that they add to the controls.
 */
#define SET_FRAGMENT " \"<>`"
#define SET_QUERY    " \"#<>'"
#define SET_PATH     " \"#<>?`{}"
#define SET_USER     " \"#<>?`{}/:;=@[\\]^|"

static void put_encoded(struct buf *out, struct str s, const char *set)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        if (c < 0x20 || c >= 0x7f || strchr(set, c))
            buf_printf(out, "%%%02X", (unsigned)c);
        else
            buf_putc(out, (char)c);
    }
}

/* Without controls and blanks at the ends, without tabs and line ends anywhere (section 4.4, 1 to
 * 3). */
static void clean(struct str s, struct buf *out)
{
    while (s.len && (unsigned char)s.at[0] <= ' ')
        s = str_from(s, 1);
    while (s.len && (unsigned char)s.at[s.len - 1] <= ' ')
        s.len--;
    buf_reserve(out, s.len);
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] != '\t' && s.at[i] != '\n' && s.at[i] != '\r')
            out->at[out->len++] = s.at[i];
}

/* Length of the scheme with its ':', 0 when there is none. */
static size_t scheme_len(struct str s)
{
    if (s.len == 0 || !is_letter(s.at[0]))
        return 0;
    for (size_t i = 1; i < s.len; i++) {
        char c = s.at[i];
        if (c == ':')
            return i + 1;
        if (!is_letter(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.')
            return 0;
    }
    return 0;
}

static int read_port(struct str s, struct url *u)
{
    uint64_t port = 0;
    if (s.len == 0)
        return 0;
    while (s.len > 1 && s.at[0] == '0')
        s = str_from(s, 1);
    if (str_u64(s, &port) < 0 || port > 65535)
        return -EINVAL;
    u->has_port = port != (u->secure ? 443U : 80U);
    u->port = (uint32_t)port;
    return 0;
}

static void read_user(struct str s, struct url *u)
{
    size_t colon = str_chr(s, ':');
    struct str password = colon == SIZE_MAX ? STR_NONE : str_from(s, colon + 1);
    put_encoded(&u->user, str_upto(s, colon), SET_USER);
    if (password.len) {
        buf_putc(&u->user, ':');
        put_encoded(&u->user, password, SET_USER);
    }
}

/* "user:password@host:port" */
static int read_authority(struct str s, struct url *u)
{
    size_t at = s.len;
    while (at > 0 && s.at[at - 1] != '@')
        at--;
    if (at > 0)
        read_user(str_upto(s, at - 1), u);
    s = str_from(s, at);
    size_t end = s.len;
    if (s.len && s.at[0] == '[')
        end = str_chr(s, ']') == SIZE_MAX ? s.len : str_chr(s, ']') + 1;
    else if (str_chr(s, ':') != SIZE_MAX)
        end = str_chr(s, ':');
    struct str port = str_from(s, end);
    if (port.len && port.at[0] != ':')
        return -EINVAL;
    int rc = hostname_ascii(str_upto(s, end), &u->host);
    return rc < 0 ? rc : read_port(str_from(port, 1), u);
}

static bool is_dot(struct str s)
{
    return str_is(s, ".") || str_isi(s, "%2e");
}

static bool is_dot_dot(struct str s)
{
    return str_is(s, "..") || str_isi(s, ".%2e") || str_isi(s, "%2e.") || str_isi(s, "%2e%2e");
}

static void pop_segment(struct buf *path)
{
    while (path->len && path->at[--path->len] != '/')
        ;
}

/* Appends the segments of s, which has no slash in front, to the path "/a/b" (section 4.4, path
 * state). */
static void read_path(struct str s, struct buf *path)
{
    for (;;) {
        size_t n = 0;
        while (n < s.len && !is_slash(s.at[n]))
            n++;
        struct str segment = str_upto(s, n);
        bool last = n == s.len;
        if (is_dot_dot(segment)) {
            pop_segment(path);
            if (last)
                buf_putc(path, '/');
        } else if (is_dot(segment)) {
            if (last)
                buf_putc(path, '/');
        } else {
            buf_putc(path, '/');
            put_encoded(path, segment, SET_PATH);
        }
        if (last)
            return;
        s = str_from(s, n + 1);
    }
}

/* Cuts "?query#fragment" off *s and reads it. */
static void read_tail(struct str *s, struct url *u)
{
    size_t hash = str_chr(*s, '#');
    if (hash != SIZE_MAX) {
        buf_reset(&u->fragment);
        buf_putc(&u->fragment, '#');
        put_encoded(&u->fragment, str_from(*s, hash + 1), SET_FRAGMENT);
        *s = str_upto(*s, hash);
    }
    size_t mark = str_chr(*s, '?');
    if (mark != SIZE_MAX) {
        buf_reset(&u->query);
        buf_putc(&u->query, '?');
        put_encoded(&u->query, str_from(*s, mark + 1), SET_QUERY);
        *s = str_upto(*s, mark);
    }
}

/* What follows "http:" and its slashes. */
static int read_absolute(struct str s, struct url *u)
{
    while (s.len && is_slash(s.at[0]))
        s = str_from(s, 1);
    size_t n = 0;
    while (n < s.len && !is_slash(s.at[n]) && s.at[n] != '?' && s.at[n] != '#')
        n++;
    int rc = read_authority(str_upto(s, n), u);
    if (rc < 0)
        return rc;
    s = str_from(s, n);
    read_tail(&s, u);
    read_path(s.len ? str_from(s, 1) : s, &u->path);
    return 0;
}

/* A reference without scheme, against u, which holds the base. */
static int read_relative(struct str s, struct url *u)
{
    buf_reset(&u->fragment);
    if (s.len >= 2 && is_slash(s.at[0]) && is_slash(s.at[1])) {
        bool secure = u->secure;
        url_done(u);
        *u = (struct url){.secure = secure};
        return read_absolute(s, u);
    }
    bool only_fragment = s.len == 0 || s.at[0] == '#';
    if (!only_fragment)
        buf_reset(&u->query);
    read_tail(&s, u);
    if (s.len == 0)
        return 0;
    if (is_slash(s.at[0])) {
        buf_reset(&u->path);
        s = str_from(s, 1);
    } else {
        pop_segment(&u->path);
    }
    read_path(s, &u->path);
    return 0;
}

/* base: already read, or NULL. *u takes it over. */
static int read_url(struct str s, bool has_base, struct url *u)
{
    size_t scheme = scheme_len(s);
    if (scheme == 0)
        return has_base ? read_relative(s, u) : -EINVAL;
    bool secure = str_isi(str_upto(s, scheme), "https:");
    if (!secure && !str_isi(str_upto(s, scheme), "http:"))
        return -EINVAL;
    s = str_from(s, scheme);
    bool slashes = s.len >= 2 && is_slash(s.at[0]) && is_slash(s.at[1]);
    if (has_base && u->secure == secure && !slashes)
        return read_relative(s, u);
    url_done(u);
    *u = (struct url){.secure = secure};
    return read_absolute(s, u);
}

static void write_url(const struct url *u, struct buf *out)
{
    buf_putz(out, u->secure ? "https://" : "http://");
    if (u->user.len) {
        buf_puts(out, buf_str(&u->user));
        buf_putc(out, '@');
    }
    buf_puts(out, buf_str(&u->host));
    if (u->has_port)
        buf_printf(out, ":%u", u->port);
    buf_puts(out, buf_str(&u->path));
    buf_puts(out, buf_str(&u->query));
    buf_puts(out, buf_str(&u->fragment));
}

int url_resolve(struct str base, struct str ref, struct buf *out)
{
    struct url u = {0};
    struct buf cleaned = BUF_NONE;
    size_t from = out->len;
    if (base.len > LIMIT_URL || ref.len > LIMIT_URL)
        return -EMSGSIZE;
    clean(base, &cleaned);
    bool has_base = cleaned.len && read_url(buf_str(&cleaned), false, &u) == 0;
    buf_reset(&cleaned);
    clean(ref, &cleaned);
    int rc = read_url(buf_str(&cleaned), has_base, &u);
    if (rc == 0)
        write_url(&u, out);
    if (rc == 0 && out->len - from > LIMIT_URL) {
        out->len = from;
        rc = -EMSGSIZE;
    }
    url_done(&u);
    buf_free(&cleaned);
    return rc;
}

/* ---------------------------------------------------------------------------------------- sites */

static struct str without(struct str host, struct str prefix)
{
    return host.len > prefix.len && str_startsi(host, prefix) ? str_from(host, prefix.len) : host;
}

struct str url_host(struct str url)
{
    size_t scheme = scheme_len(url);
    struct str s = str_from(url, scheme);
    if (s.len < 2 || !is_slash(s.at[0]) || !is_slash(s.at[1]))
        return STR_NONE;
    s = str_from(s, 2);
    size_t end = 0, from = 0;
    while (end < s.len && !is_slash(s.at[end]) && s.at[end] != '?' && s.at[end] != '#')
        end++;
    for (size_t i = 0; i < end; i++)
        if (s.at[i] == '@')
            from = i + 1;
    s = str_from(str_upto(s, end), from);
    if (s.len && s.at[0] == '[')
        return str_upto(s, str_chr(s, ']') == SIZE_MAX ? s.len : str_chr(s, ']') + 1);
    return str_upto(s, str_chr(s, ':'));
}

/* The same publisher writes www., m. and amp. in front of one and the same site. */
static struct str site_of(struct str url)
{
    struct str host = url_host(url);
    if (host.len && host.at[host.len - 1] == '.')
        host.len--;
    host = without(host, STR("www."));
    host = without(host, STR("m."));
    host = without(host, STR("amp."));
    return without(host, STR("www."));
}

static bool is_below(struct str host, struct str site)
{
    return host.len > site.len && host.at[host.len - site.len - 1] == '.' &&
           str_eqi(str_from(host, host.len - site.len), site) && str_chr(site, '.') != SIZE_MAX;
}

bool url_same_site(struct str a, struct str b)
{
    struct str x = site_of(a), y = site_of(b);
    return x.len && y.len && (str_eqi(x, y) || is_below(x, y) || is_below(y, x));
}
