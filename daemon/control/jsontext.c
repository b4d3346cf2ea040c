#include "jsontext.h"

#include "limits.h"

/* Brackets outside of strings. Whether they match is jansson's business. */
static bool too_deep(struct str text)
{
    unsigned depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > LIMIT_JSON_DEPTH)
                return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

const char *jsontext_load(struct str text, json_t **out)
{
    if (text.len == 0)
        return "the request is empty";
    if (too_deep(text))
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
