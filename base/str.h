/*
 * Text and growing buffers.
 *
 * `struct str` lends: a pointer and a length, not necessarily NUL-terminated, never freed by who
 * holds it. `struct buf` owns: it grows, and buf_free() ends it. Bytes from outside never meet
 * strlen(); the functions of the C library that need a terminator or write without a bound do not
 * compile where this header is seen.
 *
 * Allocations of a size we chose abort when memory is gone: the queue is durable and the service
 * manager starts us again. Sizes from outside are checked against base/limits.h before they come here.
 */
#ifndef DATELINE_STR_H
#define DATELINE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* These declare what is poisoned below, so they come first, whoever includes them again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct str {
    const char *at;
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NONE     ((struct str){NULL, 0})
/* For "%.*s". */
#define STR_ARG(s) (int)(s).len, (s).at ? (s).at : ""

/* z is a string of our own, or NULL (gives an empty str). */
struct str str_of(const char *z);
bool str_eq(struct str a, struct str b);
bool str_eqi(struct str a, struct str b); /* ASCII case folded */
bool str_is(struct str a, const char *z);
bool str_isi(struct str a, const char *z);
bool str_starts(struct str s, struct str prefix);
bool str_startsi(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Offset of the first occurrence, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle);
size_t str_findi(struct str s, struct str needle);
size_t str_chr(struct str s, char c);
/* s without its first n bytes / at most its first n bytes; n beyond the end is the end. */
struct str str_from(struct str s, size_t n);
struct str str_upto(struct str s, size_t n);
/* Without ASCII white space at both ends. */
struct str str_trim(struct str s);
/* Takes the text before the next `sep` off *rest (all of it when there is none); false when *rest is spent. */
bool str_cut(struct str *rest, char sep, struct str *out);
/* A decimal number and nothing else. 0, -EINVAL, -ERANGE. */
int str_u64(struct str s, uint64_t *out);
/* n in decimal, within `out`. */
#define STR_DIGITS 20
struct str str_digits(uint64_t n, char out[STR_DIGITS]);
/* The value of a hexadecimal digit, or -1. */
int str_hex(char c);
/* Takes a number of 1 to 8 bytes, least significant first, off *rest; false when *rest is shorter. */
bool str_take_le(struct str *rest, unsigned bytes, uint64_t *out);
/* Into `out`, in ASCII lower case and NUL-terminated; false when it does not fit. */
bool str_lower(struct str s, char *out, size_t size);
/* A NUL-terminated copy on the heap. */
char *str_dup(struct str s);

struct buf {
    char *at;
    size_t len, cap;
};

#define BUF_NONE ((struct buf){NULL, 0, 0})

void buf_reserve(struct buf *b, size_t more); /* room for `more` bytes and a NUL behind them */
void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, struct str s);
void buf_putz(struct buf *b, const char *z); /* a string of our own */
void buf_putc(struct buf *b, char c);
void buf_put_hex(struct buf *b, const void *bytes, size_t len); /* two digits a byte */
void buf_put_le(struct buf *b, uint64_t n, unsigned bytes);     /* least significant first */
void buf_put_u64(struct buf *b, uint64_t n);                    /* decimal */
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
void buf_reset(struct buf *b); /* empty, keeps its memory */
void buf_free(struct buf *b);
struct str buf_str(const struct buf *b);
/* NUL-terminated view; valid until the buffer changes. */
const char *buf_cstr(struct buf *b);

/* Says that memory is out, and aborts: what these do, and what a library's refusal comes to. */
_Noreturn void xnomem(void);
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *z);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#ifndef DATELINE_ALLOW_BANNED
/* Some of these are macros when the C library checks bounds. */
#undef strcpy
#undef strcat
#undef sprintf
#undef vsprintf
#undef strncpy
#undef strncat
#undef strtok
#undef gets
#undef gmtime
#undef localtime
#undef ctime
#undef asctime
#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strncat strtok gets gmtime localtime     \
    ctime asctime
#endif

#endif
