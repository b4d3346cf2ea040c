/*
 * What can still be read of a JSON Feed that is no JSON: mended where it is clear what was meant, and of what is
 * damaged beyond that, those members of the root and those items that are sound. A feed that was cut on its way
 * loses the item it was cut in.
 */
#ifndef DATELINE_JSONSALVAGE_H
#define DATELINE_JSONSALVAGE_H

#include "str.h"

/* Appends the root object without what follows it; within strings, controls become blanks, a backslash that
 * escapes nothing goes, and an escape of no character becomes that of U+FFFD; a comma behind the last entry goes. */
void jsonsalvage_mend(struct str text, struct buf *out);
/* Appends a JSON Feed with the root's sound members before "items", and its sound items, null in the place of each
 * other one. false, and nothing: no item could be read. text is mended already. */
bool jsonsalvage_rebuild(struct str text, struct buf *out);

#endif
