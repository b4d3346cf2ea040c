#include "chrome.h"

#include "chrome_words.h"
#include "date.h"
#include "utf8.h"

#define BYTES_MAX  420 /* of such a line in any script */
#define LEGAL_MAX  400
#define TOP_MAX    100
#define NAMES_MAX  12 /* words of a byline */
#define RIGHTS_MAX 30 /* letters of a holder behind "all rights reserved" */
#define COLON_MAX  40 /* bytes of a label above a story: "Author of the text:" */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_short(struct str line, size_t points)
{
    return line.len <= points || (line.len <= 3 * points && utf8_points(line) <= points);
}

/* A small letter of the scripts that have two kinds. */
static bool is_lower(uint32_t c)
{
    if (c < 0x80)
        return c >= 'a' && c <= 'z';
    return ((c >= 0xdf && c < 0x250) || (c >= 0x370 && c < 0x530)) && !utf8_upper(c);
}

static uint32_t last_point(struct str s, size_t *at)
{
    *at = s.len;
    while (*at && ((unsigned char)s.at[--*at] & 0xc0) == 0x80)
        ;
    size_t from = *at;
    return s.len ? utf8_next(s, &from) : 0;
}

/* What closes behind the full stop. */
static bool is_closer(uint32_t c)
{
    static const uint32_t CLOSERS[] = {' ',  ')',  '"',    '\'',   0x2019, 0x201c, 0x201d,
                                       0xbb, 0xab, 0x300d, 0x300f, 0xff09, 0x3000};
    for (size_t i = 0; i < ARRAY_LEN(CLOSERS); i++)
        if (c == CLOSERS[i])
            return true;
    return false;
}

bool chrome_is_said(struct str text)
{
    static const uint32_t STOPS[] = {'.',    '!',    '?',   0x2026, 0x3002, 0xff0e, 0xff61,
                                     0xff01, 0xff1f, 0x61f, 0x6d4,  0x964,  0x37e};
    size_t at;
    uint32_t last = last_point(text, &at);
    while (text.len && is_closer(last)) {
        text.len = at;
        last = last_point(text, &at);
    }
    for (size_t i = 0; text.len && i < ARRAY_LEN(STOPS); i++)
        if (last == STOPS[i])
            return true;
    return false;
}

/* Without bullets, arrows and the like around it. */
static struct str bare(struct str line)
{
    size_t from = 0, end = line.len;
    for (size_t at = 0; at < line.len; from = at)
        if (utf8_alnum(utf8_next(line, &at)))
            break;
    while (end > from &&
           ((unsigned char)line.at[end - 1] >= 0x80 ? false
                                                    : strchr(":.>+ )-|", line.at[end - 1]) != NULL))
        end--;
    line.len = end;
    for (size_t i = 0; i < 3; i++) {
        static const char *const ENDS[] = {"\xe2\x80\xa6", "\xc2\xbb", "\xe2\x86\x92",
                                           "\xef\xbc\x9a"};
        for (size_t k = 0; k < ARRAY_LEN(ENDS); k++)
            if (str_ends(line, str_of(ENDS[k])))
                line = str_trim(str_upto(line, line.len - strlen(ENDS[k])));
    }
    return str_from(line, from);
}

/* A row of sharing services and buttons, with or without counts: "Facebook 12 Twitter Print". */
static bool is_share_row(struct str folded)
{
    unsigned words = 0, names = 0;
    struct str word;
    while (str_cut(&folded, ' ', &word)) {
        while (word.len &&
               is_digit(word.at[word.len - 1])) /* counts are often glued to their word */
            word.len--;
        while (word.len && (is_digit(word.at[0]) || strchr(",.|+", word.at[0])))
            word = str_from(word, 1);
        if (word.len == 0 || str_is(word, "\xc2\xb7") || str_is(word, "\xe2\x80\xa2"))
            continue;
        if (!(chrome_word_is(word) & CHROME_SHARE) || ++words > 24)
            return false;
        names += word.len > 1;
    }
    return names > 0;
}

/* "1,204", "1.2k", "14:05" */
static bool is_count(char c)
{
    return is_digit(c) || c == ',' || c == '.' || c == ':' || c == 'k';
}

static bool is_number(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_count(s.at[i]))
            return false;
    return s.len > 0;
}

static bool is_year(struct str s)
{
    unsigned year = 0;
    for (size_t i = 0; i < s.len && i < 5; i++)
        year = is_digit(s.at[i]) ? year * 10 + (unsigned)(s.at[i] - '0') : 0;
    return s.len == 4 && year >= 1000 && year <= 2100;
}

bool chrome_is_number(struct str line)
{
    line = str_trim(line);
    size_t digits = 0;
    while (digits < line.len && is_digit(line.at[digits]))
        digits++;
    return digits > 0 && digits == line.len;
}

static bool is_unit(struct str s)
{
    return (chrome_word_is(str_trim(s)) & CHROME_UNIT) != 0;
}

/* "12 comments", "Views: 1204", "Comments (3)", "0Comments", "5 min read", "14:05". */
static bool is_counter(struct str folded)
{
    size_t digits = 0;
    while (digits < folded.len && is_count(folded.at[digits]))
        digits++;
    if (digits == folded.len && is_year(folded))
        return false; /* heads a part of a timeline */
    if (digits == folded.len)
        return digits > 0 && digits <= 8 && is_digit(folded.at[0]);
    if (is_digit(folded.at[0]))
        return is_unit(str_from(folded, digits));
    for (size_t i = 0; i < folded.len; i++)
        if (folded.at[i] == ':' || folded.at[i] == '(')
            return is_unit(str_upto(folded, i)) && is_number(bare(str_from(folded, i + 1)));
    return false;
}

/* "Page 1 of 3", "Seite 2/5" */
static bool is_page_number(struct str folded)
{
    static const char *const WORDS[] = {"page",     "seite",    "página", "pagina", "strona",
                                        "страница", "сторінка", "sayfa",  "sida",   "side"};
    struct str word, rest = folded;
    unsigned numbers = 0, words = 0;
    if (!str_cut(&rest, ' ', &word))
        return false;
    bool page = false;
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        page = page || str_is(word, WORDS[i]);
    while (page && str_cut(&rest, ' ', &word)) {
        bool number = word.len > 0;
        for (size_t i = 0; i < word.len; i++)
            number = number && (is_digit(word.at[i]) || word.at[i] == '/');
        numbers += number;
        words += !number;
    }
    return page && numbers > 0 && numbers <= 2 && words <= 1 && words < numbers;
}

/* The line folded, as chrome_words has its words; empty when it is too long to be one of these. */
static struct str fold(struct str line, char buf[BYTES_MAX])
{
    line = utf8_trim(line);
    return is_short(line, CHROME_LINE_MAX) ? chrome_fold(line, buf, BYTES_MAX) : STR_NONE;
}

static bool has_sign(struct str folded)
{
    return str_starts(folded, STR("\xc2\xa9")) || str_starts(folded, STR("(c) "));
}

bool chrome_is_line(struct str line)
{
    char buf[BYTES_MAX];
    struct str folded = fold(line, buf), core = bare(folded);
    if (folded.len == 0)
        return false;
    const unsigned asked = CHROME_LINE | CHROME_BEGIN | CHROME_LABEL | CHROME_CREDIT;
    /* with the full stop, which tells a sentence */
    struct str line_end = str_from(folded, (size_t)(core.at - folded.at));
    unsigned kinds = chrome_word_begins(line_end, asked) | (chrome_word_is(core) & asked);
    if (kinds & ~(unsigned)CHROME_CREDIT || is_share_row(folded) || is_counter(folded) ||
        is_page_number(folded))
        return true;
    return (kinds || has_sign(folded)) && chrome_is_credit(line);
}

bool chrome_is_share(struct str line)
{
    char buf[BYTES_MAX];
    return is_share_row(fold(line, buf));
}

bool chrome_is_label(struct str line)
{
    char buf[BYTES_MAX];
    return (chrome_word_is(bare(fold(line, buf))) & CHROME_LABEL) != 0;
}

static bool ends_part(char c)
{
    return c == '.' || c == ',' || c == '|' || c == '-';
}

/* "All rights reserved to the states are listed ..." is no legal line. */
static bool is_end_of_phrase(struct str rest)
{
    size_t at = 0;
    rest = str_trim(rest);
    return rest.len == 0 || !utf8_alnum(utf8_next(rest, &at)) ||
           (is_short(rest, RIGHTS_MAX) && str_find(rest, STR(",")) == SIZE_MAX);
}

/* "2026", "2019-2026 by Example Media": a name or nothing behind the years. */
static bool are_years_of_name(struct str rest)
{
    size_t at = 0;
    while (rest.len && (is_digit(rest.at[0]) || strchr(" ,.-", rest.at[0])))
        rest = str_from(rest, 1);
    if (str_starts(rest, STR("\xe2\x80\x93"))) /* an en dash, and the second year */
        return are_years_of_name(str_from(rest, 3));
    if (str_startsi(rest, STR("by ")))
        rest = str_from(rest, 3);
    if (rest.len == 0)
        return true;
    uint32_t first = utf8_next(rest, &at);
    return is_short(rest, TOP_MAX) && !is_lower(first);
}

static bool has_rights(struct str line)
{
    char buf[BYTES_MAX];
    size_t phrase = str_findi(line, STR("all rights reserved"));
    if (phrase != SIZE_MAX && is_end_of_phrase(str_from(line, phrase + 19)))
        return true;
    if (line.len > BYTES_MAX / 2)
        return false;
    struct str folded = fold(line, buf);
    bool start = true; /* of the line or of a sentence in it */
    for (size_t i = 0; i < folded.len; i++) {
        bool blank = folded.at[i] == ' ';
        if (start && !blank && chrome_word_begins(str_from(folded, i), CHROME_RIGHTS) &&
            !str_starts(str_from(folded, i), STR("all rights")))
            return true;
        start = ends_part(folded.at[i]) || (start && blank);
    }
    return false;
}

bool chrome_is_legal(struct str line)
{
    if (line.len > LEGAL_MAX)
        return false;
    /* "© 2026 Example": the year tells it from a picture's credit */
    static const char *const SIGNS[] = {"\xc2\xa9 ",      "\xc2\xa9",   "copyright \xc2\xa9 ",
                                        "copyright (c) ", "copyright ", "(c) "};
    for (size_t i = 0; i < ARRAY_LEN(SIGNS); i++)
        if (str_startsi(line, str_of(SIGNS[i]))) {
            struct str rest = str_from(line, strlen(SIGNS[i]));
            bool sign = !str_is(str_of(SIGNS[i]), "copyright ");
            if ((str_starts(rest, STR("20")) || str_starts(rest, STR("19"))) &&
                (sign || are_years_of_name(rest)))
                return true;
        }
    return has_rights(line);
}

bool chrome_is_credit(struct str line)
{
    char buf[BYTES_MAX];
    struct str folded = fold(line, buf);
    return (has_sign(folded) || chrome_word_begins(folded, CHROME_CREDIT)) &&
           !chrome_is_legal(line);
}

/* "3", "09:15", "3.", "05/03/2026", "2026-03-05T09:15" */
static bool is_clock_or_day(struct str word)
{
    return word.len && is_digit(word.at[0]);
}

static struct str without_marks(struct str word)
{
    while (word.len && strchr(",.|()-", word.at[word.len - 1]))
        word.len--;
    while (word.len && strchr("(|-", word.at[0]))
        word = str_from(word, 1);
    return word;
}

static bool is_month(struct str word)
{
    size_t len = 0;
    return date_month(word, &len) && len == word.len;
}

/* What stands between a day and a clock. */
static bool is_of_clock(struct str word)
{
    static const char *const WORDS[] = {"at", "um", "kl", "à", "a", "в", "о", "om", "am", "pm"};
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        if (str_is(word, WORDS[i]))
            return true;
    return false;
}

/* Names begin with capitals, whatever joins them: "Ann Lee and Max Roe". A date may follow them. */
static bool are_names(struct str text)
{
    static const char *const JOINTS[] = {"and", "und", "et", "y",   "e",   "en", "i",  "og", "och",
                                         "&",   "|",   "de", "van", "von", "и",  "та", "ve"};
    struct str word;
    unsigned words = 0, numbers = 0;
    while (str_cut(&text, ' ', &word)) {
        size_t at = 0;
        struct str plain = without_marks(word);
        bool joint = plain.len == 0 || (words && (is_clock_or_day(plain) || is_month(plain)));
        bool dated = words && is_clock_or_day(plain);
        numbers += dated;
        joint = joint || (numbers && !dated && is_of_clock(plain));
        for (size_t i = 0; i < ARRAY_LEN(JOINTS) && !joint; i++)
            joint = str_is(word, JOINTS[i]);
        if (!joint && (!utf8_upper(utf8_next(word, &at)) || ++words > NAMES_MAX))
            return false;
    }
    return words > 0;
}

/* "3 March 2026 at 09:15 GMT", "5 hours ago": numbers, a month and short words around them, and no
 * more than two of those that are neither. */
static bool is_moment(struct str text)
{
    static const char *const AGO[] = {"ago", "назад", "тому", "önce", "fa", "siden", "sedan"};
    struct str word;
    int64_t us;
    unsigned numbers = 0, months = 0, others = 0, marks = 0;
    if (date_parse(text, &us) == 0)
        return true;
    while (str_cut(&text, ' ', &word)) {
        size_t at = 0;
        word = without_marks(word);
        bool month = is_month(word), ago = false;
        for (size_t i = 0; i < ARRAY_LEN(AGO); i++)
            ago = ago || (text.len == 0 && str_is(word, AGO[i]));
        if (is_clock_or_day(word)) {
            numbers++;
            marks +=
                word.len > 3 && (str_chr(word, ':') != SIZE_MAX || str_chr(word, '/') != SIZE_MAX ||
                                 str_chr(word, '-') != SIZE_MAX || str_chr(word, '.') != SIZE_MAX ||
                                 str_find(word, STR("\xe5\xb9\xb4")) != SIZE_MAX); /* 年 */
        } else if (month || ago) {
            months++;
        } else if (word.len && !utf8_upper(utf8_next(word, &at))) {
            others++;
        }
    }
    return numbers > 0 && (months || marks) && others <= 2;
}

/* The words above a story that also begin sentences: only names make them a byline. */
static bool is_by(struct str folded)
{
    static const char *const WORDS[] = {"by ", "von ", "par ", "por ", "di ", "av ", "door "};
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        if (str_starts(folded, str_of(WORDS[i])))
            return true;
    return false;
}

/* Behind "Author:" stand a name or a date, not how a sentence goes on. */
static bool is_value(struct str text)
{
    size_t at = 0, blanks = 0;
    text = str_trim(text);
    for (size_t i = 0; i < text.len; i++)
        blanks += text.at[i] == ' ';
    return text.len == 0 || are_names(text) || is_moment(text) ||
           (blanks < 4 && !is_lower(utf8_next(text, &at)));
}

bool chrome_is_top(struct str line)
{
    char buf[BYTES_MAX];
    line = utf8_trim(line);
    struct str folded = fold(line, buf), core = bare(folded);
    if (folded.len == 0 || !is_short(line, TOP_MAX) || chrome_is_said(line))
        return false;
    if (chrome_word_is(core) & CHROME_TOP)
        return true;
    if (!chrome_word_begins(folded, CHROME_TOP) || str_starts(folded, STR("exclusive")) ||
        str_starts(folded, STR("breaking news")))
        return false;
    size_t blank = str_chr(line, ' ');
    if (blank != SIZE_MAX && are_names(str_from(line, blank + 1)))
        return true;
    if (is_by(folded))
        return false;
    size_t colon = str_find(line, STR(":")), wide = str_find(line, STR("\xef\xbc\x9a"));
    if ((wide < COLON_MAX && is_value(str_from(line, wide + 3))) ||
        (colon < COLON_MAX && is_value(str_from(line, colon + 1))))
        return true;
    for (unsigned words = 0; blank != SIZE_MAX && words < 4; words++) {
        line = str_from(line, blank + 1);
        if (is_moment(line))
            return true;
        blank = str_chr(line, ' ');
    }
    return false;
}

bool chrome_may_head(struct str line)
{
    static const char *const WORDS[] = {
        "folgen", "inhalt", "contents",     "report",     "comments", "video",  "bilder",
        "сюжет",  "видео",  "commentaires", "ランキング", "コメント", "themen", "topics",
    };
    char buf[BYTES_MAX];
    struct str folded = bare(fold(line, buf));
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        if (str_is(folded, WORDS[i]))
            return true;
    return false;
}
