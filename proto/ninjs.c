#include "item.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

#include "clock.h"
#include "utf8.h"

/* Nothing that is empty gets into an item; a text that is not UTF-8 would be refused by jansson. */
static void set_text(json_t *object, const char *key, struct str s)
{
    if (s.len)
        json_object_set_new(object, key, json_stringn(s.at, s.len));
}

static void set_time(json_t *object, const char *key, int64_t at)
{
    char text[CLOCK_TEXT];
    if (at > 0)
        json_object_set_new(object, key, json_string(clock_format(at, text)));
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

static void put_uri(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (uri_byte(s, i))
            buf_putc(out, s.at[i]);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)s.at[i]);
    }
}

static void set_uri(json_t *object, const char *key, struct str s)
{
    struct buf encoded = BUF_NONE;
    put_uri(&encoded, s);
    set_text(object, key, buf_str(&encoded));
    buf_free(&encoded);
}

static void add_value(json_t *item, const char *list, struct str value, const char *type)
{
    if (value.len == 0)
        return;
    json_t *entry = json_object();
    if (type)
        json_object_set_new(entry, "contentType", json_string(type));
    set_text(entry, "value", value);
    json_object_set_new(item, list, json_pack("[o]", entry));
}

static void add_headline(json_t *out, const struct item *item)
{
    struct str headline = item->field[ITEM_HEADLINE];
    if (headline.len == 0)
        return;
    json_t *entry = json_object();
    if (item->flags & ITEM_HEADLINE_DERIVED)
        json_object_set_new(entry, "role", json_string("derived"));
    set_text(entry, "value", headline);
    json_object_set_new(out, "headlines", json_pack("[o]", entry));
}

static void add_alt_id(json_t *list, const char *role, struct str value)
{
    if (value.len == 0)
        return;
    json_t *entry = json_object();
    json_object_set_new(entry, "role", json_string(role));
    set_text(entry, "value", value);
    json_array_append_new(list, entry);
}

static void set_list(json_t *out, const char *key, json_t *list)
{
    if (json_array_size(list))
        json_object_set_new(out, key, list);
    else
        json_decref(list);
}

static void add_alt_ids(json_t *out, const struct item *item)
{
    json_t *list = json_array();
    add_alt_id(list, "guid", item->field[ITEM_GUID]);
    add_alt_id(list, "link", item->field[ITEM_LINK]);
    add_alt_id(list, "canonical", item->field[ITEM_CANONICAL]);
    set_list(out, "altIds", list);
}

static void add_info_source(json_t *list, const char *role, struct str name, struct str uri)
{
    if (name.len == 0)
        return;
    json_t *entry = json_object();
    set_text(entry, "name", name);
    json_object_set_new(entry, "role", json_string(role));
    if (uri.len)
        set_uri(entry, "uri", uri);
    json_array_append_new(list, entry);
}

static void add_info_sources(json_t *out, const struct item *item, const struct item_identity *id)
{
    json_t *list = json_array();
    struct str publisher = item->field[ITEM_PUBLISHER];
    if (publisher.len == 0)
        publisher = id->source_title;
    add_info_source(list, "publisher", publisher, id->source_url);
    add_info_source(list, "agency", item->field[ITEM_AGENCY], STR_NONE);
    set_list(out, "infoSources", list);
}

static void add_subjects(json_t *out, struct str keywords)
{
    json_t *list = json_array();
    struct str word;
    while (str_cut(&keywords, '\n', &word))
        if (word.len)
            json_array_append_new(list, json_pack("{s:s#}", "literal", word.at, (int)word.len));
    set_list(out, "subjects", list);
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

static void add_renditions(json_t *out, const struct item *item)
{
    json_t *list = json_array();
    for (size_t i = 0; i < item->media_count; i++) {
        const struct item_media *media = &item->media[i];
        if (media->url.len == 0)
            continue;
        json_t *entry = json_object();
        json_object_set_new(entry, "name",
                            json_sprintf("%s-%zu", rendition_kind(media->type), i + 1));
        set_uri(entry, "href", media->url);
        set_text(entry, "contentType", media->type);
        set_text(entry, "title", media->title);
        if (media->width)
            json_object_set_new(entry, "width", json_integer(media->width));
        if (media->height)
            json_object_set_new(entry, "height", json_integer(media->height));
        json_array_append_new(list, entry);
    }
    set_list(out, "renditions", list);
}

json_t *item_ninjs(const struct item *item, const struct item_identity *id)
{
    json_t *out = json_object();
    const struct str *field = item->field;
    set_uri(out, "uri", id->uri);
    json_object_set_new(out, "type", json_string("text"));
    json_object_set_new(out, "version", json_sprintf("%u", id->version));
    set_time(out, "firstCreated", id->first_created);
    set_time(out, "versionCreated", item->updated_at ? item->updated_at : id->version_created);
    set_time(out, "contentCreated", item->published_at);
    json_object_set_new(out, "pubStatus",
                        json_string(item->flags & ITEM_RETRACTED ? "canceled" : "usable"));
    set_text(out, "language", field[ITEM_LANGUAGE]);
    add_headline(out, item);
    add_value(out, "descriptions", field[ITEM_SUMMARY], "text/plain");
    add_value(out, "bodies", item_text(item), "text/plain");
    set_text(out, "by", field[ITEM_BYLINE]);
    set_text(out, "slugline", field[ITEM_SLUGLINE]);
    set_text(out, "located", field[ITEM_LOCATED]);
    set_text(out, "copyrightNotice", field[ITEM_COPYRIGHT]);
    add_subjects(out, field[ITEM_KEYWORDS]);
    add_info_sources(out, item, id);
    add_alt_ids(out, item);
    add_renditions(out, item);
    return out;
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

static void set_lines(json_t *out, const char *key, struct str lines)
{
    json_t *list = json_array();
    struct str line;
    while (str_cut(&lines, '\n', &line))
        if (line.len)
            json_array_append_new(list, json_stringn(line.at, line.len));
    set_list(out, key, list);
}

json_t *about_json(const struct about *about)
{
    static const struct {
        enum about_field field;
        const char *key;
        bool list;
    } keys[] = {
        {ABOUT_TYPE, "type", false},          {ABOUT_TITLE, "title", false},
        {ABOUT_SUBTITLE, "subtitle", false},  {ABOUT_URL, "url", false},
        {ABOUT_SELF, "self", false},          {ABOUT_ID, "id", false},
        {ABOUT_LANGUAGE, "language", false},  {ABOUT_CHARSET, "charset", false},
        {ABOUT_AUTHOR, "author", false},      {ABOUT_COPYRIGHT, "copyright", false},
        {ABOUT_IMAGE, "image", false},        {ABOUT_GENERATOR, "generator", false},
        {ABOUT_HUBS, "hubs", true},           {ABOUT_NEXT, "next", false},
        {ABOUT_FEEDS, "feeds", true},         {ABOUT_SKIP_HOURS, "skipHours", false},
        {ABOUT_SKIP_DAYS, "skipDays", false},
    };
    json_t *out = json_object();
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (keys[i].list)
            set_lines(out, keys[i].key, about->field[keys[i].field]);
        else
            set_text(out, keys[i].key, about->field[keys[i].field]);
    }
    set_time(out, "updated", about->updated_at);
    if (about->ttl_s)
        json_object_set_new(out, "ttl", json_integer(about->ttl_s));
    if (about->period_s)
        json_object_set_new(out, "period", json_integer(about->period_s));
    return out;
}
