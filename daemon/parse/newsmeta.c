#include "newsmeta.h"

void newsmeta_line(const struct xmltree *tree, uint32_t node, enum item_field field, unsigned rank,
                   struct draft *to)
{
    struct buf line = BUF_NONE;
    xmltree_line(tree, node, &line);
    draft_set(to, field, rank, buf_str(&line));
    buf_free(&line);
}

void newsmeta_fill(const struct xmltree *tree, uint32_t top, const struct newsmeta_place *places,
                   size_t count, struct draft *to)
{
    for (size_t i = 0; i < count; i++) {
        const struct newsmeta_place *place = &places[i];
        uint32_t node = xmltree_find(tree, top, place->path);
        if (node && place->attribute)
            draft_set(to, place->field, place->rank,
                      xmltree_attribute(tree, node, place->attribute));
        else
            newsmeta_line(tree, node, place->field, place->rank, to);
    }
}

void newsmeta_author(const struct xmltree *tree, uint32_t node, unsigned rank, struct draft *to)
{
    struct buf line = BUF_NONE;
    xmltree_line(tree, node, &line);
    struct str name = buf_str(&line);
    if (str_startsi(name, STR("by ")))
        name = str_from(name, 3);
    draft_add_author(to, rank, name);
    buf_free(&line);
}

void newsmeta_keyword(const struct xmltree *tree, uint32_t node, struct draft *to)
{
    struct buf line = BUF_NONE;
    xmltree_line(tree, node, &line);
    draft_add_keyword(to, buf_str(&line));
    buf_free(&line);
}

void newsmeta_guid(struct str guid, struct str base, struct draft *to)
{
    guid = str_trim(guid);
    draft_set(to, ITEM_GUID, 4, guid);
    if (str_startsi(guid, STR("http://")) || str_startsi(guid, STR("https://")))
        draft_set_url(to, ITEM_LINK, 2, base, guid);
}
