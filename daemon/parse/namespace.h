/* Which vocabulary an element belongs to, by its namespace's address, else by the prefix that feeds
 * use for it. */
#ifndef DATELINE_NAMESPACE_H
#define DATELINE_NAMESPACE_H

#include "xmlfeed.h"
#include "xmlscan.h"

/* What the prefixes mean in the elements that are open; the newest declaration stands last. */
struct namespaces {
    struct {
        struct str prefix; /* empty: of names without a prefix; lent */
        size_t depth;      /* of the element that declares it */
        enum xml_space space;
    } known[64]; /* more than any feed declares; the ones above are known by their prefix alone */
    size_t count;
};

/* What an element at this depth declares; its names must outlive the struct. */
void namespaces_declare(struct namespaces *names, struct xml_attributes attributes, size_t depth);
/* The element at this depth ends. */
void namespaces_end(struct namespaces *names, size_t depth);
enum xml_space namespaces_find(const struct namespaces *names, struct str prefix);

#endif
