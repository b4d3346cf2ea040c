/*
 * The language of a text: the script settles some thirty, a linear model over byte 2-4-grams tells
 * the others apart. What the source declared is a hint: it decides where the text leaves doubt, and
 * names languages that the model does not know. No letters, or nothing that speaks for any
 * language: "und".
 */
#include "analyze.h"

#include <errno.h>
#include <math.h>

#include "linear.h"
#include "script.h"
#include "utf8.h"

#define READ_BYTES   1600 /* of the text: 400 are enough, the rest outweighs an English quotation */
#define LETTERS_MIN  3    /* fewer say nothing */
#define HINT_ODDS    6.0F /* a declared language is so much more likely than before */
#define UNKNOWN_MAX  0.85F /* below this a declared language that the model lacks is believed */
#define EVIDENCE_MIN 0.12F /* below this the answer is "und" */

struct language {
    struct linear *model;
    struct features *features;
    float *scores;
    bool *allowed;
    struct buf text;
};

struct guess {
    char code[ARTICLE_LANGUAGE];
    float confidence;
};

static void language_close(void *state)
{
    struct language *l = state;
    if (!l)
        return;
    linear_close(l->model);
    features_free(l->features);
    free(l->scores);
    free(l->allowed);
    buf_free(&l->text);
    free(l);
}

static int language_open(const struct analyze_options *options, char why[ANALYZE_WHY], void **state)
{
    char reason[LINEAR_WHY];
    char *path = xasprintf("%s/language.model", options->models);
    struct language *l = xcalloc(1, sizeof(*l));
    int r = linear_open(path, reason, &l->model);
    if (r == 0 && linear_recipe(l->model)->kind != FEATURES_BYTES) {
        (void)snprintf(reason, sizeof(reason), "not a language model");
        r = -EBADMSG;
    }
    if (r != 0) {
        (void)snprintf(why, ANALYZE_WHY, "%.300s: %s", path, reason);
        language_close(l);
        l = NULL;
    } else {
        l->features = features_new(linear_recipe(l->model));
        l->scores = xcalloc(linear_classes(l->model) + 3, sizeof(*l->scores));
        l->allowed = xcalloc(linear_classes(l->model), sizeof(*l->allowed));
        *state = l;
    }
    free(path);
    return r;
}

/* Addresses, mentions and the like are in no language. */
static bool is_word(struct str word)
{
    return str_chr(word, '@') == SIZE_MAX && str_find(word, STR("://")) == SIZE_MAX &&
           !str_startsi(word, STR("www.")) && !str_starts(word, STR("#"));
}

static void put_words(struct str text, struct buf *out)
{
    text = utf8_upto(text, READ_BYTES);
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        while (end < text.len && (unsigned char)text.at[end] > ' ')
            end++;
        struct str word = {text.at + at, end - at};
        if (word.len > 0 && is_word(word)) {
            buf_puts(out, word);
            buf_putc(out, ' ');
        }
        at = end + 1;
    }
}

static void gather(const struct article *a, struct buf *out)
{
    buf_reset(out);
    put_words(a->text, out);
    if (out->len < READ_BYTES)
        put_words(a->headline, out);
    if (out->len < READ_BYTES && a->body.len > 0)
        put_words(a->summary, out);
}

/* One name for the written standards of Norwegian, and for withdrawn codes. */
static const char *canonical(const char *code)
{
    static const char *const same[][2] = {
        {"nb", "no"}, {"nn", "no"}, {"iw", "he"}, {"in", "id"}, {"ji", "yi"}};
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        if (strcmp(code, same[i][0]) == 0)
            return same[i][1];
    }
    return code;
}

static void set_guess(struct guess *g, const char *code, float confidence)
{
    (void)snprintf(g->code, sizeof(g->code), "%s", code);
    g->confidence = confidence;
}

/* Among the languages of the script. False when the model knows none of them. */
static bool ask_model(struct language *l, enum script script, const char *declared, struct guess *g)
{
    const struct feature *features;
    size_t classes = linear_classes(l->model), best = SIZE_MAX, candidates = 0;
    features_add(l->features, buf_str(&l->text));
    size_t count = features_take(l->features, linear_idf(l->model), &features);
    linear_score(l->model, features, count, l->scores);
    for (size_t c = 0; c < classes; c++) {
        const char *name = linear_class(l->model, c)->name;
        l->allowed[c] = script_allows(script, name);
        candidates += l->allowed[c];
        if (strcmp(name, declared) == 0)
            l->scores[c] += logf(HINT_ODDS) / linear_slope(l->model);
    }
    if (candidates == 0)
        return false;
    linear_calibrate(l->model, l->allowed, l->scores);
    for (size_t c = 0; c < classes; c++) {
        if (l->allowed[c] && (best == SIZE_MAX || l->scores[c] > l->scores[best]))
            best = c;
    }
    set_guess(g, linear_class(l->model, best)->name, l->scores[best]);
    return true;
}

static bool model_knows(const struct language *l, const char *code)
{
    for (size_t c = 0; c < linear_classes(l->model); c++) {
        if (strcmp(linear_class(l->model, c)->name, code) == 0)
            return true;
    }
    return false;
}

static void identify(struct language *l, const char *declared, struct guess *g)
{
    struct script_share script = script_of(buf_str(&l->text), READ_BYTES);
    const char *sole = script_language(script.script);
    bool hint = declared[0] != '\0' && strcmp(declared, "und") != 0;
    set_guess(g, "und", 0);
    if (script.letters < LETTERS_MIN)
        return;
    if (sole)
        set_guess(g, sole, script.share);
    else if (ask_model(l, script.script, declared, g))
        g->confidence *= script.share;
    bool known = model_knows(l, declared) || (sole && strcmp(sole, declared) == 0);
    if (hint && !known && !sole && script_allows(script.script, declared) &&
        g->confidence < UNKNOWN_MAX)
        set_guess(g, declared, 0.5F);
    else if (g->confidence < EVIDENCE_MIN)
        set_guess(g, "und", 0);
}

static void language_run(void *state, struct article *a, json_t *record)
{
    struct language *l = state;
    struct guess g;
    gather(a, &l->text);
    identify(l, canonical(a->language), &g);
    json_object_set_new(
        analyze_part(record), "language",
        json_pack("{ss so}", "code", g.code, "confidence", analyze_confidence(g.confidence)));
    if (strcmp(g.code, "und") == 0)
        return; /* what was declared stays the best that is known */
    (void)snprintf(a->language, sizeof(a->language), "%s", g.code);
    if (!json_object_get(analyze_item(record), "language"))
        json_object_set_new(analyze_item(record), "language", json_string(g.code));
}

static const char *language_model(void *state)
{
    const struct language *l = state;
    return linear_name(l->model);
}

const struct analyzer analyzer_language = {
    .name = "language",
    .version = "1",
    .open = language_open,
    .run = language_run,
    .model = language_model,
    .close = language_close,
};
