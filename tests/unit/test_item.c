#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "clock.h"
#include "item.h"
#include "limits.h"

static struct item sample(void)
{
    struct item item = {0};
    item.field[ITEM_GUID] = STR("tag:example.org,2026:1");
    item.field[ITEM_LINK] = STR("http://example.org/a b?q=\xc3\xa9");
    item.field[ITEM_HEADLINE] = STR("Harbour reopens after storm");
    item.field[ITEM_BODY] = STR("First paragraph.\n\nSecond paragraph.");
    item.field[ITEM_KEYWORDS] = STR("ports\n\nweather");
    item.field[ITEM_PUBLISHER] = STR("Northern Courier");
    item.published_at = 1767225600000000;
    item.published_offset_min = -330;
    item.origin[TOLD_HEADLINE] = (struct item_origin){SOURCE_HEADING, 95};
    item.origin[TOLD_IMAGE] = (struct item_origin){SOURCE_JSONLD, 0};
    item.media_count = 1;
    item.media[0] = (struct item_media){STR("http://example.org/p q.jpg"), STR("image/jpeg"),
                                        STR("A pier"), 640, 480};
    return item;
}

static void an_item_survives_its_frame(void **state)
{
    (void)state;
    struct item in = sample(), *out = NULL;
    struct buf frame = BUF_NONE;
    item_encode(&in, &frame);
    assert_int_equal(item_decode(buf_str(&frame), &out), 0);
    buf_free(&frame);
    for (size_t i = 0; i < ITEM_FIELDS; i++)
        assert_true(str_eq(in.field[i], out->field[i]));
    assert_int_equal(out->published_at, in.published_at);
    assert_int_equal(out->published_offset_min, -330);
    assert_memory_equal(out->origin, in.origin, sizeof in.origin);
    assert_int_equal(out->media_count, 1);
    assert_true(str_eq(out->media[0].title, STR("A pier")));
    assert_int_equal(out->media[0].height, 480);
    item_free(out);
}

static void every_cut_frame_is_refused(void **state)
{
    (void)state;
    struct item in = sample(), *out = NULL;
    struct buf frame = BUF_NONE;
    item_encode(&in, &frame);
    for (size_t len = 0; len < frame.len; len++)
        assert_int_equal(item_decode((struct str){frame.at, len}, &out), -EBADMSG);
    buf_putc(&frame, 'x');
    assert_int_equal(item_decode(buf_str(&frame), &out), -EBADMSG);
    assert_null(out);
    buf_free(&frame);
}

static void offsets_and_origins_out_of_range_are_refused(void **state)
{
    (void)state;
    struct item bad[] = {sample(), sample(), sample()}, *out = NULL;
    bad[0].published_offset_min = 16 * 60;
    bad[1].origin[TOLD_BODY].source = ITEM_SOURCES;
    bad[2].origin[TOLD_BODY].percent = 101;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct buf frame = BUF_NONE;
        item_encode(&bad[i], &frame);
        assert_int_equal(item_decode(buf_str(&frame), &out), -EBADMSG);
        buf_free(&frame);
    }
    assert_null(out);
}

static void a_page_s_item_says_where_its_fields_were_found(void **state)
{
    (void)state;
    struct item item = sample();
    struct buf text = BUF_NONE;
    const struct item_identity identity = {.uri = STR("tag:example.org,2026:1"), .version = 1};
    item_ninjs(&item, &identity, &(struct jsonput){.out = &text});
    struct str json = buf_str(&text);
    assert_true(str_find(json, STR("\"edNote\":\"headlines: h1 95 %; renditions: json-ld 0 %\"")) !=
                SIZE_MAX);
    assert_true(str_find(json, STR("\"contentCreated\":\"2025-12-31T18:30:00-05:30\"")) !=
                SIZE_MAX);
    buf_free(&text);
}

static int decode_headline(struct str headline)
{
    struct item in = {0}, *out = NULL;
    struct buf frame = BUF_NONE;
    in.field[ITEM_HEADLINE] = headline;
    item_encode(&in, &frame);
    int rc = item_decode(buf_str(&frame), &out);
    buf_free(&frame);
    item_free(out);
    return rc;
}

static void text_that_is_not_utf8_or_holds_nul_is_refused(void **state)
{
    (void)state;
    assert_int_equal(decode_headline(STR("caf\xc3\xa9")), 0);
    assert_int_equal(decode_headline(STR("caf\xe9")), -EBADMSG);
    assert_int_equal(decode_headline(STR("a\0b")), -EBADMSG);
    assert_int_equal(decode_headline(STR("\xed\xa0\x80")), -EBADMSG);
}

static void a_field_over_its_limit_is_refused(void **state)
{
    (void)state;
    struct buf text = BUF_NONE;
    for (size_t i = 0; i <= LIMIT_FIELD; i++)
        buf_putc(&text, 'a');
    assert_int_equal(decode_headline(buf_str(&text)), -EBADMSG);
    text.len--;
    assert_int_equal(decode_headline(buf_str(&text)), 0);
    buf_free(&text);
}

static const char *text_at(json_t *list, const char *key)
{
    return json_string_value(json_object_get(json_array_get(list, 0), key));
}

static json_t *ninjs_of(const struct item *item, const struct item_identity *id)
{
    struct buf text = BUF_NONE;
    item_ninjs(item, id, &(struct jsonput){.out = &text});
    json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    buf_free(&text);
    return json;
}

static void ninjs_percent_encodes_uris_and_keeps_the_publishers_link(void **state)
{
    (void)state;
    struct item in = sample();
    struct item_identity id = {.uri = STR("urn:dateline:courier:00ff"),
                               .version = 2,
                               .first_created = 1767225600000000,
                               .version_created = 1767312000000000};
    json_t *out = ninjs_of(&in, &id);
    assert_string_equal(json_string_value(json_object_get(out, "uri")),
                        "urn:dateline:courier:00ff");
    assert_string_equal(json_string_value(json_object_get(out, "version")), "2");
    assert_string_equal(json_string_value(json_object_get(out, "versionCreated")),
                        "2026-01-02T00:00:00Z");
    assert_string_equal(text_at(json_object_get(out, "renditions"), "href"),
                        "http://example.org/p%20q.jpg");
    json_t *link = json_array_get(json_object_get(out, "altIds"), 1);
    assert_string_equal(json_string_value(json_object_get(link, "value")),
                        "http://example.org/a b?q=\xc3\xa9");
    assert_int_equal(json_array_size(json_object_get(out, "subjects")), 2);
    assert_null(json_object_get(out, "by"));
    json_decref(out);
}

static void a_retracted_item_is_canceled(void **state)
{
    (void)state;
    struct item in = {0};
    in.flags = ITEM_RETRACTED;
    struct item_identity id = {.uri = STR("urn:x"), .version = 1};
    json_t *out = ninjs_of(&in, &id);
    assert_string_equal(json_string_value(json_object_get(out, "pubStatus")), "canceled");
    json_decref(out);
}

static void an_about_survives_its_frame(void **state)
{
    (void)state;
    struct about in = {.ttl_s = 3600,
                       .published_at = 1767139200000000,
                       .updated_at = 1767225600000000,
                       .flags = ABOUT_EXPIRED | ABOUT_ARCHIVE},
                 *out = NULL;
    in.field[ABOUT_TITLE] = STR("Courier");
    in.field[ABOUT_HUBS] = STR("http://hub.example/\nhttp://hub2.example/");
    struct buf frame = BUF_NONE;
    about_encode(&in, &frame);
    assert_int_equal(about_decode(buf_str(&frame), &out), 0);
    json_t *json = about_json(out);
    assert_int_equal(json_array_size(json_object_get(json, "hubs")), 2);
    assert_int_equal(json_integer_value(json_object_get(json, "ttl")), 3600);
    assert_string_equal(json_string_value(json_object_get(json, "published")),
                        "2025-12-31T00:00:00Z");
    assert_string_equal(json_string_value(json_object_get(json, "updated")),
                        "2026-01-01T00:00:00Z");
    assert_true(json_is_true(json_object_get(json, "expired")));
    assert_true(json_is_true(json_object_get(json, "archive")));
    assert_null(json_object_get(json, "complete"));
    json_decref(json);
    about_free(out);
    out = NULL;
    frame.len--;
    assert_int_equal(about_decode(buf_str(&frame), &out), -EBADMSG);
    buf_free(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_survives_its_frame),
        cmocka_unit_test(every_cut_frame_is_refused),
        cmocka_unit_test(offsets_and_origins_out_of_range_are_refused),
        cmocka_unit_test(a_page_s_item_says_where_its_fields_were_found),
        cmocka_unit_test(text_that_is_not_utf8_or_holds_nul_is_refused),
        cmocka_unit_test(a_field_over_its_limit_is_refused),
        cmocka_unit_test(ninjs_percent_encodes_uris_and_keeps_the_publishers_link),
        cmocka_unit_test(a_retracted_item_is_canceled),
        cmocka_unit_test(an_about_survives_its_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
