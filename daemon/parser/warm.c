#include "warm.h"

#include <iconv.h>
#include <stdlib.h>

#include "charset.h"
#include "parse.h"

/* One document of each kind; together they reach every reader and library. */
static const struct {
    enum parse_type type;
    const char *charset, *text;
} samples[] = {
    {PARSE_RSS, "windows-1251",
     "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>t</title><item><title>h</title>"
     "<link>http://a.example/1?a=1&b=2</link><pubDate>Mon, 02 Nov 2026 10:00:00 +0300</pubDate>"
     "<description>&lt;p&gt;a&nbsp;b&lt;/p&gt;</description></item></channel></rss>"},
    {PARSE_ATOM, "",
     "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><entry><title>h</title>"
     "<id>urn:a</id><updated>2026-11-02T10:00:00Z</updated><content type=\"html\">a</content>"
     "</entry></feed>"},
    {PARSE_JSONFEED, "",
     "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"t\",\"items\":[{\"id\":\"1\","
     "\"content_text\":\"a\"}]}"},
    {PARSE_ARTICLE, "",
     "<html><head><title>h</title><meta charset=\"iso-8859-1\"><script type="
     "\"application/ld+json\">{\"headline\":\"h\"}</script></head><body><article><h1>h</h1>"
     "<p>MOSCOW, November 2. /TASS/. A sentence of a paragraph, and another one.</p></article>"},
    {PARSE_PAGE, "", "<html><body><ul><li><a href=\"/2026/11/02/a-b-c\">a b c d e f</a></ul>"},
    {PARSE_NITF, "",
     "<nitf><head><title>h</title></head><body><body.content><p>a</p></body.content></body></"
     "nitf>"},
    {PARSE_MAIL, "",
     "From: a@a.example\nSubject: =?utf-8?b?aA==?=\nContent-Type: text/plain; "
     "charset=koi8-r\n\na\n"},
    {PARSE_WIRECOPY, "", "h\n\nLONDON, Nov 2 (Reuters) - A text \xe9\xe8 of unknown charset.\n"},
};

static int ignore_item(void *ctx, const struct item *item)
{
    (void)ctx;
    (void)item;
    return 0;
}

static void ignore_about(void *ctx, const struct about *about)
{
    (void)ctx;
    (void)about;
}

static void read_samples(void)
{
    const struct parse_out out = {NULL, ignore_about, ignore_item};
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct parse_report report = {0};
        struct parse_request request = {.bytes = str_of(samples[i].text),
                                        .type = samples[i].type,
                                        .url = STR("http://a.example/"),
                                        .charset = str_of(samples[i].charset)};
        parse_document(&request, &out, &report);
    }
}

static int by_value(const void *a, const void *b)
{
    return *(const unsigned char *)a - *(const unsigned char *)b;
}

/* glibc's qsort() asks for the size of memory when it first sorts more than a kilobyte. */
static void sort_once(void)
{
    unsigned char bytes[4096];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 37);
    qsort(bytes, sizeof bytes, 1, by_value);
}

void warm_up(void)
{
    json_object_seed(0); /* jansson's hash seed comes from /dev/urandom */
    sort_once();
    charset_prepare();
    read_samples();
}
