#include "origins.h"

static struct item_origin plain(const struct metadata *m, enum meta_field field, unsigned percent)
{
    return (struct item_origin){m->from[field], (uint8_t)percent};
}

/* What stands near the headline is more likely the article's own. */
static unsigned text_percent(unsigned rank, unsigned near, unsigned far)
{
    return rank < RANK_LATER ? near : far;
}

static struct item_origin byline_origin(const struct metadata *m)
{
    unsigned rank = m->rank[META_BYLINE], percent = 95;
    if (rank == RANK_HOUSE)
        percent = 75;
    else if (m->from[META_BYLINE] == SOURCE_TEXT)
        percent = text_percent(rank, 90, 55);
    return plain(m, META_BYLINE, percent);
}

static struct item_origin date_origin(const struct metadata *m, enum meta_field field)
{
    unsigned percent = 90;
    switch ((enum item_source)m->from[field]) {
    case SOURCE_TEXT:
        percent = text_percent(m->rank[field], 90, 55);
        break;
    case SOURCE_META:
        percent = m->rank[field] > RANK_META + 2 ? 75 : 90;
        break;
    case SOURCE_ADDRESS:
        percent = 85;
        break;
    case SOURCE_OPENGRAPH:
        percent = 95;
        break;
    case SOURCE_JSONLD: /* some systems write the last change here too */
        percent = 85;
        break;
    case SOURCE_NONE:
    case SOURCE_MICRODATA:
    case SOURCE_HTML:
    case SOURCE_HEADING:
    case ITEM_SOURCES:
        break;
    }
    return plain(m, field, percent);
}

/* Which statement the day of publication was taken from; see published() in article.c. */
static struct item_origin published_origin(const struct metadata *m, const struct item *item)
{
    struct date said = {0}, shown = {0};
    if (m->field[META_SHOWN].len)
        (void)date_read(m->field[META_SHOWN], m->order, &shown);
    if (m->field[META_PUBLISHED].len)
        (void)date_read(m->field[META_PUBLISHED], m->order, &said);
    if (said.us && item->published_at == said.us)
        return date_origin(m, META_PUBLISHED);
    if (shown.us && item->published_at == shown.us)
        return plain(m, META_SHOWN, 90);
    /* The last change, for want of anything else: what readers see is often the only day there is. */
    return plain(m, META_UPDATED, m->from[META_UPDATED] == SOURCE_TEXT ? 75 : 20);
}

void origins_fill(const struct metadata *m, struct item *item)
{
    static const struct {
        enum item_told told;
        enum item_field field;
        enum meta_field meta;
        unsigned percent;
    } PLAIN[] = {
        {TOLD_LANGUAGE, ITEM_LANGUAGE, META_LANGUAGE, 85},
        {TOLD_SUMMARY, ITEM_SUMMARY, META_SUMMARY, 85},
        {TOLD_PUBLISHER, ITEM_PUBLISHER, META_PUBLISHER, 90},
        {TOLD_COPYRIGHT, ITEM_COPYRIGHT, META_COPYRIGHT, 80},
        {TOLD_CANONICAL, ITEM_CANONICAL, META_CANONICAL, 95},
    };
    for (size_t i = 0; i < ARRAY_LEN(PLAIN); i++)
        if (item->field[PLAIN[i].field].len)
            item->origin[PLAIN[i].told] = plain(m, PLAIN[i].meta, PLAIN[i].percent);
    if (item->field[ITEM_BYLINE].len)
        item->origin[TOLD_BYLINE] =
            m->field[META_BYLINE].len ? byline_origin(m)
                                      : (struct item_origin){SOURCE_TEXT, 70}; /* of the dateline */
    if (item->published_at)
        item->origin[TOLD_PUBLISHED] = published_origin(m, item);
    if (item->updated_at)
        item->origin[TOLD_UPDATED] = date_origin(m, META_UPDATED);
    if (item->field[ITEM_KEYWORDS].len)
        item->origin[TOLD_KEYWORDS] = (struct item_origin){m->keywords_from, 80};
    if (item->media_count)
        item->origin[TOLD_IMAGE] = plain(m, META_IMAGE, 85);
}
