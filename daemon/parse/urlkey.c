#include "url.h"

#include <errno.h>

/*
 * One page has many addresses: with the names of those who sent the reader in it, as AMP (from the
 * publisher or out of a cache), for phones. Its key is made of the canonical address by leaving all that
 * away; the key is compared and never shown or fetched.
 */

/* ---- the host */

/* What stands in front of a site's name without making it another site. */
static const struct str VARIANTS[] = {
    {"www.", 4}, {"m.", 2}, {"mobile.", 7}, {"amp.", 4}, {"www.", 4}};

/* "m.example.org" is "example.org"; "m.com" is a site of its own. */
static struct str without_variant(struct str host, struct str variant)
{
    struct str rest = str_from(host, variant.len);
    return str_starts(host, variant) && str_chr(rest, '.') != SIZE_MAX ? rest : host;
}

/* "en.m.wikipedia.org" says it one label later. */
static void put_host(struct str host, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(VARIANTS); i++)
        host = without_variant(host, VARIANTS[i]);
    size_t dot = str_chr(host, '.');
    struct str rest = dot == SIZE_MAX ? STR_NONE : str_from(host, dot + 1);
    struct str less = without_variant(rest, STR("m."));
    if (less.len < rest.len) {
        buf_puts(out, str_upto(host, dot + 1));
        host = less;
    }
    buf_puts(out, host);
}

/* ---- the path */

/* Publishers number their articles or join words to a name; sections are single words. */
static bool names_an_article(struct str segment)
{
    for (size_t i = 0; i < segment.len; i++)
        if (segment.at[i] == '-' || (segment.at[i] >= '0' && segment.at[i] <= '9'))
            return true;
    return false;
}

static struct str last_segment(struct str path)
{
    size_t from = path.len;
    while (from > 0 && path.at[from - 1] != '/')
        from--;
    return str_from(path, from);
}

/* "/amp" behind or before an article: "/2026/a-b-c/amp/", "/amp/2026/a-b-c", "/a-b-c.amp". Not where it may
 * be a word of the site itself, as in "/tags/amp". */
static struct str without_amp(struct str path)
{
    static const struct str endings[] = {{"/amp", 4}, {"/amp/", 5}, {".amp", 4}};
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (str_ends(path, endings[i]) &&
            names_an_article(last_segment(str_upto(path, path.len - endings[i].len))))
            return str_upto(path, path.len - endings[i].len);
    if (str_starts(path, STR("/amp/")) && names_an_article(str_from(path, 5)))
        return str_from(path, 4);
    return path;
}

static void put_path(struct str path, struct buf *out)
{
    bool html = str_ends(path, STR(".amp.html"));
    path = html ? str_upto(path, path.len - 9) : without_amp(path);
    buf_puts(out, path.len == 1 ? STR_NONE : path);
    if (html)
        buf_putz(out, ".html");
}

/* ---- the query */

/* Parameters that say who sent the reader, not what is read. */
static bool is_tracking(struct str parameter)
{
    static const char *const names[] = {"fbclid",
                                        "gclid",
                                        "gclsrc",
                                        "dclid",
                                        "gbraid",
                                        "wbraid",
                                        "msclkid",
                                        "yclid",
                                        "igshid",
                                        "mc_cid",
                                        "mc_eid",
                                        "mkt_tok",
                                        "twclid",
                                        "ttclid",
                                        "_openstat",
                                        "vero_id",
                                        "wickedid",
                                        "oly_anon_id",
                                        "oly_enc_id",
                                        "_hsenc",
                                        "_hsmi",
                                        "__hssc",
                                        "__hstc",
                                        "hsctatracking",
                                        "ref_src",
                                        "ref_url",
                                        "cmpid",
                                        "ns_mchannel",
                                        "ns_source",
                                        "ns_campaign",
                                        "ito",
                                        "guccounter",
                                        "guce_referrer",
                                        "guce_referrer_sig",
                                        "s_cid",
                                        "ftag",
                                        "ocid",
                                        "igsh",
                                        "mibextid",
                                        "fb_action_ids",
                                        "fb_ref",
                                        "fb_source",
                                        "srsltid",
                                        "_ga",
                                        "_gl",
                                        "gad_source",
                                        "epik",
                                        "li_fat_id",
                                        "sc_cid",
                                        "ef_id",
                                        "s_kwcid",
                                        "dicbo",
                                        "tblci",
                                        "xtor",
                                        "wt_mc",
                                        "wt_zmc",
                                        "_branch_match_id",
                                        "_bhlid",
                                        "rb_clickid",
                                        "mc_tc",
                                        "ml_subscriber",
                                        "ml_subscriber_hash"};
    struct str name = str_upto(parameter, str_chr(parameter, '='));
    static const struct str prefixes[] = {{"utm_", 4},    {"pk_", 3},  {"mtm_", 4}, {"piwik_", 6},
                                          {"matomo_", 7}, {"hsa_", 4}, {"stm_", 4}, {"at_", 3}};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (str_startsi(name, prefixes[i]))
            return true;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_isi(name, names[i]))
            return true;
    return false;
}

/* "amp", "amp=1", "outputType=amp", and what AMP's own scripts add. */
static bool asks_for_amp(struct str parameter)
{
    struct str name = str_upto(parameter, str_chr(parameter, '='));
    return str_isi(name, "amp") || str_startsi(name, STR("amp_js_")) || str_isi(name, "amp_gsa") ||
           str_isi(parameter, "outputType=amp");
}

static int by_bytes(const void *a, const void *b)
{
    struct str x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    int order = memcmp(x.at, y.at, x.len < y.len ? x.len : y.len);
    return order ? order : (x.len > y.len) - (x.len < y.len);
}

/* A stable order, so that two orders of the same parameters are the same page. */
static void put_query(struct str query, struct buf *out)
{
    struct str parameters[64], one;
    size_t count = 0;
    bool all = true;
    for (struct str rest = query; str_cut(&rest, '&', &one);) {
        if (one.len == 0 || is_tracking(one) || asks_for_amp(one))
            continue;
        if (count == ARRAY_LEN(parameters)) {
            all = false;
            break;
        }
        parameters[count++] = one;
    }
    if (!all) { /* so many that they are no list of names: as it stands */
        buf_putc(out, '?');
        buf_puts(out, query);
        return;
    }
    qsort(parameters, count, sizeof parameters[0], by_bytes);
    for (size_t i = 0; i < count; i++) {
        buf_putc(out, i ? '&' : '?');
        buf_puts(out, parameters[i]);
    }
}

/* ---- the whole */

/* Where the copy in an AMP cache comes from, as "host/path", or empty:
 * https://developers.google.com/amp/cache/overview, "AMP Cache URL format". */
static struct str amp_origin(struct str host, struct str path)
{
    static const struct str folders[] = {{"/c/", 3}, {"/v/", 3}, {"/wp/", 4}, {"/amp/", 5}};
    bool cache = str_ends(host, STR(".cdn.ampproject.org")) || str_is(host, "cdn.ampproject.org") ||
                 str_is(host, "www.google.com");
    for (size_t i = 0; cache && i < ARRAY_LEN(folders); i++)
        if (str_starts(path, folders[i]) &&
            str_starts(host, STR("www.")) == (folders[i].len == 5)) {
            path = str_from(path, folders[i].len);
            path = str_starts(path, STR("s/")) ? str_from(path, 2) : path;
            struct str origin = str_upto(path, str_chr(path, '/'));
            return str_chr(origin, '.') != SIZE_MAX ? path : STR_NONE;
        }
    return STR_NONE;
}

/* url: as url_resolve() writes it, without its scheme. */
static void put_key(struct str url, bool may_be_copy, struct buf *out)
{
    struct str rest = str_upto(url, str_chr(url, '#'));
    struct str query = str_from(rest, str_chr(rest, '?'));
    rest = str_upto(rest, str_chr(rest, '?'));
    struct str path = str_from(rest, str_chr(rest, '/')),
               authority = str_upto(rest, str_chr(rest, '/'));
    size_t at = str_chr(authority, '@');
    authority = at == SIZE_MAX ? authority : str_from(authority, at + 1);
    struct str origin = may_be_copy ? amp_origin(authority, path) : STR_NONE;
    if (origin.len) {
        struct buf whole = BUF_NONE;
        buf_puts(&whole, origin);
        buf_puts(&whole, query);
        put_key(buf_str(&whole), false, out);
        buf_free(&whole);
        return;
    }
    put_host(authority, out);
    put_path(path, out);
    put_query(str_from(query, 1), out);
}

int url_identity(struct str url, struct buf *out)
{
    struct buf whole = BUF_NONE;
    int rc = url_resolve(STR_NONE, url, &whole);
    if (rc == 0) {
        size_t colon = str_chr(buf_str(&whole), ':');
        put_key(str_from(buf_str(&whole), colon + 3), true, out);
    }
    buf_free(&whole);
    return rc < 0 ? -EINVAL : 0;
}
