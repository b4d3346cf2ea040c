/* The tree of a page of any kind: whole, in order, and nothing in it that was not given. */
#include "html.h"

#include <assert.h>

#include "limits.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_node(const struct html *html, size_t i)
{
    const struct html_node *node = &html->nodes[i], *parent = &html->nodes[node->parent];
    assert(node->tag < HTML_TAG_COUNT);
    assert(i == 0 ? node->end == html->count : node->parent < i);
    assert(node->end > i && node->end <= parent->end);
    assert(node->tag != HTML_TEXT || (node->end == i + 1 && node->text.len && !node->attr_count));
    assert(node->attr_count <= LIMIT_ATTRIBUTES);
    assert(!node->attr_count || node->attrs + node->attr_count <= html->attr_count);
    assert(utf8_valid(node->text));
    for (size_t k = 0; k < node->attr_count; k++)
        assert(html->attrs[node->attrs + k].name < HTML_ATTR_COUNT &&
               utf8_valid(html->attrs[node->attrs + k].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf page = BUF_NONE, text = BUF_NONE;
    struct html html;
    size_t bytes = 0;
    utf8_repair((struct str){(const char *)data, size}, &page);
    html_read(buf_str(&page), &html);
    assert(html.count > 0 && html.count <= LIMIT_HTML_NODES);
    for (size_t i = 0; i < html.count; i++) {
        check_node(&html, i);
        bytes += html.nodes[i].text.len;
    }
    /* a reference is at least as long as what it stands for, so nothing grows but a raw text that is read
     * on as markup, which is never */
    assert(bytes <= page.len);
    html_text(&html, 0, SIZE_MAX / 2, &text);
    assert(utf8_valid(buf_str(&text)) && text.len <= page.len + html.count);
    html_done(&html);
    buf_free(&page);
    buf_free(&text);
    return 0;
}
