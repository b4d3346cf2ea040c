#include "jsontext.h"

#include "jsondepth.h"

const char *jsontext_load(struct str text, json_t **out)
{
    if (text.len == 0)
        return "the request is empty";
    if (jsondepth_exceeded(text))
        return "the request is nested too deeply";
    json_t *json = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json)
        return "the request is not JSON";
    if (!json_is_object(json)) {
        json_decref(json);
        return "the request is not a JSON object";
    }
    *out = json;
    return NULL;
}
