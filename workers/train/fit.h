/*
 * Training: texts to vectors, vectors to weights by LIBLINEAR's dual coordinate descent (L2-loss
 * SVC, one class against the rest), weights to int8, margins to confidences on texts held out. The
 * same corpus gives the same bytes.
 */
#ifndef DATELINE_FIT_H
#define DATELINE_FIT_H

#include "corpus.h"
#include "linear.h"

struct fit_options {
    const char *name; /* of the model */
    struct features_recipe recipe;
    bool idf;
    double c, eps;
    double
        class_weight; /* exponent of N / (K n_k), the weight of a class with n_k texts; 0: none */
    double evidence_texts;              /* n / (n + this) is a class's evidence; 0: 1 */
    void (*progress)(const char *what); /* may be NULL */
};

/* Appends the model file to out. -EINVAL when there are fewer than three classes. */
int fit_model(const struct corpus *corpus, const struct fit_options *options, struct buf *out);

struct fit_score {
    size_t texts, right, right_of_two;
    double macro_f1, calibration_error;
    size_t *confusion; /* [want][got], classes x classes; the caller frees it */
};

/* How the model does on texts; a text of a class that the model lacks is wrong. */
void fit_measure(const struct linear *model, const struct corpus *corpus, struct fit_score *out);

#endif
