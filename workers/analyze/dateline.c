/*
 * Where, when and by which agency an article was filed, read off its dateline (parse/dateline).
 */
#include "analyze.h"

#include "dateline.h"

static void put(json_t *object, const char *key, const char *value)
{
    if (value[0])
        json_object_set_new(object, key, json_string(value));
}

static void dateline_run(void *state, struct article *a, json_t *record)
{
    struct dateline d;
    (void)state;
    if (!dateline_find(a->text, a->created_at, &d))
        return;
    json_t *out = json_object(), *item = analyze_item(record);
    put(out, "place", d.place);
    put(out, "country", d.country);
    put(out, "date", d.date);
    put(out, "agency", d.agency);
    json_object_set_new(analyze_part(record), "dateline", out);
    if (!json_object_get(item, "located"))
        put(item, "located", d.place);
}

const struct analyzer analyzer_dateline = {.name = "dateline", .version = "1", .run = dateline_run};
