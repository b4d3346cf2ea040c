/*
 * Which elements of a page a selector (base/selector.h) picks. In one pass over the tree, whatever the page and
 * the selector: each element knows, a bit each, which beginnings of the selector end at it or above it.
 *
 * The tree keeps body and html as leaves, their content stands at the top: here they are its ancestors all the
 * same. Attributes and elements that html.h does not know are picked by no selector.
 */
#ifndef DATELINE_PICK_H
#define DATELINE_PICK_H

#include "html.h"
#include "selector.h"

/* Adds `bit` to marks[i] of every element i that is picked; marks has html->count entries. */
void pick_mark(const struct selector *selector, const struct html *html, uint8_t bit,
               uint8_t *marks);

#endif
