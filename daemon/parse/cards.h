/*
 * Other stories below or beside a story: three or more elements of one make in a row, each little more
 * than a headline that leads elsewhere. Lists of links go by their links alone (extract.c); cards have
 * dates, sections and a line of their story as well, which would pass as text.
 */
#ifndef DATELINE_CARDS_H
#define DATELINE_CARDS_H

#include "weigh.h"

/* Marks the cards behind the story's text in the subtree as dropped. A story that consists of such
 * pieces, as lists of products or books do, keeps them. */
void cards_drop(const struct html *html, struct weight *weights, size_t root);

#endif
