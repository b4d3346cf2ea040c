/*
 * Which writing system a text uses: it alone settles many languages, and rules most others out.
 */
#ifndef DATELINE_SCRIPT_H
#define DATELINE_SCRIPT_H

#include "str.h"

enum script {
    SCRIPT_NONE, /* no letters */
    SCRIPT_LATIN,
    SCRIPT_CYRILLIC,
    SCRIPT_ARABIC,
    SCRIPT_DEVANAGARI,
    SCRIPT_GREEK,
    SCRIPT_ARMENIAN,
    SCRIPT_HEBREW,
    SCRIPT_SYRIAC,
    SCRIPT_THAANA,
    SCRIPT_BENGALI,
    SCRIPT_GURMUKHI,
    SCRIPT_GUJARATI,
    SCRIPT_ORIYA,
    SCRIPT_TAMIL,
    SCRIPT_TELUGU,
    SCRIPT_KANNADA,
    SCRIPT_MALAYALAM,
    SCRIPT_SINHALA,
    SCRIPT_THAI,
    SCRIPT_LAO,
    SCRIPT_TIBETAN,
    SCRIPT_MYANMAR,
    SCRIPT_GEORGIAN,
    SCRIPT_HANGUL,
    SCRIPT_ETHIOPIC,
    SCRIPT_CHEROKEE,
    SCRIPT_KHMER,
    SCRIPT_MONGOLIAN,
    SCRIPT_HAN,
    SCRIPT_KANA,
    SCRIPT_OTHER, /* letters of a script not listed here */
    SCRIPTS
};

struct script_share {
    enum script script; /* the one with most letters */
    size_t letters;     /* of that script */
    float share;        /* 0..1, of all letters */
};

/* Of the first `max` bytes. Han is Japanese where there is kana enough (one letter in twenty), and
 * kana with Han is one script. */
struct script_share script_of(struct str text, size_t max);
/* The language that this script settles, or NULL: ISO 639-1 (639-3 where there is none). */
const char *script_language(enum script script);
/* Whether a language of the models is written in this script. */
bool script_allows(enum script script, const char *language);

#endif
