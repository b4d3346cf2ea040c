#include "item.h"

#include <errno.h>
#include <stdlib.h>

#include "limits.h"
#include "utf8.h"

/*
 * The frame: one version byte, then numbers in little-endian order.
 *
 *   item    3  flags:4  document:4  published:8  offset:4  updated:8  release:8
 *              fields:1 { number:1 length:4 bytes }*
 *              media:1 { url type title: length:4 bytes  width:4 height:4 }*
 *              { source:1 percent:1 } for each of TOLD_FIELDS
 *   about   3  flags:4  published:8  updated:8  ttl:4  period:4  fields:1 { number:1 length:4 bytes }*
 *
 * It lives only between a parser child and its parent, which are built together, so a change needs
 * nothing but a new version byte.
 */
#define FRAME_VERSION 3

#define OFFSET_MAX (15 * 60) /* minutes; the world's are -12:00 to +14:00 */

/* ------------------------------------------------------------------------------------- writing */

static void put_text(struct buf *out, struct str s)
{
    buf_put_le(out, s.len, 4);
    buf_puts(out, s);
}

static void put_fields(struct buf *out, const struct str *field, size_t count)
{
    size_t filled = 0;
    for (size_t i = 0; i < count; i++)
        filled += field[i].len > 0;
    buf_put_le(out, filled, 1);
    for (size_t i = 0; i < count; i++) {
        if (field[i].len == 0)
            continue;
        buf_put_le(out, i, 1);
        put_text(out, field[i]);
    }
}

void item_encode(const struct item *item, struct buf *out)
{
    buf_put_le(out, FRAME_VERSION, 1);
    buf_put_le(out, item->flags, 4);
    buf_put_le(out, item->document, 4);
    buf_put_le(out, (uint64_t)item->published_at, 8);
    buf_put_le(out, (uint32_t)item->published_offset_min, 4);
    buf_put_le(out, (uint64_t)item->updated_at, 8);
    buf_put_le(out, (uint64_t)item->release_at, 8);
    put_fields(out, item->field, ITEM_FIELDS);
    buf_put_le(out, item->media_count, 1);
    for (size_t i = 0; i < item->media_count; i++) {
        const struct item_media *media = &item->media[i];
        put_text(out, media->url);
        put_text(out, media->type);
        put_text(out, media->title);
        buf_put_le(out, media->width, 4);
        buf_put_le(out, media->height, 4);
    }
    for (size_t i = 0; i < TOLD_FIELDS; i++) {
        buf_put_le(out, item->origin[i].source, 1);
        buf_put_le(out, item->origin[i].percent, 1);
    }
}

void about_encode(const struct about *about, struct buf *out)
{
    buf_put_le(out, FRAME_VERSION, 1);
    buf_put_le(out, about->flags, 4);
    buf_put_le(out, (uint64_t)about->published_at, 8);
    buf_put_le(out, (uint64_t)about->updated_at, 8);
    buf_put_le(out, about->ttl_s, 4);
    buf_put_le(out, about->period_s, 4);
    put_fields(out, about->field, ABOUT_FIELDS);
}

/* ------------------------------------------------------------------------------------- reading */

struct reader {
    struct str rest;
    bool bad;
};

static uint64_t get_number(struct reader *r, unsigned bytes)
{
    uint64_t n = 0;
    if (!str_take_le(&r->rest, bytes, &n))
        r->bad = true;
    return n;
}

static struct str get_text(struct reader *r, size_t limit)
{
    size_t len = (size_t)get_number(r, 4);
    struct str s = str_upto(r->rest, len);
    if (r->bad || s.len != len || len > limit || str_chr(s, '\0') != SIZE_MAX || !utf8_valid(s)) {
        r->bad = true;
        return STR_NONE;
    }
    r->rest = str_from(r->rest, len);
    return s;
}

static void get_fields(struct reader *r, struct str *field, size_t count, size_t long_one)
{
    size_t filled = (size_t)get_number(r, 1);
    for (size_t i = 0; i < filled && !r->bad; i++) {
        size_t number = (size_t)get_number(r, 1);
        if (number >= count || field[number].len) {
            r->bad = true;
            return;
        }
        field[number] = get_text(r, number == long_one ? LIMIT_TEXT : LIMIT_FIELD);
    }
}

static void get_media(struct reader *r, struct item *item)
{
    size_t count = (size_t)get_number(r, 1);
    if (count > ITEM_MEDIA_MAX) {
        r->bad = true;
        return;
    }
    for (size_t i = 0; i < count && !r->bad; i++) {
        struct item_media *media = &item->media[i];
        media->url = get_text(r, LIMIT_URL);
        media->type = get_text(r, LIMIT_FIELD);
        media->title = get_text(r, LIMIT_FIELD);
        media->width = (uint32_t)get_number(r, 4);
        media->height = (uint32_t)get_number(r, 4);
    }
    item->media_count = count;
}

static void get_origins(struct reader *r, struct item *item)
{
    for (size_t i = 0; i < TOLD_FIELDS && !r->bad; i++) {
        struct item_origin *origin = &item->origin[i];
        origin->source = (uint8_t)get_number(r, 1);
        origin->percent = (uint8_t)get_number(r, 1);
        if (origin->source >= ITEM_SOURCES || origin->percent > 100)
            r->bad = true;
    }
}

/* A block of `size` bytes with the frame's copy behind it, and a reader over that copy. */
static void *block_of(struct str frame, size_t size, struct reader *r)
{
    char *block = xmalloc(size + frame.len);
    memset(block, 0, size);
    if (frame.len)
        memcpy(block + size, frame.at, frame.len);
    *r = (struct reader){{block + size, frame.len}, false};
    if (get_number(r, 1) != FRAME_VERSION)
        r->bad = true;
    return block;
}

int item_decode(struct str frame, struct item **out)
{
    struct reader r;
    struct item *item = block_of(frame, sizeof *item, &r);
    item->flags = (uint32_t)get_number(&r, 4);
    item->document = (uint32_t)get_number(&r, 4);
    item->published_at = (int64_t)get_number(&r, 8);
    item->published_offset_min = (int32_t)(uint32_t)get_number(&r, 4);
    if (item->published_offset_min > OFFSET_MAX || item->published_offset_min < -OFFSET_MAX)
        r.bad = true;
    item->updated_at = (int64_t)get_number(&r, 8);
    item->release_at = (int64_t)get_number(&r, 8);
    get_fields(&r, item->field, ITEM_FIELDS, ITEM_BODY);
    get_media(&r, item);
    get_origins(&r, item);
    if (r.bad || r.rest.len) {
        free(item);
        return -EBADMSG;
    }
    *out = item;
    return 0;
}

int about_decode(struct str frame, struct about **out)
{
    struct reader r;
    struct about *about = block_of(frame, sizeof *about, &r);
    about->flags = (uint32_t)get_number(&r, 4);
    about->published_at = (int64_t)get_number(&r, 8);
    about->updated_at = (int64_t)get_number(&r, 8);
    about->ttl_s = (uint32_t)get_number(&r, 4);
    about->period_s = (uint32_t)get_number(&r, 4);
    get_fields(&r, about->field, ABOUT_FIELDS, ABOUT_FIELDS);
    if (r.bad || r.rest.len) {
        free(about);
        return -EBADMSG;
    }
    *out = about;
    return 0;
}

struct item *item_copy(const struct item *item)
{
    struct buf frame = BUF_NONE;
    struct item *copy = NULL;
    item_encode(item, &frame);
    int rc = item_decode(buf_str(&frame), &copy);
    buf_free(&frame);
    return rc == 0 ? copy : NULL;
}

void item_free(struct item *item)
{
    free(item);
}

void about_free(struct about *about)
{
    free(about);
}

struct str item_text(const struct item *item)
{
    return item->field[ITEM_BODY].len ? item->field[ITEM_BODY] : item->field[ITEM_SUMMARY];
}
