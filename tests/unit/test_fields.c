/* What an article page says of itself and shows: one field of one small page a row. */
#include "parse_help.h"

#define STORY                                                                                      \
    "<p>The harbour of the island was closed for the night after a ferry had struck the pier, the" \
    " port's master said, and the boats of the early shift stayed where they were, on "            \
    "ropes.</p><p>Nobody"                                                                          \
    " was hurt, but the morning's fish came to the market three hours late, and it was sold out"   \
    " before the bells of the old church had rung for noon, as it had been on the day before, "    \
    "when the sea was calm.</p>"

struct row {
    const char *why, *url, *head, *body, *wanted;
};

static void read_page(const struct row *row, struct outcome *o)
{
    struct buf page = BUF_NONE;
    buf_printf(&page, "<html><head>%s</head><body>%s" STORY "</body></html>", row->head, row->body);
    outcome_of(PARSE_ARTICLE, buf_str(&page), str_of(row->url), o);
    if (o->err != 0 || o->count != 1)
        fail_msg("%s: %d, %zu items", row->why, o->err, o->count);
    buf_free(&page);
}

static void check_rows(const struct row *rows, size_t count, enum item_field field)
{
    for (size_t i = 0; i < count; i++) {
        struct outcome o;
        read_page(&rows[i], &o);
        struct str got = o.items[0]->field[field];
        if (!str_is(got, rows[i].wanted))
            fail_msg("%s: \"%.*s\", not \"%s\"", rows[i].why, STR_ARG(got), rows[i].wanted);
        outcome_done(&o);
    }
}

static void the_headline_is_what_readers_see_without_the_site(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"the site named by the address alone", "https://www.islandpost.example/a",
         "<title>Ferry strikes pier – Island Post</title>", "", "Ferry strikes pier"},
        {"the site at the end of the <h1>", "https://islandpost.example/a",
         "<title>Ferry strikes pier – Island Post - Island Post</title>",
         "<h1>Ferry strikes pier – Island Post</h1>", "Ferry strikes pier"},
        {"a part of the headline is no site", "https://islandpost.example/a",
         "<title>Ferry strikes pier - how it happened</title>",
         "<h1>Ferry strikes pier - how it happened</h1>", "Ferry strikes pier - how it happened"},
        {"the blog's name in the <h1>", "https://notes.example/a",
         "<title>Harbour Notes: Ferry strikes pier</title>"
         "<meta property='og:title' content='Ferry strikes pier'>",
         "<h1>Harbour Notes</h1><h2>Ferry strikes pier</h2>", "Ferry strikes pier"},
        {"the same og:title on all pages", "https://islandpost.example/a",
         "<title>Ferry strikes pier | Islander</title><meta property='og:title' content='Islander'>"
         "<meta property='og:site_name' content='Islander'>",
         "<h1>Ferry strikes pier</h1>", "Ferry strikes pier"},
        {"a kicker in the <h1>", "https://islandpost.example/a",
         "<title>Ferry strikes the pier</title>"
         "<meta property='og:title' content='Ferry strikes the pier'>",
         "<h1><span>Local news</span> Ferry strikes the pier</h1>", "Ferry strikes the pier"},
        {"the day in the <h1>", "https://islandpost.example/a",
         "<title>Ferry strikes the pier</title>",
         "<h1>Dec 18 2025 <a>Ferry strikes the pier</a></h1>", "Ferry strikes the pier"},
        {"a year in front is no kicker", "https://islandpost.example/a",
         "<title>Ferry guide to the islands</title>", "<h1>2026 Ferry guide to the islands</h1>",
         "2026 Ferry guide to the islands"},
        {"a word of the headline in an <h1>", "https://islandpost.example/a",
         "<meta property='og:title' content='How ferries and the harbour came to terms over the "
         "pier'>",
         "<h2>How it came</h2>" STORY "<h1>Ferries</h1><h1>Harbours</h1>",
         "How ferries and the harbour came to terms over the pier"},
        {"a heading inside the story", "https://islandpost.example/a",
         "<title>Ferry strikes pier | Island Post</title>",
         STORY STORY STORY "<h1>What the master of the port has seen that night</h1>",
         "Ferry strikes pier"},
        {"cut with dots", "https://islandpost.example/a",
         "<title>Ferry strikes the pier of the old harbour while the fishing boats are asleep"
         " | Island Post</title><meta property='og:title' content='Ferry strikes the pier of the"
         " old harbour while the...'>",
         "", "Ferry strikes the pier of the old harbour while the fishing boats are asleep"},
        {"a paragraph in large letters", "https://islandpost.example/a",
         "<title>Ferry strikes pier | Island Post</title>"
         "<meta property='og:title' content='Ferry strikes pier | Island Post'>",
         "<h1>Ferry strikes pier, and the whole island asks how that could come about on a night"
         " without any wind, with a moon as bright as the lamps of the old pier, and with two"
         " men on the bridge who have made the crossing four times a day for twenty years</h1>",
         "Ferry strikes pier"},
        {"one heading twice", "https://islandpost.example/a",
         "<title>How we reached the pier | Island Post Travel Section</title>",
         "<h1>Along the old harbour by night</h1><h1>Along the old harbour by night</h1>",
         "Along the old harbour by night"},
    };
    check_rows(ROWS, ARRAY_LEN(ROWS), ITEM_HEADLINE);
}

static void the_byline_is_who_wrote_it(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"By below the headline knows better than the account", "https://islandpost.example/a",
         "<meta name=author content='Max Roe'>",
         "<h1>Ferry strikes pier of the harbour</h1><p>By: Ann Lee</p>", "Ann Lee"},
        {"the metadata says more of the same person", "https://islandpost.example/a",
         "<meta name=author content='Ann Lee and Max Roe'>",
         "<h1>Ferry strikes pier of the harbour</h1><p>By Ann Lee</p>", "Ann Lee and Max Roe"},
        {"a reviewer is no author", "https://islandpost.example/a",
         "<meta name=author content='Max Roe'>",
         "<h1>Ferry strikes pier of the harbour</h1><p>Reviewed by Ann Lee</p>", "Max Roe"},
        {"the site as its own author", "https://islandpost.example/a",
         "<meta name=author content='Island Post'>",
         "<h1>Ferry strikes pier of the harbour</h1><p>Written by <a>Ann Lee</a></p>", "Ann Lee"},
        {"a desk stays, as it is published", "https://islandpost.example/a",
         "<meta name=author content='Island Post Staff'>",
         "<h1>Ferry strikes pier of the harbour</h1><p class=author-photo>Jan Berg</p>",
         "Island Post Staff"},
        {"an organisation by reference", "https://islandpost.example/a",
         "<script type='application/ld+json'>{\"@graph\":[{\"@type\":\"NewsArticle\",\"author\":"
         "{\"@id\":\"#us\"}},{\"@id\":\"#us\",\"@type\":\"Organization\",\"name\":\"Island Post"
         " Ltd\"}]}</script><meta name=author content='Ann Lee'>",
         "", "Ann Lee"},
        {"catalogues turn names round", "https://islandpost.example/a",
         "<meta name=citation_author content='Lee, Ann'>"
         "<meta name=citation_author content='Roe, Max'>",
         "", "Ann Lee, Max Roe"},
        {"name, role and day in a line", "https://islandpost.example/a", "",
         "<h1>Ferry strikes pier of the harbour</h1><p>Ann Lee | Senior Writer | July 2, 2025</p>",
         "Ann Lee"},
        {"section and day in a line", "https://islandpost.example/a", "",
         "<h1>Ferry strikes pier of the harbour</h1><p>News | July 2, 2025</p>", ""},
        {"agency apart", "https://islandpost.example/a",
         "<meta name=author content='Ann Lee, Reuters'>", "", "Ann Lee"},
        {"no name: the buttons of an author's box", "https://islandpost.example/a", "",
         "<h1>Ferry strikes pier of the harbour</h1><div class=author>Sign in</div>"
         "<div class=author>Sat</div>",
         ""},
        {"a handle and an address", "https://islandpost.example/a",
         "<meta name='article:author' content='https://social.example/annlee'>"
         "<meta name='author' content='@annlee'>",
         "", ""},
        {"German", "https://islandpost.example/a", "<meta name='content-language' content='de'>",
         "<h1>Fähre rammt in der Nacht den Pier</h1><p>Von <a>Ann Lee</a> und <a>Max Roe</a></p>",
         "Ann Lee and Max Roe"},
    };
    check_rows(ROWS, ARRAY_LEN(ROWS), ITEM_BYLINE);
}

static void the_agency_of_a_byline_is_kept(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"behind a comma", "", "<meta name=author content='Ann Lee, Reuters'>", "", "Reuters"},
        {"in brackets", "", "<meta name=author content='Ann Lee (AFP)'>", "", "AFP"},
        {"alone", "", "<meta name=author content='Reuters'>", "", "Reuters"},
        {"a paper is none", "", "<meta name=author content='Ann Lee, Island Post'>", "", ""},
    };
    check_rows(ROWS, ARRAY_LEN(ROWS), ITEM_AGENCY);
}

static void check_published(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct outcome o;
        char text[CLOCK_TEXT];
        read_page(&rows[i], &o);
        const struct item *item = o.items[0];
        clock_format_at(item->published_at, item->published_offset_min, text);
        if (strcmp(item->published_at ? text : "", rows[i].wanted) != 0)
            fail_msg("%s: %s, not %s", rows[i].why, text, rows[i].wanted);
        outcome_done(&o);
    }
}

static void the_day_of_publication_is_the_publishers(void **state)
{
    (void)state;
    static const struct row ROWS[] = {
        {"the zone is kept", "",
         "<meta property='article:published_time' content='2026-01-05T20:30:00-05:00'>", "",
         "2026-01-05T20:30:00-05:00"},
        {"a day alone does not move", "",
         "<meta property='article:published_time' content='2026-01-05'>", "",
         "2026-01-05T00:00:00Z"},
        {"slashes in the United States", "", "<meta name='content-language' content='en-US'>",
         "<h1>Ferry strikes pier of the harbour</h1><p class=date>3/4/2026</p>",
         "2026-03-04T00:00:00Z"},
        {"slashes in Britain", "", "<meta name='content-language' content='en-GB'>",
         "<h1>Ferry strikes pier of the harbour</h1><p class=date>3/4/2026</p>",
         "2026-04-03T00:00:00Z"},
        {"another date of the page shows the order", "",
         "<meta name='content-language' content='en'>",
         "<h1>Ferry strikes pier of the harbour</h1><p class=date>3/4/2026</p><p>2/27/2026</p>",
         "2026-03-04T00:00:00Z"},
        {"nothing shows the order", "", "<meta name='content-language' content='en'>",
         "<h1>Ferry strikes pier of the harbour</h1><p class=date>3/4/2026</p>", ""},
        {"the last change says nothing of the first day", "",
         "<script type='application/ld+json'>{\"@type\":\"Article\",\"datePublished\":"
         "\"2025-01-05\",\"dateModified\":\"2026-01-05\"}</script>",
         "<h1>Ferry strikes pier of the harbour</h1><p>Updated January 5, 2026</p>",
         "2025-01-05T00:00:00Z"},
        {"first published says the page", "",
         "<meta property='article:published_time' content='2026-01-05'>",
         "<h1>Ferry strikes pier of the harbour</h1>" STORY
         "<p>This article was originally published on 26 Sep 2019 at 4:12pm but is kept up.</p>",
         "2019-09-26T16:12:00Z"},
        {"a video's upload is not the story's", "",
         "<meta itemprop='uploadDate' content='2026-01-05'>", "", ""},
    };
    check_published(ROWS, ARRAY_LEN(ROWS));
}

static void every_field_says_where_it_was_found(void **state)
{
    (void)state;
    static const struct {
        const char *head, *body;
        enum item_told told;
        enum item_source source;
        unsigned at_least, at_most;
    } ROWS[] = {
        {"<title>Ferry strikes pier</title>", "<h1>Ferry strikes pier</h1>", TOLD_HEADLINE,
         SOURCE_HEADING, 90, 100},
        {"<title>Ferry strikes pier</title>", "", TOLD_HEADLINE, SOURCE_HTML, 30, 60},
        {"<meta property='og:title' content='Ferry strikes pier'>", "", TOLD_HEADLINE,
         SOURCE_OPENGRAPH, 50, 90},
        {"<script type='application/ld+json'>{\"@type\":\"Article\",\"author\":\"Ann Lee\"}"
         "</script>",
         "", TOLD_BYLINE, SOURCE_JSONLD, 90, 100},
        {"", "<h1>Ferry strikes pier of the harbour</h1><p>By Ann Lee</p>", TOLD_BYLINE,
         SOURCE_TEXT, 80, 95},
        {"<meta itemprop=datePublished content=2026-01-05>", "", TOLD_PUBLISHED, SOURCE_MICRODATA,
         80, 100},
        {"<meta property='article:modified_time' content=2026-01-05>", "", TOLD_PUBLISHED,
         SOURCE_OPENGRAPH, 1, 30},
        {"<meta property='article:modified_time' content=2026-01-05>", "", TOLD_UPDATED,
         SOURCE_OPENGRAPH, 80, 100},
        {"<meta property='og:locale' content=de_DE>", "", TOLD_LANGUAGE, SOURCE_OPENGRAPH, 50, 90},
        {"<meta name=keywords content='sea, ferry'>", "", TOLD_KEYWORDS, SOURCE_META, 50, 100},
        {"<link rel=canonical href=/a>", "", TOLD_CANONICAL, SOURCE_HTML, 90, 100},
        {"<meta property='og:image' content=/a.jpg>", "", TOLD_IMAGE, SOURCE_OPENGRAPH, 50, 100},
        {"", "", TOLD_BODY, SOURCE_TEXT, 80, 100},
        {"", "", TOLD_BYLINE, SOURCE_NONE, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct row row = {"", "https://islandpost.example/b", ROWS[i].head, ROWS[i].body, ""};
        struct outcome o;
        read_page(&row, &o);
        const struct item_origin *origin = &o.items[0]->origin[ROWS[i].told];
        if (origin->source != ROWS[i].source || origin->percent < ROWS[i].at_least ||
            origin->percent > ROWS[i].at_most)
            fail_msg("row %zu: source %u, %u %%", i, origin->source, origin->percent);
        outcome_done(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_headline_is_what_readers_see_without_the_site),
        cmocka_unit_test(the_byline_is_who_wrote_it),
        cmocka_unit_test(the_day_of_publication_is_the_publishers),
        cmocka_unit_test(every_field_says_where_it_was_found),
        cmocka_unit_test(the_agency_of_a_byline_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
