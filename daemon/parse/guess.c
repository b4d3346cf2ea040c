#include "guess.h"

#include <uchardet/uchardet.h>

#define GUESS_BYTES (128UL << 10)

/* Tags are ASCII in every language and only dilute what there is to see. */
static void without_tags(struct str s, struct buf *out)
{
    bool inside = false;
    for (size_t i = 0; i < s.len && out->len < GUESS_BYTES; i++) {
        char c = s.at[i];
        if (c == '<' && !inside && i + 1 < s.len && s.at[i + 1] != '!')
            inside = true;
        else if (c == '>' && inside)
            inside = false, buf_putc(out, ' ');
        else if (!inside)
            buf_putc(out, c);
    }
}

/* The letters that KOI8-U has where KOI8-R draws boxes. */
static bool has_ukrainian_letter(struct str s)
{
    for (size_t i = 0; i + 1 < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i], next = (unsigned char)s.at[i + 1];
        if (strchr("\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd", c) && c && (next >= 0xc0 || next == ' '))
            return true;
    }
    return false;
}

/* Quotation marks and dashes of the windows charsets stand where those of ISO have controls. */
static bool has_c1(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (((unsigned char)s.at[i] & 0xe0) == 0x80)
            return true;
    return false;
}

/* Its letters are few, and with one of them alone a text may be Portuguese: there a tilde stands before "o" or "e". */
static bool is_romanian(struct str s)
{
    static const char letters[] = "\xe3\xc3\xe2\xc2\xee\xce\xba\xaa\xfe\xde";
    size_t breves = 0, portuguese = 0;
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.at[i] < 0x80)
            continue;
        if (!strchr(letters, s.at[i]))
            return false;
        char next = i + 1 < s.len ? s.at[i + 1] : ' ';
        breves += s.at[i] == '\xe3';
        portuguese += s.at[i] == '\xe3' && (next == 'o' || next == 'e');
    }
    return breves >= 2 && portuguese * 4 < breves;
}

/* uchardet takes a family's best known member; which one it is shows in single bytes. Where the
 * bytes show nothing the windows charset stays, it is the more common one. */
static const char *refine(const char *name, struct str text)
{
    static const struct {
        const char *from, *windows;
    } relatives[] = {
        {"ISO-8859-2", "windows-1250"},  {"ISO-8859-4", "windows-1257"},
        {"ISO-8859-7", "windows-1253"},  {"ISO-8859-8", "windows-1255"},
        {"ISO-8859-10", "windows-1257"}, {"ISO-8859-13", "windows-1257"},
        {"ISO-8859-15", "windows-1252"},
    };
    static const char *const western[] = {"WINDOWS-1252", "ISO-8859-1", "ISO-8859-15",
                                          "WINDOWS-1258",
                                          "MAC-CENTRALEUROPE"}; /* for want of a better one */
    for (size_t i = 0; i < ARRAY_LEN(western); i++)
        if (strcmp(name, western[i]) == 0 && is_romanian(text))
            return has_c1(text) ? "windows-1250" : "iso-8859-16";
    if (strcmp(name, "KOI8-R") == 0)
        return has_ukrainian_letter(text) ? "koi8-u" : name;
    if (strcmp(name, "ISO-8859-3") ==
        0) /* Maltese and Esperanto are rare, Polish and Hungarian are not */
        return has_c1(text) ? "windows-1250" : "iso-8859-2";
    if (!has_c1(text))
        return name;
    for (size_t i = 0; i < ARRAY_LEN(relatives); i++)
        if (strcmp(name, relatives[i].from) == 0)
            return relatives[i].windows;
    return name;
}

const char *guess_charset(struct str bytes)
{
    static char name[40];
    struct buf text = BUF_NONE;
    without_tags(bytes, &text);
    uchardet_t detector = uchardet_new();
    uchardet_handle_data(detector, text.at ? text.at : "", text.len);
    uchardet_data_end(detector);
    snprintf(name, sizeof name, "%s", uchardet_get_charset(detector));
    uchardet_delete(detector);
    const char *refined = refine(name, buf_str(&text));
    buf_free(&text);
    return refined;
}
