/*
 * Feeds that are ill-formed in the ways that feeds are: of each, how many items are read, and with which title,
 * link and summary. python's feedparser 6.0.10 reads more of none of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "parse.h"

#define ROOT   "<rss version=\"2.0\"><channel><title>T</title>"
#define RSS    "<?xml version=\"1.0\"?>" ROOT
#define END    "</channel></rss>"
#define ATOM   "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>T</title>"
#define LINK_A "<link>http://h.example/a</link>"
#define ONE    "<item><title>A</title>" LINK_A "<description>One</description></item>"
#define TWO                                                                                        \
    "<item><title>B</title><link>http://h.example/b</link><description>Two</description></item>"
#define A "A|http://h.example/a|One\n"
#define B "B|http://h.example/b|Two\n"
/* With NULs in it, perhaps. */
#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* clang-format off */
static const struct {
    const char *name;
    struct str feed;
    const char *items; /* TITLE|LINK|SUMMARY */
} CASES[] = {
    {"stray lt in title", BYTES(RSS "<item><title>1 < 2 and 3<4</title>" LINK_A "</item>" TWO END),
     "1 < 2 and 3<4|http://h.example/a|\n" B},
    {"stray lt before letter", BYTES(RSS "<item><title>a <b and c</title>" LINK_A "</item>" TWO END),
     "a|http://h.example/a|\n" B},
    {"bare ampersand", BYTES(RSS "<item><title>Q & A, AT&T</title><link>http://h.example/?a=1&b=2&copy=3</link></item>" TWO END),
     "Q & A, AT&T|http://h.example/?a=1&b=2&copy=3|\n" B},
    {"ampersand entities without semicolon", BYTES(RSS "<item><title>Caf&eacute &amp tea</title><link>http://h.example/?a=1&lang=en</link></item>" END),
     "Caf\xc3\xa9 & tea|http://h.example/?a=1&lang=en|\n"},
    {"undeclared entity", BYTES(RSS "<item><title>a&nbsp;b &eacute; &hellip; &unknown; c</title>" LINK_A "</item>" TWO END),
     "a b \xc3\xa9 \xe2\x80\xa6 &unknown; c|http://h.example/a|\n" B},
    {"undeclared prefix", BYTES(RSS "<item><title>A</title>" LINK_A "<dc:creator>Ann</dc:creator><content:encoded>Body</content:encoded><foo:bar>x</foo:bar></item>" END),
     "A|http://h.example/a|\n"},
    {"wrong charset latin1 as utf8", BYTES("<?xml version=\"1.0\" encoding=\"utf-8\"?>" ROOT "<item><title>caf\xe9 ol\xe9 man\xe3</title>" LINK_A "</item>" END),
     "caf\xc3\xa9 ol\xc3\xa9 man\xc3\xa3|http://h.example/a|\n"},
    {"utf8 as latin1", BYTES("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>" ROOT "<item><title>caf\xc3\xa9 ol\xc3\xa9 man\xc3\xa3</title>" LINK_A "</item>" END),
     "caf\xc3\xa9 ol\xc3\xa9 man\xc3\xa3|http://h.example/a|\n"},
    {"unknown charset", BYTES("<?xml version=\"1.0\" encoding=\"x-nothing\"?>" ROOT ONE TWO END),
     A B},
    {"junk before", BYTES("Warning: x on line 3<br />\n" RSS ONE TWO END),
     A B},
    {"junk after", BYTES(RSS ONE TWO END "\n<!-- cached --><script>track()</script> tail"),
     A B},
    {"blank lines before declaration", BYTES("\n\n  " RSS ONE TWO END),
     A B},
    {"two roots", BYTES(RSS ONE END RSS TWO END),
     A B},
    {"unclosed description", BYTES(RSS "<item><title>A</title>" LINK_A "<description>One <p>two</item>" TWO END),
     A "\ntwo\n" B},
    {"unclosed title", BYTES(RSS "<item><title>A" LINK_A "<description>One</description></item>" TWO END),
     A B},
    {"unclosed item", BYTES(RSS "<item><title>A</title>" LINK_A "<description>One</description>" TWO END),
     A B},
    {"truncated mid item", BYTES(RSS ONE "<item><title>B</title><link>http://h.example/b"),
     A "B|http://h.example/b|\n"},
    {"truncated in tag", BYTES(RSS ONE "<item><title>B</title><link>http://h.example/b</link><descr"),
     A "B|http://h.example/b|\n"},
    {"truncated in attr", BYTES(ATOM "<entry><title>A</title><link href=\"http://h.example/a\"/><summary>One</summary></entry><entry><title>B</title><link href=\"http://h.exa"),
     A "B||\n"},
    {"html with pre feed", BYTES("<!DOCTYPE html><html><head><title>feed</title></head><body><pre>&lt;?xml version=\"1.0\"?&gt;&lt;rss version=\"2.0\"&gt;&lt;channel&gt;&lt;title&gt;T&lt;/title&gt;&lt;item&gt;&lt;title&gt;A&lt;/title&gt;&lt;link&gt;http://h.example/a&lt;/link&gt;&lt;description&gt;One&lt;/description&gt;&lt;/item&gt;&lt;item&gt;&lt;title&gt;B&lt;/title&gt;&lt;link&gt;http://h.example/b&lt;/link&gt;&lt;description&gt;Two&lt;/description&gt;&lt;/item&gt;&lt;/channel&gt;&lt;/rss&gt;</pre></body></html>"),
     A B},
    {"html with pre feed raw", BYTES("<html><body><pre>" RSS ONE TWO END "</pre></body></html>"),
     A B},
    {"BOM in the middle", BYTES(RSS ONE "\xef\xbb\xbf" TWO END),
     A B},
    {"BOM twice", BYTES("\xef\xbb\xbf\xef\xbb\xbf" RSS ONE TWO END),
     A B},
    {"NULs", BYTES(RSS "<item><title>\x00" "A</title>" LINK_A "<description>O\x00ne</description></item>" TWO END),
     "\xef\xbf\xbd" "A|http://h.example/a|O\xef\xbf\xbdne\n" B},
    {"control chars", BYTES(RSS "<item><title>A</title>" LINK_A "<description>O\x01n\x0b" "e</description></item>" TWO END),
     A B},
    {"CDATA unclosed", BYTES(RSS "<item><title>A</title>" LINK_A "<description><![CDATA[One <b>x</b></description></item>" TWO END),
     "A|http://h.example/a|One x\n" B},
    {"CDATA unclosed then closed", BYTES(RSS "<item><title>A</title>" LINK_A "<description><![CDATA[One <b>x</b></description></item><item><title>B</title><link>http://h.example/b</link><description><![CDATA[Two]]></description></item>" END),
     "A|http://h.example/a|One x\n" B},
    {"CDATA nested", BYTES(RSS "<item><title>A</title>" LINK_A "<description><![CDATA[One <![CDATA[in]]> out]]></description></item>" TWO END),
     "A|http://h.example/a|One in out\n" B},
    {"CDATA lower", BYTES(RSS "<item><title><![cdata[A]]></title>" LINK_A "</item>" TWO END),
     "A|http://h.example/a|\n" B},
    {"CDATA in link spaces", BYTES(RSS "<item><title> <![CDATA[ A ]]> </title><link>\n <![CDATA[ http://h.example/a ]]>\n</link></item>" TWO END),
     "A|http://h.example/a|\n" B},
    {"duplicate attributes", BYTES(ATOM "<entry><title>A</title><link href=\"http://h.example/a\" href=\"http://h.example/x\" rel=\"alternate\"/></entry></feed>"),
     "A|http://h.example/a|\n"},
    {"unquoted attributes", BYTES("<feed xmlns=http://www.w3.org/2005/Atom><title>T</title><entry><title>A</title><link href=http://h.example/a rel=alternate></entry><entry><title>B</title><link href=http://h.example/b/ /></entry></feed>"),
     "A|http://h.example/a|\nB|http://h.example/b/|\n"},
    {"missing quote", BYTES(ATOM "<entry><title>A</title><link href=\"http://h.example/a rel=\"alternate\"/></entry><entry><title>B</title><link href=\"http://h.example/b\"/></entry></feed>"),
     "A|http://h.example/a|\nB|http://h.example/b|\n"},
    {"uppercase", BYTES("<?xml VERSION=\"1.0\"?><RSS VERSION=\"2.0\"><CHANNEL><TITLE>T</TITLE><ITEM><TITLE>A</TITLE><LINK>http://h.example/A</LINK><DESCRIPTION>ONE</DESCRIPTION></ITEM><ITEM><TITLE>B</TITLE><LINK>http://h.example/B</LINK><DESCRIPTION>TWO</DESCRIPTION></ITEM></CHANNEL></RSS>"),
     "A|http://h.example/A|ONE\nB|http://h.example/B|TWO\n"},
    {"mixed case end", BYTES(RSS "<item><Title>A</title><LINK>http://h.example/a</link><description>One</Description></Item>" TWO END),
     A B},
    {"SOAP", BYTES("<?xml version=\"1.0\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><r:Response xmlns:r=\"urn:x\">" ROOT ONE TWO END "</r:Response></soap:Body></soap:Envelope>"),
     A B},
    {"mixed rss atom", BYTES(ROOT "<entry><title>A</title><link href=\"http://h.example/a\"/><summary>One</summary></entry>" TWO END),
     A B},
    {"atom with rss items", BYTES(ATOM ONE "<entry><title>B</title><link>http://h.example/b</link><pubDate>Mon, 05 Jan 2026 07:00:00 GMT</pubDate></entry></feed>"),
     A "B|http://h.example/b|\n"},
    {"items outside channel", BYTES(ROOT "</channel>" ONE TWO "</rss>"),
     A B},
    {"no root", BYTES("<channel><title>T</title>" ONE TWO "</channel>"),
     A B},
    {"bare items", BYTES(ONE TWO),
     A B},
    {"comment unclosed", BYTES(RSS ONE "<!-- no end " TWO END),
     A B},
    {"comment with double dash", BYTES(RSS ONE "<!-- a -- b -->" TWO END),
     A B},
    {"PI inside", BYTES(RSS ONE "<?php echo 1; ?>" TWO END),
     A B},
    {"doctype with entities", BYTES("<!DOCTYPE rss [<!ENTITY x \"XX\"><!ENTITY logo SYSTEM \"file:///etc/passwd\">]>" ROOT "<item><title>A</title>" LINK_A "<description>One &x; &logo;</description></item>" TWO END),
     "A|http://h.example/a|One &x; &logo;\n" B},
    {"html in description unescaped", BYTES(RSS "<item><title>A <b>bold</b></title>" LINK_A "<description>One <p>two <br> three <img src=\"x.png\"> <a href=\"http://h.example/z\">four</a></p></description></item>" TWO END),
     "A bold|http://h.example/a|One\n\ntwo\nthree four\n" B},
    {"title in nested html", BYTES(RSS "<item><description><div><title>no</title><link>http://x.example/</link>One</div></description><title>A</title>" LINK_A "</item>" TWO END),
     "A|http://h.example/a|nohttp://x.example/One\n" B},
    {"end tag with space", BYTES(RSS "<item><title>A</title >" LINK_A "<description>One</description></ item>" TWO END),
     A B},
    {"double encoded", BYTES(RSS "<item><title>A &amp;amp; B</title>" LINK_A "<description>&amp;lt;p&amp;gt;One&amp;lt;/p&amp;gt;</description></item>" END),
     "A & B|http://h.example/a|<p>One</p>\n"},
    {"link with newline and spaces", BYTES(RSS "<item><title>A</title><link>\n   http://h.example/a b\n  </link></item>" END),
     "A|http://h.example/a%20b|\n"},
    {"relative link", BYTES(RSS "<item><title>A</title><link>/a</link></item><item><title>B</title><link>//k.example/b</link></item>" END),
     "A|http://h.example/a|\nB|http://k.example/b|\n"},
    {"guid only", BYTES(RSS "<item><guid>http://h.example/a</guid><title>A</title></item>" END),
     "A|http://h.example/a|\n"},
    {"link empty guid permalink", BYTES(RSS "<item><title>A</title><link/><guid isPermaLink=\"true\">http://h.example/a</guid></item>" END),
     "A|http://h.example/a|\n"},
    {"atom link text", BYTES(ATOM "<entry><title>A</title>" LINK_A "</entry></feed>"),
     "A|http://h.example/a|\n"},
    {"xml 1.1", BYTES("<?xml version=\"1.1\"?>" ROOT ONE TWO END),
     A B},
    {"declaration wrong", BYTES("<?xml version=\"1.0\" encoding='UTF-8\" ?>" ROOT ONE TWO END),
     A B},
    {"declaration twice", BYTES("<?xml version=\"1.0\"?>" RSS ONE TWO END),
     A B},
    {"namespace typo", BYTES("<feed xmlns=\"http://www.w3.org/2005/atom/\"><title>T</title><entry><title>A</title><link href=\"http://h.example/a\"/></entry></feed>"),
     "A|http://h.example/a|\n"},
    {"prefixed rss", BYTES("<x:rss xmlns:x=\"http://backend.userland.com/rss2\" version=\"2.0\"><x:channel><x:title>T</x:title><x:item><x:title>A</x:title><x:link>http://h.example/a</x:link></x:item></x:channel></x:rss>"),
     "A|http://h.example/a|\n"},
    {"numeric refs win1252", BYTES(RSS "<item><title>A&#146;s &#150; &#x92; &#55357; &#0; &#1114112;</title>" LINK_A "</item>" END),
     "A\xe2\x80\x99s \xe2\x80\x93 \xe2\x80\x99 \xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd|http://h.example/a|\n"},
    {"empty channel", BYTES(RSS END),
     ""},
    {"utf16 declared but utf8", BYTES("<?xml version=\"1.0\" encoding=\"utf-16\"?>" ROOT ONE TWO END),
     A B},
    {"tag names with junk", BYTES(RSS "<item><title>A</title>" LINK_A "<1bad>x</1bad><description>One</description></item>" TWO END),
     A B},
    {"slash in the wrong place", BYTES(RSS "<item><title>A<title/><link>http://h.example/a<link/><description>One<description/></item>" TWO END),
     A B},
    {"entity split over cdata", BYTES(RSS "<item><title><![CDATA[A &amp; B]]> &amp; C</title>" LINK_A "</item>" END),
     "A & B & C|http://h.example/a|\n"},
    {"item in image", BYTES("<rss><channel><title>T</title><image><url>/x.png</url><title>I</title>" ONE END),
     A},
    {"textarea around", BYTES("<textarea>" RSS ONE TWO END "</textarea>"),
     A B},
    {"html comment before", BYTES("<!-- page generated in 0.1s -- by X -->\n" RSS ONE TWO END),
     A B},
    {"rss in div", BYTES("<div>" ROOT ONE TWO END "</div>"),
     A B},
    {"unclosed channel description", BYTES(RSS "<description>Of the feed" ONE TWO END),
     A B},
    {"unclosed channel title", BYTES("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T<link>http://h.example/</link><description>Of the feed</description>" ONE TWO END),
     A B},
    {"unclosed link", BYTES(RSS "<item><title>A</title><link>http://h.example/a<description>One</description></item>" TWO END),
     A B},
    {"unclosed guid", BYTES(RSS "<item><title>A</title><guid>http://h.example/a<pubDate>Mon, 05 Jan 2026 07:00:00 GMT</pubDate></item>" TWO END),
     "A|http://h.example/a|\n" B},
    {"unclosed author name", BYTES(ATOM "<entry><title>A</title><author><name>Ann</author><link href=\"http://h.example/a\"/></entry></feed>"),
     "A|http://h.example/a|\n"},
    {"entry unclosed summary", BYTES(ATOM "<entry><title>A</title><summary>One <link href=\"http://h.example/a\"/><updated>2026-01-05T07:00:00Z</updated></entry><entry><title>B</title><link href=\"http://h.example/b\"/></entry></feed>"),
     A "B|http://h.example/b|\n"},
    {"unclosed tag bracket", BYTES(RSS "<item><title>A</title>" LINK_A "<description>One</description</item>" TWO END),
     A B},
    {"unclosed start bracket", BYTES(RSS "<item<title>A</title>" LINK_A "<description>One</description></item>" TWO END),
     A B},
    {"crossed tags", BYTES(RSS "<item><title>A<b></title></b>" LINK_A "<description>One</description></item>" TWO END),
     A B},
    {"extra end tags", BYTES(RSS ONE "</item></description></item>" TWO END),
     A B},
    {"end of channel early", BYTES(RSS ONE END TWO END),
     A B},
    {"items nested", BYTES(RSS "<items>" ONE TWO "</items>" END),
     A B},
    {"script in channel", BYTES(RSS "<script>if (a<b && c>d) x(\"<item>\");</script>" ONE TWO END),
     A B},
    {"php notice in the middle", BYTES(RSS ONE "<br />\n<b>Notice</b>:  Undefined index: x in <b>/var/www/f.php</b> on line <b>3</b><br />\n" TWO END),
     A B},
    {"whitespace in tags", BYTES("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title >T</title><item><title >A</title><link\n>http://h.example/a</link><description>One</description></item><item><title >B</title><link\n>http://h.example/b</link><description>Two</description></item>" END),
     A B},
    {"xml decl in item", BYTES(RSS "<item><?xml version=\"1.0\"?><title>A</title>" LINK_A "<description>One</description></item>" TWO END),
     A B},
    {"ampersandersand only", BYTES(RSS "<item><title>&</title>" LINK_A "<description>& &; &# &#x; &#xZ;</description></item>" TWO END),
     "&|http://h.example/a|& &; &# &#x; &#xZ;\n" B},
    {"lt entity double", BYTES(RSS "<item><title>A &lt;em&gt;b&lt;/em&gt; &amp;lt;i&amp;gt;</title>" LINK_A "</item>" TWO END),
     "A b <i>|http://h.example/a|\n" B},
    {"tab newline attrs", BYTES(ATOM "<entry><title>A</title><link\n\thref\n=\n\"http://h.example/a\"\n/></entry></feed>"),
     "A|http://h.example/a|\n"},
};
/* clang-format on */

static int put_item(void *ctx, const struct item *item)
{
    struct buf *out = ctx;
    buf_printf(out, "%.*s|%.*s|%.*s\n", STR_ARG(item->field[ITEM_HEADLINE]),
               STR_ARG(item->field[ITEM_LINK]), STR_ARG(item->field[ITEM_SUMMARY]));
    return 0;
}

static void ill_formed_feeds_are_read_as_far_as_they_can_be(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct buf items = BUF_NONE;
        struct parse_request request = {.bytes = CASES[i].feed,
                                        .url = STR("http://h.example/feed")};
        struct parse_out out = {&items, NULL, put_item};
        struct parse_report report;
        int rc = parse_document(&request, &out, &report);
        if (rc != 0 || !str_is(buf_str(&items), CASES[i].items)) {
            print_error("%s: %d %s, not\n%s but\n%.*s", CASES[i].name, rc, report.reason,
                        CASES[i].items, STR_ARG(buf_str(&items)));
            bad++;
        }
        buf_free(&items);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ill_formed_feeds_are_read_as_far_as_they_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
