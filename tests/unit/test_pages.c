#include "parse_help.h"

#include <errno.h>

#include "selector.h"

static void check_page(const char *name, const json_t *expect, const struct outcome *o)
{
    const json_t *items = json_object_get(expect, "items");
    if (o->err != 0)
        fail_msg("%s: %d (%s)", name, o->err, o->report.reason);
    for (size_t i = 0; i < o->count && i < json_array_size(items); i++) {
        const struct str *field = o->items[i]->field;
        const json_t *pair = json_array_get(items, i);
        struct str link = str_of(json_string_value(json_array_get(pair, 0)));
        struct str headline = str_of(json_string_value(json_array_get(pair, 1)));
        if (!str_eq(field[ITEM_LINK], link) || !str_eq(field[ITEM_HEADLINE], headline))
            fail_msg("%s: %.*s \"%.*s\" instead of %.*s", name, STR_ARG(field[ITEM_LINK]),
                     STR_ARG(field[ITEM_HEADLINE]), STR_ARG(link));
        assert_int_equal(field[ITEM_BODY].len, 0);
    }
    if (o->count != json_array_size(items))
        fail_msg("%s: %zu items, not %zu", name, o->count, json_array_size(items));
    check_text(name, expect, "feeds", buf_str(&o->feeds));
}

static void list_pages_give_one_item_a_link_in_order(void **state)
{
    (void)state;
    run_cases("tests/cases/pages", "input.html", PARSE_PAGE, 5, check_page);
}

static void a_selector_that_is_none_is_refused_with_its_place(void **state)
{
    (void)state;
    struct outcome o;
    struct parse_request request = {.bytes = STR("<p>x"), .type = PARSE_PAGE, .links = STR("a >")};
    outcome_with(request, &o);
    assert_int_equal(o.err, -EBADMSG);
    assert_string_equal(o.report.reason,
                        "links: at 4: an element is missing (a name, '*', '.', '#' or '[')");
    outcome_done(&o);
}

/* Every element of a deep page may end every beginning of the selector. */
static void a_selector_costs_a_page_once(void **state)
{
    (void)state;
    struct buf page = BUF_NONE, links = BUF_NONE;
    struct outcome o;
    for (int i = 0; i < 20000; i++)
        buf_putz(&page, "<div class=a>");
    buf_putz(&page, "<a href=/b>text</a>");
    for (int i = 0; i < SELECTOR_PARTS - 1; i++)
        buf_putz(&links, "div.a ");
    buf_putz(&links, "> a");
    int64_t from = cpu_ms();
    outcome_with((struct parse_request){.bytes = buf_str(&page),
                                        .type = PARSE_PAGE,
                                        .url = STR("https://post.example/"),
                                        .links = buf_str(&links)},
                 &o);
    assert_true(cpu_ms() - from <= NASTY_MS);
    assert_int_equal(o.count, 1);
    outcome_done(&o);
    buf_free(&page);
    buf_free(&links);
}

static void nasty_pages_take_linear_time(void **state)
{
    (void)state;
    check_nasty(PARSE_PAGE, "", "<div>", 100000, "text");
    check_nasty(PARSE_PAGE, "", "<a href=/news/some-story-of-the-day>", 50000,
                "five words of a headline");
    check_nasty(PARSE_PAGE, "<a ", "href=x ", 20000, ">text</a>");
    check_nasty(PARSE_PAGE, "", "<h2><a href=/2026/a-b-c>One and the same headline here</a></h2>",
                15000, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_pages_give_one_item_a_link_in_order),
        cmocka_unit_test(a_selector_that_is_none_is_refused_with_its_place),
        cmocka_unit_test(a_selector_costs_a_page_once),
        cmocka_unit_test(nasty_pages_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
