#include "xmlfeed.h"

/*
 * RSS 0.90 to 2.0 (https://www.rssboard.org/rss-specification, http://purl.org/rss/1.0/spec) with
 * the modules content, dc, dcterms, syndication, slash, Media RSS, iTunes and FeedBurner, and the few
 * elements of Microsoft's CDF, their forerunner.
 */
#define MODULES (XML_DC | XML_DCTERMS)

const struct xml_rule rss_rules[] = {
    {"abstract", XML_PLAIN | XML_DCTERMS, XML_TEXT, ITEM_SUMMARY, 2},
    {"author", XML_PLAIN, XML_PERSON, ITEM_BYLINE, 3},
    {"author", XML_DC, XML_CREATOR, ITEM_BYLINE, 3},
    {"author", XML_ITUNES, XML_CREATOR, ITEM_BYLINE, 1},
    {"body", XML_XHTML | XML_PLAIN, XML_TEXT, ITEM_BODY, 3},
    {"category", XML_PLAIN | XML_MEDIA, XML_CATEGORY, 0, 0},
    {"category", XML_ITUNES, XML_CATEGORY, 0, 0},
    {"channel", XML_PLAIN, XML_FEED, 0, 0},
    {"content", XML_MEDIA, XML_MEDIA_CONTENT, 0, 0},
    {"contributor", XML_DC | XML_DCTERMS, XML_IGNORE, 0, 0},
    {"copyright", XML_PLAIN, XML_LINE, ITEM_COPYRIGHT, 4},
    {"created", MODULES, XML_PUBLISHED, 0, 1},
    {"creator", MODULES, XML_CREATOR, ITEM_BYLINE, 3},
    {"date", MODULES, XML_PUBLISHED, 0, 2},
    {"day", XML_PLAIN, XML_DAY, 0, 0},
    {"deleted-entry", XML_TOMBSTONE, XML_DELETED, 0, 0},
    {"description", XML_PLAIN, XML_TEXT, ITEM_SUMMARY, 4},
    {"description", MODULES, XML_TEXT, ITEM_SUMMARY, 3},
    {"description", XML_MEDIA, XML_TEXT, ITEM_SUMMARY, 1},
    {"enclosure", XML_PLAIN, XML_ENCLOSURE, 0, 0},
    {"encoded", XML_CONTENT, XML_TEXT, ITEM_BODY, 4},
    {"entry", XML_PLAIN, XML_ITEM, 0, 0},
    {"fullitem", XML_PLAIN, XML_TEXT, ITEM_BODY, 2},
    {"fulltext", XML_PLAIN, XML_TEXT, ITEM_BODY, 2},
    {"generator", XML_PLAIN, XML_GENERATOR, 0, 0},
    {"group", XML_MEDIA, XML_NOTHING, 0, 0},
    {"guid", XML_PLAIN, XML_GUID, ITEM_GUID, 4},
    {"hour", XML_PLAIN, XML_HOUR, 0, 0},
    {"identifier", MODULES, XML_RAW, ITEM_GUID, 2},
    {"image", XML_PLAIN, XML_IMAGE, 0, 0},
    {"image", XML_ITUNES, XML_IMAGE_HREF, 0, 0},
    {"issued", MODULES, XML_PUBLISHED, 0, 3},
    {"item", XML_PLAIN, XML_ITEM, 0, 0},
    {"keywords", XML_PLAIN | XML_MEDIA | XML_ITUNES, XML_KEYWORDS, 0, 0},
    {"language", XML_PLAIN, XML_RAW, ITEM_LANGUAGE, 5},
    {"language", MODULES, XML_RAW, ITEM_LANGUAGE, 4},
    {"lastbuilddate", XML_PLAIN, XML_UPDATED, 0, 4},
    {"link", XML_PLAIN, XML_LINK, ITEM_LINK, 4},
    {"managingeditor", XML_PLAIN, XML_CREATOR, ITEM_BYLINE, 2},
    {"modified", MODULES, XML_UPDATED, 0, 3},
    {"name", XML_PLAIN, XML_NAME, 0, 0},
    {"origlink", XML_FEEDBURNER, XML_LINK_TEXT, ITEM_LINK, 6},
    {"pubdate", XML_PLAIN, XML_PUBLISHED, 0, 4},
    {"publisher", MODULES, XML_LINE, ITEM_PUBLISHER, 1},
    {"rdf", XML_RDF, XML_FEED, 0, 0},
    {"rights", MODULES, XML_LINE, ITEM_COPYRIGHT, 3},
    {"rss", XML_PLAIN, XML_FEED, 0, 0},
    {"section", XML_SLASH, XML_CATEGORY, 0, 0},
    {"source", XML_PLAIN, XML_SOURCE, 0, 0},
    {"subject", MODULES, XML_CATEGORY, 0, 0},
    {"subtitle", XML_ITUNES, XML_TEXT, ITEM_SUMMARY, 1},
    {"summary", XML_ITUNES, XML_TEXT, ITEM_SUMMARY, 2},
    {"textinput", XML_PLAIN, XML_IGNORE, 0, 0},
    {"thumbnail", XML_MEDIA, XML_ENCLOSURE, 0, 0},
    {"title", XML_PLAIN, XML_LINE, ITEM_HEADLINE, 4},
    {"title", MODULES, XML_LINE, ITEM_HEADLINE, 3},
    {"title", XML_ITUNES, XML_LINE, ITEM_HEADLINE, 1},
    {"title", XML_MEDIA, XML_MEDIA_TITLE, ITEM_HEADLINE, 2},
    {"ttl", XML_PLAIN, XML_TTL, 0, 0},
    {"updatefrequency", XML_SY, XML_FREQUENCY, 0, 0},
    {"updateperiod", XML_SY, XML_PERIOD, 0, 0},
    {"url", XML_PLAIN, XML_IMAGE_URL, 0, 0},
    {"webmaster", XML_PLAIN, XML_IGNORE, 0, 0},
};
const size_t rss_rule_count = sizeof rss_rules / sizeof rss_rules[0];

int rss_read(struct document *document)
{
    static const struct xml_dialect rss = {.type = PARSE_RSS};
    return xmlfeed_read(document, &rss);
}
