#include "charset.h"

#include <errno.h>
#include <iconv.h>

#include "guess.h"
#include "scars.h"
#include "utf8.h"

enum family { SINGLE, DOUBLE, WIDE, ESCAPED, HZ, UTF8 };

/* The first is UTF-8, which needs no converter. `iconv` is glibc's name for what browsers decode.
 */
static const struct encoding {
    const char *name, *iconv;
    enum family family;
} ENCODINGS[] = {
    {"utf-8", "UTF-8", UTF8},
    {"windows-1252", "CP1252", SINGLE},
    {"windows-1250", "CP1250", SINGLE},
    {"windows-1251", "CP1251", SINGLE},
    {"windows-1253", "CP1253", SINGLE},
    {"windows-1254", "CP1254", SINGLE},
    {"windows-1255", "CP1255", SINGLE},
    {"windows-1256", "CP1256", SINGLE},
    {"windows-1257", "CP1257", SINGLE},
    {"windows-1258", "CP1258", SINGLE},
    {"windows-874", "CP874", SINGLE},
    {"iso-8859-2", "ISO-8859-2", SINGLE},
    {"iso-8859-3", "ISO-8859-3", SINGLE},
    {"iso-8859-4", "ISO-8859-4", SINGLE},
    {"iso-8859-5", "ISO-8859-5", SINGLE},
    {"iso-8859-6", "ISO-8859-6", SINGLE},
    {"iso-8859-7", "ISO-8859-7", SINGLE},
    {"iso-8859-8", "ISO-8859-8", SINGLE},
    {"iso-8859-10", "ISO-8859-10", SINGLE},
    {"iso-8859-13", "ISO-8859-13", SINGLE},
    {"iso-8859-14", "ISO-8859-14", SINGLE},
    {"iso-8859-15", "ISO-8859-15", SINGLE},
    {"iso-8859-16", "ISO-8859-16", SINGLE},
    {"koi8-r", "KOI8-R", SINGLE},
    {"koi8-u", "KOI8-U", SINGLE},
    {"ibm852", "IBM852", SINGLE},
    {"ibm855", "IBM855", SINGLE},
    {"ibm866", "IBM866", SINGLE},
    {"ibm437", "IBM437", SINGLE},
    {"ibm850", "IBM850", SINGLE},
    {"macintosh", "MACINTOSH", SINGLE},
    {"x-mac-cyrillic", "MAC-CYRILLIC", SINGLE},
    {"viscii", "VISCII", SINGLE},
    {"gb18030", "GB18030", DOUBLE},
    {"big5", "BIG5-HKSCS", DOUBLE},
    {"euc-tw", "EUC-TW", DOUBLE},
    {"euc-jp", "EUC-JP-MS", DOUBLE},
    {"shift_jis", "CP932", DOUBLE},
    {"euc-kr", "UHC", DOUBLE},
    {"johab", "JOHAB", DOUBLE},
    {"hz-gb-2312", "GB18030", HZ},
    {"iso-2022-jp", "ISO-2022-JP-3", ESCAPED},
    {"iso-2022-kr", "ISO-2022-KR", ESCAPED},
    {"utf-16le", "UTF-16LE", WIDE},
    {"utf-16be", "UTF-16BE", WIDE},
    {"utf-32le", "UTF-32LE", WIDE},
    {"utf-32be", "UTF-32BE", WIDE},
};

/* Labels that are not the name itself. */
static const struct {
    const char *label, *name;
} LABELS[] = {
    {"utf8", "utf-8"},
    {"unicode-1-1-utf-8", "utf-8"},
    {"utf-8n", "utf-8"},
    {"unicode", "utf-16le"},
    {"utf-16", "utf-16le"},
    {"ucs-2", "utf-16le"},
    {"utf-32", "utf-32le"},
    {"ascii", "windows-1252"},
    {"us-ascii", "windows-1252"},
    {"iso-8859-1", "windows-1252"},
    {"iso8859-1", "windows-1252"},
    {"iso88591", "windows-1252"},
    {"iso_8859-1", "windows-1252"},
    {"latin1", "windows-1252"},
    {"latin-1", "windows-1252"},
    {"l1", "windows-1252"},
    {"cp819", "windows-1252"},
    {"ansi", "windows-1252"},
    {"iso8859-2", "iso-8859-2"},
    {"latin2", "iso-8859-2"},
    {"iso8859-5", "iso-8859-5"},
    {"cyrillic", "iso-8859-5"},
    {"iso8859-7", "iso-8859-7"},
    {"greek", "iso-8859-7"},
    {"arabic", "iso-8859-6"},
    {"hebrew", "iso-8859-8"},
    {"iso-8859-8-i", "iso-8859-8"},
    {"iso-8859-9", "windows-1254"},
    {"iso8859-9", "windows-1254"},
    {"latin5", "windows-1254"},
    {"iso8859-15", "iso-8859-15"},
    {"latin9", "iso-8859-15"},
    {"iso-8859-11", "windows-874"},
    {"tis-620", "windows-874"},
    {"cp874", "windows-874"},
    {"koi8", "koi8-r"},
    {"koi8r", "koi8-r"},
    {"koi", "koi8-r"},
    {"koi8u", "koi8-u"},
    {"koi8-ru", "koi8-u"},
    {"cp437", "ibm437"},
    {"cp850", "ibm850"},
    {"cp866", "ibm866"},
    {"866", "ibm866"},
    {"cp852", "ibm852"},
    {"cp855", "ibm855"},
    {"mac", "macintosh"},
    {"x-mac-roman", "macintosh"},
    {"mac-roman", "macintosh"},
    {"mac-cyrillic", "x-mac-cyrillic"},
    {"x-mac-ukrainian", "x-mac-cyrillic"},
    {"gb2312", "gb18030"},
    {"gb-2312", "gb18030"},
    {"gb_2312-80", "gb18030"},
    {"gbk", "gb18030"},
    {"x-gbk", "gb18030"},
    {"cp936", "gb18030"},
    {"ms936", "gb18030"},
    {"euc-cn", "gb18030"},
    {"hz", "hz-gb-2312"},
    {"chinese", "gb18030"},
    {"big5-hkscs", "big5"},
    {"big-5", "big5"},
    {"x-x-big5", "big5"},
    {"cp950", "big5"},
    {"eucjp", "euc-jp"},
    {"x-euc-jp", "euc-jp"},
    {"ujis", "euc-jp"},
    {"sjis", "shift_jis"},
    {"shift-jis", "shift_jis"},
    {"x-sjis", "shift_jis"},
    {"ms_kanji", "shift_jis"},
    {"ms932", "shift_jis"},
    {"cp932", "shift_jis"},
    {"windows-31j", "shift_jis"},
    {"csiso2022jp", "iso-2022-jp"},
    {"euckr", "euc-kr"},
    {"ks_c_5601-1987", "euc-kr"},
    {"ks_c_5601", "euc-kr"},
    {"ksc5601", "euc-kr"},
    {"cp949", "euc-kr"},
    {"uhc", "euc-kr"},
    {"windows-949", "euc-kr"},
    {"korean", "euc-kr"},
    {"x-windows-949", "euc-kr"},
};

/* Opened when first needed and kept: pure, as far as anyone can see. */
static iconv_t converters[ARRAY_LEN(ENCODINGS)];

static iconv_t converter_of(const struct encoding *encoding)
{
    iconv_t *slot = &converters[encoding - ENCODINGS];
    if (!*slot)
        *slot = iconv_open("UTF-8", encoding->iconv);
    return *slot;
}

void charset_prepare(void)
{
    for (size_t i = 1; i < ARRAY_LEN(ENCODINGS); i++)
        converter_of(&ENCODINGS[i]);
}

static const struct encoding *encoding_named(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(ENCODINGS); i++)
        if (str_isi(name, ENCODINGS[i].name))
            return &ENCODINGS[i];
    return NULL;
}

static const struct encoding *encoding_of(struct str label)
{
    label = str_trim(label);
    if (label.len > 2 && (label.at[0] == '"' || label.at[0] == '\''))
        label = str_trim((struct str){label.at + 1, label.len - 2});
    for (size_t i = 0; i < ARRAY_LEN(LABELS); i++)
        if (str_isi(label, LABELS[i].label))
            return encoding_named(str_of(LABELS[i].name));
    if (str_startsi(label, STR("x-")) && encoding_named(str_from(label, 2)))
        return encoding_named(str_from(label, 2));
    if (str_startsi(label, STR("cp125")) && label.len == 6) {
        char name[] = "windows-125x";
        name[sizeof name - 2] = label.at[5];
        return encoding_named(str_of(name));
    }
    return encoding_named(label);
}

/* ----------------------------------------------------------------------------------- converting */

static void put_replacement(struct buf *out)
{
    buf_put(out, "\xef\xbf\xbd", 3);
}

/* HZ (RFC 1843): "~{", then GB 2312 without its high bits, "~}". Appends it with them. */
static void put_high_bits(struct str bytes, struct buf *out)
{
    bool high = false;
    for (size_t i = 0; i < bytes.len; i++) {
        char c = bytes.at[i], next = i + 1 < bytes.len ? bytes.at[i + 1] : '\0';
        if (c == '~' && (next == '{' || next == '}' || (next == '~' && !high))) {
            high = next == '{';
            if (next == '~')
                buf_putc(out, c);
            i++;
        } else {
            high = high && c != '\n'; /* a line ends it, whatever was forgotten */
            buf_putc(out, high ? (char)(c | 0x80) : c);
        }
    }
}

static void convert(const struct encoding *encoding, struct str bytes, struct buf *out)
{
    iconv_t converter = converter_of(encoding);
    char *in;
    memcpy(&in, &bytes.at, sizeof in); /* iconv() takes no const, and does not write there */
    size_t left = bytes.len, unit = encoding->family != WIDE       ? 1
                                    : strstr(encoding->name, "32") ? 4
                                                                   : 2;
    if ((intptr_t)converter == -1) { /* not installed */
        utf8_repair(bytes, out);
        return;
    }
    iconv(converter, NULL, NULL, NULL, NULL);
    while (left) {
        buf_reserve(out, left * 2 + 16);
        char *to = out->at + out->len;
        size_t space = out->cap - out->len - 1;
        size_t rc = iconv(converter, &in, &left, &to, &space);
        out->len = (size_t)(to - out->at);
        if (rc != (size_t)-1 || errno == E2BIG)
            continue;
        put_replacement(out);
        if (errno == EINVAL || left < unit) /* a character cut by the end */
            break;
        in += unit;
        left -= unit;
    }
}

/* --------------------------------------------------------------------------------- what it says */

#define DECLARATION_REACH                                                                          \
    4096 /* browsers look at 1,024 bytes; declarations behind that have been seen */

static struct str value_after(struct str s, struct str name)
{
    size_t at = str_findi(s, name);
    if (at == SIZE_MAX)
        return STR_NONE;
    s = str_from(s, at + name.len);
    while (s.len && (s.at[0] == ' ' || s.at[0] == '=' || s.at[0] == '"' || s.at[0] == '\''))
        s = str_from(s, 1);
    size_t n = 0;
    while (n < s.len && n < 40 && !strchr(" \t\r\n\"'>;/?<", s.at[n]))
        n++;
    return str_upto(s, n);
}

struct str charset_of_type(struct str content_type)
{
    return value_after(str_upto(content_type, 256), STR("charset"));
}

/* The XML declaration, else the first meta element that names a charset. */
static const struct encoding *declared(struct str bytes)
{
    struct str head = str_upto(bytes, DECLARATION_REACH);
    size_t xml = str_find(head, STR("<?xml"));
    if (xml != SIZE_MAX) {
        struct str declaration = str_from(head, xml);
        declaration = str_upto(declaration, str_find(declaration, STR(">")));
        struct str label = value_after(declaration, STR("encoding"));
        if (label.len)
            return encoding_of(label);
    }
    while (head.len) {
        size_t meta = str_findi(head, STR("<meta"));
        if (meta == SIZE_MAX)
            return NULL;
        head = str_from(head, meta + 5);
        struct str label = value_after(str_upto(head, str_chr(head, '>')), STR("charset"));
        if (label.len)
            return encoding_of(label);
    }
    return NULL;
}

/* -------------------------------------------------------------------------------- what it shows */

static const struct encoding *by_name(const char *name)
{
    return encoding_named(str_of(name));
}

static const struct encoding *bom_of(struct str *bytes)
{
    static const struct {
        struct str mark;
        const char *name;
    } marks[] = {
        {{"\xef\xbb\xbf", 3}, "utf-8"},    {{"\xff\xfe\0\0", 4}, "utf-32le"},
        {{"\0\0\xfe\xff", 4}, "utf-32be"}, {{"\xff\xfe", 2}, "utf-16le"},
        {{"\xfe\xff", 2}, "utf-16be"},
    };
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (str_starts(*bytes, marks[i].mark)) {
            *bytes = str_from(*bytes, marks[i].mark.len);
            return by_name(marks[i].name);
        }
    return NULL;
}

/* Without a mark: where the NULs stand among the first characters. */
static const struct encoding *wide_of(struct str bytes)
{
    size_t nul[4] = {0}, n = bytes.len < 256 ? bytes.len / 4 * 4 : 256;
    for (size_t i = 0; i < n; i++)
        nul[i % 4] += bytes.at[i] == '\0';
    size_t most = n / 4 * 9 / 10;
    if (n < 8)
        return NULL;
    if (nul[1] > most && nul[2] > most && nul[3] > most)
        return by_name("utf-32le");
    if (nul[0] > most && nul[1] > most && nul[2] > most)
        return by_name("utf-32be");
    size_t some = n / 4 / 2;
    if (nul[1] > some && nul[3] > some && nul[0] + nul[2] == 0)
        return by_name("utf-16le");
    if (nul[0] > some && nul[2] > some && nul[1] + nul[3] == 0)
        return by_name("utf-16be");
    return NULL;
}

static const struct encoding *escaped_of(struct str bytes)
{
    bytes = str_from(bytes, str_chr(bytes, '\x1b')); /* which hardly a text has */
    if (str_find(bytes, STR("\x1b$)C")) != SIZE_MAX)
        return by_name("iso-2022-kr");
    if (str_find(bytes, STR("\x1b$B")) != SIZE_MAX || str_find(bytes, STR("\x1b$@")) != SIZE_MAX)
        return by_name("iso-2022-jp");
    return NULL;
}

struct census {
    size_t characters; /* well-formed ones of two bytes and more */
    size_t ill_formed; /* bytes */
    size_t pairs;      /* of surrogates, which no UTF-8 has, among the characters */
};

static struct census take_census(struct str bytes)
{
    struct census census = {0, 0, 0};
    if (bytes.len == 0) /* bytes.at may be NULL then */
        return census;
    const unsigned char *p = (const unsigned char *)bytes.at, *end = p + bytes.len;
    while (p < end) {
        if (*p < 0x80) {
            p += utf8_ascii((struct str){(const char *)p, (size_t)(end - p)});
        } else if (*p >= 0xc2 && *p < 0xe0 && end - p > 1 && (p[1] & 0xc0) == 0x80) {
            p += 2; /* most letters of most alphabets */
            census.characters++;
        } else {
            size_t n = 0;
            uint32_t point;
            struct str rest = {(const char *)p, (size_t)(end - p)};
            utf8_next(rest, &n);
            if (n == 1 && scars_is_pair(rest, &point))
                n = 6;
            p += n;
            census.characters += n > 1;
            census.ill_formed += n == 1;
            census.pairs += n == 6;
        }
    }
    return census;
}

/* How many characters of UTF-8 it takes to call a claim of something else wrong: pairs of letters
 * of a claimed double-byte text are well-formed UTF-8 by chance now and then. */
static size_t proof_needed(const struct encoding *claim)
{
    return claim->family == DOUBLE ? 6 : 3;
}

/* *valid: the text was looked at, and is valid UTF-8. */
static const struct encoding *decide(struct str bytes, struct str label, bool *valid)
{
    const struct encoding *claim = encoding_of(label), *utf8 = &ENCODINGS[0];
    const struct encoding *seen = wide_of(bytes);
    if (seen)
        return seen;
    struct census census = take_census(bytes);
    *valid = census.ill_formed + census.pairs == 0;
    if (census.characters + census.ill_formed == 0 && (seen = escaped_of(bytes)) != NULL)
        return seen;
    if (!claim || claim->family == WIDE)
        claim = declared(bytes);
    if (claim && claim->family == WIDE) /* it could not have been read */
        claim = NULL;
    if (census.ill_formed == 0 && (!claim || census.characters >= proof_needed(claim)))
        return utf8;
    if (claim && claim->family == SINGLE && census.characters >= 8 &&
        census.characters > 2 * census.ill_formed) /* most of it is UTF-8, whatever it says */
        return utf8;
    if (claim && claim->family != UTF8)
        return claim;
    if (census.characters >= census.ill_formed) /* UTF-8 with a few scars */
        return utf8;
    if (claim && declared(bytes) && declared(bytes)->family < WIDE)
        return declared(bytes);
    const struct encoding *guess = encoding_of(str_of(guess_charset(bytes)));
    return guess && guess->family != UTF8 ? guess : by_name("windows-1252");
}

void charset_decode(struct str bytes, struct str claimed, struct charset_result *out)
{
    *out = (struct charset_result){.memory = BUF_NONE};
    const struct encoding *encoding = bom_of(&bytes);
    bool valid = false;
    if (!encoding)
        encoding = decide(bytes, claimed, &valid);
    out->name = encoding->name;
    out->text = bytes;
    if (encoding->family != UTF8) {
        valid = false;
        struct buf high = BUF_NONE;
        if (encoding->family == HZ)
            put_high_bits(bytes, &high);
        convert(encoding, encoding->family == HZ ? buf_str(&high) : bytes, &out->memory);
        buf_free(&high);
        out->text = buf_str(&out->memory);
    }
    if (str_chr(out->text, '\0') == SIZE_MAX && (valid || utf8_valid(out->text)))
        return;
    struct buf repaired = BUF_NONE;
    scars_mend(out->text, &repaired);
    buf_free(&out->memory);
    out->memory = repaired;
    out->text = buf_str(&repaired);
}
