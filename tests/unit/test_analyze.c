/* Read with the models of the tree: what must hold for any model, and texts that none may miss. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "record.h"
#include "script.h"
#include "topics.h"

static struct analyze *set;

static int open_all(void **state)
{
    char why[ANALYZE_WHY];
    struct analyze_options options = {.models = "workers/models"};
    (void)state;
    return analyze_open(NULL, &options, why, &set);
}

static int close_all(void **state)
{
    (void)state;
    analyze_close(set);
    return 0;
}

/* The record of an item line. */
static json_t *analysed(const char *line)
{
    json_t *record;
    assert_int_equal(record_parse(str_of(line), &record), 0);
    record_finish(set, record);
    return record;
}

static json_t *of_text(const char *headline, const char *body, const char *language)
{
    json_t *item = json_pack("{ss ss ss ss* s[{ss*}] s[{ss ss}]}", "uri", "urn:x:1", "type", "text",
                             "version", "1", "language", language, "headlines", "value", headline,
                             "bodies", "contentType", "text/plain", "value", body);
    json_t *record = record_of_item(item);
    record_finish(set, record);
    return record;
}

static const char *language_of(const json_t *record)
{
    return json_string_value(
        json_object_get(json_object_get(json_object_get(record, "analysis"), "language"), "code"));
}

static void assert_language(const char *text, const char *expected)
{
    json_t *record = of_text(NULL, text, NULL);
    assert_string_equal(language_of(record), expected);
    json_decref(record);
}

static const struct topic *best_topic(const json_t *record)
{
    const json_t *best =
        json_array_get(json_object_get(json_object_get(record, "analysis"), "topics"), 0);
    return topic_by_uri(str_of(json_string_value(json_object_get(best, "uri"))));
}

static void assert_topic(const char *headline, const char *body, const char *slug)
{
    json_t *record = of_text(headline, body, "en");
    assert_string_equal(best_topic(record)->slug, slug);
    json_decref(record);
}

/* ---- language */

static void languages_of_one_script_are_told_apart(void **state)
{
    (void)state;
    assert_language("The minister said that talks would go on through the night.", "en");
    assert_language("Le ministre a déclaré que les discussions se poursuivraient toute la nuit.",
                    "fr");
    assert_language("Der Minister sagte, die Gespräche würden die ganze Nacht dauern.", "de");
    assert_language("Ministeri sanoi, että neuvottelut jatkuvat läpi yön.", "fi");
    assert_language("Министр сообщил, что переговоры продолжатся всю ночь.", "ru");
    assert_language("Міністр повідомив, що переговори триватимуть усю ніч.", "uk");
    assert_language("قال الوزير إن المحادثات ستستمر طوال الليل.", "ar");
}

static void a_script_of_its_own_settles_the_language(void **state)
{
    (void)state;
    assert_language("Ο υπουργός δήλωσε ότι οι συνομιλίες θα συνεχιστούν.", "el");
    assert_language("大臣は協議を続けると述べた。", "ja");
    assert_language("部长说会谈将持续一整夜。", "zh");
    assert_language("장관은 회담이 밤새 계속될 것이라고 말했다.", "ko");
    assert_language("รัฐมนตรีกล่าวว่าการเจรจาจะดำเนินต่อไป", "th");
}

static void capitals_do_not_change_the_language(void **state)
{
    (void)state;
    assert_language("LE MINISTRE A DÉCLARÉ QUE LES DISCUSSIONS SE POURSUIVRAIENT", "fr");
}

static void addresses_are_in_no_language(void **state)
{
    (void)state;
    assert_language("https://www.example.com/the/government/said user@example.org 2026", "und");
}

static void without_letters_the_language_is_und(void **state)
{
    (void)state;
    assert_language("12:30 -- 4,5 % +++", "und");
    assert_language("", "und");
}

static void a_missing_language_is_filled_into_the_item(void **state)
{
    (void)state;
    json_t *record =
        of_text(NULL, "Le ministre a déclaré que les discussions se poursuivraient.", NULL);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(record, "item"), "language")), "fr");
    json_decref(record);
}

static void a_declared_language_stays_in_the_item_but_does_not_decide(void **state)
{
    (void)state;
    json_t *record = of_text(NULL,
                             "Der Minister sagte, die Gespräche würden die ganze Nacht dauern, und "
                             "nannte keine Einzelheiten.",
                             "en-GB");
    assert_string_equal(language_of(record), "de");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(record, "item"), "language")), "en-GB");
    json_decref(record);
}

static void a_declared_language_that_no_model_knows_is_believed_where_its_script_fits(void **state)
{
    (void)state;
    json_t *record = of_text(
        NULL, "Dúirt an tAire go leanfadh na cainteanna ar aghaidh i rith na hoíche.", "ga");
    assert_string_equal(language_of(record), "ga");
    json_decref(record);
}

static void kana_makes_han_japanese(void **state)
{
    (void)state;
    assert_int_equal(script_of(str_of("東京は日本の首都です"), 1000).script, SCRIPT_KANA);
    assert_int_equal(script_of(str_of("北京是中国的首都"), 1000).script, SCRIPT_HAN);
}

/* ---- topics */

static void plain_cases_get_their_topic(void **state)
{
    (void)state;
    assert_topic(
        "Late goal wins the cup final",
        "The striker scored in stoppage time as the club won the league championship match.",
        "sport");
    assert_topic(
        "Magnitude 6.8 earthquake strikes coast",
        "At least 12 people were killed when an earthquake hit the province, rescuers said.",
        "disaster");
    assert_topic(
        "Court sentences former banker",
        "A judge sentenced him to eight years in prison for murder, prosecutors and police said.",
        "crime");
    assert_topic("Parliament votes on new cabinet",
                 "The prime minister won the election and formed a coalition government, the "
                 "president said.",
                 "politics");
}

static void two_topics_at_least_are_given_best_first(void **state)
{
    (void)state;
    double before = 1;
    json_t *record = of_text("x", "Something happened somewhere.", "en"), *topic;
    const json_t *list = json_object_get(json_object_get(record, "analysis"), "topics");
    size_t i;
    assert_true(json_array_size(list) >= 2);
    json_array_foreach (list, i, topic) {
        double confidence = json_real_value(json_object_get(topic, "confidence"));
        assert_true(confidence <= before);
        before = confidence;
    }
    json_decref(record);
}

static void the_best_topic_is_given_even_for_no_text(void **state)
{
    (void)state;
    json_t *record = analysed("{\"uri\":\"urn:x:1\",\"version\":\"1\"}");
    assert_non_null(best_topic(record));
    json_decref(record);
}

static void another_language_lowers_the_confidence(void **state)
{
    (void)state;
    json_t *record = of_text(
        "Erdbeben",
        "Bei einem schweren Erdbeben sind in der Nacht mindestens zwölf Menschen gestorben.", NULL);
    const json_t *best =
        json_array_get(json_object_get(json_object_get(record, "analysis"), "topics"), 0);
    assert_true(json_real_value(json_object_get(best, "confidence")) <= 0.25);
    json_decref(record);
}

static void subjects_carry_whole_percents_and_those_of_others_stay(void **state)
{
    (void)state;
    json_t *record = analysed(
        "{\"uri\":\"urn:x:1\",\"version\":\"1\",\"subjects\":[{\"name\":\"of the publisher\"}],"
        "\"bodies\":[{\"value\":\"The striker scored twice in the cup final.\"}]}");
    json_t *again = json_pack("{sO}", "item", json_object_get(record, "item")), *subjects;
    size_t first = json_array_size(json_object_get(json_object_get(record, "item"), "subjects"));
    record_finish(set, again);
    subjects = json_object_get(json_object_get(again, "item"), "subjects");
    assert_int_equal(json_array_size(subjects), first);
    assert_string_equal(json_string_value(json_object_get(json_array_get(subjects, 0), "name")),
                        "of the publisher");
    assert_true(json_is_integer(json_object_get(json_array_get(subjects, 1), "confidence")));
    json_decref(record);
    json_decref(again);
}

/* ---- datelines, provenance, records */

static void the_dateline_gives_the_place(void **state)
{
    (void)state;
    json_t *record =
        of_text(NULL, "MOSCOW, February 8. /TASS/. The committee met to discuss the plan.", "en");
    const json_t *d = json_object_get(json_object_get(record, "analysis"), "dateline");
    assert_string_equal(json_string_value(json_object_get(d, "place")), "Moscow");
    assert_string_equal(json_string_value(json_object_get(d, "agency")), "TASS");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(record, "item"), "located")), "Moscow");
    json_decref(record);
}

static void provenance_names_every_analyzer_and_its_model(void **state)
{
    (void)state;
    json_t *record = of_text("x", "y", NULL), *entry;
    const json_t *provenance = json_object_get(record, "provenance");
    for (size_t i = 0; analyzers[i]; i++) {
        entry = json_object_get(provenance, analyzers[i]->name);
        assert_string_equal(json_string_value(json_object_get(entry, "version")),
                            analyzers[i]->version);
        assert_int_equal(json_object_get(entry, "model") != NULL, analyzers[i]->model != NULL);
    }
    json_decref(record);
}

static void only_the_chosen_analyzers_run(void **state)
{
    char why[ANALYZE_WHY], topics_name[] = "topics", *names[] = {topics_name, NULL};
    struct analyze_options options = {.models = "workers/models"};
    struct analyze *one;
    json_t *record = json_pack("{s{ss}}", "item", "uri", "urn:x:1");
    (void)state;
    assert_int_equal(analyze_open(names, &options, why, &one), 0);
    assert_int_equal(analyze_run(one, record), 0);
    assert_int_equal(json_object_size(json_object_get(record, "analysis")), 1);
    json_decref(record);
    analyze_close(one);
}

static void an_unknown_analyzer_is_refused_by_name(void **state)
{
    char why[ANALYZE_WHY], name[] = "astrology", *names[] = {name, NULL};
    struct analyze_options options = {.models = "workers/models"};
    struct analyze *none = NULL;
    (void)state;
    assert_int_equal(analyze_open(names, &options, why, &none), -EINVAL);
    assert_string_equal(why, "there is no analyzer 'astrology'");
}

static void a_missing_model_is_named(void **state)
{
    char why[ANALYZE_WHY];
    struct analyze_options options = {.models = "/nonexistent"};
    struct analyze *none = NULL;
    (void)state;
    assert_int_equal(analyze_open(NULL, &options, why, &none), -ENOENT);
    assert_string_equal(why, "/nonexistent/language.model: No such file or directory");
}

static void what_is_no_item_is_refused(void **state)
{
    static const char *const lines[] = {"",
                                        "{",
                                        "[]",
                                        "\"x\"",
                                        "{}",
                                        "{\"uri\":\"urn:x:1\"}",
                                        "{\"item\":[]}",
                                        "{\"item\":{\"uri\":1,\"version\":\"1\"}}",
                                        "{\"uri\":\"a\",\"uri\":\"b\",\"version\":\"1\"}"};
    json_t *record = NULL;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        assert_int_equal(record_parse(str_of(lines[i]), &record), -EBADMSG);
}

static void json_nested_beyond_the_limit_is_refused(void **state)
{
    struct buf line = BUF_NONE;
    json_t *record = NULL;
    (void)state;
    buf_putz(&line, "{\"uri\":\"a\",\"version\":\"1\",\"x\":");
    for (int i = 0; i < 500; i++)
        buf_putc(&line, '[');
    for (int i = 0; i < 500; i++)
        buf_putc(&line, ']');
    buf_putc(&line, '}');
    assert_int_equal(record_parse(buf_str(&line), &record), -EBADMSG);
    buf_free(&line);
}

static void members_of_the_wrong_type_are_passed_over(void **state)
{
    (void)state;
    json_t *record =
        analysed("{\"uri\":\"urn:x:1\",\"version\":\"1\",\"language\":7,\"headlines\":\"x\","
                 "\"bodies\":[3,{\"value\":[]}],"
                 "\"subjects\":5,\"firstCreated\":{},\"altIds\":3,\"infoSources\":[1]}");
    assert_string_equal(language_of(record), "und");
    json_decref(record);
}

static void a_canceled_item_is_a_retraction(void **state)
{
    (void)state;
    json_t *record = analysed("{\"uri\":\"urn:x:1\",\"version\":\"2\",\"pubStatus\":\"canceled\"}");
    assert_string_equal(json_string_value(json_object_get(record, "event")), "retraction");
    json_decref(record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(languages_of_one_script_are_told_apart),
        cmocka_unit_test(a_script_of_its_own_settles_the_language),
        cmocka_unit_test(capitals_do_not_change_the_language),
        cmocka_unit_test(addresses_are_in_no_language),
        cmocka_unit_test(without_letters_the_language_is_und),
        cmocka_unit_test(a_missing_language_is_filled_into_the_item),
        cmocka_unit_test(a_declared_language_stays_in_the_item_but_does_not_decide),
        cmocka_unit_test(a_declared_language_that_no_model_knows_is_believed_where_its_script_fits),
        cmocka_unit_test(kana_makes_han_japanese),
        cmocka_unit_test(plain_cases_get_their_topic),
        cmocka_unit_test(two_topics_at_least_are_given_best_first),
        cmocka_unit_test(the_best_topic_is_given_even_for_no_text),
        cmocka_unit_test(another_language_lowers_the_confidence),
        cmocka_unit_test(subjects_carry_whole_percents_and_those_of_others_stay),
        cmocka_unit_test(the_dateline_gives_the_place),
        cmocka_unit_test(provenance_names_every_analyzer_and_its_model),
        cmocka_unit_test(only_the_chosen_analyzers_run),
        cmocka_unit_test(an_unknown_analyzer_is_refused_by_name),
        cmocka_unit_test(a_missing_model_is_named),
        cmocka_unit_test(what_is_no_item_is_refused),
        cmocka_unit_test(json_nested_beyond_the_limit_is_refused),
        cmocka_unit_test(members_of_the_wrong_type_are_passed_over),
        cmocka_unit_test(a_canceled_item_is_a_retraction),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
