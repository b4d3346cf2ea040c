#include "parse_help.h"

static void check_article(const char *name, const json_t *expect, const struct outcome *o)
{
    if (o->err != 0 || o->count != 1)
        fail_msg("%s: %d (%s), %zu items", name, o->err, o->report.reason, o->count);
    check_item(name, expect, o->items[0], false);
}

static void pages_of_many_houses_give_their_story_and_nothing_else(void **state)
{
    (void)state;
    run_cases("tests/cases/articles", "input.html", PARSE_ARTICLE, 12, check_article);
}

static void an_empty_page_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct outcome o;
    outcome_of(PARSE_ARTICLE, STR("<html><body><script>x</script></body></html>"), STR_NONE, &o);
    assert_int_not_equal(o.err, 0);
    assert_int_equal(o.count, 0);
    assert_true(o.report.reason[0] != '\0');
    outcome_done(&o);
}

static void text_below_the_depth_limit_is_kept(void **state)
{
    (void)state;
    struct buf page = BUF_NONE;
    struct outcome o;
    buf_putz(&page, "<title>Deep</title>");
    for (int i = 0; i < 20000; i++)
        buf_putz(&page, "<div>");
    buf_putz(
        &page,
        "<p>The last words of a page that somebody nested twenty thousand times, for fun.</p>");
    outcome_of(PARSE_ARTICLE, buf_str(&page), STR_NONE, &o);
    assert_int_equal(o.err, 0);
    assert_int_equal(o.count, 1);
    assert_true(str_find(o.items[0]->field[ITEM_BODY], STR("The last words of a page")) !=
                SIZE_MAX);
    outcome_done(&o);
    buf_free(&page);
}

static void nasty_pages_take_linear_time(void **state)
{
    (void)state;
    check_nasty(PARSE_ARTICLE, "", "<div>", 100000, "text");
    check_nasty(PARSE_ARTICLE, "<p ", "a=1 ", 20000, ">text</p>");
    check_nasty(PARSE_ARTICLE, "<p class='", "share-bar ", 100000, "'>text</p>");
    check_nasty(PARSE_ARTICLE, "<p>", "word ", 200000, "</p>");
    check_nasty(PARSE_ARTICLE, "", "<b></i>", 100000, "");
    check_nasty(PARSE_ARTICLE, "", "<li><a>", 100000, "");
    check_nasty(PARSE_ARTICLE, "", "<time itemprop=datePublished>x", 30000, "");
    check_nasty(PARSE_ARTICLE, "", "<time>", 100000, "");
    check_nasty(PARSE_ARTICLE, "", "<div class=author>", 100000, "");
    check_nasty(PARSE_ARTICLE, "", "<p>By<a href=/author/x>", 60000, "");
    check_nasty(PARSE_ARTICLE, "<h1>x</h1>", "<i>By</i>, ", 100000, "");
    check_nasty(PARSE_ARTICLE, "", "<meta name=author content='Ann Lee'>", 60000, "");
    check_nasty(PARSE_ARTICLE, "", "<figure><figcaption>x", 30000, "");
    check_nasty(PARSE_ARTICLE, "", "<table><tr><td>x", 30000, "");
    check_nasty(PARSE_ARTICLE, "<script type='application/ld+json'>", "[", 200000, "</script>");
    check_nasty(PARSE_ARTICLE, "<script type='application/ld+json'>[", ",", 200000, "]</script>");
    check_nasty(PARSE_ARTICLE, "", "<svg>", 100000, "");
    check_nasty(PARSE_ARTICLE, "", "<!--", 100000, "");
    check_nasty(PARSE_ARTICLE, "", "&", 500000, "");
    check_nasty(PARSE_ARTICLE, "", "<div hidden id='S:1'>x<template id='B:1'></template>", 20000,
                "");
    check_nasty(PARSE_ARTICLE, "", "<template id='B:7'></template><p hidden id='S:7'>x", 20000, "");
    check_nasty(PARSE_ARTICLE, "", "<button><p>Is it so?", 50000, "");
    check_nasty(PARSE_ARTICLE, "", "<blockquote>so many words that it is worth a look</blockquote>",
                20000, "");
    check_nasty(PARSE_ARTICLE, "<h1>x</h1>", "<div class=c><h3><a href=/1>another story</a></h3>",
                20000, "");
    check_nasty(PARSE_ARTICLE, "<h1>x</h1>",
                "<div class=toc-para><p>A sentence, long enough to be taken for text.</p>", 10000,
                "");
    check_nasty(PARSE_ARTICLE, "<h1>a b c</h1>", "<h1>a b c</h1><p>By Ann Lee", 30000, "");
    check_nasty(PARSE_ARTICLE,
                "<script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"articleBody\":\"",
                "word ", 100000, "\"}</script><p>word<p>word<p>word<p>word<p>word");
    check_nasty(PARSE_ARTICLE, "<p>", "\xd1\x84\xd0\xbe\xd1\x82\xd0\xbe: ", 50000, "</p>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_many_houses_give_their_story_and_nothing_else),
        cmocka_unit_test(an_empty_page_is_refused_with_a_reason),
        cmocka_unit_test(text_below_the_depth_limit_is_kept),
        cmocka_unit_test(nasty_pages_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
