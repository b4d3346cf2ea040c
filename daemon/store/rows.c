#include "rows.h"

#include <assert.h>
#include <errno.h>

#define ROW_HEAD 10

static void put_u32(uint8_t *out, size_t n)
{
    assert(n <= UINT32_MAX);
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(n >> (24 - 8 * i));
}

static size_t take_u32(const char *at)
{
    size_t n = 0;
    for (int i = 0; i < 4; i++)
        n = n << 8 | (uint8_t)at[i];
    return n;
}

static void put_head(struct buf *rows, enum row_op op, enum family family, struct str key,
                     size_t value_len)
{
    uint8_t head[ROW_HEAD] = {(uint8_t)op, (uint8_t)family};
    put_u32(head + 2, key.len);
    put_u32(head + 6, value_len);
    buf_reserve(rows, ROW_HEAD + key.len + value_len);
    buf_put(rows, head, sizeof head);
    buf_puts(rows, key);
}

void rows_put(struct buf *rows, enum family family, struct str key, const struct str *parts,
              size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    put_head(rows, ROW_PUT, family, key, len);
    for (size_t i = 0; i < count; i++)
        buf_puts(rows, parts[i]);
}

void rows_drop(struct buf *rows, enum family family, struct str key)
{
    put_head(rows, ROW_DROP, family, key, 0);
}

void rows_drop_before(struct buf *rows, enum family family, struct str key)
{
    put_head(rows, ROW_DROP_BEFORE, family, key, 0);
}

int rows_order(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.at, b.at, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

int rows_cut(struct str *rest, struct row *out)
{
    if (rest->len < ROW_HEAD)
        return -EBADMSG;
    unsigned op = (uint8_t)rest->at[0], family = (uint8_t)rest->at[1];
    size_t key_len = take_u32(rest->at + 2), value_len = take_u32(rest->at + 6);
    if (op < ROW_PUT || op > ROW_DROP_BEFORE || family >= FAMILY_COUNT ||
        key_len + value_len > rest->len - ROW_HEAD)
        return -EBADMSG;
    struct str bytes = str_from(*rest, ROW_HEAD);
    *out = (struct row){(enum row_op)op, (enum family)family, str_upto(bytes, key_len),
                        str_upto(str_from(bytes, key_len), value_len)};
    *rest = str_from(bytes, key_len + value_len);
    return 0;
}
