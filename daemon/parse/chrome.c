#include "chrome.h"

#include "chrome_words.h"
#include "utf8.h"

#define BYTES_MAX 420 /* of such a line in any script */
#define LEGAL_MAX 400
#define TOP_MAX   100
#define NAMES_MAX 12 /* words of a byline */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_short(struct str line, size_t points)
{
    return line.len <= points || (line.len <= 3 * points && utf8_points(line) <= points);
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
    unsigned kinds =
        chrome_word_begins(core, CHROME_LINE | CHROME_BEGIN | CHROME_LABEL | CHROME_CREDIT);
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

static bool has_rights(struct str line)
{
    char buf[BYTES_MAX];
    if (str_findi(line, STR("all rights reserved")) != SIZE_MAX)
        return true;
    if (line.len > BYTES_MAX / 2)
        return false;
    struct str folded = fold(line, buf);
    bool start = true; /* of the line or of a sentence in it */
    for (size_t i = 0; i < folded.len; i++) {
        bool blank = folded.at[i] == ' ';
        if (start && !blank && chrome_word_begins(str_from(folded, i), CHROME_RIGHTS))
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
            if (str_starts(rest, STR("20")) || str_starts(rest, STR("19")))
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

/* Names begin with capitals, whatever joins them: "Ann Lee and Max Roe". */
static bool are_names(struct str text)
{
    static const char *const JOINTS[] = {"and", "und", "et", "y",   "e",   "en", "i",  "og", "och",
                                         "&",   "|",   "de", "van", "von", "и",  "та", "ve"};
    struct str word;
    unsigned words = 0;
    while (str_cut(&text, ' ', &word)) {
        size_t at = 0;
        bool joint = word.len == 0;
        for (size_t i = 0; i < ARRAY_LEN(JOINTS) && !joint; i++)
            joint = str_is(word, JOINTS[i]);
        if (!joint && (!utf8_upper(utf8_next(word, &at)) || ++words > NAMES_MAX))
            return false;
    }
    return words > 0;
}

static bool has_digit(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (is_digit(s.at[i]))
            return true;
    return false;
}

bool chrome_is_top(struct str line)
{
    char buf[BYTES_MAX];
    line = utf8_trim(line);
    struct str folded = fold(line, buf), core = bare(folded);
    if (folded.len == 0 || !is_short(line, TOP_MAX) || strchr(".!?", line.at[line.len - 1]))
        return false;
    if (chrome_word_is(core) & CHROME_TOP)
        return true;
    if (!chrome_word_begins(folded, CHROME_TOP))
        return false;
    size_t colon = str_find(folded, STR(":")), wide = str_find(folded, STR("\xef\xbc\x9a"));
    size_t blank = str_chr(line, ' ');
    return has_digit(line) || colon < 40 || wide < 40 ||
           (blank != SIZE_MAX && are_names(str_from(line, blank + 1)));
}
