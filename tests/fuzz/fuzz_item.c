/* The frame a parser child sends: whatever it holds, it is refused or gives an item that can be
 * shown and that encodes to the same item again. */
#include "item.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str frame = {(const char *)data, size};
    struct item *item = NULL;
    struct about *about = NULL;
    if (item_decode(frame, &item) == 0) {
        struct item_identity id = {.uri = STR("urn:x"), .version = 1};
        struct item *again = item_copy(item);
        struct buf text = BUF_NONE;
        item_ninjs(item, &id, &(struct jsonput){.out = &text});
        json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
        assert(again && json_object_get(json, "uri"));
        json_decref(json);
        buf_free(&text);
        item_free(again);
    }
    if (about_decode(frame, &about) == 0)
        json_decref(about_json(about));
    item_free(item);
    about_free(about);
    return 0;
}
