#include "script.h"

#include <utf8proc.h>

#include "utf8.h"

/* Blocks of Unicode 15 that hold letters, sorted; what lies between them is looked up by category.
 */
static const struct range {
    uint32_t first, last;
    enum script script;
} ranges[] = {
    {0x0041, 0x005A, SCRIPT_LATIN},      {0x0061, 0x007A, SCRIPT_LATIN},
    {0x00AA, 0x02AF, SCRIPT_LATIN},      {0x0370, 0x03FF, SCRIPT_GREEK},
    {0x0400, 0x052F, SCRIPT_CYRILLIC},   {0x0530, 0x058F, SCRIPT_ARMENIAN},
    {0x0590, 0x05FF, SCRIPT_HEBREW},     {0x0600, 0x06FF, SCRIPT_ARABIC},
    {0x0700, 0x074F, SCRIPT_SYRIAC},     {0x0750, 0x077F, SCRIPT_ARABIC},
    {0x0780, 0x07BF, SCRIPT_THAANA},     {0x08A0, 0x08FF, SCRIPT_ARABIC},
    {0x0900, 0x097F, SCRIPT_DEVANAGARI}, {0x0980, 0x09FF, SCRIPT_BENGALI},
    {0x0A00, 0x0A7F, SCRIPT_GURMUKHI},   {0x0A80, 0x0AFF, SCRIPT_GUJARATI},
    {0x0B00, 0x0B7F, SCRIPT_ORIYA},      {0x0B80, 0x0BFF, SCRIPT_TAMIL},
    {0x0C00, 0x0C7F, SCRIPT_TELUGU},     {0x0C80, 0x0CFF, SCRIPT_KANNADA},
    {0x0D00, 0x0D7F, SCRIPT_MALAYALAM},  {0x0D80, 0x0DFF, SCRIPT_SINHALA},
    {0x0E00, 0x0E7F, SCRIPT_THAI},       {0x0E80, 0x0EFF, SCRIPT_LAO},
    {0x0F00, 0x0FFF, SCRIPT_TIBETAN},    {0x1000, 0x109F, SCRIPT_MYANMAR},
    {0x10A0, 0x10FF, SCRIPT_GEORGIAN},   {0x1100, 0x11FF, SCRIPT_HANGUL},
    {0x1200, 0x139F, SCRIPT_ETHIOPIC},   {0x13A0, 0x13FF, SCRIPT_CHEROKEE},
    {0x1780, 0x17FF, SCRIPT_KHMER},      {0x1800, 0x18AF, SCRIPT_MONGOLIAN},
    {0x1C80, 0x1C8F, SCRIPT_CYRILLIC},   {0x1C90, 0x1CBF, SCRIPT_GEORGIAN},
    {0x1E00, 0x1EFF, SCRIPT_LATIN},      {0x1F00, 0x1FFF, SCRIPT_GREEK},
    {0x2C60, 0x2C7F, SCRIPT_LATIN},      {0x2D00, 0x2D2F, SCRIPT_GEORGIAN},
    {0x2D80, 0x2DDF, SCRIPT_ETHIOPIC},   {0x2DE0, 0x2DFF, SCRIPT_CYRILLIC},
    {0x2E80, 0x2FDF, SCRIPT_HAN},        {0x3005, 0x3007, SCRIPT_HAN},
    {0x3040, 0x30FF, SCRIPT_KANA},       {0x3130, 0x318F, SCRIPT_HANGUL},
    {0x31F0, 0x31FF, SCRIPT_KANA},       {0x3400, 0x4DBF, SCRIPT_HAN},
    {0x4E00, 0x9FFF, SCRIPT_HAN},        {0xA640, 0xA69F, SCRIPT_CYRILLIC},
    {0xA720, 0xA7FF, SCRIPT_LATIN},      {0xA960, 0xA97F, SCRIPT_HANGUL},
    {0xAB30, 0xAB6F, SCRIPT_LATIN},      {0xAC00, 0xD7FF, SCRIPT_HANGUL},
    {0xF900, 0xFAFF, SCRIPT_HAN},        {0xFB00, 0xFB06, SCRIPT_LATIN},
    {0xFB1D, 0xFB4F, SCRIPT_HEBREW},     {0xFB50, 0xFDFF, SCRIPT_ARABIC},
    {0xFE70, 0xFEFC, SCRIPT_ARABIC},     {0xFF21, 0xFF3A, SCRIPT_LATIN},
    {0xFF41, 0xFF5A, SCRIPT_LATIN},      {0xFF66, 0xFF9F, SCRIPT_KANA},
    {0x20000, 0x3FFFF, SCRIPT_HAN},
};

/* Scripts that one language of the news uses, or all but. */
static const char *const sole[SCRIPTS] = {
    [SCRIPT_GREEK] = "el",     [SCRIPT_ARMENIAN] = "hy", [SCRIPT_HEBREW] = "he",
    [SCRIPT_SYRIAC] = "syr",   [SCRIPT_THAANA] = "dv",   [SCRIPT_BENGALI] = "bn",
    [SCRIPT_GURMUKHI] = "pa",  [SCRIPT_GUJARATI] = "gu", [SCRIPT_ORIYA] = "or",
    [SCRIPT_TAMIL] = "ta",     [SCRIPT_TELUGU] = "te",   [SCRIPT_KANNADA] = "kn",
    [SCRIPT_MALAYALAM] = "ml", [SCRIPT_SINHALA] = "si",  [SCRIPT_THAI] = "th",
    [SCRIPT_LAO] = "lo",       [SCRIPT_TIBETAN] = "bo",  [SCRIPT_MYANMAR] = "my",
    [SCRIPT_GEORGIAN] = "ka",  [SCRIPT_HANGUL] = "ko",   [SCRIPT_ETHIOPIC] = "am",
    [SCRIPT_CHEROKEE] = "chr", [SCRIPT_KHMER] = "km",    [SCRIPT_MONGOLIAN] = "mn",
    [SCRIPT_HAN] = "zh",       [SCRIPT_KANA] = "ja",
};

/* Scripts that several share, and who writes them; a language that stands nowhere is written in
 * Latin letters. */
static const struct {
    enum script script;
    const char *languages; /* each followed by a blank */
} shared[] = {
    {SCRIPT_CYRILLIC, "be bg kk ky mk mn ru sr tg tt uk uz "},
    {SCRIPT_ARABIC, "ar ckb fa ks ku ps sd ug ur "},
    {SCRIPT_DEVANAGARI, "hi kok mai mr ne sa "},
};

static enum script script_of_point(uint32_t point)
{
    size_t low = 0, high = ARRAY_LEN(ranges);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (point > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    bool inside = low < ARRAY_LEN(ranges) && point >= ranges[low].first;
    if (point < 0x80)
        return inside ? SCRIPT_LATIN : SCRIPT_NONE;
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)point);
    if (category < UTF8PROC_CATEGORY_LU || category > UTF8PROC_CATEGORY_LO)
        return SCRIPT_NONE; /* digits, punctuation and marks of the block */
    return inside ? ranges[low].script : SCRIPT_OTHER;
}

struct script_share script_of(struct str text, size_t max)
{
    size_t letters[SCRIPTS] = {0}, all = 0;
    text = utf8_upto(text, max);
    for (size_t at = 0; at < text.len;)
        letters[script_of_point(utf8_next(text, &at))]++;
    if (letters[SCRIPT_KANA] * 20 >= letters[SCRIPT_HAN]) {
        letters[SCRIPT_KANA] += letters[SCRIPT_KANA] > 0 ? letters[SCRIPT_HAN] : 0;
        letters[SCRIPT_HAN] = letters[SCRIPT_KANA] > 0 ? 0 : letters[SCRIPT_HAN];
    }
    /* One sign of Chinese or Korean says about as much as three letters. */
    letters[SCRIPT_HAN] *= 3;
    letters[SCRIPT_KANA] *= 3;
    letters[SCRIPT_HANGUL] *= 3;
    struct script_share best = {SCRIPT_NONE, 0, 0};
    for (enum script s = SCRIPT_LATIN; s < SCRIPTS; s++) {
        all += letters[s];
        if (letters[s] > best.letters)
            best = (struct script_share){s, letters[s], 0};
    }
    best.share = all > 0 ? (float)best.letters / (float)all : 0;
    return best;
}

const char *script_language(enum script script)
{
    return sole[script];
}

static bool listed(const char *languages, const char *language)
{
    size_t len = strlen(language);
    for (const char *at = languages; (at = strstr(at, language)) != NULL; at++) {
        if ((at == languages || at[-1] == ' ') && at[len] == ' ')
            return true;
    }
    return false;
}

/* Written in Latin letters too, beside what the table says. */
static bool latin_too(const char *language)
{
    return listed("sr uz ku tt kk mn ", language);
}

bool script_allows(enum script script, const char *language)
{
    for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
        if (shared[i].script == script)
            return listed(shared[i].languages, language);
    }
    if (script != SCRIPT_LATIN)
        return sole[script] && strcmp(sole[script], language) == 0;
    for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
        if (listed(shared[i].languages, language) && !latin_too(language))
            return false;
    }
    for (enum script s = SCRIPT_NONE; s < SCRIPTS; s++) {
        if (sole[s] && strcmp(sole[s], language) == 0)
            return false;
    }
    return true;
}
