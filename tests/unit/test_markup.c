#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "entities.h"
#include "markup.h"

static void gives(void (*function)(struct str, struct buf *), const char *html, const char *want)
{
    struct buf out = BUF_NONE;
    function(str_of(html), &out);
    if (!str_is(buf_str(&out), want))
        fail_msg("%s: want [%s], got [%s]", html, want, buf_cstr(&out));
    buf_free(&out);
}

static void paragraphs_are_separated_by_a_blank_line(void **state)
{
    (void)state;
    gives(markup_text, "<p>One  two</p>\n<p>three</p>", "One two\n\nthree");
    gives(markup_text, "one<br>two<br/><br />three", "one\ntwo\n\nthree");
    gives(markup_text, "<h2>Head</h2>text<div>block</div>", "Head\n\ntext\n\nblock");
    gives(markup_text, "a<b>b</b> <i>c</i>", "ab c");
    gives(markup_text, "", "");
}

static void list_items_and_table_rows_stand_on_their_own_lines(void **state)
{
    (void)state;
    gives(markup_text, "x<ul><li>one</li><li>two</li></ul>y", "x\n\none\ntwo\n\ny");
    gives(markup_text, "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc");
    gives(markup_text, "<pre>a\nb</pre>c", "a\nb\n\nc");
}

static void scripts_styles_and_comments_do_not_show(void **state)
{
    (void)state;
    gives(markup_text, "a<script>if (x<y) alert('</p>')</script>b", "ab");
    gives(markup_text, "a<STYLE type=x>p{}</style >b<!-- <p>no</p> -->c", "abc");
    gives(markup_text, "a<script>never ends", "anever ends");
    gives(markup_text, "a<script/>b", "ab");
    gives(markup_text, "a<!-- never ends <b>b</b>", "ab");
}

static void references_are_resolved_as_browsers_do(void **state)
{
    (void)state;
    gives(markup_text, "&lt;b&gt; &amp;amp; &eacute;&nbsp;&#8212;&#x2014;&#150;",
          "<b> &amp; é ——–");
    gives(markup_text, "AT&T &copy 2026 &copyright &unknown; ?a=1&lt=2",
          "AT&T © 2026 &copyright &unknown; ?a=1&lt=2");
    gives(markup_unescape, "<b>&quot;x&#0;y&quot;</b>", "<b>\"x\xef\xbf\xbdy\"</b>");
    gives(markup_text, "don\xc2\x92t", "don’t");
}

static void what_only_looks_like_a_tag_is_text(void **state)
{
    (void)state;
    gives(markup_text, "1 < 2 and 3 > 2 <", "1 < 2 and 3 > 2 <");
    gives(markup_text, "<a title='1 > 0' href=x>link</a>", "link");
    gives(markup_text, "<a title='never closed>link</a>", "link");
    gives(markup_line, "shares of <AAPL> rose <b>5%</b>\n today", "shares of <AAPL> rose 5% today");
    gives(markup_line, "one<p>two</p>three", "one two three");
}

static void text_that_is_escaped_comes_back_as_it_was(void **state)
{
    (void)state;
    struct buf escaped = BUF_NONE, back = BUF_NONE;
    markup_escape(STR("a < b && c &amp; <script>"), &escaped);
    markup_text(buf_str(&escaped), &back);
    assert_true(str_is(buf_str(&back), "a < b && c &amp; <script>"));
    buf_free(&escaped);
    buf_free(&back);
}

static void every_entity_of_the_table_is_found(void **state)
{
    (void)state;
    assert_int_equal(entity_point(STR("AElig")), 0xc6);
    assert_int_equal(entity_point(STR("zwnj")), 0x200c);
    assert_int_equal(entity_point(STR("hellip")), 0x2026);
    assert_int_equal(entity_point(STR("Zcaron")), 0x17d);
    assert_int_equal(entity_point(STR("am")), 0);
    assert_int_equal(entity_point(STR("")), 0);
}

/* 2 MiB of each trap; a quadratic reader would take minutes. */
static void traps_take_linear_time(void **state)
{
    (void)state;
    static const char *const traps[] = {"<",   "<a ",       "<a b='",    "<script>", "<!--",
                                        "&",   "&amp",      "<![CDATA[", "</",       "<p",
                                        "<b>", "<a b=\"'>", "<!"};
    int64_t start = clock_mono();
    for (size_t i = 0; i < ARRAY_LEN(traps); i++) {
        struct buf html = BUF_NONE, out = BUF_NONE;
        while (html.len < (2UL << 20))
            buf_putz(&html, traps[i]);
        markup_text(buf_str(&html), &out);
        markup_line(buf_str(&html), &out);
        buf_free(&html);
        buf_free(&out);
    }
    assert_true(clock_mono() - start < 20 * USEC_PER_SEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paragraphs_are_separated_by_a_blank_line),
        cmocka_unit_test(list_items_and_table_rows_stand_on_their_own_lines),
        cmocka_unit_test(scripts_styles_and_comments_do_not_show),
        cmocka_unit_test(references_are_resolved_as_browsers_do),
        cmocka_unit_test(what_only_looks_like_a_tag_is_text),
        cmocka_unit_test(text_that_is_escaped_comes_back_as_it_was),
        cmocka_unit_test(every_entity_of_the_table_is_found),
        cmocka_unit_test(traps_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
