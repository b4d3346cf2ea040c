#include "show.h"

#include "utf8.h"

#include <utf8proc.h>

/* Format characters that join letters and emoji do no harm and carry meaning. */
static bool joins(uint32_t point)
{
    return point == 0x200c || point == 0x200d || (point >= 0xfe00 && point <= 0xfe0f);
}

static bool harmless(uint32_t point)
{
    if (point >= ' ' && point < 0x7f)
        return true;
    if (joins(point))
        return true;
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)point);
    return category != UTF8PROC_CATEGORY_CC && category != UTF8PROC_CATEGORY_CF &&
           category != UTF8PROC_CATEGORY_CS && category != UTF8PROC_CATEGORY_ZL &&
           category != UTF8PROC_CATEGORY_ZP;
}

/* Appends one character as it is shown; returns its columns. */
static size_t put_point(struct buf *out, uint32_t point)
{
    size_t before = out->len;
    if (harmless(point)) {
        int width = utf8proc_charwidth((utf8proc_int32_t)point);
        utf8_put(out, point);
        return width > 0 ? (size_t)width : 0;
    }
    if (point == '\n' || point == '\t')
        buf_putz(out, point == '\n' ? "\\n" : "\\t");
    else
        buf_printf(out, point < 0x7f ? "\\x%02x" : "\\u%04x", (unsigned)point);
    return out->len - before;
}

void show_put(struct buf *out, struct str text)
{
    for (size_t at = 0; at < text.len;)
        (void)put_point(out, utf8_next(text, &at));
}

size_t show_columns(struct str text)
{
    struct buf scratch = BUF_NONE;
    size_t columns = 0;
    for (size_t at = 0; at < text.len; buf_reset(&scratch))
        columns += put_point(&scratch, utf8_next(text, &at));
    buf_free(&scratch);
    return columns;
}

void show_fit(struct buf *out, struct str text, size_t columns)
{
    size_t used = 0;        /* columns so far */
    size_t keep = out->len; /* where the "…" goes when the rest does not fit */
    for (size_t at = 0; at < text.len;) {
        used += put_point(out, utf8_next(text, &at));
        if (used > columns) {
            out->len = keep;
            if (columns > 0)
                buf_putz(out, "…");
            return;
        }
        if (used < columns)
            keep = out->len;
    }
}
