#include "nitf.h"

#include "newsbody.h"
#include "newsmeta.h"
#include "utf8.h"

static const struct newsmeta_place PLACES[] = {
    {"body/body.head/hedline/hl1", NULL, ITEM_HEADLINE, 3},
    {"head/title", NULL, ITEM_HEADLINE, 2},
    {"body/body.head/abstract", NULL, ITEM_SUMMARY, 3},
    {"body/body.head/distributor", NULL, ITEM_AGENCY, 3},
    {"body/body.head/rights", NULL, ITEM_COPYRIGHT, 3},
    {"body/body.head/dateline/location", NULL, ITEM_LOCATED, 3},
    {"head/docdata/du-key", "key", ITEM_SLUGLINE, 3},
    {"head/docdata/doc.rights", "owner", ITEM_COPYRIGHT, 1},
    {"head/pubdata", "name", ITEM_PUBLISHER, 3},
    {"body", "lang", ITEM_LANGUAGE, 2},
};

/* A dateline whose place is not marked up: what stands in it besides the date. */
static void take_bare_dateline(const struct xmltree *tree, uint32_t nitf, struct draft *to)
{
    uint32_t dateline = xmltree_find(tree, nitf, "body/body.head/dateline");
    uint32_t first = dateline ? tree->nodes[dateline].first : 0;
    if (first == 0 || tree->nodes[first].name.len)
        return;
    struct str place = utf8_trim(xmltree_characters(tree, first));
    while (place.len && strchr(",.-:", place.at[place.len - 1]))
        place = utf8_trim(str_upto(place, place.len - 1));
    draft_set(to, ITEM_LOCATED, 2, place);
}

static void take_bylines(const struct xmltree *tree, uint32_t nitf, struct draft *to)
{
    uint32_t head = xmltree_find(tree, nitf, "body/body.head");
    uint32_t byline = head ? xmltree_child(tree, head, "byline") : 0;
    for (; byline; byline = xmltree_next(tree, byline, "byline")) {
        uint32_t person = xmltree_child(tree, byline, "person");
        if (!person)
            newsmeta_author(tree, byline, 3, to);
        for (; person; person = xmltree_next(tree, person, "person"))
            newsmeta_author(tree, person, 3, to);
    }
}

/* Section "docdata": keywords by name, subjects by the words beside their numbers. */
static void take_keywords(const struct xmltree *tree, uint32_t nitf, struct draft *to)
{
    static const char *const words[] = {"tobject.subject.type", "tobject.subject.matter",
                                        "tobject.subject.detail"};
    uint32_t list = xmltree_find(tree, nitf, "head/docdata/key-list"),
             object = xmltree_find(tree, nitf, "head/tobject");
    uint32_t one = list ? xmltree_child(tree, list, "keyword") : 0;
    for (; one; one = xmltree_next(tree, one, "keyword"))
        draft_add_keyword(to, xmltree_attribute(tree, one, "key"));
    one = object ? xmltree_child(tree, object, "tobject.subject") : 0;
    for (; one; one = xmltree_next(tree, one, "tobject.subject"))
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
            draft_add_keyword(to, xmltree_attribute(tree, one, words[i]));
}

static struct str norm_of(const struct xmltree *tree, uint32_t nitf, const char *path)
{
    uint32_t node = xmltree_find(tree, nitf, path);
    return node ? xmltree_attribute(tree, node, "norm") : STR_NONE;
}

/* The last entry of the history is this version. */
static void take_times(const struct xmltree *tree, uint32_t nitf, struct draft *to)
{
    uint32_t head = xmltree_find(tree, nitf, "head"), last = 0;
    uint32_t revision = head ? xmltree_child(tree, head, "revision-history") : 0;
    for (; revision; revision = xmltree_next(tree, revision, "revision-history"))
        last = revision;
    draft_set_published(to, 2, norm_of(tree, nitf, "head/docdata/date.issue"));
    draft_set_published(to, 1, norm_of(tree, nitf, "body/body.head/dateline/story.date"));
    if (last)
        draft_set_updated(to, 2, xmltree_attribute(tree, last, "norm"));
}

static void take_copyright(const struct xmltree *tree, uint32_t nitf, struct draft *to)
{
    uint32_t node = xmltree_find(tree, nitf, "head/docdata/doc.copyright");
    struct str holder = node ? xmltree_attribute(tree, node, "holder") : STR_NONE;
    struct buf notice = BUF_NONE;
    if (holder.len) {
        buf_putz(&notice, "© ");
        buf_puts(&notice, xmltree_attribute(tree, node, "year"));
        buf_putz(&notice, notice.len > 3 ? " " : "");
        buf_puts(&notice, holder);
    }
    draft_set(to, ITEM_COPYRIGHT, 2, buf_str(&notice));
    buf_free(&notice);
}

/* "management-status" is "embargoed" until "date.release"; a release in the future says the same. */
static void take_status(const struct xmltree *tree, uint32_t nitf, struct release *release)
{
    uint32_t docdata = xmltree_find(tree, nitf, "head/docdata");
    struct str status = docdata ? xmltree_attribute(tree, docdata, "management-status") : STR_NONE;
    struct str until = norm_of(tree, nitf, "head/docdata/date.release");
    release_set_status(release, status);
    if (until.len || str_isi(str_trim(status), "embargoed"))
        release_set_embargo(release, until);
}

void nitf_fill(const struct xmltree *tree, uint32_t nitf, const struct document *document,
               struct draft *to, struct release *release)
{
    uint32_t id = xmltree_find(tree, nitf, "head/docdata/doc-id");
    draft_set(to, ITEM_LANGUAGE, 1, xmltree_attribute(tree, nitf, "lang"));
    newsmeta_fill(tree, nitf, PLACES, ARRAY_LEN(PLACES), to);
    take_bare_dateline(tree, nitf, to);
    take_bylines(tree, nitf, to);
    take_keywords(tree, nitf, to);
    take_times(tree, nitf, to);
    take_copyright(tree, nitf, to);
    if (id && to->rank[ITEM_GUID] == 0)
        newsmeta_guid(xmltree_attribute(tree, id, "id-string"), document->url, to);
    take_status(tree, nitf, release);
    newsbody_read(tree, xmltree_find(tree, nitf, "body/body.content"), document->url, 4, to);
}

static int read_items(struct document *document, const struct xmltree *tree, struct draft *draft,
                      struct arena *arena)
{
    uint32_t nitf = xmltree_child(tree, 0, "nitf");
    bool held = false;
    int rc = 0;
    if (nitf == 0)
        return parse_refuse(document, "XML without a nitf element");
    for (; nitf && rc == 0; nitf = xmltree_next(tree, nitf, "nitf")) {
        struct release release = {0};
        draft_reset(draft, arena);
        nitf_fill(tree, nitf, document, draft, &release);
        rc = release_item(&release, document, draft);
        held |= release.held;
        arena_reset(arena);
    }
    return rc ? rc : release_finish(document, held);
}

int nitf_read(struct document *document)
{
    struct xmltree tree;
    struct arena arena = {0};
    struct draft draft = {0};
    int rc = xmltree_read(document->text, &tree);
    if (rc == 0)
        rc = read_items(document, &tree, &draft, &arena);
    else
        snprintf(document->report->reason, sizeof document->report->reason, "more than %d elements",
                 LIMIT_XML_NODES);
    draft_done(&draft);
    arena_done(&arena);
    xmltree_done(&tree);
    return rc;
}
