/* A feed (RSS, Atom, JSON Feed) or whatever the parser finds at its URL. */
#include "kind.h"

const struct source_kind source_feed = {
    .name = "feed",
    .at_rest = "waiting",
    .asks = true,
    .check = ask_check,
    .start = ask_start,
    .due = ask_due,
};
