#include "selector.h"

#include <errno.h>

struct reader {
    struct str text, rest;
    struct selector *out;
    char *why;
};

static int fail(const struct reader *r, const char *what)
{
    snprintf(r->why, SELECTOR_WHY, "at %zu: %s", r->text.len - r->rest.len + 1, what);
    return -EINVAL;
}

static char next(const struct reader *r)
{
    return r->rest.len ? r->rest.at[0] : '\0';
}

static void skip(struct reader *r, size_t n)
{
    r->rest = str_from(r->rest, n);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool skip_space(struct reader *r)
{
    size_t before = r->rest.len;
    while (is_space(next(r)))
        skip(r, 1);
    return r->rest.len < before;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || (unsigned char)c >= 0x80;
}

static struct str take_name(struct reader *r)
{
    size_t n = 0;
    while (n < r->rest.len && is_name_byte(r->rest.at[n]))
        n++;
    struct str name = str_upto(r->rest, n);
    skip(r, n);
    return name;
}

static int add_test(struct reader *r, struct selector_part *part, struct selector_test test)
{
    if (part->test_count == SELECTOR_TESTS)
        return fail(r, "too many conditions for one element");
    part->test[part->test_count++] = test;
    return 0;
}

static int read_value(struct reader *r, struct str *out)
{
    char quote = next(r);
    if (quote != '"' && quote != '\'') {
        *out = take_name(r);
        return out->len ? 0 : fail(r, "a value is missing (one with other signs stands in quotes)");
    }
    size_t end = str_chr(str_from(r->rest, 1), quote);
    if (end == SIZE_MAX)
        return fail(r, "the quote is not closed");
    *out = str_upto(str_from(r->rest, 1), end);
    skip(r, end + 2);
    return 0;
}

/* Behind '['. */
static int read_attribute(struct reader *r, struct selector_part *part)
{
    static const struct {
        struct str sign;
        enum selector_op op;
    } ops[] = {{{"=", 1}, SELECTOR_IS},
               {{"^=", 2}, SELECTOR_BEGINS},
               {{"$=", 2}, SELECTOR_ENDS},
               {{"*=", 2}, SELECTOR_HOLDS},
               {{"~=", 2}, SELECTOR_WORD}};
    struct selector_test test = {.op = SELECTOR_HAS};
    skip_space(r);
    test.attribute = take_name(r);
    if (test.attribute.len == 0)
        return fail(r, "the name of an attribute is missing");
    skip_space(r);
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (!str_starts(r->rest, ops[i].sign))
            continue;
        test.op = ops[i].op;
        skip(r, ops[i].sign.len);
        skip_space(r);
        int err = read_value(r, &test.value);
        if (err)
            return err;
        skip_space(r);
        break;
    }
    if (next(r) != ']')
        return fail(r, "']' is missing, or an operator that is none of = ^= $= *= ~=");
    skip(r, 1);
    return add_test(r, part, test);
}

static int read_named(struct reader *r, struct selector_part *part, struct str attribute,
                      enum selector_op op)
{
    skip(r, 1);
    struct str name = take_name(r);
    if (name.len == 0)
        return fail(r, "a name is missing");
    return add_test(r, part, (struct selector_test){attribute, name, op});
}

/* One element: its name or '*', and conditions. */
static int read_part(struct reader *r, struct selector_part *part)
{
    size_t before = r->rest.len;
    int err = 0;
    if (next(r) == '*')
        skip(r, 1);
    else
        part->name = take_name(r);
    while (err == 0) {
        if (next(r) == '.') {
            err = read_named(r, part, STR("class"), SELECTOR_WORD);
        } else if (next(r) == '#') {
            err = read_named(r, part, STR("id"), SELECTOR_IS);
        } else if (next(r) == '[') {
            skip(r, 1);
            err = read_attribute(r, part);
        } else {
            break;
        }
    }
    if (err == 0 && r->rest.len == before)
        return fail(r, "an element is missing (a name, '*', '.', '#' or '[')");
    return err;
}

/* What joins this element to the next one. */
static int read_join(struct reader *r, struct selector_part *before, struct selector_part *after)
{
    bool space = skip_space(r);
    *after = (struct selector_part){0};
    if (next(r) == ',' || next(r) == '>') {
        after->first = next(r) == ',';
        after->child = !after->first;
        skip(r, 1);
        skip_space(r);
    } else if (!space) {
        return fail(r, "this is not understood here");
    }
    before->last = after->first;
    return 0;
}

int selector_read(struct str text, struct selector *out, char why[SELECTOR_WHY])
{
    struct reader r = {.text = text, .rest = text, .out = out, .why = why};
    struct selector_part part = {.first = true};
    int err = 0;
    *out = (struct selector){0};
    skip_space(&r);
    while (err == 0) {
        struct selector_part *here = &out->part[out->count];
        if (out->count == SELECTOR_PARTS)
            return fail(&r, "too many elements");
        *here = part;
        err = read_part(&r, here);
        out->count++;
        if (err == 0 && str_trim(r.rest).len == 0) {
            here->last = true;
            return 0;
        }
        if (err == 0)
            err = read_join(&r, here, &part);
    }
    return err;
}

static bool has_word(struct str value, struct str word)
{
    while (value.len) {
        size_t n = 0;
        while (n < value.len && !is_space(value.at[n]))
            n++;
        if (str_eq(str_upto(value, n), word))
            return true;
        value = str_from(value, n + 1);
    }
    return false;
}

bool selector_passes(const struct selector_test *test, struct str value)
{
    struct str wanted = test->value;
    if (value.len == 0)
        return false;
    switch (test->op) {
    case SELECTOR_HAS:
        return true;
    case SELECTOR_IS:
        return str_eq(value, wanted);
    case SELECTOR_BEGINS:
        return wanted.len && str_starts(value, wanted);
    case SELECTOR_ENDS:
        return wanted.len && str_ends(value, wanted);
    case SELECTOR_HOLDS:
        return wanted.len && str_find(value, wanted) != SIZE_MAX;
    case SELECTOR_WORD:
        return has_word(value, wanted);
    }
    return false;
}
