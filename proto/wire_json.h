/* Reading headers: what proto/wire*.c share. Inside the room. */
#ifndef DATELINE_WIRE_JSON_H
#define DATELINE_WIRE_JSON_H

#include "str.h"
#include "wire.h"

#include <jansson.h>
#include <stdint.h>

/* Numbers must stay exact in every language's JSON. */
#define WIRE_INT_MAX ((1LL << 53) - 1)

/* A JSON object (or array) of at most LIMIT_FRAME_HEADER bytes; NULL otherwise. */
json_t *wire_json(struct str frame);
/* A member that is a whole number of min..max. 0, -ENOENT when it is missing or null, -EBADMSG. */
int wire_json_u64(const json_t *object, const char *key, uint64_t min, uint64_t max, uint64_t *out);
/* A member that is a text of at most max bytes; lent. 0, -ENOENT, -EBADMSG. */
int wire_json_str(const json_t *object, const char *key, size_t max, struct str *out);
/* Appends it without blanks; steals it. */
void wire_json_put(struct buf *out, json_t *json);
/* A list of leases written plainly, `delivered`: each with its delivery. How many; 0: it has to be read
 * whole, and some of `out` may be filled. */
size_t wire_leases_quick(struct str header, bool delivered, struct wire_lease *out);
/* Within braces, valid UTF-8, no more than a frame: all that is known of a record here. */
bool wire_json_is_object(struct str frame);

#endif
