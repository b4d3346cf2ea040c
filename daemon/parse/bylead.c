#include "bylead.h"

#include "utf8.h"

#define STRING(literal)                                                                            \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

/* What must stand behind a lead: a blank will do; or it takes a colon, or stands alone; or the colon
 * must be there; or nothing is needed, in scripts without blanks. */
enum behind { BLANK, COLON, COLON_ONLY, ANYTHING };

struct lead {
    struct str words;
    const char *languages; /* the only ones in which it is a lead; NULL: whatever the page's */
    enum behind behind;
};

static const struct lead ENGLISH[] = {
    {STRING("written by"), NULL, BLANK},       {STRING("posted by"), NULL, BLANK},
    {STRING("reviewed by"), NULL, BLANK},      {STRING("story by"), NULL, BLANK},
    {STRING("article by"), NULL, BLANK},       {STRING("text by"), NULL, BLANK},
    {STRING("words by"), NULL, BLANK},         {STRING("report by"), NULL, BLANK},
    {STRING("reported by"), NULL, BLANK},      {STRING("authored by"), NULL, BLANK},
    {STRING("published by"), NULL, BLANK},     {STRING("interview by"), NULL, BLANK},
    {STRING("author(s)"), NULL, BLANK},        {STRING("authors"), NULL, COLON},
    {STRING("author"), NULL, BLANK},           {STRING("contributors"), NULL, COLON_ONLY},
    {STRING("contributor"), NULL, COLON_ONLY}, {STRING("by"), NULL, BLANK},
};

static const struct lead OTHERS[] = {
    {STRING("geschrieben von"), NULL, BLANK},
    {STRING("verfasst von"), NULL, BLANK},
    {STRING("ein artikel von"), NULL, BLANK},
    {STRING("ein beitrag von"), NULL, BLANK},
    {STRING("autorin"), NULL, COLON},
    {STRING("autoren"), NULL, COLON},
    {STRING("autores"), NULL, COLON},
    {STRING("autora"), NULL, COLON},
    {STRING("autorzy"), NULL, COLON},
    {STRING("autori"), NULL, COLON},
    {STRING("autore"), NULL, COLON},
    {STRING("autor"), NULL, COLON},
    {STRING("auteurs"), NULL, COLON},
    {STRING("auteur"), NULL, COLON},
    {STRING("ecrit par"), NULL, BLANK},
    {STRING("rédigé par"), NULL, BLANK},
    {STRING("publié par"), NULL, BLANK},
    {STRING("propos recueillis par"), NULL, BLANK},
    {STRING("escrito por"), NULL, BLANK},
    {STRING("publicado por"), NULL, BLANK},
    {STRING("redactado por"), NULL, BLANK},
    {STRING("scritto da"), NULL, BLANK},
    {STRING("pubblicato da"), NULL, BLANK},
    {STRING("a cura di"), NULL, BLANK},
    {STRING("geschreven door"), NULL, BLANK},
    {STRING("skrevet av"), NULL, BLANK},
    {STRING("skrevet af"), NULL, BLANK},
    {STRING("skriven av"), NULL, BLANK},
    {STRING("napisała"), NULL, BLANK},
    {STRING("napisał"), NULL, BLANK},
    {STRING("tekst"), NULL, COLON_ONLY},
    {STRING("texto"), NULL, COLON_ONLY},
    {STRING("texte"), NULL, COLON_ONLY},
    {STRING("testo"), NULL, COLON_ONLY},
    {STRING("text"), NULL, COLON_ONLY},
    {STRING("yazar"), NULL, COLON},
    {STRING("yazan"), NULL, COLON},
    {STRING("muhabir"), NULL, COLON},
    {STRING("szerző"), NULL, COLON},
    {STRING("von"), "de", BLANK},
    {STRING("par"), "fr", BLANK},
    {STRING("por"), "es pt gl", BLANK},
    {STRING("di"), "it", BLANK},
    {STRING("door"), "nl", BLANK},
    {STRING("av"), "no nb nn sv", BLANK},
    {STRING("af"), "da", BLANK},
};

/* None of these begins with a letter of ours: they are looked for on every page. */
static const struct lead SCRIPTS[] = {
    {STRING("écrit par"), NULL, BLANK},    {STRING("Écrit par"), NULL, BLANK},
    {STRING("Автор статьи"), NULL, BLANK}, {STRING("Автор текста"), NULL, BLANK},
    {STRING("Авторы"), NULL, COLON},       {STRING("Автори"), NULL, COLON},
    {STRING("Автор"), NULL, BLANK},        {STRING("Текст"), NULL, COLON_ONLY},
    {STRING("Аўтар"), NULL, BLANK},        {STRING("Συντάκτης"), NULL, COLON},
    {STRING("作者"), NULL, COLON},         {STRING("撰文"), NULL, COLON},
    {STRING("文"), NULL, COLON_ONLY},      {STRING("执笔"), NULL, COLON},
    {STRING("采写"), NULL, COLON},         {STRING("記者"), NULL, ANYTHING},
    {STRING("记者"), NULL, ANYTHING},      {STRING("글"), NULL, COLON_ONLY},
    {STRING("بقلم"), NULL, BLANK},         {STRING("كتبت"), NULL, COLON},
    {STRING("كتب"), NULL, COLON},          {STRING("نویسنده"), NULL, COLON},
    {STRING("מאת"), NULL, BLANK},          {STRING("लेखक"), NULL, COLON},
};

static size_t colon_len(struct str s)
{
    static const struct str COLONS[] = {
        STRING(":"), STRING("："), STRING("/"),  STRING("／"),
        STRING("|"), STRING("｜"), STRING("︱"),
    };
    for (size_t i = 0; i < ARRAY_LEN(COLONS); i++)
        if (str_starts(s, COLONS[i]))
            return COLONS[i].len;
    return 0;
}

static bool is_blank(struct str s)
{
    size_t at = 0;
    return s.len && utf8_space(utf8_next(s, &at));
}

/* "By Jane", "By: Jane", and "byJane", where a style sheet draws the blank; not "BYRON". */
static bool ends_by(struct str lead, struct str rest)
{
    return str_ends(lead, STR("by")) && rest.len && rest.at[0] >= 'A' && rest.at[0] <= 'Z' &&
           rest.at[-1] >= 'a';
}

/* The white space, the colon and the white space behind a lead; SIZE_MAX when it is none. */
static size_t end_len(const struct lead *lead, struct str rest)
{
    struct str trimmed = utf8_trim(rest);
    size_t colon = colon_len(trimmed);
    bool alone = trimmed.len == 0 && lead->behind != COLON_ONLY;
    bool blank = lead->behind == BLANK && (is_blank(rest) || ends_by(lead->words, rest));
    if (!alone && !colon && !blank && lead->behind != ANYTHING)
        return SIZE_MAX;
    struct str name = utf8_trim(str_from(trimmed, colon));
    return name.len ? (size_t)(name.at - rest.at) : rest.len;
}

/* Codes of two letters in a list. */
static bool has_language(const char *list, struct str language)
{
    char code[3] = "";
    return str_lower(str_upto(language, 2), code, sizeof code) && code[0] && strstr(list, code);
}

static size_t find(const struct lead *leads, size_t count, struct str s, struct str language)
{
    for (size_t i = 0; i < count; i++) {
        const struct lead *lead = &leads[i];
        if ((s.at[0] | 0x20) != (lead->words.at[0] | 0x20) || !str_startsi(s, lead->words) ||
            (lead->languages && !has_language(lead->languages, language)))
            continue;
        size_t end = end_len(lead, str_from(s, lead->words.len));
        if (end != SIZE_MAX)
            return lead->words.len + end;
    }
    return 0;
}

static size_t find_all(struct str s, struct str language, bool english)
{
    size_t len = 0;
    if (s.len < 2)
        return 0;
    if ((unsigned char)s.at[0] >= 0x80)
        len = find(SCRIPTS, ARRAY_LEN(SCRIPTS), s, language);
    else if (strchr("abciprstw", s.at[0] | 0x20))
        len = find(ENGLISH, ARRAY_LEN(ENGLISH), s, language);
    return len || english ? len : find(OTHERS, ARRAY_LEN(OTHERS), s, language);
}

size_t bylead_len(struct str s, struct str language)
{
    return find_all(s, language, str_startsi(language, STR("en")));
}

size_t bylead_len_any(struct str s)
{
    return find_all(s, STR_NONE, false);
}
