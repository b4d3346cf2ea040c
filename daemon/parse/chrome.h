/*
 * Lines of a page or a wire that are not the story, told by their words alone: sharing, counters,
 * clocks, tags, legal lines, picture credits. The words stand in chrome_words.c.
 */
#ifndef DATELINE_CHROME_H
#define DATELINE_CHROME_H

#include "str.h"

#define CHROME_LINE_MAX 140 /* letters: longer lines are text, however they begin */

bool chrome_is_line(struct str line);   /* share bars, "Read more", "12 comments", "Tags: …" */
bool chrome_is_share(struct str line);  /* "Facebook 12 Telegram Print"; also one name alone */
bool chrome_is_label(struct str line);  /* "Read also", "Related:": what follows is another story */
bool chrome_is_legal(struct str line);  /* "© 2026 Example. All rights reserved" */
bool chrome_is_credit(struct str line); /* "© AGENCY/ Name", "(c) Name/AGENCY", "Photo: …" */
bool chrome_is_number(struct str line); /* digits alone: "1998" heads a year of a timeline */
bool chrome_may_head(struct str line);  /* chrome, but also the heading of a part: "Contents" */
bool chrome_is_said(struct str text);   /* ends as sentences end, in any script */
bool chrome_is_top(struct str line);    /* "By Ann Lee", "Updated 3 March": above a story */

#endif
