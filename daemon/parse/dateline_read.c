/*
 * The grammar, every part optional but held together by the rules of is_dateline():
 *
 *     [By NAME] PLACE[/PLACE] [, REGION | COUNTRY] [, DATE | . DATE | ISO-DATE] [.]
 *     [(AGENCY) | /AGENCY [Correspondent NAME]/ | , AGENCY] [.] [- | -- | – | — | . | :]
 *
 *     MOSCOW, February 8. /TASS/.                 LONDON, March 3 (Reuters) -
 *     BRUSSELS, October 21. /ITAR-TASS/.          Dec 29 (Reuters) -
 *     MOSCOW. Feb 8 (Interfax) -                  Paris, March 3, 2020 (AFP) -
 *     MOSCOW, February 8 (RIA Novosti) -          CITY, Country, Jun 2 2022 (IPS) -
 *     BEIJING, Jan. 5 (Xinhua) --                 CITY 1996-08-22 Text (Reuters' archives)
 *     BOGOTA, Colombia (AP) —                     City, Aug 12 (PTI) Text
 *     PARIS, Texas (AP) —                         ANKARA, Turkey –    WASHINGTON:
 */
#include "dateline_read.h"

#include "agencies.h"
#include "utf8.h"

#define DATELINE_MAX 110 /* bytes, byline aside */
#define WORDS_MAX    6   /* of a place's name: "Santiago de los Caballeros" has four */

struct str reading_rest(const struct reading *r)
{
    return str_from(r->s, r->at);
}

char reading_char(const struct reading *r, size_t at)
{
    return at < r->s.len ? r->s.at[at] : '\0';
}

void reading_skip_blanks(struct reading *r)
{
    for (;;) {
        struct str rest = reading_rest(r);
        if (rest.len && (rest.at[0] == ' ' || rest.at[0] == '\n' || rest.at[0] == '\t'))
            r->at++;
        else if (str_starts(rest, STR("\xc2\xa0")))
            r->at += 2;
        else
            return;
    }
}

bool reading_starts_upper(struct str s)
{
    size_t at = 0;
    return s.len && utf8_upper(utf8_next(s, &at));
}

/* Letters, all of them capitals; at least two. */
bool reading_is_capitals(struct str s)
{
    size_t at = 0, letters = 0;
    while (at < s.len) {
        uint32_t point = utf8_next(s, &at);
        if (!utf8_alnum(point) || (point >= '0' && point <= '9'))
            continue;
        if (!utf8_upper(point))
            return false;
        letters++;
    }
    return letters >= 2;
}

/* The length of a dash at s, and whether it is a bare hyphen. */
static size_t dash_at(struct str s, bool *hyphen)
{
    static const char *const DASHES[] = {"--", "\xe2\x80\x94", "\xe2\x80\x93", "\xe2\x80\x95",
                                         "\xe2\x88\x92"};
    *hyphen = false;
    if (s.len == 0 || (s.at[0] != '-' && s.at[0] != '\xe2'))
        return 0; /* nearly every byte */
    for (size_t i = 0; i < ARRAY_LEN(DASHES); i++)
        if (str_starts(s, str_of(DASHES[i])))
            return strlen(DASHES[i]);
    *hyphen = s.at[0] == '-';
    return *hyphen ? 1 : 0;
}

/* ---- words and places */

static bool is_connector(struct str word)
{
    static const char *const WORDS[] = {"de", "del", "da",  "do", "la",   "las", "los", "el",
                                        "al", "of",  "the", "on", "upon", "am",  "an",  "sur",
                                        "en", "es",  "i",   "y",  "e",    "ez",  "der"};
    if (word.len > 4)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        if (str_is(word, WORDS[i]))
            return true;
    return false;
}

/* "ST." and "N." in "ST. LOUIS": a full stop that does not end the place. */
static bool stop_goes_on(struct str word)
{
    static const char *const SHORT[] = {"st", "ste", "mt", "ft", "pt"};
    word = str_upto(word, word.len - 1);
    for (size_t i = 0; i < ARRAY_LEN(SHORT); i++)
        if (str_isi(word, SHORT[i]))
            return true;
    return word.len == 1 || str_chr(word, '.') != SIZE_MAX;
}

/* The word at s: up to white space, punctuation or a dash. A full stop inside belongs to it. */
struct str reading_word(struct str s)
{
    size_t i = 0;
    bool hyphen;
    while (i < s.len && !strchr(" \n\t,()/:;\"!?", s.at[i]) &&
           !(s.at[i] == '\xc2' && i + 1 < s.len && s.at[i + 1] == '\xa0')) {
        size_t dash = dash_at(str_from(s, i), &hyphen);
        if (dash && (!hyphen || i == 0 || i + 1 >= s.len || s.at[i + 1] == ' '))
            break;
        i++;
    }
    return str_upto(s, i);
}

/* A run of capitalised words. Empty when there is none. */
static struct str names_at(struct reading *r, bool keep_stops)
{
    size_t from = r->at, end = r->at;
    for (unsigned words = 0; words < WORDS_MAX; words++) {
        struct str word = reading_word(reading_rest(r));
        if (word.len == 0 || !(reading_starts_upper(word) || (words && is_connector(word))) ||
            reading_starts_date(reading_rest(r)))
            break;
        bool stop = word.at[word.len - 1] == '.';
        if (stop && !keep_stops && !stop_goes_on(word)) {
            r->at += word.len - 1;
            end = r->at;
            break;
        }
        r->at += word.len;
        end = r->at;
        if (reading_char(r, r->at) != ' ')
            break;
        r->at++;
    }
    r->at = end;
    return (struct str){r->s.at + from, end - from};
}

static void read_place(struct reading *r)
{
    size_t from = r->at;
    r->place = names_at(r, false);
    if (str_startsi(r->place, STR("aboard "))) {
        r->aboard = true;
        return;
    }
    r->city = place_find(r->place);
    /* "WASHINGTON, D.C." keeps its stops, "PARIS." does not. */
    while (reading_char(r, r->at) == '/' && reading_starts_upper(str_from(r->s, r->at + 1)) &&
           r->at > from && reading_char(r, r->at - 1) != ' ' && reading_char(r, r->at - 1) != '.') {
        r->at++; /* PARIS/LONDON: the first place counts */
        if (names_at(r, false).len == 0)
            break;
    }
}

/* ---- agencies */

/* "TASS Correspondent Ivan Petrov": the agency in front, the name behind. */
static bool agency_and_name(struct reading *r, struct str text)
{
    static const char *const WORDS[] = {" correspondents ", " correspondent ", " staff writer ",
                                        " by "};
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        size_t at = str_findi(text, str_of(WORDS[i]));
        if (at == SIZE_MAX)
            continue;
        r->agency = agency_find(str_upto(text, at));
        if (r->agency)
            r->byline = str_trim(str_from(text, at + strlen(WORDS[i])));
        return r->agency != NULL;
    }
    return false;
}

/* The whole text, or one of its parts: "AFP/AP", "RIA Novosti, Ivan Petrov". */
static bool agency_in(struct reading *r, struct str text)
{
    text = utf8_trim(text);
    r->agency_text = text;
    r->agency = agency_find(text);
    if (r->agency || agency_and_name(r, text))
        return true;
    for (size_t from = 0; from < text.len;) {
        size_t end = from;
        while (end < text.len && !strchr("/,;-", text.at[end]))
            end++;
        r->agency = agency_find(str_upto(str_from(text, from), end - from));
        if (r->agency)
            return true;
        from = end + 1;
    }
    return false;
}

static bool read_agency(struct reading *r)
{
    char open = reading_char(r, r->at), close = open == '('   ? ')'
                                                : open == '[' ? ']'
                                                : open == '/' ? '/'
                                                              : '\0';
    struct str inside = str_from(r->s, r->at + 1);
    if (!close)
        return false;
    inside = str_upto(inside, DATELINE_MAX);
    size_t end = str_chr(inside, close);
    if (open == '/' && end != SIZE_MAX && str_startsi(str_from(inside, end + 1), STR("RL/")))
        end += 3; /* RFE/RL */
    if (end == SIZE_MAX || end == 0 || str_chr(str_upto(inside, end), '\n') != SIZE_MAX)
        return false;
    bool known = agency_in(r, str_upto(inside, end));
    if (!known && open == '/')
        return false;
    r->at += end + 2;
    return true;
}

/* "ASTANA. KAZINFORM – ", "TOKYO, July 1, Kyodo -- ": without brackets, a separator must follow. */
static bool read_bare_agency(struct reading *r)
{
    size_t from = r->at;
    bool hyphen;
    struct str name = names_at(r, true);
    reading_skip_blanks(r);
    const char *agency = name.len ? agency_find(name) : NULL;
    if (agency && dash_at(reading_rest(r), &hyphen)) {
        r->agency = agency;
        return true;
    }
    r->at = from;
    return false;
}

/* ---- the parts in order */

static bool read_region(struct reading *r)
{
    size_t from = r->at;
    struct str name = names_at(r, true);
    if (name.len == 0)
        return false;
    r->area = region_find(name);
    const struct place *country = place_find(name);
    if (country && !(country->kind & PLACE_COUNTRY))
        country = NULL;
    /* Georgia is a state and a country: what the city says decides. */
    if (country && (!r->area || (r->city && strcmp(r->city->country, country->country) == 0)))
        r->area = country;
    if (!r->area &&
        name.at[name.len - 1] == '.') { /* "MOSCOW, Russia. Text" has been tried with its stop */
        r->at = from;
        return false;
    }
    r->region = name;
    return true;
}

static void read_middle(struct reading *r)
{
    for (unsigned parts = 0; parts < 4; parts++) {
        size_t from = r->at;
        char c = reading_char(r, r->at);
        if (c != ',' && c != '.')
            break;
        r->at++;
        reading_skip_blanks(r);
        if (!r->month && reading_date(r))
            continue;
        if (c == ',' && !r->weekday && reading_weekday(r))
            continue;
        if (read_bare_agency(r))
            return;
        if (c == ',' && !r->month && r->region.len == 0 && read_region(r))
            continue;
        if (reading_char(r, r->at) == '(' || reading_char(r, r->at) == '/')
            return;
        r->at = from;
        break;
    }
    reading_skip_blanks(r);
    if (!r->month && !reading_iso_date(r) && r->place.len)
        (void)reading_date(r); /* "LONDON 3 March (AFP)" */
    if (reading_char(r, r->at) == '.' && reading_char(r, r->at + 1) == ' ' &&
        (reading_char(r, r->at + 2) == '/' || reading_char(r, r->at + 2) == '('))
        r->at++;
    reading_skip_blanks(r);
}

static void read_separator(struct reading *r)
{
    bool hyphen, blank = r->at > 0 && strchr(" \n)/.", reading_char(r, r->at - 1));
    if (!r->agency_text.len && !r->agency)
        blank = r->at > 0 && strchr(" \n", reading_char(r, r->at - 1));
    if (reading_char(r, r->at) == '.' && !r->month && !r->agency && !r->agency_text.len)
        return;
    if (reading_char(r, r->at) == '.') {
        r->at++;
        r->separator = SEP_STOP;
        reading_skip_blanks(r);
        if (dash_at(reading_rest(r), &hyphen) == 0)
            return;
        blank = true;
    }
    size_t len = dash_at(reading_rest(r), &hyphen);
    if (len && (!hyphen || blank)) {
        r->at += len;
        r->separator = SEP_DASH;
    } else if (reading_char(r, r->at) == ':' &&
               (reading_char(r, r->at + 1) == ' ' || reading_char(r, r->at + 1) == '\n')) {
        r->at++;
        r->separator = SEP_COLON;
    }
}

/* ---- bylines */

bool reading_starts_by(struct str s)
{
    return str_starts(s, STR("By ")) || str_starts(s, STR("BY "));
}

/* "By Jane Doe" before a dateline of the same paragraph: names until the first word in capitals. */
static void read_byline(struct reading *r)
{
    if (!reading_starts_by(r->s))
        return;
    size_t from = 3, end = 0;
    r->at = from;
    for (unsigned words = 0; words < 10; words++) {
        struct str word = reading_word(reading_rest(r));
        bool initial = word.len <= 2 || (word.len == 3 && word.at[1] == '.');
        if (word.len == 0 ||
            (reading_is_capitals(word) && !initial && !str_is(str_upto(r->s, 2), "BY")))
            break;
        r->at += word.len;
        end = r->at;
        if (reading_char(r, r->at) == ',')
            r->at++;
        bool line = reading_char(r, r->at) == '\n';
        reading_skip_blanks(r);
        if (line)
            break;
    }
    if (end > from)
        r->byline = str_trim((struct str){r->s.at + from, end - from});
    else
        r->at = 0;
}

bool reading_paragraph(struct str paragraph, struct reading *r)
{
    *r = (struct reading){.s = paragraph};
    read_byline(r);
    size_t from = r->at;
    r->s = str_upto(paragraph, from + DATELINE_MAX + 40); /* the rules look at some words behind */
    if (!reading_starts_date(reading_rest(r)))
        read_place(r);
    reading_skip_blanks(r);
    if (r->place.len == 0 && (reading_date(r) || reading_char(r, r->at) == '('))
        reading_skip_blanks(r);
    else if (r->place.len == 0)
        return false;
    else
        read_middle(r);
    if (!r->agency && read_agency(r))
        reading_skip_blanks(r);
    read_separator(r);
    size_t end = r->at;
    reading_skip_blanks(r);
    return end - from <= DATELINE_MAX;
}
