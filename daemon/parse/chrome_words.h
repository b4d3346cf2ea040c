/*
 * The words that page chrome is made of, in the languages news is read in: what stands on share bars,
 * above lists of other stories, in counters, credits and datelines of pages. chrome.c decides by them.
 */
#ifndef DATELINE_CHROME_WORDS_H
#define DATELINE_CHROME_WORDS_H

#include "str.h"

enum chrome_word {
    CHROME_LINE = 1,    /* chrome as a line by itself: "Advertisement" */
    CHROME_LABEL = 2,   /* and with a colon and anything behind it: "Tags: ports, fire" */
    CHROME_BEGIN = 4,   /* and with anything behind it: "Share on " */
    CHROME_UNIT = 8,    /* what is counted: "12 comments" */
    CHROME_SHARE = 16,  /* may stand in a row of services: "Facebook Telegram Print" */
    CHROME_CREDIT = 32, /* a picture's: "Photo: ", "Getty Images" */
    CHROME_TOP = 64,    /* above a story only: "By ", "Updated" */
    CHROME_RIGHTS = 128 /* anywhere in a line: "all rights reserved" */
};

/* Lower case as the table has it, in `out` of `size` bytes; what does not fit is left out. */
struct str chrome_fold(struct str line, char *out, size_t size);
/* Both take folded text. The kinds that this is, 0 when it is not in the table. */
unsigned chrome_word_is(struct str text);
/* The kinds, of those asked for, of the entries that the line begins with: followed by anything for
 * CHROME_BEGIN, CHROME_TOP and CHROME_RIGHTS, but by no letter when they end with one; for the others
 * by a colon or another mark that ends a label, or by nothing. */
unsigned chrome_word_begins(struct str line, unsigned kinds);
/* For a test: is the table in order? */
bool chrome_words_sorted(void);

#endif
