/*
 * Reads RSS and Atom alike: xmlscan's events, and a table that says what
 * each element is. A dialect is such a table (rss.c, atom.c); the two are mixed freely in the
 * world, so an element that one does not know is looked up in the other.
 */
#ifndef DATELINE_XMLFEED_H
#define DATELINE_XMLFEED_H

#include "format.h"

/* Namespaces, as a set. */
enum xml_space {
    XML_PLAIN = 1, /* none, any RSS's, or one we do not know without a prefix */
    XML_ATOM = 2,
    XML_DC = 4,
    XML_DCTERMS = 8,
    XML_CONTENT = 16,
    XML_MEDIA = 32,
    XML_ITUNES = 64,
    XML_SY = 128,
    XML_RDF = 256,
    XML_TOMBSTONE = 512, /* RFC 6721 */
    XML_XHTML = 1024,
    XML_FEEDBURNER = 2048,
    XML_SLASH = 4096,
    XML_SITEMAP = 8192,
    XML_NEWS = 16384,      /* Google News, in a sitemap */
    XML_PICTURE = 32768,   /* images in a sitemap */
    XML_HISTORY = 65536,   /* RFC 5005 */
    XML_ADMIN = 131072,    /* webns.net/mvcb */
    XML_GEO = 262144,      /* GeoRSS */
    XML_PRISM = 524288,    /* journals */
    XML_RUSSIAN = 1048576, /* whole texts for Yandex and others */
    XML_OTHER = 2097152
};

/* What is done with an element; see xmlfeed.c, start and end. */
enum xml_verb {
    XML_NOTHING, /* its children are looked at */
    XML_IGNORE,  /* they are not */
    XML_FEED,    /* rss, channel, feed: the feed's own fields */
    XML_ITEM,
    XML_DELETED,
    XML_SOURCE,
    XML_IMAGE, /* the feed's: only its address counts */
    XML_IMAGE_URL,
    XML_IMAGE_HREF,
    XML_ICON, /* the feed's image when it has no other */
    XML_TEXT, /* paragraphs to `field` */
    XML_LINE, /* one line to `field` */
    XML_RAW,  /* as it stands to `field` */
    XML_PERSON,
    XML_HELPER, /* a person who counts for the feed alone */
    XML_OWNER,  /* a person who answers for it */
    XML_NAME,   /* of a person */
    XML_EMAIL,
    XML_CREATOR, /* a person in one text */
    XML_GUID,
    XML_LINK,
    XML_LINK_TEXT, /* an address as text, to `field` */
    XML_CATEGORY,
    XML_KEYWORDS,
    XML_PUBLISHED,
    XML_UPDATED,
    XML_ENCLOSURE,
    XML_MEDIA_CONTENT,
    XML_MEDIA_TITLE,
    XML_MEDIA_TEXT,
    XML_SAY,     /* of the feed: a line to about_field `field` */
    XML_SAY_URL, /* an address as text or rdf:resource */
    XML_CONTACT,
    XML_CLOUD,
    XML_FLAG, /* about_flag `field` is set unless the text says no */
    XML_VALID,
    XML_TTL,
    XML_PERIOD,
    XML_FREQUENCY,
    XML_HOUR,
    XML_DAY
};

struct xml_rule {
    const char *name; /* lower case */
    unsigned spaces;  /* set of enum xml_space */
    enum xml_verb verb;
    unsigned field; /* enum item_field, or as the verb says */
    unsigned rank;  /* of two elements for one field the higher wins, 1.. */
};

struct xml_dialect {
    enum parse_type type;
    bool typed_text;      /* text is plain unless it says otherwise (Atom); else it is HTML (RSS) */
    bool author_inherits; /* RFC 4287, section 4.2.1 */
};

/* Both sorted by name. */
extern const struct xml_rule rss_rules[], atom_rules[];
extern const size_t rss_rule_count, atom_rule_count;

int xmlfeed_read(struct document *document, const struct xml_dialect *dialect);

#endif
