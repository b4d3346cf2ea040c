#include "zip.h"

#include <errno.h>
#define ZLIB_CONST
#include <zlib.h>

#include "limits.h"

#define END_LEN     22U /* section 4.3.16, without its comment */
#define ENTRY_LEN   46U /* section 4.3.12 */
#define LOCAL_LEN   30U /* section 4.3.7 */
#define COMMENT_MAX 0xffffU

#define FLAG_ENCRYPTED  1U
#define FLAG_DESCRIPTOR 8U /* sizes and checksum stand behind the data, not in the local header */
#define FLAG_STRONG     0x40U
#define FLAG_MASKED     0x2000U

#define STORED   0U
#define DEFLATED 8U

struct entry {
    unsigned flags, method;
    uint32_t checksum, packed, size, local;
    struct str name;
};

struct archive {
    struct str bytes;
    size_t directory; /* where it begins: members lie before it */
    size_t taken;     /* bytes that members lie on, headers included */
    size_t size;      /* bytes that came out */
};

bool zip_is(struct str bytes)
{
    return str_starts(bytes, STR("PK\3\4")) || str_starts(bytes, STR("PK\5\6"));
}

/* Little-endian; s is long enough. */
static uint32_t number(struct str s, size_t at, unsigned len)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < len; i++)
        n |= (uint32_t)(unsigned char)s.at[at + i] << (8 * i);
    return n;
}

/* The end record whose comment reaches to the last byte. */
static int find_end(struct str bytes, struct str *out)
{
    for (size_t comment = 0; comment <= COMMENT_MAX && bytes.len >= END_LEN + comment; comment++) {
        struct str end = str_from(bytes, bytes.len - END_LEN - comment);
        if (str_starts(end, STR("PK\5\6")) && number(end, 20, 2) == comment) {
            *out = end;
            return 0;
        }
    }
    return -EBADMSG;
}

static int take_entry(struct str *directory, struct entry *out)
{
    struct str s = *directory;
    if (s.len < ENTRY_LEN || !str_starts(s, STR("PK\1\2")))
        return -EBADMSG;
    size_t name = number(s, 28, 2), more = (size_t)number(s, 30, 2) + number(s, 32, 2);
    if (s.len - ENTRY_LEN < name + more || number(s, 34, 2) != 0)
        return -EBADMSG;
    *out = (struct entry){.flags = number(s, 8, 2),
                          .method = number(s, 10, 2),
                          .checksum = number(s, 16, 4),
                          .packed = number(s, 20, 4),
                          .size = number(s, 24, 4),
                          .local = number(s, 42, 4),
                          .name = str_upto(str_from(s, ENTRY_LEN), name)};
    *directory = str_from(s, ENTRY_LEN + name + more);
    return 0;
}

/* All that does not need its data. */
static int check_entry(const struct archive *a, const struct entry *e)
{
    if (e->flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED))
        return -ENOTSUP;
    if (e->packed == UINT32_MAX || e->size == UINT32_MAX || e->local == UINT32_MAX)
        return -ENOTSUP;
    if (e->method != STORED && e->method != DEFLATED)
        return -ENOTSUP;
    if (e->method == STORED && e->packed != e->size)
        return -EBADMSG;
    if (e->size > LIMIT_BODY - a->size || e->size / LIMIT_ZIP_RATIO > e->packed)
        return -EMSGSIZE;
    return 0;
}

/* The packed bytes; the local header says the same as the directory. */
static int find_data(struct archive *a, const struct entry *e, struct str *out)
{
    struct str s = str_from(str_upto(a->bytes, a->directory), e->local);
    if (s.len < LOCAL_LEN || !str_starts(s, STR("PK\3\4")))
        return -EBADMSG;
    size_t name = number(s, 26, 2), head = LOCAL_LEN + name + number(s, 28, 2);
    bool later = e->flags & FLAG_DESCRIPTOR;
    bool sizes = number(s, 14, 4) == e->checksum && number(s, 18, 4) == e->packed &&
                 number(s, 22, 4) == e->size;
    if (number(s, 6, 2) != e->flags || number(s, 8, 2) != e->method || (!later && !sizes) ||
        s.len < head || s.len - head < e->packed ||
        !str_eq(str_upto(str_from(s, LOCAL_LEN), name), e->name))
        return -EBADMSG;
    a->taken += head + e->packed;
    if (a->taken > a->directory) /* some bytes are counted twice */
        return -EBADMSG;
    *out = str_upto(str_from(s, head), e->packed);
    return 0;
}

static int inflate_exactly(struct str packed, size_t size, struct buf *out)
{
    z_stream z = {0};
    buf_reserve(out, size + 1);
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return -EBADMSG;
    z.next_in = (const Bytef *)packed.at;
    z.avail_in = (uInt)packed.len;
    z.next_out = (Bytef *)out->at;
    z.avail_out = (uInt)size + 1; /* one more, so that more than was said is seen */
    int status = inflate(&z, Z_FINISH);
    bool whole = status == Z_STREAM_END && z.total_out == size && z.avail_in == 0;
    inflateEnd(&z);
    out->len = whole ? size : 0;
    return whole ? 0 : -EBADMSG;
}

static int unpack(const struct entry *e, struct str packed, struct buf *out)
{
    int rc = 0;
    buf_reset(out);
    if (e->method == STORED)
        buf_puts(out, packed);
    else
        rc = inflate_exactly(packed, e->size, out);
    if (rc == 0 && crc32(0, (const Bytef *)out->at, (uInt)out->len) != e->checksum)
        rc = -EBADMSG;
    return rc;
}

static int read_member(struct archive *a, struct str *directory, struct buf *content)
{
    struct entry e;
    struct str packed;
    int rc = take_entry(directory, &e);
    if (rc == 0)
        rc = check_entry(a, &e);
    if (rc == 0)
        rc = find_data(a, &e, &packed);
    if (rc == 0 && e.size)
        rc = unpack(&e, packed, content);
    else
        buf_reset(content);
    a->size += content->len;
    return rc;
}

int zip_read(struct str bytes, int (*on_member)(void *ctx, struct str bytes), void *ctx)
{
    struct str end, directory;
    struct buf content = BUF_NONE;
    if (find_end(bytes, &end) < 0)
        return -EBADMSG;
    size_t count = number(end, 10, 2), len = number(end, 12, 4), from = number(end, 16, 4);
    size_t before = (size_t)(end.at - bytes.at);
    if (number(end, 4, 4) != 0 || number(end, 8, 2) != count)
        return -ENOTSUP; /* of several disks, or 64-bit */
    if (count > LIMIT_ZIP_MEMBERS)
        return -EMSGSIZE;
    if (from > before || len != before - from)
        return -EBADMSG;
    struct archive a = {.bytes = bytes, .directory = from};
    directory = str_upto(str_from(bytes, from), len);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = read_member(&a, &directory, &content);
        if (rc == 0 && content.len)
            rc = on_member(ctx, buf_str(&content));
    }
    buf_free(&content);
    return rc;
}
