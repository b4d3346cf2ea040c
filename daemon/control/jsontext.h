/*
 * JSON from someone we do not know: an object, no deeper than LIMIT_JSON_DEPTH (jansson recurses,
 * and alone allows 2,048), no key twice.
 */
#ifndef DATELINE_JSONTEXT_H
#define DATELINE_JSONTEXT_H

#include <jansson.h>

#include "str.h"

/* NULL and *out, which the caller owns; or what is wrong, in words without any of the text. */
const char *jsontext_load(struct str text, json_t **out);

#endif
