/*
 * What a mail is made of: header fields (RFC 5322), their encoded words (RFC 2047) and parameters (RFC 2045,
 * section 5.1), parts of a multipart body (RFC 2046, section 5.1) and transfer encodings (RFC 2045,
 * section 6). Bytes come in as they are; a line may end in CR LF or LF.
 */
#ifndef DATELINE_MIME_H
#define DATELINE_MIME_H

#include "str.h"

/* Cuts an entity at its first blank line. */
void mime_split(struct str entity, struct str *header, struct str *body);
/* Appends the first field of that name, its lines joined; false when it is not among the first
 * LIMIT_MAIL_HEADER lines. */
bool mime_field(struct str header, const char *name, struct buf *out);
/* Appends a field's text as UTF-8, encoded words decoded. */
void mime_text(struct str value, struct buf *out);
/* Appends the parameter of a field such as Content-Type; nothing when it has none. */
void mime_parameter(struct str value, const char *name, struct buf *out);
/* The next part of a body behind *rest, which advances; false behind the last one. */
bool mime_part(struct str *rest, struct str boundary, struct str *out);
/* Appends the body as it was before it was encoded for its way. */
void mime_decode(struct str encoding, struct str body, struct buf *out);

#endif
