/*
 * Topics: the seventeen first levels of IPTC Media Topics, by a linear model over words and byte
 * n-grams.
 *
 * The best topic is always given and a second beside it; more when they are likely. Order is the
 * model's; the confidence shown is also a matter of evidence: topics that hardly any training text
 * stands behind, and texts in languages that the model was not trained on, get a low one whatever
 * the margin.
 */
#include "analyze.h"

#include <errno.h>
#include <math.h>

#include "linear.h"
#include "topics.h"

#define TOPICS_MIN     2
#define TOPICS_MAX     4
#define LIKELY         0.10F /* confidence from which a third and fourth are given */
#define FOREIGN_FACTOR 0.25F /* of a text that is not in the language of the training texts */
#define MODEL_LANGUAGE "en"
#define CREATOR        "dateline"

struct classifier {
    struct linear *model;
    struct features *features;
    float *scores;
    const struct topic **topic; /* of each class */
};

struct ranked {
    size_t class;
    float confidence;
};

static void topics_close(void *state)
{
    struct classifier *t = state;
    if (!t)
        return;
    linear_close(t->model);
    features_free(t->features);
    free(t->scores);
    free(t->topic);
    free(t);
}

/* Every class must be a topic that we can name. */
static int bind_classes(struct classifier *t, char reason[LINEAR_WHY])
{
    size_t classes = linear_classes(t->model);
    t->topic = xcalloc(classes, sizeof(const struct topic *)); // NOLINT(bugprone-sizeof-expression)
    for (size_t c = 0; c < classes; c++) {
        t->topic[c] = topic_by_code(str_of(linear_class(t->model, c)->name));
        if (!t->topic[c]) {
            (void)snprintf(reason, LINEAR_WHY, "not a topics model");
            return -EBADMSG;
        }
    }
    return 0;
}

static int topics_open(const struct analyze_options *options, char why[ANALYZE_WHY], void **state)
{
    char reason[LINEAR_WHY];
    char *path = xasprintf("%s/topics.model", options->models);
    struct classifier *t = xcalloc(1, sizeof(*t));
    int r = linear_open(path, reason, &t->model);
    if (r == 0)
        r = bind_classes(t, reason);
    if (r != 0) {
        (void)snprintf(why, ANALYZE_WHY, "%.300s: %s", path, reason);
        topics_close(t);
        t = NULL;
    } else {
        t->features = features_new(linear_recipe(t->model));
        t->scores = xcalloc(linear_classes(t->model) + 3, sizeof(*t->scores));
        *state = t;
    }
    free(path);
    return r;
}

/* The best `max` classes, best first. */
static size_t rank(const struct classifier *t, struct ranked *out, size_t max)
{
    size_t count = 0;
    for (size_t c = 0; c < linear_classes(t->model); c++) {
        size_t at = count < max ? count++ : max;
        for (; at > 0 && out[at - 1].confidence < t->scores[c]; at--) {
            if (at < max)
                out[at] = out[at - 1];
        }
        if (at < max)
            out[at] = (struct ranked){c, t->scores[c]};
    }
    return count;
}

/* What the confidence is worth; never above that of the one before it, so that order and confidence
 * agree. */
static void weigh(const struct classifier *t, const char *language, struct ranked *ranked,
                  size_t count)
{
    bool foreign = language[0] != '\0' && strcmp(language, MODEL_LANGUAGE) != 0;
    for (size_t i = 0; i < count; i++) {
        ranked[i].confidence *= linear_class(t->model, ranked[i].class)->evidence;
        if (foreign)
            ranked[i].confidence *= FOREIGN_FACTOR;
        if (i > 0 && ranked[i].confidence > ranked[i - 1].confidence)
            ranked[i].confidence = ranked[i - 1].confidence;
    }
}

/* An item that went through before keeps what others said of it, not what we said. */
static json_t *subjects_of_others(const json_t *item)
{
    json_t *kept = json_array(), *subject;
    size_t i;
    json_array_foreach (json_object_get(item, "subjects"), i, subject) {
        const char *creator = json_string_value(json_object_get(subject, "creator"));
        if (!creator || strcmp(creator, CREATOR) != 0)
            json_array_append(kept, subject);
    }
    return kept;
}

static void write_topics(const struct classifier *t, const struct ranked *ranked, size_t count,
                         json_t *record)
{
    json_t *list = json_array(), *item = analyze_item(record), *subjects = subjects_of_others(item);
    for (size_t i = 0; i < count; i++) {
        const struct topic *topic = t->topic[ranked[i].class];
        float confidence = ranked[i].confidence;
        if (i >= TOPICS_MIN && confidence < LIKELY)
            break;
        json_array_append_new(list, json_pack("{ss ss so}", "uri", topic->uri, "name", topic->name,
                                              "confidence", analyze_confidence(confidence)));
        json_array_append_new(subjects, json_pack("{ss ss ss si}", "uri", topic->uri, "name",
                                                  topic->name, "creator", CREATOR, "confidence",
                                                  (int)lroundf(confidence * 100)));
    }
    json_object_set_new(analyze_part(record), "topics", list);
    json_object_set_new(item, "subjects", subjects);
}

static void topics_run(void *state, struct article *a, json_t *record)
{
    struct classifier *t = state;
    const struct feature *features;
    struct ranked ranked[TOPICS_MAX];
    features_add(t->features, a->headline);
    features_add(t->features, a->text);
    size_t n = features_take(t->features, linear_idf(t->model), &features);
    linear_score(t->model, features, n, t->scores);
    linear_calibrate(t->model, NULL, t->scores);
    size_t count = rank(t, ranked, TOPICS_MAX);
    weigh(t, a->language, ranked, count);
    write_topics(t, ranked, count, record);
}

static const char *topics_model(void *state)
{
    const struct classifier *t = state;
    return linear_name(t->model);
}

const struct analyzer analyzer_topics = {
    .name = "topics",
    .version = "1",
    .open = topics_open,
    .run = topics_run,
    .model = topics_model,
    .close = topics_close,
};
