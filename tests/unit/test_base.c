#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <utf8proc.h>
#include <errno.h>

#include "clock.h"
#include "log.h"
#include "scratch.h"
#include "slug.h"
#include "slurp.h"
#include "str.h"
#include "utf8.h"

static void numbers_are_read_whole_or_refused(void **state)
{
    (void)state;
    uint64_t n = 7;
    assert_int_equal(str_u64(STR("18446744073709551615"), &n), 0);
    assert_true(n == UINT64_MAX);
    n = 7;
    assert_int_equal(str_u64(STR("18446744073709551616"), &n), -ERANGE);
    assert_int_equal(str_u64(STR("12x"), &n), -EINVAL);
    assert_int_equal(str_u64(STR(""), &n), -EINVAL);
    assert_int_equal(n, 7);
}

static void a_number_in_bytes_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct buf b = BUF_NONE;
    uint64_t n = 7;
    buf_put_le(&b, 0x0102, 2);
    buf_put_le(&b, UINT64_MAX - 1, 8);
    struct str rest = buf_str(&b);
    assert_memory_equal(rest.at, "\x02\x01\xfe\xff", 4);
    assert_true(str_take_le(&rest, 2, &n) && n == 0x0102);
    assert_false(str_take_le(&rest, 9, &n));
    assert_true(str_take_le(&rest, 8, &n) && n == UINT64_MAX - 1 && rest.len == 0);
    buf_free(&b);
}

static void hexadecimal_digits_go_there_and_back(void **state)
{
    (void)state;
    struct buf b = BUF_NONE;
    buf_put_hex(&b, "\x00\x9f\xff", 3);
    assert_true(str_eq(buf_str(&b), STR("009fff")));
    buf_free(&b);
    assert_int_equal(str_hex('7'), 7);
    assert_int_equal(str_hex('F'), 15);
    assert_int_equal(str_hex('g'), -1);
    assert_int_equal(str_hex('@'), -1);
    assert_int_equal(str_hex('\0'), -1);
}

static void lower_case_is_ascii_and_fits_or_is_not_made(void **state)
{
    (void)state;
    char out[4] = "";
    assert_true(str_lower(STR("A[z"), out, sizeof out));
    assert_string_equal(out, "a[z");
    assert_false(str_lower(STR("ABCD"), out, sizeof out));
    assert_true(str_lower(STR_NONE, out, sizeof out));
    assert_string_equal(out, "");
}

static void a_file_is_read_whole_up_to_its_limit(void **state)
{
    struct buf b = BUF_NONE;
    char path[SCRATCH_PATH + 8];
    snprintf(path, sizeof path, "%s/f", (const char *)*state);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (int i = 0; i < 100000; i++)
        fputc('a' + i % 26, file);
    fclose(file);
    assert_int_equal(slurp_file(path, 100000, &b), 0);
    assert_int_equal(b.len, 100000);
    assert_int_equal(b.at[99999], 'a' + 99999 % 26);
    buf_reset(&b);
    assert_int_equal(slurp_file(path, 99999, &b), -EFBIG);
    assert_int_equal(slurp_file("/nonexistent/f", 1, &b), -ENOENT);
    assert_int_equal(slurp_file(*state, 1, &b), -EISDIR);
    buf_free(&b);
}

static int make_scratch(void **state)
{
    static char dir[SCRATCH_PATH];
    *state = dir;
    return scratch_make(dir);
}

static int remove_scratch(void **state)
{
    return scratch_remove(*state);
}

static const char *slug(const char *address, bool marked, size_t max)
{
    static struct buf b;
    buf_free(&b);
    slug_put(&b, str_of(address), marked, max);
    return buf_cstr(&b);
}

static void an_address_gives_a_short_name_without_what_is_secret(void **state)
{
    (void)state;
    assert_string_equal(slug("https://www.Example.org/rss/world.xml?a=1", false, 48),
                        "example-org-rss-world-xml-a-1");
    assert_string_equal(slug("https://ann:secret@example.org/", false, 48), "example-org");
    assert_string_equal(slug("/srv/wire/in/", false, 48), "srv-wire-in");
}

static void a_name_that_does_not_say_all_ends_in_a_hash(void **state)
{
    (void)state;
    char first[64];
    snprintf(first, sizeof first, "%s", slug("https://example.org/a", true, 48));
    assert_int_equal(strlen(first), strlen("example-org-a-01234567"));
    assert_string_not_equal(first, slug("http://example.org/a", true, 48));
    assert_true(str_starts(str_of(slug("http://\xd0\xb9/", false, 48)), STR("source-")));
    /* cut right behind a dash, and right before one */
    assert_int_equal(strlen(slug("abcdefghijklmno/pqrstuv", false, 16)), 16);
    assert_int_equal(strlen(slug("abcdefghijklmnop/qrstuv", false, 16)), 16);
    assert_string_equal(slug("abcdefghijklmnop/", false, 16), "abcdefghijklmnop");
}

static void cutting_gives_every_part_once(void **state)
{
    (void)state;
    struct str rest = STR("a,,b"), part;
    assert_true(str_cut(&rest, ',', &part) && str_eq(part, STR("a")));
    assert_true(str_cut(&rest, ',', &part) && part.len == 0);
    assert_true(str_cut(&rest, ',', &part) && str_eq(part, STR("b")));
    assert_false(str_cut(&rest, ',', &part));
}

static void a_buffer_grows_and_stays_terminated(void **state)
{
    (void)state;
    struct buf b = BUF_NONE;
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%d,", i % 10);
    assert_int_equal(b.len, 2000);
    assert_int_equal(strlen(buf_cstr(&b)), 2000);
    buf_free(&b);
}

static void numbers_are_written_whole(void **state)
{
    static const uint64_t numbers[] = {0, 9, 10, 4711, 9999999999, UINT64_MAX};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        struct buf b = BUF_NONE;
        char text[24];
        snprintf(text, sizeof text, "%llu", (unsigned long long)numbers[i]);
        buf_put_u64(&b, numbers[i]);
        assert_string_equal(buf_cstr(&b), text);
        buf_free(&b);
    }
}

static void times_go_there_and_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"1970-01-01T00:00:00Z", "2026-02-28T23:59:59.000001Z",
                                        "2024-02-29T12:00:00Z", "1969-12-31T23:59:59.500000Z",
                                        "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        int64_t at;
        char text[CLOCK_TEXT];
        assert_int_equal(clock_parse(texts[i], &at), 0);
        assert_string_equal(clock_format(at, text), texts[i]);
    }
    int64_t at;
    assert_int_equal(clock_parse("2026-01-01T02:00:00+02:00", &at), 0);
    assert_int_equal(at, 1767225600000000);
    assert_int_equal(clock_parse("2026-13-01T00:00:00Z", &at), -EINVAL);
    assert_int_equal(clock_parse("2026-01-01", &at), -EINVAL);
}

static void a_frozen_clock_moves_only_by_hand(void **state)
{
    (void)state;
    clock_set(1000000000);
    int64_t mono = clock_mono();
    assert_int_equal(clock_now(), 1000000000);
    clock_advance(5 * USEC_PER_SEC);
    assert_int_equal(clock_now(), 1005000000);
    assert_int_equal(clock_mono() - mono, 5 * USEC_PER_SEC);
    clock_set(0);
    assert_true(clock_now() > 1700000000 * USEC_PER_SEC);
}

static void ill_formed_utf8_is_found(void **state)
{
    (void)state;
    assert_true(utf8_valid(STR("caf\xc3\xa9 \xf0\x9f\x8c\x8d")));
    assert_false(utf8_valid(STR("\xc0\xaf")));
    assert_false(utf8_valid(STR("\xed\xa0\x80")));
    assert_false(utf8_valid(STR("\xf4\x90\x80\x80")));
    assert_false(utf8_valid(STR("12345678\xc3")));
}

static void repair_replaces_each_ill_formed_part_once(void **state)
{
    (void)state;
    struct buf b = BUF_NONE;
    utf8_repair(STR("a\xe2\x82z\xff\0y"), &b);
    assert_true(str_eq(buf_str(&b), STR("a\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbdy")));
    assert_true(utf8_valid(buf_str(&b)));
    buf_free(&b);
}

/* The same by the long way: what the table must not change. */
static void fold_whole(struct str s, struct buf *out)
{
    utf8proc_uint8_t *folded = NULL;
    bool pending = false, begun = false;
    utf8proc_ssize_t n = utf8proc_map(
        (const utf8proc_uint8_t *)s.at, (utf8proc_ssize_t)s.len, &folded,
        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    struct str text = n < 0 ? s : (struct str){(const char *)folded, (size_t)n};
    for (size_t at = 0; at < text.len;) {
        size_t from = at;
        bool letter = utf8_alnum(utf8_next(text, &at));
        if (letter && pending)
            buf_putc(out, ' ');
        if (letter)
            buf_put(out, text.at + from, at - from);
        pending = letter ? false : begun;
        begun = begun || letter;
    }
    free(folded);
}

static void assert_folds_as_whole(struct str s)
{
    struct buf quick = BUF_NONE, whole = BUF_NONE;
    utf8_fold(s, &quick);
    fold_whole(s, &whole);
    if (!str_eq(buf_str(&quick), buf_str(&whole)))
        fail_msg("%.*s gives %.*s, not %.*s", STR_ARG(s), STR_ARG(buf_str(&quick)),
                 STR_ARG(buf_str(&whole)));
    buf_free(&quick);
    buf_free(&whole);
}

static void every_character_folds_as_the_whole_text_does(void **state)
{
    static const char *const beside[] = {"a", "\xcc\x81", "\xe1\x85\xa1", " ", "\xea\xb0\x80"};
    struct buf text = BUF_NONE;
    (void)state;
    for (uint32_t point = 1; point < 0x30000; point += point < 0x11000 ? 1 : 7) {
        if (point >= 0xd800 && point < 0xe000)
            continue;
        for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
            buf_reset(&text);
            buf_putz(&text, beside[i]);
            utf8_put(&text, point);
            buf_putz(&text, beside[ARRAY_LEN(beside) - 1 - i]);
            assert_folds_as_whole(buf_str(&text));
        }
    }
    assert_folds_as_whole(STR("Stra\xc3\x9f"
                              "e \xef\xac\x81x\xe2\x80\xa6 \xff bad \xc3"));
    buf_free(&text);
}

/* Every way in which letters, digits and breaks meet the ends of eight bytes, and what is not ASCII between them. */
static void any_text_folds_as_the_whole_text_does(void **state)
{
    static const char *const parts[] = {
        "a", "Z", "m", "0",    "9", " ", "  ", ".", "\n", "@",        "[",        "`",
        "{", "/", ":", "\x7f", "-", "_", "q",  "K", "5",  "\xc3\x89", "\xd0\x96", "\xe2\x80\xa6"};
    struct buf text = BUF_NONE;
    unsigned random = 1;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        buf_reset(&text);
        for (unsigned left = random % 40; left > 0; left--) {
            random = random * 1103515245U + 12345U;
            buf_putz(&text, parts[(random >> 16) % ARRAY_LEN(parts)]);
        }
        random = random * 1103515245U + 12345U;
        assert_folds_as_whole(buf_str(&text));
    }
    buf_free(&text);
}

/* Without the cut after thirty, a minute. */
static void a_text_of_nothing_but_marks_folds_at_once(void **state)
{
    enum { MARKS = 100000 };
    struct buf text = BUF_NONE, folded = BUF_NONE, again = BUF_NONE;
    (void)state;
    buf_putc(&text, 'a');
    for (size_t i = 0; i < 2UL * MARKS; i++)
        buf_puts(&text, i < MARKS ? STR("\xcc\x81") : STR("\xcc\xa3"));
    int64_t start = clock_mono();
    utf8_fold(buf_str(&text), &folded);
    assert_true(clock_mono() - start < 5 * USEC_PER_SEC);
    assert_int_equal(utf8_points(buf_str(&folded)), 2 * MARKS); /* the first makes one with 'a' */
    utf8_fold(buf_str(&text), &again);
    assert_true(str_eq(buf_str(&folded), buf_str(&again)));
    buf_free(&text);
    buf_free(&folded);
    buf_free(&again);
}

static void folding_leaves_what_the_same_text_shares(void **state)
{
    (void)state;
    struct buf a = BUF_NONE, b = BUF_NONE;
    utf8_fold(STR("  Caf\xc3\x89 \xe2\x80\x9cOpen\xe2\x80\x9d -- 9 a.m."), &a);
    utf8_fold(STR("cafe\xcc\x81 open 9 a m"), &b);
    assert_string_equal(buf_cstr(&a), buf_cstr(&b));
    assert_string_equal(buf_cstr(&a), "caf\xc3\xa9 open 9 a m");
    buf_free(&a);
    buf_free(&b);
}

static void points_and_cuts_respect_characters(void **state)
{
    (void)state;
    struct str s = STR("a\xc3\xa9\xe2\x82\xac");
    assert_int_equal(utf8_points(s), 3);
    assert_int_equal(utf8_offset(s, 2), 3);
    assert_int_equal(utf8_offset(s, 9), s.len);
    assert_int_equal(utf8_upto(s, 5).len, 3);
    assert_true(str_eq(utf8_trim(STR("\xc2\xa0 a \xe3\x80\x80")), STR("a")));
}

static void squashing_keeps_one_blank_between_words(void **state)
{
    (void)state;
    struct buf b = BUF_NONE;
    utf8_squash(STR("\n one \t\xc2\xa0 two\n"), &b);
    assert_string_equal(buf_cstr(&b), "one two");
    buf_free(&b);
}

/* The same, one character after the other. */
static void squash_slowly(struct str s, struct buf *out)
{
    bool pending = false, begun = false;
    for (size_t at = 0, from = 0; at < s.len; from = at) {
        if (utf8_space(utf8_next(s, &at))) {
            pending = begun;
            continue;
        }
        if (pending)
            buf_putc(out, ' ');
        buf_put(out, s.at + from, at - from);
        pending = false;
        begun = true;
    }
}

static void squashing_gives_the_same_however_words_and_blanks_fall(void **state)
{
    (void)state;
    static const char *const pieces[] = {"a",
                                         "word",
                                         " ",
                                         "\n",
                                         "\t ",
                                         "\x01",
                                         "é",
                                         "\xc2\xa0",
                                         "жук",
                                         "\xe2\x80\x89",
                                         "—",
                                         "語",
                                         "\xe2\x80",
                                         "\xbf",
                                         "\xf0\x9f\x98\x80",
                                         "\x7f",
                                         "  ",
                                         "longer words",
                                         "\xe3\x80\x80",
                                         "\r\n"};
    uint32_t random = 7;
    for (unsigned round = 0; round < 20000; round++) {
        struct buf text = BUF_NONE, fast = BUF_NONE, slow = BUF_NONE;
        for (unsigned n = round % 24; n > 0; n--) {
            random = random * 1664525 + 1013904223;
            buf_putz(&text, pieces[(random >> 16) % ARRAY_LEN(pieces)]);
        }
        buf_putz(&fast, "x");
        buf_putz(&slow, "x");
        utf8_squash(buf_str(&text), &fast);
        squash_slowly(buf_str(&text), &slow);
        assert_true(str_eq(buf_str(&fast), buf_str(&slow)));
        buf_free(&text);
        buf_free(&fast);
        buf_free(&slow);
    }
}

static void text_from_outside_cannot_forge_a_log_line(void **state)
{
    (void)state;
    assert_string_equal(log_safe(STR("plain-1.2/x")), "plain-1.2/x");
    assert_string_equal(log_safe(STR("a\nroom: b=\"c\"")), "\"a\\x0aroom: b=\\\"c\\\"\"");
    assert_string_equal(log_safe(STR("\x1b[31m\xc2\x9b")), "\"\\x1b[31m\xc2\\x9b\"");
    assert_string_equal(log_safe(STR("")), "\"\"");
    struct buf b = BUF_NONE;
    for (int i = 0; i < 1000; i++)
        buf_putc(&b, 'a');
    assert_true(strlen(log_safe(buf_str(&b))) < LOG_SAFE_MAX + 10);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_whole_or_refused),
        cmocka_unit_test(a_number_in_bytes_is_read_as_it_was_written),
        cmocka_unit_test(hexadecimal_digits_go_there_and_back),
        cmocka_unit_test(lower_case_is_ascii_and_fits_or_is_not_made),
        cmocka_unit_test_setup_teardown(a_file_is_read_whole_up_to_its_limit, make_scratch,
                                        remove_scratch),
        cmocka_unit_test(an_address_gives_a_short_name_without_what_is_secret),
        cmocka_unit_test(a_name_that_does_not_say_all_ends_in_a_hash),
        cmocka_unit_test(cutting_gives_every_part_once),
        cmocka_unit_test(a_buffer_grows_and_stays_terminated),
        cmocka_unit_test(numbers_are_written_whole),
        cmocka_unit_test(times_go_there_and_back),
        cmocka_unit_test(a_frozen_clock_moves_only_by_hand),
        cmocka_unit_test(ill_formed_utf8_is_found),
        cmocka_unit_test(repair_replaces_each_ill_formed_part_once),
        cmocka_unit_test(every_character_folds_as_the_whole_text_does),
        cmocka_unit_test(any_text_folds_as_the_whole_text_does),
        cmocka_unit_test(a_text_of_nothing_but_marks_folds_at_once),
        cmocka_unit_test(folding_leaves_what_the_same_text_shares),
        cmocka_unit_test(points_and_cuts_respect_characters),
        cmocka_unit_test(squashing_keeps_one_blank_between_words),
        cmocka_unit_test(squashing_gives_the_same_however_words_and_blanks_fall),
        cmocka_unit_test(text_from_outside_cannot_forge_a_log_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
