#include "byline.h"

#include "agencies.h"
#include "bylead.h"
#include "date.h"
#include "utf8.h"

#define NAMES_MAX 90 /* bytes of a visible line of names */
#define WORDS_MAX 7  /* of a line that nobody calls an author */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool byline_is_lead(struct str text, struct str language)
{
    text = utf8_trim(text);
    size_t len = bylead_len(text, language);
    return len > 0 && len == text.len;
}

/* "Jane Doe, Senior Editor" to "Jane Doe": only the last part may be a role, others are names. */
static struct str without_role(struct str s)
{
    static const char *const ROLES[] = {
        "writer",    "editor",        "reporter",  "correspondent", "contributor",
        "columnist", "journalist",    "redakteur", "redacteur",     "korrespondent",
        "rédact",    "periodista",    "redactor",  "giornalista",   "dziennika",
        "muhabir",   "корреспондент", "журналист", "обозреватель"};
    size_t comma = str_chr(s, ',');
    if (comma == SIZE_MAX)
        return s;
    for (size_t i = 0; i < ARRAY_LEN(ROLES); i++)
        if (str_findi(str_from(s, comma), str_of(ROLES[i])) != SIZE_MAX &&
            str_chr(str_from(s, comma + 1), ',') == SIZE_MAX)
            return str_upto(s, comma);
    return s;
}

struct str byline_clean(struct str line)
{
    static const char *const ENDS[] = {" | ",        " • ",          " · ",        " – ",
                                       " — ",        " - ",          " Published", " Updated",
                                       " Posted",    " on ",         ", Updated",  " Last updated",
                                       " Edited by", " Reviewed by", " Fact",      " Medically"};
    struct str s = utf8_trim(line);
    while (s.len && strchr(",:|-\"", s.at[0]))
        s = utf8_trim(str_from(s, 1));
    for (size_t i = 0, len; i < 2 && (len = bylead_len_any(s)) != 0; i++)
        s = str_from(s, len);
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++)
        s = str_upto(s, str_find(s, str_of(ENDS[i])));
    s = without_role(utf8_trim(s));
    while (s.len && strchr(",|:-\"", s.at[s.len - 1]))
        s = utf8_trim(str_upto(s, s.len - 1));
    return s;
}

/* "Sat", "Tuesday,": dates begin so. */
static bool is_weekday(struct str word)
{
    static const char *const DAYS[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    while (word.len && strchr(",.", word.at[word.len - 1]))
        word = str_upto(word, word.len - 1);
    for (size_t i = 0; i < ARRAY_LEN(DAYS); i++)
        if (str_startsi(word, str_of(DAYS[i])) &&
            (word.len == 3 || str_isi(str_from(word, word.len - 3), "day")))
            return true;
    return false;
}

/* Buttons and headings of author boxes. */
static bool is_label(struct str s)
{
    static const char *const FIRST[] = {
        "view",      "more",     "about",  "insights",      "written",  "posted",     "read",
        "see",       "all",      "follow", "share",         "contact",  "meet",       "authors",
        "our",       "reviewed", "edited", "published",     "click",    "visit",      "learn",
        "subscribe", "updated",  "sign",   "log",           "email",    "guide",      "home",
        "menu",      "search",   "last",   "comments",      "latest",   "newsletter", "download",
        "skip",      "listen",   "watch",  "advertisement", "breaking", "print",      "save",
        "copy",      "join",     "full",   "bio",           "get",      "today",      "yesterday"};
    size_t end = str_chr(s, ' ');
    for (size_t i = 0; i < ARRAY_LEN(FIRST); i++)
        if (str_isi(str_upto(s, end), FIRST[i]))
            return true;
    return str_ends(s, STR(" says")) || str_ends(s, STR(" wrote")) || is_weekday(str_upto(s, end));
}

static size_t first_digit(struct str s)
{
    size_t i = 0;
    while (i < s.len && !is_digit(s.at[i]))
        i++;
    return i;
}

/* "Jane Doe March 4, 2026" to "Jane Doe". */
static struct str without_date(struct str s)
{
    size_t month_len, digit = first_digit(s);
    if (digit == s.len)
        return s;
    s = utf8_trim(str_upto(s, digit));
    size_t last = s.len;
    while (last && s.at[last - 1] != ' ')
        last--;
    return date_month(str_from(s, last), &month_len) ? utf8_trim(str_upto(s, last)) : s;
}

/* "Dec. 19, 2025 · Jane Doe": what stands behind the date. */
static struct str behind_date(struct str s)
{
    static const struct str dot = {"\xc2\xb7", 2};
    size_t at = str_find(s, dot);
    return at != SIZE_MAX && first_digit(s) < at ? str_from(s, at + dot.len) : s;
}

struct str byline_said(struct str line)
{
    struct str s = without_date(byline_clean(behind_date(line)));
    if (str_chr(s, '@') != SIZE_MAX)
        return STR_NONE;
    return s.len >= 3 && s.len <= NAMES_MAX && !is_label(s) ? s : STR_NONE;
}

static bool is_particle(struct str word)
{
    static const char *const PARTICLES[] = {
        "de", "van", "von",  "der", "den", "da", "di",  "du", "la", "le",  "del",
        "el", "al",  "bin",  "ter", "y",   "et", "und", "e",  "og", "och", "en",
        "ve", "i",   "oraz", "и",   "та",  "і",  "and", "&",  "of", "the"};
    for (size_t i = 0; i < ARRAY_LEN(PARTICLES); i++)
        if (str_is(word, PARTICLES[i]))
            return true;
    return false;
}

bool byline_is_name(struct str text)
{
    struct str word, s = utf8_trim(text);
    unsigned words = 0, names = 0;
    if (s.len < 3 || s.len > 70 || is_label(s))
        return false;
    while (str_cut(&s, ' ', &word)) {
        unsigned char c = word.len ? (unsigned char)word.at[0] : ' ';
        bool capital = (c >= 'A' && c <= 'Z') || c >= 0x80;
        if (word.len == 0)
            continue;
        if (!capital && !is_particle(word))
            return false;
        for (size_t i = 0; i < word.len; i++)
            if (is_digit(word.at[i]) || strchr("@/:?!()\"<>|", word.at[i]))
                return false;
        words++;
        names += capital;
    }
    return names > 0 && words <= WORDS_MAX;
}

struct str byline_after_lead(struct str text, struct str language)
{
    struct str s = utf8_trim(text);
    size_t len = s.len > NAMES_MAX ? 0 : bylead_len(s, language);
    if (len == 0)
        return STR_NONE;
    s = byline_clean(str_from(s, len));
    if (!byline_is_name(s)) /* "Jane Doe, who covers the coast for this paper" */
        s = str_upto(s, str_chr(s, ','));
    if (s.len && s.at[0] >= 'a' &&
        s.at[0] <= 'z') /* a name that begins like a lead: "Von der Au" */
        return STR_NONE;
    bool whole = str_chr(s, ' ') != SIZE_MAX || (s.len && (unsigned char)s.at[0] >= 0xe3);
    return byline_is_name(s) && whole ? s : STR_NONE;
}

static bool is_login(struct str name)
{
    bool lower = true, sign = false;
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == ' ')
            return false;
        lower = lower && !(name.at[i] >= 'A' && name.at[i] <= 'Z') && (name.at[i] & 0x80) == 0;
        sign = sign || is_digit(name.at[i]) || strchr("._@", name.at[i]);
    }
    return lower || sign;
}

bool byline_is_house(struct str name)
{
    static const char *const WORDS[] = {"admin", "administrator", "webmaster"};
    struct str word, rest = name;
    while (str_cut(&rest, ' ', &word))
        for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
            if (str_isi(word, WORDS[i]))
                return true;
    return is_login(name) || str_find(name, STR(": ")) != SIZE_MAX;
}

const char *byline_agency(struct str *line)
{
    static const struct str JOINTS[] = {{", ", 2}, {" / ", 3}, {"/", 1}, {" | ", 3}, {" for ", 5}};
    const char *agency = agency_find(*line);
    for (size_t i = 0; i < ARRAY_LEN(JOINTS) && !agency; i++) {
        size_t at = str_find(*line, JOINTS[i]);
        if (at == SIZE_MAX || at == 0)
            continue;
        agency = agency_find(utf8_trim(str_from(*line, at + JOINTS[i].len)));
        if (agency)
            *line = utf8_trim(str_upto(*line, at));
    }
    size_t open = agency ? SIZE_MAX : str_chr(*line, '(');
    if (open != SIZE_MAX && open && line->at[line->len - 1] == ')') {
        agency = agency_find(str_upto(str_from(*line, open + 1), line->len - open - 2));
        if (agency)
            *line = utf8_trim(str_upto(*line, open));
    }
    return agency;
}
