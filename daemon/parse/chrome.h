/*
 * Lines of a page or a wire that are not the story, told by their words alone: sharing, counters,
 * clocks, tags, legal lines, picture credits.
 */
#ifndef DATELINE_CHROME_H
#define DATELINE_CHROME_H

#include "str.h"

bool chrome_is_line(struct str line);   /* share bars, "Read more", "12 comments", "Tags: …" */
bool chrome_is_legal(struct str line);  /* "© 2026 Example. All rights reserved" */
bool chrome_is_credit(struct str line); /* "© AGENCY/ Name", "(c) Name/AGENCY", "Photo: …" */

#endif
