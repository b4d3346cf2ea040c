#include "frame.h"

#include <errno.h>

#include "limits.h"
#include "utf8.h"

/* What each type may carry. A document is its bytes and four strings of at most LIMIT_URL. */
static const size_t frame_limit[FRAME_TYPES] = {
    [FRAME_HELLO] = 16,
    [FRAME_DOCUMENT] = LIMIT_BODY + 4UL * (LIMIT_URL + 4) + 64,
    [FRAME_ABOUT] = LIMIT_PARSER_FRAME,
    [FRAME_ITEM] = LIMIT_PARSER_FRAME,
    [FRAME_DONE] = 512,
};

static void put_u32(struct buf *out, uint32_t value)
{
    char bytes[4];
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (char)(unsigned char)(value >> (8 * i));
    buf_put(out, bytes, sizeof bytes);
}

static void put_u64(struct buf *out, uint64_t value)
{
    put_u32(out, (uint32_t)value);
    put_u32(out, (uint32_t)(value >> 32));
}

static void put_str(struct buf *out, struct str s)
{
    put_u32(out, (uint32_t)s.len);
    buf_puts(out, s);
}

static uint32_t u32_at(const char *at)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++)
        value |= (uint32_t)(unsigned char)at[i] << (8 * i);
    return value;
}

/* The getters take from the front of *rest and answer whether it was there. */
static bool get_u32(struct str *rest, uint32_t *out)
{
    if (rest->len < 4)
        return false;
    *out = u32_at(rest->at);
    *rest = str_from(*rest, 4);
    return true;
}

static bool get_u64(struct str *rest, uint64_t *out)
{
    uint32_t low, high;
    if (!get_u32(rest, &low) || !get_u32(rest, &high))
        return false;
    *out = (uint64_t)high << 32 | low;
    return true;
}

static bool get_str(struct str *rest, size_t limit, struct str *out)
{
    uint32_t len;
    if (!get_u32(rest, &len) || len > limit || len > rest->len)
        return false;
    *out = str_upto(*rest, len);
    *rest = str_from(*rest, len);
    return true;
}

int frame_head(const char head[FRAME_HEAD], enum frame_type *type, size_t *len_out)
{
    uint32_t len = u32_at(head);
    unsigned kind = (unsigned char)head[4];
    if (kind < FRAME_HELLO || kind >= FRAME_TYPES || len > frame_limit[kind])
        return -EPROTO;
    *type = (enum frame_type)kind;
    *len_out = len;
    return 0;
}

int frame_take(struct str *bytes, struct frame *out)
{
    if (bytes->len < FRAME_HEAD)
        return -EAGAIN;
    enum frame_type type;
    size_t len;
    int error = frame_head(bytes->at, &type, &len);
    if (error)
        return error;
    if (bytes->len - FRAME_HEAD < len)
        return -EAGAIN;
    out->type = type;
    out->payload = str_upto(str_from(*bytes, FRAME_HEAD), len);
    *bytes = str_from(*bytes, FRAME_HEAD + len);
    return 0;
}

size_t frame_begin(struct buf *out, enum frame_type type)
{
    size_t begin = out->len;
    put_u32(out, 0);
    buf_putc(out, (char)type);
    return begin;
}

static void set_length(struct buf *out, size_t begin, size_t len)
{
    for (unsigned i = 0; i < 4; i++)
        out->at[begin + i] = (char)(unsigned char)(len >> (8 * i));
}

void frame_shut(struct buf *out, size_t begin)
{
    set_length(out, begin, out->len - begin - FRAME_HEAD);
}

void frame_hello_put(struct buf *out, const struct frame_hello *hello)
{
    size_t begin = frame_begin(out, FRAME_HELLO);
    put_u32(out, (uint32_t)-hello->error);
    buf_putc(out, (char)hello->layers);
    frame_shut(out, begin);
}

int frame_hello_get(struct str payload, struct frame_hello *out)
{
    uint32_t error;
    if (!get_u32(&payload, &error) || payload.len != 1 || error > 4095)
        return -EPROTO;
    out->error = -(int)error;
    out->layers = (uint8_t)payload.at[0];
    return 0;
}

void frame_document_put(struct buf *out, const struct parse_request *request, size_t body_len)
{
    size_t begin = frame_begin(out, FRAME_DOCUMENT);
    put_u32(out, (uint32_t)request->type);
    put_u64(out, (uint64_t)request->fetched_at);
    put_str(out, str_upto(request->url, LIMIT_URL));
    put_str(out, str_upto(request->charset, LIMIT_URL));
    put_str(out, str_upto(request->content_type, LIMIT_URL));
    put_str(out, str_upto(request->content_encoding, LIMIT_URL));
    set_length(out, begin, out->len - begin - FRAME_HEAD + body_len);
}

int frame_document_get(struct str payload, struct parse_request *out)
{
    uint32_t type;
    uint64_t fetched_at;
    struct parse_request request = {0};
    if (!get_u32(&payload, &type) || type >= PARSE_TYPES || !get_u64(&payload, &fetched_at) ||
        !get_str(&payload, LIMIT_URL, &request.url) ||
        !get_str(&payload, LIMIT_URL, &request.charset) ||
        !get_str(&payload, LIMIT_URL, &request.content_type) ||
        !get_str(&payload, LIMIT_URL, &request.content_encoding) || payload.len > LIMIT_BODY)
        return -EPROTO;
    request.type = (enum parse_type)type;
    request.fetched_at = (int64_t)fetched_at;
    request.bytes = payload;
    *out = request;
    return 0;
}

void frame_done_put(struct buf *out, const struct frame_done *done)
{
    size_t begin = frame_begin(out, FRAME_DONE);
    put_u32(out, (uint32_t)-done->error);
    put_u32(out, (uint32_t)done->report.type);
    put_u64(out, done->report.items);
    put_u64(out, done->report.bad_items);
    put_str(out, str_of(done->report.reason));
    frame_shut(out, begin);
}

/* A reason is shown to people and stands in logs: one line of text. */
static bool is_plain_line(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7f)
            return false;
    return utf8_valid(s);
}

int frame_done_get(struct str payload, struct frame_done *out)
{
    uint32_t error, type;
    uint64_t items, bad_items;
    struct str reason;
    if (!get_u32(&payload, &error) || !get_u32(&payload, &type) || !get_u64(&payload, &items) ||
        !get_u64(&payload, &bad_items) ||
        !get_str(&payload, sizeof out->report.reason - 1, &reason) || payload.len)
        return -EPROTO;
    if ((error != 0 && error != EBADMSG && error != EMSGSIZE) || type >= PARSE_TYPES ||
        items > LIMIT_FEED_ITEMS || bad_items > LIMIT_BODY || !is_plain_line(reason))
        return -EPROTO;
    *out = (struct frame_done){.error = -(int)error,
                               .report = {.type = (enum parse_type)type,
                                          .items = (size_t)items,
                                          .bad_items = (size_t)bad_items}};
    if (reason.len)
        memcpy(out->report.reason, reason.at, reason.len);
    return 0;
}
