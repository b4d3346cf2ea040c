#include "config_parts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>

#include "limits.h"
#include "selector.h"
#include "units.h"
#include "wire.h"

static int is_not(struct buf *why, struct str text, const char *what)
{
    conf_quote(why, text);
    buf_printf(why, " is not %s", what);
    return -EINVAL;
}

int config_check_id(struct str text, struct buf *why)
{
    bool fits = text.len > 0 && text.len <= LIMIT_SOURCE_ID;
    for (size_t i = 0; fits && i < text.len; i++)
        fits = (text.at[i] >= 'a' && text.at[i] <= 'z') || isdigit((unsigned char)text.at[i]) ||
               text.at[i] == '-' || text.at[i] == '_';
    return fits ? 0 : is_not(why, text, "an id (a to z, 0 to 9, '-' and '_', 64 at most)");
}

int config_check_url(struct str text, struct buf *why)
{
    struct str rest = str_startsi(text, STR("http://"))    ? str_from(text, 7)
                      : str_startsi(text, STR("https://")) ? str_from(text, 8)
                                                           : STR_NONE;
    bool fits = text.len <= LIMIT_URL && rest.len > 0 && !strchr("/?#:@", rest.at[0]);
    for (size_t i = 0; fits && i < rest.len; i++)
        fits = rest.at[i] != ' ';
    return fits ? 0 : is_not(why, text, "a web address (such as https://example.org/rss)");
}

int config_check_line(struct str text, struct buf *why)
{
    return text.len <= LIMIT_HEADER_VALUE ? 0 : is_not(why, text, "a short text");
}

int config_check_selector(struct str text, struct buf *why)
{
    struct selector selector;
    char reason[SELECTOR_WHY];
    if (text.len > LIMIT_SELECTOR)
        return is_not(why, text, "a short selector");
    if (selector_read(text, &selector, reason) == 0)
        return 0;
    conf_quote(why, text);
    buf_printf(why, " is not a selector: %s", reason);
    return -EINVAL;
}

int config_check_sql_name(struct str text, struct buf *why)
{
    bool fits = text.len > 0 && text.len <= LIMIT_PG_NAME && !isdigit((unsigned char)text.at[0]);
    for (size_t i = 0; fits && i < text.len; i++)
        fits = isalnum((unsigned char)text.at[i]) || text.at[i] == '_';
    return fits ? 0 : is_not(why, text, "a name (letters, digits and '_', 63 at most)");
}

int config_check_language(struct str text, struct buf *why)
{
    return wire_is_language(text)
               ? 0
               : is_not(why, text, "a language's code (such as en, or und for unknown)");
}

int config_check_user_agent(struct str text, struct buf *why)
{
    bool fits = text.len <= LIMIT_USER_AGENT;
    for (size_t i = 0; fits && i < text.len; i++)
        fits = text.at[i] >= ' ' && text.at[i] < 0x7f;
    return fits ? 0 : is_not(why, text, "a User-Agent (one line of ASCII, 256 at most)");
}

/* One of the two forms. */
static int free_space(struct str text, uint64_t total, uint64_t *out)
{
    uint64_t n;
    if (!str_ends(text, STR("%")))
        return units_size(text, out);
    if (str_u64(str_upto(text, text.len - 1), &n) < 0 || n > 90)
        return -EINVAL;
    *out = total / 100 * n;
    return 0;
}

int config_free_space(struct str text, uint64_t total, uint64_t *out)
{
    struct str rest = text, part;
    uint64_t least = UINT64_MAX, n;
    while (str_cut(&rest, '|', &part)) {
        if (free_space(part, total, &n) < 0)
            return -EINVAL;
        if (n < least)
            least = n;
    }
    if (text.len == 0 || str_ends(text, STR("|")))
        return -EINVAL;
    *out = least;
    return 0;
}

int config_check_free(struct str text, struct buf *why)
{
    uint64_t ignored;
    return config_free_space(text, 0, &ignored) == 0
               ? 0
               : is_not(
                     why, text,
                     "a size (1G), a share of the file system (5%, 90% at most), or the lesser of "
                     "two (1G|5%)");
}

/* "host:port", "[v6]:port". */
static bool split(struct str text, struct str *host, uint64_t *port)
{
    size_t colon = SIZE_MAX;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == ':')
            colon = i;
    if (colon == SIZE_MAX || str_u64(str_from(text, colon + 1), port) < 0 || *port > 65535)
        return false;
    *host = str_upto(text, colon);
    if (str_starts(*host, STR("[")) && str_ends(*host, STR("]")) && host->len > 2)
        *host = (struct str){host->at + 1, host->len - 2};
    else if (str_chr(*host, ':') != SIZE_MAX)
        return false;
    return host->len > 0;
}

static bool is_loopback(struct str host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    if (str_isi(host, "localhost"))
        return true;
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

int config_check_listen(struct str text, struct buf *why)
{
    struct str host;
    uint64_t port;
    if (str_is(text, "off"))
        return 0;
    if (!split(text, &host, &port))
        return is_not(why, text, "an address and port (such as 127.0.0.1:8470), or off");
    if (is_loopback(host))
        return 0;
    conf_quote(why, text);
    buf_putz(why, " reaches beyond loopback; put a proxy that asks who is there in front");
    return -EINVAL;
}

struct str config_ipc_path(struct str endpoint)
{
    return str_starts(endpoint, STR("ipc://")) ? str_from(endpoint, 6) : STR_NONE;
}

int config_check_endpoint(struct str text, struct buf *why)
{
    struct str host, path = config_ipc_path(text);
    uint64_t port;
    if (path.len > 0 && path.at[0] != '*')
        return 0;
    if (str_starts(text, STR("tcp://")) && text.len < LIMIT_HEADER_VALUE &&
        split(str_from(text, 6), &host, &port) && port > 0)
        return 0;
    return is_not(why, text,
                  "an endpoint (such as ipc:///run/dateline/work, tcp://127.0.0.1:5570)");
}

int config_check_intake(struct str text, struct buf *why)
{
    return str_is(text, "off") ? 0 : config_check_endpoint(text, why);
}

int config_check_pattern(struct str text, struct buf *why)
{
    if (str_ends(text, STR(".yaml")))
        return 0;
    if (str_ends(text, STR(".opml"))) {
        conf_quote(why, text);
        buf_putz(why, ": OPML lists cannot be included in this version; write them as *.yaml");
        return -EINVAL;
    }
    return is_not(why, text, "a list of sources (it has to end in .yaml)");
}

bool config_is_local(const char *endpoint)
{
    struct str text = str_of(endpoint), host;
    uint64_t port;
    if (config_ipc_path(text).len)
        return true;
    return str_starts(text, STR("tcp://")) && split(str_from(text, 6), &host, &port) &&
           is_loopback(host);
}

char *config_reach(const char *endpoint)
{
    static const struct {
        struct str bound;
        const char *reach;
    } all[] = {{{"tcp://*:", 8}, "tcp://127.0.0.1:"},
               {{"tcp://0.0.0.0:", 14}, "tcp://127.0.0.1:"},
               {{"tcp://[::]:", 11}, "tcp://[::1]:"}};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (str_starts(str_of(endpoint), all[i].bound))
            return xasprintf("%s%s", all[i].reach, endpoint + all[i].bound.len);
    return xstrdup(endpoint);
}

void config_settle_endpoint(char **endpoint, const char *dir)
{
    struct str text = str_of(*endpoint), path = config_ipc_path(text);
    char *settled = NULL;
    if (path.len && path.at[0] != '/' && path.at[0] != '@') {
        char *absolute = conf_absolute(dir, path);
        settled = xasprintf("ipc://%s", absolute);
        free(absolute);
    } else if (str_startsi(text, STR("tcp://localhost:"))) {
        settled = xasprintf("tcp://127.0.0.1:%s", *endpoint + sizeof "tcp://localhost:" - 1);
    }
    if (!settled)
        return;
    free(*endpoint);
    *endpoint = settled;
}
