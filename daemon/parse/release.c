#include "release.h"

#include "date.h"

/* "stat:usable" is a QCode, "http://cv.iptc.org/newscodes/pubstatusg2/usable" the same in full. */
static struct str code_of(struct str status)
{
    size_t from = status.len;
    while (from > 0 && status.at[from - 1] != ':' && status.at[from - 1] != '/')
        from--;
    return str_from(status, from);
}

void release_set_status(struct release *release, struct str status)
{
    struct str code = code_of(str_trim(status));
    release->canceled |= str_isi(code, "canceled") || str_isi(code, "cancelled");
    release->held |= str_isi(code, "withheld");
}

void release_set_embargo(struct release *release, struct str until)
{
    int64_t end = 0;
    if (date_parse(until, &end) < 0 || end <= 0)
        release->held = true;
    else if (end > release->until)
        release->until = end;
}

bool release_marks(const struct release *release, struct item *item)
{
    if (release->canceled) { /* shown to nobody: taking it back cannot wait */
        item->flags |= ITEM_RETRACTED;
        return true;
    }
    item->release_at = release->until;
    return !release->held;
}

int release_item(const struct release *release, struct document *document, struct draft *draft)
{
    struct item item;
    draft_item(draft, &item);
    if (release_marks(release, &item))
        return parse_emit(document, &item);
    document->report->bad_items++;
    return 0;
}

int release_finish(struct document *document, bool held)
{
    if (document->report->items == 0 && held)
        return parse_refuse(document, "withheld, or under an embargo without an end");
    return 0;
}
