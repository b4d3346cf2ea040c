/* An HTML page that lists articles: asked like a feed, read differently by the floor above. */
#include "kind.h"

const struct source_kind source_page = {
    .name = "page",
    .at_rest = "waiting",
    .reads = SOURCE_READS_PAGE,
    .asks = true,
    .check = ask_check,
    .start = ask_start,
    .due = ask_due,
};
