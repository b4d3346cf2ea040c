#include "fit.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <linear.h> /* LIBLINEAR's; ours is "linear.h" */

#define SLOPE_MIN 0.1
#define SLOPE_MAX 100.0

struct vectors {
    struct feature_node **x; /* one a text, ends with index -1 */
    size_t count;
};

static void tell(const struct fit_options *o, const char *what)
{
    if (o->progress)
        o->progress(what);
}

/* ----------------------------------------------------------------------------------- vectors */

static int by_bucket(const void *a, const void *b)
{
    const struct feature *x = a, *y = b;
    return (x->bucket > y->bucket) - (x->bucket < y->bucket);
}

static struct feature_node *vector(struct features *f, const uint8_t *idf, const char *text,
                                   int bias)
{
    const struct feature *lent;
    features_add(f, str_of(text));
    size_t n = features_take(f, idf, &lent);
    struct feature *own = xcalloc(n + 1, sizeof(*own));
    memcpy(own, lent, n * sizeof(*own));
    qsort(own, n, sizeof(*own), by_bucket);
    struct feature_node *x = xcalloc(n + 2, sizeof(*x));
    for (size_t i = 0; i < n; i++)
        x[i] = (struct feature_node){(int)own[i].bucket + 1, (double)own[i].value};
    x[n] = (struct feature_node){bias, 1};
    x[n + 1].index = -1;
    free(own);
    return x;
}

static void make_vectors(const struct corpus *c, const struct fit_options *o, const uint8_t *idf,
                         struct vectors *out)
{
    struct features *f = features_new(&o->recipe);
    out->count = c->count;
    out->x = xcalloc(c->count, sizeof(struct feature_node *));
    for (size_t i = 0; i < c->count; i++)
        out->x[i] = vector(f, idf, c->texts[i].text, (1 << o->recipe.bits) + 1);
    features_free(f);
}

static void vectors_done(struct vectors *v)
{
    for (size_t i = 0; i < v->count; i++)
        free(v->x[i]);
    free(v->x);
}

/* log((1 + N) / (1 + n)) + 1 in sixteenths; the caller frees it. */
static uint8_t *make_idf(const struct corpus *c, const struct features_recipe *recipe)
{
    size_t buckets = (size_t)1 << recipe->bits;
    uint32_t *texts_with = xcalloc(buckets, sizeof(*texts_with));
    uint8_t *idf = xcalloc(buckets, sizeof(*idf));
    struct features *f = features_new(recipe);
    for (size_t i = 0; i < c->count; i++) {
        const struct feature *lent;
        features_add(f, str_of(c->texts[i].text));
        size_t n = features_take(f, NULL, &lent);
        for (size_t k = 0; k < n; k++)
            texts_with[lent[k].bucket]++;
    }
    for (size_t b = 0; b < buckets; b++) {
        double weight = log((1.0 + (double)c->count) / (1.0 + texts_with[b])) + 1;
        idf[b] = (uint8_t)fmin(255, round(weight * 16));
    }
    features_free(f);
    free(texts_with);
    return idf;
}

/* ----------------------------------------------------------------------------------- weights */

static void silent(const char *text)
{
    (void)text;
}

static void count_classes(const struct corpus *c, bool leads_only, size_t *out)
{
    for (size_t i = 0; i < c->count; i++)
        out[c->texts[i].class] += !leads_only || c->texts[i].lead;
}

/* One run of LIBLINEAR; the model is freed with free_and_destroy_model(). */
static struct model *solve(const struct corpus *c, const struct vectors *v,
                           const struct fit_options *o, bool all)
{
    size_t *texts_of = xcalloc(c->class_count, sizeof(*texts_of)), n = 0;
    double *y = xcalloc(c->count, sizeof(*y)), *weight = xcalloc(c->class_count, sizeof(*weight));
    struct feature_node **x = xcalloc(c->count, sizeof(struct feature_node *));
    int *label = xcalloc(c->class_count, sizeof(*label));
    count_classes(c, false, texts_of);
    for (size_t i = 0; i < c->count; i++) {
        if (c->texts[i].held && !all)
            continue;
        y[n] = (double)c->texts[i].class;
        x[n++] = v->x[i];
    }
    for (size_t k = 0; k < c->class_count; k++) {
        label[k] = (int)k;
        weight[k] = pow((double)c->count / (double)(c->class_count * texts_of[k]), o->class_weight);
    }
    struct problem problem = {(int)n, (1 << o->recipe.bits) + 1, y, x, 1};
    struct parameter parameter = {.solver_type = L2R_L2LOSS_SVC_DUAL,
                                  .eps = o->eps,
                                  .C = o->c,
                                  .nr_weight = (int)c->class_count,
                                  .weight_label = label,
                                  .weight = weight};
    set_print_string_function(silent);
    srand(1); // NOLINT(cert-msc32-c,cert-msc51-cpp): the solver shuffles with rand(), and shall do
              // it alike
    struct model *solved = train(&problem, &parameter);
    free(texts_of);
    free(y);
    free(x);
    free(weight);
    free(label);
    return solved;
}

/* The largest weight of a class is 127 steps. */
static void quantise(const struct model *solved, size_t classes, size_t buckets,
                     struct linear_class *class, int8_t *weights)
{
    assert((size_t)solved->nr_class == classes);
    for (size_t k = 0; k < classes; k++) {
        size_t c = (size_t)solved->label[k];
        double largest = 1e-9;
        for (size_t b = 0; b < buckets; b++)
            largest = fmax(largest, fabs(solved->w[b * classes + k]));
        for (size_t b = 0; b < buckets; b++)
            weights[b * classes + c] = (int8_t)lround(solved->w[b * classes + k] / largest * 127);
        class[c].scale = (float)(largest / 127);
        class[c].bias = (float)solved->w[buckets * classes + k];
    }
}

static void write_model(const struct corpus *c, const struct fit_options *o,
                        const struct model *solved, const uint8_t *idf, float slope,
                        struct buf *out)
{
    size_t buckets = (size_t)1 << o->recipe.bits;
    size_t *texts_of = xcalloc(c->class_count, sizeof(*texts_of));
    struct linear_class *class = xcalloc(c->class_count, sizeof(*class));
    int8_t *weights = xcalloc(buckets, c->class_count);
    count_classes(c, true, texts_of);
    quantise(solved, c->class_count, buckets, class, weights);
    for (size_t k = 0; k < c->class_count; k++) {
        double texts = (double)texts_of[k];
        class[k].evidence = texts > 0 ? (float)(texts / (texts + o->evidence_texts)) : 0;
        (void)snprintf(class[k].name, sizeof(class[k].name), "%s", c->classes[k]);
    }
    struct linear_spec spec = {o->name, o->recipe, c->class_count, class, idf, weights, slope};
    linear_encode(&spec, out);
    free(texts_of);
    free(class);
    free(weights);
}

/* ------------------------------------------------------------------------------- calibration */

/* Mean -log of the confidence in what is right. */
static double loss(const float *scores, const size_t *want, size_t count, size_t classes,
                   double slope)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const float *s = scores + i * classes;
        double best = s[0], total = 0;
        for (size_t c = 1; c < classes; c++)
            best = fmax(best, s[c]);
        for (size_t c = 0; c < classes; c++)
            total += exp(slope * (s[c] - best));
        sum -= slope * (s[want[i]] - best) - log(total);
    }
    return count > 0 ? sum / (double)count : 0;
}

/* The loss has one valley in log(slope): golden section. */
static double best_slope(const float *scores, const size_t *want, size_t count, size_t classes)
{
    const double golden = 0.6180339887498949;
    double low = log(SLOPE_MIN), high = log(SLOPE_MAX);
    while (high - low > 1e-3) {
        double a = high - golden * (high - low), b = low + golden * (high - low);
        if (loss(scores, want, count, classes, exp(a)) < loss(scores, want, count, classes, exp(b)))
            high = b;
        else
            low = a;
    }
    return exp((low + high) / 2);
}

/* The slope for which the held-out texts are least surprising, under a model that has not seen
 * them. */
static double calibrate(const struct corpus *c, const struct fit_options *o, const struct linear *m)
{
    size_t classes = c->class_count, count = 0;
    struct features *f = features_new(&o->recipe);
    float *scores = xcalloc(c->count * classes + 4, sizeof(*scores));
    size_t *want = xcalloc(c->count, sizeof(*want));
    for (size_t i = 0; i < c->count; i++) {
        const struct feature *lent;
        if (!c->texts[i].held)
            continue;
        features_add(f, str_of(c->texts[i].text));
        size_t n = features_take(f, linear_idf(m), &lent);
        linear_score(m, lent, n,
                     scores +
                         count * classes); /* the padding falls on the next, or on the 4 spare */
        want[count++] = c->texts[i].class;
    }
    double slope = best_slope(scores, want, count, classes);
    features_free(f);
    free(scores);
    free(want);
    return slope;
}

static double held_out_slope(const struct corpus *c, const struct vectors *v,
                             const struct fit_options *o, const uint8_t *idf)
{
    struct buf trial = BUF_NONE;
    struct linear *m = NULL;
    char why[LINEAR_WHY];
    struct model *solved = solve(c, v, o, false);
    write_model(c, o, solved, idf, 1, &trial);
    free_and_destroy_model(&solved);
    int r = linear_of(buf_str(&trial), why, &m);
    assert(r == 0); /* we wrote it */
    double slope = calibrate(c, o, m);
    linear_close(m);
    buf_free(&trial);
    return slope;
}

int fit_model(const struct corpus *corpus, const struct fit_options *options, struct buf *out)
{
    struct vectors v;
    if (corpus->class_count < 3 || corpus->class_count > LINEAR_CLASSES_MAX)
        return -EINVAL;
    tell(options, "counting features");
    uint8_t *idf = options->idf ? make_idf(corpus, &options->recipe) : NULL;
    make_vectors(corpus, options, idf, &v);
    tell(options, "training without the held-out texts, to calibrate");
    double slope = held_out_slope(corpus, &v, options, idf);
    tell(options, "training on all texts");
    struct model *solved = solve(corpus, &v, options, true);
    write_model(corpus, options, solved, idf, (float)slope, out);
    free_and_destroy_model(&solved);
    vectors_done(&v);
    free(idf);
    return 0;
}
