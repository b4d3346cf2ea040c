#include "byline.h"

#include "date.h"
#include "utf8.h"

#define NAMES_MAX 90 /* bytes of a visible line of names */
#define WORDS_MAX 7  /* of a line that nobody calls an author */

static const char *const LEADS[] = {"written by",  "posted by",    "reviewed by",  "story by",
                                    "article by",  "text by",      "words by",     "report by",
                                    "authored by", "published by", "interview by", "author",
                                    "by"};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A word in capitals that only begins like a lead: "BYRON". */
static bool is_shouted(struct str s, size_t lead)
{
    return s.len > lead && s.at[lead] != ' ' && s.at[lead] != ':' && s.at[lead - 1] < 'a';
}

/* "By Jane", "By: Jane", and "byJane", where a style sheet draws the blank. */
static bool ends_lead(struct str lead, struct str rest)
{
    return rest.len == 0 || rest.at[0] == ' ' || rest.at[0] == ':' ||
           (str_ends(lead, STR("by")) && rest.at[0] >= 'A' && rest.at[0] <= 'Z');
}

/* Takes one lead and the colon or blank behind it off *s. */
static bool take_lead(struct str *s)
{
    if (s->len == 0 || !strchr("abiprstw", s->at[0] | 0x20))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(LEADS); i++) {
        struct str lead = str_of(LEADS[i]), rest = str_from(*s, lead.len);
        if (!str_startsi(*s, lead) || !ends_lead(lead, rest) || is_shouted(*s, lead.len))
            continue;
        rest = utf8_trim(rest);
        *s = utf8_trim(str_from(rest, rest.len && rest.at[0] == ':'));
        return true;
    }
    return false;
}

bool byline_is_lead(struct str text)
{
    text = utf8_trim(text);
    return take_lead(&text) && text.len == 0;
}

/* "Jane Doe, Senior Editor" to "Jane Doe": only the last part may be a role, others are names. */
static struct str without_role(struct str s)
{
    static const char *const ROLES[] = {"writer",      "editor",    "reporter",  "correspondent",
                                        "contributor", "columnist", "journalist"};
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
    while (s.len && strchr(",:|-", s.at[0]))
        s = utf8_trim(str_from(s, 1));
    for (unsigned i = 0; i < 2 && take_lead(&s); i++)
        ;
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++)
        s = str_upto(s, str_find(s, str_of(ENDS[i])));
    s = without_role(utf8_trim(s));
    while (s.len && strchr(",|:", s.at[s.len - 1]))
        s = utf8_trim(str_upto(s, s.len - 1));
    return s;
}

/* Buttons and headings of author boxes. */
static bool is_label(struct str s)
{
    static const char *const FIRST[] = {
        "view",   "more",      "about", "insights", "written", "posted",   "read", "see",
        "all",    "follow",    "share", "contact",  "meet",    "authors",  "our",  "reviewed",
        "edited", "published", "click", "visit",    "learn",   "subscribe"};
    size_t end = str_chr(s, ' ');
    for (size_t i = 0; i < ARRAY_LEN(FIRST); i++)
        if (str_isi(str_upto(s, end), FIRST[i]))
            return true;
    return str_ends(s, STR(" says")) || str_ends(s, STR(" wrote"));
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
    static const char *const PARTICLES[] = {"de",  "van", "von", "der", "den", "da", "di",
                                            "du",  "la",  "le",  "del", "el",  "al", "bin",
                                            "ter", "y",   "and", "&",   "of",  "the"};
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

struct str byline_after_lead(struct str text)
{
    struct str s = utf8_trim(text);
    if (s.len > NAMES_MAX || !take_lead(&s))
        return STR_NONE;
    s = byline_clean(s);
    if (!byline_is_name(s)) /* "Jane Doe, who covers the coast for this paper" */
        s = str_upto(s, str_chr(s, ','));
    return byline_is_name(s) && str_chr(s, ' ') != SIZE_MAX ? s : STR_NONE;
}

bool byline_is_login(struct str name)
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
