/* What a reader hands out must survive the frame to the parent, whatever came in. */
#ifndef DATELINE_FUZZ_HANDED_OUT_H
#define DATELINE_FUZZ_HANDED_OUT_H

#include "parse.h"

#include <assert.h>

static inline int survives_item(void *ctx, const struct item *item)
{
    struct buf frame = BUF_NONE;
    struct item *back = NULL;
    (void)ctx;
    item_encode(item, &frame);
    int rc = item_decode(buf_str(&frame), &back);
    assert(rc == 0);
    item_free(back);
    buf_free(&frame);
    return 0;
}

static inline void survives_about(void *ctx, const struct about *about)
{
    struct buf frame = BUF_NONE;
    struct about *back = NULL;
    (void)ctx;
    about_encode(about, &frame);
    int rc = about_decode(buf_str(&frame), &back);
    assert(rc == 0);
    about_free(back);
    buf_free(&frame);
}

static const struct parse_out HANDED_OUT = {.on_about = survives_about, .on_item = survives_item};

#endif
