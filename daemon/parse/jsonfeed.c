#include <errno.h>

#include "feedout.h"
#include "jsondepth.h"
#include "jsonsalvage.h"
#include "limits.h"
#include "markup.h"
#include "utf8.h"

/* JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), read with forgiveness: a member of
 * the wrong type is as good as none. */

static struct str member(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? (struct str){json_string_value(value), json_string_length(value)}
                                 : STR_NONE;
}

/* An id may be a number: "publishers have been seen to". */
static void set_id(struct draft *to, const json_t *object)
{
    const json_t *id = json_object_get(object, "id");
    char text[40];
    if (json_is_integer(id)) {
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
        draft_set(to, ITEM_GUID, 4, str_of(text));
    } else if (json_is_real(id)) {
        snprintf(text, sizeof text, "%.17g", json_real_value(id));
        draft_set(to, ITEM_GUID, 4, str_of(text));
    } else {
        draft_set(to, ITEM_GUID, 4, member(object, "id"));
    }
}

static void set_line(struct draft *to, enum item_field field, struct str text)
{
    struct buf line = BUF_NONE;
    utf8_squash(text, &line);
    draft_set(to, field, 4, buf_str(&line));
    buf_free(&line);
}

static void set_html(struct draft *to, enum item_field field, unsigned rank, struct str html)
{
    struct buf text = BUF_NONE;
    markup_text(html, &text);
    draft_set(to, field, rank, buf_str(&text));
    buf_free(&text);
}

/* 1.1 has "authors", 1.0 "author"; some write a bare name. */
static void set_authors(struct draft *to, const json_t *object)
{
    const json_t *authors = json_object_get(object, "authors"),
                 *one = json_object_get(object, "author");
    for (size_t i = 0; i < json_array_size(authors) && i < LIMIT_KEYWORDS; i++) {
        const json_t *author = json_array_get(authors, i);
        draft_add_author(to, 3,
                         json_is_string(author) ? str_of(json_string_value(author))
                                                : member(author, "name"));
    }
    if (to->field[ITEM_BYLINE].len == 0)
        draft_add_author(
            to, 3, json_is_string(one) ? str_of(json_string_value(one)) : member(one, "name"));
}

static void set_attachments(struct draft *to, const json_t *object, struct str base)
{
    const json_t *list = json_object_get(object, "attachments");
    for (size_t i = 0; i < json_array_size(list) && i < LIMIT_KEYWORDS; i++) {
        const json_t *one = json_array_get(list, i);
        struct item_media *media =
            draft_add_media(to, base, member(one, "url"), member(one, "mime_type"));
        if (media && media->title.len == 0)
            media->title = arena_keep(to->arena, member(one, "title"));
    }
}

static int read_item(struct feedout *out, const json_t *object)
{
    struct draft *item = &out->item;
    struct str base = out->document->url;
    const json_t *tags = json_object_get(object, "tags");
    draft_reset(item, &out->arena);
    item->touched = json_object_size(object) > 0;
    set_id(item, object);
    draft_set_url(item, ITEM_LINK, 4, base, member(object, "url"));
    draft_set_url(item, ITEM_LINK, 3, base, member(object, "external_url"));
    draft_set_url(item, ITEM_LINK, 1, base, item->field[ITEM_GUID]);
    set_line(item, ITEM_HEADLINE, member(object, "title"));
    draft_set(item, ITEM_SUMMARY, 4, member(object, "summary"));
    set_html(item, ITEM_BODY, 4, member(object, "content_html"));
    draft_set(item, ITEM_BODY, 3, member(object, "content_text"));
    draft_set(item, ITEM_LANGUAGE, 4, member(object, "language"));
    draft_set_published(item, 4, member(object, "date_published"));
    draft_set_updated(item, 4, member(object, "date_modified"));
    set_authors(item, object);
    for (size_t i = 0; i < json_array_size(tags) && i < LIMIT_KEYWORDS; i++)
        if (json_is_string(json_array_get(tags, i)))
            draft_add_keyword(item, str_of(json_string_value(json_array_get(tags, i))));
    draft_add_media(item, base, member(object, "image"), STR_NONE);
    draft_add_media(item, base, member(object, "banner_image"), STR_NONE);
    set_attachments(item, object, base);
    return feedout_item(out);
}

static struct str keep_url(struct feedout *out, struct str url)
{
    struct buf absolute = BUF_NONE;
    struct str kept = STR_NONE;
    if (draft_absolute(out->document->url, url, &absolute) == 0)
        kept = arena_keep(&out->feed_arena, buf_str(&absolute));
    buf_free(&absolute);
    return kept;
}

static void read_feed(struct feedout *out, const json_t *root)
{
    const json_t *hubs = json_object_get(root, "hubs");
    set_line(&out->feed, ITEM_HEADLINE, member(root, "title"));
    set_line(&out->feed, ITEM_SUMMARY, member(root, "description"));
    draft_set(&out->feed, ITEM_LANGUAGE, 4, member(root, "language"));
    draft_set_url(&out->feed, ITEM_LINK, 4, out->document->url, member(root, "home_page_url"));
    set_authors(&out->feed, root);
    out->self = keep_url(out, member(root, "feed_url"));
    out->next = keep_url(out, member(root, "next_url"));
    out->image = keep_url(out, member(root, "icon"));
    out->icon = keep_url(out, member(root, "favicon"));
    for (size_t i = 0; i < json_array_size(hubs) && i < LIMIT_KEYWORDS; i++)
        feedout_add_hub(out, keep_url(out, member(json_array_get(hubs, i), "url")));
}

static int read_items(struct feedout *out, const json_t *items)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < json_array_size(items); i++) {
        const json_t *object = json_array_get(items, i);
        if (json_is_object(object))
            rc = read_item(out, object);
        else
            out->document->report->bad_items++;
    }
    return rc;
}

/* Whether a text of many tiny values is larger than it looks: each takes a block of memory. Commas and brackets within
 * strings are counted too; honest feeds have a hundredth of the limit. */
static bool has_too_many_values(struct str text)
{
    size_t values = 0;
    for (size_t i = 0; i < text.len; i++)
        values += text.at[i] == ',' || text.at[i] == '{' || text.at[i] == '[';
    return values > LIMIT_JSON_NODES;
}

/* Something after the last brace does no harm; line breaks within strings do, to jansson: they
 * become blanks. Of what is damaged otherwise, the items that are not. */
static json_t *load(struct str text)
{
    json_t *root = json_loadb(text.at, text.len, JSON_DISABLE_EOF_CHECK, NULL);
    if (root)
        return root;
    struct buf calm = BUF_NONE;
    buf_puts(&calm, text);
    for (size_t i = 0; i < calm.len; i++)
        if ((unsigned char)calm.at[i] < ' ')
            calm.at[i] = ' ';
    if (!str_eq(buf_str(&calm), text))
        root = json_loadb(calm.at, calm.len, JSON_DISABLE_EOF_CHECK, NULL);
    buf_free(&calm);
    return root ? root : jsonsalvage(text);
}

int jsonfeed_read(struct document *document)
{
    struct str text = str_trim(document->text);
    if (jsondepth_exceeded(text))
        return parse_refuse(document, "JSON nested too deeply");
    if (has_too_many_values(text))
        return parse_refuse(document, "JSON of too many values");
    json_t *root = load(text);
    const json_t *items = json_object_get(root, "items");
    int rc = 0;
    if (!root) {
        rc = parse_refuse(document, "damaged JSON");
    } else if (!json_is_array(items)) {
        rc = parse_refuse(document, "JSON, but not a JSON Feed: it has no list of items");
    } else {
        struct feedout out;
        feedout_init(&out, document);
        out.author_inherits = true;
        read_feed(&out, root);
        rc = feedout_finish(&out, read_items(&out, items));
        feedout_done(&out);
    }
    json_decref(root);
    return rc;
}
