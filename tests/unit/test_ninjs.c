/* What tests/cases/feeds cannot say of ninjs: sequences of documents, the lines that are refused by
 * themselves, and that what item_ninjs() writes is read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "limits.h"
#include "parse.h"

struct seen {
    struct item *items[16];
    size_t count;
    struct parse_report report;
    int err;
};

static int keep(void *ctx, const struct item *item)
{
    struct seen *seen = ctx;
    if (seen->count < ARRAY_LEN(seen->items))
        seen->items[seen->count++] = item_copy(item);
    return 0;
}

static struct seen read_all(enum parse_type type, struct str bytes)
{
    struct seen seen = {0};
    const struct parse_request request = {.type = type, .bytes = bytes};
    seen.err = parse_document(&request, &(struct parse_out){&seen, NULL, keep}, &seen.report);
    return seen;
}

static void done(struct seen *seen)
{
    for (size_t i = 0; i < seen->count; i++)
        item_free(seen->items[i]);
}

static void check_refused(const struct seen *seen, size_t i, uint32_t document, uint32_t line,
                          enum parse_fault fault)
{
    assert_true(i < seen->report.refused_count);
    assert_int_equal(seen->report.refused[i].document, document);
    assert_int_equal(seen->report.refused[i].line, line);
    assert_int_equal(seen->report.refused[i].fault, fault);
}

static void a_bad_line_is_refused_by_itself_with_its_number(void **state)
{
    (void)state;
    struct seen seen = read_all(PARSE_NINJS, STR("{\"uri\":\"a\"}\n"
                                                 "\n"
                                                 "{\"uri\":\"b\"\n"
                                                 "[1]\n"
                                                 "{\"uri\":\"\xff\"}\n"
                                                 "{}\n"
                                                 "{\"uri\":\"c\"}"));
    assert_int_equal(seen.err, 0);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.report.bad_items, 4);
    check_refused(&seen, 0, 0, 3, PARSE_NOT_JSON);
    check_refused(&seen, 1, 0, 4, PARSE_NO_ITEM);
    check_refused(&seen, 2, 0, 5, PARSE_NOT_JSON);
    check_refused(&seen, 3, 0, 6, PARSE_NO_ITEM);
    done(&seen);
}

static void each_text_of_a_sequence_is_a_document(void **state)
{
    (void)state;
    struct seen seen = read_all(PARSE_NINJS, STR("\x1e{\"uri\":\"a\"}\n"
                                                 "\x1e{broken\n"
                                                 "\x1e\n"
                                                 "\x1e{\n \"uri\": \"b\"\n}\n"
                                                 "\x1e{\"uri\":\"c\"}\n{\"uri\":\"d\"}\n"));
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.items[0]->document, 0);
    assert_int_equal(seen.items[1]->document, 3);
    assert_int_equal(seen.items[2]->document, 4);
    assert_int_equal(seen.items[3]->document, 4);
    check_refused(&seen, 0, 1, 0, PARSE_NOT_JSON);
    check_refused(&seen, 1, 2, 0, PARSE_NO_ITEM);
    done(&seen);
}

static void one_text_that_is_not_utf8_leaves_the_others_alone(void **state)
{
    (void)state;
    struct seen seen =
        read_all(PARSE_NINJS, STR("\x1e{\"uri\":\"a\",\"headline\":\"Caf\xe9\"}\n"
                                  "\x1e{\"uri\":\"b\",\"headline\":\"Caf\xc3\xa9\"}\n"));
    assert_int_equal(seen.count, 1);
    assert_true(str_is(seen.items[0]->field[ITEM_HEADLINE], "Caf\xc3\xa9"));
    check_refused(&seen, 0, 0, 0, PARSE_NOT_JSON);
    done(&seen);
}

static void nothing_but_bad_lines_is_not_understood(void **state)
{
    (void)state;
    struct seen seen = read_all(PARSE_NINJS, STR("nonsense\nmore of it\n"));
    assert_int_equal(seen.err, -EBADMSG);
    assert_int_equal(seen.report.refused_count, 2);
    assert_string_equal(seen.report.reason, "not JSON in UTF-8");
    seen = read_all(PARSE_NINJS, STR_NONE);
    assert_int_equal(seen.err, -EBADMSG);
}

static void only_the_first_bad_lines_are_named_and_all_are_counted(void **state)
{
    (void)state;
    struct buf text = BUF_NONE;
    for (int i = 0; i < 1000; i++)
        buf_putz(&text, "x\n");
    struct seen seen = read_all(PARSE_NINJS, buf_str(&text));
    assert_int_equal(seen.report.refused_count, LIMIT_REFUSED_LINES);
    assert_int_equal(seen.report.bad_items, 1000);
    buf_free(&text);
}

static void deep_nesting_is_refused_before_it_is_read(void **state)
{
    (void)state;
    struct buf text = BUF_NONE;
    buf_putz(&text, "{\"uri\":\"a\",\"x\":");
    for (int i = 0; i < 100000; i++)
        buf_putc(&text, '[');
    struct seen seen = read_all(PARSE_NINJS, buf_str(&text));
    assert_int_equal(seen.err, -EBADMSG);
    check_refused(&seen, 0, 0, 0, PARSE_TOO_DEEP);
    buf_free(&text);
}

static void the_limit_of_items_holds(void **state)
{
    (void)state;
    struct buf text = BUF_NONE;
    for (int i = 0; i <= LIMIT_FEED_ITEMS; i++)
        buf_printf(&text, "{\"uri\":\"n%d\"}\n", i);
    struct seen seen = read_all(PARSE_NINJS, buf_str(&text));
    assert_int_equal(seen.err, -EMSGSIZE);
    assert_int_equal(seen.report.items, LIMIT_FEED_ITEMS);
    done(&seen);
    buf_free(&text);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct item item = {.published_at = 1767312000000000,
                        .updated_at = 1767312060000000,
                        .flags = ITEM_HEADLINE_DERIVED,
                        .media_count = 1};
    item.field[ITEM_LINK] = STR("https://example.org/a?b=c");
    item.field[ITEM_HEADLINE] = STR("A headline with \"quotes\"");
    item.field[ITEM_SUMMARY] = STR("In short.");
    item.field[ITEM_BODY] = STR("First.\n\nSecond \xe2\x82\xac.");
    item.field[ITEM_BYLINE] = STR("A. Writer");
    item.field[ITEM_LANGUAGE] = STR("en-GB");
    item.field[ITEM_KEYWORDS] = STR("one\ntwo");
    item.field[ITEM_PUBLISHER] = STR("Example");
    item.field[ITEM_AGENCY] = STR("XY");
    item.field[ITEM_LOCATED] = STR("OSLO");
    item.media[0] = (struct item_media){STR("https://example.org/p.jpg"), STR("image/jpeg"),
                                        STR("A picture"), 640, 480};
    const struct item_identity identity = {.uri = STR("tag:example.org,2026:1"), .version = 1};
    struct buf text = BUF_NONE;
    item_ninjs(&item, &identity, &(struct jsonput){.out = &text});
    struct seen seen = read_all(PARSE_AUTO, buf_str(&text));
    assert_int_equal(seen.err, 0);
    assert_int_equal(seen.report.type, PARSE_NINJS);
    assert_int_equal(seen.count, 1);
    const struct item *got = seen.items[0];
    item.field[ITEM_GUID] = STR("tag:example.org,2026:1");
    for (size_t i = 0; i < ITEM_FIELDS; i++)
        assert_true(str_eq(got->field[i], item.field[i]));
    assert_int_equal(got->published_at, item.published_at);
    assert_int_equal(got->updated_at, item.updated_at);
    assert_int_equal(got->flags, item.flags);
    assert_int_equal(got->media_count, 1);
    assert_true(str_eq(got->media[0].title, item.media[0].title));
    assert_int_equal(got->media[0].width, 640);
    done(&seen);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_line_is_refused_by_itself_with_its_number),
        cmocka_unit_test(each_text_of_a_sequence_is_a_document),
        cmocka_unit_test(one_text_that_is_not_utf8_leaves_the_others_alone),
        cmocka_unit_test(nothing_but_bad_lines_is_not_understood),
        cmocka_unit_test(only_the_first_bad_lines_are_named_and_all_are_counted),
        cmocka_unit_test(deep_nesting_is_refused_before_it_is_read),
        cmocka_unit_test(the_limit_of_items_holds),
        cmocka_unit_test(what_is_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
