/* Which vocabulary an element belongs to, by its namespace's address, else by the prefix that feeds
 * use for it. */
#ifndef DATELINE_NAMESPACE_H
#define DATELINE_NAMESPACE_H

#include "xmlfeed.h"

enum xml_space namespace_of(struct str address, struct str prefix);

#endif
