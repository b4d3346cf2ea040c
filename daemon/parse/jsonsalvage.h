/* What can still be read of a JSON Feed that is no JSON: cut short, or with a fault in one of its items. */
#ifndef DATELINE_JSONSALVAGE_H
#define DATELINE_JSONSALVAGE_H

#include "str.h"

#include <jansson.h>

/* An object with the members before the list of items, if they can be read, and the list: null for each
 * item that cannot. What stands behind the list is left out. NULL when no item can be read. Linear in
 * text, which is not nested deeper than LIMIT_JSON_DEPTH. The caller owns it. */
json_t *jsonsalvage(struct str text);

#endif
