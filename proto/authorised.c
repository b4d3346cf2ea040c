#include "authorised.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "show.h"
#include "slurp.h"

#define PATH_SHOWN 200 /* columns of it in an error */

static const struct {
    const char *name;
    enum authorised_role role;
} roles[] = {{"worker", ROLE_WORKER},
             {"subscriber", ROLE_SUBSCRIBER},
             {"publisher", ROLE_PUBLISHER},
             {"operator", ROLE_OPERATOR}};

struct authorised {
    struct authorised_key *keys; /* hash, by key */
};

struct place {
    const char *file;
    unsigned line;
    char *why;
};

/* `text`, when there is some, is quoted in front of what is wrong with it. */
__attribute__((format(printf, 3, 4))) static int complain(const struct place *at, struct str text,
                                                          const char *format, ...)
{
    struct buf line = BUF_NONE;
    va_list args;
    show_fit(&line, str_of(at->file), PATH_SHOWN);
    buf_printf(&line, ":%u: ", at->line);
    if (text.at)
        conf_quote(&line, text);
    va_start(args, format);
    buf_vprintf(&line, format, args);
    va_end(args);
    snprintf(at->why, KEY_WHY, "%s", buf_cstr(&line));
    buf_free(&line);
    return -EBADMSG;
}

/* The next word of a line; false at its end. */
static bool take_word(struct str *rest, struct str *out)
{
    size_t end = 0;
    *rest = str_trim(*rest);
    while (end < rest->len && rest->at[end] != ' ' && rest->at[end] != '\t')
        end++;
    *out = str_upto(*rest, end);
    *rest = str_from(*rest, end);
    return out->len > 0;
}

static unsigned role_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        if (str_is(name, roles[i].name))
            return roles[i].role;
    return 0;
}

int authorised_roles(struct str text, unsigned *out)
{
    unsigned set = 0;
    struct str name;
    if (text.len == 0 || text.at[text.len - 1] == ',')
        return -EINVAL;
    while (str_cut(&text, ',', &name)) {
        unsigned role = role_of(name);
        if (!role)
            return -EINVAL;
        set |= role;
    }
    *out = set;
    return 0;
}

/* A day begins at 00:00 UTC. */
static int read_until(struct str text, int64_t *out)
{
    char time[CLOCK_TEXT] = "";
    if (text.len >= sizeof time)
        return -EINVAL;
    snprintf(time, sizeof time, "%.*s%s", STR_ARG(text),
             text.len == sizeof "2027-01-01" - 1 ? "T00:00:00Z" : "");
    return clock_parse(time, out);
}

static int parse_line(struct authorised_key *key, const struct place *at, struct str line)
{
    struct str word;
    take_word(&line, &word);
    if (!key_is(word))
        return complain(at, word, " is not a public key (40 characters, from dateline keygen)");
    memcpy(key->key, word.at, word.len);
    if (!take_word(&line, &word))
        return complain(at, STR_NONE, "the key has no name behind it");
    if (!key_is_name(word))
        return complain(at, word, " is not a name (letters, digits and ._-@, %d at most)",
                        LIMIT_KEY_NAME);
    memcpy(key->name, word.at, word.len);
    if (!take_word(&line, &word))
        return complain(at, STR_NONE, "no role is given (worker, subscriber, publisher, operator)");
    if (authorised_roles(word, &key->roles) != 0)
        return complain(at, word, " is not a role (worker, subscriber, publisher, operator)");
    key->until = INT64_MAX;
    while (take_word(&line, &word)) {
        if (!str_starts(word, STR("until=")) || key->until != INT64_MAX)
            return complain(at, word,
                            " is not understood (only until= may follow the roles, once)");
        if (read_until(str_from(word, sizeof "until=" - 1), &key->until) != 0)
            return complain(at, word,
                            " is not a time (until=2027-01-01, until=2027-01-01T12:00:00Z)");
    }
    return 0;
}

static int add_line(struct authorised *list, const struct place *at, struct str line)
{
    const struct authorised_key *same;
    struct authorised_key *key = xcalloc(1, sizeof *key);
    key->line = at->line;
    int r = parse_line(key, at, line);
    if (r == 0 && (same = authorised_find(list, key->key)))
        r = complain(at, STR_NONE, "the same key stands on line %u", same->line);
    else if (r == 0 && HASH_COUNT(list->keys) == LIMIT_AUTHORISED_KEYS)
        r = complain(at, STR_NONE, "more than %d keys", LIMIT_AUTHORISED_KEYS);
    if (r < 0) {
        free(key);
        return r;
    }
    HASH_ADD_STR(list->keys, key, key);
    return 0;
}

int authorised_parse(struct str text, const char *file, struct authorised **out, char why[KEY_WHY])
{
    struct authorised *list = xcalloc(1, sizeof *list);
    struct place at = {file, 0, why};
    struct str line;
    int r = 0;
    while (r == 0 && str_cut(&text, '\n', &line)) {
        at.line++;
        line = str_trim(line);
        if (line.len > 0 && line.at[0] != '#')
            r = add_line(list, &at, line);
    }
    if (r == 0)
        *out = list;
    else
        authorised_free(list);
    return r;
}

int authorised_read(const char *where, struct authorised **out, char why[KEY_WHY])
{
    struct buf text = BUF_NONE;
    int fd = key_open_file(where, 02, why);
    if (fd < 0)
        return fd;
    int r = slurp_fd(fd, LIMIT_AUTHORISED_BYTES, &text);
    close(fd);
    if (r < 0) {
        struct buf name = BUF_NONE;
        show_fit(&name, str_of(where), PATH_SHOWN);
        snprintf(why, KEY_WHY, "%s: cannot be read: %s", buf_cstr(&name), strerror(-r));
        buf_free(&name);
    } else {
        r = authorised_parse(buf_str(&text), where, out, why);
    }
    buf_free(&text);
    return r;
}

void authorised_free(struct authorised *list)
{
    struct authorised_key *key, *next;
    if (!list)
        return;
    HASH_ITER (hh, list->keys, key, next) {
        HASH_DEL(list->keys, key);
        free(key);
    }
    free(list);
}

const struct authorised_key *authorised_find(const struct authorised *list, const char *key)
{
    struct authorised_key *found = NULL;
    if (list)
        HASH_FIND_STR(list->keys, key, found);
    return found;
}

unsigned authorised_count(const struct authorised *list)
{
    return list ? HASH_COUNT(list->keys) : 0;
}
