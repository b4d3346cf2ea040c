/*
 * One quick walk over a JSON text: is it well-formed, and what stands at a few paths? No tree, no
 * allocation, a tenth of the time of reading it whole. It is for texts that are nearly always good
 * and that somebody slower can be asked about: whatever is unusual (a wanted string with escapes in
 * it, a wanted path twice, more than JSONSCAN_DEPTH levels, a fault) is answered with -EAGAIN, "read
 * it whole".
 *
 * The text is valid UTF-8 already (RFC 8259 is checked, apart from that and from equal names in one
 * object that nobody asked for).
 */
#ifndef DATELINE_JSONSCAN_H
#define DATELINE_JSONSCAN_H

#include "str.h"

#define JSONSCAN_DEPTH 32
#define JSONSCAN_WANTS 16

struct jsonscan_want {
    const char *path; /* "item.uri"; a number is an array's index: "topics.0.uri" */
    struct str
        value; /* out: the string there, lent; at is NULL when there is none or it is no string */
    bool present; /* out: something stands there, whatever it is */
};

/* The text is one object. 0 or -EAGAIN; the wants are set in both cases, and mean something after 0. */
int jsonscan(struct str text, struct jsonscan_want *wants, size_t count);

#endif
