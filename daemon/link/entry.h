/*
 * What link remembers, as bytes for the store. Numbers are little-endian; byte 0 is the layout's
 * version. To change a layout: a new version byte, a reader for it beside the old one, writers write
 * the new one; old entries stay readable for ever, because nobody rewrites a hundred million of them.
 *
 *   seen  1  version:4 first_created:8 last_changed:8 queue_id:8 listing:16 content:16 text:16
 *   text  1  count:4 first_seen:8 uri:rest
 *
 * version 0 in a seen entry is an alias: the item was dropped because its source had sent the same text
 * under another id; it is listed, so that its page is not asked for again, but was never handed on.
 * A marker is a seen entry of length 1: this source has sent this text, which another had first, or this
 * headline and text, which a newer version took the place of. (What it sent first, and what is newest, the
 * entries themselves tell.) Markers stop a list with one id for two entries from making versions without
 * end, and an old file that is read again from coming back as the newest version.
 */
#ifndef DATELINE_LINK_ENTRY_H
#define DATELINE_LINK_ENTRY_H

#include "str.h"

#include <stdint.h>

struct seen_entry {
    uint32_t version;
    int64_t first_created, last_changed;
    uint64_t queue_id;
    uint8_t listing[16], content[16], text[16];
};

struct text_entry {
    uint32_t count;
    int64_t first_seen;
    struct str uri; /* lent from the bytes it was read from */
};

void seen_entry_put(const struct seen_entry *entry, struct buf *out);
int seen_entry_get(struct str bytes, struct seen_entry *out); /* 0, -EBADMSG */
void text_entry_put(const struct text_entry *entry, struct buf *out);
int text_entry_get(struct str bytes, struct text_entry *out); /* 0, -EBADMSG */
extern const struct str seen_marker;

#endif
