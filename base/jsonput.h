/*
 * JSON written straight into a buffer, for the records that every item passes through: no tree, no
 * allocation but the buffer's, a tenth of the time of building and dumping one. What is written once
 * an item or more often goes this way; everything else is jansson's.
 *
 *     struct jsonput j = {.out = &text};
 *     jsonput_object(&j);
 *     jsonput_key(&j, "uri"), jsonput_str(&j, uri);
 *     jsonput_close(&j);                                 {"uri":"…"}
 *
 * Commas are put by themselves. Texts are valid UTF-8; they are escaped as RFC 8259 section 7 asks.
 * What is opened is closed by the caller; closing more, or deeper than JSONPUT_DEPTH, is a bug.
 */
#ifndef DATELINE_JSONPUT_H
#define DATELINE_JSONPUT_H

#include "str.h"

#include <stdint.h>

#define JSONPUT_DEPTH 32

struct jsonput {
    struct buf *out; /* appended to */
    /* inside */
    bool comma; /* before what comes next */
    unsigned depth;
    uint32_t arrays; /* a bit a level: it is closed by ']' */
};

void jsonput_object(struct jsonput *j);
void jsonput_array(struct jsonput *j);
void jsonput_close(struct jsonput *j);
/* A member's name: ours, printable ASCII without '"' and '\'. Its value follows. */
void jsonput_key(struct jsonput *j, const char *key);
void jsonput_str(struct jsonput *j, struct str text);
void jsonput_int(struct jsonput *j, int64_t n);
void jsonput_bool(struct jsonput *j, bool yes);
void jsonput_null(struct jsonput *j);
/* A value that is JSON already. */
void jsonput_raw(struct jsonput *j, struct str json);

#endif
