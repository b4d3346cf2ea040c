/* What feed and page have in common: they are asked by URL. */
#include "kind.h"

#include <errno.h>

#include "clock.h"
#include "limits.h"
#include "log.h"
#include "selector.h"

static bool is_plain(struct str url)
{
    for (size_t i = 0; i < url.len; i++) {
        unsigned char c = (unsigned char)url.at[i];
        if (c <= 0x20 || c == 0x7f)
            return false;
    }
    return true;
}

/* Only a page has links to pick, only a sitemap a past to leave out. */
static int check_own(const struct source_def *def, char why[SOURCE_WHY])
{
    const char *const texts[] = {def->links, def->skip};
    struct selector selector;
    char reason[SELECTOR_WHY];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (!texts[i])
            continue;
        const char *key = i ? "skip" : "links";
        if (strcmp(def->kind, "page") != 0)
            snprintf(why, SOURCE_WHY, "%s: only a page has links to pick", key);
        else if (strlen(texts[i]) > LIMIT_SELECTOR)
            snprintf(why, SOURCE_WHY, "%s: longer than %d bytes", key, LIMIT_SELECTOR);
        else if (selector_read(str_of(texts[i]), &selector, reason) != 0)
            snprintf(why, SOURCE_WHY, "%s: %s", key, reason);
        else
            continue;
        return -EINVAL;
    }
    return 0;
}

int ask_check(const struct source_def *def, char why[SOURCE_WHY])
{
    struct str url = str_of(def->url);
    if (!str_startsi(url, STR("http://")) && !str_startsi(url, STR("https://")))
        snprintf(why, SOURCE_WHY, "url: an http:// or https:// address is needed, not %s",
                 log_safe(str_upto(url, 80)));
    else if (url.len > LIMIT_URL)
        snprintf(why, SOURCE_WHY, "url: longer than %d bytes", LIMIT_URL);
    else if (!is_plain(url))
        snprintf(why, SOURCE_WHY, "url: a blank or a control character in it");
    else if (def->path)
        snprintf(why, SOURCE_WHY, "path: a %s has a url instead", def->kind);
    else
        return check_own(def, why);
    return -EINVAL;
}

void ask_start(struct source *source)
{
    schedule_start(&source->schedule, source->def.every_us, clock_now(),
                   sources_chance(source->sources));
    sources_plan(source);
}

void ask_due(struct source *source)
{
    source->phase = SOURCE_UNDER_WAY;
    sources_note_ask(source, true);
    source->asks++;
    schedule_asked(&source->schedule, clock_now());
    struct source_event event = {
        .type = SOURCE_ASK,
        .source = source,
        .url = source->adopted ? source->adopted : source->def.url,
        .etag = source->etag,
        .last_modified = source->last_modified,
    };
    sources_up(source, &event);
}
