/*
 * Inside hints.c only: what single words of class and id attributes say. Sorted. A pair of words stands
 * here joined: "read-more" and "readMore" are "readmore".
 */
#ifndef DATELINE_HINT_WORDS_H
#define DATELINE_HINT_WORDS_H

#include "hints.h"

enum { HINT_WORD_PREFIX = 256 }; /* the word may go on: "recommend" stands for "recommended" */

struct hint_word {
    const char *word;
    size_t len;
    unsigned hints;
};

extern const struct hint_word HINT_WORDS[];
extern const size_t HINT_WORD_COUNT;

#endif
