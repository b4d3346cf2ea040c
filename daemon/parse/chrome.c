#include "chrome.h"

#include "utf8.h"

#define LINE_MAX 140 /* bytes: longer lines are text, however they begin */

/* By their first letters, case folded: spares most comparisons with the lists below. */
static bool begins_alike(struct str s, const char *z)
{
    return s.len && ((s.at[0] ^ z[0]) & ~0x20) == 0;
}

static bool one_of(struct str s, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (begins_alike(s, list[i]) && str_isi(s, list[i]))
            return true;
    return false;
}

static bool begins_with_one_of(struct str s, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (begins_alike(s, list[i]) && str_startsi(s, str_of(list[i])))
            return true;
    return false;
}

static bool is_known_line(struct str s)
{
    static const char *const WHOLE[] = {"advertisement",
                                        "advertisement - continue reading below",
                                        "advertising",
                                        "ad",
                                        "sponsored",
                                        "share this",
                                        "share this article",
                                        "share this post",
                                        "share this story",
                                        "share:",
                                        "link copied",
                                        "copy link",
                                        "subscribe now",
                                        "sign up",
                                        "read more",
                                        "read more:",
                                        "continue reading",
                                        "learn more",
                                        "related",
                                        "related:",
                                        "related articles",
                                        "related posts",
                                        "related stories",
                                        "related content",
                                        "related news",
                                        "recommended",
                                        "recommended for you",
                                        "more from",
                                        "more on this topic",
                                        "you may also like",
                                        "you might also like",
                                        "see also",
                                        "tags",
                                        "tags:",
                                        "topics",
                                        "comments",
                                        "leave a comment",
                                        "leave a reply",
                                        "follow us",
                                        "next",
                                        "previous",
                                        "back to top",
                                        "skip to content",
                                        "skip to main content",
                                        "loading...",
                                        "loading\xe2\x80\xa6",
                                        "table of contents",
                                        "in this article",
                                        "on this page",
                                        "jump to",
                                        "download our app",
                                        "most read",
                                        "most popular",
                                        "trending",
                                        "also read",
                                        "log in",
                                        "sign in",
                                        "contents",
                                        "cancel",
                                        "close",
                                        "menu",
                                        "post a comment",
                                        "no comments",
                                        "add a comment",
                                        "show comments",
                                        "view comments",
                                        "join the discussion",
                                        "report a typo",
                                        "print version",
                                        "short url",
                                        "to the top"};
    static const char *const START[] = {"share this ",
                                        "share on ",
                                        "share via ",
                                        "follow us on ",
                                        "follow us ",
                                        "subscribe to our ",
                                        "sign up for our ",
                                        "sign up to our ",
                                        "click here to subscribe",
                                        "read also:",
                                        "also read:",
                                        "related:",
                                        "read more:",
                                        "see also:",
                                        "tags:",
                                        "topic:",
                                        "topics:",
                                        "filed under",
                                        "posted in ",
                                        "getty images",
                                        "download our app",
                                        "short url",
                                        "permalink",
                                        "print this ",
                                        "email this ",
                                        "download the app",
                                        "get our app",
                                        "we use cookies",
                                        "this site uses cookies",
                                        "join our newsletter"};
    return one_of(s, WHOLE, ARRAY_LEN(WHOLE)) || begins_with_one_of(s, START, ARRAY_LEN(START));
}

/* A row of sharing services and buttons, with or without counts: "Facebook 12 Twitter Print". */
static bool is_share_row(struct str s)
{
    static const char *const WORDS[] = {
        "share",     "tweet",       "print",     "email",         "e-mail",    "mail",
        "save",      "copy",        "link",      "pin",           "facebook",  "twitter",
        "x",         "linkedin",    "whatsapp",  "telegram",      "pinterest", "reddit",
        "vk",        "vkontakte",   "ok",        "odnoklassniki", "viber",     "line",
        "wechat",    "weibo",       "messenger", "tumblr",        "flipboard", "google",
        "google+",   "livejournal", "rss",       "bluesky",       "mastodon",  "threads",
        "instagram", "youtube",     "skype",     "pocket",        "subscribe", "bookmark",
        "like",      "follow",      "more",      "via",           "on",        "|",
        "\xc2\xb7",  "+",           "sms"};
    unsigned words = 0, names = 0;
    struct str word;
    while (str_cut(&s, ' ', &word)) {
        word = str_trim(word);
        if (word.len == 0)
            continue;
        bool number = true;
        for (size_t i = 0; i < word.len; i++)
            number = number && ((word.at[i] >= '0' && word.at[i] <= '9') || word.at[i] == ',');
        if (!number && !one_of(word, WORDS, ARRAY_LEN(WORDS)))
            return false;
        words++;
        names += !number && word.len > 1;
    }
    return names > 0 && words <= 24;
}

/* "12 comments", "Views: 1204", "0Comments", "5 min read", "14:05". */
static bool is_counter(struct str s)
{
    static const char *const UNITS[] = {
        "comments", "comment",  "views",       "view",         "shares",    "share",
        "likes",    "min read", "minute read", "minutes read", "min. read", "reads",
        "replies",  "votes",    "reactions",   "followers",    "mins read"};
    size_t digits = 0;
    while (digits < s.len &&
           ((s.at[digits] >= '0' && s.at[digits] <= '9') || strchr(",.:kK", s.at[digits])))
        digits++;
    if (digits == s.len)
        return digits > 0 && digits <= 8;
    if (digits && s.at[0] >= '0' && s.at[0] <= '9')
        return one_of(str_trim(str_from(s, digits)), UNITS, ARRAY_LEN(UNITS));
    size_t colon = str_chr(s, ':');
    if (colon == SIZE_MAX || !one_of(str_upto(s, colon), UNITS, ARRAY_LEN(UNITS)))
        return false;
    s = str_trim(str_from(s, colon + 1));
    for (size_t i = 0; i < s.len; i++)
        if ((s.at[i] < '0' || s.at[i] > '9') && s.at[i] != ',')
            return false;
    return true;
}

bool chrome_is_line(struct str line)
{
    line = utf8_trim(line);
    if (line.len == 0 || line.len > LINE_MAX)
        return false;
    return is_known_line(line) || is_share_row(line) || is_counter(line) || chrome_is_credit(line);
}

bool chrome_is_legal(struct str line)
{
    if (line.len > 400)
        return false;
    if (str_findi(line, STR("all rights reserved")) != SIZE_MAX)
        return true;
    /* "© 2026 Example": the year tells it from a picture's credit */
    static const char *const SIGNS[] = {"\xc2\xa9 ",      "\xc2\xa9",   "copyright \xc2\xa9 ",
                                        "copyright (c) ", "copyright ", "(c) "};
    for (size_t i = 0; i < ARRAY_LEN(SIGNS); i++)
        if (str_startsi(line, str_of(SIGNS[i]))) {
            struct str rest = str_from(line, strlen(SIGNS[i]));
            if (str_starts(rest, STR("20")) || str_starts(rest, STR("19")))
                return true;
        }
    return false;
}

bool chrome_is_credit(struct str line)
{
    static const char *const START[] = {
        "photo:",        "photo by ",   "photos by ", "photo credit", "image:",  "image credit",
        "image source:", "photograph:", "picture:",   "video:",       "credit:", "\xc2\xa9 ",
        "(c) ",          "[photo",      "(photo",     "file photo",   "\xc2\xa9"};
    return line.len <= LINE_MAX && !chrome_is_legal(line) &&
           begins_with_one_of(line, START, ARRAY_LEN(START));
}
