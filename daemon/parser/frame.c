#include "frame.h"

#include <errno.h>

#include "limits.h"
#include "utf8.h"

/* What each type may carry. A document is its bytes, four strings of at most LIMIT_URL and two of LIMIT_SELECTOR. */
static const size_t frame_limit[FRAME_TYPES] = {
    [FRAME_HELLO] = 16,
    [FRAME_DOCUMENT] = LIMIT_BODY + 4UL * (LIMIT_URL + 4) + 2UL * (LIMIT_SELECTOR + 4) + 64,
    [FRAME_ABOUT] = LIMIT_PARSER_FRAME,
    [FRAME_ITEM] = LIMIT_PARSER_FRAME,
    [FRAME_DONE] = 512 + LIMIT_REFUSED_LINES * 9,
};

static void put_str(struct buf *out, struct str s)
{
    buf_put_le(out, s.len, 4);
    buf_puts(out, s);
}

/* Takes from the front of *rest; false when it is not there. */
static bool get_str(struct str *rest, size_t limit, struct str *out)
{
    uint64_t len;
    if (!str_take_le(rest, 4, &len) || len > limit || len > rest->len)
        return false;
    *out = str_upto(*rest, len);
    *rest = str_from(*rest, len);
    return true;
}

int frame_head(const char head[FRAME_HEAD], enum frame_type *type, size_t *len_out)
{
    struct str rest = {head, FRAME_HEAD};
    uint64_t len = 0;
    (void)str_take_le(&rest, 4, &len);
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
    buf_put_le(out, 0, 4);
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
    buf_put_le(out, (uint64_t)-hello->error, 4);
    buf_putc(out, (char)hello->layers);
    frame_shut(out, begin);
}

int frame_hello_get(struct str payload, struct frame_hello *out)
{
    uint64_t error;
    if (!str_take_le(&payload, 4, &error) || payload.len != 1 || error > 4095)
        return -EPROTO;
    out->error = -(int)error;
    out->layers = (uint8_t)payload.at[0];
    return 0;
}

void frame_document_put(struct buf *out, const struct parse_request *request, size_t body_len)
{
    size_t begin = frame_begin(out, FRAME_DOCUMENT);
    buf_put_le(out, (uint64_t)request->type, 4);
    buf_put_le(out, (uint64_t)request->fetched_at, 8);
    put_str(out, str_upto(request->url, LIMIT_URL));
    put_str(out, str_upto(request->charset, LIMIT_URL));
    put_str(out, str_upto(request->content_type, LIMIT_URL));
    put_str(out, str_upto(request->content_encoding, LIMIT_URL));
    put_str(out, str_upto(request->links, LIMIT_SELECTOR));
    put_str(out, str_upto(request->skip, LIMIT_SELECTOR));
    set_length(out, begin, out->len - begin - FRAME_HEAD + body_len);
}

int frame_document_get(struct str payload, struct parse_request *out)
{
    uint64_t type, fetched_at;
    struct parse_request request = {0};
    if (!str_take_le(&payload, 4, &type) || type >= PARSE_TYPES ||
        !str_take_le(&payload, 8, &fetched_at) || !get_str(&payload, LIMIT_URL, &request.url) ||
        !get_str(&payload, LIMIT_URL, &request.charset) ||
        !get_str(&payload, LIMIT_URL, &request.content_type) ||
        !get_str(&payload, LIMIT_URL, &request.content_encoding) ||
        !get_str(&payload, LIMIT_SELECTOR, &request.links) ||
        !get_str(&payload, LIMIT_SELECTOR, &request.skip) || payload.len > LIMIT_BODY)
        return -EPROTO;
    request.type = (enum parse_type)type;
    request.fetched_at = (int64_t)fetched_at;
    request.bytes = payload;
    *out = request;
    return 0;
}

static void put_refused(struct buf *out, const struct parse_refused *refused)
{
    buf_put_le(out, refused->document, 4);
    buf_put_le(out, refused->line, 4);
    buf_put_le(out, (uint64_t)refused->fault, 1);
}

void frame_done_put(struct buf *out, const struct frame_done *done)
{
    size_t begin = frame_begin(out, FRAME_DONE);
    buf_put_le(out, (uint64_t)-done->error, 4);
    buf_put_le(out, (uint64_t)done->report.type, 4);
    buf_put_le(out, done->report.items, 8);
    buf_put_le(out, done->report.bad_items, 8);
    put_str(out, str_of(done->report.reason));
    for (size_t i = 0; i < done->report.refused_count; i++)
        put_refused(out, &done->report.refused[i]);
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

static int get_refused(struct str rest, struct parse_report *out)
{
    uint64_t document, line, fault;
    while (rest.len) {
        if (!str_take_le(&rest, 4, &document) || !str_take_le(&rest, 4, &line) ||
            !str_take_le(&rest, 1, &fault) || fault == PARSE_NO_FAULT || fault >= PARSE_FAULTS ||
            out->refused_count == LIMIT_REFUSED_LINES || out->refused_count >= out->bad_items)
            return -EPROTO;
        out->refused[out->refused_count++] =
            (struct parse_refused){(uint32_t)document, (uint32_t)line, (enum parse_fault)fault};
    }
    return 0;
}

int frame_done_get(struct str payload, struct frame_done *out)
{
    uint64_t error, type, items, bad_items;
    struct str reason;
    if (!str_take_le(&payload, 4, &error) || !str_take_le(&payload, 4, &type) ||
        !str_take_le(&payload, 8, &items) || !str_take_le(&payload, 8, &bad_items) ||
        !get_str(&payload, sizeof out->report.reason - 1, &reason))
        return -EPROTO;
    if ((error != 0 && error != EBADMSG && error != EMSGSIZE) || type >= PARSE_TYPES ||
        items > parse_most_items((enum parse_type)type) || bad_items > LIMIT_BODY ||
        !is_plain_line(reason))
        return -EPROTO;
    *out = (struct frame_done){.error = -(int)error,
                               .report = {.type = (enum parse_type)type,
                                          .items = (size_t)items,
                                          .bad_items = (size_t)bad_items}};
    if (reason.len)
        memcpy(out->report.reason, reason.at, reason.len);
    return get_refused(payload, &out->report);
}
