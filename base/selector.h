/*
 * CSS selectors, as much of them as picks links out of a page (https://www.w3.org/TR/selectors-4/): lists with
 * a comma, descendants and children (`ul > li a`), and of one element its name or `*`, `.class`, `#id`,
 * `[attribute]` and `[attribute=value]`, also with `^=` (begins), `$=` (ends), `*=` (holds) and `~=` (has the word).
 *
 * Only the grammar is here, so that a configuration can be checked where no page is known; what is
 * matched with it is the caller's.
 */
#ifndef DATELINE_SELECTOR_H
#define DATELINE_SELECTOR_H

#include "str.h"

#define SELECTOR_PARTS 64 /* elements that one list names, a bit each */
#define SELECTOR_TESTS 8  /* of one element */
#define SELECTOR_WHY   120

enum selector_op {
    SELECTOR_HAS,
    SELECTOR_IS,
    SELECTOR_BEGINS,
    SELECTOR_ENDS,
    SELECTOR_HOLDS,
    SELECTOR_WORD
};

struct selector_test { /* `.a` is the word a in class, `#a` an id that is a */
    struct str attribute, value;
    enum selector_op op;
};

struct selector_part {
    struct str name; /* empty: any */
    struct selector_test test[SELECTOR_TESTS];
    size_t test_count;
    bool first; /* of its alternative: nothing stands before it */
    bool child; /* the part before it is its parent; else any ancestor */
    bool last;  /* of its alternative: what it matches is picked */
};

struct selector {
    struct selector_part part[SELECTOR_PARTS];
    size_t count;
};

/* Everything in it is lent from text. 0, or -EINVAL with the place in `why`: "at 7: a name is missing". */
int selector_read(struct str text, struct selector *out, char why[SELECTOR_WHY]);
/* Whether the value of the test's attribute passes; one that is absent is empty and passes none. */
bool selector_passes(const struct selector_test *test, struct str value);

#endif
