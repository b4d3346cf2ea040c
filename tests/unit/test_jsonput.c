#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "jsonput.h"

static void members_and_elements_are_told_apart_by_commas(void **state)
{
    struct buf text = BUF_NONE;
    struct jsonput j = {.out = &text};
    (void)state;
    jsonput_object(&j);
    jsonput_key(&j, "none"), jsonput_array(&j), jsonput_close(&j);
    jsonput_key(&j, "list"), jsonput_array(&j);
    jsonput_int(&j, INT64_MIN), jsonput_bool(&j, true), jsonput_bool(&j, false), jsonput_null(&j);
    jsonput_object(&j), jsonput_close(&j);
    jsonput_object(&j), jsonput_key(&j, "a"), jsonput_str(&j, STR("b")), jsonput_close(&j);
    jsonput_close(&j);
    jsonput_key(&j, "raw"), jsonput_raw(&j, STR("[1]"));
    jsonput_close(&j);
    assert_string_equal(
        buf_cstr(&text),
        "{\"none\":[],\"list\":[-9223372036854775808,true,false,null,{},{\"a\":\"b\"}],"
        "\"raw\":[1]}");
    buf_free(&text);
}

/* jansson is the judge: it reads every character back as it was. */
static void every_character_comes_back_as_it_was(void **state)
{
    struct buf plain = BUF_NONE, text = BUF_NONE;
    struct jsonput j = {.out = &text};
    (void)state;
    for (int c = 1; c < 0x80; c++)
        buf_putc(&plain, (char)c);
    buf_putz(&plain, "\xc3\xa9\xe2\x80\xa8\xf0\x9f\x93\xb0");
    jsonput_array(&j);
    jsonput_str(&j, buf_str(&plain));
    jsonput_str(&j, STR_NONE);
    jsonput_str(&j, STR("a\0b"));
    jsonput_close(&j);
    json_t *list = json_loadb(text.at, text.len, JSON_ALLOW_NUL, NULL);
    assert_int_equal(json_array_size(list), 3);
    assert_int_equal(json_string_length(json_array_get(list, 0)), plain.len);
    assert_memory_equal(json_string_value(json_array_get(list, 0)), plain.at, plain.len);
    assert_string_equal(json_string_value(json_array_get(list, 1)), "");
    assert_int_equal(json_string_length(json_array_get(list, 2)), 3);
    json_decref(list);
    buf_free(&plain);
    buf_free(&text);
}

/* Where an escape stands in its word, and what stands around it, makes no difference. */
static void an_escape_is_found_wherever_it_stands(void **state)
{
    static const char hard[] = {1, 0x1f, '"', '\\', '\n', '!', '#', '[', ']', 0x7f};
    char plain[41];
    (void)state;
    for (size_t at = 0; at < 40; at++) {
        for (size_t i = 0; i < sizeof hard; i++) {
            struct buf text = BUF_NONE;
            struct jsonput j = {.out = &text};
            memset(plain, at % 2 ? 'a' : '!', 40);
            plain[at] = hard[i];
            plain[40] = '\0';
            jsonput_str(&j, str_of(plain));
            json_t *json = json_loadb(text.at, text.len, JSON_DECODE_ANY, NULL);
            assert_string_equal(json_string_value(json), plain);
            json_decref(json);
            buf_free(&text);
        }
    }
}

static void levels_close_as_they_were_opened(void **state)
{
    struct buf text = BUF_NONE;
    struct jsonput j = {.out = &text};
    (void)state;
    for (int i = 0; i < JSONPUT_DEPTH; i++)
        jsonput_array(&j);
    for (int i = 0; i < JSONPUT_DEPTH; i++)
        jsonput_close(&j);
    json_t *json = json_loadb(text.at, text.len, 0, NULL);
    assert_non_null(json);
    json_decref(json);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_and_elements_are_told_apart_by_commas),
        cmocka_unit_test(every_character_comes_back_as_it_was),
        cmocka_unit_test(an_escape_is_found_wherever_it_stands),
        cmocka_unit_test(levels_close_as_they_were_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
