#include "parse.h"

#include <errno.h>

#include "charset.h"
#include "format.h"
#include "inflate.h"
#include "limits.h"
#include "mail.h"
#include "markup.h"
#include "sniff.h"
#include "utf8.h"
#include "zip.h"

static const struct {
    const char *name;
    format_reader *read;
    const char *noun; /* what a document of another kind is not */
} FORMATS[PARSE_TYPES] = {
    [PARSE_AUTO] = {"auto", NULL, "a feed, page or text"},
    [PARSE_RSS] = {"rss", rss_read, "a feed"},
    [PARSE_ATOM] = {"atom", atom_read, "a feed"},
    [PARSE_JSONFEED] = {"jsonfeed", jsonfeed_read, "a feed"},
    [PARSE_SITEMAP] = {"sitemap", sitemap_read, "a sitemap"},
    [PARSE_PAGE] = {"page", page_read, "a page"},
    [PARSE_ARTICLE] = {"article", article_read, "an article"},
    [PARSE_WIRECOPY] = {"wirecopy", wirecopy_read, "a text"},
    [PARSE_NINJS] = {"ninjs", ninjs_read, "ninjs"},
    [PARSE_NITF] = {"nitf", nitf_read, "NITF"},
    [PARSE_NEWSML] = {"newsml", newsml_read, "NewsML-G2"},
    [PARSE_MAIL] = {"mail", mail_read, "a mail"},
};

static const char *const NAMES[] = {"auto",   "rss",     "atom",     "jsonfeed", "sitemap",
                                    "page",   "article", "wirecopy", "ninjs",    "nitf",
                                    "newsml", "mail",    NULL};

const char *parse_type_name(enum parse_type type)
{
    return type < PARSE_TYPES ? FORMATS[type].name : "unknown";
}

int parse_type_of(struct str name, enum parse_type *out)
{
    for (unsigned i = 0; i < PARSE_TYPES; i++)
        if (str_isi(name, FORMATS[i].name)) {
            *out = (enum parse_type)i;
            return 0;
        }
    return -ENOENT;
}

const char *const *parse_type_names(void)
{
    return NAMES;
}

/* ----------------------------------------------------------------------- for the formats' files */

int parse_refuse(struct document *document, const char *reason)
{
    snprintf(document->report->reason, sizeof document->report->reason, "%s", reason);
    return -EBADMSG;
}

void parse_about(struct document *document, const struct about *about)
{
    struct about capped = *about;
    for (size_t i = 0; i < ABOUT_FIELDS; i++)
        capped.field[i] = utf8_upto(utf8_trim(about->field[i]), LIMIT_FIELD);
    if (capped.field[ABOUT_CHARSET].len == 0)
        capped.field[ABOUT_CHARSET] = document->charset;
    if (capped.field[ABOUT_TYPE].len == 0)
        capped.field[ABOUT_TYPE] = str_of(parse_type_name(document->report->type));
    if (document->out->on_about)
        document->out->on_about(document->out->ctx, &capped);
}

static void cap_media(struct item *item)
{
    size_t kept = 0;
    for (size_t i = 0; i < item->media_count && i < ITEM_MEDIA_MAX; i++) {
        struct item_media media = item->media[i];
        media.url = utf8_trim(media.url);
        if (media.url.len == 0 || media.url.len > LIMIT_URL)
            continue;
        media.type = utf8_upto(utf8_trim(media.type), LIMIT_FIELD);
        media.title = utf8_upto(utf8_trim(media.title), LIMIT_FIELD);
        item->media[kept++] = media;
    }
    item->media_count = kept;
}

/* An address that is cut is another address: too long a one is left out. */
static void cap_fields(struct item *item)
{
    for (size_t i = 0; i < ITEM_FIELDS; i++) {
        struct str s = utf8_trim(item->field[i]);
        bool address = i == ITEM_LINK || i == ITEM_CANONICAL;
        if (address && s.len > LIMIT_URL)
            s = STR_NONE;
        item->field[i] = utf8_upto(s, i == ITEM_BODY ? LIMIT_TEXT : LIMIT_FIELD);
    }
}

static bool shows_nothing(const struct item *item)
{
    const struct str *field = item->field;
    return !field[ITEM_GUID].len && !field[ITEM_LINK].len && !field[ITEM_HEADLINE].len &&
           !field[ITEM_SUMMARY].len && !field[ITEM_BODY].len;
}

int parse_emit(struct document *document, struct item *item)
{
    cap_fields(item);
    if (shows_nothing(item)) {
        document->report->bad_items++;
        return 0;
    }
    return parse_hand_out(document, item);
}

int parse_hand_out(struct document *document, struct item *item)
{
    struct parse_report *report = document->report;
    cap_fields(item);
    cap_media(item);
    if (report->items >= parse_most_items(report->type))
        return -EMSGSIZE;
    report->items++;
    return document->out->on_item ? document->out->on_item(document->out->ctx, item) : 0;
}

/* --------------------------------------------------------------------------- finding the format */

static bool is_feed(enum parse_type type)
{
    return type == PARSE_RSS || type == PARSE_ATOM || type == PARSE_JSONFEED;
}

static bool is_html(enum parse_type type)
{
    return type == PARSE_PAGE || type == PARSE_ARTICLE;
}

static bool is_news_xml(enum parse_type type)
{
    return type == PARSE_NITF || type == PARSE_NEWSML;
}

/* Read as HTML when that is asked for, whatever it looks like. */
static bool may_be_html(enum parse_type found)
{
    return is_html(found) || found == PARSE_WIRECOPY;
}

/* PARSE_AUTO when no format of ours reads it. */
static enum parse_type type_of_kind(enum sniff_kind kind)
{
    switch (kind) {
    case SNIFF_RSS:
        return PARSE_RSS;
    case SNIFF_ATOM:
        return PARSE_ATOM;
    case SNIFF_JSONFEED:
        return PARSE_JSONFEED;
    case SNIFF_HTML:
        return PARSE_ARTICLE;
    case SNIFF_TEXT:
        return PARSE_WIRECOPY;
    case SNIFF_NINJS:
        return PARSE_NINJS;
    case SNIFF_NITF:
        return PARSE_NITF;
    case SNIFF_NEWSML:
        return PARSE_NEWSML;
    case SNIFF_SITEMAP:
    case SNIFF_NEWS_SITEMAP:
        return PARSE_SITEMAP;
    case SNIFF_EMPTY:
    case SNIFF_OPML:
    case SNIFF_XML:
    case SNIFF_JSON:
        break;
    }
    return PARSE_AUTO;
}

static const char *what_is(enum sniff_kind kind)
{
    switch (kind) {
    case SNIFF_EMPTY:
        return "an empty document";
    case SNIFF_RSS:
    case SNIFF_ATOM:
    case SNIFF_JSONFEED:
        return "a feed";
    case SNIFF_HTML:
        return "an HTML page";
    case SNIFF_SITEMAP:
    case SNIFF_NEWS_SITEMAP:
        return "a sitemap";
    case SNIFF_OPML:
        return "an OPML list";
    case SNIFF_NINJS:
        return "a ninjs item";
    case SNIFF_NITF:
        return "an NITF document";
    case SNIFF_NEWSML:
        return "a NewsML-G2 document";
    case SNIFF_XML:
        return "XML of another kind";
    case SNIFF_JSON:
        return "JSON of another kind";
    case SNIFF_TEXT:
        return "plain text";
    }
    return "something else";
}

static int refuse_as(struct document *document, const char *what, enum parse_type wanted)
{
    char reason[sizeof document->report->reason];
    snprintf(reason, sizeof reason, "%s, not %s", what, FORMATS[wanted].noun);
    return parse_refuse(document, reason);
}

/* The type to read it as. Asked for one kind of feed, any kind will do: feeds change their dialect, and
 * a sitemap for news lists articles with titles and dates as a feed does. A feed may serve as a sitemap. */
static int choose(struct document *document, enum parse_type wanted, struct str content_type,
                  enum parse_type *out)
{
    enum sniff_kind kind = sniff_text(document->text, content_type);
    enum parse_type found = type_of_kind(kind);
    if (kind == SNIFF_EMPTY)
        return parse_refuse(document, what_is(kind));
    if (wanted == PARSE_AUTO && found != PARSE_AUTO) {
        *out = found;
    } else if (is_feed(wanted) && is_feed(found)) {
        *out = found;
    } else if (is_feed(wanted) && kind == SNIFF_NEWS_SITEMAP) {
        *out = found;
    } else if (wanted == PARSE_SITEMAP && (found == wanted || is_feed(found))) {
        *out = found;
    } else if (wanted == PARSE_SITEMAP && kind == SNIFF_TEXT &&
               sniff_is_addresses(document->text)) {
        *out = wanted;
    } else if (is_news_xml(wanted) && is_news_xml(found)) {
        *out = found;
    } else if (is_html(wanted) && may_be_html(found)) {
        *out = wanted;
    } else if (wanted == PARSE_WIRECOPY &&
               (found == PARSE_WIRECOPY || found == PARSE_NINJS || is_news_xml(found) ||
                kind == SNIFF_JSON || kind == SNIFF_XML)) {
        *out = wanted;
    } else {
        return refuse_as(document, what_is(kind), wanted);
    }
    return 0;
}

static int limit_reached(struct document *document, int rc)
{
    if (rc == -EMSGSIZE && document->report->reason[0] == '\0')
        snprintf(document->report->reason, sizeof document->report->reason, "more than %zu items",
                 parse_most_items(document->report->type));
    return rc;
}

static int read_as_it_is(struct document *document, const struct parse_request *request)
{
    enum parse_type type = PARSE_AUTO;
    int rc = choose(document, request->type, request->content_type, &type);
    if (rc < 0)
        return rc;
    document->report->type = type;
    return limit_reached(document, FORMATS[type].read(document));
}

static int read_text(struct document *document, const struct parse_request *request)
{
    struct buf unwrapped = BUF_NONE;
    struct str inner;
    if ((request->type == PARSE_AUTO || is_feed(request->type)) &&
        sniff_unwrap(document->text, &inner)) {
        markup_unescape(inner, &unwrapped);
        if (is_feed(type_of_kind(sniff_text(buf_str(&unwrapped), STR_NONE))))
            document->text = buf_str(&unwrapped);
    }
    int rc = read_as_it_is(document, request);
    buf_free(&unwrapped);
    return rc;
}

/* JSON is UTF-8 (RFC 8259), and each text of a sequence is so by itself: one that is not must not make the
 * others look like another charset. It is refused where it is read. */
static int read_ninjs(struct document *document, struct str bytes)
{
    if (str_starts(bytes, STR("\xef\xbb\xbf")))
        bytes = str_from(bytes, 3);
    document->text = bytes;
    document->charset = STR("utf-8");
    document->report->type = PARSE_NINJS;
    return limit_reached(document, ninjs_read(document));
}

/* Each part of a mail says its own charset, so it is read as it came. */
static int read_mail(struct document *document, struct str bytes)
{
    document->text = bytes;
    document->charset = STR_NONE;
    document->report->type = PARSE_MAIL;
    return mail_read(document);
}

static int read_plain(struct document *document, const struct parse_request *request,
                      struct str bytes)
{
    const char *binary = sniff_binary(bytes);
    struct charset_result decoded;
    if (request->type == PARSE_NINJS)
        return read_ninjs(document, bytes);
    if (request->type == PARSE_MAIL ? !binary : request->type == PARSE_AUTO && mail_is(bytes))
        return read_mail(document, bytes);
    if (binary)
        return refuse_as(document, binary, request->type);
    charset_decode(bytes,
                   request->charset.len ? request->charset : charset_of_type(request->content_type),
                   &decoded);
    document->text = decoded.text;
    document->charset = str_of(decoded.name);
    int rc = read_text(document, request);
    buf_free(&decoded.memory);
    return rc;
}

/* ------------------------------------------------------------------------------------- archives */

struct unpacking {
    struct document document;
    const struct parse_request *request;
    bool understood; /* one of them was, though it may hold no items */
    char reason[sizeof((struct parse_report *)NULL)->reason]; /* of the first that was refused */
};

/* One that is refused stops no other. */
static int on_member(void *ctx, struct str bytes)
{
    struct unpacking *u = ctx;
    struct parse_report *report = u->document.report;
    report->reason[0] = '\0';
    int rc = read_plain(&u->document, u->request, bytes);
    u->understood |= rc == 0;
    if (rc != -EBADMSG)
        return rc;
    report->bad_items++;
    if (u->reason[0] == '\0')
        memcpy(u->reason, report->reason, sizeof u->reason);
    return 0;
}

/* What its members say of themselves is no word about the archive, so on_about is not called. */
static int read_zip(const struct document *document, const struct parse_request *request,
                    struct str bytes)
{
    struct parse_report *report = document->report;
    struct parse_out out = *document->out;
    struct unpacking u = {.document = *document, .request = request};
    out.on_about = NULL;
    u.document.out = &out;
    int rc = zip_read(bytes, on_member, &u);
    if (rc == -ENOTSUP)
        return parse_refuse(&u.document, "an encrypted zip archive, or one of another method");
    if (rc == -EBADMSG)
        return parse_refuse(&u.document, "a damaged zip archive");
    if (rc == -EMSGSIZE && report->reason[0] == '\0')
        snprintf(report->reason, sizeof report->reason,
                 "a zip archive with more in it than may be taken");
    if (rc != 0)
        return rc;
    report->reason[0] = '\0';
    if (!u.understood)
        return parse_refuse(&u.document, u.reason[0] ? u.reason : "an empty zip archive");
    return 0;
}

/* A feed's address that gives an archive is broken, or another's. */
static bool is_archive(struct str bytes, enum parse_type wanted)
{
    return zip_is(bytes) && !is_feed(wanted) && !is_html(wanted);
}

int parse_document(const struct parse_request *request, const struct parse_out *out,
                   struct parse_report *report)
{
    struct buf inflated = BUF_NONE;
    struct document document = {.url = str_trim(request->url),
                                .links = request->links,
                                .skip = request->skip,
                                .fetched_at = request->fetched_at,
                                .out = out,
                                .report = report};
    struct str bytes = request->bytes;
    int rc = 0;
    *report = (struct parse_report){.type = request->type};
    if (bytes.len > LIMIT_BODY) {
        rc = -EMSGSIZE;
    } else if (inflate_needed(bytes, request->content_encoding)) {
        rc = inflate_body(bytes, request->content_encoding, &inflated);
        bytes = buf_str(&inflated);
    }
    if (rc == -EMSGSIZE)
        snprintf(report->reason, sizeof report->reason, "larger than %lu bytes", LIMIT_BODY);
    else if (rc < 0)
        parse_refuse(&document, "damaged or cut compressed data");
    else if (is_archive(bytes, request->type))
        rc = read_zip(&document, request, bytes);
    else
        rc = read_plain(&document, request, bytes);
    buf_free(&inflated);
    return rc;
}
