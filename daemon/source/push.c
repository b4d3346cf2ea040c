/* Programs hand its items in: it is never asked and has no address. */
#include "kind.h"

#include <errno.h>

#include "clock.h"

static int push_check(const struct source_def *def, char why[SOURCE_WHY])
{
    if (def->url || def->path)
        snprintf(why, SOURCE_WHY, "%s: programs hand in what a push source has, it is not asked",
                 def->url ? "url" : "path");
    else if (!def->id || !*def->id)
        snprintf(why, SOURCE_WHY, "id: a push source needs one, programs name it");
    else
        return 0;
    return -EINVAL;
}

static void push_nothing(struct source *source)
{
    (void)source; /* nothing of it is ever due */
}

void source_pushed(struct source *source, uint32_t items, uint32_t fresh, uint32_t refused)
{
    source->schedule.last_success = clock_now();
    if (fresh)
        source->schedule.last_new = source->schedule.last_success;
    source->asks++;
    source->items += items;
    source->fresh_items += fresh;
    source->bad_files += refused;
}

bool source_takes_pushes(const struct source *source)
{
    return source->kind == &source_push;
}

const struct source_kind source_push = {
    .name = "push",
    .at_rest = "listening",
    .check = push_check,
    .start = push_nothing,
    .due = push_nothing,
};
