#include "record.h"

#include <errno.h>

#include "clock.h"
#include "jsondepth.h"
#include "limits.h"

/* ------------------------------------------------------------------------------ from an item */

static const char *event_of(const json_t *item)
{
    const char *status = json_string_value(json_object_get(item, "pubStatus"));
    const char *version = json_string_value(json_object_get(item, "version"));
    if (status && strcmp(status, "canceled") == 0)
        return "retraction";
    return !version || strcmp(version, "1") == 0 ? "new" : "update";
}

/* The publisher's own link, else its canonical form. */
static json_t *link_of(const json_t *item)
{
    static const char *const roles[] = {"link", "canonical"};
    for (size_t r = 0; r < ARRAY_LEN(roles); r++) {
        const json_t *id;
        size_t i;
        json_array_foreach (json_object_get(item, "altIds"), i, id) {
            const char *role = json_string_value(json_object_get(id, "role"));
            if (role && strcmp(role, roles[r]) == 0)
                return json_object_get(id, "value");
        }
    }
    return NULL;
}

static json_t *source_of(const json_t *item)
{
    const json_t *first = json_array_get(json_object_get(item, "infoSources"), 0);
    json_t *name = json_object_get(first, "name"), *uri = json_object_get(first, "uri"), *source;
    if (!name && !uri)
        return NULL;
    source = json_object();
    if (uri)
        json_object_set(source, "url", uri);
    if (name)
        json_object_set(source, "title", name);
    return source;
}

/* In UTC, as the daemon writes it; what is no time of ours stays as it is. */
static json_t *published_of(const json_t *item)
{
    json_t *created = json_object_get(item, "contentCreated");
    const char *text = json_string_value(created);
    char utc[CLOCK_TEXT];
    int64_t at;
    if (text && clock_parse(text, &at) == 0)
        return json_string(clock_format(at, utc));
    return created ? json_incref(created) : json_null();
}

json_t *record_of_item(json_t *item)
{
    json_t *record = json_object(), *source = source_of(item), *link = link_of(item);
    json_object_set_new(record, "event", json_string(event_of(item)));
    json_object_set(record, "item", item);
    if (source)
        json_object_set_new(record, "source", source);
    if (link)
        json_object_set(record, "url", link);
    json_object_set_new(record, "published", published_of(item));
    json_decref(item);
    return record;
}

/* ------------------------------------------------------------------------------------- whole */

int record_parse(struct str line, json_t **out)
{
    struct record_key key;
    if (line.len > LIMIT_ITEM_JSON || jsondepth_exceeded(line))
        return -EBADMSG;
    json_t *json = json_loadb(line.at, line.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(json)) {
        json_decref(json);
        return -EBADMSG;
    }
    json_t *record = json_object_get(json, "item") ? json : record_of_item(json);
    if (record_key(record, &key) != 0) {
        json_decref(record);
        return -EBADMSG;
    }
    *out = record;
    return 0;
}

void record_finish(struct analyze *set, json_t *record)
{
    (void)analyze_run(set, record); /* record_parse() made sure of the item */
}

int record_key(const json_t *record, struct record_key *out)
{
    const json_t *item = json_object_get(record, "item");
    struct record_key key = {
        .uri = json_string_value(json_object_get(item, "uri")),
        .version = json_string_value(json_object_get(item, "version")),
        .event = json_string_value(json_object_get(record, "event")),
        .language = json_string_value(json_object_get(item, "language")),
        .headline = json_string_value(
            json_object_get(json_array_get(json_object_get(item, "headlines"), 0), "value")),
        .published = json_string_value(json_object_get(record, "published")),
    };
    if (!key.uri || !key.uri[0] || !key.version || !key.version[0])
        return -EINVAL;
    *out = key;
    return 0;
}

static int append(const char *bytes, size_t len, void *out)
{
    buf_put(out, bytes, len);
    return 0;
}

void record_print(const json_t *record, struct buf *out)
{
    (void)json_dump_callback(record, append, out, JSON_COMPACT | JSON_REAL_PRECISION(6));
}
