/*
 * Which readings of a paragraph's start are datelines, and what they say. The grammar stands in
 * dateline_read.c. Prose begins with place names as well, so a dateline without a known agency must
 * name a city of the gazetteer and look like one (see is_dateline).
 */
#include "dateline.h"

#include "agencies.h"
#include "clock.h"
#include "dateline_read.h"
#include "utf8.h"

#define PARAGRAPHS_MAX 3

/* What follows a dateline is a sentence: it begins with a capital, a digit or a quotation mark and
 * is not a headline in capitals. */
static bool starts_sentence(struct str s)
{
    static const char *const QUOTES[] = {
        "\"", "'", "\xe2\x80\x9c", "\xe2\x80\x98", "\xc2\xab", "\xe2\x80\x9e", "$"};
    bool quote = false;
    for (size_t i = 0; i < ARRAY_LEN(QUOTES); i++)
        quote = quote || str_starts(s, str_of(QUOTES[i]));
    if (!quote && !reading_starts_upper(s) && !(s.len && (s.at[0] >= '0' && s.at[0] <= '9')))
        return false;
    unsigned words = 0, capitals = 0;
    for (; words < 3 && s.len; words++) {
        struct str word = reading_word(s);
        if (word.len == 0)
            break;
        capitals += reading_is_capitals(word);
        s = str_trim(str_from(s, word.len));
    }
    return !(words >= 2 && capitals == words);
}

/* The rules that tell a dateline from prose.
 * With an agency of the list: a separator, or place and date, or a known city in capitals; a place
 * that nobody knows must be in capitals or dated. Without one: a known city, and a region, country
 * or date behind it, or nothing but capitals; "Paris: a guide" and "CHINA - a history" are
 * headings. */
static bool is_dateline(const struct reading *r)
{
    bool capitals = reading_is_capitals(r->place), city = r->city && (r->city->kind & PLACE_CITY);
    bool dated = r->month != 0, known = r->city != NULL;
    struct str rest = reading_rest(r);
    if (rest.len == 0)
        return false;
    if (r->agency) {
        if (r->place.len == 0 || r->aboard)
            return r->separator != SEP_NONE;
        if (!known && !capitals && !dated)
            return false;
        if (r->region.len && !r->area && !known && !dated)
            return false;
        return r->separator != SEP_NONE || (dated && (known || capitals)) || (known && capitals);
    }
    if (r->agency_text.len) /* in brackets, but unknown */
        return known && dated && r->separator == SEP_DASH && reading_starts_upper(r->agency_text);
    if (!city && !(known && dated))
        return false;
    if (r->region.len && !r->area)
        return false;
    if (r->iso)
        return capitals;
    if (!starts_sentence(rest))
        return false;
    if (dated)
        return r->separator == SEP_DASH || (capitals && r->separator != SEP_NONE);
    if (r->area)
        return r->separator == SEP_DASH || (capitals && r->separator == SEP_COLON);
    return capitals && (r->separator == SEP_DASH || r->separator == SEP_COLON);
}

/* A paragraph that is nothing but "By Jane Doe" or "By Jane Doe and John Roe, Reuters". */
static struct str byline_paragraph(struct str s)
{
    s = str_trim(s);
    if (!reading_starts_by(s) || s.len > 90 || s.len < 6 || s.at[s.len - 1] == '.' ||
        str_chr(s, '\n') != SIZE_MAX || !reading_starts_upper(str_from(s, 3)))
        return STR_NONE;
    s = str_from(s, 3);
    size_t comma = str_chr(s, ',');
    if (comma != SIZE_MAX && agency_find(str_from(s, comma + 1)))
        s = str_upto(s, comma);
    return s;
}

/* ---- the result */

static void copy_text(char *out, size_t size, struct str s)
{
    s = utf8_upto(s, size - 1);
    if (s.len)
        memcpy(out, s.at, s.len);
    out[s.len] = '\0';
}

/* "VERKHNYAYA PYSHMA" that no gazetteer knows: as "Verkhnyaya Pyshma", ASCII only. */
static void copy_title(char *out, size_t size, struct str s)
{
    copy_text(out, size, s);
    bool inside = false;
    for (size_t i = 0; out[i]; i++) {
        bool letter = (out[i] | 0x20) >= 'a' && (out[i] | 0x20) <= 'z';
        if (letter && inside && out[i] <= 'Z')
            out[i] = (char)(out[i] + 32);
        inside = letter || (unsigned char)out[i] >= 0x80 || out[i] == '\'';
    }
}

static void fill_place(const struct reading *r, struct dateline *out)
{
    if (r->place.len == 0 || r->aboard)
        return;
    if (r->city)
        copy_text(out->place, sizeof out->place,
                  str_of(r->city->full ? r->city->full : r->city->name));
    else if (reading_is_capitals(r->place))
        copy_title(out->place, sizeof out->place, r->place);
    else
        copy_text(out->place, sizeof out->place, r->place);
    const struct place *area = r->area ? r->area : r->city;
    if (area)
        copy_text(out->country, sizeof out->country, str_of(area->country));
    if (!r->area || !(r->area->kind & PLACE_REGION))
        return;
    struct str region = str_of(r->area->full ? r->area->full : r->area->name);
    size_t used = strlen(out->place);
    if (str_is(region, "District of Columbia") || used + region.len + 3 > sizeof out->place)
        return;
    memcpy(out->place + used, ", ", 2);
    copy_text(out->place + used + 2, sizeof out->place - used - 2, region);
}

/* The latest such day that is not after the fetch, a day's grace for time zones; 29 February may
 * need eight years. */
static int infer_year(const struct reading *r, int64_t fetched_at)
{
    int64_t today = fetched_at / USEC_PER_DAY;
    int year, month, day;
    clock_civil(today, &year, &month, &day);
    for (int y = year + 1; y >= year - 8; y--)
        if (reading_is_day(y, r->month, r->day) && clock_days(y, r->month, r->day) <= today + 1)
            return y;
    return 0;
}

static void fill_date(const struct reading *r, int64_t fetched_at, struct dateline *out)
{
    int year = r->year;
    if (!r->month)
        return;
    if (!year && fetched_at > 0)
        year = infer_year(r, fetched_at);
    if (year < 1970 || year > 2199)
        return;
    snprintf(out->date, sizeof out->date, "%04u-%02u-%02u", (unsigned)year % 10000,
             (unsigned)r->month % 100, (unsigned)r->day % 100);
}

bool dateline_find(struct str text, int64_t fetched_at, struct dateline *out)
{
    struct str byline = STR_NONE;
    size_t at = 0;
    for (unsigned n = 0; n < PARAGRAPHS_MAX && at < text.len;) {
        struct str rest = str_from(text, at);
        size_t end = str_find(rest, STR("\n\n"));
        struct str paragraph = str_upto(rest, end);
        size_t lead = 0;
        while (lead < paragraph.len && strchr(" \t\r\n", paragraph.at[lead]))
            lead++;
        struct reading r;
        if (lead < paragraph.len) {
            n++;
            if (reading_paragraph(str_from(paragraph, lead), &r) && is_dateline(&r)) {
                *out = (struct dateline){.at = at + lead, .len = r.at};
                fill_place(&r, out);
                fill_date(&r, fetched_at, out);
                copy_text(out->agency, sizeof out->agency,
                          r.agency ? str_of(r.agency) : r.agency_text);
                copy_text(out->byline, sizeof out->byline, r.byline.len ? r.byline : byline);
                return true;
            }
            if (byline.len == 0)
                byline = byline_paragraph(paragraph);
        }
        at += end == SIZE_MAX ? rest.len : end + 2;
    }
    return false;
}
