#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "fit.h"
#include "script.h"
#include "topics.h"

#define CONFUSIONS 10

/* One thing that can be trained: where its texts are and how it is fitted. */
struct kind {
    const char *name;
    struct corpus_form train, test; /* of train.jsonl.gz and dev.jsonl.gz */
    struct fit_options fit;
};

struct options {
    const struct kind *kind;
    const char *data, *words, *out;
    bool eval;
};

static bool is_topic(const char *label)
{
    return topic_by_code(str_of(label)) != NULL;
}

/* Languages that their script settles are none of the model's business. */
static bool is_open_language(const char *label)
{
    static const enum script shared[] = {SCRIPT_LATIN, SCRIPT_CYRILLIC, SCRIPT_ARABIC,
                                         SCRIPT_DEVANAGARI};
    for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
        if (script_allows(shared[i], label))
            return true;
    }
    return false;
}

static void progress(const char *what)
{
    (void)fprintf(stderr, "train: %s\n", what);
}

/* Short texts are another language than long ones: each is also seen cut. */
static const size_t language_cuts[] = {30, 60, 0};

static const struct kind kinds[] = {
    {.name = "topics",
     .train = {.label_key = "label", .label_prefix = "medtop:", .wanted = is_topic},
     .test = {.label_key = "label", .label_prefix = "medtop:", .wanted = is_topic},
     .fit = {.name = "topics-1",
             .recipe = {.kind = FEATURES_WORDS,
                        .bits = 17,
                        .gram_min = 4,
                        .gram_max = 5,
                        .word_weight = 16,
                        .text_max = 4000},
             .idf = true,
             .c = 0.3,
             .eps = 0.1,
             .class_weight = 0.5,
             .evidence_texts = 40,
             .progress = progress}},
    {.name = "language",
     .train = {.label_key = "language",
               .label_prefix = "",
               .wanted = is_open_language,
               .cuts = language_cuts},
     .test = {.label_key = "language", .label_prefix = "", .wanted = is_open_language},
     .fit = {.name = "language-1",
             .recipe = {.kind = FEATURES_BYTES,
                        .bits = 15,
                        .gram_min = 2,
                        .gram_max = 4,
                        .text_max = 800},
             .idf = true,
             .c = 1,
             .eps = 0.1,
             .progress = progress}},
};

/* Beside the target first: a reader sees the old model or the new one. */
static int write_file(const char *path, struct str bytes)
{
    char *beside = xasprintf("%s.new", path);
    FILE *file = fopen(beside, "wb");
    bool ok = file && fwrite(bytes.at, 1, bytes.len, file) == bytes.len && fflush(file) == 0 &&
              fsync(fileno(file)) == 0;
    int r = ok ? 0 : -errno;
    if (file && fclose(file) != 0 && r == 0)
        r = -errno;
    if (r == 0 && rename(beside, path) != 0)
        r = -errno;
    if (r != 0)
        (void)unlink(beside);
    free(beside);
    return r;
}

static void print_confusions(const struct corpus *c, size_t *confusion)
{
    for (int printed = 0; printed < CONFUSIONS; printed++) {
        size_t most = 0, at = 0;
        for (size_t i = 0; i < c->class_count * c->class_count; i++) {
            if (i / c->class_count != i % c->class_count && confusion[i] > most) {
                most = confusion[i];
                at = i;
            }
        }
        if (most == 0)
            return;
        printf("taken for another: %s as %s, %zu\n", c->classes[at / c->class_count],
               c->classes[at % c->class_count], most);
        confusion[at] = 0;
    }
}

static int evaluate(const struct options *o, const struct linear *model)
{
    struct corpus dev = {0};
    struct fit_score score;
    char why[CORPUS_WHY];
    char *path = xasprintf("%s/dev.jsonl.gz", o->data);
    int r = corpus_read(&dev, path, &o->kind->test, why);
    free(path);
    if (r != 0) {
        corpus_done(&dev);
        return command_fail(&train_command, EX_NOINPUT, "%s", why);
    }
    fit_measure(model, &dev, &score);
    double texts = score.texts > 0 ? (double)score.texts : 1;
    printf(
        "texts: %zu\naccuracy: %.4f\nwithin two: %.4f\nmacro-F1: %.4f\ncalibration error: %.4f\n",
        score.texts, (double)score.right / texts, (double)score.right_of_two / texts,
        score.macro_f1, score.calibration_error);
    print_confusions(&dev, score.confusion);
    free(score.confusion);
    corpus_done(&dev);
    return EX_OK;
}

/* Trains, writes; *bytes_out is the model's file. */
static int fit_and_write(const struct options *o, struct buf *bytes_out)
{
    struct corpus corpus = {0};
    char why[CORPUS_WHY];
    char *path = xasprintf("%s/train.jsonl.gz", o->data);
    int code = EX_OK, r = corpus_read(&corpus, path, &o->kind->train, why);
    if (r == 0 && o->words)
        r = corpus_read_words(&corpus, o->words, why);
    if (r != 0) {
        code = command_fail(&train_command, EX_NOINPUT, "%s", why);
    } else if (fit_model(&corpus, &o->kind->fit, bytes_out) != 0) {
        code = command_fail(&train_command, EX_DATAERR, "%s: %zu classes are too few or too many",
                            path, corpus.class_count);
    } else if (o->out && (r = write_file(o->out, buf_str(bytes_out))) != 0) {
        code = command_fail(&train_command, EX_CANTCREAT, "%s: %s", o->out, strerror(-r));
    }
    free(path);
    corpus_done(&corpus);
    return code;
}

static int train(const struct options *o)
{
    struct buf bytes = BUF_NONE;
    struct linear *model = NULL;
    char why[LINEAR_WHY];
    int code = fit_and_write(o, &bytes);
    if (code == EX_OK && linear_of(buf_str(&bytes), why, &model) != 0)
        code =
            command_fail(&train_command, EX_SOFTWARE, "the trained model cannot be read: %s", why);
    if (code == EX_OK && o->out)
        (void)fprintf(stderr, "train: wrote %s, %zu bytes, %zu classes\n", o->out, bytes.len,
                      linear_classes(model));
    if (code == EX_OK && o->eval)
        code = evaluate(o, model);
    linear_close(model);
    buf_free(&bytes);
    return code;
}

static const struct kind *kind_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

static int train_run(int argc, char **argv)
{
    static const struct option longs[] = {
        {"data", required_argument, NULL, 'd'}, {"words", required_argument, NULL, 'w'},
        {"out", required_argument, NULL, 'o'},  {"eval", no_argument, NULL, 'e'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0}};
    struct options o = {0};
    for (int c; (c = getopt_long(argc, argv, "d:w:o:eh", longs, NULL)) != -1;) {
        switch (c) {
        case 'd':
            o.data = optarg;
            break;
        case 'w':
            o.words = optarg;
            break;
        case 'o':
            o.out = optarg;
            break;
        case 'e':
            o.eval = true;
            break;
        case 'h':
            return command_usage(&train_command, EX_OK);
        default:
            return command_usage(&train_command, EX_USAGE);
        }
    }
    if (optind + 1 != argc || !(o.kind = kind_named(argv[optind])))
        return command_fail(&train_command, EX_USAGE, "say what to train: topics or language");
    if (!o.data)
        return command_fail(&train_command, EX_USAGE,
                            "--data DIR is needed: where train.jsonl.gz is");
    if (!o.out && !o.eval)
        return command_fail(&train_command, EX_USAGE, "give --out FILE, --eval, or both");
    return train(&o);
}

const struct command train_command = {
    .name = "train",
    .usage = "topics|language --data DIR [--words FILE] [--out FILE] [--eval]",
    .summary = "trains and measures the models that the topics and language analyzers use",
    .help = "  --data DIR   holds train.jsonl.gz, and dev.jsonl.gz for --eval: JSON lines with\n"
            "               label (language), title, text\n"
            "  --words FILE word lists, \"class: word, words\", taken as short texts more\n"
            "  --out FILE   write the model there; the same data gives the same file\n"
            "  --eval       print accuracy, macro-F1 and confusions on dev.jsonl.gz\n",
    .run = train_run,
};
