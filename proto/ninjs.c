#include "item.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

#include "clock.h"
#include "utf8.h"

/* Nothing that is empty gets into an item. */
static void put_text(struct jsonput *j, const char *key, struct str s)
{
    if (s.len == 0)
        return;
    jsonput_key(j, key);
    jsonput_str(j, s);
}

static void put_time(struct jsonput *j, const char *key, int64_t at)
{
    char text[CLOCK_TEXT];
    if (at > 0)
        put_text(j, key, str_of(clock_format(at, text)));
}

/* As its publisher's clock showed it, where that is known: the day of publication is that of the
 * place, and UTC would name another one for a third of the world's evenings. */
static void put_content_created(struct jsonput *j, const struct item *item)
{
    char text[CLOCK_TEXT];
    if (item->published_at > 0)
        put_text(j, "contentCreated",
                 str_of(clock_format_at(item->published_at, item->published_offset_min, text)));
}

static void put_count(struct jsonput *j, const char *key, uint32_t n)
{
    if (n == 0)
        return;
    jsonput_key(j, key);
    jsonput_int(j, n);
}

/* A list is there only when something is in it: its first entry opens it. */
struct list {
    struct jsonput *j;
    const char *key;
    bool open;
};

static void list_entry(struct list *list)
{
    if (!list->open) {
        jsonput_key(list->j, list->key);
        jsonput_array(list->j);
    }
    list->open = true;
    jsonput_object(list->j);
}

static void list_end(const struct list *list)
{
    if (list->open)
        jsonput_close(list->j);
}

/* RFC 3986: what may stand in a URI as it is; everything else is percent-encoded, and so is a '%'
 * that does not begin an escape. */
static bool uri_byte(struct str s, size_t i)
{
    unsigned char c = (unsigned char)s.at[i];
    if (c == '%')
        return i + 2 < s.len && strchr("0123456789abcdefABCDEF", s.at[i + 1]) &&
               strchr("0123456789abcdefABCDEF", s.at[i + 2]);
    return c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}", c);
}

static void put_encoded(struct jsonput *j, const char *key, struct str s)
{
    struct buf encoded = BUF_NONE;
    for (size_t i = 0; i < s.len; i++) {
        if (uri_byte(s, i))
            buf_putc(&encoded, s.at[i]);
        else
            buf_printf(&encoded, "%%%02X", (unsigned)(unsigned char)s.at[i]);
    }
    put_text(j, key, buf_str(&encoded));
    buf_free(&encoded);
}

static void put_uri(struct jsonput *j, const char *key, struct str s)
{
    size_t i = 0;
    while (i < s.len && uri_byte(s, i))
        i++;
    if (i == s.len)
        put_text(j, key, s);
    else
        put_encoded(j, key, s);
}

static void put_value(struct jsonput *j, const char *key, struct str value)
{
    struct list list = {j, key, false};
    if (value.len == 0)
        return;
    list_entry(&list);
    put_text(j, "contentType", STR("text/plain"));
    put_text(j, "value", value);
    jsonput_close(j);
    list_end(&list);
}

static void put_headline(struct jsonput *j, const struct item *item)
{
    struct list list = {j, "headlines", false};
    if (item->field[ITEM_HEADLINE].len == 0)
        return;
    list_entry(&list);
    if (item->flags & ITEM_HEADLINE_DERIVED)
        put_text(j, "role", STR("derived"));
    put_text(j, "value", item->field[ITEM_HEADLINE]);
    jsonput_close(j);
    list_end(&list);
}

static void put_alt_id(struct list *list, const char *role, struct str value)
{
    if (value.len == 0)
        return;
    list_entry(list);
    put_text(list->j, "role", str_of(role));
    put_text(list->j, "value", value);
    jsonput_close(list->j);
}

static void put_alt_ids(struct jsonput *j, const struct item *item)
{
    struct list list = {j, "altIds", false};
    put_alt_id(&list, "guid", item->field[ITEM_GUID]);
    put_alt_id(&list, "link", item->field[ITEM_LINK]);
    put_alt_id(&list, "canonical", item->field[ITEM_CANONICAL]);
    list_end(&list);
}

static void put_info_source(struct list *list, const char *role, struct str name, struct str uri)
{
    if (name.len == 0)
        return;
    list_entry(list);
    put_text(list->j, "name", name);
    put_text(list->j, "role", str_of(role));
    if (uri.len)
        put_uri(list->j, "uri", uri);
    jsonput_close(list->j);
}

static void put_info_sources(struct jsonput *j, const struct item *item,
                             const struct item_identity *id)
{
    struct list list = {j, "infoSources", false};
    struct str publisher = item->field[ITEM_PUBLISHER];
    if (publisher.len == 0)
        publisher = id->source_title;
    put_info_source(&list, "publisher", publisher, id->source_url);
    put_info_source(&list, "agency", item->field[ITEM_AGENCY], STR_NONE);
    list_end(&list);
}

static void put_subjects(struct jsonput *j, struct str keywords)
{
    struct list list = {j, "subjects", false};
    struct str word;
    while (str_cut(&keywords, '\n', &word)) {
        if (word.len == 0)
            continue;
        list_entry(&list);
        put_text(j, "literal", word);
        jsonput_close(j);
    }
    list_end(&list);
}

static const char *rendition_kind(struct str type)
{
    if (str_startsi(type, STR("image/")))
        return "image";
    if (str_startsi(type, STR("video/")))
        return "video";
    if (str_startsi(type, STR("audio/")))
        return "audio";
    return "enclosure";
}

static void put_rendition(struct list *list, const struct item_media *media, size_t number)
{
    char name[32];
    snprintf(name, sizeof name, "%s-%zu", rendition_kind(media->type), number);
    list_entry(list);
    put_text(list->j, "name", str_of(name));
    put_uri(list->j, "href", media->url);
    put_text(list->j, "contentType", media->type);
    put_text(list->j, "title", media->title);
    put_count(list->j, "width", media->width);
    put_count(list->j, "height", media->height);
    jsonput_close(list->j);
}

static void put_renditions(struct jsonput *j, const struct item *item)
{
    struct list list = {j, "renditions", false};
    for (size_t i = 0; i < item->media_count; i++)
        if (item->media[i].url.len)
            put_rendition(&list, &item->media[i], i + 1);
    list_end(&list);
}

/* Where a page's fields were found and how sure the reader is, for the desk that gets the item. */
static void put_origins(struct jsonput *j, const struct item *item)
{
    static const char *const FIELDS[] = {
        [TOLD_HEADLINE] = "headlines",
        [TOLD_BYLINE] = "by",
        [TOLD_PUBLISHED] = "contentCreated",
        [TOLD_UPDATED] = "versionCreated",
        [TOLD_LANGUAGE] = "language",
        [TOLD_SUMMARY] = "descriptions",
        [TOLD_BODY] = "bodies",
        [TOLD_KEYWORDS] = "subjects",
        [TOLD_PUBLISHER] = "infoSources",
        [TOLD_COPYRIGHT] = "copyrightNotice",
        [TOLD_CANONICAL] = "canonical",
        [TOLD_IMAGE] = "renditions",
    };
    static const char *const SOURCES[] = {
        [SOURCE_NONE] = "",
        [SOURCE_JSONLD] = "json-ld",
        [SOURCE_OPENGRAPH] = "opengraph",
        [SOURCE_MICRODATA] = "microdata",
        [SOURCE_META] = "meta",
        [SOURCE_HTML] = "html",
        [SOURCE_HEADING] = "h1",
        [SOURCE_TEXT] = "text",
        [SOURCE_ADDRESS] = "address",
    };
    struct buf note = BUF_NONE;
    for (size_t i = 0; i < TOLD_FIELDS; i++) {
        const struct item_origin *origin = &item->origin[i];
        if (origin->source == SOURCE_NONE)
            continue;
        buf_printf(&note, "%s%s: %s %u %%", note.len ? "; " : "", FIELDS[i],
                   SOURCES[origin->source], (unsigned)origin->percent);
    }
    put_text(j, "edNote", buf_str(&note));
    buf_free(&note);
}

void item_ninjs(const struct item *item, const struct item_identity *id, struct jsonput *j)
{
    char version[STR_DIGITS];
    const struct str *field = item->field;
    jsonput_object(j);
    put_uri(j, "uri", id->uri);
    put_text(j, "type", STR("text"));
    put_text(j, "version", str_digits(id->version, version));
    put_time(j, "firstCreated", id->first_created);
    put_time(j, "versionCreated", item->updated_at ? item->updated_at : id->version_created);
    put_content_created(j, item);
    put_text(j, "pubStatus", item->flags & ITEM_RETRACTED ? STR("canceled") : STR("usable"));
    put_text(j, "language", field[ITEM_LANGUAGE]);
    put_headline(j, item);
    put_value(j, "descriptions", field[ITEM_SUMMARY]);
    put_value(j, "bodies", item_text(item));
    put_text(j, "by", field[ITEM_BYLINE]);
    put_text(j, "slugline", field[ITEM_SLUGLINE]);
    put_text(j, "located", field[ITEM_LOCATED]);
    put_origins(j, item);
    put_text(j, "copyrightNotice", field[ITEM_COPYRIGHT]);
    put_subjects(j, field[ITEM_KEYWORDS]);
    put_info_sources(j, item, id);
    put_alt_ids(j, item);
    put_renditions(j, item);
    jsonput_close(j);
}

void item_dry_uri(const struct item *item, struct buf *out)
{
    struct str key = item->field[ITEM_GUID];
    if (key.len == 0)
        key = item->field[ITEM_LINK];
    if (key.len == 0)
        key = item_text(item);
    if (key.len == 0)
        key = item->field[ITEM_HEADLINE];
    XXH128_hash_t hash = XXH3_128bits(key.at ? key.at : "", key.len);
    buf_printf(out, "urn:dateline:dry:%016llx%016llx", (unsigned long long)hash.high64,
               (unsigned long long)hash.low64);
}

/* ---- what a document says of itself: once a document, so jansson builds it */

static void set_text(json_t *object, const char *key, struct str s)
{
    if (s.len)
        json_object_set_new(object, key, json_stringn(s.at, s.len));
}

static void set_lines(json_t *out, const char *key, struct str lines)
{
    json_t *list = json_array();
    struct str line;
    while (str_cut(&lines, '\n', &line))
        if (line.len)
            json_array_append_new(list, json_stringn(line.at, line.len));
    if (json_array_size(list))
        json_object_set_new(out, key, list);
    else
        json_decref(list);
}

static void set_time(json_t *object, const char *key, int64_t at)
{
    char text[CLOCK_TEXT];
    if (at > 0)
        set_text(object, key, str_of(clock_format(at, text)));
}

static void set_flags(json_t *out, uint32_t flags)
{
    if (flags & ABOUT_EXPIRED)
        json_object_set_new(out, "expired", json_true());
    if (flags & ABOUT_COMPLETE)
        json_object_set_new(out, "complete", json_true());
    if (flags & ABOUT_ARCHIVE)
        json_object_set_new(out, "archive", json_true());
}

json_t *about_json(const struct about *about)
{
    static const struct {
        enum about_field field;
        const char *key;
        bool list;
    } keys[] = {
        {ABOUT_TYPE, "type", false},
        {ABOUT_VERSION, "version", false},
        {ABOUT_TITLE, "title", false},
        {ABOUT_SUBTITLE, "subtitle", false},
        {ABOUT_URL, "url", false},
        {ABOUT_SELF, "self", false},
        {ABOUT_ID, "id", false},
        {ABOUT_LANGUAGE, "language", false},
        {ABOUT_CHARSET, "charset", false},
        {ABOUT_AUTHOR, "author", false},
        {ABOUT_CONTRIBUTORS, "contributors", true},
        {ABOUT_PUBLISHER, "publisher", false},
        {ABOUT_CONTACT, "contact", false},
        {ABOUT_COPYRIGHT, "copyright", false},
        {ABOUT_KEYWORDS, "categories", true},
        {ABOUT_IMAGE, "image", false},
        {ABOUT_ICON, "icon", false},
        {ABOUT_GENERATOR, "generator", false},
        {ABOUT_INFO, "info", false},
        {ABOUT_DOCS, "docs", false},
        {ABOUT_HUBS, "hubs", true},
        {ABOUT_CLOUD, "cloud", false},
        {ABOUT_NEXT, "next", false},
        {ABOUT_CURRENT, "current", false},
        {ABOUT_PREV_ARCHIVE, "prevArchive", false},
        {ABOUT_NEXT_ARCHIVE, "nextArchive", false},
        {ABOUT_FEEDS, "feeds", true},
        {ABOUT_SKIP_HOURS, "skipHours", false},
        {ABOUT_SKIP_DAYS, "skipDays", false},
        {ABOUT_VALID, "valid", false},
        {ABOUT_SITEMAP, "sitemap", false},
        {ABOUT_CHILDREN, "children", true},
    };
    json_t *out = json_object();
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (keys[i].list)
            set_lines(out, keys[i].key, about->field[keys[i].field]);
        else
            set_text(out, keys[i].key, about->field[keys[i].field]);
    }
    set_time(out, "published", about->published_at);
    set_time(out, "updated", about->updated_at);
    set_flags(out, about->flags);
    if (about->ttl_s)
        json_object_set_new(out, "ttl", json_integer(about->ttl_s));
    if (about->period_s)
        json_object_set_new(out, "period", json_integer(about->period_s));
    return out;
}
