/* The tree against jansson: they take the same texts, and see the same values in them. */
#include "jsontree.h"
#include "jsondepth.h"
#include "utf8.h"

#include <assert.h>
#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct jsonnode *node, json_t *other);

/* jansson keeps the last of equal names, and only that. */
static void same_members(const struct jsonnode *node, json_t *other)
{
    assert(json_is_object(other) && json_object_size(other) <= node->count);
    for (const struct jsonnode *m = jsonnode_first(node); m; m = jsonnode_next(m)) {
        char *name = str_dup(m->name);
        same(jsonnode_get(node, name), json_object_get(other, name));
        free(name);
    }
}

static void same_entries(const struct jsonnode *node, json_t *other)
{
    size_t i = 0;
    assert(json_is_array(other) && json_array_size(other) == node->count);
    for (const struct jsonnode *m = jsonnode_first(node); m; m = jsonnode_next(m))
        same(m, json_array_get(other, i++));
    assert(i == node->count);
}

static void same(const struct jsonnode *node, json_t *other)
{
    assert(node && other);
    switch ((enum jsonnode_kind)node->kind) {
    case NODE_NULL:
        assert(json_is_null(other));
        break;
    case NODE_BOOL:
        assert(json_is_boolean(other) && str_is(node->text, "true") == json_is_true(other));
        break;
    case NODE_NUMBER:
        assert(json_is_number(other) && jsonnode_int(node) == json_integer_value(other));
        break;
    case NODE_TEXT:
        assert(
            str_eq(node->text, (struct str){json_string_value(other), json_string_length(other)}));
        break;
    case NODE_LIST:
        same_entries(node, other);
        break;
    case NODE_MEMBERS:
        same_members(node, other);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct jsontree tree;
    struct str text = {(const char *)data, size};
    json_error_t error;
    if (!utf8_valid(text) || size > 4096 ||
        (size && memchr(data, 0, size))) /* the end, to jansson */
        return 0;
    int rc = jsontree_read(&tree, text);
    json_t *other = json_loadb(text.at, text.len, JSON_DECODE_ANY, &error);
    if (rc == 0 && other)
        same(tree.nodes, other);
    else if (rc == 0) /* a number too large for jansson is a number all the same */
        assert(json_error_code(&error) == json_error_numeric_overflow);
    else
        assert(!other || jsondepth_exceeded(text));
    json_decref(other);
    return 0;
}
