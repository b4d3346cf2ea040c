/*
 * Dates and names that stand on the page for its readers: <time>, elements named for an author or a
 * date, links to an author's page, lines that begin with "By", lines that are a date. They count
 * after everything the page says of itself to machines, and what stands near the headline counts
 * before what stands elsewhere: lists of other articles and comments have dates and names as well.
 */
#ifndef DATELINE_VISIBLE_H
#define DATELINE_VISIBLE_H

#include "metadata.h"

/* headline: as headline_choose() gives it, or empty. */
void visible_read(struct metadata *m, struct str headline);

#endif
