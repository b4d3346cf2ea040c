#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "show.h"

#define FIRST_LINE "dateline-key-1"
#define CREDENTIAL "credential:"
#define PATH_SHOWN 200 /* columns of it in an error */

/* ---- errors */

__attribute__((format(printf, 4, 5))) static int
complain(char why[KEY_WHY], int code, const char *where, const char *format, ...)
{
    struct buf text = BUF_NONE;
    va_list args;
    show_fit(&text, str_of(where), PATH_SHOWN);
    buf_putz(&text, ": ");
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    snprintf(why, KEY_WHY, "%s", buf_cstr(&text));
    buf_free(&text);
    return code;
}

/* ---- keys and names */

bool key_is(struct str text)
{
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    char copy[KEY_TEXT];
    uint8_t bytes[32];
    if (text.len != sizeof copy - 1)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == '\0' || !strchr(alphabet, text.at[i]))
            return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    bool fits = zmq_z85_decode(bytes, copy) != NULL; /* five characters may be too large a number */
    explicit_bzero(bytes, sizeof bytes);
    explicit_bzero(copy, sizeof copy);
    return fits;
}

bool key_is_name(struct str text)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-@";
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == '\0' || !strchr(allowed, text.at[i]))
            return false;
    return text.len > 0 && text.len <= LIMIT_KEY_NAME;
}

int key_make(const char *name, struct key_pair *out)
{
    struct key_pair pair = {0};
    snprintf(pair.name, sizeof pair.name, "%s", name);
    do { /* a line that begins with '#' is a comment */
        if (zmq_curve_keypair(pair.public_key, pair.secret_key) != 0)
            return -errno;
    } while (pair.public_key[0] == '#');
    *out = pair;
    key_wipe(&pair);
    return 0;
}

void key_wipe(struct key_pair *pair)
{
    explicit_bzero(pair->secret_key, sizeof pair->secret_key);
}

/* ---- files */

/* The path that `where` stands for, which the caller frees; or NULL with `why`. */
static char *path_of(const char *where, char why[KEY_WHY])
{
    struct str name = str_from(str_of(where), sizeof CREDENTIAL - 1);
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (!str_starts(str_of(where), STR(CREDENTIAL)))
        return xstrdup(where);
    if (!key_is_name(name) || name.at[0] == '.')
        complain(why, 0, where, "is not the name of a credential");
    else if (!folder || folder[0] != '/')
        complain(why, 0, where,
                 "this process was given no credentials (LoadCredential= in its unit)");
    else
        return xasprintf("%s/%s", folder, name.at);
    return NULL;
}

int key_open_file(const char *where, unsigned forbidden, char why[KEY_WHY])
{
    struct stat st = {0};
    char *path = path_of(where, why);
    if (!path)
        return -ENOENT;
    /* O_NONBLOCK: a pipe of that name must not hold us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int error = fd < 0 || fstat(fd, &st) != 0 ? errno : 0;
    free(path);
    /* The service manager lets one user in by an access list, whose mask shows as the group's bits. */
    if (str_starts(str_of(where), STR(CREDENTIAL)))
        forbidden &= 07;
    int r = 0;
    if (error)
        r = complain(why, -error, where, "cannot be read: %s", strerror(error));
    else if (!S_ISREG(st.st_mode))
        r = complain(why, -EBADMSG, where, "is not a file");
    else if (st.st_mode & forbidden)
        r = complain(why, -EPERM, where, "its mode %04o lets others %s it; chmod %s would do",
                     st.st_mode & 07777, forbidden & 04 ? "read" : "write",
                     forbidden & 04 ? "600" : "644");
    if (r == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return r;
}

/* Into memory of ours, so that nothing of a secret stays behind in the heap. The length, or a negative errno.
 */
static ssize_t read_small(const char *where, unsigned forbidden, char text[LIMIT_KEY_FILE + 1],
                          char why[KEY_WHY])
{
    size_t len = 0;
    ssize_t n = 0;
    int fd = key_open_file(where, forbidden, why);
    if (fd < 0)
        return fd;
    while (len < LIMIT_KEY_FILE + 1 && (n = read(fd, text + len, LIMIT_KEY_FILE + 1 - len)) != 0) {
        if (n < 0 && errno != EINTR)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    int error = errno;
    close(fd);
    if (n < 0)
        return complain(why, -error, where, "cannot be read: %s", strerror(error));
    if (len > LIMIT_KEY_FILE)
        return complain(why, -EBADMSG, where, "is too long for a key file");
    return (ssize_t)len;
}

/* The next line that counts. */
static bool next_line(struct str *rest, struct str *out)
{
    while (str_cut(rest, '\n', out)) {
        *out = str_trim(*out);
        if (out->len > 0 && out->at[0] != '#')
            return true;
    }
    return false;
}

/* The value behind "name: "; false when the line is of another name. */
static bool value_of(struct str line, struct str name, struct str *out)
{
    if (!str_starts(line, name) || line.len <= name.len || line.at[name.len] != ':')
        return false;
    *out = str_trim(str_from(line, name.len + 1));
    return true;
}

static bool take_key(struct str value, char out[KEY_TEXT])
{
    if (!key_is(value) || out[0])
        return false;
    memcpy(out, value.at, value.len);
    out[value.len] = '\0';
    return true;
}

/* NULL, or what is wrong. */
static const char *parse_key(struct str text, struct key_pair *out)
{
    struct str line, value;
    if (!next_line(&text, &line) || !str_is(line, FIRST_LINE))
        return "is not a key file (dateline keygen makes one); its first line is not " FIRST_LINE;
    while (next_line(&text, &line)) {
        if (value_of(line, STR("name"), &value)) {
            if (!key_is_name(value))
                return "has a name that is none: letters, digits and ._-@";
            memcpy(out->name, value.at, value.len);
            out->name[value.len] = '\0';
        } else if (value_of(line, STR("public"), &value)) {
            if (!take_key(value, out->public_key))
                return "its public key is not one key of 40 characters";
        } else if (value_of(line, STR("secret"), &value)) {
            if (!take_key(value, out->secret_key))
                return "its secret key is not one key of 40 characters";
        } else {
            return "has a line that is none of name, public, secret";
        }
    }
    return out->public_key[0] && out->secret_key[0] ? NULL : "lacks its public or its secret key";
}

static bool belong_together(const struct key_pair *pair)
{
    char public_key[KEY_TEXT];
    return zmq_curve_public(public_key, pair->secret_key) == 0 &&
           strcmp(public_key, pair->public_key) == 0;
}

int key_read(const char *where, struct key_pair *out, char why[KEY_WHY])
{
    char text[LIMIT_KEY_FILE + 1];
    struct key_pair pair = {0};
    ssize_t len = read_small(where, 077, text, why);
    int r = len < 0 ? (int)len : 0;
    const char *wrong = r == 0 ? parse_key((struct str){text, (size_t)len}, &pair) : NULL;
    if (r == 0 && !wrong && !belong_together(&pair))
        wrong = "its public and its secret key do not belong together";
    if (wrong)
        r = complain(why, -EBADMSG, where, "%s", wrong);
    if (r == 0)
        *out = pair;
    key_wipe(&pair);
    explicit_bzero(text, sizeof text);
    return r;
}

int key_read_public(const char *where, char out[KEY_TEXT], char why[KEY_WHY])
{
    char text[LIMIT_KEY_FILE + 1];
    struct str line, key = STR_NONE;
    if (key_is(str_of(where))) {
        memcpy(out, where, KEY_TEXT);
        return 0;
    }
    ssize_t len = read_small(where, 0, text, why);
    if (len < 0)
        return (int)len;
    struct str rest = {text, (size_t)len};
    int r = 0;
    if (next_line(&rest, &line) && str_cut(&line, ' ', &key) && key_is(key)) {
        memcpy(out, key.at, key.len);
        out[key.len] = '\0';
    } else if (str_is(key, FIRST_LINE)) {
        r = complain(
            why, -EBADMSG, where,
            "holds a secret, which stays where it was made; the file ending in .pub is meant");
    } else {
        r = complain(why, -EBADMSG, where, "does not begin with a public key");
    }
    explicit_bzero(text, sizeof text);
    return r;
}

/* ---- writing */

void key_put_line(struct buf *out, const struct key_pair *pair, const char *roles)
{
    buf_printf(out, "%s %s %s\n", pair->public_key, pair->name, roles);
}

static int write_all(int fd, const char *at, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno != EINTR)
            return -errno;
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) == 0 ? 0 : -errno;
}

/* A new file of exactly this mode, whatever the umask; gone again when it cannot be written. */
static int make_file(const char *path, mode_t mode, const char *text, size_t len, char why[KEY_WHY])
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 && errno == EEXIST)
        return complain(why, -EEXIST, path, "is there already, and keys are never overwritten");
    if (fd < 0)
        return complain(why, -errno, path, "cannot be made: %s", strerror(errno));
    int r = fchmod(fd, mode) == 0 ? write_all(fd, text, len) : -errno;
    if (close(fd) != 0 && r == 0)
        r = -errno;
    if (r == 0)
        return 0;
    (void)unlink(path);
    return complain(why, r, path, "cannot be written: %s", strerror(-r));
}

int key_write(const char *path, const struct key_pair *pair, const char *roles, char why[KEY_WHY])
{
    char text[LIMIT_KEY_FILE];
    struct buf line = BUF_NONE;
    char *public_path = xasprintf("%s.pub", path);
    int len = snprintf(text, sizeof text, FIRST_LINE "\nname: %s\npublic: %s\nsecret: %s\n",
                       pair->name, pair->public_key, pair->secret_key);
    key_put_line(&line, pair, roles);
    int r = make_file(public_path, 0644, line.at, line.len, why);
    if (r == 0) {
        r = make_file(path, 0600, text, (size_t)len, why);
        if (r < 0)
            (void)unlink(public_path);
    }
    explicit_bzero(text, sizeof text);
    buf_free(&line);
    free(public_path);
    return r;
}
