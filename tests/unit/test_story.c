/*
 * Which blocks of a page are its story: small pages of our own, each with what must come out, to the
 * letter. Every rule has look-alikes beside it that must stay.
 */
#include "parse_help.h"

#define P1                                                                                         \
    "The harbour of Lindholm was closed on Tuesday after a fire in a warehouse that held timber "  \
    "and paint, the town's fire service said."
#define P2                                                                                         \
    "Nobody was hurt, and the ferries to the islands are expected to sail again on Wednesday "     \
    "morning, the chief of the service told reporters."
#define P3                                                                                         \
    "The warehouse, built in 1911, had been bought by the town in spring. It was to become a "     \
    "museum of fishing, for which three million were set aside."
#define P(text)  "<p>" text "</p>"
#define HEADLINE "Fire closes the harbour of Lindholm"
#define H1       "<h1>" HEADLINE "</h1>"

struct page {
    const char *name, *html, *body, *captions; /* captions NULL: not looked at */
};

static void check(const struct page *pages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buf page = BUF_NONE;
        struct outcome o;
        buf_putz(&page, "<!DOCTYPE html><title>" HEADLINE "</title><body>");
        buf_putz(&page, pages[i].html);
        outcome_of(PARSE_ARTICLE, buf_str(&page), STR("https://wire.example/n/1"), &o);
        if (o.err != 0 || o.count != 1)
            fail_msg("%s: %d, %zu items", pages[i].name, o.err, o.count);
        struct str body = o.items[0]->field[ITEM_BODY], got = o.items[0]->field[ITEM_CAPTIONS];
        if (!str_eq(body, str_of(pages[i].body)))
            fail_msg("%s: the body is\n%.*s\nnot\n%s", pages[i].name, STR_ARG(body), pages[i].body);
        if (pages[i].captions && !str_eq(got, str_of(pages[i].captions)))
            fail_msg("%s: the captions are\n%.*s\nnot\n%s", pages[i].name, STR_ARG(got),
                     pages[i].captions);
        outcome_done(&o);
        buf_free(&page);
    }
}

#define CHECK(pages) check(pages, ARRAY_LEN(pages))

static void markup_that_is_broken_or_in_pieces_loses_nothing(void **state)
{
    static const struct page PAGES[] = {
        {"a button that is never closed",
         "<div class=menu><ul><li><button>Menu</ul></div><article>" H1 P(P1) P(P2) "</article>",
         P1 "\n\n" P2, NULL},
        {"a button that is closed, with blocks inside",
         "<article>" H1 P(P1) "<p><button><div>Share</div></button></p>" P(P2) "</article>",
         P1 "\n\n" P2, NULL},
        {"pieces that follow at the end, one inside another",
         "<main>" H1 "<template id=\"B:0\"></template>" P(
             P3) "</main>"
                 "<div hidden id=\"S:1\">" P(P2) "</div>"
                                                 "<div hidden id=\"S:0\">" P(
                                                     P1) "<template id=\"P:1\"></template></div>",
         P1 "\n\n" P2 "\n\n" P3, NULL},
        {"a piece whose place is inside itself",
         "<main>" H1 P(P1) "</main><div hidden id=\"S:0\"><template id=\"B:0\"></template></div>",
         P1, NULL},
    };
    (void)state;
    CHECK(PAGES);
}

static void names_are_opinions(void **state)
{
    static const struct page PAGES[] = {
        {"the parts of a story are named after a table of contents",
         "<article>" H1 "<section class=toc-para>" P(P1) "</section><section class=toc-para>" P(
             P2) "</section><section class=toc-para>" P(P3) "</section></article>",
         P1 "\n\n" P2 "\n\n" P3, NULL},
        {"the story stands in what is named after its sidebar",
         "<main class=with-sidebar>" H1 P(P1) P(P2) "</main>", P1 "\n\n" P2, NULL},
        {"ids made of the words of a heading",
         "<article>" H1 P(P1) "<h2 id=how-we-share-the-news>How we share the news</h2>" P(
             P2) "<div id=why-a-newsletter-is-not-enough-now>" P(P3) "</div></article>",
         P1 "\n\nHow we share the news\n\n" P2 "\n\n" P3, NULL},
        {"a newsletter's box between two paragraphs",
         "<article>" H1 P(
             P1) "<div class=newsletter-box><h3>Our morning letter</h3><p>Every day at "
                 "six, what matters in the town and on the islands, told in five "
                 "minutes.</p></div>" P(P2) P(P3) "</article>",
         P1 "\n\n" P2 "\n\n" P3, NULL},
        {"a story about newsletters",
         "<article>" H1 P("Newsletters have become the press of small towns: three of them now "
                          "report what the council of Lindholm decides.")
             P("\"We have more subscribers than the paper ever had,\" said Karin Holt, who "
               "writes one "
               "of them at her kitchen table every morning.") "<h2>Subscribe or "
                                                              "perish</h2>" P(P2) "</"
                                                                                  "article>",
         "Newsletters have become the press of small towns: three of them now report what the "
         "council of Lindholm decides.\n\n\"We have more subscribers than the paper ever had,\" "
         "said Karin Holt, who writes one of them at her kitchen table every "
         "morning.\n\nSubscribe or perish\n\n" P2,
         NULL},
        {"a link in a sentence is named like chrome",
         "<article>" H1
         "<p>The harbour of <a class=recommendation-inline-link href=/t>Lindholm</a> "
         "was closed on Tuesday after a fire in a warehouse full of timber and paint.</p>" P(
             P2) "</article>",
         "The harbour of Lindholm was closed on Tuesday after a fire in a warehouse full of timber "
         "and paint.\n\n" P2,
         NULL},
        {"comments inside code",
         "<article>" H1 P(P1) "<pre><code><span class=hljs-comment># tell the harbour</span>\n"
                              "tell harbour</code></pre>" P(P2) "</article>",
         P1 "\n\n# tell the harbour tell harbour\n\n" P2, NULL},
        {"a footer with more words than the story",
         "<main>" H1 "<p>The harbour was closed on Tuesday after a fire in a warehouse, the fire "
         "service of the town said.</p></main><footer>" P(P2) P(P3) "</footer>",
         "The harbour was closed on Tuesday after a fire in a warehouse, the fire service of the "
         "town said.",
         NULL},
    };
    (void)state;
    CHECK(PAGES);
}

static void boxes_and_folds_that_belong_to_the_story_stay(void **state)
{
    static const struct page PAGES[] = {
        {"a box of facts",
         "<article>" H1 P(P1) "<aside>" P(P2)
             P(P3) "</aside>" P("The quay reopens on Friday, and "
                                "the market with it, the council has decided.") "</article>",
         P1 "\n\n" P2 "\n\n" P3
            "\n\nThe quay reopens on Friday, and the market with it, the council "
            "has decided.",
         NULL},
        {"a box of links",
         "<article>" H1 P(
             P1) "<aside><h3>More</h3><ul><li><a href=/1>Ferry line gets two new ships "
                 "next year</a><li><a href=/2>Council votes on the museum</a></ul></aside>" P(
                     P2) "</article>",
         P1 "\n\n" P2, NULL},
        {"answers that are folded away, questions on buttons",
         "<article>" H1 P(P1) "<div><button>When will the ferries sail again?</button>"
                              "<div style='display:none'>" P(P2) P(P3) "</div></div></article>",
         P1 "\n\nWhen will the ferries sail again?\n\n" P2 "\n\n" P3, NULL},
        {"details and summary",
         "<article>" H1 P(P1) "<details><summary>What is known of the cause?</summary>" P(
             P2) "</details></article>",
         P1 "\n\nWhat is known of the cause?\n\n" P2, NULL},
        {"a button without a question",
         "<article>" H1 P(P1) "<button>Listen to the story now</button>" P(P2) "</article>",
         P1 "\n\n" P2, NULL},
        {"sections with a header of their own",
         "<article><header>" H1 "<div>14 shares</div></header>" P(
             P1) "<section><header><h2>What is known</h2></header>" P(P2) "</section></article>",
         P1 "\n\nWhat is known\n\n" P2, NULL},
        {"a table of results, a list of terms, a quotation",
         "<article>" H1 P(P1) "<table><tr><th>Team<th>Points<tr><td>Lindholm<td>12<tr><td>Oster"
                              "<td>9</table><dl><dt>Quay<dd>Where ships lie.</dl><blockquote>We "
                              "saw the smoke at six, "
                              "and by seven the roof was gone.</blockquote>" P(P2) "</article>",
         P1 "\n\nTeam | Points\nLindholm | 12\nOster | 9\n\nQuay\n\nWhere ships lie.\n\nWe saw the "
            "smoke at six, and by seven the roof was gone.\n\n" P2,
         NULL},
        {"entries that are names of services",
         "<article>" H1 P(P1) "<h3>WhatsApp</h3>" P(P2) "<ul><li>Telegram<li>Facebook</ul>" P(
             P3) "</article>",
         P1 "\n\nWhatsApp\n\n" P2 "\n\n- Telegram\n- Facebook\n\n" P3, NULL},
        {"a sub-heading that is a quotation",
         "<article>" H1 P(P1) "<h2>\"By seven the roof was gone\"</h2>" P(P2) "</article>",
         P1 "\n\n\"By seven the roof was gone\"\n\n" P2, NULL},
    };
    (void)state;
    CHECK(PAGES);
}

static void what_stands_above_the_story_is_told_from_it(void **state)
{
    static const struct page PAGES[] = {
        {"the beginning of the story in a box with the headline",
         "<main><div class=hero><div>" H1 P(
             P1) "<p>It was the third fire there since May, and the "
                 "largest that the town has seen for a hundred years or more.</p></div></div>"
                 "<div class=col><div class=text>" P(P2) P(P3)
                     P(P2 " Again.") "</div></div></main>",
         P1 "\n\nIt was the third fire there since May, and the largest that the town has seen for "
            "a hundred years or more.\n\n" P2 "\n\n" P3 "\n\n" P2 " Again.",
         NULL},
        {"names and dates",
         "<article>" H1 "<div>By Ann Lee and Max Roe</div><div>Updated 3 March 2026</div><div>3 "
         "March 2026</div><div>5 min read</div>" P(P1) P(P2) "</article>",
         P1 "\n\n" P2, NULL},
        {"a first line that begins like a byline",
         "<article>" H1 "<p>By seven the roof was gone</p>" P(P1) P(P2) "</article>",
         "By seven the roof was gone\n\n" P1 "\n\n" P2, NULL},
        {"a calendar",
         "<article>" H1 "<ul><li>3 March 2026<li>4 March 2026<li>9 March 2026</ul>" P(P1)
             P(P2) "</article>",
         "- 9 March 2026\n\n" P1 "\n\n" P2, NULL},
        {"a lead that is the beginning of the first paragraph",
         "<article>" H1 "<p>The harbour of Lindholm was closed on Tuesday after a fire in a "
         "warehouse</p>" P(P1) P(P2) "</article>",
         P1 "\n\n" P2, NULL},
        {"a quotation pulled out of the text, and one that is not in it",
         "<article>" H1 P(
             P1) "<blockquote>\xe2\x80\x9cthe ferries to the islands are expected to sail "
                 "again\xe2\x80\x9d</blockquote>" P(
                     P2) "<blockquote>We will build it again, and it will be of "
                         "stone.</blockquote>" P(P3) "</article>",
         P1 "\n\n" P2 "\n\nWe will build it again, and it will be of stone.\n\n" P3, NULL},
    };
    (void)state;
    CHECK(PAGES);
}

static void other_stories_are_not_this_one(void **state)
{
    static const struct page PAGES[] = {
        {"a headline between two paragraphs",
         "<article>" H1 P(P1) "<p><strong>Read also:</strong></p><h3><a "
                              "href=/2>Council votes on the "
                              "museum of fishing after a long debate</a></h3>" P(
                                  P2) "<p><a href=/3>Who will pay for the "
                                      "new quay?</a></p>" P(P3) "</article>",
         P1 "\n\n" P2 "\n\n" P3, NULL},
        {"a sentence with a link, and an aside of the writer",
         "<article>" H1 P(P1) "<p>(<a href=/2>Read what the report of the council says.</a>)</p>"
                              "<p>The council has published <a href=/3>its report</a>.</p>" P(
                                  P2) "</article>",
         P1 "\n\n(Read what the report of the council says.)\n\nThe council has "
            "published its "
            "report.\n\n" P2,
         NULL},
        {"cards behind the story",
         "<article>" H1 P(P1) P(P2) P(P3) P(P1 " Again.")
             P(P2 " Again.") "<div><h2>The latest</h2><div class=c><span>2 "
                             "March</span><h3><a href=/1>Ferry line gets "
                             "two new ships</a></h3><p>They will sail in "
                             "May.</p></div><div class=c><span>1 March</span>"
                             "<h3><a href=/2>Council votes on the "
                             "museum</a></h3><p>The vote was close.</p></div><div "
                             "class=c><span>1 March</span><h3><a href=/3>Herring "
                             "is late this year</a></h3><p>Fishermen "
                             "wait.</p></div></div></article>",
         P1 "\n\n" P2 "\n\n" P3 "\n\n" P1 " Again.\n\n" P2 " Again.", NULL},
        {"a story that consists of such pieces",
         "<article>" H1 P(P1) "<div class=c><h3><a href=/1>The Old Quay Inn</a></h3>" P(
             P2) "</div><div class=c><h3><a href=/2>The House of "
                 "Nets</a></h3>" P(P3) "</div><div class=c><h3><a "
                                       "href=/3>Holt's Kitchen "
                                       "Table</a></h3>" P(P2) "</div></"
                                                              "article>",
         P1 "\n\nThe Old Quay Inn\n\n" P2 "\n\nThe House of Nets\n\n" P3
            "\n\nHolt's Kitchen Table\n\n" P2,
         NULL},
        {"about the author",
         "<article>" H1 P(P1) P(P2) P(P3) P(P1 " Again.")
             P(P2 " Again.") "<div class=author><p>Ann Lee has written about the "
                             "coast for twenty years. She lives on "
                             "an island with two dogs and a boat.</p></div></article>",
         P1 "\n\n" P2 "\n\n" P3 "\n\n" P1 " Again.\n\n" P2 " Again.", NULL},
    };
    (void)state;
    CHECK(PAGES);
}

static void a_text_in_the_metadata_tells_what_is_foreign(void **state)
{
#define SAID                                                                                       \
    "<script type=application/ld+json>{\"@type\":\"NewsArticle\",\"articleBody\":\"" P1 " " P2     \
    " " P3 "\"}</script>"
#define FOREIGN "Our shop has sweaters of island wool, knitted by hand and sent within three days."
    static const struct page PAGES[] = {
        {"a paragraph that is not in it",
         SAID "<article>" H1 P(P1) P(FOREIGN) P(P2) P(P3) "</article>", P1 "\n\n" P2 "\n\n" P3,
         NULL},
        {"lists and quotations are left out of it",
         SAID
         "<article>" H1 P(P1) "<ul><li>Two ferries were moved</ul><blockquote>We will build it "
                              "again, of stone.</blockquote>" P(P2) P(P3) "</article>",
         P1 "\n\n- Two ferries were moved\n\nWe will build it again, of stone.\n\n" P2 "\n\n" P3,
         NULL},
        {"it is the beginning only",
         "<script type=application/ld+json>{\"@type\":\"NewsArticle\",\"articleBody\":\"" P1 " " P2
         "\"}</script><article>" H1 P(P1) P(P2) P(P3) P(FOREIGN) "</article>",
         P1 "\n\n" P2 "\n\n" P3 "\n\n" FOREIGN, NULL},
    };
    (void)state;
    CHECK(PAGES);
}

static void pages_of_every_kind(void **state)
{
    static const struct page PAGES[] = {
        {"a live blog, in order",
         "<main>" H1 P(P1) "<div class=post><time>14:05</time><h2>Ferries will sail</h2>" P(
             P2) "</div><div class=post><time>13:40</time><h2>Roof is gone</h2>" P(P3) "</div></"
                                                                                       "main>",
         P1 "\n\nFerries will sail\n\n" P2 "\n\nRoof is gone\n\n" P3, NULL},
        {"a gallery: what is said of each picture is the caption",
         "<article>" H1 P(P1) "<figure><img src=1.jpg><figcaption>Smoke over the quay. Photo: Erik "
                              "Lund</figcaption></figure>" P(P2) "</article>",
         P1 "\n\n" P2, "Smoke over the quay. Photo: Erik Lund"},
        {"the first of three pages",
         "<article>" H1 P(P1) P(P2) "<div>Page 1 of 3</div><div><a href=?p=2>Next page</a></div>"
                                    "</article>",
         P1 "\n\n" P2, NULL},
        {"an accelerated page",
         "<amp-sidebar><ul><li>All of the sections of this paper, from the islands to the "
         "market</ul></amp-sidebar><article>" H1 "<figure><amp-img src=1.jpg></amp-img><figcaption>"
         "The quay</figcaption></figure>" P(P1) "<amp-ad><div>Buy timber and paint at the corner "
                                                "shop by the harbour.</div></amp-ad>" P(
                                                    P2) "</article><amp-consent><div>We value your "
                                                        "privacy and share it with our seven "
                                                        "hundred partners.</div></amp-consent>",
         P1 "\n\n" P2, "The quay"},
        {"an embedded post",
         "<article>" H1 P(P1) "<blockquote class=twitter-tweet><p>We saw the smoke at six, and by "
                              "seven the roof was gone.</p>&mdash; Karin Holt (@kholt) <a "
                              "href=/s>March 3, 2026</a>"
                              "</blockquote>" P(P2) "</article>",
         P1
         "\n\nWe saw the smoke at six, and by seven the roof was gone.\n\n\xe2\x80\x94 Karin Holt "
         "(@kholt) March 3, 2026\n\n" P2,
         NULL},
        {"a paywall",
         "<article>" H1 P(P1) P(P2) "<div class=paywall><p>To continue reading, become a member of "
                                    "the Lindholm Post.</p></div></article>",
         P1 "\n\n" P2, NULL},
        {"a story inside what its paywall hides",
         "<article>" H1 P(P1) "<div class=paywall style='display:none'>" P(P2)
             P(P3) "</div></article>",
         P1 "\n\n" P2 "\n\n" P3, NULL},
    };
    (void)state;
    CHECK(PAGES);
}

#define RU1                                                                                                                                                          \
    "Порт Линдхольма закрыли во вторник после пожара на складе, где хранились лес и краска, " \
    "сообщили в пожарной службе города."
#define RU2                                                                                                                                                          \
    "Никто не пострадал, а паромы на острова снова пойдут в среду утром, сказал журналистам " \
    "начальник службы."
#define ZH1                                                                                        \
    "林德霍尔姆港周二因仓库火灾关闭，该市消防部门表示，仓库内存放着木材和油漆，火势已被控制。"
#define ZH2 "没有人员伤亡，前往各岛的渡轮预计将于周三早晨恢复航行，消防负责人在码头对记者说。"

static void chrome_is_known_in_other_languages(void **state)
{
    static const struct page PAGES[] = {
        {"Russian",
         "<article>" H1 "<div>Поделиться</div>" P(
             RU1) "<p>Читайте также: <a href=/2>Музей рыбы "
                  "откроют в мае</a></p>" P(
                      RU2) "<p>Фото: Эрик Лунд/СЕВЕР</p><p>Подписывайтесь на наш "
                           "канал</p><div>1204 просмотра</div><p>Теги: порт, пожар</p><p>Все права "
                           "защищены</p>"
                           "</article>",
         RU1 "\n\n" RU2, NULL},
        {"Chinese",
         "<article>" H1 "<div>分享到</div>" P(ZH1)
             P(ZH2) "<p>（责任编辑：李明）</p><p>相关阅读</p>"
                    "<p><a href=/2>渔业博物馆将于五月开放</a></p><div>12条评论</div></article>",
         ZH1 "\n\n" ZH2, NULL},
        {"German",
         "<article>" H1 "<div>Von Anna Schmidt</div>" P(
             P1) "<p>Lesen Sie auch: <a href=/2>Das Museum "
                 "kommt</a></p><p>Anzeige</p>" P(
                     P2) "<p>Foto: dpa</p><p>Artikel teilen</p></article>",
         P1 "\n\n" P2, NULL},
        {"French, Spanish, Portuguese, Italian",
         "<article>" H1 P(P1) "<p>Publicité</p><p>À lire aussi : <a href=/2>Le musée</a></p><p>Lea "
                              "también</p><p>Compartir</p><p>Leia também: <a href=/3>O "
                              "museu</a></p><p>Leggi anche</p>"
                              "<p>Riproduzione riservata</p>" P(P2) "</article>",
         P1 "\n\n" P2, NULL},
        {"Arabic, Turkish, Polish, Japanese, Ukrainian",
         "<article>" H1 P(
             P1) "<p>اقرأ أيضا</p><p>شارك</p><p>İlgili haberler</p><p>Udostępnij</p><p>"
                 "Czytaj także: <a "
                 "href=/2>Muzeum</a></p><p>関連記事</p><p>シェアする</p><p>Читайте також</p>" P(
                     P2) "</article>",
         P1 "\n\n" P2, NULL},
        {"lines that only begin alike",
         "<article>" H1 P(RU1) P("Тема пожаров в порту давно волнует жителей города") P(RU2)
             P("Foto-Händler Holt hat sein Geschäft am Kai wieder geöffnet.")
                 P("Teilen will die Stadt den Hafen nicht.") "</article>",
         RU1 "\n\nТема пожаров в порту давно волнует жителей города\n\n" RU2
             "\n\nFoto-Händler Holt hat sein Geschäft am Kai wieder geöffnet.\n\nTeilen will die "
             "Stadt den Hafen nicht.",
         NULL},
    };
    (void)state;
    CHECK(PAGES);
}

static void the_chrome_of_wires_goes(void **state)
{
    static const struct page PAGES[] = {
        {"counters, clocks, addresses, tags",
         "<div class=news>" H1 "<div>3 MAR, 09:15</div><div>Facebook12 Telegram Print</div>" P(
             P1) "<div>Short URL: https://wr.example/x1</div><div>Topic: Fires at "
                 "sea</div>" P(P2) "<div>Comments (3)</div><div>Views: "
                                   "1204</div><div>0Comments</div><div>18:40</div></div>",
         P1 "\n\n" P2, NULL},
        {"credits",
         "<div class=news>" H1 "<p>\xc2\xa9 Erik Lund/NORTHERN WIRE</p>" P(
             P1) "<p>(c) Erik Lund/"
                 "WIRE</p><p>Photo: Erik Lund</p>" P(P2) "</div>",
         P1 "\n\n" P2, NULL},
    };
    (void)state;
    CHECK(PAGES);
}

static void sentences_and_headings_that_only_look_like_chrome_stay(void **state)
{
    static const struct page PAGES[] = {
        {"years of a timeline",
         "<article>" H1 P(P1) "<h3>1998</h3>" P(P2) "<h3>2004</h3>" P(P3) "</article>",
         P1 "\n\n1998\n\n" P2 "\n\n2004\n\n" P3, NULL},
        {"headings of parts",
         "<article>" H1 P(P1) "<h2>Folgen</h2>" P(P2) "<h2>Contents</h2>" P(P3) "</article>",
         P1 "\n\nFolgen\n\n" P2 "\n\nContents\n\n" P3, NULL},
        {"the heading of links",
         "<article>" H1 P(P1)
             P(P2) "<h2>Contents</h2><ul><li>"
                   "<a href=/2>Museum opens</a><li><a href=/3>Ferries sail</a></ul></article>",
         P1 "\n\n" P2, NULL},
        {"a sentence that begins like a button",
         "<article>" H1 P(P1) P("Share this burden, he urged.")
             P(P2) "<p>Share this article</article>",
         P1 "\n\nShare this burden, he urged.\n\n" P2, NULL},
        {"a short lead alone",
         "<main><div>" H1 "<div>The ferries of Lindholm will stay in port until "
         "the smoke is gone.</div></div><article>" P(P1) P(P2) P(P3) "</article></main>",
         "The ferries of Lindholm will stay in port until the smoke is gone.\n\n" P1 "\n\n" P2
         "\n\n" P3,
         NULL},
        {"a heading that begins like a byline",
         "<article>" H1 "<h2>By 2030 all buses will be electric</h2>" P(P1) P(P2) "</article>",
         "By 2030 all buses will be electric\n\n" P1 "\n\n" P2, NULL},
    };
    (void)state;
    CHECK(PAGES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_that_is_broken_or_in_pieces_loses_nothing),
        cmocka_unit_test(names_are_opinions),
        cmocka_unit_test(boxes_and_folds_that_belong_to_the_story_stay),
        cmocka_unit_test(what_stands_above_the_story_is_told_from_it),
        cmocka_unit_test(other_stories_are_not_this_one),
        cmocka_unit_test(a_text_in_the_metadata_tells_what_is_foreign),
        cmocka_unit_test(pages_of_every_kind),
        cmocka_unit_test(chrome_is_known_in_other_languages),
        cmocka_unit_test(the_chrome_of_wires_goes),
        cmocka_unit_test(sentences_and_headings_that_only_look_like_chrome_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
