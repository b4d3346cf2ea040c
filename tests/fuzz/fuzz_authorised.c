/* The authorised keys: whatever a file holds, it is refused with one harmless line or gives keys that are
 * keys, with names and roles. */
#include "authorised.h"

#include <assert.h>
#include <ctype.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_whole(const struct authorised *list, struct str text)
{
    struct str line, key;
    unsigned found = 0;
    while (str_cut(&text, '\n', &line)) {
        char copy[KEY_TEXT];
        line = str_trim(line);
        key = str_upto(line, KEY_TEXT - 1);
        if (line.len == 0 || line.at[0] == '#')
            continue;
        assert(key_is(key));
        memcpy(copy, key.at, key.len);
        copy[key.len] = '\0';
        const struct authorised_key *known = authorised_find(list, copy);
        assert(known && known->roles && key_is_name(str_of(known->name)));
        found++;
    }
    assert(found == authorised_count(list));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct authorised *list = NULL;
    char why[KEY_WHY] = "";
    if (authorised_parse(text, "keys", &list, why) == 0) {
        expect_whole(list, text);
        authorised_free(list);
        return 0;
    }
    assert(!list && strncmp(why, "keys:", 5) == 0);
    for (const char *c = why; *c; c++)
        assert(!iscntrl((unsigned char)*c));
    return 0;
}
