/*
 * Checking a state at rest: every row is read with its checksum and decoded, and what the families say of each
 * other is compared. The table `families` says how a row of each is looked at.
 */
#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "keys.h"
#include "log.h"
#include "survey.h"
#include "upkeep.h"

#define SAY_MOST       50 /* lines of one family; all are counted */
#define PROGRESS_EVERY 20000
#define RECENT_US      (30 * USEC_PER_DAY) /* what was recorded since then has not aged */

struct check {
    struct survey survey;
    const struct upkeep_told *told;
    struct upkeep_check *out;
    enum family family;
    struct upkeep_family *now;
    uint64_t said;
    uint32_t schema;
    struct store_numbers numbers;
    bool has_numbers;
    uint64_t head, first_id, last_id, queued, heads, dead;
    uint64_t first_seq, last_seq;
    uint64_t repaired; /* what is missing before this seq was told when it was lost */
};

/* ---- what is told */

static void put_key(struct buf *line, struct str key)
{
    buf_putz(line, " key ");
    buf_put_hex(line, key.at, key.len);
}

static void wrong(struct check *check, struct str key, const char *what)
{
    struct buf line = BUF_NONE;
    check->out->wrong++;
    if (check->said++ >= SAY_MOST || !check->told->say)
        return;
    buf_putz(&line, family_names[check->family]);
    buf_putc(&line, ':');
    if (key.len)
        put_key(&line, key);
    buf_printf(&line, " %s", what);
    check->told->say(check->told->ctx, buf_cstr(&line));
    buf_free(&line);
}

static void wrong_number(struct check *check, const char *what, uint64_t is, uint64_t should)
{
    char line[160];
    snprintf(line, sizeof line, "%s: %llu, and should be %llu", what, (unsigned long long)is,
             (unsigned long long)should);
    wrong(check, STR_NONE, line);
}

static void damaged(struct check *check, struct str key)
{
    check->now->damaged++;
    wrong(check, key, "does not decode");
}

/* ---- one row of each family. -EBADMSG: it does not decode */

static int row_meta(struct check *check, struct str key, struct str value)
{
    struct str text;
    if (str_is(key, "schema"))
        return value_schema(value, &check->schema);
    if (str_is(key, "head"))
        return value_number(value, &check->head);
    if (str_is(key, "repaired"))
        return value_number(value, &check->repaired);
    if (str_is(key, "applied"))
        return value_number(value, &(uint64_t){0});
    if (str_is(key, "epoch"))
        return value_text(value, &text) < 0 || text.len != 8 ? -EBADMSG : 0;
    if (!str_is(key, "numbers"))
        return -EBADMSG;
    check->has_numbers = value_numbers(value, &check->numbers) == 0;
    return check->has_numbers ? 0 : -EBADMSG;
}

static int row_source(struct check *check, struct str key, struct str value)
{
    struct str text;
    (void)check;
    return key.len == 0 ? -EBADMSG : value_text(value, &text);
}

static int row_aged(struct check *check, struct str key, struct str value)
{
    struct str text;
    uint32_t hours;
    (void)check;
    return key.len != 16 ? -EBADMSG : value_aged(value, &hours, &text);
}

static int row_queue(struct check *check, struct str key, struct str value)
{
    struct str work, head, newer;
    struct buf row = BUF_NONE;
    uint64_t id;
    uint32_t size;
    if (key_number_read(key, &id) < 0 || value_text(value, &work) < 0)
        return -EBADMSG;
    check->queued++;
    if (check->first_id == 0 &&
        layer_find(check->survey.layer, FAMILY_QUEUE, key, &newer) == LAYER_NOTHING)
        check->first_id = id; /* the head is the database's, and knows nothing of the journal */
    check->last_id = id;
    if (check->schema >= SCHEMA_HEADS) {
        if (survey_get(&check->survey, FAMILY_HEADS, key, &row) < 0)
            wrong(check, key, "has no head");
        else if (value_head(buf_str(&row), &size, &head) == 0 &&
                 (size != work.len || !str_eq(head, str_upto(work, STORE_HEAD))))
            wrong(check, key, "has the head of other work");
    }
    buf_free(&row);
    return 0;
}

static int row_head(struct check *check, struct str key, struct str value)
{
    struct str head;
    uint64_t id;
    uint32_t size;
    check->heads++;
    return key_number_read(key, &id) < 0 ? -EBADMSG : value_head(value, &size, &head);
}

static int row_tries(struct check *check, struct str key, struct str value)
{
    struct store_tries tries;
    struct buf row = BUF_NONE;
    uint64_t id;
    if (key_number_read(key, &id) < 0 || value_tries(value, &tries) < 0)
        return -EBADMSG;
    if (survey_get(&check->survey, FAMILY_QUEUE, key, &row) == -ENOENT)
        wrong(check, key, "belongs to no queued item");
    buf_free(&row);
    return 0;
}

static int row_dead(struct check *check, struct str key, struct str value)
{
    struct store_dead dead;
    uint64_t id;
    if (key_number_read(key, &id) < 0 || value_dead(value, &dead) < 0)
        return -EBADMSG;
    check->dead++;
    if (id > check->last_id)
        check->last_id = id;
    return 0;
}

static void check_recorded(struct check *check, struct str key, const struct store_result *result)
{
    struct buf name = BUF_NONE, value = BUF_NONE;
    uint64_t seq;
    uint32_t hours;
    key_recorded(&name, result->uri, result->version);
    int error = survey_get(&check->survey, FAMILY_RECORDED, buf_str(&name), &value);
    if (error == -ENOENT && clock_now() - result->at < RECENT_US)
        wrong(check, key, "is not recorded");
    else if (error == 0 && value_recorded(buf_str(&value), &hours, &seq) == 0 && seq < result->seq)
        wrong(check, key, "is recorded as another");
    buf_free(&name);
    buf_free(&value);
}

static void check_topic(struct check *check, struct str key, const struct store_result *result)
{
    struct buf value = BUF_NONE;
    uint64_t seq;
    int error = survey_get(&check->survey, FAMILY_TOPICS, result->topic, &value);
    if (error == -ENOENT)
        wrong(check, key, "has a topic that is not known");
    else if (error == 0 && value_number(buf_str(&value), &seq) == 0 && seq < result->seq)
        wrong(check, key, "is newer than its topic says");
    buf_free(&value);
}

static int row_result(struct check *check, struct str key, struct str value)
{
    struct store_result result;
    if (key_number_read(key, &result.seq) < 0 || value_result(value, &result) < 0)
        return -EBADMSG;
    if (check->first_seq == 0)
        check->first_seq = result.seq;
    else if (result.seq != check->last_seq + 1 && result.seq > check->repaired)
        wrong(check, key, "does not follow the one before it");
    if (result.prev >= result.seq)
        wrong(check, key, "comes before what it follows");
    check->last_seq = result.seq;
    check_recorded(check, key, &result);
    check_topic(check, key, &result);
    return 0;
}

static int row_recorded(struct check *check, struct str key, struct str value)
{
    uint32_t hours;
    uint64_t seq;
    if (key.len < 4 || value_recorded(value, &hours, &seq) < 0)
        return -EBADMSG;
    if (check->has_numbers && seq >= check->numbers.next_seq)
        wrong(check, key, "is recorded as a result of the future");
    return 0;
}

static int row_topic(struct check *check, struct str key, struct str value)
{
    uint64_t seq;
    if (value_number(value, &seq) < 0)
        return -EBADMSG;
    if (check->has_numbers && seq >= check->numbers.next_seq)
        wrong(check, key, "ends with a result of the future");
    return 0;
}

static int row_default(struct check *check, struct str key, struct str value)
{
    (void)check, (void)key, (void)value;
    return -EBADMSG; /* RocksDB insists on the family, we do not use it */
}

/* ---- what must hold when all is read */

static void after_meta(struct check *check)
{
    if (check->schema == 0)
        wrong(check, STR("schema"), "is missing");
    if (!check->has_numbers)
        wrong(check, STR("numbers"), "is missing");
}

static void after_queue(struct check *check)
{
    if (check->first_id && check->head > check->first_id)
        wrong_number(check, "the head of the queue is beyond its first item", check->head,
                     check->first_id);
}

static void after_heads(struct check *check)
{
    if (check->schema >= SCHEMA_HEADS && check->heads != check->queued)
        wrong_number(check, "heads", check->heads, check->queued);
}

static void after_dead(struct check *check)
{
    const struct store_numbers *n = &check->numbers;
    if (!check->has_numbers)
        return;
    if (check->dead != n->dead)
        wrong_number(check, "dead items", check->dead, n->dead);
    if (check->queued + n->dead + n->done != n->accepted)
        wrong_number(check, "queued, dead and done together", check->queued + n->dead + n->done,
                     n->accepted);
    if (check->last_id >= n->next_queue_id)
        wrong_number(check, "the next queue id was given already", n->next_queue_id,
                     check->last_id + 1);
}

static void after_results(struct check *check)
{
    uint64_t next = check->numbers.next_seq;
    if (check->has_numbers && check->last_seq && check->last_seq + 1 != next &&
        (check->last_seq >= next || next > check->repaired))
        wrong_number(check, "the last result", check->last_seq, check->numbers.next_seq - 1);
}

static void after_nothing(struct check *check)
{
    (void)check;
}

/* In this order: the numbers come first. */
static const struct {
    enum family family;
    int (*row)(struct check *check, struct str key, struct str value);
    void (*after)(struct check *check);
} families[] = {
    {FAMILY_META, row_meta, after_meta},         {FAMILY_DEFAULT, row_default, after_nothing},
    {FAMILY_SOURCES, row_source, after_nothing}, {FAMILY_SEEN, row_aged, after_nothing},
    {FAMILY_TEXTS, row_aged, after_nothing},     {FAMILY_URLS, row_aged, after_nothing},
    {FAMILY_QUEUE, row_queue, after_queue},      {FAMILY_HEADS, row_head, after_heads},
    {FAMILY_TRIES, row_tries, after_nothing},    {FAMILY_DEAD, row_dead, after_dead},
    {FAMILY_RESULTS, row_result, after_results}, {FAMILY_RECORDED, row_recorded, after_nothing},
    {FAMILY_TOPICS, row_topic, after_nothing},
};
_Static_assert(ARRAY_LEN(families) == FAMILY_COUNT && FAMILY_COUNT <= UPKEEP_FAMILIES,
               "every family is checked");

static void on_row(void *ctx, struct str key, struct str value)
{
    struct check *check = ctx;
    size_t i = (size_t)(check->now - check->out->families);
    if (families[i].row(check, key, value) < 0) {
        damaged(check, key);
        return;
    }
    check->now->bytes += key.len + value.len;
    if (++check->now->rows % PROGRESS_EVERY == 0 && check->told->progress)
        check->told->progress(check->told->ctx, check->now->name, check->now->rows);
}

static void on_gap(void *ctx, struct str after, struct str upto, const char *text)
{
    struct check *check = ctx;
    struct buf line = BUF_NONE;
    check->now->damaged++;
    buf_putz(&line, "cannot be read from here on, up to");
    if (upto.len)
        put_key(&line, upto);
    else
        buf_putz(&line, " the end");
    buf_printf(&line, ": %s", log_safez(text));
    wrong(check, after, buf_cstr(&line));
    buf_free(&line);
}

static void check_family(struct check *check, size_t i)
{
    check->family = families[i].family;
    check->said = 0;
    check->now = &check->out->families[i];
    check->now->name = family_names[check->family];
    check->out->count = i + 1;
    survey_walk(&check->survey, check->family, &(struct survey_eye){on_row, on_gap, check});
    families[i].after(check);
}

/* Beside the rows: what a start would find of the log. */
static void check_log(struct check *check, const struct version_found *found)
{
    check->family = FAMILY_META;
    if (found->log == VERSION_LOG_DAMAGED)
        wrong(check, STR_NONE, "the write-ahead log is damaged before its end");
    if (check->survey.journal == JOURNAL_DAMAGED)
        wrong(check, STR_NONE, "the journal is damaged before its end");
}

int store_check(const char *path, const struct upkeep_told *told, struct upkeep_check *out,
                char why[STORE_WHY])
{
    struct check check = {.told = told, .out = out};
    struct version_found found = {0};
    char text[STATUS_TEXT];
    bool fresh = false;
    int lock = -1;
    *out = (struct upkeep_check){0};
    int error = place_look(path, true, why);
    if (error == 0)
        error = place_lock(path, &lock, why);
    if (error == 0)
        error = place_contents(path, true, &fresh, why);
    if (error == 0)
        error = version_peek(path, true, &found, why);
    if (error == 0) {
        error = survey_open(path, &check.survey, text);
        if (error < 0)
            version_why(path, error, text, why);
    }
    if (error == 0) {
        check_log(&check, &found);
        for (size_t i = 0; i < ARRAY_LEN(families); i++)
            check_family(&check, i);
        survey_close(&check.survey);
    }
    if (lock >= 0)
        close(lock);
    return error;
}
