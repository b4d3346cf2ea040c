/*
 * The reader of pages against the HTML standard: what is markup, what is text, and which element a
 * text belongs to. A tree is written as markup again: an element with something in it has an end tag, an
 * element without has none, the attributes that are kept stand in order, texts are decoded. An
 * element that is not in HTML_TAGS is written as "?".
 *
 * Where the standard loses text that readers would miss, ours keeps it: those cases stand by themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "html.h"
#include "limits.h"

static const char *const TAG_NAMES[] = {"", "?",
#define TAG_NAME(id, name, flags) name,
                                        HTML_TAGS(TAG_NAME)
#undef TAG_NAME
};

static const char *const ATTR_NAMES[] = {
#define ATTR_NAME(id, name) name,
    HTML_ATTRS(ATTR_NAME)
#undef ATTR_NAME
};

static void write_start(const struct html *html, size_t i, struct buf *out)
{
    const struct html_node *node = &html->nodes[i];
    buf_printf(out, "<%s", TAG_NAMES[node->tag]);
    for (size_t k = 0; k < node->attr_count; k++) {
        const struct html_value *a = &html->attrs[node->attrs + k];
        buf_printf(out, " %s=%.*s", ATTR_NAMES[a->name], STR_ARG(a->value));
    }
    buf_putc(out, '>');
}

static void write_below(const struct html *html, size_t node, struct buf *out)
{
    for (size_t i = node + 1; i < html->nodes[node].end; i = html->nodes[i].end) {
        const struct html_node *child = &html->nodes[i];
        assert_int_equal(child->parent, node);
        if (child->tag != HTML_TEXT)
            write_start(html, i, out);
        buf_puts(out, child->text);
        write_below(html, i, out);
        if (child->tag != HTML_TEXT && (child->text.len || child->end > i + 1))
            buf_printf(out, "</%s>", TAG_NAMES[child->tag]);
    }
}

static void write_tree(const char *page, struct buf *out)
{
    /* In memory of its own length, so that a sanitizer sees a step too far. */
    char *exact = malloc(strlen(page) + 1);
    struct str text = {exact, strlen(page)};
    struct html html;
    memcpy(exact, page, text.len);
    exact = realloc(exact, text.len ? text.len : 1);
    text.at = exact;
    html_read(text, &html);
    write_below(&html, 0, out);
    html_done(&html);
    free(exact);
}

struct html_case {
    const char *page, *tree;
};

static void check(const struct html_case *cases, size_t count)
{
    unsigned failed = 0;
    for (size_t i = 0; i < count; i++) {
        struct buf got = BUF_NONE;
        write_tree(cases[i].page, &got);
        if (!str_is(buf_str(&got), cases[i].tree)) {
            print_error("%s\n  want: %s\n  got:  %s\n", cases[i].page, cases[i].tree,
                        buf_cstr(&got));
            failed++;
        }
        buf_free(&got);
    }
    assert_int_equal(failed, 0);
}

#define CHECK(cases) check(cases, ARRAY_LEN(cases))

/* Section 13.2.5.72 and following. */
static void references_in_text_are_decoded(void **state)
{
    (void)state;
    static const struct html_case cases[] = {
        {"a &amp; b &lt;i&gt; &quot;c&quot;", "a & b <i> \"c\""},
        {"&amp", "&"},
        {"&AMP;&COPY;&copy", "&©©"},
        {"caf&eacute; &eacute x &hellip;", "café é x …"},
        {"&hellip x", "&hellip x"}, /* known with its semicolon only */
        {"AT&T &unknown; & &; &&amp;", "AT&T &unknown; & &; &&"},
        {"&", "&"},
        {"&#", "&#"},
        {"&#x", "&#x"},
        {"&#;&#x;&#g;&#xg;", "&#;&#x;&#g;&#xg;"},
        {"&#65;&#65 &#x41;&#X41;&#x4a", "AA AAJ"},
        {"&#0;&#xd800;&#x110000;&#99999999999999999999;",
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"&#x80;&#150;&#x9f;", "€–Ÿ"},
        {"&#x1f600;&#8212;", "😀—"},
        {"&amp;amp; &amp;#65;", "&amp; &#65;"},
        {"&lt;p>", "<p>"},
        {"&#60;p&#62;x", "<p>x"},
        {"&nbsp;x", "\xc2\xa0x"},
        {"x&zwnj;y", "x\xe2\x80\x8cy"},
    };
    CHECK(cases);
}

/* Section 13.2.5.33 and following. */
static void attributes_are_read_however_they_are_written(void **state)
{
    (void)state;
    static const struct html_case cases[] = {
        {"<p class=\"a b\" id='c'>x", "<p class=a b id=c>x</p>"},
        {"<p class=a id=b>x", "<p class=a id=b>x</p>"},
        {"<p class=\"a\"id=\"b\"title='c'>x", "<p class=a id=b title=c>x</p>"},
        {"<p class = \"a\" id\n=\n'b'>x", "<p class=a id=b>x</p>"},
        {"<P CLASS=A ID=B>x", "<p class=A id=B>x</p>"},
        {"<p\n\tclass=a\r\n\fid=b\n>x", "<p class=a id=b>x</p>"},
        {"<p/class=a/id=b>x", "<p class=a/id=b>x</p>"},
        {"<p / class=a / id=b />x", "<p class=a id=b>x</p>"},
        {"<a href=/x/y/>z", "<a href=/x/y/>z</a>"},
        {"<a href=?a=1&b=2>z", "<a href=?a=1&b=2>z</a>"},
        {"<p hidden>x", "<p hidden=>x</p>"},
        {"<p hidden class>x", "<p hidden= class=>x</p>"},
        {"<p class=>x", "<p class=>x</p>"},
        {"<p class= >x", "<p class=>x</p>"},
        {"<p class= \n id=b>x", "<p class=id=b>x</p>"},
        {"<p class=\"\" id=''>x", "<p class= id=>x</p>"},
        {"<p class='a\"b' id=\"c'd\">x", "<p class=a\"b id=c'd>x</p>"},
        {"<p class=a\"b id=c'd>x", "<p class=a\"b id=c'd>x</p>"},
        {"<p title=\"a > b < c\">x", "<p title=a > b < c>x</p>"},
        {"<p title=\"a\nb\">x", "<p title=a\nb>x</p>"},
        {"<p =class=a id=b>x", "<p id=b>x</p>"},
        {"<p class==a>x", "<p class==a>x</p>"},
        {"<p class<b=c id=d>x", "<p id=d>x</p>"},
        {"<p \"class=a\" id=b>x", "<p id=b>x</p>"},
        {"<p data-class=a classes=b class=c>x", "<p class=c>x</p>"},
        {"<p title=\"a &amp; b &lt; &#67;\">x", "<p title=a & b < C>x</p>"},
        {"<a href=\"?a=1&copy=2&amp=3&lt\">x", "<a href=?a=1&copy=2&amp=3<>x</a>"},
        {"<a href=\"?a=1&copyb=2&regc=3\">x", "<a href=?a=1&copyb=2&regc=3>x</a>"},
        {"<p title=a&amp;b>x", "<p title=a&b>x</p>"},
        {"<img src=\"a.jpg\" alt=\"b\"/>x", "<img src=a.jpg alt=b>x"},
        {"<p class=a", "<p class=a>"},
        {"<p class=\"a>x</p>", "<p class=a>x</p>>"},
        {"</p class=\"a>b\">x", "x"},
    };
    CHECK(cases);
}

/* Section 13.2.5.6 and following. */
static void what_begins_like_a_tag_may_be_text(void **state)
{
    (void)state;
    static const struct html_case cases[] = {
        {"", ""},
        {"a < b > c", "a < b > c"},
        {"I <3 you", "I <3 you"},
        {"<>x", "<>x"},
        {"<", "<"},
        {"a<", "a<"},
        {"</", "</"},
        {"a <<p>b", "a <<p>b</p>"},
        {"<DIV>x</Div>y", "<div>x</div>y"},
        {"<div >x</div\n>y", "<div>x</div>y"},
        {"<div/>x</div>y", "<div>x</div>y"},
        {"a<br>b<br/>c<br />d</br>e", "a<br>b<br>c<br>d<br>e"},
        {"<x-card>a</x-card>b", "<?>a</?>b"},
        {"<o:p>a</o:p>b", "<?>a</?>b"},
        {"<p<b>x", "<?>x</?>"},
        {"<divx>a</divx>b", "<?>a</?>b"},
        {"</>x", "x"},
        {"</ p>x", "x"},
        {"</3>x", "x"},
        {"<?php echo 1 ?>x", "x"},
        {"<?xml version=\"1.0\"?>x", "x"},
        {"<!DOCTYPE html>x", "x"},
        {"<!doctype html SYSTEM 'about:legacy-compat'>x", "x"},
        {"<!ELEMENT a>x", "x"},
        {"<!>x", "x"},
        {"<p>x</p", "<p>x</p>"},
        {"x<p", "x<p>"},
        {"x</p", "x"},
    };
    CHECK(cases);
}

/* Section 13.2.5.43 and following. */
static void comments_end_where_browsers_end_them(void **state)
{
    (void)state;
    static const struct html_case cases[] = {
        {"a<!-- b -->c", "ac"},
        {"a<!---->c", "ac"},
        {"a<!-->c", "ac"},
        {"a<!--->c", "ac"},
        {"a<!----->c", "ac"},
        {"a<!-- b --!>c", "ac"},
        {"a<!-- b --!x -->c", "ac"},
        {"a<!-- b --! >d-->c", "ac"},
        {"a<!--!>b-->c", "ac"},
        {"a<!--b--c-->d", "ad"},
        {"a<!--b->c-->d", "ad"},
        {"a<!-- <p>b</p> -->c", "ac"},
        {"a<!-- <!-- b --> c -->d", "a c -->d"},
        {"a<!-- > -->c", "ac"},
        {"a<!- b -->c", "ac"},
        {"a<! -- b -->c", "ac"},
        {"a<![CDATA[b]]>c", "ac"},
        {"a<![CDATA[b>c]]>d", "ac]]>d"},
        {"a<![if !IE]>b<![endif]>c", "abc"},
        {"a<!--[if IE]>b<![endif]-->c", "ac"},
        {"a<!-- b", "a"},
        {"a<!-- b --", "a"},
        {"a<!-- b --!", "a"},
        {"a<!--", "a"},
        {"a<!-", "a"},
        {"a<!", "a"},
        {"a<?", "a"},
    };
    CHECK(cases);
}

/* Section 13.2.5.2 and .3, .9 to .14. */
static void text_of_some_elements_is_no_markup(void **state)
{
    (void)state;
    static const struct html_case cases[] = {
        {"<title>a &amp; <b>b</b></title>c", "<title>a & <b>b</b></title>c"},
        {"<title>a</titles>b</title>c", "<title>a</titles>b</title>c"},
        {"<TITLE>a</TITLE>b", "<title>a</title>b"},
        {"<style>p > a { content: '</p>' }</style>b", "<style>p > a { content: '</p>' }</style>b"},
        {"<style><!-- a --></style>b", "<style><!-- a --></style>b"},
        {"<textarea>a <p> &amp;</textarea>b", "<textarea>a <p> &amp;</textarea>b"},
        {"<iframe><p>a</p></iframe>b", "<iframe><p>a</p></iframe>b"},
        {"<script>if (a < b && c > d) e('<p>');</script>f",
         "<script>if (a < b && c > d) e('<p>');</script>f"},
        {"<script>a</script >b", "<script>a</script>b"},
        {"<script>a</script/>b", "<script>a</script>b"},
        {"<script>a</SCRIPT\n>b", "<script>a</script>b"},
        {"<script>a</script x=y>b", "<script>a</script>b"},
        {"<script>a</scripts>b</script>c", "<script>a</scripts>b</script>c"},
        {"<script>a</script1>b</script>c", "<script>a</script1>b</script>c"},
        {"<script>a</ script>b</script>c", "<script>a</ script>b</script>c"},
        {"<script>a</</script>b", "<script>a</</script>b"},
        {"<script>a<</script>b", "<script>a<</script>b"},
        {"<script></script>b", "<script>b"},
        {"<script src=x />a</script>b", "<script src=x>a</script>b"},
        {"<script>&amp;</script>b", "<script>&amp;</script>b"},
        {"<script>a", "<script>a</script>"},
        {"<script>a</script", "<script>a</script</script>"},
        {"<style>a", "<style>a</style>"},
        {"<noscript><p>a</p></noscript>b", "<noscript><p>a</p></noscript>b"},
        {"<noframes><p>a</p></noframes>b", "<noframes><p>a</p></noframes>b"},
        {"<noembed><p>a</p></noembed>b", "<noembed><p>a</p></noembed>b"},
    };
    CHECK(cases);
}

/* Section 13.2.5.15 to .31: scripts that write scripts. */
static void a_script_within_a_comment_of_a_script_ends_by_itself(void **state)
{
    (void)state;
    static const struct html_case cases[] = {
        {"<script><!-- a --></script>b", "<script><!-- a --></script>b"},
        {"<script><!-- a </script>b", "<script><!-- a </script>b"},
        {"<script><!-- <script> a </script> --></script>b",
         "<script><!-- <script> a </script> --></script>b"},
        {"<script><!-- <script> a </script> </script>b",
         "<script><!-- <script> a </script> </script>b"},
        {"<script><!-- <SCRIPT/> a </script\n> c </script>b",
         "<script><!-- <SCRIPT/> a </script\n> c </script>b"},
        {"<script><!-- <script> a --> c </script>b", "<script><!-- <script> a --> c </script>b"},
        {"<script><!-- <scripts> a </script>b", "<script><!-- <scripts> a </script>b"},
        {"<script><!-- <script>a</script><script>c</script></script>b",
         "<script><!-- <script>a</script><script>c</script></script>b"},
        {"<script><!--><script> a </script>b", "<script><!--><script> a </script>b"},
        {"<script><!---><script> a </script>b", "<script><!---><script> a </script>b"},
        {"<script><!-- --><script> a </script>b", "<script><!-- --><script> a </script>b"},
        {"<script><script> a </script>b", "<script><script> a </script>b"},
        {"<script>'<!--' + '<script>' + '</script>'</script>b",
         "<script>'<!--' + '<script>' + '</script>'</script>b"},
        {"<style><!-- <style> a </style>b", "<style><!-- <style> a </style>b"},
    };
    CHECK(cases);
}

/* Drawings, formulas and templates are kept whole and do not show; nested, they end together. */
static void drawings_formulas_and_templates_are_taken_whole(void **state)
{
    (void)state;
    static const struct html_case cases[] = {
        {"a<svg><text>b</text></svg>c", "a<svg><text>b</text></svg>c"},
        {"a<svg/>b<svg></svg>c", "a<svg>b<svg>c"},
        {"a<svg class=x />b", "a<svg class=x>b"},
        {"a<math/>b<math><mi>c</mi></math>d", "a<math>b<math><mi>c</mi></math>d"},
        {"a<svg><svg>b</svg>c</svg>d", "a<svg><svg>b</svg>c</svg>d"},
        {"a<svg><svg/>b</svg>c", "a<svg><svg/>b</svg>c"},
        {"a<svg><svg/>b</svg>c<svg></svg>d", "a<svg><svg/>b</svg>c<svg>d"},
        {"<svg><svg x=y/><svg\n/>b</svg>c<svg></svg>d", "<svg><svg x=y/><svg\n/>b</svg>c<svg>d"},
        {"a<template><template>b</template>c</template>d",
         "a<template><template>b</template>c</template>d"},
        {"a<svg><title>b</title></svg>c", "a<svg><title>b</title></svg>c"},
        {"a<svg><![CDATA[b]]></svg>c", "a<svg><![CDATA[b]]></svg>c"},
    };
    CHECK(cases);
}

/* Section 13.2.6.4.7 "in body". */
static void elements_end_where_browsers_end_them(void **state)
{
    (void)state;
    static const struct html_case cases[] = {
        {"<p>a<p>b", "<p>a</p><p>b</p>"},
        {"<p>a<div>b</div>c", "<p>a</p><div>b</div>c"},
        {"<p>a<ul><li>b<li>c</ul>d", "<p>a</p><ul><li>b</li><li>c</li></ul>d"},
        {"<p>a<b>b<i>c</b>d", "<p>a<b>b<i>c</i></b>d</p>"},
        {"<p>a<table><tr><td>b</table>c", "<p>a</p><table><tr><td>b</td></tr></table>c"},
        {"<p><span>a<p>b", "<p><span>a</span></p><p>b</p>"},
        {"<p><button>a<p>b</button>c", "<p><button>a<p>b</p></button>c</p>"},
        {"<div><button>a</div>b<p>c", "<div><button>a</button></div>b<p>c</p>"},
        {"<div><button>a<div>b</div>c</button>d", "<div><button>a<div>b</div>c</button>d</div>"},
        {"<button>a<button>b</button>c", "<button>a</button><button>b</button>c"},
        {"<b><button>a</b>b</button>c", "<b><button>ab</button>c</b>"},
        {"<ul><li>a<ul><li>b</ul>c<li>d</ul>", "<ul><li>a<ul><li>b</li></ul>c</li><li>d</li></ul>"},
        {"<ul><li><p>a<li>b</ul>", "<ul><li><p>a</p></li><li>b</li></ul>"},
        {"<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"},
        {"<h1>a<h2>b</h2>", "<h1>a</h1><h2>b</h2>"},
        {"<h1>a</h2>b", "<h1>a</h1>b"},
        {"<h2>a<b>b</h3>c", "<h2>a<b>b</b></h2>c"},
        {"<a href=1>a<a href=2>b</a>", "<a href=1>a</a><a href=2>b</a>"},
        {"<select><option>a<option>b</select>c",
         "<select><option>a</option><option>b</option></select>c"},
        {"<div>a</span>b</p>c</div>d", "<div>abc</div>d"},
        {"<div><b>a</div>b", "<div><b>a</b></div>b"},
        {"<b>a<div>b</b>c</div>d", "<b>a<div>bc</div>d</b>"},
        {"<table><tr><td>a<td>b<tr><td>c</table>d",
         "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>d"},
        {"<table><tr><td>a</div></table>b", "<table><tr><td>a</td></tr></table>b"},
        {"<table><tbody><tr><th>a<tbody><tr><td>b</table>",
         "<table><tbody><tr><th>a</th></tr></tbody><tbody><tr><td>b</td></tr></tbody></table>"},
        {"<table><tr><td><ul><li>a<td>b</table>c",
         "<table><tr><td><ul><li>a</li></ul></td><td>b</td></tr></table>c"},
        {"<table><tr><td><table></td></tr><tr><td>a</table>b</table>c",
         "<table><tr><td><table><tr><td>a</td></tr></table>b</td></tr></table>c"},
        {"<table><tr><td><table><tr><td>a</table>b</table>c",
         "<table><tr><td><table><tr><td>a</td></tr></table>b</td></tr></table>c"},
        {"<html lang=en><head><title>a</title></head><body class=b><p>c</body></html>d",
         "<html lang=en><head><title>a</title><body class=b><p>cd</p>"},
        {"<div><p>a</div>b", "<div><p>a</p></div>b"},
        {"<article><section>a</article>b", "<article><section>a</section></article>b"},
        {"<x-a><div>a</x-a>b", "<?><div>a</div></?>b"},
        {"<x-a><x-b>a</x-a>b", "<?><?>a</?></?>b"},
    };
    CHECK(cases);
}

/* Section 13.1.2: they have no content, and no end tag. */
static void void_elements_hold_nothing(void **state)
{
    (void)state;
    static const struct html_case cases[] = {
        {"<img>a<input>b<hr>c<wbr>d<embed>e", "<img>a<input>b<hr>c<wbr>d<embed>e"},
        {"<meta name=a content=b><link rel=c href=d>e",
         "<meta name=a content=b><link rel=c href=d>e"},
        {"<picture><source><img></picture>a<video><track></video>b",
         "<picture><source><img></picture>a<video><track></video>b"},
        {"<base href=a><p>b", "<base href=a><p>b</p>"},
        {"<map><area href=a><area href=b></map>c", "<?><area href=a><area href=b></?>c"},
        {"<table><col><colgroup><col></colgroup><tr><td>a</table>b",
         "<table><col><?><col></?><tr><td>a</td></tr></table>b"},
        {"<object><param name=a>b</object>c", "<object><param name=a>b</object>c"},
        {"<img>a</img>b", "<img>ab"},
    };
    CHECK(cases);
}

static void text_that_browsers_would_lose_is_kept(void **state)
{
    (void)state;
    static const struct html_case cases[] = {
        /* An element without its end would take the rest of the page. */
        {"<title>a<p>b", "<title>a<p>b</p>"},
        {"<textarea>a<p>b", "<textarea>a<p>b</p>"},
        {"<iframe src=a><p>b", "<iframe src=a><p>b</p>"},
        {"<svg><path><p>b", "<svg><?><p>b</p></?>"},
        {"<template><p>b", "<template><p>b</p>"},
        /* Names without a semicolon end where their letters end: addresses stand in texts. */
        {"?a=1&copyright=2 &ampx &notit;", "?a=1&copyright=2 &ampx &notit;"},
        {"?a=1&lt=2", "?a=1&lt=2"},
        /* Nobody wants a control character. */
        {"a&#1;b&#12;c", "a b c"},
    };
    CHECK(cases);
}

static void put_often(struct buf *out, const char *what, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_putz(out, what);
}

static void text_below_the_deepest_element_is_kept(void **state)
{
    (void)state;
    struct buf page = BUF_NONE, got = BUF_NONE;
    struct html html;
    put_often(&page, "<div>", LIMIT_HTML_DEPTH + 10);
    buf_putz(&page, "deep");
    put_often(&page, "</div>", LIMIT_HTML_DEPTH + 10);
    buf_putz(&page, "<p>behind");
    html_read(buf_str(&page), &html);
    html_text(&html, 0, SIZE_MAX / 2, &got);
    assert_true(str_is(buf_str(&got), "deep behind"));
    assert_int_equal(html.nodes[html.count - 2].tag, HTML_P);
    assert_int_equal(html.nodes[html.count - 2].parent, 0);
    html_done(&html);
    buf_free(&got);
    buf_free(&page);
}

static void attributes_beyond_the_limit_are_skipped(void **state)
{
    (void)state;
    struct buf page = BUF_NONE;
    struct html html;
    buf_putz(&page, "<p ");
    put_often(&page, "x=y ", LIMIT_ATTRIBUTES - 1);
    buf_putz(&page, "class=last id=too-many>text");
    html_read(buf_str(&page), &html);
    assert_true(str_is(html_attr(&html, 1, HTML_ATTR_CLASS), "last"));
    assert_int_equal(html_attr(&html, 1, HTML_ATTR_ID).len, 0);
    assert_true(str_is(html.nodes[2].text, "text"));
    html_done(&html);
    buf_free(&page);
}

static void texts_of_any_length_are_searched_to_their_end(void **state)
{
    (void)state;
    for (size_t len = 0; len < 200; len++) {
        struct buf page = BUF_NONE, want = BUF_NONE, got = BUF_NONE;
        put_often(&page, "x", len);
        buf_putz(&page, "&amp;<b title=\"");
        put_often(&page, "é", len);
        buf_putz(&page, "\">y");
        put_often(&want, "x", len);
        buf_putz(&want, "&<b title=");
        put_often(&want, "é", len);
        buf_putz(&want, ">y</b>");
        write_tree(buf_cstr(&page), &got);
        assert_true(str_eq(buf_str(&got), buf_str(&want)));
        buf_free(&page);
        buf_free(&want);
        buf_free(&got);
    }
}

static int64_t read_repeated(const char *before, const char *part, size_t times)
{
    struct buf page = BUF_NONE;
    struct html html;
    struct timespec from, to;
    buf_putz(&page, before);
    put_often(&page, part, times);
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from), 0);
    html_read(buf_str(&page), &html);
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to), 0);
    html_done(&html);
    buf_free(&page);
    return (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
}

/* What would be searched to the end of the page for each of its parts takes minutes for these. */
static void no_page_is_searched_again_and_again(void **state)
{
    (void)state;
    static const struct {
        const char *before, *part;
    } pages[] = {{"", "<svg>"},
                 {"", "<svg><svg></svg>"},
                 {"<svg>", "<svg "},
                 {"", "<script><!--<script>"},
                 {"", "<script><!--<script></script>"},
                 {"", "<script><!--</script>"},
                 {"", "<script>/*<!--*/</script>"},
                 {"<script>", "<!-->"},
                 {"<script>", "<!--"},
                 {"", "<template><template></template>"},
                 {"", "<title>"},
                 {"<!--", "--"},
                 {"", "<!--"},
                 {"", "<table><tr><td><h1></h2>"},
                 {"", "<x-a></x-b>"},
                 {"", "<button><p></div>"},
                 {"<p ", "class=a "}};
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        int64_t ms = read_repeated(pages[i].before, pages[i].part, 200000);
        if (ms > 5000)
            fail_msg("%s%s: %d ms", pages[i].before, pages[i].part, (int)ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_in_text_are_decoded),
        cmocka_unit_test(attributes_are_read_however_they_are_written),
        cmocka_unit_test(what_begins_like_a_tag_may_be_text),
        cmocka_unit_test(comments_end_where_browsers_end_them),
        cmocka_unit_test(text_of_some_elements_is_no_markup),
        cmocka_unit_test(a_script_within_a_comment_of_a_script_ends_by_itself),
        cmocka_unit_test(drawings_formulas_and_templates_are_taken_whole),
        cmocka_unit_test(elements_end_where_browsers_end_them),
        cmocka_unit_test(void_elements_hold_nothing),
        cmocka_unit_test(text_that_browsers_would_lose_is_kept),
        cmocka_unit_test(text_below_the_deepest_element_is_kept),
        cmocka_unit_test(attributes_beyond_the_limit_are_skipped),
        cmocka_unit_test(texts_of_any_length_are_searched_to_their_end),
        cmocka_unit_test(no_page_is_searched_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
