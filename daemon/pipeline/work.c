#include "inside.h"

#include <ctype.h>
#include <xxhash.h>

#include "clock.h"

static uint64_t tag_of(struct str uri, struct str version)
{
    return XXH3_64bits_withSeed(uri.at, uri.len, XXH3_64bits(version.at, version.len));
}

/* A feed's title is told to its source when the poll ends; its first items know it before. */
static const char *title_of(const struct work_facts *facts)
{
    return facts->title ? facts->title : source_title(facts->source);
}

static void put_text(struct jsonput *j, const char *key, struct str text)
{
    jsonput_key(j, key);
    jsonput_str(j, text);
}

static void put_time(struct jsonput *j, const char *key, int64_t at)
{
    char text[CLOCK_TEXT];
    jsonput_key(j, key);
    if (at)
        jsonput_str(j, str_of(clock_format(at, text)));
    else
        jsonput_null(j);
}

static void put_item(struct jsonput *j, const struct item *item, const struct work_facts *facts)
{
    const struct link_answer *answer = facts->answer;
    jsonput_key(j, "item");
    item_ninjs(item,
               &(struct item_identity){
                   .uri = str_of(facts->identity->uri),
                   .version = answer->version,
                   .first_created = answer->first_created,
                   .version_created = facts->fetched_at,
                   .source_title = str_of(title_of(facts)),
                   .source_url = str_of(source_def(facts->source)->url),
               },
               j);
}

static void put_source(struct jsonput *j, const struct work_facts *facts)
{
    const struct source_def *def = source_def(facts->source);
    jsonput_key(j, "source");
    jsonput_object(j);
    put_text(j, "id", str_of(def->id));
    put_text(j, "url", str_of(def->url ? def->url : def->path));
    put_text(j, "title", str_of(title_of(facts)));
    jsonput_close(j);
}

static void put_story(struct jsonput *j, const struct link_answer *answer)
{
    jsonput_key(j, "story");
    jsonput_object(j);
    put_text(j, "id", str_of(answer->story));
    jsonput_key(j, "size");
    jsonput_int(j, answer->story_size);
    jsonput_key(j, "first");
    jsonput_bool(j, answer->story_first);
    jsonput_close(j);
}

static void put_record(struct jsonput *j, const struct item *item, const struct work_facts *facts)
{
    struct str link = item->field[ITEM_LINK];
    jsonput_object(j);
    put_text(j, "event", str_of(facts->event));
    put_item(j, item, facts);
    put_source(j, facts);
    put_text(j, "url", link.len ? link : str_of(facts->url));
    put_time(j, "fetched", facts->fetched_at);
    put_time(j, "published", item->published_at);
    put_story(j, facts->answer);
    jsonput_key(j, "duplicateOf");
    if (facts->answer->duplicate_of[0])
        jsonput_str(j, str_of(facts->answer->duplicate_of));
    else
        jsonput_null(j);
    jsonput_close(j);
}

/* The primary subtag of what the publisher declares ("en" of "en-GB", RFC 5646 2.2.1) when it is
 * two or three letters, else "". */
static void language_of(struct str declared, char out[4])
{
    size_t end = 0;
    char code[4] = "";
    while (end < declared.len && end < 4 && isalpha((unsigned char)declared.at[end]))
        end++;
    bool whole = end == declared.len || declared.at[end] == '-' || declared.at[end] == '_';
    if (whole && (end == 2 || end == 3))
        for (size_t i = 0; i < end; i++)
            code[i] = (char)tolower((unsigned char)declared.at[i]);
    memcpy(out, code, sizeof code);
}

/* Rounded up: not a moment too early. */
static uint64_t release_second(int64_t release_at)
{
    int64_t second = (release_at + USEC_PER_SEC - 1) / USEC_PER_SEC;
    return second < 0 ? 0 : second > UINT32_MAX ? UINT32_MAX : (uint64_t)second;
}

static void put_head(const struct item *item, const struct work_facts *facts, uint64_t tag,
                     struct buf *out)
{
    char language[4];
    language_of(item->field[ITEM_LANGUAGE], language);
    buf_put(out, &tag, sizeof tag);
    buf_putc(out, (char)((unsigned)facts->lane | (facts->release_at ? WORK_EMBARGO : 0U)));
    buf_put(out, language, WORK_HEAD - WORK_TAG - 1);
    if (facts->release_at)
        buf_put_le(out, release_second(facts->release_at), WORK_RELEASE);
}

void work_row(const struct item *item, const struct work_facts *facts, struct buf *out)
{
    char version[STR_DIGITS];
    uint64_t tag =
        tag_of(str_of(facts->identity->uri), str_digits(facts->answer->version, version));
    put_head(item, facts, tag, out);
    put_record(&(struct jsonput){.out = out}, item, facts);
}

static bool has_lane(struct str row)
{
    return row.len >= WORK_HEAD && row.at[WORK_TAG] != '{';
}

static bool has_embargo(struct str row)
{
    return has_lane(row) && row.len >= WORK_HEAD + WORK_RELEASE &&
           ((unsigned char)row.at[WORK_TAG] & WORK_EMBARGO);
}

static int64_t release_of(struct str row)
{
    struct str rest = str_from(row, WORK_HEAD);
    uint64_t second = 0;
    (void)str_take_le(&rest, WORK_RELEASE, &second);
    return (int64_t)second * USEC_PER_SEC;
}

void work_embargo_until(struct buf *row, int64_t release_at)
{
    uint64_t second = release_second(release_at);
    for (unsigned i = 0; has_embargo(buf_str(row)) && i < WORK_RELEASE; i++)
        row->at[WORK_HEAD + i] = (char)(unsigned char)(second >> (8 * i));
}

struct str work_of_row(struct str row)
{
    size_t head = has_lane(row) ? WORK_HEAD : WORK_TAG;
    return str_from(row, has_embargo(row) ? head + WORK_RELEASE : head);
}

struct dispatch_item work_item(uint64_t id, struct str row, uint32_t deliveries, uint32_t deaths)
{
    struct dispatch_item item = {
        .id = id, .size = work_of_row(row).len, .deliveries = deliveries, .deaths = deaths};
    if (has_lane(row)) {
        unsigned lane = (unsigned char)row.at[WORK_TAG] & ~(unsigned)WORK_EMBARGO;
        item.lane = lane == LANE_BACKFILL ? LANE_BACKFILL : LANE_LIVE;
        memcpy(item.language, row.at + WORK_TAG + 1, WORK_HEAD - WORK_TAG - 1);
    }
    if (has_embargo(row))
        item.release_at = release_of(row);
    return item;
}

bool work_is(struct str row, struct str uri, struct str version)
{
    uint64_t tag = tag_of(uri, version);
    return row.len > WORK_TAG && memcmp(row.at, &tag, sizeof tag) == 0;
}
