#include "parse_help.h"

#include "chrome.h"
#include "chrome_words.h"
#include "hints.h"

static void the_table_of_words_is_in_order(void **state)
{
    (void)state;
    assert_true(chrome_words_sorted());
}

static void every_alphabet_is_folded_as_the_table_has_it(void **state)
{
    static const char *const CASES[][2] = {
        {"SHARE ON Telegram", "share on telegram"},
        {"ПОДЕЛИТЬСЯ Ёлкой", "поделиться ёлкой"},
        {"À LIRE ÉGALEMENT", "à lire également"},
        {"UDOSTĘPNIJ ŁÓDŹ", "udostępnij łódź"},
        {"İLGİLİ ŞEHİR", "ilgili şehir"},
        {"ΔΙΑΦΗΜΙΣΗ", "διαφημιση"},
        {"相关阅读", "相关阅读"},
        {"Editor\xe2\x80\x99s\xc2\xa0picks", "editor's picks"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        char out[128];
        struct str got = chrome_fold(str_of(CASES[i][0]), out, sizeof out);
        if (!str_is(got, CASES[i][1]))
            fail_msg("%s is folded to \"%.*s\"", CASES[i][0], STR_ARG(got));
    }
    char small[8]; /* a character that does not fit is left out whole */
    assert_true(str_is(chrome_fold(STR("абвгд"), small, sizeof small), "абв"));
}

struct line {
    const char *text;
    bool expect;
};

static void each(const char *what, bool is(struct str), const struct line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is(str_of(lines[i].text)) != lines[i].expect)
            fail_msg("\"%s\" is %s%s", lines[i].text, lines[i].expect ? "no " : "", what);
}

static void lines_of_chrome_are_known_and_their_look_alikes_are_not(void **state)
{
    static const struct line LINES[] = {
        {"Advertisement", true},
        {"ADVERTISEMENT", true},
        {"Read more »", true},
        {"→ Read also: Ferry line gets two new ships", true},
        {"Tags: fire, ports", true},
        {"Tags and labels of the old port are collected here", false},
        {"Share on Telegram", true},
        {"Share prices fell on Monday", false},
        {"Facebook12 Twitter3 Telegram", true},
        {"Facebook and Twitter", false},
        {"12 comments", true},
        {"0Comments", true},
        {"Comments (3)", true},
        {"Comments on the plan are due in May", false},
        {"Views: 1204", true},
        {"14:05", true},
        {"1911", false},
        {"2101", true},
        {"1,204 people live there", false},
        {"5 min read", true},
        {"Page 2 of 3", true},
        {"Page 2 of the report says so", false},
        {"Читайте также: паромы пойдут в среду", true},
        {"Читайте также полный текст доклада", false},
        {"ПОДЕЛИТЬСЯ", true},
        {"1204 просмотра", true},
        {"Подписывайтесь на наш канал в Telegram", true},
        {"Короткая ссылка: wr.example/x1", true},
        {"相关阅读", true},
        {"责任编辑：李明", true},
        {"12条评论", true},
        {"相关部门正在调查", false},
        {"関連記事", true},
        {"관련기사", true},
        {"اقرأ أيضا", true},
        {"Lesen Sie auch: Das Museum kommt", true},
        {"Teilen", true},
        {"Anzeige gegen Unbekannt", false},
        {"Lire aussi : Le musée", true},
        {"Leia também", true},
        {"Czytaj także: Muzeum", true},
        {"Paylaş", true},
        {"Lees ook: Het museum", true},
        {"Photo: Erik Lund", true},
        {"Фото: Эрик Лунд", true},
        {"图片来源：新华社", true},
        {"Photographs of the fire were shown in court", false},
        {"Join us on Sunday, the organisers said.", false},
        {"Share this burden, he urged.", false},
        {"Become a member of the bloc: that is what Kyiv wants.", false},
        {"Posted in Berlin for ten years, he spoke no German.", false},
        {"Subscribe to the idea or leave, he said.", false},
        {"Views: a nation divided.", false},
        {"Topic: how the budget works.", false},
        {"Video: the evidence the jury saw.", false},
        {"Image: battered by scandal, the bank seeks a new chief.", false},
        {"Themen: Steuern, Rente und Pflege bestimmen die Debatte.", false},
        {"Bild: zerstört, meldet die Zeitung.", false},
        {"Teilen auf eigene Gefahr, steht auf dem Schild.", false},
        {"Crédits : 300 millions de plus pour la justice.", false},
        {"Тема: выборы 2026 года, говорит он.", false},
        {"Фото: уничтожено 200 снимков, заявил музей.", false},
        {"声明：双方同意停火。", false},
        {"提供：トヨタが水素エンジンを。", false},
        {"1998", false},
        {"2004", false},
        {"Join us on Telegram.", true},
        {"Share this article on Facebook.", true},
        {"Follow us on Twitter @wire.", true},
        {"Subscribe to our newsletter.", true},
        {"Photo: Ann Lee/Wire.", true},
        {"Video: Wire", true},
        {"Topic: ports, fire", true},
        {"声明：本网转载", true},
        {"This website uses cookies to improve your visit.", true},
        {"Read also: Will the ferries return?", true},
        {"Подписывайтесь на наш канал.", true},
        {"Фото: Эрик Лунд / Агентство", true},
        {"", false},
        {"...", false},
        {"\xf0\x9f\x94\xa5", false},
    };
    (void)state;
    each("a line of chrome", chrome_is_line, LINES, ARRAY_LEN(LINES));
}

static void what_stands_above_a_story_is_known(void **state)
{
    static const struct line LINES[] = {
        {"By Ann Lee", true},
        {"By Ann Lee and Max Roe", true},
        {"By seven the roof was gone", false},
        {"By Ann Lee, who was there.", false},
        {"Updated 3 March 2026", true},
        {"Updated rules for ports", false},
        {"Published: March 3", true},
        {"Von Anna Schmidt", true},
        {"Von der Leyen fordert mehr Geld", false},
        {"Автор: Анна Ли", true},
        {"Автор романа приехал в город", false},
        {"Обновлено 3 марта, 09:15", true},
        {"来源：新华社", true},
        {"Yayınlanma: 3 Mart", true},
        {"记者1月5日从民政部获悉，春运今日开始。", false},
        {"时间定于2026年1月5日", false},
        {"更新后的2026年目录今日发布。", false},
        {"作成された資料には3つの案がある", false},
        {"入力ミスで10億円の損失", false},
        {"By Friday 12 people were missing", false},
        {"By Friday 12 men had won", false},
        {"By 2030 all buses will be electric", false},
        {"Exclusive: documents seen by the wire show how the minister overruled his staff", false},
        {"Von 2019 bis 2024 regierte die CDU", false},
        {"Par 300 voix contre 200", false},
        {"Автор 12 книг убит в Москве", false},
        {"كتب 5 وزراء رسالة إلى الرئيس", false},
        {"Updated rules: what the 12 ports must know", false},
        {"Exclusive: Minister resigns", false},
        {"Exclusive", true},
        {"By Ann Lee, 3 March 2026", true},
        {"By Ann Lee | 3 March 2026 at 09:15", true},
        {"Updated 5 hours ago", true},
        {"Updated on 3 March 2026 at 09:15 GMT", true},
        {"更新时间：2026年1月5日 10:00", true},
        {"更新：2026-01-05", true},
        {"作者：李明", true},
        {"记者：李明", true},
        {"入力 2026.01.05 09:15", true},
        {"Дата публикации: 3 марта 2026", true},
        {"Veröffentlicht am 3. März 2026, 10:15 Uhr", true},
    };
    (void)state;
    each("above a story", chrome_is_top, LINES, ARRAY_LEN(LINES));
}

static void legal_lines_are_known(void **state)
{
    static const struct line LINES[] = {
        {"© 2026 Northern Wire", true},
        {"© Erik Lund", false},
        {"Northern Wire. All rights reserved.", true},
        {"Все права защищены", true},
        {"Alle Rechte vorbehalten", true},
        {"Riproduzione riservata ©", true},
        {"版权所有", true},
        {"The council kept all its rights.", false},
        {"All rights reserved to the states are listed in the new law, the court said.", false},
        {"Copyright 2026 reform passes in Brussels after a long night of talks", false},
        {"Copyright 2026 Northern Wire", true},
        {"Copyright 2019-2026 by Northern Wire", true},
        {"Copyright 2026", true},
        {"All rights reserved to Northern Wire", true},
        {"© 2026 by the wire. All rights reserved. No part may be copied without permission.",
         true},
    };
    (void)state;
    each("a legal line", chrome_is_legal, LINES, ARRAY_LEN(LINES));
}

static void names_of_classes_say_what_they_are(void **state)
{
    static const struct {
        const char *name;
        unsigned has, has_not;
    } CASES[] = {
        {"share-bar", HINT_CHROME, HINT_BODY},
        {"relatedArticles", HINT_CHROME, HINT_BODY},
        {"post__content", HINT_BODY, HINT_CHROME},
        {"article-body", HINT_BODY, HINT_CHROME},
        {"noticias-relacionadas", HINT_CHROME, 0},
        {"kommentare", HINT_CHROME | HINT_COMMENT, 0},
        {"toc-para", HINT_CHROME | HINT_SOFT, 0},
        {"header-left", 0, HINT_CHROME | HINT_BODY},
        {"", 0, HINT_CHROME | HINT_BODY | HINT_CONTENT},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        unsigned got = hints_of_name(str_of(CASES[i].name));
        if ((got & CASES[i].has) != CASES[i].has || got & CASES[i].has_not)
            fail_msg("%s: hints are %x", CASES[i].name, got);
    }
    assert_true(hints_sorted());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_words_is_in_order),
        cmocka_unit_test(every_alphabet_is_folded_as_the_table_has_it),
        cmocka_unit_test(lines_of_chrome_are_known_and_their_look_alikes_are_not),
        cmocka_unit_test(what_stands_above_a_story_is_known),
        cmocka_unit_test(legal_lines_are_known),
        cmocka_unit_test(names_of_classes_say_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
