#include "moment.h"

#include "clock.h"

/*
 * Where two zones share a name, the one that news sources mean: IST is India's (not Ireland's or
 * Israel's), CST, EST and their kin are North America's (not China's or Australia's), BST is British
 * Summer Time, AST Canada's Atlantic coast, GST the Gulf's, ECT and other rarities are not known.
 * Single letters other than Z are not read: RFC 2822 says that nobody wrote them right.
 *
 * A child's sandbox opens no files, so the system's zone database is out of reach; the places that
 * occur in dates are few, and most keep one of four rules. Places whose rule changed in these years
 * (Cairo, Teheran, Santiago, Asunción, Casablanca) are left out rather than read wrongly.
 */
struct zone {
    const char *name;
    short offset_min;
    enum zone_rule rule;
};

static const struct zone NAMES[] = {
    {"UTC", 0, 0},
    {"GMT", 0, 0},
    {"UT", 0, 0},
    {"Z", 0, 0},
    {"WET", 0, 0},
    {"EST", -300, 0},
    {"EDT", -240, 0},
    {"CST", -360, 0},
    {"CDT", -300, 0},
    {"MST", -420, 0},
    {"MDT", -360, 0},
    {"PST", -480, 0},
    {"PDT", -420, 0},
    {"AKST", -540, 0},
    {"AKDT", -480, 0},
    {"HST", -600, 0},
    {"AST", -240, 0},
    {"ADT", -180, 0},
    {"NST", -210, 0},
    {"NDT", -150, 0},
    {"ET", -300, ZONE_US},
    {"CT", -360, ZONE_US},
    {"MT", -420, ZONE_US},
    {"PT", -480, ZONE_US},
    {"EST5EDT", -300, ZONE_US},
    {"CST6CDT", -360, ZONE_US},
    {"MST7MDT", -420, ZONE_US},
    {"PST8PDT", -480, ZONE_US},
    {"BRT", -180, 0},
    {"ART", -180, 0},
    {"CLT", -240, 0},
    {"COT", -300, 0},
    {"PET", -300, 0},
    {"VET", -240, 0},
    {"UYT", -180, 0},
    {"BOT", -240, 0},
    {"WEST", 60, 0},
    {"BST", 60, 0},
    {"CET", 60, 0},
    {"MEZ", 60, 0},
    {"MET", 60, 0},
    {"WAT", 60, 0},
    {"CEST", 120, 0},
    {"MESZ", 120, 0},
    {"MEST", 120, 0},
    {"EET", 120, 0},
    {"SAST", 120, 0},
    {"CAT", 120, 0},
    {"IDT", 180, 0},
    {"EEST", 180, 0},
    {"MSK", 180, 0},
    {"MSD", 240, 0},
    {"TRT", 180, 0},
    {"EAT", 180, 0},
    {"AZT", 240, 0},
    {"GST", 240, 0},
    {"SAMT", 240, 0},
    {"GET", 240, 0},
    {"AMT", 240, 0},
    {"IRST", 210, 0},
    {"IRDT", 270, 0},
    {"AFT", 270, 0},
    {"PKT", 300, 0},
    {"YEKT", 300, 0},
    {"UZT", 300, 0},
    {"IST", 330, 0},
    {"SLST", 330, 0},
    {"NPT", 345, 0},
    {"BDT", 360, 0},
    {"OMST", 360, 0},
    {"ALMT", 300, 0},
    {"MMT", 390, 0},
    {"ICT", 420, 0},
    {"WIB", 420, 0},
    {"NOVT", 420, 0},
    {"KRAT", 420, 0},
    {"HKT", 480, 0},
    {"SGT", 480, 0},
    {"MYT", 480, 0},
    {"PHT", 480, 0},
    {"AWST", 480, 0},
    {"WITA", 480, 0},
    {"IRKT", 480, 0},
    {"JST", 540, 0},
    {"KST", 540, 0},
    {"WIT", 540, 0},
    {"YAKT", 540, 0},
    {"ACST", 570, 0},
    {"ACDT", 630, 0},
    {"AEST", 600, 0},
    {"VLAT", 600, 0},
    {"AEDT", 660, 0},
    {"MAGT", 660, 0},
    {"NZST", 720, 0},
    {"PETT", 720, 0},
    {"NZDT", 780, 0},
};

static const struct zone PLACES[] = {
    {"Africa/Algiers", 60, 0},
    {"Africa/Johannesburg", 120, 0},
    {"Africa/Lagos", 60, 0},
    {"Africa/Nairobi", 180, 0},
    {"Africa/Accra", 0, 0},
    {"Africa/Addis_Ababa", 180, 0},
    {"America/Anchorage", -540, ZONE_US},
    {"America/Argentina/Buenos_Aires", -180, 0},
    {"America/Bogota", -300, 0},
    {"America/Caracas", -240, 0},
    {"America/Chicago", -360, ZONE_US},
    {"America/Denver", -420, ZONE_US},
    {"America/Detroit", -300, ZONE_US},
    {"America/Halifax", -240, ZONE_US},
    {"America/Lima", -300, 0},
    {"America/Los_Angeles", -480, ZONE_US},
    {"America/Montreal", -300, ZONE_US},
    {"America/New_York", -300, ZONE_US},
    {"America/Phoenix", -420, 0},
    {"America/Puerto_Rico", -240, 0},
    {"America/Toronto", -300, ZONE_US},
    {"America/Vancouver", -480, ZONE_US},
    {"America/Winnipeg", -360, ZONE_US},
    {"Asia/Baghdad", 180, 0},
    {"Asia/Bangkok", 420, 0},
    {"Asia/Calcutta", 330, 0},
    {"Asia/Colombo", 330, 0},
    {"Asia/Dhaka", 360, 0},
    {"Asia/Dubai", 240, 0},
    {"Asia/Ho_Chi_Minh", 420, 0},
    {"Asia/Hong_Kong", 480, 0},
    {"Asia/Jakarta", 420, 0},
    {"Asia/Kabul", 270, 0},
    {"Asia/Karachi", 300, 0},
    {"Asia/Kathmandu", 345, 0},
    {"Asia/Kolkata", 330, 0},
    {"Asia/Kuala_Lumpur", 480, 0},
    {"Asia/Kuwait", 180, 0},
    {"Asia/Manila", 480, 0},
    {"Asia/Qatar", 180, 0},
    {"Asia/Riyadh", 180, 0},
    {"Asia/Saigon", 420, 0},
    {"Asia/Seoul", 540, 0},
    {"Asia/Shanghai", 480, 0},
    {"Asia/Singapore", 480, 0},
    {"Asia/Taipei", 480, 0},
    {"Asia/Tashkent", 300, 0},
    {"Asia/Tbilisi", 240, 0},
    {"Asia/Tokyo", 540, 0},
    {"Asia/Yerevan", 240, 0},
    {"Atlantic/Reykjavik", 0, 0},
    {"Australia/Adelaide", 570, ZONE_AU},
    {"Australia/Brisbane", 600, 0},
    {"Australia/Melbourne", 600, ZONE_AU},
    {"Australia/Perth", 480, 0},
    {"Australia/Sydney", 600, ZONE_AU},
    {"Europe/Amsterdam", 60, ZONE_EU},
    {"Europe/Athens", 120, ZONE_EU},
    {"Europe/Belgrade", 60, ZONE_EU},
    {"Europe/Berlin", 60, ZONE_EU},
    {"Europe/Bratislava", 60, ZONE_EU},
    {"Europe/Brussels", 60, ZONE_EU},
    {"Europe/Bucharest", 120, ZONE_EU},
    {"Europe/Budapest", 60, ZONE_EU},
    {"Europe/Copenhagen", 60, ZONE_EU},
    {"Europe/Dublin", 0, ZONE_EU},
    {"Europe/Helsinki", 120, ZONE_EU},
    {"Europe/Kiev", 120, ZONE_EU},
    {"Europe/Kyiv", 120, ZONE_EU},
    {"Europe/Lisbon", 0, ZONE_EU},
    {"Europe/Ljubljana", 60, ZONE_EU},
    {"Europe/London", 0, ZONE_EU},
    {"Europe/Luxembourg", 60, ZONE_EU},
    {"Europe/Madrid", 60, ZONE_EU},
    {"Europe/Oslo", 60, ZONE_EU},
    {"Europe/Paris", 60, ZONE_EU},
    {"Europe/Prague", 60, ZONE_EU},
    {"Europe/Riga", 120, ZONE_EU},
    {"Europe/Rome", 60, ZONE_EU},
    {"Europe/Sofia", 120, ZONE_EU},
    {"Europe/Stockholm", 60, ZONE_EU},
    {"Europe/Tallinn", 120, ZONE_EU},
    {"Europe/Vienna", 60, ZONE_EU},
    {"Europe/Vilnius", 120, ZONE_EU},
    {"Europe/Warsaw", 60, ZONE_EU},
    {"Europe/Zagreb", 60, ZONE_EU},
    {"Europe/Zurich", 60, ZONE_EU},
    {"Pacific/Auckland", 720, ZONE_NZ},
    {"Pacific/Honolulu", -600, 0},
    {"US/Central", -360, ZONE_US},
    {"US/Eastern", -300, ZONE_US},
    {"US/Mountain", -420, ZONE_US},
    {"US/Pacific", -480, ZONE_US},
    {"Etc/UTC", 0, 0},
    {"Etc/GMT", 0, 0},
};

static bool set_from(const struct zone *zones, size_t count, struct moment *m, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_isi(name, zones[i].name)) {
            m->offset_min = zones[i].offset_min;
            m->rule = zones[i].rule;
            m->has_zone = true;
            return true;
        }
    return false;
}

bool zone_set(struct moment *m, struct str name)
{
    if (str_chr(name, '/') != SIZE_MAX)
        return set_from(PLACES, ARRAY_LEN(PLACES), m, name);
    return set_from(NAMES, ARRAY_LEN(NAMES), m, name);
}

/* The nth Sunday of a month, n = 5: its last; as days since 1970. */
static int64_t sunday(int year, int month, int n)
{
    int64_t first = clock_days(year, month, 1);
    int64_t day = first + (3 - first % 7 + 7) % 7 + 7L * (n - 1); /* 1970-01-01 was a Thursday */
    while (n == 5 && day >= clock_days(month == 12 ? year + 1 : year, month % 12 + 1, 1))
        day -= 7;
    return day;
}

/* The hours in which clocks are turned are left to the earlier offset: nobody can tell there. */
static bool is_summer(const struct moment *m)
{
    int64_t at = clock_days(m->year, m->month, m->day) * 24 + m->hour;
    int y = m->year, hour = m->offset_min / 60;
    switch (m->rule) {
    case ZONE_EU: /* since 1996, at 01:00 UTC */
        return at >= sunday(y, 3, 5) * 24 + 1 + hour && at < sunday(y, 10, 5) * 24 + 2 + hour;
    case ZONE_US:
        if (y < 2007)
            return at >= sunday(y, 4, 1) * 24 + 2 && at < sunday(y, 10, 5) * 24 + 2;
        return at >= sunday(y, 3, 2) * 24 + 2 && at < sunday(y, 11, 1) * 24 + 2;
    case ZONE_AU: /* since 2008 */
        return at >= sunday(y, 10, 1) * 24 + 2 || at < sunday(y, 4, 1) * 24 + 3;
    case ZONE_NZ: /* since 2007 */
        return at >= sunday(y, 9, 5) * 24 + 2 || at < sunday(y, 4, 1) * 24 + 3;
    case ZONE_FIXED:
        break;
    }
    return false;
}

int zone_offset(const struct moment *m)
{
    return m->offset_min + (is_summer(m) ? 60 : 0);
}
