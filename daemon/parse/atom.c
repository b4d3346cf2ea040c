#include "xmlfeed.h"

/* Atom 1.0 (RFC 4287) and 0.3 (draft-ietf-atompub-format-00's forerunner), and tombstones (RFC
 * 6721). */
#define HERE (XML_ATOM | XML_PLAIN)

const struct xml_rule atom_rules[] = {
    {"author", HERE, XML_PERSON, ITEM_BYLINE, 3},
    {"category", HERE, XML_CATEGORY, 0, 0},
    {"content", HERE, XML_TEXT, ITEM_BODY, 5},
    {"contributor", HERE, XML_HELPER, 0, 0},
    {"copyright", HERE, XML_LINE, ITEM_COPYRIGHT, 4},
    {"created", HERE, XML_PUBLISHED, 0, 1},
    {"deleted-entry", HERE | XML_TOMBSTONE, XML_DELETED, 0, 0},
    {"email", HERE, XML_EMAIL, 0, 0},
    {"entry", HERE, XML_ITEM, 0, 0},
    {"feed", HERE, XML_FEED, 0, 0},
    {"generator", HERE, XML_SAY, ABOUT_GENERATOR, 2},
    {"icon", HERE, XML_ICON, 0, 0},
    {"id", HERE, XML_RAW, ITEM_GUID, 3},
    {"info", HERE, XML_SAY, ABOUT_INFO, 1},
    {"issued", HERE, XML_PUBLISHED, 0, 3},
    {"item", XML_ATOM, XML_ITEM, 0, 0},
    {"link", XML_ATOM, XML_LINK, ITEM_LINK, 5},
    {"logo", HERE, XML_IMAGE_URL, 0, 0},
    {"modified", HERE, XML_UPDATED, 0, 3},
    {"name", HERE, XML_NAME, 0, 0},
    {"published", HERE, XML_PUBLISHED, 0, 5},
    {"rights", HERE, XML_LINE, ITEM_COPYRIGHT, 4},
    {"source", HERE, XML_SOURCE, 0, 0},
    {"subtitle", HERE, XML_TEXT, ITEM_SUMMARY, 4},
    {"summary", HERE, XML_TEXT, ITEM_SUMMARY, 4},
    {"tagline", HERE, XML_TEXT, ITEM_SUMMARY, 3},
    {"title", HERE, XML_LINE, ITEM_HEADLINE, 4},
    {"updated", HERE, XML_UPDATED, 0, 5},
};
const size_t atom_rule_count = sizeof atom_rules / sizeof atom_rules[0];

int atom_read(struct document *document)
{
    static const struct xml_dialect atom = {
        .type = PARSE_ATOM, .typed_text = true, .author_inherits = true};
    return xmlfeed_read(document, &atom);
}
