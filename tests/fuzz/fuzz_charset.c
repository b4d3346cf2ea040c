/* The first byte chooses a label, the rest are bytes: what comes out is valid UTF-8 without NUL. */
#include "charset.h"

#include <assert.h>

#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const labels[] = {
        "",       "utf-8",  "iso-8859-1",   "gb2312",      "big5",
        "euc-jp", "sjis",   "euc-kr",       "iso-2022-jp", "iso-2022-kr",
        "utf-16", "utf-32", "windows-1255", "viscii",      "windows-1258",
        "koi8-u", "euc-tw", "tis-620",      "hz-gb-2312",  "johab"};
    if (size == 0)
        return 0;
    struct charset_result result;
    struct str bytes = {(const char *)data + 1, size - 1};
    charset_decode(bytes, str_of(labels[data[0] % ARRAY_LEN(labels)]), &result);
    assert(utf8_valid(result.text) && str_chr(result.text, '\0') == SIZE_MAX);
    buf_free(&result.memory);
    (void)charset_of_type(bytes);
    return 0;
}
