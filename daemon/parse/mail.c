#include "mail.h"

#include "charset.h"
#include "date.h"
#include "format.h"
#include "limits.h"
#include "mime.h"
#include "utf8.h"

/*
 * One mail, one item: a newsletter or an agency's copy. Its HTML is read as an article and its plain text as
 * wire copy, and the one with more words in it is the text: some newsletters send a link and no more as
 * plain text, others only there what is not a picture. What the header says is the item's own.
 */

struct mail {
    struct document *document;
    struct str header;
    struct buf subject, html, plain; /* UTF-8 */
    size_t parts;
};

/* Where the readers of articles and wire copy hand out to. */
struct caught {
    struct item *item;
};

bool mail_is(struct str bytes)
{
    static const char *const mailed[] = {"message-id", "mime-version", "received", "return-path",
                                         "delivered-to"};
    struct str header, body;
    struct buf value = BUF_NONE;
    bool is = false;
    size_t colon = str_chr(str_upto(bytes, 80), ':');
    if (colon == SIZE_MAX ||
        (str_chr(str_upto(bytes, colon), ' ') != SIZE_MAX && !str_starts(bytes, STR("From "))))
        return false;
    mime_split(str_upto(bytes, LIMIT_HEADERS), &header, &body);
    if (mime_field(header, "from", &value))
        for (size_t i = 0; i < ARRAY_LEN(mailed); i++)
            is = is || mime_field(header, mailed[i], &value);
    buf_free(&value);
    return is;
}

/* ---- parts */

static void take_text(struct buf *to, struct str header, struct str type, struct str body)
{
    struct buf encoding = BUF_NONE, charset = BUF_NONE, raw = BUF_NONE;
    struct charset_result decoded;
    mime_field(header, "content-transfer-encoding", &encoding);
    mime_parameter(type, "charset", &charset);
    mime_decode(buf_str(&encoding), body, &raw);
    charset_decode(buf_str(&raw), buf_str(&charset), &decoded);
    buf_puts(to, decoded.text);
    buf_free(&decoded.memory);
    buf_free(&encoding);
    buf_free(&charset);
    buf_free(&raw);
}

static bool is_attached(struct str header)
{
    struct buf value = BUF_NONE;
    mime_field(header, "content-disposition", &value);
    bool attached = str_startsi(buf_str(&value), STR("attachment"));
    buf_free(&value);
    return attached;
}

static void read_part(struct mail *m, struct str part, unsigned depth);

static void read_parts(struct mail *m, struct str type, struct str body, unsigned depth)
{
    struct buf boundary = BUF_NONE;
    struct str part;
    mime_parameter(type, "boundary", &boundary);
    while (m->parts < LIMIT_MAIL_PARTS && mime_part(&body, buf_str(&boundary), &part))
        read_part(m, part, depth + 1);
    buf_free(&boundary);
}

/* The first text of each kind counts: what follows are footers of lists, and forwarded mails. */
static void read_part(struct mail *m, struct str part, unsigned depth)
{
    struct str header, body;
    struct buf type = BUF_NONE;
    m->parts++;
    mime_split(part, &header, &body);
    if (!mime_field(header, "content-type", &type))
        buf_putz(&type, "text/plain");
    struct str said = buf_str(&type);
    if (str_startsi(said, STR("multipart/")) && depth < LIMIT_MAIL_DEPTH)
        read_parts(m, said, body, depth);
    else if (str_startsi(said, STR("text/html")) && m->html.len == 0 && !is_attached(header))
        take_text(&m->html, header, said, body);
    else if (str_startsi(said, STR("text/plain")) && m->plain.len == 0 && !is_attached(header))
        take_text(&m->plain, header, said, body);
    buf_free(&type);
}

/* ---- the text */

static int catch_item(void *ctx, const struct item *item)
{
    struct caught *caught = ctx;
    item_free(caught->item);
    caught->item = item_copy(item);
    return 0;
}

/* NULL when that reader finds nothing in it. */
static struct item *read_with(format_reader *reader, const struct mail *m, struct str text)
{
    struct caught caught = {0};
    const struct parse_out out = {.ctx = &caught, .on_item = catch_item};
    struct parse_report report = {0};
    struct document inner = *m->document;
    inner.text = text;
    inner.url = STR_NONE;
    inner.out = &out;
    inner.report = &report;
    if (text.len && reader(&inner) < 0) {
        item_free(caught.item);
        caught.item = NULL;
    }
    return caught.item;
}

static struct item *read_html(const struct mail *m)
{
    return read_with(article_read, m, buf_str(&m->html));
}

#define WRAPPED_LEN 50 /* bytes: a shorter line was ended by its writer */

/* Mails break their lines before the 79th character (RFC 5322, section 2.1.1), whatever they say; what
 * begins like the entry of a list stays on its own. */
static void put_unwrapped(struct str text, struct buf *out)
{
    struct str line;
    size_t before = 0;
    while (str_cut(&text, '\n', &line)) {
        line = utf8_trim(line);
        bool entry = line.len && (strchr("-*>#", line.at[0]) || (unsigned char)line.at[0] == 0xe2);
        buf_putc(out, before >= WRAPPED_LEN && line.len && !entry ? ' ' : '\n');
        buf_puts(out, line);
        if (line.len == 0)
            buf_putc(out, '\n');
        before = line.len;
    }
}

#define SIGNATURE_LINES 20
#define CHROME_LEN      240 /* bytes: a longer line is a paragraph, whatever word is in it */

/* RFC 3676, section 4.3: "-- " and what a sender has below each mail. Its blank is often lost. */
static struct str without_signature(struct str text)
{
    struct str rest = text, line;
    size_t at = 0, lines = 0, end = text.len;
    while (at = (size_t)(text.len - rest.len), str_cut(&rest, '\n', &line)) {
        line = utf8_trim(line);
        lines += line.len > 0;
        if (str_is(line, "--")) {
            end = at;
            lines = 0;
        }
    }
    return lines <= SIGNATURE_LINES ? str_upto(text, end) : text;
}

static bool has(struct str line, const char *word)
{
    return str_findi(line, str_of(word)) != SIZE_MAX;
}

/* What a newsletter says of itself: how to leave it, by the address that its header gives for that (RFC 2369)
 * or by the word, and where else it can be read. */
static bool is_about_the_mail(struct str line, struct str leave)
{
    if (line.len > CHROME_LEN)
        return false;
    return (leave.len && str_find(line, leave) != SIZE_MAX) || has(line, "unsubscribe") ||
           (has(line, "browser") && (has(line, "view") || has(line, "read") || has(line, "open")));
}

static void put_address_to_leave(const struct mail *m, struct buf *out)
{
    struct buf value = BUF_NONE;
    mime_field(m->header, "list-unsubscribe", &value);
    size_t at = str_findi(buf_str(&value), STR("<http"));
    if (at != SIZE_MAX) {
        struct str rest = str_from(buf_str(&value), at + 1);
        buf_puts(out, str_upto(rest, str_chr(rest, '>')));
    }
    buf_free(&value);
}

static void put_without_chrome(const struct mail *m, struct buf *out)
{
    struct buf leave = BUF_NONE;
    struct str rest = without_signature(buf_str(&m->plain)), line;
    put_address_to_leave(m, &leave);
    while (str_cut(&rest, '\n', &line)) {
        if (!is_about_the_mail(line, buf_str(&leave)))
            buf_puts(out, line);
        buf_putc(out, '\n');
    }
    buf_free(&leave);
}

/* The subject stands above it as the headline of a wire's copy does. */
static struct item *read_plain(const struct mail *m)
{
    struct buf text = BUF_NONE, clean = BUF_NONE;
    put_without_chrome(m, &clean);
    if (utf8_trim(buf_str(&clean)).len) {
        buf_puts(&text, buf_str(&m->subject));
        buf_putz(&text, "\n\n");
        put_unwrapped(buf_str(&clean), &text);
    }
    struct item *item = read_with(wirecopy_read, m, buf_str(&text));
    buf_free(&clean);
    buf_free(&text);
    return item;
}

#define ENOUGH_WORDS 100000

/* Plain text spells its links out: an address is one word here, as it is for utf8_words(). */
static size_t words_in(const struct item *item)
{
    return item ? utf8_words(item->field[ITEM_BODY], ENOUGH_WORDS) : 0;
}

/* ---- the header */

/* "Name <a@b>", "a@b (Name)", "a@b". */
static void put_sender(struct str from, struct buf *out)
{
    struct buf text = BUF_NONE;
    mime_text(from, &text);
    struct str s = utf8_trim(buf_str(&text));
    size_t angle = str_chr(s, '<'), round = str_chr(s, '(');
    if (angle != SIZE_MAX && angle > 0)
        s = str_upto(s, angle);
    else if (angle == SIZE_MAX && round != SIZE_MAX)
        s = str_upto(str_from(s, round + 1), str_chr(str_from(s, round + 1), ')'));
    for (s = utf8_trim(s); s.len; s = str_from(s, 1))
        if (!strchr("\"<>\\", s.at[0]))
            buf_putc(out, s.at[0]);
    buf_free(&text);
}

/* What stands between angle brackets, or all of it. */
static struct str in_angles(struct str s)
{
    size_t open = str_chr(s, '<');
    s = open == SIZE_MAX ? s : str_from(s, open + 1);
    return str_trim(str_upto(s, str_chr(s, '>')));
}

/* These fields are ASCII (RFC 5322, section 2.2); a byte that is not ends one. */
static struct str clean_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < ' ' || (unsigned char)s.at[i] >= 0x7f)
            return str_upto(s, i);
    return s;
}

struct said {
    struct buf id, sender, date, link, language, scratch;
};

static void read_header(struct mail *m, struct said *said)
{
    struct buf *scratch = &said->scratch;
    mime_field(m->header, "message-id", &said->id);
    mime_field(m->header, "date", &said->date);
    mime_field(m->header, "archived-at", &said->link); /* RFC 5064 */
    mime_field(m->header, "content-language", &said->language);
    mime_field(m->header, "from", scratch);
    put_sender(buf_str(scratch), &said->sender);
}

static void read_subject(struct mail *m)
{
    struct buf raw = BUF_NONE, text = BUF_NONE;
    mime_field(m->header, "subject", &raw);
    mime_text(buf_str(&raw), &text);
    utf8_squash(buf_str(&text), &m->subject);
    buf_free(&raw);
    buf_free(&text);
}

static void said_done(struct said *said)
{
    buf_free(&said->id);
    buf_free(&said->sender);
    buf_free(&said->date);
    buf_free(&said->link);
    buf_free(&said->language);
    buf_free(&said->scratch);
}

static void set_if_none(struct item *item, enum item_field field, struct str text)
{
    if (item->field[field].len == 0)
        item->field[field] = text;
}

static int emit(struct mail *m, const struct item *text)
{
    struct said said = {0};
    struct item item = text ? *text : (struct item){0};
    read_header(m, &said);
    item.field[ITEM_GUID] = clean_ascii(in_angles(buf_str(&said.id)));
    struct str link = in_angles(buf_str(&said.link));
    if (str_startsi(link, STR("http://")) || str_startsi(link, STR("https://")))
        item.field[ITEM_LINK] = clean_ascii(link);
    if (m->subject.len) {
        item.field[ITEM_HEADLINE] = buf_str(&m->subject);
        item.flags &= ~(uint32_t)ITEM_HEADLINE_DERIVED;
    }
    set_if_none(&item, ITEM_BYLINE, buf_str(&said.sender));
    set_if_none(&item, ITEM_PUBLISHER, buf_str(&said.sender));
    set_if_none(&item, ITEM_LANGUAGE, clean_ascii(str_trim(buf_str(&said.language))));
    (void)date_parse(clean_ascii(buf_str(&said.date)), &item.published_at);
    int rc = parse_emit(m->document, &item);
    said_done(&said);
    return rc;
}

int mail_read(struct document *document)
{
    struct mail m = {.document = document};
    struct str body;
    mime_split(document->text, &m.header, &body);
    read_subject(&m);
    read_part(&m, document->text, 0);
    struct item *html = read_html(&m), *plain = read_plain(&m);
    struct item *text = words_in(html) > words_in(plain) ? html : plain;
    int rc = !text && m.subject.len == 0 ? parse_refuse(document, "a mail without any text")
                                         : emit(&m, text);
    item_free(html);
    item_free(plain);
    buf_free(&m.subject);
    buf_free(&m.html);
    buf_free(&m.plain);
    return rc;
}
