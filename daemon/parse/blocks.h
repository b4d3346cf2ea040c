/*
 * Inside the extraction only: the blocks of a page, between being read from the tree (blocks.c), being
 * judged (judge.c) and being written (extract.c).
 */
#ifndef DATELINE_BLOCKS_H
#define DATELINE_BLOCKS_H

#include "extract.h"
#include "weigh.h"

enum block_kind { KIND_TEXT, KIND_HEADING, KIND_ITEM, KIND_ROW, KIND_PRE };

struct block {
    size_t at, len; /* in writer.text */
    uint32_t size;  /* in letters, see weigh_size() */
    uint32_t links; /* of it inside links */
    uint32_t node;  /* the element it belongs to */
    uint32_t group; /* the list or table it stands in, or 0 */
    uint8_t kind, level;
    bool dropped;
};

/* One page on its way through the three. */
struct writer {
    const struct html *html;
    struct weight *weights;
    struct extract *out;
    struct extract_known known;
    struct buf text, raw; /* of all blocks; of the one being read */
    uint32_t raw_size, raw_links;
    size_t root;        /* of the story */
    uint32_t node, row; /* the block being read */
    uint32_t asked_row; /* data_row()'s last answer: a row has many texts */
    bool asked_is_data;
    unsigned breaks;         /* <br> since the last text */
    unsigned headings[7][2]; /* by rank: how many, and how many of them are links */
    struct block *blocks;
    size_t count, cap;
};

/* The nodes [from, end) of the page as blocks, behind those that are there; captions go to out. */
void blocks_read(struct writer *w, size_t from, size_t end);
/* Pictures often stand above the text's own element, two steps up at most. */
void blocks_read_captions_above(struct writer *w);
struct str block_text(const struct writer *w, const struct block *block);
/* The nearest element of either kind that holds the node, or is it; 0 when there is none. */
size_t block_inside(const struct html *html, size_t node, enum html_tag a, enum html_tag b);

/* The standfirst, and whatever else of the story stands between its headline and its own element: often
 * in a box with the headline and the picture. Reads it as the first blocks. */
void judge_lead(struct writer *w);
/* Marks the blocks that are not the story as dropped. */
void judge_story(struct writer *w);

#endif
