/* HTML of any kind: plain text comes out, valid, without controls, never longer than what went in
 * but for the line ends; and text that is escaped first comes back. */
#include "markup.h"

#include <assert.h>

#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str text)
{
    assert(utf8_valid(text));
    for (size_t i = 0; i < text.len; i++)
        assert((unsigned char)text.at[i] >= ' ' || text.at[i] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf html = BUF_NONE, out = BUF_NONE, escaped = BUF_NONE, squashed = BUF_NONE;
    utf8_repair((struct str){(const char *)data, size}, &html);
    markup_text(buf_str(&html), &out);
    check(buf_str(&out));
    assert(out.len <= html.len * 2 + 2);
    buf_reset(&out);
    markup_line(buf_str(&html), &out);
    check(buf_str(&out));
    assert(str_chr(buf_str(&out), '\n') == SIZE_MAX);
    /* a line is what it is when it is read again as text */
    markup_escape(buf_str(&out), &escaped);
    markup_line(buf_str(&escaped), &squashed);
    assert(str_eq(buf_str(&out), buf_str(&squashed)));
    buf_free(&html);
    buf_free(&out);
    buf_free(&escaped);
    buf_free(&squashed);
    return 0;
}
