/* Units, nearest words, harmless text, YAML trees with lines, and settings by table. */
#include "conf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "clock.h"
#include "limits.h"
#include "show.h"
#include "units.h"
#include "utf8.h"

/* ---- units */

static int64_t duration(const char *text)
{
    int64_t us = -1;
    int r = units_duration(str_of(text), &us);
    return r < 0 ? r : us;
}

static void durations_have_units(void **state)
{
    (void)state;
    assert_int_equal(duration("250ms"), 250 * USEC_PER_MSEC);
    assert_int_equal(duration("5s"), 5 * USEC_PER_SEC);
    assert_int_equal(duration("1h30m"), 90 * USEC_PER_MIN);
    assert_int_equal(duration("2w"), 14 * USEC_PER_DAY);
    assert_int_equal(duration("0"), 0);
    assert_int_equal(duration("0s"), 0);
    assert_int_equal(duration("5"), -EINVAL);
    assert_int_equal(duration(""), -EINVAL);
    assert_int_equal(duration("s"), -EINVAL);
    assert_int_equal(duration("5 s"), -EINVAL);
    assert_int_equal(duration("5S"), -EINVAL);
    assert_int_equal(duration("1.5h"), -EINVAL);
    assert_int_equal(duration("-1s"), -EINVAL);
    assert_int_equal(duration("1h30"), -EINVAL);
    assert_int_equal(duration("99999999999999999999s"), -ERANGE);
    assert_int_equal(duration("9223372036854775807w"), -ERANGE);
    assert_int_equal(duration("106751991d106751991d"), -ERANGE);
}

static int64_t size(const char *text)
{
    uint64_t bytes = 0;
    int r = units_size(str_of(text), &bytes);
    return r < 0 ? r : (int64_t)bytes;
}

static void sizes_are_powers_of_1024(void **state)
{
    (void)state;
    assert_int_equal(size("0"), 0);
    assert_int_equal(size("1000"), 1000);
    assert_int_equal(size("64K"), 64 << 10);
    assert_int_equal(size("8MiB"), 8 << 20);
    assert_int_equal(size("1T"), 1LL << 40);
    assert_int_equal(size("8MB"), -EINVAL);
    assert_int_equal(size("8m"), -EINVAL);
    assert_int_equal(size("12x"), -EINVAL);
    assert_int_equal(size("K"), -EINVAL);
    assert_int_equal(size("9999999999T"), -ERANGE);
}

static void assert_duration_text(int64_t us, const char *wanted)
{
    struct buf out = BUF_NONE;
    units_put_duration(&out, us);
    assert_string_equal(buf_cstr(&out), wanted);
    if (us >= USEC_PER_MSEC)
        assert_int_equal(duration(out.at), us);
    buf_free(&out);
}

static void durations_are_written_as_they_are_read(void **state)
{
    (void)state;
    assert_duration_text(0, "0s");
    assert_duration_text(250 * USEC_PER_MSEC, "250ms");
    assert_duration_text(90 * USEC_PER_MIN, "1h30m");
    assert_duration_text(14 * USEC_PER_DAY, "2w");
    assert_duration_text(30 * USEC_PER_DAY, "30d");
    assert_duration_text(USEC_PER_DAY + USEC_PER_MSEC, "1d1ms");
}

static void booleans_are_words(void **state)
{
    (void)state;
    bool yes = false;
    assert_int_equal(units_bool(STR("Yes"), &yes), 0);
    assert_true(yes);
    assert_int_equal(units_bool(STR("off"), &yes), 0);
    assert_false(yes);
    assert_int_equal(units_bool(STR("1"), &yes), -EINVAL);
    assert_int_equal(units_bool(STR(""), &yes), -EINVAL);
}

static void nearest_word_is_found_for_a_slip_and_not_for_another_word(void **state)
{
    (void)state;
    const char *const words[] = {"every", "url", "full_text", "allow_private", NULL};
    assert_string_equal(units_nearest(STR("evry"), words), "every");
    assert_string_equal(units_nearest(STR("evrey"), words), "every");
    assert_string_equal(units_nearest(STR("URL"), words), "url");
    assert_string_equal(units_nearest(STR("fulltext"), words), "full_text");
    assert_null(units_nearest(STR("banana"), words));
    assert_null(units_nearest(STR(""), words));
    assert_null(units_nearest(STR("xyz"), words));
    assert_null(units_nearest(STR("a_name_that_is_much_longer_than_any_setting_may_be"), words));
}

/* ---- harmless text */

static void assert_shown(struct str text, const char *wanted)
{
    struct buf out = BUF_NONE;
    show_put(&out, text);
    assert_string_equal(buf_cstr(&out), wanted);
    buf_free(&out);
}

static void shown_text_cannot_command_the_terminal(void **state)
{
    (void)state;
    assert_shown(STR("a\x1b[31mb"), "a\\x1b[31mb");
    assert_shown(STR("bell\a\n\t"), "bell\\x07\\n\\t");
    assert_shown(STR("\xc2\x9b"
                     "31m"),
                 "\\u009b31m");
    struct buf turned = BUF_NONE;
    utf8_put(&turned, 0x202e); /* right-to-left override */
    assert_shown(buf_str(&turned), "\\u202e");
    buf_free(&turned);
    assert_shown(STR("bad \xff byte"), "bad \xef\xbf\xbd byte");
    assert_shown(STR("a\0b"), "a\\x00b");
    assert_shown(STR("Привет, 世界 👩‍🚀"), "Привет, 世界 👩‍🚀");
}

static void assert_fitted(const char *text, size_t columns, const char *wanted)
{
    struct buf out = BUF_NONE;
    show_fit(&out, str_of(text), columns);
    assert_string_equal(buf_cstr(&out), wanted);
    assert_true(show_columns(buf_str(&out)) <= columns);
    buf_free(&out);
}

static void fitted_text_counts_columns_not_bytes(void **state)
{
    (void)state;
    assert_fitted("abc", 3, "abc");
    assert_fitted("abcd", 3, "ab…");
    assert_fitted("abcd", 0, "");
    assert_fitted("世界", 4, "世界");
    assert_fitted("世界世界", 5, "世界…");
    assert_fitted("世界世界", 4, "世…");
    assert_fitted("a\x1b[1m", 4, "a…");
    assert_int_equal(show_columns(STR("Привет")), 6);
    assert_int_equal(show_columns(STR("e\xcc\x81")), 1);
}

/* ---- trees */

static void tree_knows_every_line(void **state)
{
    (void)state;
    struct node *root = NULL;
    char why[NODE_WHY];
    unsigned line = 0;
    assert_int_equal(
        node_parse(STR("a: 1\n\nb:\n  - c: 2\n    d:\n      3\n  - e: x\n"), &root, why, &line), 0);
    const struct node *b = node_find(root, "b");
    assert_int_equal(node_find(root, "a")->line, 1);
    assert_int_equal(b->line, 3);
    assert_int_equal(b->first->line, 4);
    assert_int_equal(node_find(b->first, "d")->line, 5);
    struct buf path = BUF_NONE;
    node_path(node_find(b->last, "e"), &path);
    assert_string_equal(buf_cstr(&path), "b[1].e");
    assert_null(node_find(NULL, "a"));
    assert_null(node_find(b, "c"));
    buf_free(&path);
    node_free(root);
}

static void tree_of_an_empty_document_is_an_empty_map(void **state)
{
    (void)state;
    struct node *root = NULL;
    char why[NODE_WHY];
    unsigned line = 0;
    assert_int_equal(node_parse(STR_NONE, &root, why, &line), 0);
    assert_int_equal(root->type, NODE_MAP);
    assert_null(root->first);
    node_free(root);
}

static void tree_refuses_more_settings_than_its_limit(void **state)
{
    (void)state;
    struct node *root = NULL;
    struct buf text = BUF_NONE;
    char why[NODE_WHY];
    unsigned line = 0;
    buf_putc(&text, '[');
    for (size_t i = 0; i <= LIMIT_CONFIG_NODES; i++)
        buf_putz(&text, "a,");
    buf_putc(&text, ']');
    assert_true(text.len < LIMIT_CONFIG_BYTES);
    assert_int_equal(node_parse(buf_str(&text), &root, why, &line), -EMSGSIZE);
    assert_null(root);
    buf_free(&text);
}

/* ---- tables */

struct thing {
    char *name;
    unsigned count;
};
struct record {
    unsigned number;
    uint64_t size;
    int64_t wait_us;
    bool yes;
    int word;
    char *name, *text, *path;
    char **names;
    struct thing *things;
    size_t thing_count;
};

static int check_text(struct str text, struct buf *why)
{
    if (str_is(text, "good"))
        return 0;
    buf_putz(why, "is not good");
    return -EINVAL;
}

#define AT(member) .at = offsetof(struct record, member)
static const struct conf_word colours[] = {{"red", 7}, {"green", 9}, {NULL, 0}};
static const struct conf_setting thing_settings[] = {
    {.key = "name", .type = CONF_TEXT, .at = offsetof(struct thing, name), .help = "its name"},
    {.key = "count",
     .type = CONF_INT,
     .at = offsetof(struct thing, count),
     .initial = "3",
     .max = 9,
     .help = "how many"},
};
static const struct conf_table thing_table = {thing_settings, ARRAY_LEN(thing_settings),
                                              sizeof(struct thing), NULL};
static const struct conf_setting inner_settings[] = {
    {.key = "wait",
     .type = CONF_DURATION,
     AT(wait_us),
     .initial = "5s",
     .min = 1,
     .max = USEC_PER_MIN,
     .zero = "never",
     .help = "how long"},
};
static const struct conf_table inner_table = {inner_settings, ARRAY_LEN(inner_settings), 0, NULL};
static const struct conf_setting settings[] = {
    {.key = "number",
     .type = CONF_INT,
     AT(number),
     .initial = "5",
     .min = 1,
     .max = 10,
     .help = "n"},
    {.key = "size", .type = CONF_SIZE, AT(size), .initial = "8M", .max = 1 << 30, .help = "s"},
    {.key = "yes", .type = CONF_BOOL, AT(yes), .initial = "true", .help = "y"},
    {.key = "word", .type = CONF_WORD, AT(word), .words = colours, .initial = "green", .help = "w"},
    {.key = "name", .type = CONF_NAME, AT(name), .words = colours, .noun = "colour", .help = "c"},
    {.key = "text", .type = CONF_TEXT, AT(text), .check = check_text, .help = "t"},
    {.key = "path", .type = CONF_PATH, AT(path), .help = "p"},
    {.key = "names",
     .type = CONF_NAMES,
     AT(names),
     .words = colours,
     .initial = "red, green",
     .help = "l"},
    {.key = "inner", .type = CONF_SECTION, .table = &inner_table},
    {.key = "things",
     .type = CONF_RECORDS,
     AT(things),
     .count_at = offsetof(struct record, thing_count),
     .max = 2,
     .table = &thing_table},
    {.key = "old", .type = CONF_REFUSED, .help = "gone since 2.0"},
};
static const struct conf_table table = {settings, ARRAY_LEN(settings), sizeof(struct record), NULL};

static int read_record(const char *text, struct record *out, char why[CONF_WHY])
{
    static const struct conf_origin origin = {"f.yaml", "/dir"};
    struct node *root = NULL;
    unsigned line;
    assert_int_equal(node_parse(str_of(text), &root, why, &line), 0);
    *out = (struct record){0};
    conf_init(&table, out);
    int r = conf_read(&origin, root, &table, out, why);
    node_free(root);
    return r;
}

static void table_fills_in_what_a_file_does_not_say(void **state)
{
    (void)state;
    struct record r;
    char why[CONF_WHY];
    assert_int_equal(read_record("", &r, why), 0);
    assert_int_equal(r.number, 5);
    assert_int_equal(r.size, 8 << 20);
    assert_int_equal(r.wait_us, 5 * USEC_PER_SEC);
    assert_true(r.yes);
    assert_int_equal(r.word, 9);
    assert_string_equal(r.names[0], "red");
    assert_string_equal(r.names[1], "green");
    assert_null(r.names[2]);
    assert_null(r.text);
    conf_done(&table, &r);
    assert_null(r.names);
}

static void table_lands_every_type(void **state)
{
    (void)state;
    struct record r;
    char why[CONF_WHY];
    assert_int_equal(
        read_record("{number: 10, size: 1K, yes: off, word: red, name: green, text: good, "
                    "path: ./a/b, names: red, inner: {wait: never}, "
                    "things: [{name: x}, {count: 0}]}",
                    &r, why),
        0);
    assert_int_equal(r.number, 10);
    assert_int_equal(r.size, 1024);
    assert_int_equal(r.wait_us, 0);
    assert_false(r.yes);
    assert_int_equal(r.word, 7);
    assert_string_equal(r.name, "green");
    assert_string_equal(r.path, "/dir/a/b");
    assert_string_equal(r.names[0], "red");
    assert_null(r.names[1]);
    assert_int_equal(r.thing_count, 2);
    assert_int_equal(r.things[0].count, 3);
    assert_int_equal(r.things[1].count, 0);
    conf_done(&table, &r);
}

static void assert_refused(const char *text, const char *wanted)
{
    struct record r;
    char why[CONF_WHY];
    assert_int_equal(read_record(text, &r, why), -EINVAL);
    assert_string_equal(why, wanted);
    conf_done(&table, &r);
}

static void table_refuses_with_file_line_and_setting(void **state)
{
    (void)state;
    assert_refused("\nnumber: 0", "f.yaml:2: number: '0' is out of range (1 to 10)");
    assert_refused("number: 4294967297",
                   "f.yaml:1: number: '4294967297' is out of range (1 to 10)");
    assert_refused("inner:\n  wait: 2m", "f.yaml:2: inner.wait: '2m' is out of range (0s to 1m)");
    assert_refused("text: bad", "f.yaml:1: text: is not good");
    assert_refused("name: blue", "f.yaml:1: name: 'blue' is not a colour; colours are red, green");
    assert_refused("old: 1", "f.yaml:1: old: gone since 2.0");
    assert_refused("old_: 1", "f.yaml:1: old_: no such setting");
    assert_refused("things: [{}, {}, {}]", "f.yaml:1: things: 3 are too many (2 at most)");
    assert_refused("things:\n- {name: x}\n- {nome: x}",
                   "f.yaml:3: things[1].nome: no such setting; did you mean 'name'?");
}

static void errors_are_cut_between_characters(void **state)
{
    (void)state;
    struct buf text = BUF_NONE;
    char why[CONF_WHY];
    const struct conf_origin origin = {"f.yaml", "/"};
    for (int i = 0; i < 300; i++)
        buf_putz(&text, "ж");
    for (int i = 0; i < 2; i++) {
        buf_putz(&text, "x");
        assert_int_equal(conf_complain_line(&origin, 1, why, "%s%s", i ? "y" : "", buf_cstr(&text)),
                         -EINVAL);
        assert_true(strlen(why) >= CONF_WHY - 2);
        assert_true((unsigned char)why[strlen(why) - 1] == 0xb6);
    }
    buf_free(&text);
}

static void put_entry(void *ctx, const char *path, const char *what, const char *help)
{
    buf_printf(ctx, "%s|%s|%s\n", path, what, help);
}

static void table_describes_itself(void **state)
{
    (void)state;
    struct buf out = BUF_NONE;
    conf_describe(&table, put_entry, &out);
    assert_string_equal(buf_cstr(&out),
                        "number|number, 1 to 10; default 5|n\n"
                        "size|size, 0 to 1G; default 8M|s\n"
                        "yes|boolean; default true|y\n"
                        "word|red | green; default green|w\n"
                        "name|red | green|c\n"
                        "text|text|t\n"
                        "path|path|p\n"
                        "names|list of red | green; default red, green|l\n"
                        "inner.wait|duration, 0s to 1m or never; default 5s|how long\n"
                        "things[].name|text|its name\n"
                        "things[].count|number, 0 to 9; default 3|how many\n");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(sizes_are_powers_of_1024),
        cmocka_unit_test(durations_are_written_as_they_are_read),
        cmocka_unit_test(booleans_are_words),
        cmocka_unit_test(nearest_word_is_found_for_a_slip_and_not_for_another_word),
        cmocka_unit_test(shown_text_cannot_command_the_terminal),
        cmocka_unit_test(fitted_text_counts_columns_not_bytes),
        cmocka_unit_test(tree_knows_every_line),
        cmocka_unit_test(tree_of_an_empty_document_is_an_empty_map),
        cmocka_unit_test(tree_refuses_more_settings_than_its_limit),
        cmocka_unit_test(table_fills_in_what_a_file_does_not_say),
        cmocka_unit_test(table_lands_every_type),
        cmocka_unit_test(table_refuses_with_file_line_and_setting),
        cmocka_unit_test(errors_are_cut_between_characters),
        cmocka_unit_test(table_describes_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
