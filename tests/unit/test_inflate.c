#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <brotli/encode.h>
#include <cmocka.h>
#include <errno.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "inflate.h"
#include "limits.h"

static const char TEXT[] = "<rss><channel><title>Tidings</title></channel></rss>";

/* window as deflateInit2() takes it: 31 gzip, 15 zlib, -15 bare. */
static void deflated(struct str s, int window, struct buf *out)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&z, s.len);
    buf_reserve(out, bound);
    z.next_in = (const Bytef *)s.at;
    z.avail_in = (uInt)s.len;
    z.next_out = (Bytef *)out->at + out->len;
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->len += bound - z.avail_out;
    deflateEnd(&z);
}

static void inflates(struct str bytes, const char *encoding, int want, const char *text)
{
    struct buf out = BUF_NONE;
    assert_int_equal(inflate_body(bytes, str_of(encoding), &out), want);
    if (want == 0)
        assert_true(str_is(buf_str(&out), text));
    buf_free(&out);
}

static void every_coding_of_http_is_undone(void **state)
{
    (void)state;
    /* "hello hello hello\n" as the reference encoder of RFC 7932 writes it without compressing */
    static const char brotli[] = "\x0b\x02\x80hello\x03";
    struct buf packed = BUF_NONE;
    deflated(str_of(TEXT), 31, &packed);
    inflates(buf_str(&packed), "gzip", 0, TEXT);
    inflates(buf_str(&packed), "x-gzip", 0, TEXT);
    buf_reset(&packed);
    deflated(str_of(TEXT), 15, &packed);
    inflates(buf_str(&packed), "deflate", 0, TEXT);
    buf_reset(&packed);
    deflated(str_of(TEXT), -15, &packed);
    inflates(buf_str(&packed), "Deflate", 0, TEXT);
    buf_reset(&packed);
    buf_reserve(&packed, 256);
    packed.len = ZSTD_compress(packed.at, 256, TEXT, sizeof TEXT - 1, 3);
    inflates(buf_str(&packed), "zstd", 0, TEXT);
    inflates((struct str){brotli, sizeof brotli - 1}, "br", 0, "hello");
    buf_free(&packed);
}

static void magic_bytes_beat_the_header(void **state)
{
    (void)state;
    struct buf packed = BUF_NONE;
    deflated(str_of(TEXT), 31, &packed);
    assert_true(inflate_needed(buf_str(&packed), STR("")));
    inflates(buf_str(&packed), "", 0, TEXT);
    inflates(buf_str(&packed), "br", 0, TEXT);
    inflates(str_of(TEXT), "gzip", 0, TEXT);
    assert_false(inflate_needed(str_of(TEXT), STR("identity")));
    buf_free(&packed);
}

static void layers_and_members_are_all_read(void **state)
{
    (void)state;
    struct buf once = BUF_NONE, twice = BUF_NONE;
    deflated(STR("<a>"), 31, &once);
    deflated(STR("</a>"), 31, &once);
    inflates(buf_str(&once), "gzip", 0, "<a></a>");
    deflated(buf_str(&once), 31, &twice);
    inflates(buf_str(&twice), "gzip, gzip", 0, "<a></a>");
    buf_free(&once);
    buf_free(&twice);
}

static void damaged_and_cut_bodies_are_refused(void **state)
{
    (void)state;
    struct buf packed = BUF_NONE;
    deflated(str_of(TEXT), 31, &packed);
    inflates((struct str){packed.at, packed.len - 9}, "gzip", -EBADMSG, NULL);
    packed.at[20] = (char)(packed.at[20] ^ 0x55);
    inflates(buf_str(&packed), "gzip", -EBADMSG, NULL);
    inflates(STR("\x1f\x8b\x08"), "gzip", -EBADMSG, NULL);
    inflates(STR("\x28\xb5\x2f\xfdxxxx"), "zstd", -EBADMSG, NULL);
    inflates(STR("\xff\xff\xff\xff"), "br", -EBADMSG, NULL);
    inflates(STR(""), "gzip", 0, "");
    buf_free(&packed);
}

static void a_bomb_costs_its_limit_and_no_more(void **state)
{
    (void)state;
    struct buf packed = BUF_NONE, out = BUF_NONE;
    size_t size = 64UL << 20;
    char *zeros = xcalloc(1, size);
    deflated((struct str){zeros, size}, 31, &packed);
    assert_int_equal(inflate_body(buf_str(&packed), STR("gzip"), &out), -EMSGSIZE);
    assert_true(out.cap < LIMIT_BODY * 3);
    buf_reset(&packed);
    buf_reserve(&packed, 1UL << 20);
    packed.len = ZSTD_compress(packed.at, 1UL << 20, zeros, size, 3);
    assert_int_equal(inflate_body(buf_str(&packed), STR(""), &out), -EMSGSIZE);
    packed.len = 1UL << 20;
    assert_true(BrotliEncoderCompress(1, 22, BROTLI_MODE_GENERIC, size, (const uint8_t *)zeros,
                                      &packed.len, (uint8_t *)packed.at));
    assert_int_equal(inflate_body(buf_str(&packed), STR("br"), &out), -EMSGSIZE);
    assert_true(out.cap < LIMIT_BODY * 3);
    free(zeros);
    buf_free(&packed);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_coding_of_http_is_undone),
        cmocka_unit_test(magic_bytes_beat_the_header),
        cmocka_unit_test(layers_and_members_are_all_read),
        cmocka_unit_test(damaged_and_cut_bodies_are_refused),
        cmocka_unit_test(a_bomb_costs_its_limit_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
