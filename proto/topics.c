#include "topics.h"

#define TOPIC(code, name, slug)                                                                    \
    {                                                                                              \
        code, "http://cv.iptc.org/newscodes/mediatopic/" code, name, slug                          \
    }

const struct topic topics[] = {
    TOPIC("01000000", "arts, culture, entertainment and media", "arts"),
    TOPIC("02000000", "crime, law and justice", "crime"),
    TOPIC("03000000", "disaster, accident and emergency incident", "disaster"),
    TOPIC("04000000", "economy, business and finance", "economy"),
    TOPIC("05000000", "education", "education"),
    TOPIC("06000000", "environment", "environment"),
    TOPIC("07000000", "health", "health"),
    TOPIC("08000000", "human interest", "human-interest"),
    TOPIC("09000000", "labour", "labour"),
    TOPIC("10000000", "lifestyle and leisure", "lifestyle"),
    TOPIC("11000000", "politics", "politics"),
    TOPIC("12000000", "religion and belief", "religion"),
    TOPIC("13000000", "science and technology", "science"),
    TOPIC("14000000", "society", "society"),
    TOPIC("15000000", "sport", "sport"),
    TOPIC("16000000", "conflict, war and peace", "conflict"),
    TOPIC("17000000", "weather", "weather"),
};

const size_t topic_count = ARRAY_LEN(topics);

const struct topic *topic_by_uri(struct str uri)
{
    for (size_t i = 0; i < topic_count; i++) {
        if (str_is(uri, topics[i].uri))
            return &topics[i];
    }
    return NULL;
}

const struct topic *topic_by_code(struct str code)
{
    if (str_starts(code, STR("medtop:")))
        code = str_from(code, strlen("medtop:"));
    for (size_t i = 0; i < topic_count; i++) {
        if (str_is(code, topics[i].code))
            return &topics[i];
    }
    return NULL;
}

const struct topic *topic_by_slug(struct str slug)
{
    for (size_t i = 0; i < topic_count; i++) {
        if (str_is(slug, topics[i].slug))
            return &topics[i];
    }
    return NULL;
}
