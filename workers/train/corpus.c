#include "corpus.h"

#include <errno.h>
#include <jansson.h>
#include <xxhash.h>
#include <zlib.h>

#include "limits.h"
#include "utf8.h"

#define HOLD_ONE_IN 10

size_t corpus_class(const struct corpus *corpus, const char *name)
{
    for (size_t i = 0; i < corpus->class_count; i++) {
        if (strcmp(corpus->classes[i], name) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* Keeps the names sorted; texts that point behind the new one move along. */
static size_t add_class(struct corpus *c, const char *name)
{
    size_t at = 0;
    while (at < c->class_count && strcmp(c->classes[at], name) < 0)
        at++;
    c->classes = xrealloc(c->classes, (c->class_count + 1) * sizeof(*c->classes));
    for (size_t i = c->class_count; i > at; i--)
        c->classes[i] = c->classes[i - 1];
    c->classes[at] = xstrdup(name);
    c->class_count++;
    for (size_t i = 0; i < c->count; i++)
        c->texts[i].class += c->texts[i].class >= at;
    return at;
}

static void add_text(struct corpus *c, struct corpus_text text)
{
    if (c->count == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 4096;
        c->texts = xrealloc(c->texts, c->cap * sizeof(*c->texts));
    }
    c->texts[c->count++] = text;
}

static void add_cuts(struct corpus *c, const size_t *cuts, struct corpus_text whole)
{
    struct str text = str_of(whole.text);
    for (; cuts && *cuts; cuts++) {
        size_t end = utf8_offset(text, *cuts);
        if (end >= text.len)
            continue;
        whole.text = str_dup(str_upto(text, end));
        whole.lead = false;
        add_text(c, whole);
    }
}

static const char *add_line(struct corpus *c, const struct corpus_form *form, const json_t *line)
{
    const char *label = json_string_value(json_object_get(line, form->label_key));
    const char *title = json_string_value(json_object_get(line, "title"));
    const char *text = json_string_value(json_object_get(line, "text"));
    if (!label || !text)
        return "line without label or text";
    if (str_starts(str_of(label), str_of(form->label_prefix)))
        label += strlen(form->label_prefix);
    if (form->wanted && !form->wanted(label))
        return NULL;
    if (c->count >= LIMIT_TRAIN_TEXTS)
        return "too many texts";
    size_t class = corpus_class(c, label);
    if (class == SIZE_MAX)
        class = add_class(c, label);
    struct corpus_text whole = {.class = class, .lead = true};
    whole.text = title && title[0] ? xasprintf("%s\n%s", title, text) : xstrdup(text);
    whole.held = XXH3_64bits(text, strlen(text)) % HOLD_ONE_IN == 0;
    add_text(c, whole);
    add_cuts(c, form->cuts, whole);
    return NULL;
}

/* One line without its end; 1, 0 at the end of the file, negative errno. */
static int read_line(gzFile file, struct buf *line)
{
    buf_reset(line);
    for (;;) {
        buf_reserve(line, 65536);
        if (!gzgets(file, line->at + line->len, 65536)) {
            int code;
            (void)gzerror(file, &code);
            if (code != Z_OK && code != Z_STREAM_END)
                return -EBADMSG;
            return line->len > 0 ? 1 : 0;
        }
        line->len += strlen(line->at + line->len);
        if (line->len > 0 && line->at[line->len - 1] == '\n')
            return 1;
        if (line->len > LIMIT_ITEM_JSON)
            return -EMSGSIZE;
    }
}

static int read_lines(struct corpus *c, gzFile file, const char *path,
                      const struct corpus_form *form, char why[CORPUS_WHY])
{
    struct buf line = BUF_NONE;
    const char *bad = NULL;
    size_t number = 0;
    int r;
    while ((r = read_line(file, &line)) > 0 && !bad) {
        number++;
        json_t *json = json_loadb(line.at, line.len, 0, NULL);
        bad = json ? add_line(c, form, json) : "not JSON";
        json_decref(json);
    }
    buf_free(&line);
    if (bad || r < 0) {
        (void)snprintf(why, CORPUS_WHY, "%.300s:%zu: %s", path, number, bad ? bad : strerror(-r));
        return r < 0 ? r : -EBADMSG;
    }
    return 0;
}

int corpus_read(struct corpus *corpus, const char *path, const struct corpus_form *form,
                char why[CORPUS_WHY])
{
    gzFile file = gzopen(path, "rb");
    if (!file) {
        int code = errno ? errno : ENOMEM;
        (void)snprintf(why, CORPUS_WHY, "%.300s: %s", path, strerror(code));
        return -code;
    }
    int r = read_lines(corpus, file, path, form, why);
    (void)gzclose_r(file);
    return r;
}

/* ------------------------------------------------------------------------------- word lists */

#define WORDS_A_LIST 256
#define WORDS_LINE   65536

/* As few and as many telling words as short items have. */
static const size_t words_a_text[] = {1, 3, 6};

static void add_neighbours(struct corpus *c, size_t class, const struct str *words, size_t count,
                           size_t first, size_t wanted)
{
    struct buf text = BUF_NONE;
    for (size_t i = 0; i < wanted; i++) {
        buf_puts(&text, str_trim(words[(first + i) % count]));
        buf_putc(&text, ' ');
    }
    add_text(c, (struct corpus_text){.class = class, .text = str_dup(buf_str(&text))});
    buf_free(&text);
}

static void add_words(struct corpus *c, size_t class, struct str list)
{
    struct str words[WORDS_A_LIST];
    size_t count = 0;
    while (count < WORDS_A_LIST && str_cut(&list, ',', &words[count]))
        count++;
    for (size_t k = 0; k < ARRAY_LEN(words_a_text); k++) {
        for (size_t first = 0; first < count; first++)
            add_neighbours(c, class, words, count, first, words_a_text[k]);
    }
}

static const char *add_words_line(struct corpus *c, struct str line)
{
    struct str name;
    line = str_trim(line);
    if (line.len == 0 || line.at[0] == '#')
        return NULL;
    if (!str_cut(&line, ':', &name) || line.len == 0)
        return "not a class, a colon and words";
    char *z = str_dup(str_trim(name));
    size_t class = corpus_class(c, z);
    free(z);
    if (class == SIZE_MAX)
        return "no text of this class";
    add_words(c, class, line);
    return NULL;
}

int corpus_read_words(struct corpus *corpus, const char *path, char why[CORPUS_WHY])
{
    char *line = NULL;
    size_t cap = 0, number = 0;
    ssize_t len;
    const char *bad = NULL;
    FILE *file = fopen(path, "re");
    if (!file) {
        int code = errno;
        (void)snprintf(why, CORPUS_WHY, "%.300s: %s", path, strerror(code));
        return -code;
    }
    while (!bad && (len = getline(&line, &cap, file)) >= 0) {
        number++;
        bad = len > WORDS_LINE ? "line too long"
                               : add_words_line(corpus, (struct str){line, (size_t)len});
    }
    free(line);
    (void)fclose(file);
    if (bad)
        (void)snprintf(why, CORPUS_WHY, "%.300s:%zu: %s", path, number, bad);
    return bad ? -EBADMSG : 0;
}

void corpus_done(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++)
        free(corpus->texts[i].text);
    for (size_t i = 0; i < corpus->class_count; i++)
        free(corpus->classes[i]);
    free(corpus->texts);
    free(corpus->classes);
    *corpus = (struct corpus){0};
}
