#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "charset.h"
#include "utf8.h"

static void decodes(struct str bytes, const char *claimed, const char *name, const char *text)
{
    struct charset_result result;
    charset_decode(bytes, str_of(claimed), &result);
    if (strcmp(result.name, name) != 0 || !str_is(result.text, text))
        fail_msg("want %s %s, got %s %.*s", name, text, result.name, STR_ARG(result.text));
    buf_free(&result.memory);
}
#define B(literal) ((struct str){literal, sizeof(literal) - 1})

static void a_byte_order_mark_beats_every_claim(void **state)
{
    (void)state;
    decodes(B("\xef\xbb\xbf"
              "caf\xc3\xa9"),
            "iso-8859-1", "utf-8", "café");
    decodes(B("\xff\xfe"
              "h\0i\0"),
            "utf-8", "utf-16le", "hi");
    decodes(B("\xfe\xff\0h\0i"), NULL, "utf-16be", "hi");
    decodes(B("\xff\xfe\0\0h\0\0\0"), NULL, "utf-32le", "h");
}

static void labels_mean_what_browsers_take_them_for(void **state)
{
    (void)state;
    decodes(B("\x93ok\x94"), "iso-8859-1", "windows-1252", "“ok”");
    decodes(B("\x93ok\x94"), "US-ASCII", "windows-1252", "“ok”");
    decodes(B("\xd0\xc0\xe4\xd6"), "gb2312", "gb18030", "欣渲");
    decodes(B("\x82\xb1\x87\x40"), "x-sjis", "shift_jis", "こ①");
    decodes(B("\xcf\xf0\xe8\xe2\xe5\xf2"), " \"CP1251\" ", "windows-1251", "Привет");
    decodes(B("\xfd"), "iso-8859-9", "windows-1254", "ı");
}

static void the_document_is_asked_when_http_is_silent(void **state)
{
    (void)state;
    decodes(B("<?xml version='1.0' encoding='koi8-r'?><a>\xf2\xd5</a>"), NULL, "koi8-r",
            "<?xml version='1.0' encoding='koi8-r'?><a>Ру</a>");
    decodes(B("<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>\xc4\xe0"),
            NULL, "windows-1251",
            "<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>Да");
    decodes(B("<?xml version='1.0' encoding='koi8-r'?>\xc4\xe0"), "windows-1251", "windows-1251",
            "<?xml version='1.0' encoding='koi8-r'?>Да");
}

static void nothing_at_all_is_text(void **state)
{
    (void)state;
    struct charset_result result;
    charset_decode(STR_NONE, STR_NONE, &result);
    assert_int_equal(result.text.len, 0);
    buf_free(&result.memory);
}

static void a_claim_that_the_bytes_contradict_is_not_believed(void **state)
{
    (void)state;
    decodes(B("\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"), "iso-8859-1", "utf-8", "Привет");
    decodes(B("<?xml encoding='utf-16'?>plain"), NULL, "utf-8", "<?xml encoding='utf-16'?>plain");
    decodes(B("<\0a\0>\0t\0e\0x\0t\0<\0/\0a\0>\0"), "utf-8", "utf-16le", "<a>text</a>");
    decodes(B("caf\xe9 cr\xe8me br\xfbl\xe9"
              "e"),
            "utf-8", "windows-1252", "café crème brûlée");
}

static void scars_become_replacement_characters_and_nothing_else_is_lost(void **state)
{
    (void)state;
    decodes(B("a\xc3\xa9\xa0 b\xc3\xa8"), NULL, "utf-8", "aé\xef\xbf\xbd bè");
    decodes(B("a\0b"), NULL, "utf-8",
            "a\xef\xbf\xbd"
            "b");
    decodes(B("\x82\xb1\xff\x82\xb1\x82"), "shift_jis", "shift_jis",
            "こ\xef\xbf\xbdこ\xef\xbf\xbd");
    decodes(B(""), NULL, "utf-8", "");
}

static void legacy_charsets_are_guessed_from_the_bytes(void **state)
{
    (void)state;
    decodes(B("\x1b$B$3$s$K$A$O\x1b(B"), NULL, "iso-2022-jp", "こんにちは");
    decodes(B("<title>\xcc\xee\xf1\xea\xe2\xe0 \xed\xe5 \xf1\xf0\xe0\xe7\xf3 "
              "\xf1\xf2\xf0\xee\xe8\xeb\xe0\xf1\xfc</title>"),
            NULL, "windows-1251", "<title>Москва не сразу строилась</title>");
}

static void bytes_of_a_windows_page_within_utf8_are_read_as_such(void **state)
{
    (void)state;
    decodes(B("\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 \xd0\xbc\xd0\xb8\xd1\x80 caf\xe9, "
              "\xc9mile cr\xe9\xe9 \x93ok\x94 it\x92s\xa0"),
            NULL, "utf-8", "Привет мир café, Émile créé “ok” it’s\xc2\xa0");
    /* Cut within a character: half of one is none. */
    decodes(B("\xd0\x9f\xd1\x80\xd0\xb8\xd1... caf\xc3... \xe6\x97\xa5\xe6\x9c."), NULL, "utf-8",
            "При\xef\xbf\xbd... caf\xef\xbf\xbd... 日\xef\xbf\xbd.");
    /* Two encodings in one file, the smaller part declared. */
    decodes(
        B("<?xml encoding='iso-8859-1'?>caf\xe9 \xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 "
          "\xd0\xbc\xd0\xb8\xd1\x80"),
        NULL, "utf-8", "<?xml encoding='iso-8859-1'?>café Привет мир");
    decodes(B("a \xed\xa0\xbd\xed\xb8\x80 \xc3\xa9 \xc3\xa8 \xc3\xa0 b \xed\xa0\xbd"), NULL,
            "utf-8", "a \xf0\x9f\x98\x80 é è à b \xef\xbf\xbd");
}

static void charsets_that_browsers_have_forgotten_are_read_when_they_are_named(void **state)
{
    (void)state;
    decodes(B("caf\x8e \xd2ok\xd3"), "x-mac-roman", "macintosh", "café “ok”");
    decodes(B("caf\x82"), "cp850", "ibm850", "café");
    decodes(B("\xeb\xc9\xa7\xd7"), "koi8-u", "koi8-u", "Київ");
    decodes(B("\xc4\xe3"), "euc-tw", "euc-tw", "中");
    decodes(B("\x9d\xef"), "big5-hkscs", "big5", "嘅");
    decodes(B("\x1b$)C\x0eGQ1[\x0f"), NULL, "iso-2022-kr", "한글");
    decodes(B("<?xml encoding='hz-gb-2312'?>a ~{VPND~} b ~~ c"), NULL, "hz-gb-2312",
            "<?xml encoding='hz-gb-2312'?>a 中文 b ~ c");
    /* UTF-7 hides markup from whoever looks for it; nobody reads it. */
    decodes(B("<?xml encoding='utf-7'?>+ADw-b+AD4-"), "utf-7", "utf-8",
            "<?xml encoding='utf-7'?>+ADw-b+AD4-");
}

static void romanian_is_told_from_portuguese(void **state)
{
    (void)state;
    decodes(
        B("Agentul explic\xe3 excursiile pe care le vinde pe un website sau pe o plaj\xe3 a unui "
          "hotel"),
        NULL, "iso-8859-16",
        "Agentul explică excursiile pe care le vinde pe un website sau pe o plajă a unui hotel");
    decodes(B("A decis\xe3o n\xe3o \xe9 da irm\xe3, as m\xe3"
              "es est\xe3o a\xed"),
            NULL, "windows-1252", "A decisão não é da irmã, as mães estão aí");
}

/* Whatever label meets whatever bytes: valid UTF-8 without NUL comes out. */
static void any_label_over_any_bytes_gives_valid_text(void **state)
{
    (void)state;
    static const char *const labels[] = {"utf-8",        "gb18030", "big5",          "euc-jp",
                                         "shift_jis",    "euc-kr",  "iso-2022-jp",   "utf-16le",
                                         "windows-1255", "viscii",  "no-such-thing", "iso-2022-kr"};
    char bytes[256 * 3];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + i / 256);
    charset_prepare();
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        struct charset_result result;
        charset_decode((struct str){bytes, sizeof bytes}, str_of(labels[i]), &result);
        assert_true(utf8_valid(result.text));
        assert_true(str_chr(result.text, '\0') == SIZE_MAX);
        assert_true(result.text.len > 200);
        buf_free(&result.memory);
    }
}

static void the_charset_is_read_off_a_content_type(void **state)
{
    (void)state;
    assert_true(str_is(charset_of_type(STR("text/xml; Charset=\"UTF-8\"; x=y")), "UTF-8"));
    assert_true(str_is(charset_of_type(STR("text/html;charset = koi8-r")), "koi8-r"));
    assert_int_equal(charset_of_type(STR("text/html")).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_order_mark_beats_every_claim),
        cmocka_unit_test(labels_mean_what_browsers_take_them_for),
        cmocka_unit_test(the_document_is_asked_when_http_is_silent),
        cmocka_unit_test(nothing_at_all_is_text),
        cmocka_unit_test(a_claim_that_the_bytes_contradict_is_not_believed),
        cmocka_unit_test(scars_become_replacement_characters_and_nothing_else_is_lost),
        cmocka_unit_test(legacy_charsets_are_guessed_from_the_bytes),
        cmocka_unit_test(bytes_of_a_windows_page_within_utf8_are_read_as_such),
        cmocka_unit_test(charsets_that_browsers_have_forgotten_are_read_when_they_are_named),
        cmocka_unit_test(romanian_is_told_from_portuguese),
        cmocka_unit_test(any_label_over_any_bytes_gives_valid_text),
        cmocka_unit_test(the_charset_is_read_off_a_content_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
