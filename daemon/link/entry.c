#include "entry.h"

#include <errno.h>

#define LAYOUT    1
#define SEEN_SIZE (1 + 4 + 8 + 8 + 8 + 16 * 3)
#define TEXT_SIZE (1 + 4 + 8)

const struct str seen_marker = {"\x01", 1};

static uint64_t get(struct str *rest, unsigned bytes)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < bytes; i++)
        n |= (uint64_t)(unsigned char)rest->at[i] << (8 * i);
    *rest = str_from(*rest, bytes);
    return n;
}

static void get_hash(struct str *rest, uint8_t hash[16])
{
    memcpy(hash, rest->at, 16);
    *rest = str_from(*rest, 16);
}

void seen_entry_put(const struct seen_entry *entry, struct buf *out)
{
    buf_reserve(out, SEEN_SIZE);
    buf_put_le(out, LAYOUT, 1);
    buf_put_le(out, entry->version, 4);
    buf_put_le(out, (uint64_t)entry->first_created, 8);
    buf_put_le(out, (uint64_t)entry->last_changed, 8);
    buf_put_le(out, entry->queue_id, 8);
    buf_put(out, entry->listing, 16);
    buf_put(out, entry->content, 16);
    buf_put(out, entry->text, 16);
}

int seen_entry_get(struct str bytes, struct seen_entry *out)
{
    if (bytes.len != SEEN_SIZE || bytes.at[0] != LAYOUT)
        return -EBADMSG;
    struct str rest = str_from(bytes, 1);
    out->version = (uint32_t)get(&rest, 4);
    out->first_created = (int64_t)get(&rest, 8);
    out->last_changed = (int64_t)get(&rest, 8);
    out->queue_id = get(&rest, 8);
    get_hash(&rest, out->listing);
    get_hash(&rest, out->content);
    get_hash(&rest, out->text);
    return 0;
}

void text_entry_put(const struct text_entry *entry, struct buf *out)
{
    buf_reserve(out, TEXT_SIZE + entry->uri.len);
    buf_put_le(out, LAYOUT, 1);
    buf_put_le(out, entry->count, 4);
    buf_put_le(out, (uint64_t)entry->first_seen, 8);
    buf_puts(out, entry->uri);
}

int text_entry_get(struct str bytes, struct text_entry *out)
{
    if (bytes.len <= TEXT_SIZE || bytes.at[0] != LAYOUT)
        return -EBADMSG;
    struct str rest = str_from(bytes, 1);
    out->count = (uint32_t)get(&rest, 4);
    out->first_seen = (int64_t)get(&rest, 8);
    out->uri = rest;
    return 0;
}
