#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "byline.h"
#include "urldate.h"

struct pair {
    const char *line, *names; /* "": none */
};

static void check(const struct pair *pairs, size_t count, struct str (*read)(struct str))
{
    for (size_t i = 0; i < count; i++) {
        struct str got = read(str_of(pairs[i].line));
        if (!str_is(got, pairs[i].names))
            fail_msg("\"%s\" names \"%.*s\", not \"%s\"", pairs[i].line, STR_ARG(got),
                     pairs[i].names);
    }
}

static void a_line_of_the_metadata_is_cleaned_of_what_is_no_name(void **state)
{
    (void)state;
    static const struct pair PAIRS[] = {
        {"By Ann Lee", "Ann Lee"},
        {"Written by: Ann Lee, Staff Writer", "Ann Lee"},
        {"byAnn Lee", "Ann Lee"},
        {"BYRON HILL", "BYRON HILL"},
        {"Byron Hill", "Byron Hill"},
        {", Ann Lee | 5 min read", "Ann Lee"},
        {"Ann Lee, Max Roe and Jan Berg", "Ann Lee, Max Roe and Jan Berg"},
        {"Ann Lee Edited by Max Roe", "Ann Lee"},
        {"By", ""},
    };
    check(PAIRS, ARRAY_LEN(PAIRS), byline_clean);
}

static void a_box_for_the_author_may_hold_a_date_and_buttons(void **state)
{
    (void)state;
    static const struct pair PAIRS[] = {
        {"Ann Lee March 4, 2026", "Ann Lee"},
        {"Ann Lee 4 August 2010", "Ann Lee"},
        {"Mar. 3, 2026 · Ann Lee", "Ann Lee"},
        {"View more posts", ""},
        {"Ann says:", ""},
        {"ann@wire.example", ""},
        {"2026", ""},
    };
    check(PAIRS, ARRAY_LEN(PAIRS), byline_said);
}

static void prose_that_begins_with_by_names_nobody(void **state)
{
    (void)state;
    static const struct pair PAIRS[] = {
        {"By Ann Lee", "Ann Lee"},
        {"by Ann Lee, Representative to the Liaison Committee of the Harbour", "Ann Lee"},
        {"By the end of the week", ""},
        {"By Tuesday", ""},
        {"By using this site you agree", ""},
        {"Ann Lee", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(PAIRS); i++) {
        struct str got = byline_after_lead(str_of(PAIRS[i].line), STR("en"));
        if (!str_is(got, PAIRS[i].names))
            fail_msg("\"%s\" names \"%.*s\"", PAIRS[i].line, STR_ARG(got));
    }
}

static void leads_of_other_languages_count_where_they_mean_it(void **state)
{
    (void)state;
    static const struct {
        const char *language, *line, *names;
    } ROWS[] = {
        {"de-AT", "Von Ann Lee", "Ann Lee"},
        {"de", "Von der Leyen", ""},
        {"en", "Von Ann Lee", ""},
        {"fr", "Par Ann Lee et Max Roe", "Ann Lee et Max Roe"},
        {"fr-CA", "Écrit par Ann Lee", "Ann Lee"},
        {"es", "Por Ann Lee", "Ann Lee"},
        {"pt-BR", "Por Ann Lee", "Ann Lee"},
        {"it", "di Ann Lee", "Ann Lee"},
        {"nl", "Door Ann Lee", "Ann Lee"},
        {"nb", "Av Ann Lee", "Ann Lee"},
        {"", "Autor: Ann Lee", "Ann Lee"},
        {"", "Autor Ann Lee", ""},
        {"ru", "Автор: Анна Ли", "Анна Ли"},
        {"ru", "Текст: Анна Ли, корреспондент", "Анна Ли"},
        {"ru", "Текст песни Анны Ли", ""},
        {"zh", "文/李安娜", "李安娜"},
        {"zh-TW", "記者李安娜", "李安娜"},
        {"zh", "作者：李安娜", "李安娜"},
        {"ar", "بقلم: آنا لي", "آنا لي"},
        {"he", "מאת אנה לי", "אנה לי"},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct str got = byline_after_lead(str_of(ROWS[i].line), str_of(ROWS[i].language));
        if (!str_is(got, ROWS[i].names))
            fail_msg("\"%s\" (%s) names \"%.*s\"", ROWS[i].line, ROWS[i].language, STR_ARG(got));
    }
    assert_true(byline_is_lead(STR("Von"), STR("de")));
    assert_false(byline_is_lead(STR("Von"), STR("en")));
    assert_true(byline_is_lead(STR("Author(s)"), STR("en")));
    assert_false(byline_is_lead(STR("Text"), STR_NONE));
}

static void agencies_stand_behind_names(void **state)
{
    (void)state;
    static const struct {
        const char *line, *names, *agency;
    } ROWS[] = {
        {"Ann Lee, Reuters", "Ann Lee", "Reuters"},
        {"Ann Lee (AP)", "Ann Lee", "AP"},
        {"Ann Lee / AFP", "Ann Lee", "AFP"},
        {"Reuters", "Reuters", "Reuters"},
        {"Ann Lee, Max Roe", "Ann Lee, Max Roe", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct str line = str_of(ROWS[i].line);
        const char *agency = byline_agency(&line);
        if (!str_is(line, ROWS[i].names) ||
            !str_is(str_of(agency), ROWS[i].agency ? ROWS[i].agency : ""))
            fail_msg("\"%s\": \"%.*s\" of %s", ROWS[i].line, STR_ARG(line), agency);
    }
}

static void accounts_are_told_from_names(void **state)
{
    (void)state;
    assert_true(byline_is_house(STR("ann.lee")));
    assert_true(byline_is_house(STR("alee7")));
    assert_false(byline_is_house(STR("Ann")));
    assert_false(byline_is_house(STR("ann lee")));
    assert_true(byline_is_house(STR("Site Admin")));
    assert_true(byline_is_house(STR("text: Ann, layout: Max")));
    assert_false(byline_is_house(STR("Island Post Staff")));
}

static void addresses_tell_the_day(void **state)
{
    (void)state;
    static const struct pair PAIRS[] = {
        {"https://wire.example/2026/03/05/fire", "2026-03-05"},
        {"https://wire.example/world/2026/mar/5/fire", "2026 mar 5"},
        {"https://wire.example/2026-03-05-fire", "2026-03-05"},
        {"https://wire.example/fire?on=/2026/03/05/", ""},
        {"https://wire.example/2026/03/fire", ""},
        {"https://wire.example/fire-2026", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(PAIRS); i++) {
        struct buf day = BUF_NONE;
        urldate_read(str_of(PAIRS[i].line), &day);
        assert_string_equal(buf_cstr(&day), PAIRS[i].names);
        buf_free(&day);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_the_metadata_is_cleaned_of_what_is_no_name),
        cmocka_unit_test(a_box_for_the_author_may_hold_a_date_and_buttons),
        cmocka_unit_test(prose_that_begins_with_by_names_nobody),
        cmocka_unit_test(leads_of_other_languages_count_where_they_mean_it),
        cmocka_unit_test(agencies_stand_behind_names),
        cmocka_unit_test(accounts_are_told_from_names),
        cmocka_unit_test(addresses_tell_the_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
