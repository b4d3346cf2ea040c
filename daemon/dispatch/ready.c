/*
 * Where ready items wait: each on the list of its class and, among its class, on that of its language.
 *
 *     class      live:  7(en) ─ 9(ru) ─ 12(en)        a worker that takes all looks here
 *     en         live:  7 ─ 12                        one that names languages at the heads of theirs
 *     ru         live:  9
 *
 * So whoever asks finds the oldest item it may take without looking at any that it may not. There is
 * one list a code of two or three letters, made when it is first seen: LANGUAGES of them at most,
 * whatever publishers declare.
 */
#include "inside.h"

enum { LETTERS = 27 }; /* a to z, and none */

/* 0 for everything but two or three letters a-z, and for "und". */
static uint16_t number_of(const char code[4])
{
    unsigned number = 0, length = 0;
    while (length < 3 && code[length] >= 'a' && code[length] <= 'z')
        number = number * LETTERS + (unsigned)(code[length++] - 'a' + 1);
    if (length < 2 || code[length] != '\0' || memcmp(code, "und", 4) == 0)
        return 0;
    return (uint16_t)(length == 2 ? number * LETTERS : number);
}

const char *language_code(uint16_t number, char out[4])
{
    static const char letters[LETTERS + 1] = "\0abcdefghijklmnopqrstuvwxyz";
    if (number == 0)
        return memcpy(out, "und", 4);
    out[0] = letters[number / (LETTERS * LETTERS)];
    out[1] = letters[number / LETTERS % LETTERS];
    out[2] = letters[number % LETTERS];
    out[3] = '\0';
    return out;
}

uint16_t language_of(struct dispatch *d, const char code[4])
{
    uint16_t number = number_of(code);
    if (!d->languages[number]) {
        d->languages[number] = xcalloc(1, sizeof *d->languages[number]);
        d->languages[number]->number = number;
        LL_PREPEND(d->spoken, d->languages[number]);
    }
    return number;
}

void language_free_all(struct dispatch *d)
{
    struct language *language, *next;
    LL_FOREACH_SAFE(d->spoken, language, next)
    free(language);
}

/* ---- items */

static enum ready_class class_of(const struct work *work)
{
    return (enum ready_class)(work->lane + (work->deaths ? READY_SUSPECTS : 0));
}

void ready_enter(struct dispatch *d, struct work *work, bool front)
{
    enum ready_class class = class_of(work);
    struct language *language = d->languages[work->language];
    d->ready_count[class]++;
    language->count[class]++;
    if (front) {
        work->turn = d->first_turn--; /* from 0 down, the others from 1 up */
        DL_PREPEND(d->ready[class], work);
        DL_PREPEND2(language->ready[class], work, peer_prev, peer_next);
    } else {
        work->turn = ++d->last_turn;
        DL_APPEND(d->ready[class], work);
        DL_APPEND2(language->ready[class], work, peer_prev, peer_next);
    }
}

void ready_leave(struct dispatch *d, struct work *work)
{
    enum ready_class class = class_of(work);
    struct language *language = d->languages[work->language];
    d->ready_count[class]--;
    language->count[class]--;
    DL_DELETE(d->ready[class], work);
    DL_DELETE2(language->ready[class], work, peer_prev, peer_next);
}

/* ---- who takes what */

void ready_want(struct dispatch *d, struct worker *worker, const struct wire_work *hello)
{
    ready_unwant(d, worker);
    worker->wants = true;
    worker->language_count = (uint8_t)hello->language_count;
    for (size_t i = 0; i < hello->language_count; i++) {
        worker->language[i] = language_of(d, hello->language[i]);
        d->languages[worker->language[i]]->wanted++;
    }
    d->omnivores += hello->language_count == 0;
}

void ready_unwant(struct dispatch *d, struct worker *worker)
{
    if (!worker->wants)
        return;
    worker->wants = false;
    for (size_t i = 0; i < worker->language_count; i++)
        d->languages[worker->language[i]]->wanted--;
    d->omnivores -= worker->language_count == 0;
}

static struct work *oldest_of(const struct dispatch *d, const struct worker *worker,
                              enum ready_class class)
{
    struct work *oldest = NULL;
    if (worker->language_count == 0 || !d->ready[class])
        return d->ready[class];
    for (size_t i = 0; i < worker->language_count; i++) {
        struct work *head = d->languages[worker->language[i]]->ready[class];
        if (head && (!oldest || head->turn < oldest->turn))
            oldest = head;
    }
    return oldest;
}

struct work *ready_first(const struct dispatch *d, const struct worker *worker, bool suspects)
{
    unsigned base = suspects ? READY_SUSPECTS : 0;
    struct work *work = NULL;
    for (unsigned lane = 0; lane < DISPATCH_LANES && !work; lane++)
        work = oldest_of(d, worker, (enum ready_class)(base + lane));
    return work;
}

/* Of both lanes, from this class on. */
static uint64_t sum_of(const uint64_t count[READY_CLASSES], unsigned class)
{
    return count[class + LANE_LIVE] + count[class + LANE_BACKFILL];
}

uint64_t ready_count(const struct dispatch *d, const struct worker *worker)
{
    uint64_t sum = 0;
    if (worker->language_count == 0)
        return sum_of(d->ready_count, 0);
    for (size_t i = 0; i < worker->language_count; i++)
        sum += sum_of(d->languages[worker->language[i]]->count, 0);
    return sum;
}

bool ready_suspects(const struct dispatch *d)
{
    return d->ready[READY_SUSPECTS + LANE_LIVE] || d->ready[READY_SUSPECTS + LANE_BACKFILL];
}

uint64_t ready_unwanted(const struct dispatch *d, const struct language *language)
{
    if (!d->workers || d->omnivores || language->wanted)
        return 0;
    return sum_of(language->count, 0) + sum_of(language->count, READY_SUSPECTS);
}
