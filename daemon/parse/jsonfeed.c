#include <errno.h>

#include "feedout.h"
#include "jsondepth.h"
#include "jsonsalvage.h"
#include "jsontree.h"
#include "limits.h"
#include "markup.h"
#include "picture.h"
#include "utf8.h"

/* JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), read with forgiveness: a member of
 * the wrong type is as good as none. */

static struct str member(const struct jsonnode *object, const char *key)
{
    return jsonnode_text(jsonnode_get(object, key));
}

static bool is_true(const struct jsonnode *object, const char *key)
{
    const struct jsonnode *node = jsonnode_get(object, key);
    return node && node->kind == NODE_BOOL && str_is(node->text, "true");
}

/* The first entry of a member that is a list, NULL when it is none. */
static const struct jsonnode *list_of(const struct jsonnode *object, const char *key)
{
    const struct jsonnode *list = jsonnode_get(object, key);
    return list && list->kind == NODE_LIST ? jsonnode_first(list) : NULL;
}

/* An id may be a number: "publishers have been seen to". */
static void set_id(struct draft *to, const struct jsonnode *object)
{
    const struct jsonnode *id = jsonnode_get(object, "id");
    if (id && (id->kind == NODE_NUMBER || id->kind == NODE_TEXT))
        draft_set(to, ITEM_GUID, 4, id->text);
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

/* Some write a bare name. */
static void add_author(struct draft *to, const struct jsonnode *author)
{
    draft_add_author(to, 3,
                     author && author->kind == NODE_TEXT ? author->text : member(author, "name"));
}

/* 1.1 has "authors", 1.0 "author". */
static void set_authors(struct draft *to, const struct jsonnode *object)
{
    const struct jsonnode *author = list_of(object, "authors");
    for (size_t i = 0; author && i < LIMIT_KEYWORDS; author = jsonnode_next(author), i++)
        add_author(to, author);
    if (to->field[ITEM_BYLINE].len == 0)
        add_author(to, jsonnode_get(object, "author"));
}

static void set_attachments(struct draft *to, const struct jsonnode *object, struct str base)
{
    const struct jsonnode *one = list_of(object, "attachments");
    for (size_t i = 0; one && i < LIMIT_KEYWORDS; one = jsonnode_next(one), i++) {
        struct item_media *media =
            draft_add_media(to, base, member(one, "url"), member(one, "mime_type"));
        if (media && media->title.len == 0)
            media->title = arena_keep(to->arena, member(one, "title"));
    }
}

static void add_picture(struct draft *to, struct str base, struct str html)
{
    struct buf url = BUF_NONE;
    markup_unescape(picture_in(html), &url);
    draft_add_media(to, base, buf_str(&url), STR_NONE);
    buf_free(&url);
}

static void set_tags(struct draft *to, const struct jsonnode *object)
{
    const struct jsonnode *tag = list_of(object, "tags");
    for (size_t i = 0; tag && i < LIMIT_KEYWORDS; tag = jsonnode_next(tag), i++)
        draft_add_keyword(to, jsonnode_text(tag));
}

static int read_item(struct feedout *out, const struct jsonnode *object)
{
    struct draft *item = &out->item;
    struct str base = out->document->url;
    draft_reset(item, &out->arena);
    item->touched = object->count > 0;
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
    set_tags(item, object);
    draft_add_media(item, base, member(object, "image"), STR_NONE);
    draft_add_media(item, base, member(object, "banner_image"), STR_NONE);
    set_attachments(item, object, base);
    if (item->media_count == 0)
        add_picture(item, base, member(object, "content_html"));
    return feedout_item(out);
}

static void read_hubs(struct feedout *out, const struct jsonnode *root)
{
    const struct jsonnode *hub = list_of(root, "hubs");
    struct buf url = BUF_NONE;
    for (size_t i = 0; hub && i < LIMIT_KEYWORDS; hub = jsonnode_next(hub), i++) {
        buf_reset(&url);
        if (draft_absolute(out->document->url, member(hub, "url"), &url) == 0)
            feedout_add_hub(out, buf_str(&url));
    }
    buf_free(&url);
}

/* "https://jsonfeed.org/version/1.1" */
static struct str version_of(const struct jsonnode *root)
{
    struct str version = member(root, "version");
    size_t at = str_find(version, STR("/version/"));
    return at == SIZE_MAX ? STR_NONE : str_from(version, at + 9);
}

static void read_feed(struct feedout *out, const struct jsonnode *root)
{
    static const struct {
        const char *key;
        enum about_field field;
    } addresses[] = {{"feed_url", ABOUT_SELF},
                     {"next_url", ABOUT_NEXT},
                     {"icon", ABOUT_IMAGE},
                     {"favicon", ABOUT_ICON}};
    set_line(&out->feed, ITEM_HEADLINE, member(root, "title"));
    set_line(&out->feed, ITEM_SUMMARY, member(root, "description"));
    draft_set(&out->feed, ITEM_LANGUAGE, 4, member(root, "language"));
    draft_set_url(&out->feed, ITEM_LINK, 4, out->document->url, member(root, "home_page_url"));
    set_authors(&out->feed, root);
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
        feedout_say_url(out, addresses[i].field, 1, out->document->url,
                        member(root, addresses[i].key));
    feedout_say(out, ABOUT_VERSION, 1, version_of(root));
    feedout_say(out, ABOUT_INFO, 1, member(root, "user_comment"));
    out->flags = is_true(root, "expired") ? ABOUT_EXPIRED : 0;
    read_hubs(out, root);
}

static int read_items(struct feedout *out, const struct jsonnode *items)
{
    const struct jsonnode *item = jsonnode_first(items);
    int rc = 0;
    for (; item && rc == 0; item = jsonnode_next(item)) {
        if (item->kind == NODE_MEMBERS)
            rc = read_item(out, item);
        else
            out->document->report->bad_items++;
    }
    return rc;
}

/* Most are JSON as they stand. `mended` and `rebuilt` hold the text of one that is not. */
static int load(struct jsontree *tree, struct str text, struct buf *mended, struct buf *rebuilt)
{
    int rc = jsontree_read(tree, text);
    if (rc != -EBADMSG)
        return rc;
    jsonsalvage_mend(text, mended);
    rc = jsontree_read(tree, buf_str(mended));
    if (rc == -EBADMSG && jsonsalvage_rebuild(buf_str(mended), rebuilt))
        rc = jsontree_read(tree, buf_str(rebuilt));
    return rc;
}

static int read_root(struct document *document, const struct jsonnode *root)
{
    const struct jsonnode *items = jsonnode_get(root, "items");
    if (!items || items->kind != NODE_LIST)
        return parse_refuse(document, "JSON, but not a JSON Feed: it has no list of items");
    struct feedout out;
    feedout_init(&out, document);
    out.author_inherits = true;
    read_feed(&out, root);
    int rc = feedout_finish(&out, read_items(&out, items));
    feedout_done(&out);
    return rc;
}

int jsonfeed_read(struct document *document)
{
    struct str text = str_trim(document->text);
    struct jsontree tree = JSONTREE_NONE;
    struct buf mended = BUF_NONE, rebuilt = BUF_NONE;
    int rc = load(&tree, text, &mended, &rebuilt);
    if (rc == 0)
        rc = read_root(document, tree.nodes);
    else if (rc == -EMSGSIZE)
        rc = parse_refuse(document, jsondepth_exceeded(text) ? "JSON nested too deeply"
                                                             : "JSON of too many values");
    else
        rc = parse_refuse(document, "damaged JSON");
    jsontree_done(&tree);
    buf_free(&mended);
    buf_free(&rebuilt);
    return rc;
}
