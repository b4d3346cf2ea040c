#include "table.h"

#include <assert.h>
#include <stdlib.h>

#include "show.h"

#define COLUMNS_MAX 16 /* of one table of ours */
#define GAP         2  /* blanks between two columns */
#define LEAST       8  /* columns that a shrinking cell keeps */

struct cell {
    char *text; /* as it is shown: harmless */
    size_t columns;
    enum human_tone tone;
};

struct table {
    const struct table_column *columns;
    size_t width;
    struct cell *cells;
    size_t count, cap;
    size_t widths[COLUMNS_MAX]; /* of the parts that were rendered */
    bool begun;
};

struct table *table_new(const struct table_column *columns, size_t count)
{
    assert(count > 0 && count <= COLUMNS_MAX);
    struct table *table = xcalloc(1, sizeof *table);
    table->columns = columns;
    table->width = count;
    return table;
}

static void drop_rows(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i].text);
    table->count = 0;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    drop_rows(table);
    free(table->cells);
    free(table);
}

void table_put(struct table *table, enum human_tone tone, struct str text)
{
    struct buf shown = BUF_NONE;
    show_put(&shown, text);
    if (table->count == table->cap) {
        table->cap = table->cap ? table->cap * 2 : 64;
        table->cells = xrealloc(table->cells, table->cap * sizeof *table->cells);
    }
    table->cells[table->count++] =
        (struct cell){str_dup(buf_str(&shown)), show_columns(buf_str(&shown)), tone};
    buf_free(&shown);
}

/* Widest cell of each column; then the shrinking ones give way, the widest first, until it fits. */
static void measure(struct table *t, size_t width)
{
    size_t sum = GAP * (t->width - 1), *out = t->widths;
    for (size_t i = 0; i < t->width; i++) {
        size_t title = show_columns(str_of(t->columns[i].title));
        out[i] = out[i] > title ? out[i] : title;
        for (size_t c = i; c < t->count; c += t->width)
            if (t->cells[c].columns > out[i])
                out[i] = t->cells[c].columns;
        sum += out[i];
    }
    while (sum > width) {
        size_t widest = COLUMNS_MAX;
        for (size_t i = 0; i < t->width; i++)
            if (t->columns[i].shrinks && out[i] > LEAST &&
                (widest == COLUMNS_MAX || out[i] > out[widest]))
                widest = i;
        if (widest == COLUMNS_MAX)
            return;
        out[widest]--;
        sum--;
    }
}

static void pad(struct buf *out, size_t blanks)
{
    while (blanks-- > 0)
        buf_putc(out, ' ');
}

static void put_cell(struct buf *out, const struct table_column *column, size_t width, bool last,
                     struct str text, enum human_tone tone)
{
    struct buf fitted = BUF_NONE;
    show_fit(&fitted, text, width);
    size_t used = show_columns(buf_str(&fitted));
    size_t blanks = width > used ? width - used : 0;
    if (column->right)
        pad(out, blanks);
    if (tone != HUMAN_PLAIN)
        buf_putz(out, human_tone(tone));
    buf_puts(out, buf_str(&fitted));
    if (tone != HUMAN_PLAIN)
        buf_putz(out, human_tone(HUMAN_PLAIN));
    if (!column->right && !last)
        pad(out, blanks);
    buf_free(&fitted);
    if (last)
        buf_putc(out, '\n');
    else
        pad(out, GAP);
}

static void render_tabs(const struct table *t, struct buf *out)
{
    for (size_t i = 0; i < t->width && !t->begun; i++)
        buf_printf(out, "%s%c", t->columns[i].title, i + 1 < t->width ? '\t' : '\n');
    for (size_t c = 0; c < t->count; c++)
        buf_printf(out, "%s%c", t->cells[c].text, (c + 1) % t->width ? '\t' : '\n');
}

static void render_aligned(const struct table *t, bool colours, struct buf *out)
{
    for (size_t i = 0; i < t->width && !t->begun; i++)
        put_cell(out, &t->columns[i], t->widths[i], i + 1 == t->width, str_of(t->columns[i].title),
                 colours ? HUMAN_BOLD : HUMAN_PLAIN);
    for (size_t c = 0; c < t->count; c++) {
        size_t i = c % t->width;
        put_cell(out, &t->columns[i], t->widths[i], i + 1 == t->width, str_of(t->cells[c].text),
                 colours ? t->cells[c].tone : HUMAN_PLAIN);
    }
}

void table_render(struct table *t, size_t width, bool colours, struct buf *out)
{
    assert(t->count % t->width == 0);
    if (width == 0) {
        render_tabs(t, out);
    } else {
        measure(t, width);
        render_aligned(t, colours, out);
    }
    t->begun = true;
    drop_rows(t);
}

void table_print(struct table *t, FILE *to)
{
    struct buf out = BUF_NONE;
    table_render(t, human_width(to), human_colours(to), &out);
    (void)fwrite(out.at, 1, out.len, to);
    buf_free(&out);
}
