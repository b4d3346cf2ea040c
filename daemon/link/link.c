#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

#include "entry.h"
#include "pending.h"
#include "utf8.h"

/* A text of fewer words says too little to be recognised by itself: its headline counts with it. */
#define WORDS_OF_A_TEXT 12

struct link_room {
    struct link_options options;
    struct pending *seen, *texts;
    struct buf scratch;
    /* The identity the store was asked about last, and what it said (nothing: empty): an item's is
     * asked for when it is listed and again when it is judged. Good until a change settles. */
    uint8_t asked[16];
    struct buf answer;
    bool has_answer;
};

struct link_room *link_new(const struct link_options *options)
{
    struct link_room *room = xcalloc(1, sizeof *room);
    room->options = *options;
    room->seen = pending_new();
    room->texts = pending_new();
    return room;
}

void link_free(struct link_room *room)
{
    if (!room)
        return;
    pending_free(room->seen);
    pending_free(room->texts);
    buf_free(&room->scratch);
    buf_free(&room->answer);
    free(room);
}

/* -------------------------------------------------------------------------------------- hashes */

static void put_hash(XXH128_hash_t hash, uint8_t out[16])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    memcpy(out, canonical.digest, 16);
}

static void hash_of(struct str bytes, uint8_t out[16])
{
    put_hash(XXH3_128bits(bytes.at ? bytes.at : "", bytes.len), out);
}

/* Parts are told apart by a byte that no text holds. */
static void put_part(struct buf *key, struct str part)
{
    buf_puts(key, part);
    buf_putc(key, '\0');
}

/* The same of parts that nobody puts together. */
static void hash_parts(const struct str *part, size_t count, uint8_t out[16])
{
    XXH3_state_t *state = XXH3_createState();
    if (!state)
        xnomem();
    XXH3_128bits_reset(state);
    for (size_t i = 0; i < count; i++) {
        XXH3_128bits_update(state, part[i].at ? part[i].at : "", part[i].len);
        XXH3_128bits_update(state, "", 1);
    }
    put_hash(XXH3_128bits_digest(state), out);
    XXH3_freeState(state);
}

/* As much of it as fits. */
static void keep_text(struct str text, char out[LINK_URI])
{
    text = str_upto(text, LINK_URI - 1);
    if (text.len)
        memcpy(out, text.at, text.len);
    out[text.len] = '\0';
}

/* A name of ours that ends in a hash. */
static void put_urn(struct str kind, const uint8_t hash[16], char out[LINK_URI])
{
    struct buf urn = BUF_NONE;
    buf_reserve(&urn, LINK_URI);
    buf_putz(&urn, "urn:dateline:");
    buf_puts(&urn, kind);
    buf_putc(&urn, ':');
    buf_put_hex(&urn, hash, 16);
    keep_text(buf_str(&urn), out);
    buf_free(&urn);
}

/* Another end of the embargo is another listing, though the text is the same. */
static void hash_listing_until(int64_t release_at, uint8_t listing[16])
{
    const struct str parts[] = {{(const char *)listing, 16},
                                {(const char *)&release_at, sizeof release_at}};
    uint8_t both[16];
    hash_parts(parts, ARRAY_LEN(parts), both);
    memcpy(listing, both, sizeof both);
}

void link_identify(struct str source_id, const struct item *item, struct link_identity *out)
{
    static const enum item_field chain[] = {ITEM_GUID, ITEM_CANONICAL, ITEM_LINK};
    const struct str *field = item->field;
    struct str kind = STR("text"), identity = STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(chain) && identity.len == 0; i++) {
        identity = field[chain[i]];
        kind = chain[i] == ITEM_GUID ? STR("guid") : STR("link");
    }
    if (identity.len)
        hash_parts((struct str[]){source_id, kind, identity}, 3, out->id);
    else
        hash_parts((struct str[]){source_id, STR("text"), field[ITEM_HEADLINE], item_text(item)}, 4,
                   out->id);
    hash_parts((struct str[]){field[ITEM_HEADLINE], field[ITEM_SUMMARY], field[ITEM_BODY],
                              item->flags & ITEM_RETRACTED ? STR("retracted") : STR_NONE},
               4, out->listing);
    if (item->release_at)
        hash_listing_until(item->release_at, out->listing);
    put_urn(str_upto(source_id, 64), out->id, out->uri);
}

void link_url_key(struct str identity, uint8_t key[16])
{
    hash_of(identity, key);
}

int link_id_of(struct str uri, uint8_t id[16])
{
    if (!str_starts(uri, STR("urn:dateline:")) || uri.len < 13 + 34)
        return -EINVAL;
    struct str hex = str_from(uri, uri.len - 32);
    uint8_t bytes[16];
    for (size_t i = 0; i < 32; i++) {
        int digit = str_hex(hex.at[i]);
        if (digit < 0)
            return -EINVAL;
        bytes[i / 2] = (uint8_t)(i % 2 ? bytes[i / 2] | digit : digit << 4);
    }
    memcpy(id, bytes, 16);
    return 0;
}

/* ------------------------------------------------------------------------------------ look-ups */

/* The newest entry: what is on its way to the disk goes before what is there. Into scratch. */
static struct str look(struct link_room *room, const struct pending *pending,
                       int (*get)(void *, const uint8_t *, struct buf *), const uint8_t key[16])
{
    struct str entry = pending_get(pending, key);
    if (entry.at)
        return entry;
    buf_reset(&room->scratch);
    if (get(room->options.ctx, key, &room->scratch) != 0)
        return STR_NONE;
    return buf_str(&room->scratch);
}

static struct str look_seen(struct link_room *room, const uint8_t id[16])
{
    struct str entry = pending_get(room->seen, id);
    if (entry.at)
        return entry;
    if (!room->has_answer || memcmp(room->asked, id, 16) != 0) {
        buf_reset(&room->answer);
        if (room->options.get_seen(room->options.ctx, id, &room->answer) != 0)
            buf_reset(&room->answer);
        memcpy(room->asked, id, 16);
        room->has_answer = true;
    }
    return buf_str(&room->answer);
}

static bool find_seen(struct link_room *room, const uint8_t id[16], struct seen_entry *out)
{
    return seen_entry_get(look_seen(room, id), out) == 0;
}

static bool find_text(struct link_room *room, const uint8_t hash[16], struct text_entry *out)
{
    return text_entry_get(look(room, room->texts, room->options.get_text, hash), out) == 0;
}

static bool find_marker(struct link_room *room, const uint8_t marker[16])
{
    return str_eq(look(room, room->seen, room->options.get_seen, marker), seen_marker);
}

bool link_is_listed(struct link_room *room, const struct link_identity *identity)
{
    struct seen_entry seen;
    return find_seen(room, identity->id, &seen) && memcmp(seen.listing, identity->listing, 16) == 0;
}

int link_lookup(struct link_room *room, const uint8_t id[16], struct link_known *out)
{
    struct seen_entry seen;
    if (!find_seen(room, id, &seen))
        return -ENOENT;
    *out = (struct link_known){seen.version, seen.first_created, seen.last_changed, seen.queue_id};
    return 0;
}

/* ------------------------------------------------------------------------------------ judgement */

static void hash_marker(struct link_room *room, struct str source_id, struct str kind,
                        const uint8_t hash[16], uint8_t out[16])
{
    buf_reset(&room->scratch);
    put_part(&room->scratch, source_id);
    put_part(&room->scratch, STR("marker"));
    put_part(&room->scratch, kind);
    buf_put(&room->scratch, hash, 16);
    hash_of(buf_str(&room->scratch), out);
}

/* content: folded headline, text, and link; text: the same without the headline. A text has no link
 * with it, so the one is a tail of the other and is folded once. */
static void hash_item(struct link_room *room, struct str source_id, const struct item *item,
                      struct link_answer *out)
{
    struct buf *key = &room->scratch;
    struct str text = item_text(item);
    buf_reset(key);
    utf8_fold(item->field[ITEM_HEADLINE], key);
    size_t headline = key->len;
    buf_putc(key, '\0');
    utf8_fold(text, key);
    buf_putc(key, '\0');
    /* Without a text only the link tells one "Weather forecast" from the next day's. */
    put_part(key, text.len ? STR_NONE : item->field[ITEM_LINK]);
    hash_of(buf_str(key), out->content);
    if (utf8_words(text, WORDS_OF_A_TEXT) >= WORDS_OF_A_TEXT)
        hash_of(str_from(buf_str(key), headline), out->text);
    else
        memcpy(out->text, out->content, 16);
    hash_marker(room, source_id, STR("text"), out->text, out->sent_text);
}

static bool same_source(struct str uri, const struct link_identity *identity)
{
    struct str own = str_of(identity->uri);
    return uri.len == own.len && own.len > 32 &&
           str_eq(str_upto(uri, own.len - 32), str_upto(own, own.len - 32));
}

/* Who had this text first, if anybody had it. */
static void recall_text(struct link_room *room, struct link_answer *out)
{
    struct text_entry text;
    out->text_count = 0;
    out->text_uri[0] = '\0';
    if (!find_text(room, out->text, &text))
        return;
    out->text_count = text.count;
    out->text_first_seen = text.first_seen;
    keep_text(text.uri, out->text_uri);
}

/* This source has sent this text: it had it first, or a marker says that it followed another. */
static bool text_was_sent(struct link_room *room, const struct link_identity *identity,
                          const struct link_answer *answer)
{
    if (answer->text_count == 0)
        return false;
    return same_source(str_of(answer->text_uri), identity) || find_marker(room, answer->sent_text);
}

/* This source has sent this headline and text before, and another since: superseded versions leave a
 * marker, the newest stands in the entry itself. */
static bool content_was_sent(struct link_room *room, struct str source_id,
                             const struct link_answer *answer)
{
    uint8_t marker[16];
    hash_marker(room, source_id, STR("content"), answer->content, marker);
    return find_marker(room, marker);
}

/* Which texts are the same: the story, and who had it first. */
static void join_story(const struct link_identity *identity, bool counted, struct link_answer *out)
{
    bool elsewhere = out->text_count && !same_source(str_of(out->text_uri), identity);
    snprintf(out->duplicate_of, sizeof out->duplicate_of, "%s", elsewhere ? out->text_uri : "");
    out->story_first = out->text_count == 0;
    out->story_size = out->text_count + (counted ? 0 : 1);
    struct buf story = BUF_NONE;
    buf_putz(&story, "urn:dateline:story:");
    buf_put_hex(&story, out->text, sizeof out->text);
    snprintf(out->story, sizeof out->story, "%s", buf_cstr(&story));
    buf_free(&story);
}

void link_judge(struct link_room *room, struct str source_id, const struct link_identity *identity,
                const struct item *item, int64_t now, struct link_answer *out)
{
    struct seen_entry seen;
    memset(out, 0, sizeof *out);
    hash_item(room, source_id, item, out);
    out->judged_at = now;
    bool listed = find_seen(room, identity->id, &seen);
    bool known = listed && seen.version > 0;
    bool withdrawn = item->flags & ITEM_RETRACTED;
    if (withdrawn) /* carries no text, so that a second withdrawal is recognised by this */
        memset(out->content, 0, 16);
    if (withdrawn && known)
        memcpy(out->text, seen.text, 16);
    recall_text(room, out);
    bool same = listed && memcmp(seen.content, out->content, 16) == 0;
    /* An unknown id with a known text is the old item; a known one may get a new headline. */
    bool sent =
        !withdrawn && !same &&
        (known ? content_was_sent(room, source_id, out) : text_was_sent(room, identity, out));

    if (same || sent || (withdrawn && !known))
        out->verdict = LINK_KNOWN;
    else if (!known)
        out->verdict = LINK_NEW;
    else
        out->verdict = withdrawn ? LINK_RETRACTION : LINK_UPDATE;

    out->same = same;
    out->alias = !listed;
    out->first_created = known ? seen.first_created : now;
    out->version = (known ? seen.version : 0) + (out->verdict != LINK_KNOWN);
    if (known)
        hash_marker(room, source_id, STR("content"), seen.content, out->superseded);
    join_story(identity, known && memcmp(seen.text, out->text, 16) == 0, out);
}

/* ----------------------------------------------------------------------------------- memory */

static void write_seen(struct link_room *room, const uint8_t key[16], struct str entry,
                       uint64_t generation, const struct link_writer *writer)
{
    writer->put_seen(writer->ctx, key, entry);
    pending_put(room->seen, key, entry, generation);
}

static void write_text(struct link_room *room, const struct link_identity *identity,
                       const struct link_answer *answer, uint64_t generation,
                       const struct link_writer *writer)
{
    bool first = answer->text_count == 0;
    struct text_entry entry = {answer->story_size,
                               first ? answer->judged_at : answer->text_first_seen,
                               str_of(first ? identity->uri : answer->text_uri)};
    struct buf bytes = BUF_NONE;
    text_entry_put(&entry, &bytes);
    writer->put_text(writer->ctx, answer->text, buf_str(&bytes));
    pending_put(room->texts, answer->text, buf_str(&bytes), generation);
    buf_free(&bytes);
    if (answer->duplicate_of[0])
        write_seen(room, answer->sent_text, seen_marker, generation, writer);
}

static void write_item(struct link_room *room, const struct link_identity *identity,
                       const struct seen_entry *seen, uint64_t generation,
                       const struct link_writer *writer)
{
    struct buf bytes = BUF_NONE;
    seen_entry_put(seen, &bytes);
    write_seen(room, identity->id, buf_str(&bytes), generation, writer);
    buf_free(&bytes);
}

/* Nothing to hand on, but the list it came in says something else of it now. */
static bool relist(struct link_room *room, const struct link_identity *identity,
                   uint64_t generation, const struct link_writer *writer)
{
    struct seen_entry seen;
    if (!find_seen(room, identity->id, &seen) || memcmp(seen.listing, identity->listing, 16) == 0)
        return false;
    memcpy(seen.listing, identity->listing, 16);
    write_item(room, identity, &seen, generation, writer);
    return true;
}

bool link_remember(struct link_room *room, const struct link_identity *identity,
                   const struct link_answer *answer, uint64_t queue_id, uint64_t generation,
                   const struct link_writer *writer)
{
    bool known = answer->verdict == LINK_KNOWN;
    if (known && !answer->alias)
        return relist(room, identity, generation, writer);
    struct seen_entry seen = {.version = answer->version,
                              .first_created = answer->first_created,
                              .last_changed = answer->judged_at,
                              .queue_id = queue_id};
    memcpy(seen.listing, identity->listing, 16);
    memcpy(seen.content, answer->content, 16);
    memcpy(seen.text, answer->text, 16);
    write_item(room, identity, &seen, generation, writer);
    if (!known && answer->version > 1)
        write_seen(room, answer->superseded, seen_marker, generation, writer);
    if (!known && answer->verdict != LINK_RETRACTION)
        write_text(room, identity, answer, generation, writer);
    return true;
}

void link_ignore(struct link_room *room, const struct link_identity *identity, int64_t now,
                 uint64_t generation, const struct link_writer *writer)
{
    struct seen_entry seen = {.first_created = now, .last_changed = now};
    if (find_seen(room, identity->id, &seen)) {
        relist(room, identity, generation, writer);
        return;
    }
    memcpy(seen.listing, identity->listing, 16);
    write_item(room, identity, &seen, generation, writer);
}

void link_settled(struct link_room *room, uint64_t generation)
{
    room->has_answer = false;
    pending_settle(room->seen, generation);
    pending_settle(room->texts, generation);
}
