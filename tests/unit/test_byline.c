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
    check(PAIRS, ARRAY_LEN(PAIRS), byline_after_lead);
}

static void accounts_are_told_from_names(void **state)
{
    (void)state;
    assert_true(byline_is_login(STR("ann.lee")));
    assert_true(byline_is_login(STR("alee7")));
    assert_false(byline_is_login(STR("Ann")));
    assert_false(byline_is_login(STR("ann lee")));
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
        cmocka_unit_test(accounts_are_told_from_names),
        cmocka_unit_test(addresses_tell_the_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
