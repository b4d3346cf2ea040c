/*
 * Before jansson is let at JSON from outside: it goes down by recursion, and quietly keeps 2,048
 * levels, as deep as everyone who walks the result would then have to go.
 */
#ifndef DATELINE_JSONDEPTH_H
#define DATELINE_JSONDEPTH_H

#include "str.h"

/* Whether objects and arrays stand in each other deeper than LIMIT_JSON_DEPTH. Looks at brackets
 * outside of strings; whether they match is jansson's business. */
bool jsondepth_exceeded(struct str text);

#endif
