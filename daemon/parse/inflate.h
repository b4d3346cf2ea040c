/*
 * Content codings of HTTP (RFC 9110, section 8.4): gzip, deflate (with and without the zlib
 * header), br, zstd. What comes out is capped: a bomb costs LIMIT_BODY bytes and no more.
 */
#ifndef DATELINE_INFLATE_H
#define DATELINE_INFLATE_H

#include "str.h"

/* True when the bytes are compressed: the header says so, or they begin with gzip's or zstd's
 * magic. */
bool inflate_needed(struct str bytes, struct str encoding);
/* Appends the decoded bytes. `encoding` as in the header, "gzip, br" undone from its end; when it
 * is empty or contradicts the bytes their magic decides, and bytes that are plainly not compressed
 * are taken as they are. 0, -EMSGSIZE past LIMIT_BODY, -EBADMSG damaged or cut short. *out may then
 * hold a part. */
int inflate_body(struct str bytes, struct str encoding, struct buf *out);

#endif
