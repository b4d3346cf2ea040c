/*
 * tests/cases/newsitems, mails and archives: documents that come as files, found by their content alone, and what must come out.
 *
 *     type, reason, bad_items   of the report       error   "EBADMSG" or "EMSGSIZE"
 *     items                     as parse_help.h has them, and guid, link, retracted
 */
#include "parse_help.h"

#include <errno.h>

static void check_member(const char *name, const json_t *want, const struct item *item)
{
    check_item(name, want, item, json_object_get(want, "body") != NULL);
    check_text(name, want, "guid", item->field[ITEM_GUID]);
    check_text(name, want, "link", item->field[ITEM_LINK]);
    if (json_object_get(want, "retracted") &&
        json_is_true(json_object_get(want, "retracted")) != !!(item->flags & ITEM_RETRACTED))
        fail_msg("%s: the retraction's mark is wrong", name);
}

static void check_case(const char *name, const json_t *expect, const struct outcome *o)
{
    const json_t *items = json_object_get(expect, "items"),
                 *bad = json_object_get(expect, "bad_items");
    const char *error = json_string_value(json_object_get(expect, "error"));
    int want = !error ? 0 : strcmp(error, "EMSGSIZE") == 0 ? -EMSGSIZE : -EBADMSG;
    if (o->err != want || o->count != json_array_size(items))
        fail_msg("%s: %d and %zu items (%s)", name, o->err, o->count, o->report.reason);
    check_text(name, expect, "type", str_of(parse_type_name(o->report.type)));
    check_text(name, expect, "reason", str_of(o->report.reason));
    if (bad && (size_t)json_integer_value(bad) != o->report.bad_items)
        fail_msg("%s: %zu bad items", name, o->report.bad_items);
    for (size_t i = 0; i < o->count; i++)
        check_member(name, json_array_get(items, i), o->items[i]);
}

static void every_case_gives_what_it_expects(void **state)
{
    (void)state;
    run_cases("tests/cases/newsitems", "input", PARSE_AUTO, 15, check_case);
    run_cases("tests/cases/mails", "input", PARSE_AUTO, 9, check_case);
    run_cases("tests/cases/archives", "input", PARSE_AUTO, 16, check_case);
}

static void a_news_item_has_a_limit_of_elements(void **state)
{
    (void)state;
    struct buf text = BUF_NONE;
    struct outcome o;
    buf_putz(&text, "<nitf><body><body.content>");
    for (int i = 0; i < 600000; i++)
        buf_putz(&text, "<p/>");
    outcome_of(PARSE_AUTO, buf_str(&text), STR_NONE, &o);
    assert_int_equal(o.err, -EMSGSIZE);
    assert_string_equal(o.report.reason, "more than 500000 elements");
    outcome_done(&o);
    buf_free(&text);
}

static void no_document_takes_long(void **state)
{
    (void)state;
    check_nasty(PARSE_NITF, "<nitf><body><body.content>", "<p>", 200000, "");
    check_nasty(PARSE_NITF, "<nitf><body><body.head>", "<byline>By A B", 100000, "");
    check_nasty(PARSE_NITF, "<nitf><head><docdata><key-list>", "<keyword key=\"a\"/>", 100000, "");
    check_nasty(PARSE_NEWSML, "<newsMessage xmlns=\"http://iptc.org/std/nar/2006-10-01/\">",
                "<newsItem guid=\"a\">", 100000, "");
    check_nasty(PARSE_NEWSML,
                "<newsItem xmlns=\"http://iptc.org/std/nar/2006-10-01/\"><contentMeta>",
                "<creator literal=\"a b\"/><headline role=\"a:b\">h</headline>", 50000, "");
    check_nasty(PARSE_MAIL, "From: a@b.example\nSubject: ", "=?utf-8?q?a?= ", 100000, "\n\nx");
    check_nasty(PARSE_MAIL, "From: a@b.example\n", "X: y\n", 500000, "\nx");
    check_nasty(PARSE_MAIL, "Content-Type: multipart/mixed; boundary=a\n\n",
                "--a\nContent-Type: multipart/mixed; boundary=a\n\n", 50000, "x");
    check_nasty(PARSE_MAIL, "Content-Transfer-Encoding: quoted-printable\n\n", "=3D=\n", 500000,
                "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gives_what_it_expects),
        cmocka_unit_test(a_news_item_has_a_limit_of_elements),
        cmocka_unit_test(no_document_takes_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
