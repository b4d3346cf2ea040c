#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "jsontree.h"
#include "limits.h"

static struct jsontree tree;

static int read_z(const char *text)
{
    return jsontree_read(&tree, str_of(text));
}

static void members_and_entries_are_found_in_their_order(void **state)
{
    (void)state;
    assert_int_equal(read_z(" {\"a\": [1, {\"b\": [\"x\", []]}, null], \"c\": true, \"n\": -12} "),
                     0);
    const struct jsonnode *a = jsonnode_get(tree.nodes, "a");
    assert_int_equal(tree.nodes->count, 3);
    assert_int_equal(a->count, 3);
    assert_int_equal(jsonnode_int(jsonnode_first(a)), 1);
    const struct jsonnode *second = jsonnode_next(jsonnode_first(a));
    const struct jsonnode *b = jsonnode_get(second, "b");
    assert_true(str_is(jsonnode_text(jsonnode_first(b)), "x"));
    assert_null(jsonnode_next(jsonnode_next(jsonnode_first(b))));
    assert_int_equal(jsonnode_next(second)->kind, NODE_NULL);
    assert_null(jsonnode_next(jsonnode_next(second)));
    assert_int_equal(jsonnode_get(tree.nodes, "c")->kind, NODE_BOOL);
    assert_int_equal(jsonnode_int(jsonnode_get(tree.nodes, "n")), -12);
}

static void what_is_not_there_is_nothing(void **state)
{
    (void)state;
    assert_int_equal(read_z("[]"), 0);
    assert_null(jsonnode_get(tree.nodes, "a"));
    assert_null(jsonnode_first(tree.nodes));
    assert_null(jsonnode_next(NULL));
    assert_int_equal(jsonnode_int(jsonnode_get(NULL, "a")), 0);
    assert_null(jsonnode_text(tree.nodes).at);
}

static void escapes_are_decoded(void **state)
{
    (void)state;
    assert_int_equal(read_z("[\"a\\n\\t\\\"\\\\\\/\\b\\f\\r\", \"\\u00e9\\ud83d\\udcf0\", \"\"]"),
                     0);
    const struct jsonnode *node = jsonnode_first(tree.nodes);
    assert_true(str_is(jsonnode_text(node), "a\n\t\"\\/\b\f\r"));
    node = jsonnode_next(node);
    assert_true(str_is(jsonnode_text(node), "\xc3\xa9\xf0\x9f\x93\xb0"));
    assert_int_equal(jsonnode_text(jsonnode_next(node)).len, 0);
}

static void of_equal_names_the_last_counts(void **state)
{
    (void)state;
    assert_int_equal(read_z("{\"a\":1,\"\\u0061\":2}"), 0);
    assert_int_equal(jsonnode_int(jsonnode_get(tree.nodes, "a")), 2);
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "",           " ",           "{",
        "}",          "[1,]",        "{\"a\"}",
        "{\"a\":1,}", "{a:1}",       "[1 2]",
        "\"a",        "\"\\x\"",     "\"\\u12\"",
        "01",         "1.",          "1e",
        "-",          "tru",         "nulll",
        "[1]]",       "\"\n\"",      "\"\\ud800\"",
        "+1",         "\"\\udc00\"", "\"\\u0000\"",
        "{\"a\":}",   "[,1]",        "\"\\ud83dx\"",
        ".5",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (read_z(bad[i]) != -EBADMSG)
            fail_msg("taken: %s", bad[i]);
}

static void depth_and_number_of_values_are_limited(void **state)
{
    struct buf text = BUF_NONE;
    (void)state;
    for (int i = 0; i < LIMIT_JSON_DEPTH; i++)
        buf_putc(&text, '[');
    for (int i = 0; i < LIMIT_JSON_DEPTH; i++)
        buf_putc(&text, ']');
    assert_int_equal(jsontree_read(&tree, buf_str(&text)), 0);
    buf_reset(&text);
    for (int i = 0; i <= LIMIT_JSON_DEPTH; i++)
        buf_putc(&text, '[');
    assert_int_equal(jsontree_read(&tree, buf_str(&text)), -EMSGSIZE);
    buf_reset(&text);
    buf_putc(&text, '[');
    for (int i = 0; i < LIMIT_JSON_NODES; i++)
        buf_putz(&text, "1,");
    assert_int_equal(jsontree_read(&tree, buf_str(&text)), -EMSGSIZE);
    buf_free(&text);
}

static void a_number_that_is_not_whole_or_does_not_fit_is_zero(void **state)
{
    (void)state;
    assert_int_equal(read_z("[1.5, 1e400, 9223372036854775808, 9223372036854775807]"), 0);
    const struct jsonnode *node = jsonnode_first(tree.nodes);
    for (int i = 0; i < 3; i++, node = jsonnode_next(node))
        assert_int_equal(jsonnode_int(node), 0);
    assert_true(jsonnode_int(node) == INT64_MAX);
}

static int done(void **state)
{
    (void)state;
    jsontree_done(&tree);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_and_entries_are_found_in_their_order),
        cmocka_unit_test(what_is_not_there_is_nothing),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(of_equal_names_the_last_counts),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(depth_and_number_of_values_are_limited),
        cmocka_unit_test(a_number_that_is_not_whole_or_does_not_fit_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
