#include "inflate.h"

#include <brotli/decode.h>
#include <errno.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "limits.h"

#define STEP        (64UL << 10)
#define CODINGS     4  /* "gzip, gzip" has been seen; more is a trick */
#define ZSTD_WINDOW 23 /* RFC 8878, section 3.1.1.1.2: 8 MiB is what a decoder must take */

typedef int decoder(struct str bytes, struct buf *out);

static bool is_gzip(struct str s)
{
    return str_starts(s, STR("\x1f\x8b\x08"));
}

static bool is_zstd(struct str s)
{
    return str_starts(s, STR("\x28\xb5\x2f\xfd"));
}

/* RFC 1950, section 2.2: deflate, and a multiple of 31. */
static bool is_zlib(struct str s)
{
    if (s.len < 2)
        return false;
    unsigned head = (unsigned)(unsigned char)s.at[0] << 8 | (unsigned char)s.at[1];
    return (head >> 8 & 15) == 8 && head % 31 == 0;
}

/* One byte beyond the limit is room enough to see that it is passed. */
static size_t room(struct buf *out, size_t from)
{
    size_t left = LIMIT_BODY + 1 - (out->len - from);
    buf_reserve(out, left < STEP ? left : STEP);
    return left < STEP ? left : STEP;
}

static int zlib_decode(struct str bytes, int window, struct buf *out)
{
    z_stream z = {0};
    size_t from = out->len;
    int rc = 0, status = Z_OK;
    if (inflateInit2(&z, window) != Z_OK)
        return -EBADMSG;
    z.next_in = (const Bytef *)bytes.at;
    z.avail_in = (uInt)bytes.len;
    while (rc == 0 && status != Z_STREAM_END) {
        size_t space = room(out, from);
        z.next_out = (Bytef *)out->at + out->len;
        z.avail_out = (uInt)space;
        status = inflate(&z, Z_NO_FLUSH);
        out->len += space - z.avail_out;
        if (out->len - from > LIMIT_BODY)
            rc = -EMSGSIZE;
        else if (status != Z_OK && status != Z_STREAM_END)
            rc = -EBADMSG; /* Z_BUF_ERROR: cut short */
        else if (status == Z_STREAM_END && window > 15 && z.avail_in > 3 &&
                 is_gzip((struct str){(const char *)z.next_in, z.avail_in}))
            status = inflateReset(&z); /* RFC 1952, section 2.2: members follow each other */
    }
    inflateEnd(&z);
    return rc;
}

static int gzip_decode(struct str bytes, struct buf *out)
{
    return zlib_decode(bytes, 15 + 16, out);
}

/* Some servers leave the zlib header out. */
static int deflate_decode(struct str bytes, struct buf *out)
{
    return zlib_decode(bytes, is_zlib(bytes) ? 15 : -15, out);
}

static int brotli_decode(struct str bytes, struct buf *out)
{
    BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    if (!state)
        return -EBADMSG;
    size_t from = out->len, left = bytes.len;
    const uint8_t *next = (const uint8_t *)bytes.at;
    int rc = 0;
    BrotliDecoderResult result = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
    while (rc == 0 && result != BROTLI_DECODER_RESULT_SUCCESS) {
        size_t space = room(out, from), free_bytes = space;
        uint8_t *to = (uint8_t *)out->at + out->len;
        result = BrotliDecoderDecompressStream(state, &left, &next, &free_bytes, &to, NULL);
        out->len += space - free_bytes;
        if (out->len - from > LIMIT_BODY)
            rc = -EMSGSIZE;
        else if (result == BROTLI_DECODER_RESULT_ERROR ||
                 result == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT)
            rc = -EBADMSG;
    }
    BrotliDecoderDestroyInstance(state);
    return rc;
}

static int zstd_decode(struct str bytes, struct buf *out)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!context)
        return -EBADMSG;
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, ZSTD_WINDOW);
    ZSTD_inBuffer in = {bytes.at, bytes.len, 0};
    size_t from = out->len, status = 1;
    int rc = 0;
    while (rc == 0 && (status != 0 || in.pos < in.size)) {
        size_t space = room(out, from), before = in.pos;
        ZSTD_outBuffer to = {out->at + out->len, space, 0};
        status = ZSTD_decompressStream(context, &to, &in);
        out->len += to.pos;
        if (out->len - from > LIMIT_BODY)
            rc = -EMSGSIZE;
        else if (ZSTD_isError(status) || (to.pos == 0 && in.pos == before))
            rc = -EBADMSG;
    }
    ZSTD_freeDCtx(context);
    return rc;
}

/* NULL: nothing to undo. */
static decoder *decoder_of(struct str coding, struct str bytes)
{
    if (is_gzip(bytes))
        return gzip_decode;
    if (is_zstd(bytes))
        return zstd_decode;
    if (str_isi(coding, "br"))
        return brotli_decode;
    if (str_isi(coding, "deflate"))
        return deflate_decode;
    return NULL;
}

/* Some servers name a coding and then send plain text. */
static bool is_plain(struct str bytes)
{
    bytes = str_trim(str_upto(bytes, 64));
    return bytes.len == 0 || bytes.at[0] == '<' || bytes.at[0] == '{' ||
           str_starts(bytes, STR("\xef\xbb\xbf"));
}

bool inflate_needed(struct str bytes, struct str encoding)
{
    encoding = str_trim(encoding);
    return is_gzip(bytes) || is_zstd(bytes) || (encoding.len && !str_isi(encoding, "identity"));
}

/* Takes the last coding off the list. */
static struct str last_coding(struct str *list)
{
    size_t from = list->len;
    while (from > 0 && list->at[from - 1] != ',')
        from--;
    struct str coding = str_trim(str_from(*list, from));
    *list = str_upto(*list, from ? from - 1 : 0);
    return coding;
}

int inflate_body(struct str bytes, struct str encoding, struct buf *out)
{
    struct buf step[2] = {BUF_NONE, BUF_NONE};
    int rc = 0, turn = 0;
    for (int i = 0; rc == 0 && i < CODINGS; i++) {
        decoder *decode = decoder_of(last_coding(&encoding), bytes);
        if (!decode || (is_plain(bytes) && !is_zstd(bytes))) {
            if (encoding.len)
                continue;
            break;
        }
        buf_reset(&step[turn]);
        rc = decode(bytes, &step[turn]);
        bytes = buf_str(&step[turn]);
        turn = 1 - turn;
    }
    if (rc == 0)
        buf_puts(out, bytes);
    buf_free(&step[0]);
    buf_free(&step[1]);
    return rc;
}
