/*
 * Sitemaps (https://www.sitemaps.org/protocol.html): a urlset lists pages, a sitemapindex other sitemaps, and
 * a text file one address a line. Of their extensions those for news and images are read; translations
 * (xhtml:link), videos and the guesses of publishers about their own pages (changefreq, priority) are passed
 * over.
 *
 * An entry is an item with an address and perhaps a date; only an entry for news has a headline. An index's
 * children are items as well, marked ITEM_SITEMAP. The protocol lets a sitemap speak for its own site only,
 * so entries elsewhere are counted as bad and go; whether a site's robots.txt gave a sitemap on another host
 * the right to speak for it cannot be known here.
 *
 * Names count as they are written, whatever namespace is declared: half of the world's generators get that
 * wrong. Only a prefix tells an image's loc from a page's.
 */
#include "format.h"

#include <errno.h>

#include "draft.h"
#include "limits.h"
#include "markup.h"
#include "namespace.h"
#include "sniff.h"
#include "url.h"
#include "utf8.h"

enum role {
    ROLE_OTHER, /* its children are looked at */
    ROLE_ENTRY,
    ROLE_CHILD,
    ROLE_HIDDEN, /* its children are not */
    ROLE_ROOT,
    ROLE_INDEX,
    ROLE_TEXT, /* from here on: those whose characters count */
    ROLE_LOC = ROLE_TEXT,
    ROLE_LASTMOD,
    ROLE_IMAGE,
    ROLE_IMAGE_TITLE,
    ROLE_TITLE,
    ROLE_DATE,
    ROLE_PUBLISHER,
    ROLE_LANGUAGE,
    ROLE_KEYWORDS,
};

struct sitemap {
    struct document *document;
    struct namespaces names;
    uint8_t roles[LIMIT_XML_DEPTH + 1]; /* of the elements that are open */
    size_t depth;
    size_t entry; /* depth of the entry that is open, 0 none */
    struct arena arena;
    struct draft item;
    struct item_media *image; /* the entry's newest */
    struct buf text, line, children;
    bool is_index, is_text, has_news;
    int rc;
};

/* ------------------------------------------------------------------------------------- elements */

struct role_name {
    const char *name;
    enum role role;
};

static enum role find(const struct role_name *rules, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_isi(name, rules[i].name))
            return rules[i].role;
    return ROLE_OTHER;
}

static enum role role_of(enum xml_space space, struct str name)
{
    static const struct role_name own[] = {
        {"url", ROLE_ENTRY},     {"loc", ROLE_LOC},     {"lastmod", ROLE_LASTMOD},
        {"sitemap", ROLE_CHILD}, {"urlset", ROLE_ROOT}, {"sitemapindex", ROLE_INDEX},
    };
    static const struct role_name news[] = {
        {"title", ROLE_TITLE},       {"publication_date", ROLE_DATE}, {"name", ROLE_PUBLISHER},
        {"language", ROLE_LANGUAGE}, {"keywords", ROLE_KEYWORDS},
    };
    static const struct role_name picture[] = {
        {"loc", ROLE_IMAGE},
        {"title", ROLE_IMAGE_TITLE},
        {"caption", ROLE_IMAGE_TITLE},
    };
    if (space == XML_SITEMAP)
        return find(own, ARRAY_LEN(own), name);
    if (space == XML_NEWS)
        return find(news, ARRAY_LEN(news), name);
    if (space == XML_PICTURE)
        return find(picture, ARRAY_LEN(picture), name);
    return ROLE_HIDDEN;
}

/* What the file declares counts, but a prefix that is used as everybody does is never something else. */
static enum xml_space space_of(const struct sitemap *s, struct xml_name name)
{
    enum xml_space space = namespaces_find(&s->names, name.prefix);
    if (name.prefix.len == 0)
        return XML_SITEMAP;
    if (str_isi(name.prefix, "news"))
        return XML_NEWS;
    return str_isi(name.prefix, "image") ? XML_PICTURE : space;
}

/* ---------------------------------------------------------------------------------------- entries */

/* An entry that leads nowhere, or away from the site, is counted and goes. */
static bool is_own(const struct sitemap *s, struct str link)
{
    struct str from = s->document->url;
    return link.len && (from.len == 0 || url_same_site(from, link));
}

static void begin_entry(struct sitemap *s)
{
    arena_reset(&s->arena);
    draft_reset(&s->item, &s->arena);
    s->image = NULL;
    s->entry = s->depth;
}

static void note_child(struct sitemap *s, struct str link)
{
    if (s->children.len + link.len + 1 > LIMIT_FIELD)
        return;
    if (s->children.len)
        buf_putc(&s->children, '\n');
    buf_puts(&s->children, link);
}

static void end_entry(struct sitemap *s, bool child)
{
    struct item item;
    struct str link = s->item.field[ITEM_LINK];
    s->entry = 0;
    if (!is_own(s, link)) {
        s->document->report->bad_items++;
        return;
    }
    draft_item(&s->item, &item);
    if (child) {
        item.flags |= ITEM_SITEMAP;
        note_child(s, link);
    }
    if (s->rc == 0)
        s->rc = parse_hand_out(s->document, &item);
}

/* ---------------------------------------------------------------------------------------- events */

static void on_text(void *ctx, struct str text)
{
    struct sitemap *s = ctx;
    if (s->entry && s->roles[s->depth] >= ROLE_TEXT)
        buf_puts(&s->text, utf8_upto(text, LIMIT_FIELD - s->text.len));
}

static struct str line_of(struct sitemap *s)
{
    buf_reset(&s->line);
    markup_line(buf_str(&s->text), &s->line);
    return buf_str(&s->line);
}

static void end_image_title(struct sitemap *s)
{
    struct str title = line_of(s);
    if (s->image && s->image->title.len == 0)
        s->image->title = arena_keep(&s->arena, title);
}

/* The characters of an element that has ended. */
static void take(struct sitemap *s, enum role role)
{
    struct draft *item = &s->item;
    struct str base = s->document->url, text = buf_str(&s->text);
    if (!s->entry || text.len == 0)
        return;
    switch (role) {
    case ROLE_LOC:
        draft_set_url(item, ITEM_LINK, 1, base, text);
        break;
    case ROLE_LASTMOD:
        draft_set_updated(item, 1, text);
        break;
    case ROLE_IMAGE:
        s->image = draft_add_media(item, base, text, STR_NONE);
        break;
    case ROLE_IMAGE_TITLE:
        end_image_title(s);
        break;
    case ROLE_TITLE:
        draft_set(item, ITEM_HEADLINE, 1, line_of(s));
        s->has_news |= item->field[ITEM_HEADLINE].len > 0;
        break;
    case ROLE_DATE:
        draft_set_published(item, 1, text);
        break;
    case ROLE_PUBLISHER:
        draft_set(item, ITEM_PUBLISHER, 1, line_of(s));
        break;
    case ROLE_LANGUAGE:
        draft_set(item, ITEM_LANGUAGE, 1, text);
        break;
    case ROLE_KEYWORDS:
        draft_add_keywords(item, line_of(s));
        break;
    case ROLE_OTHER:
    case ROLE_ENTRY:
    case ROLE_CHILD:
    case ROLE_HIDDEN:
    case ROLE_ROOT:
    case ROLE_INDEX:
        break;
    }
}

static void on_start(void *ctx, struct xml_name name, struct xml_attributes attributes)
{
    struct sitemap *s = ctx;
    take(s, s->roles[s->depth]); /* its end is missing, or there would be no other in it */
    s->depth++;
    namespaces_declare(&s->names, attributes, s->depth);
    enum role role = s->roles[s->depth - 1] == ROLE_HIDDEN ? ROLE_HIDDEN
                                                           : role_of(space_of(s, name), name.local);
    bool entry = role == ROLE_ENTRY || role == ROLE_CHILD;
    /* What should have ended has not; an entry counts wherever it stands. */
    if (entry && s->entry)
        end_entry(s, s->roles[s->entry] == ROLE_CHILD);
    s->roles[s->depth] = (uint8_t)role;
    if (entry)
        begin_entry(s);
    s->is_index |= role == ROLE_INDEX || role == ROLE_CHILD;
    buf_reset(&s->text);
}

static bool on_end(void *ctx, struct xml_name name)
{
    struct sitemap *s = ctx;
    enum role role = s->roles[s->depth];
    (void)name;
    if (s->entry == s->depth)
        end_entry(s, role == ROLE_CHILD);
    else
        take(s, role);
    buf_reset(&s->text);
    namespaces_end(&s->names, s->depth--);
    return s->rc == 0;
}

/* ------------------------------------------------------------------------------------- the file */

static void read_lines(struct sitemap *s)
{
    struct str line, rest = s->document->text;
    while (s->rc == 0 && str_cut(&rest, '\n', &line)) {
        line = utf8_trim(line);
        if (line.len == 0)
            continue;
        begin_entry(s);
        draft_set_url(&s->item, ITEM_LINK, 1, STR_NONE, line);
        end_entry(s, false);
    }
}

static void say_about(struct sitemap *s)
{
    struct about about = {0};
    about.field[ABOUT_URL] = s->document->url;
    about.field[ABOUT_SITEMAP] = str_of(s->is_index   ? "index"
                                        : s->is_text  ? "text"
                                        : s->has_news ? "news"
                                                      : "urlset");
    about.field[ABOUT_CHILDREN] = buf_str(&s->children);
    parse_about(s->document, &about);
}

int sitemap_read(struct document *document)
{
    static const char *const entries[] = {"url", "sitemap", NULL};
    struct sitemap *s = xcalloc(1, sizeof *s);
    s->document = document;
    draft_reset(&s->item, &s->arena);
    s->is_text = sniff_is_addresses(document->text);
    if (s->is_text)
        read_lines(s);
    else
        xmlscan(document->text, &(struct xml_events){.ctx = s,
                                                     .on_start = on_start,
                                                     .on_end = on_end,
                                                     .on_text = on_text,
                                                     .items = entries});
    int rc = s->rc;
    if (rc == 0 || rc == -EMSGSIZE)
        say_about(s);
    draft_done(&s->item);
    arena_done(&s->arena);
    buf_free(&s->text);
    buf_free(&s->line);
    buf_free(&s->children);
    free(s);
    return rc;
}
