/*
 * Labelled texts for training, from gzipped JSON lines: {"id", "label" or "language", "title",
 * "text"}.
 */
#ifndef DATELINE_CORPUS_H
#define DATELINE_CORPUS_H

#include "str.h"

#define CORPUS_WHY 512

struct corpus_text {
    size_t class; /* index into corpus.classes */
    char *text;   /* title and text */
    bool lead;    /* counts as evidence; false for cuts and copies of another */
    bool held;    /* held out for calibration; a text and its cuts are held together */
};

struct corpus {
    struct corpus_text *texts;
    size_t count, cap;
    char **classes; /* sorted by name, so that the order of the file does not matter */
    size_t class_count;
};

struct corpus_form {
    const char *label_key;             /* "label" */
    const char *label_prefix;          /* "medtop:", taken off */
    bool (*wanted)(const char *label); /* NULL: all */
    const size_t *cuts; /* lengths in code points that a text is also cut to, 0 ends; NULL: none */
};

/* Appends a file. Lines without a label or a text are an error: training data is ours. 0 or a
 * negative errno, and the reason. */
int corpus_read(struct corpus *corpus, const char *path, const struct corpus_form *form,
                char why[CORPUS_WHY]);
/* Appends short texts made of word lists, lines of "class: word, words, …" (# begins a comment):
 * each word with its neighbours. They teach words and count as no evidence. Classes that the corpus
 * does not have yet are an error. */
int corpus_read_words(struct corpus *corpus, const char *path, char why[CORPUS_WHY]);
/* Index of a class, or SIZE_MAX. */
size_t corpus_class(const struct corpus *corpus, const char *name);
void corpus_done(struct corpus *corpus);

#endif
