/*
 * Linear models over hashed features: one int8 weight a bucket and class, one scale a class, a
 * calibration. Applying one costs a multiply-add a feature and class and no memory.
 *
 * A model is one file that is mapped and lent, little-endian:
 *
 *     0  magic "DTLNLIN\n"     8  u32 format version     12  u32 header length
 *    16  u64 file length      24  u64 XXH3 of all bytes from 32 on
 *    32  u32 kind, bits, gram_min, gram_max, word_weight, text_max       (features.h)
 *    56  u32 classes          60  u32 flags (1: has an idf table)
 *    64  f32 slope            68  u32 reserved, 0
 *    72  name, 24 bytes, NUL-padded
 *    96  classes x { name 24 bytes, f32 scale, f32 bias, f32 evidence, u32 reserved, 0 }
 *        idf: u8 a bucket, when flagged
 *        weights: int8 [bucket][class], a bucket's row padded to a multiple of 4
 *
 * A change of this layout raises the format version; an older program then refuses the file by
 * name. Loading checks everything and trusts nothing: whatever the file, no later call reads
 * outside it.
 */
#ifndef DATELINE_LINEAR_H
#define DATELINE_LINEAR_H

#include "features.h"

#define LINEAR_NAME        24 /* bytes, the NUL included */
#define LINEAR_CLASSES_MAX 256
#define LINEAR_WHY         160

struct linear_class {
    char name[LINEAR_NAME];
    float scale; /* one step of an int8 weight */
    float bias;
    float evidence; /* 0..1: how far the training texts of this class carry */
};

struct linear;

/* Maps the file. 0; -EBADMSG when it is no model of this version, whole and sound, a negative errno
 * of opening it; the reason is in `why` then, in words for an operator. */
int linear_open(const char *path, char why[LINEAR_WHY], struct linear **out);
/* The same of bytes that the caller keeps as long as the model, aligned to 4. */
int linear_of(struct str bytes, char why[LINEAR_WHY], struct linear **out);
void linear_close(struct linear *m);

const char *linear_name(const struct linear *m);
const struct features_recipe *linear_recipe(const struct linear *m);
float linear_slope(const struct linear *m);
size_t linear_classes(const struct linear *m);
const struct linear_class *linear_class(const struct linear *m, size_t index);
const uint8_t *linear_idf(const struct linear *m); /* or NULL */

/* scores has room for linear_classes() + 3. */
void linear_score(const struct linear *m, const struct feature *features, size_t count,
                  float *scores);
/* Scores become confidences in place: softmax of slope * score over the classes that `allowed`
 * (NULL: all) names, the others 0. */
void linear_calibrate(const struct linear *m, const bool *allowed, float *scores);

/* What training hands over to be written. */
struct linear_spec {
    const char *name;
    struct features_recipe recipe;
    size_t classes;
    const struct linear_class *class;
    const uint8_t *idf;    /* 2^bits, or NULL */
    const int8_t *weights; /* [bucket][class], not padded */
    float slope;
};

/* Appends the file's bytes: the same spec gives the same bytes. */
void linear_encode(const struct linear_spec *spec, struct buf *out);

#endif
