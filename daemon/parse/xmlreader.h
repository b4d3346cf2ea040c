/*
 * The inside of xmlfeed.c, shared with the two files that say what an element's start (xmlstart.c)
 * and its end (xmlend.c) do.
 */
#ifndef DATELINE_XMLREADER_H
#define DATELINE_XMLREADER_H

#include "feedout.h"
#include "limits.h"
#include "namespace.h"
#include "xmlfeed.h"
#include "xmlscan.h"

/* How the characters of a text element are to be read. */
enum kind {
    KIND_HTML,  /* escaped or CDATA: what comes is markup already */
    KIND_PLAIN, /* until an element comes: then it was markup after all */
    KIND_XML    /* elements and characters are put together to markup again */
};

struct frame {
    const struct xml_rule *rule; /* NULL: none, its children are looked at */
    enum xml_verb verb;
    struct draft *to; /* NULL: nothing in here counts */
    size_t mark;      /* where its characters begin in reader.text */
    struct str base, lang;
    struct str value; /* the attribute that its end needs; lives in the item's arena */
    enum kind kind;
    bool base64, not_permanent;
    size_t media; /* 1 + index of the medium that its children describe */
};

/*
 *   frames   document > rss > channel > item > description
 *   text     |                                |Some <b>bold</b> words
 *            mark of the first four            mark of description
 */
struct reader {
    struct document *document;
    const struct xml_dialect *dialect;
    struct feedout out;
    struct namespaces names;
    /* The first is the document's, around its root or roots. */
    struct frame frames[LIMIT_XML_DEPTH + 1];
    size_t depth;    /* frames in use */
    size_t in_text;  /* depth of the text element that is open, 0 none */
    struct buf text; /* characters of all open elements */
    struct buf scratch;
    struct draft source;
    bool in_item;
    bool in_feed;                 /* a feed's element has begun, whatever stood around it */
    struct buf person, email;     /* of the person whose element is open */
    struct str caption;           /* what Media RSS says of the item's media, all of them */
    struct str image, image_base; /* the first that the item's text shows */
    int rc;
};

/* Of an attribute without prefix, or of one with that prefix; its name's case does not count. */
struct str xml_attribute(struct xml_attributes a, const char *name);
struct str xml_attribute_of(struct xml_attributes a, const char *prefix, const char *name);
/* The feed's image, or the item's when the frame belongs to an item. */
void xml_set_image(struct reader *r, const struct frame *f, struct str url);

/* f->verb is what the element asks for; f->to is whose fields it fills, NULL nobody's. */
void xml_start(struct reader *r, struct frame *f, struct xml_attributes a, bool typed);
/* raw: its characters, in r->text from f->mark on. f->to is somebody. */
void xml_end(struct reader *r, const struct frame *f, struct str raw);

#endif
