/* The quick walk against jansson: what it takes, jansson takes, with the same strings at the same
 * places. (jansson refuses equal names, which nobody asked for, only when told to.) */
#include "jsonscan.h"
#include "utf8.h"

#include <assert.h>
#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct jsonscan_want *want, json_t *found)
{
    const char *text = json_string_value(found);
    assert(want->present == (found != NULL));
    assert((want->value.at != NULL) == (text != NULL));
    if (text)
        assert(str_eq(want->value, (struct str){text, json_string_length(found)}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct jsonscan_want wants[] = {
        {.path = "a"}, {.path = "a.b"}, {.path = "c.0.d"}, {.path = "seq"}};
    if (!utf8_valid(text) || jsonscan(text, wants, ARRAY_LEN(wants)) != 0)
        return 0;
    json_error_t error;
    json_t *whole = json_loadb(text.at, text.len, 0, &error);
    if (!whole) { /* numbers too large for jansson are numbers all the same */
        assert(json_error_code(&error) == json_error_numeric_overflow);
        return 0;
    }
    json_t *again = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (again) {
        json_t *a = json_object_get(whole, "a");
        compare(&wants[0], a);
        compare(&wants[1], json_object_get(a, "b"));
        compare(&wants[2], json_object_get(json_array_get(json_object_get(whole, "c"), 0), "d"));
        compare(&wants[3], json_object_get(whole, "seq"));
    }
    json_decref(again);
    json_decref(whole);
    return 0;
}
