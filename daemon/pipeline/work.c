#include "inside.h"

#include <xxhash.h>

#include "clock.h"

static uint64_t tag_of(struct str uri, struct str version)
{
    return XXH3_64bits_withSeed(uri.at, uri.len, XXH3_64bits(version.at, version.len));
}

static void set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

static json_t *time_or_null(int64_t at)
{
    char text[CLOCK_TEXT];
    return at ? json_string(clock_format(at, text)) : json_null();
}

/* A feed's title is told to its source when the poll ends; its first items know it before. */
static const char *title_of(const struct work_facts *facts)
{
    return facts->title ? facts->title : source_title(facts->source);
}

static json_t *source_of_record(const struct work_facts *facts)
{
    const struct source_def *def = source_def(facts->source);
    const char *address = def->url ? def->url : def->path;
    return json_pack("{s:s, s:s, s:s}", "id", def->id, "url", address ? address : "", "title",
                     title_of(facts));
}

static json_t *record_so_far(const struct item *item, const struct work_facts *facts,
                             const char *version)
{
    const struct link_answer *answer = facts->answer;
    struct item_identity identity = {
        .uri = str_of(facts->identity->uri),
        .version = answer->version,
        .first_created = answer->first_created,
        .version_created = facts->fetched_at,
        .source_title = str_of(title_of(facts)),
        .source_url = str_of(source_def(facts->source)->url),
    };
    struct str link = item->field[ITEM_LINK];
    json_t *ninjs = item_ninjs(item, &identity);
    json_t *record = json_object();
    set(ninjs, "version", json_string(version));
    set(record, "event", json_string(facts->event));
    set(record, "item", ninjs);
    set(record, "source", source_of_record(facts));
    if (link.len)
        set(record, "url", json_stringn(link.at, link.len));
    else
        set(record, "url", json_string(facts->url ? facts->url : ""));
    set(record, "fetched", time_or_null(facts->fetched_at));
    set(record, "published", time_or_null(item->published_at));
    set(record, "story",
        json_pack("{s:s, s:I, s:b}", "id", answer->story, "size", (json_int_t)answer->story_size,
                  "first", (int)answer->story_first));
    set(record, "duplicateOf",
        answer->duplicate_of[0] ? json_string(answer->duplicate_of) : json_null());
    return record;
}

static int append(const char *bytes, size_t len, void *out)
{
    buf_put(out, bytes, len);
    return 0;
}

void work_row(const struct item *item, const struct work_facts *facts, struct buf *out)
{
    char version[16];
    snprintf(version, sizeof version, "%u", facts->answer->version);
    uint64_t tag = tag_of(str_of(facts->identity->uri), str_of(version));
    json_t *record = record_so_far(item, facts, version);
    buf_put(out, &tag, sizeof tag);
    json_dump_callback(record, append, out, JSON_COMPACT);
    json_decref(record);
}

struct str work_of_row(struct str row)
{
    return str_from(row, WORK_TAG);
}

bool work_is(struct str row, struct str uri, struct str version)
{
    uint64_t tag = tag_of(uri, version);
    return row.len > WORK_TAG && memcmp(row.at, &tag, sizeof tag) == 0;
}
