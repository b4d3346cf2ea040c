#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agencies.h"
#include "clock.h"
#include "dateline.h"
#include "gazetteer.h"

#define FETCHED "2026-03-15T12:00:00Z"
#define TEXT    "The council met to hear the plan for the harbour."

struct expected {
    const char *line, *place, *country, *date, *agency, *byline;
};

static int64_t fetched_at(void)
{
    int64_t us = 0;
    assert_int_equal(clock_parse(FETCHED, &us), 0);
    return us;
}

static void same(const char *line, const char *got, const char *wanted)
{
    if (strcmp(got, wanted) != 0)
        fail_msg("\"%s\" instead of \"%s\": %s", got, wanted, line);
}

static void check(const struct expected *e)
{
    struct dateline d;
    if (!dateline_find(str_of(e->line), fetched_at(), &d))
        fail_msg("nothing found: %s", e->line);
    same(e->line, d.place, e->place);
    same(e->line, d.country, e->country);
    same(e->line, d.date, e->date);
    same(e->line, d.agency, e->agency);
    same(e->line, d.byline, e->byline ? e->byline : "");
    struct str rest = str_from(str_of(e->line), d.at + d.len);
    if (!str_starts(rest, STR(TEXT)))
        fail_msg("the text begins at \"%.*s\": %s", STR_ARG(str_upto(rest, 20)), e->line);
}

static void check_none(const char *line)
{
    struct dateline d = {.agency = "untouched"};
    if (dateline_find(str_of(line), fetched_at(), &d))
        fail_msg("place \"%s\", agency \"%s\" found in: %s", d.place, d.agency, line);
    assert_string_equal(d.agency, "untouched");
}

static void every_agency_style_is_read(void **state)
{
    (void)state;
    static const struct expected CASES[] = {
        {"KAZAN, February 8. /TASS/. " TEXT, "Kazan", "RU", "2026-02-08", "TASS", NULL},
        {"SOCHI, February 8. /TASS Correspondent Anna Orlova/. " TEXT, "Sochi", "RU", "2026-02-08",
         "TASS", "Anna Orlova"},
        {"VIENNA, October 21. /ITAR-TASS/. " TEXT, "Vienna", "AT", "2025-10-21", "TASS", NULL},
        {"MOSCOW, March 1. /PRIME/. " TEXT, "Moscow", "RU", "2026-03-01", "Prime", NULL},
        {"MINSK. Feb 8 (Interfax) - " TEXT, "Minsk", "BY", "2026-02-08", "Interfax", NULL},
        {"ROSTOV-ON-DON, March 2 (RIA Novosti) - " TEXT, "Rostov-on-Don", "RU", "2026-03-02",
         "RIA Novosti", NULL},
        {"MOSCOW (Sputnik) - " TEXT, "Moscow", "RU", "", "Sputnik", NULL},
        {"SHANGHAI, Jan. 5 (Xinhua) -- " TEXT, "Shanghai", "CN", "2026-01-05", "Xinhua", NULL},
        {"DENVER (AP) \xe2\x80\x94 " TEXT, "Denver", "US", "", "AP", NULL},
        {"TOPEKA, Kan. (AP) \xe2\x80\x94 " TEXT, "Topeka, Kansas", "US", "", "AP", NULL},
        {"ATHENS, Ga. (AP) \xe2\x80\x94 " TEXT, "Athens, Georgia", "US", "", "AP", NULL},
        {"BATUMI, Georgia (AP) \xe2\x80\x94 " TEXT, "Batumi", "GE", "", "AP", NULL},
        {"WASHINGTON, D.C. (UPI) -- " TEXT, "Washington", "US", "", "UPI", NULL},
        {"ABOARD THE PAPAL PLANE (AP) \xe2\x80\x94 " TEXT, "", "", "", "AP", NULL},
        {"OSLO, March 3 (Reuters) - " TEXT, "Oslo", "NO", "2026-03-03", "Reuters", NULL},
        {"Dec 29 (Reuters) - " TEXT, "", "", "2025-12-29", "Reuters", NULL},
        {"PARIS/BERLIN, March 3 (Reuters) - " TEXT, "Paris", "FR", "2026-03-03", "Reuters", NULL},
        {"By Ann Lee and Bo Ek LIMA, March 3 (Reuters) - " TEXT, "Lima", "PE", "2026-03-03",
         "Reuters", "Ann Lee and Bo Ek"},
        {"NEW YORK 1996-08-22 " TEXT, "New York", "US", "1996-08-22", "", NULL},
        {"Lyon, March 3, 2020 (AFP) - " TEXT, "Lyon", "FR", "2020-03-03", "AFP", NULL},
        {"Hamburg (dpa) - " TEXT, "Hamburg", "DE", "", "dpa", NULL},
        {"SHIRAZ (IRNA) \xe2\x80\x93 " TEXT, "Shiraz", "IR", "", "IRNA", NULL},
        {"New Delhi, Aug 12 (PTI) " TEXT, "New Delhi", "IN", "2025-08-12", "PTI", NULL},
        {"KUWAIT, July 14 (KUNA) -- " TEXT, "Kuwait City", "KW", "2025-07-14", "KUNA", NULL},
        {"ABU DHABI, 4th March, 2026 (WAM) -- " TEXT, "Abu Dhabi", "AE", "2026-03-04", "WAM", NULL},
        {"CAIRO, July 4 (MENA) \xe2\x80\x93 " TEXT, "Cairo", "EG", "2025-07-04", "MENA", NULL},
        {"HARARE, Jun 2 2022 (IPS) - " TEXT, "Harare", "ZW", "2022-06-02", "IPS", NULL},
        {"MOMBASA, Kenya, Jun 2 (IPS) - " TEXT, "Mombasa", "KE", "2025-06-02", "IPS", NULL},
        {"TOKYO, July 1, Kyodo - " TEXT, "Tokyo", "JP", "2025-07-01", "Kyodo", NULL},
        {"BUSAN, Feb. 5 (Yonhap) -- " TEXT, "Busan", "KR", "2026-02-05", "Yonhap", NULL},
        {"BAGHDAD, Iraq (CNN) -- " TEXT, "Baghdad", "IQ", "", "CNN", NULL},
        {"ROME, 12 February (ANSA) - " TEXT, "Rome", "IT", "2026-02-12", "ANSA", NULL},
        {"ASTANA. KAZINFORM \xe2\x80\x93 " TEXT, "Astana", "KZ", "", "Kazinform", NULL},
        {"IZMIR, Turkey \xe2\x80\x93 " TEXT, "Izmir", "TR", "", "", NULL},
        {"Izmir, Turkey \xe2\x80\x93 " TEXT, "Izmir", "TR", "", "", NULL},
        {"WASHINGTON \xe2\x80\x94 " TEXT, "Washington", "US", "", "", NULL},
        {"NAIROBI: " TEXT, "Nairobi", "KE", "", "", NULL},
        {"GENEVA, 2 March \xe2\x80\x94 " TEXT, "Geneva", "CH", "2026-03-02", "", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
        check(&CASES[i]);
}

static void places_are_found_whatever_their_spelling(void **state)
{
    (void)state;
    static const struct expected CASES[] = {
        {"ST. PETERSBURG, June 16. /TASS/. " TEXT, "St. Petersburg", "RU", "2025-06-16", "TASS",
         NULL},
        {"SAINT PETERSBURG, June 16. /TASS/. " TEXT, "St. Petersburg", "RU", "2025-06-16", "TASS",
         NULL},
        {"ST. PETERSBURG, Fla. (AP) \xe2\x80\x94 " TEXT, "St. Petersburg, Florida", "US", "", "AP",
         NULL},
        {"S\xc3\x83O PAULO (AP) \xe2\x80\x94 " TEXT, "Sao Paulo", "BR", "", "AP", NULL},
        {"BOGOT\xc3\x81, Colombia (AP) \xe2\x80\x94 " TEXT, "Bogota", "CO", "", "AP", NULL},
        {"PARIS, Texas (AP) \xe2\x80\x94 " TEXT, "Paris, Texas", "US", "", "AP", NULL},
        {"LONDON, Ontario (CP) - " TEXT, "London, Ontario", "CA", "", "CP", NULL},
        {"RIO DE JANEIRO, Aug. 5 (Xinhua) -- " TEXT, "Rio de Janeiro", "BR", "2025-08-05", "Xinhua",
         NULL},
        {"N'DJAMENA (AFP) - " TEXT, "N'Djamena", "TD", "", "AFP", NULL},
        {"LITTLE PINE, Minn. (AP) \xe2\x80\x94 " TEXT, "Little Pine, Minnesota", "US", "", "AP",
         NULL},
        {"VERKHNYAYA PYSHMA, March 2. /TASS/. " TEXT, "Verkhnyaya Pyshma", "", "2026-03-02", "TASS",
         NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
        check(&CASES[i]);
}

static void prose_and_labels_are_no_datelines(void **state)
{
    (void)state;
    static const char *const TRAPS[] = {
        "CRITICAL (AND URGENT) \xe2\x80\x94 " TEXT,
        "PARIS HILTON (actress) - " TEXT,
        "EXCLUSIVE - " TEXT,
        "UPDATE 1-Oil prices rise. " TEXT,
        "LONDON BRIDGE IS CLOSED. " TEXT,
        "Moscow said on February 8 that talks (Interfax) - would go on.",
        "Paris: a guide for those who travel alone.",
        "Paris \xe2\x80\x93 the city of light \xe2\x80\x93 was dark on Monday night.",
        "Jordan \xe2\x80\x94 The player scored twice before the break.",
        "CHINA - A history of the empire in twelve maps.",
        "LONDON - BRIDGE CLOSED AGAIN. " TEXT,
        "London-based analysts were not surprised. " TEXT,
        "Washington (the man, not the city) - he never slept here.",
        "BREAKING: " TEXT,
        "OPINION \xe2\x80\x94 " TEXT,
        "WATCH: " TEXT,
        "May 5 was a holiday in the whole country.",
        "March 3 - " TEXT,
        "In Vienna, March 3 (the second day), delegates spoke at length.",
        "President Ivan Petrov (TASS) said nothing of the kind.",
        "Reuters (the agency) reported it first.",
        "GEORGIA: " TEXT,
        "BERLIN. " TEXT,
        "Q: Where is London? A: In England.",
        "(Reuters) reported that the ship had sunk.",
        "As TASS (the Russian agency) reported from MOSCOW, February 8. /TASS/.",
        "LIMA, beans and maize: what is on the table.",
        "1. LONDON (AP) is a dateline in a list, not at a start.",
        "MOSCOW, February 8. /TASS/.",
        "",
    };
    for (size_t i = 0; i < ARRAY_LEN(TRAPS); i++)
        check_none(TRAPS[i]);
}

static void a_dateline_may_follow_a_byline_or_standfirst_but_not_the_third_paragraph(void **state)
{
    (void)state;
    struct dateline d;
    const char *late = "One.\n\nTwo.\n\nThree.\n\nMADRID (AP) \xe2\x80\x94 " TEXT;
    check(&(struct expected){"By Ann Lee\n\nMADRID (AP) \xe2\x80\x94 " TEXT, "Madrid", "ES", "",
                             "AP", "Ann Lee"});
    check(&(struct expected){
        "A fire in the port.\n\nBy Ann Lee, Reuters\n\nMADRID, March 3 (Reuters) - " TEXT, "Madrid",
        "ES", "2026-03-03", "Reuters", "Ann Lee"});
    assert_false(dateline_find(str_of(late), 0, &d));
}

static void a_missing_year_is_the_nearest_day_that_is_not_after_the_fetch(void **state)
{
    (void)state;
    struct dateline d;
    assert_true(dateline_find(STR("OSLO, March 16 (Reuters) - " TEXT), fetched_at(), &d));
    assert_string_equal(d.date, "2026-03-16"); /* a day's grace */
    assert_true(dateline_find(STR("OSLO, March 17 (Reuters) - " TEXT), fetched_at(), &d));
    assert_string_equal(d.date, "2025-03-17");
    assert_true(dateline_find(STR("OSLO, Feb 29 (Reuters) - " TEXT), fetched_at(), &d));
    assert_string_equal(d.date, "2024-02-29");
    assert_true(dateline_find(STR("OSLO, March 3 (Reuters) - " TEXT), 0, &d));
    assert_string_equal(d.date, "");
}

static void days_that_do_not_exist_are_no_dates(void **state)
{
    (void)state;
    struct dateline d;
    assert_true(dateline_find(STR("OSLO, March 33 (Reuters) - " TEXT), fetched_at(), &d) == false ||
                d.date[0] == '\0');
}

static void tables_are_in_the_order_that_the_search_needs(void **state)
{
    (void)state;
    size_t count;
    for (int which = 0; which < 2; which++) {
        const struct place *table = which ? region_table(&count) : place_table(&count);
        char before[PLACE_MAX] = "", key[PLACE_MAX];
        for (size_t i = 0; i < count; i++) {
            assert_true(place_fold(str_of(table[i].name), key, sizeof key) > 0);
            if (strcmp(before, key) >= 0)
                fail_msg("%s stands behind %s", key, before);
            memcpy(before, key, sizeof key);
            assert_int_equal(strlen(table[i].country), 2);
        }
    }
}

static void capitals_of_every_continent_are_known(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"Ouagadougou",     "Ulaanbaatar", "Tegucigalpa",
                                        "Port Moresby",    "Reykjavik",   "Thimphu",
                                        "Asunci\xc3\xb3n", "Nuku'alofa",  "Bandar Seri Begawan"};
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
        assert_non_null(place_find(str_of(NAMES[i])));
    assert_null(place_find(STR("Nowhere")));
    assert_null(place_find(STR("\xe4\xb8\x9c\xe4\xba\xac")));
}

static void agencies_have_one_name_each(void **state)
{
    (void)state;
    assert_string_equal(agency_find(STR("itar-tass")), "TASS");
    assert_string_equal(agency_find(STR("Agence France-Presse")), "AFP");
    assert_string_equal(agency_find(STR(" The Associated Press ")), "AP");
    assert_string_equal(agency_find(STR("DPA")), "dpa");
    assert_null(agency_find(STR("A")));
    assert_null(agency_find(STR("")));
    assert_null(agency_find(STR("actress")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_agency_style_is_read),
        cmocka_unit_test(places_are_found_whatever_their_spelling),
        cmocka_unit_test(prose_and_labels_are_no_datelines),
        cmocka_unit_test(a_dateline_may_follow_a_byline_or_standfirst_but_not_the_third_paragraph),
        cmocka_unit_test(a_missing_year_is_the_nearest_day_that_is_not_after_the_fetch),
        cmocka_unit_test(days_that_do_not_exist_are_no_dates),
        cmocka_unit_test(tables_are_in_the_order_that_the_search_needs),
        cmocka_unit_test(capitals_of_every_continent_are_known),
        cmocka_unit_test(agencies_have_one_name_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
