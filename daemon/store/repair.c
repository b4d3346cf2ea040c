/*
 * Repairing: a new state is filled with every row of the old one that can be read and decodes, and takes its
 * place (swap.c). What RocksDB cannot open at all, because a file that leads to the others is gone, is
 * opened by way of its own repair, which builds such files anew from the tables; on a copy.
 *
 * What follows from other rows is made anew: heads from the queue, numbers from what was counted, what
 * was recorded and the last of each topic from the results. Holes among the results stay; the row
 * "repaired" says to a later check up to where they are known.
 */
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "keys.h"
#include "log.h"
#include "survey.h"
#include "upkeep.h"

#define BATCH_BYTES    (4U << 20)
#define SAY_MOST       50
#define PROGRESS_EVERY 20000

struct repair {
    const char *path;
    const struct upkeep_told *told;
    struct upkeep_repair *out;
    struct survey survey;
    struct store *to; /* the new state, as far as rows are written */
    rocksdb_writebatch_t *batch;
    rocksdb_writeoptions_t *unlogged;
    enum family family;
    struct upkeep_family *now;
    uint64_t said, queued, dead, last_id, last_seq;
    struct store_numbers numbers;
    bool has_numbers;
    int error; /* the first of writing */
    char text[STATUS_TEXT];
};

/* ---- what is told */

static void say(struct repair *repair, const char *what, struct str key, struct str upto)
{
    struct buf line = BUF_NONE;
    if (repair->said++ >= SAY_MOST || !repair->told->say)
        return;
    buf_printf(&line, "%s: %s", family_names[repair->family], what);
    if (key.len) {
        buf_putz(&line, " key ");
        buf_put_hex(&line, key.at, key.len);
    }
    if (upto.len) {
        buf_putz(&line, " up to key ");
        buf_put_hex(&line, upto.at, upto.len);
    }
    repair->told->say(repair->told->ctx, buf_cstr(&line));
    buf_free(&line);
}

static void say_line(struct repair *repair, const char *line)
{
    if (repair->told->say)
        repair->told->say(repair->told->ctx, line);
}

/* ---- writing the new one */

static void write_batch(struct repair *repair)
{
    char *message = NULL;
    if (repair->error == 0) {
        rocksdb_write(repair->to->db, repair->unlogged, repair->batch, &message);
        repair->error = status_take(&message, repair->text);
    }
    rocksdb_writebatch_clear(repair->batch);
}

static void put(struct repair *repair, enum family family, struct str key, struct str value)
{
    size_t bytes;
    rocksdb_writebatch_put_cf(repair->batch, repair->to->of[family], key.at, key.len, value.at,
                              value.len);
    rocksdb_writebatch_data(repair->batch, &bytes);
    if (bytes >= BATCH_BYTES)
        write_batch(repair);
}

/* ---- one row of each family. False: it does not decode */

static bool save_meta(struct repair *repair, struct str key, struct str value)
{
    if (str_is(key, "numbers"))
        repair->has_numbers = value_numbers(value, &repair->numbers) == 0;
    return !str_is(key, "numbers") || repair->has_numbers; /* the others are made anew */
}

static bool save_source(struct repair *repair, struct str key, struct str value)
{
    struct str text;
    if (key.len == 0 || value_text(value, &text) < 0)
        return false;
    put(repair, FAMILY_SOURCES, key, value);
    return true;
}

static bool save_aged(struct repair *repair, struct str key, struct str value)
{
    struct str text;
    uint32_t hours;
    if (key.len != 16 || value_aged(value, &hours, &text) < 0)
        return false;
    put(repair, repair->family, key, value);
    return true;
}

static bool save_queued(struct repair *repair, struct str key, struct str value)
{
    uint8_t head[VALUE_HEAD];
    struct str work;
    uint64_t id;
    if (key_number_read(key, &id) < 0 || value_text(value, &work) < 0)
        return false;
    size_t len = value_head_write(head, work);
    put(repair, FAMILY_QUEUE, key, value);
    put(repair, FAMILY_HEADS, key, (struct str){(const char *)head, len});
    repair->queued++;
    repair->last_id = id;
    return true;
}

static bool is_queued(struct repair *repair, struct str key)
{
    struct buf row = BUF_NONE;
    bool queued = read_value(repair->to, FAMILY_QUEUE, key, &row) == 0;
    buf_free(&row);
    return queued;
}

static bool save_tries(struct repair *repair, struct str key, struct str value)
{
    struct store_tries tries;
    uint64_t id;
    if (key_number_read(key, &id) < 0 || value_tries(value, &tries) < 0)
        return false;
    if (is_queued(repair, key))
        put(repair, FAMILY_TRIES, key, value);
    return true;
}

static bool save_dead(struct repair *repair, struct str key, struct str value)
{
    struct store_dead dead;
    uint64_t id;
    if (key_number_read(key, &id) < 0 || value_dead(value, &dead) < 0)
        return false;
    if (is_queued(repair, key)) /* what took it out of the queue is lost: it is tried again */
        return true;
    put(repair, FAMILY_DEAD, key, value);
    repair->dead++;
    if (id > repair->last_id)
        repair->last_id = id;
    return true;
}

/* Its row is lost, or an older one has come up in its place. As old as the result: it ages with it. */
static void record_anew(struct repair *repair, const struct store_result *result)
{
    struct buf key = BUF_NONE, row = BUF_NONE;
    uint8_t value[VALUE_RECORDED];
    uint32_t hours = result->at > 0 ? (uint32_t)(result->at / USEC_PER_HOUR) : 0;
    uint64_t seq = 0;
    key_recorded(&key, result->uri, result->version);
    if (read_value(repair->to, FAMILY_RECORDED, buf_str(&key), &row) < 0 ||
        value_recorded(buf_str(&row), &(uint32_t){0}, &seq) < 0 || seq < result->seq) {
        value_recorded_write(value, hours, result->seq);
        put(repair, FAMILY_RECORDED, buf_str(&key),
            (struct str){(const char *)value, sizeof value});
    }
    buf_free(&key);
    buf_free(&row);
}

static void topic_anew(struct repair *repair, const struct store_result *result)
{
    struct buf row = BUF_NONE;
    uint8_t value[VALUE_NUMBER];
    uint64_t seq = 0;
    if (read_value(repair->to, FAMILY_TOPICS, result->topic, &row) < 0 ||
        value_number(buf_str(&row), &seq) < 0 || seq < result->seq) {
        value_number_write(value, result->seq);
        put(repair, FAMILY_TOPICS, result->topic, (struct str){(const char *)value, sizeof value});
    }
    buf_free(&row);
}

static bool save_result(struct repair *repair, struct str key, struct str value)
{
    struct store_result result;
    if (key_number_read(key, &result.seq) < 0 || value_result(value, &result) < 0)
        return false;
    put(repair, FAMILY_RESULTS, key, value);
    record_anew(repair, &result);
    topic_anew(repair, &result);
    if (result.seq > repair->last_seq)
        repair->last_seq = result.seq;
    return true;
}

static bool save_recorded(struct repair *repair, struct str key, struct str value)
{
    uint32_t hours;
    uint64_t seq;
    if (key.len < 4 || value_recorded(value, &hours, &seq) < 0)
        return false;
    put(repair, FAMILY_RECORDED, key, value);
    if (seq > repair->last_seq)
        repair->last_seq = seq;
    return true;
}

static bool save_topic(struct repair *repair, struct str key, struct str value)
{
    uint64_t seq;
    if (value_number(value, &seq) < 0)
        return false;
    put(repair, FAMILY_TOPICS, key, value);
    if (seq > repair->last_seq)
        repair->last_seq = seq;
    return true;
}

/* In this order: tries look for their item, results for their topic and what was recorded. */
static const struct {
    enum family family;
    bool (*save)(struct repair *repair, struct str key, struct str value);
} families[] = {
    {FAMILY_META, save_meta},    {FAMILY_SOURCES, save_source}, {FAMILY_SEEN, save_aged},
    {FAMILY_TEXTS, save_aged},   {FAMILY_URLS, save_aged},      {FAMILY_QUEUE, save_queued},
    {FAMILY_TRIES, save_tries},  {FAMILY_DEAD, save_dead},      {FAMILY_RECORDED, save_recorded},
    {FAMILY_TOPICS, save_topic}, {FAMILY_RESULTS, save_result},
};

static void on_row(void *ctx, struct str key, struct str value)
{
    struct repair *repair = ctx;
    size_t i = (size_t)(repair->now - repair->out->families);
    if (!families[i].save(repair, key, value)) {
        repair->now->damaged++;
        say(repair, "lost, does not decode:", key, STR_NONE);
        return;
    }
    repair->now->bytes += key.len + value.len;
    if (++repair->now->rows % PROGRESS_EVERY == 0 && repair->told->progress)
        repair->told->progress(repair->told->ctx, repair->now->name, repair->now->rows);
}

static void on_gap(void *ctx, struct str after, struct str upto, const char *text)
{
    struct repair *repair = ctx;
    (void)text;
    repair->now->damaged++;
    if (upto.len)
        say(repair, "lost, cannot be read: what lies behind", after, upto);
    else
        say(repair, "lost, cannot be read: all that lies behind", after, STR_NONE);
}

static void save_family(struct repair *repair, size_t i)
{
    repair->family = families[i].family;
    repair->said = 0;
    repair->now = &repair->out->families[i];
    repair->now->name = family_names[repair->family];
    repair->out->count = i + 1;
    survey_walk(&repair->survey, repair->family, &(struct survey_eye){on_row, on_gap, repair});
    write_batch(repair); /* families after it look at what was saved */
}

/* ---- numbers */

/* Ids and seqs that were given are not given again; the balance follows what was found. */
static void settle_numbers(struct repair *repair)
{
    struct store_numbers *n = &repair->numbers;
    if (n->next_queue_id <= repair->last_id)
        n->next_queue_id = repair->last_id + 1;
    if (n->next_seq <= repair->last_seq)
        n->next_seq = repair->last_seq + 1;
    uint64_t found = repair->queued + repair->dead + n->done;
    repair->out->lost_items = n->accepted > found ? n->accepted - found : 0;
    n->dead = repair->dead;
    n->accepted = found;
}

static void save_numbers(struct repair *repair)
{
    uint8_t schema[VALUE_SCHEMA], numbers[VALUE_NUMBERS], epoch[VALUE_EPOCH];
    uint8_t repaired[VALUE_NUMBER];
    settle_numbers(repair);
    value_number_write(repaired, repair->numbers.next_seq);
    put(repair, FAMILY_META, STR("repaired"),
        (struct str){(const char *)repaired, sizeof repaired});
    value_schema_write(schema, STORE_SCHEMA);
    value_numbers_write(numbers, &repair->numbers);
    value_epoch_write(epoch);
    put(repair, FAMILY_META, STR("schema"), (struct str){(const char *)schema, sizeof schema});
    put(repair, FAMILY_META, STR("numbers"), (struct str){(const char *)numbers, sizeof numbers});
    put(repair, FAMILY_META, STR("epoch"), (struct str){(const char *)epoch, sizeof epoch});
    write_batch(repair);
}

/* ---- all of it */

static int flush_all(struct repair *repair)
{
    rocksdb_flushoptions_t *wait = rocksdb_flushoptions_create();
    rocksdb_flushoptions_set_wait(wait, 1);
    for (int i = 0; repair->error == 0 && i < FAMILY_COUNT; i++) {
        char *message = NULL;
        rocksdb_flush_cf(repair->to->db, wait, repair->to->of[i], &message);
        repair->error = status_take(&message, repair->text);
    }
    rocksdb_flushoptions_destroy(wait);
    return repair->error;
}

static int fill(struct repair *repair, const char *path, char why[STORE_WHY])
{
    int error = store_open(&(struct store_options){.path = path}, &repair->to, why);
    if (error < 0)
        return error;
    repair->batch = rocksdb_writebatch_create();
    repair->unlogged = rocksdb_writeoptions_create();
    rocksdb_writeoptions_disable_WAL(repair->unlogged, 1);
    for (size_t i = 0; i < ARRAY_LEN(families); i++)
        save_family(repair, i);
    save_numbers(repair);
    error = flush_all(repair);
    rocksdb_writeoptions_destroy(repair->unlogged);
    rocksdb_writebatch_destroy(repair->batch);
    store_close(repair->to);
    return error < 0 ? version_why(path, error, repair->text, why) : 0;
}

/* What RocksDB put aside because it could not read it. */
static void say_lost_files(struct repair *repair, const char *source)
{
    char *lost = xasprintf("%s/lost", source);
    DIR *dir = opendir(lost);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        struct buf line = BUF_NONE;
        if (!str_ends(str_of(e->d_name),
                      STR(".sst"))) /* what it has turned into others is there too */
            continue;
        buf_printf(&line, "lost: the file %s cannot be read", log_safez(e->d_name));
        say_line(repair, buf_cstr(&line));
        buf_free(&line);
    }
    if (dir)
        closedir(dir);
    free(lost);
}

/* RocksDB's own repair, of a copy. */
static int survey_by_repair(struct repair *repair, const char *source)
{
    struct families families_of_repair;
    char *message = NULL;
    int error = copy_state(repair->path, source);
    if (error < 0) {
        snprintf(repair->text, sizeof repair->text, "no copy: %s", strerror(-error));
        return error;
    }
    say_line(repair,
             "the files that lead to the tables are damaged: what they said is gathered from the "
             "tables themselves");
    families_init(&families_of_repair, false, true, 0);
    rocksdb_repair_db(families_of_repair.db, source, &message);
    families_done(&families_of_repair);
    error = status_take(&message, repair->text);
    if (error < 0)
        return error;
    say_lost_files(repair, source);
    return survey_open(source, &repair->survey, repair->text);
}

static int make_new(struct repair *repair, struct swap *swap, char why[STORE_WHY])
{
    char *source = xasprintf("%s/source", swap->side);
    int error = survey_open(repair->path, &repair->survey, repair->text);
    if (error < 0)
        error = survey_by_repair(repair, source);
    if (error < 0)
        version_why(repair->path, error, repair->text, why);
    if (error == 0)
        error = fill(repair, swap->db, why);
    if (repair->survey.db)
        survey_close(&repair->survey);
    copy_remove(source);
    free(source);
    return error;
}

static int repair_into_place(struct repair *repair, char why[STORE_WHY])
{
    struct swap swap;
    int error = swap_begin(&swap, repair->path, "repair");
    if (error == 0) {
        why[0] = '\0';
        error = make_new(repair, &swap, why);
    } else {
        why[0] = '\0';
    }
    if (error == 0)
        error = swap_finish(&swap);
    if (error < 0 && why[0] == '\0')
        snprintf(why, STORE_WHY, "cannot repair the state %.100s: %s", log_safez(repair->path),
                 strerror(-error));
    if (error == 0)
        snprintf(repair->out->kept, sizeof repair->out->kept, "%s", swap.kept ? swap.kept : "");
    swap_done(&swap);
    return error;
}

static bool is_whole(const char *path, const struct upkeep_told *told)
{
    char why[STORE_WHY];
    struct upkeep_check check;
    const struct upkeep_told quiet = {.progress = told->progress, .ctx = told->ctx};
    return store_check(path, &quiet, &check, why) == 0 && check.wrong == 0;
}

int store_repair(const char *path, const struct upkeep_told *told, struct upkeep_repair *out,
                 char why[STORE_WHY])
{
    struct repair repair = {
        .path = path, .told = told, .out = out, .numbers = {.next_queue_id = 1, .next_seq = 1}};
    int lock = -1;
    *out = (struct upkeep_repair){0};
    int error = place_look(path, true, why);
    if (error == 0)
        error = place_lock(path, &lock, why);
    if (error < 0)
        return error;
    close(lock);
    if (is_whole(path, told))
        return 0;
    struct version_found found;
    error = version_peek(path, true, &found, why);
    if (error == -EPROTO) /* a newer version's rows would all be lost */
        return error;
    error = place_lock(path, &lock, why);
    if (error < 0)
        return error;
    out->needed = true;
    error = repair_into_place(&repair, why);
    close(lock);
    return error;
}
