#include "fit.h"

#include <math.h>

#define BINS 10

struct tally {
    double confidence[BINS];
    size_t right[BINS], texts;
};

static void two_best(const float *scores, size_t classes, size_t best[2])
{
    best[0] = scores[1] > scores[0];
    best[1] = !best[0];
    for (size_t c = 2; c < classes; c++) {
        if (scores[c] > scores[best[0]]) {
            best[1] = best[0];
            best[0] = c;
        } else if (scores[c] > scores[best[1]]) {
            best[1] = c;
        }
    }
}

static void measure_one(const struct linear *m, struct features *f, const struct corpus *c,
                        const struct corpus_text *text, float *scores, struct tally *tally,
                        struct fit_score *out)
{
    const struct feature *lent;
    size_t best[2], got[2];
    features_add(f, str_of(text->text));
    size_t n = features_take(f, linear_idf(m), &lent);
    linear_score(m, lent, n, scores);
    linear_calibrate(m, NULL, scores);
    two_best(scores, linear_classes(m), best);
    for (size_t i = 0; i < 2; i++)
        got[i] = corpus_class(c, linear_class(m, best[i])->name);
    bool right = got[0] == text->class;
    size_t bin = (size_t)fminf(BINS - 1, scores[best[0]] * BINS);
    tally->confidence[bin] += (double)scores[best[0]];
    tally->right[bin] += right;
    out->texts++;
    out->right += right;
    out->right_of_two += right || got[1] == text->class;
    if (got[0] != SIZE_MAX)
        out->confusion[text->class * c->class_count + got[0]]++;
}

static double macro_f1(const size_t *confusion, size_t classes, const size_t *texts_of)
{
    double sum = 0;
    size_t present = 0;
    for (size_t k = 0; k < classes; k++) {
        size_t got = 0;
        for (size_t w = 0; w < classes; w++)
            got += confusion[w * classes + k];
        if (texts_of[k] == 0)
            continue;
        present++;
        sum += 2.0 * (double)confusion[k * classes + k] / (double)(texts_of[k] + got);
    }
    return present > 0 ? sum / (double)present : 0;
}

void fit_measure(const struct linear *model, const struct corpus *corpus, struct fit_score *out)
{
    struct tally tally = {0};
    struct features *f = features_new(linear_recipe(model));
    float *scores = xcalloc(linear_classes(model) + 3, sizeof(*scores));
    size_t *texts_of = xcalloc(corpus->class_count + 1, sizeof(*texts_of));
    *out = (struct fit_score){0};
    out->confusion =
        xcalloc(corpus->class_count * corpus->class_count + 1, sizeof(*out->confusion));
    for (size_t i = 0; i < corpus->count; i++) {
        measure_one(model, f, corpus, &corpus->texts[i], scores, &tally, out);
        texts_of[corpus->texts[i].class]++;
    }
    out->macro_f1 = macro_f1(out->confusion, corpus->class_count, texts_of);
    for (size_t b = 0; b < BINS; b++)
        out->calibration_error += fabs(tally.confidence[b] - (double)tally.right[b]) /
                                  (double)(corpus->count > 0 ? corpus->count : 1);
    features_free(f);
    free(scores);
    free(texts_of);
}
