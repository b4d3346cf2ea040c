/*
 * What the class and id of an element say about it. Site builders name things alike ("share-bar",
 * "relatedArticles", "post__content"), so names are cut into words and each word, or pair of
 * neighbours, is looked up. Hints are opinions: extract.c weighs them against the text they would cost.
 */
#ifndef DATELINE_HINTS_H
#define DATELINE_HINTS_H

#include "html.h"

enum hint {
    HINT_CHROME = 1,  /* sharing, related, comments, navigation, advertising */
    HINT_SHORT = 2,   /* chrome when it is short: bylines, dates, counters, tags */
    HINT_BODY = 4,    /* the text of the story */
    HINT_CONTENT = 8, /* something that holds it */
    HINT_CAPTION = 16,
    HINT_NAV = 32,     /* leads elsewhere, or to a service: never holds an article's link */
    HINT_COMMENT = 64, /* chrome even when there is much of it */
    HINT_SOFT = 128    /* the chrome of one house is another's story: running text may stay */
};

unsigned hints_of_name(struct str name);                 /* one class or id attribute */
unsigned hints_of(const struct html *html, size_t node); /* class, id, role, itemprop, tag */

bool hints_sorted(void); /* for a test: is the table of words in order? */

/* The same for all nodes of a page: the names of rows and cards come again and again. Zeroed at first. */
#define HINTS_KNOWN 512
struct hints_memo {
    struct {
        struct str name;
        unsigned hints;
    } known[HINTS_KNOWN];
};
unsigned hints_recall(struct hints_memo *memo, const struct html *html, size_t node);

#endif
