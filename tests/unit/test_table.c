/* Tables and figures for people. */
#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "clock.h"

static const struct table_column columns[] = {
    {.title = "ID"}, {.title = "N", .right = true}, {.title = "TEXT", .shrinks = true}};

static void put_row(struct table *t, const char *id, const char *n, const char *text)
{
    table_put(t, HUMAN_PLAIN, str_of(id));
    table_put(t, HUMAN_BAD, str_of(n));
    table_put(t, HUMAN_PLAIN, str_of(text));
}

static struct table *sample(void)
{
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    put_row(t, "a", "1", "short");
    put_row(t, "tass-en", "1,234", "世界 and what it does all day");
    return t;
}

static void assert_rendered(struct table *t, size_t width, bool colours, const char *wanted)
{
    struct buf out = BUF_NONE;
    table_render(t, width, colours, &out);
    assert_string_equal(buf_cstr(&out), wanted);
    buf_free(&out);
    table_free(t);
}

static void table_aligns_its_columns_by_width_on_screen(void **state)
{
    (void)state;
    assert_rendered(sample(), 80, false,
                    "ID           N  TEXT\n"
                    "a            1  short\n"
                    "tass-en  1,234  世界 and what it does all day\n");
}

static void table_in_parts_has_one_head_and_never_gets_narrower(void **state)
{
    (void)state;
    struct table *t = sample();
    struct buf first = BUF_NONE;
    table_render(t, 80, false, &first);
    buf_free(&first);
    put_row(t, "b", "2", "more");
    assert_rendered(t, 80, false, "b            2  more\n");
}

static void table_cuts_what_shrinks_when_the_terminal_is_narrow(void **state)
{
    (void)state;
    assert_rendered(sample(), 28, false,
                    "ID           N  TEXT\n"
                    "a            1  short\n"
                    "tass-en  1,234  世界 and wh…\n");
}

static void table_keeps_a_part_of_every_column_however_narrow_it_gets(void **state)
{
    (void)state;
    assert_rendered(sample(), 3, false,
                    "ID           N  TEXT\n"
                    "a            1  short\n"
                    "tass-en  1,234  世界 an…\n");
}

static void table_is_tabs_where_there_is_no_terminal(void **state)
{
    (void)state;
    assert_rendered(sample(), 0, false,
                    "ID\tN\tTEXT\na\t1\tshort\ntass-en\t1,234\t世界 and what it does all day\n");
}

static void table_colours_end_in_their_own_cell(void **state)
{
    (void)state;
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    put_row(t, "a", "1", "x");
    assert_rendered(t, 80, true,
                    "\x1b[1mID\x1b[0m  \x1b[1mN\x1b[0m  \x1b[1mTEXT\x1b[0m\n"
                    "a   \x1b[31m1\x1b[0m  x\n");
}

static void table_makes_hostile_cells_harmless(void **state)
{
    (void)state;
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    put_row(t, "a\tb", "1\n2", "\x1b]0;x\a");
    assert_rendered(t, 0, false, "ID\tN\tTEXT\na\\tb\t1\\n2\t\\x1b]0;x\\x07\n");
}

static void table_without_rows_is_its_head(void **state)
{
    (void)state;
    assert_rendered(table_new(columns, ARRAY_LEN(columns)), 80, false, "ID  N  TEXT\n");
}

static void colours_stay_away_when_it_is_no_terminal(void **state)
{
    (void)state;
    FILE *null = fopen("/dev/null", "we");
    assert_false(human_colours(null));
    assert_int_equal(human_width(null), 0);
    fclose(null);
}

static void assert_span(int64_t us, const char *wanted)
{
    struct buf out = BUF_NONE;
    human_span(&out, us);
    assert_string_equal(buf_cstr(&out), wanted);
    buf_free(&out);
}

static void spans_have_two_units_at_most(void **state)
{
    (void)state;
    assert_span(-5, "0 s");
    assert_span(59 * USEC_PER_SEC, "59 s");
    assert_span(3 * USEC_PER_MIN + 59 * USEC_PER_SEC, "3 min");
    assert_span(2 * USEC_PER_HOUR + 5 * USEC_PER_MIN, "2 h 5 min");
    assert_span(2 * USEC_PER_HOUR, "2 h");
    assert_span(4 * USEC_PER_DAY + 3 * USEC_PER_HOUR + USEC_PER_MIN, "4 d 3 h");
}

static void assert_when(int64_t at_us, const char *wanted)
{
    struct buf out = BUF_NONE;
    human_when(&out, at_us, 1000 * USEC_PER_HOUR);
    assert_string_equal(buf_cstr(&out), wanted);
    buf_free(&out);
}

static void times_are_told_from_now(void **state)
{
    (void)state;
    assert_when(1000 * USEC_PER_HOUR + USEC_PER_MSEC, "now");
    assert_when(1000 * USEC_PER_HOUR + 5 * USEC_PER_MIN, "in 5 min");
    assert_when(1000 * USEC_PER_HOUR - 3 * USEC_PER_SEC, "3 s ago");
}

static void figures_are_grouped(void **state)
{
    (void)state;
    struct buf out = BUF_NONE;
    human_count(&out, 0);
    buf_putc(&out, ' ');
    human_count(&out, 999);
    buf_putc(&out, ' ');
    human_count(&out, 1234567);
    buf_putc(&out, ' ');
    human_bytes(&out, 512);
    buf_putc(&out, ' ');
    human_bytes(&out, 12900000);
    assert_string_equal(buf_cstr(&out), "0 999 1,234,567 512 B 12.3 MiB");
    buf_free(&out);
}

static void answers_with_holes_are_read_without_harm(void **state)
{
    (void)state;
    struct buf out = BUF_NONE;
    json_t *answer = json_pack("{s:s, s:i, s:f, s:s, s:n}", "count", "7", "below", -3, "span", 1.5,
                               "at", "not a time", "none");
    assert_int_equal(json_count(answer, "count"), 0);
    assert_int_equal(json_count(answer, "below"), 0);
    assert_int_equal(json_count(NULL, "x"), 0);
    assert_int_equal(json_seconds_us(answer, "span"), 1500000);
    assert_int_equal(json_text(answer, "none").len, 0);
    json_when(&out, answer, "at", 0);
    json_when(&out, answer, "none", 0);
    assert_string_equal(buf_cstr(&out), "--");
    buf_free(&out);
    json_decref(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_aligns_its_columns_by_width_on_screen),
        cmocka_unit_test(table_in_parts_has_one_head_and_never_gets_narrower),
        cmocka_unit_test(table_cuts_what_shrinks_when_the_terminal_is_narrow),
        cmocka_unit_test(table_keeps_a_part_of_every_column_however_narrow_it_gets),
        cmocka_unit_test(table_is_tabs_where_there_is_no_terminal),
        cmocka_unit_test(table_colours_end_in_their_own_cell),
        cmocka_unit_test(table_makes_hostile_cells_harmless),
        cmocka_unit_test(table_without_rows_is_its_head),
        cmocka_unit_test(colours_stay_away_when_it_is_no_terminal),
        cmocka_unit_test(spans_have_two_units_at_most),
        cmocka_unit_test(times_are_told_from_now),
        cmocka_unit_test(figures_are_grouped),
        cmocka_unit_test(answers_with_holes_are_read_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
