#include "conf_value.h"

#include <errno.h>

#include "limits.h"
#include "show.h"
#include "units.h"

void conf_quote(struct buf *out, struct str text)
{
    buf_putc(out, '\'');
    show_fit(out, text, 80);
    buf_putc(out, '\'');
}

static int is_not(struct buf *why, struct str text, const char *what)
{
    conf_quote(why, text);
    buf_printf(why, " is not %s", what);
    return -EINVAL;
}

static void put_number(struct buf *out, const struct conf_setting *setting, int64_t n)
{
    if (setting->type == CONF_DURATION)
        units_put_duration(out, n);
    else if (setting->type == CONF_SIZE)
        units_put_size(out, (uint64_t)n);
    else
        buf_printf(out, "%lld", (long long)n);
}

void conf_value_range(struct buf *out, const struct conf_setting *setting)
{
    put_number(out, setting, setting->min);
    buf_putz(out, " to ");
    put_number(out, setting, setting->max);
}

static int parse_number(const struct conf_setting *setting, struct str text, int64_t *out)
{
    uint64_t n = 0;
    if (setting->type == CONF_DURATION)
        return units_duration(text, out);
    int r = setting->type == CONF_SIZE ? units_size(text, &n) : str_u64(text, &n);
    if (r == 0 && n > INT64_MAX)
        r = -ERANGE;
    if (r == 0)
        *out = (int64_t)n;
    return r;
}

static int number(const struct conf_setting *setting, struct str text, int64_t *out,
                  struct buf *why)
{
    int64_t n = 0;
    if (setting->zero && str_is(text, setting->zero)) {
        *out = 0;
        return 0;
    }
    int r = parse_number(setting, text, &n);
    if (r == -EINVAL)
        return is_not(why, text,
                      setting->type == CONF_DURATION ? "a duration (such as 5s, 10m, 1h)"
                      : setting->type == CONF_SIZE   ? "a size (such as 64K, 8M, 1G)"
                                                     : "a whole number");
    if (r < 0 || n < setting->min || n > setting->max) {
        conf_quote(why, text);
        buf_putz(why, " is out of range (");
        conf_value_range(why, setting);
        buf_putc(why, ')');
        return -EINVAL;
    }
    *out = n;
    return 0;
}

static int word(const struct conf_setting *setting, struct str text, int *out, struct buf *why)
{
    const struct conf_word *w = setting->words;
    for (; w->word; w++)
        if (str_is(text, w->word)) {
            *out = w->value;
            return 0;
        }
    conf_quote(why, text);
    if (setting->noun)
        buf_printf(why, " is not a%s %s; %ss are ", strchr("aeiou", setting->noun[0]) ? "n" : "",
                   setting->noun, setting->noun);
    else
        buf_putz(why, " is not one of ");
    for (w = setting->words; w->word; w++)
        buf_printf(why, "%s%s", w == setting->words ? "" : ", ", w->word);
    return -EINVAL;
}

int conf_value_text(const struct conf_setting *setting, const char *dir, struct str text,
                    char **out, struct buf *why)
{
    int ignored;
    if (text.len == 0) {
        buf_putz(why, "is empty");
        return -EINVAL;
    }
    if (setting->words && word(setting, text, &ignored, why) < 0)
        return -EINVAL;
    if (setting->check && setting->check(text, why) < 0)
        return -EINVAL;
    bool path = setting->type == CONF_PATH || setting->type == CONF_PATHS;
    if (path && text.len > LIMIT_PATH)
        return is_not(why, text, "a path: it is too long");
    *out = path ? conf_absolute(dir, text) : str_dup(text);
    return 0;
}

char *conf_absolute(const char *dir, struct str path)
{
    while (str_starts(path, STR("./")))
        path = str_from(path, 2);
    if (path.len && path.at[0] == '/')
        return str_dup(path);
    bool root = str_is(str_of(dir), "/");
    return xasprintf("%s/%.*s", root ? "" : dir, STR_ARG(path));
}

static void replace(char **at, char *text)
{
    free(*at);
    *at = text;
}

int conf_value_put(const struct conf_setting *setting, const char *dir, struct str text, char *at,
                   struct buf *why)
{
    int64_t n = 0;
    int choice = 0;
    char *copy = NULL;
    bool yes = false;
    switch (setting->type) {
    case CONF_INT:
    case CONF_SIZE:
    case CONF_DURATION:
        if (number(setting, text, &n, why) < 0)
            return -EINVAL;
        if (setting->type == CONF_INT)
            *(unsigned *)(void *)at = (unsigned)n;
        else if (setting->type == CONF_SIZE)
            *(uint64_t *)(void *)at = (uint64_t)n;
        else
            *(int64_t *)(void *)at = n;
        return 0;
    case CONF_BOOL:
        if (units_bool(text, &yes) < 0)
            return is_not(why, text, "true or false");
        *(bool *)at = yes;
        return 0;
    case CONF_WORD:
        if (word(setting, text, &choice, why) < 0)
            return -EINVAL;
        *(int *)(void *)at = choice;
        return 0;
    case CONF_NAME:
    case CONF_TEXT:
    case CONF_PATH:
        if (conf_value_text(setting, dir, text, &copy, why) < 0)
            return -EINVAL;
        replace((char **)(void *)at, copy);
        return 0;
    case CONF_NAMES:
    case CONF_TEXTS:
    case CONF_PATHS:
    case CONF_SECTION:
    case CONF_RECORDS:
    case CONF_REFUSED:
        break;
    }
    return -EINVAL;
}
