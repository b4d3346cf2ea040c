#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <unistd.h>
#include <xxhash.h>

#include "linear.h"

enum { BITS = 8, BUCKETS = 1 << BITS };

static const struct features_recipe recipe = {.kind = FEATURES_WORDS,
                                              .bits = BITS,
                                              .gram_min = 4,
                                              .gram_max = 5,
                                              .word_weight = 4,
                                              .text_max = 1000};

/* A model of three classes whose class c likes bucket b as far as weights says. */
static void encode(const int8_t *weights, const uint8_t *idf, struct buf *out)
{
    static const struct linear_class classes[] = {
        {"one", 0.5F, 0.25F, 1}, {"two", 1, 0, 0.5F}, {"three", 2, 0, 1}};
    struct linear_spec spec = {.name = "test-1",
                               .recipe = recipe,
                               .classes = 3,
                               .class = classes,
                               .idf = idf,
                               .weights = weights,
                               .slope = 2};
    linear_encode(&spec, out);
}

static struct buf sound_model(void)
{
    static int8_t weights[BUCKETS][3];
    struct buf file = BUF_NONE;
    weights[7][0] = 4;
    weights[7][1] = -3;
    weights[9][2] = 127;
    encode(&weights[0][0], NULL, &file);
    return file;
}

/* Puts the right checksum on a file that was tampered with. */
static void seal(struct buf *file)
{
    uint64_t sum = XXH3_64bits(file->at + 32, file->len - 32);
    memcpy(file->at + 24, &sum, sizeof(sum));
}

static void put32(struct buf *file, size_t at, uint32_t v)
{
    memcpy(file->at + at, &v, sizeof(v));
}

static void assert_refused(struct buf *file, const char *reason)
{
    char why[LINEAR_WHY] = "";
    struct linear *m = NULL;
    assert_int_equal(linear_of(buf_str(file), why, &m), -EBADMSG);
    assert_null(m);
    assert_string_equal(why, reason);
    buf_free(file);
}

static void a_model_comes_back_as_it_was_written(void **state)
{
    (void)state;
    char why[LINEAR_WHY];
    struct linear *m;
    struct buf file = sound_model();
    assert_int_equal(linear_of(buf_str(&file), why, &m), 0);
    assert_string_equal(linear_name(m), "test-1");
    assert_int_equal(linear_classes(m), 3);
    assert_string_equal(linear_class(m, 1)->name, "two");
    assert_true(linear_class(m, 1)->evidence == 0.5F);
    assert_memory_equal(linear_recipe(m), &recipe, sizeof(recipe));
    assert_null(linear_idf(m));
    linear_close(m);
    buf_free(&file);
}

static void scores_are_weights_times_values_scaled_plus_bias(void **state)
{
    (void)state;
    char why[LINEAR_WHY];
    float scores[6];
    struct linear *m;
    struct buf file = sound_model();
    const struct feature features[] = {{7, 0.5F}, {9, 1}};
    assert_int_equal(linear_of(buf_str(&file), why, &m), 0);
    linear_score(m, features, 2, scores);
    assert_true(fabsf(scores[0] - (4 * 0.5F * 0.5F + 0.25F)) < 1e-6F);
    assert_true(fabsf(scores[1] - -1.5F) < 1e-6F);
    assert_true(fabsf(scores[2] - 254) < 1e-4F);
    linear_close(m);
    buf_free(&file);
}

static void confidences_sum_to_one_over_the_allowed_classes(void **state)
{
    (void)state;
    char why[LINEAR_WHY];
    float scores[6] = {1, 3, 1};
    const bool allowed[] = {true, false, true};
    struct linear *m;
    struct buf file = sound_model();
    assert_int_equal(linear_of(buf_str(&file), why, &m), 0);
    linear_calibrate(m, allowed, scores);
    assert_true(fabsf(scores[0] - 0.5F) < 1e-6F);
    assert_true(scores[1] == 0);
    assert_true(fabsf(scores[2] - 0.5F) < 1e-6F);
    linear_close(m);
    buf_free(&file);
}

static void a_file_is_opened_and_read(void **state)
{
    (void)state;
    char why[LINEAR_WHY], path[] = "/tmp/dateline-model-XXXXXX";
    struct linear *m;
    struct buf file = sound_model();
    int fd = mkstemp(path);
    assert_true(write(fd, file.at, file.len) == (ssize_t)file.len);
    close(fd);
    assert_int_equal(linear_open(path, why, &m), 0);
    assert_string_equal(linear_class(m, 2)->name, "three");
    linear_close(m);
    unlink(path);
    buf_free(&file);
}

static void a_missing_file_says_so(void **state)
{
    (void)state;
    char why[LINEAR_WHY];
    struct linear *m = NULL;
    assert_int_equal(linear_open("/nonexistent/model", why, &m), -ENOENT);
    assert_string_equal(why, "No such file or directory");
    assert_int_equal(linear_open("/dev/null", why, &m), -EBADMSG);
    assert_string_equal(why, "not a model file");
}

static void every_flipped_byte_is_noticed(void **state)
{
    (void)state;
    struct buf file = sound_model();
    for (size_t at = 0; at < file.len; at++) {
        char why[LINEAR_WHY];
        struct linear *m = NULL;
        file.at[at] = (char)(file.at[at] ^ 0x10);
        assert_int_equal(linear_of(buf_str(&file), why, &m), -EBADMSG);
        file.at[at] = (char)(file.at[at] ^ 0x10);
    }
    buf_free(&file);
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    struct buf file = sound_model();
    for (size_t len = 0; len < file.len; len++) {
        char why[LINEAR_WHY];
        struct linear *m = NULL;
        char *cut =
            str_dup((struct str){file.at, len}); /* so that a sanitizer sees a read behind it */
        assert_int_equal(linear_of((struct str){cut, len}, why, &m), -EBADMSG);
        free(cut);
    }
    buf_free(&file);
}

static void what_is_sealed_but_senseless_is_refused_by_name(void **state)
{
    (void)state;
    struct buf file = sound_model();
    put32(&file, 8, 2);
    assert_refused(&file, "written for another version of the model format");
    file = sound_model();
    put32(&file, 36, 31); /* bits */
    seal(&file);
    assert_refused(&file, "asks for features that this version does not make");
    file = sound_model();
    put32(&file, 56, 4); /* classes */
    seal(&file);
    assert_refused(&file, "tables do not fill the file");
    file = sound_model();
    put32(&file, 64, 0x7fc00000); /* slope: NaN */
    seal(&file);
    assert_refused(&file, "calibration out of range");
    file = sound_model();
    memcpy(file.at + 96, "two\0", 4); /* the first class's name */
    seal(&file);
    assert_refused(&file, "two classes of one name");
    file = sound_model();
    put32(&file, 96 + 28, 0x7f800000); /* its bias: infinite */
    seal(&file);
    assert_refused(&file, "class with numbers out of range");
}

static void the_same_spec_gives_the_same_bytes(void **state)
{
    (void)state;
    struct buf a = sound_model(), b = sound_model();
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.at, b.at, a.len);
    buf_free(&a);
    buf_free(&b);
}

/* ---- features */

static void assert_plain(enum features_kind kind, const char *text, const char *expected)
{
    struct buf out = BUF_NONE;
    features_plain(kind, str_of(text), 1000, &out);
    assert_string_equal(buf_cstr(&out), expected);
    buf_free(&out);
}

static void capitals_digits_and_punctuation_are_made_plain(void **state)
{
    (void)state;
    assert_plain(FEATURES_WORDS, "ÉTAT d'urgence, 2026!", " état d urgence 0000 ");
    assert_plain(FEATURES_BYTES, "ÉTAT d'urgence, 2026!", " état d urgence ");
    assert_plain(FEATURES_BYTES, "  \n ", "");
    assert_plain(FEATURES_BYTES, "", "");
}

static void marks_stay_with_their_letters(void **state)
{
    (void)state;
    assert_plain(FEATURES_BYTES, "हिन्दी है", " हिन्दी है ");
}

static void a_vector_has_length_one_and_starts_anew(void **state)
{
    (void)state;
    const struct feature *v;
    float squares = 0;
    struct features *f = features_new(&recipe);
    features_add(f, STR("the quick brown fox"));
    features_add(f, STR("jumps over the lazy dog"));
    size_t n = features_take(f, NULL, &v);
    for (size_t i = 0; i < n; i++)
        squares += v[i].value * v[i].value;
    assert_true(fabsf(squares - 1) < 1e-4F);
    assert_int_equal(features_take(f, NULL, &v), 0);
    features_free(f);
}

static void only_so_much_text_is_read(void **state)
{
    (void)state;
    const struct feature *v;
    struct features_recipe small = recipe;
    small.text_max = 16;
    struct features *f = features_new(&small);
    features_add(f, STR("first words and then a very long tail of others"));
    size_t n = features_take(f, NULL, &v);
    features_add(f, STR("first words and then quite something else"));
    size_t other = features_take(f, NULL, &v);
    assert_true(n > 0);
    assert_int_equal(n, other);
    features_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_comes_back_as_it_was_written),
        cmocka_unit_test(scores_are_weights_times_values_scaled_plus_bias),
        cmocka_unit_test(confidences_sum_to_one_over_the_allowed_classes),
        cmocka_unit_test(a_file_is_opened_and_read),
        cmocka_unit_test(a_missing_file_says_so),
        cmocka_unit_test(every_flipped_byte_is_noticed),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(what_is_sealed_but_senseless_is_refused_by_name),
        cmocka_unit_test(the_same_spec_gives_the_same_bytes),
        cmocka_unit_test(capitals_digits_and_punctuation_are_made_plain),
        cmocka_unit_test(marks_stay_with_their_letters),
        cmocka_unit_test(a_vector_has_length_one_and_starts_anew),
        cmocka_unit_test(only_so_much_text_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
