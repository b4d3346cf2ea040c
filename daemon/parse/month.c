#include "date.h"

#include <utf8proc.h>

#include "utf8.h"

/*
 * Names and abbreviations as they stand in dates (genitives where a language uses them), lower
 * case, in the order of their bytes. A name that means two months in two languages is left to the
 * larger press: "listopada" is November (Polish, Czech), not October (Croatian).
 */
/* clang-format off */
static const struct {
    const char *name;
    int month;
} MONTHS[] = {
    {"abr", 4}, {"abril", 4}, {"ago", 8}, {"agost", 8}, {"agosti", 8}, {"agosto", 8},
    {"agustus", 8}, {"aout", 8}, {"août", 8}, {"apr", 4}, {"aprel", 4}, {"april", 4},
    {"aprile", 4}, {"aprili", 4}, {"aprilie", 4}, {"aprill", 4}, {"apríl", 4}, {"apríla", 4},
    {"aprīlis", 4}, {"aprīlī", 4}, {"ara", 12}, {"aralık", 12}, {"aug", 8}, {"august", 8},
    {"augusti", 8}, {"augusts", 8}, {"augustus", 8}, {"augustā", 8}, {"augusztus", 8},
    {"avgust", 8}, {"avqust", 8}, {"avr", 4}, {"avril", 4}, {"ağu", 8}, {"ağustos", 8},
    {"balandis", 4}, {"balandžio", 4}, {"birželio", 6}, {"birželis", 6}, {"bře", 3},
    {"březen", 3}, {"března", 3}, {"cze", 6}, {"czerwca", 6}, {"czerwiec", 6}, {"dec", 12},
    {"december", 12}, {"decembra", 12}, {"decembre", 12}, {"decembrie", 12}, {"decembris", 12},
    {"decembrī", 12}, {"dekabr", 12}, {"des", 12}, {"desemba", 12}, {"desember", 12},
    {"desembre", 12}, {"detsember", 12}, {"dez", 12}, {"dezember", 12}, {"dezembro", 12},
    {"dhjetor", 12}, {"dic", 12}, {"dicembre", 12}, {"diciembre", 12}, {"disember", 12},
    {"disyembre", 12}, {"duben", 4}, {"dubna", 4}, {"déc", 12}, {"décembre", 12}, {"eki", 10},
    {"ekim", 10}, {"elokuu", 8}, {"elokuuta", 8}, {"ene", 1}, {"enero", 1}, {"eyl", 9},
    {"eylül", 9}, {"feb", 2}, {"febb", 2}, {"febbraio", 2}, {"feber", 2}, {"febr", 2},
    {"febrer", 2}, {"febrero", 2}, {"februar", 2}, {"februari", 2}, {"februarie", 2},
    {"february", 2}, {"február", 2}, {"februára", 2}, {"februāris", 2}, {"februārī", 2},
    {"febrúar", 2}, {"fev", 2}, {"fevereiro", 2}, {"fevral", 2}, {"fevrier", 2}, {"fév", 2},
    {"févr", 2}, {"février", 2}, {"gegužė", 5}, {"gegužės", 5}, {"gen", 1}, {"gener", 1},
    {"gennaio", 1}, {"giu", 6}, {"giugno", 6}, {"gru", 12}, {"grudnia", 12}, {"grudzień", 12},
    {"gruodis", 12}, {"gruodžio", 12}, {"gusht", 8}, {"haz", 6}, {"haziran", 6}, {"heinäkuu", 7},
    {"heinäkuuta", 7}, {"helmikuu", 2}, {"helmikuuta", 2}, {"huhtikuu", 4}, {"huhtikuuta", 4},
    {"hulyo", 7}, {"hunyo", 6}, {"ian", 1}, {"ianuarie", 1}, {"iul", 7}, {"iulie", 7},
    {"iun", 6}, {"iunie", 6}, {"iyul", 7}, {"iyun", 6}, {"jaanuar", 1}, {"jan", 1}, {"janar", 1},
    {"janeiro", 1}, {"januar", 1}, {"januari", 1}, {"january", 1}, {"január", 1}, {"januára", 1},
    {"janv", 1}, {"janvier", 1}, {"janvāris", 1}, {"janvārī", 1}, {"janúar", 1},
    {"joulukuu", 12}, {"joulukuuta", 12}, {"juil", 7}, {"juillet", 7}, {"juin", 6}, {"jul", 7},
    {"julai", 7}, {"julho", 7}, {"juli", 7}, {"julio", 7}, {"juliol", 7}, {"july", 7},
    {"jun", 6}, {"june", 6}, {"junho", 6}, {"juni", 6}, {"junio", 6}, {"juny", 6}, {"juuli", 7},
    {"juuni", 6}, {"jän", 1}, {"jänner", 1}, {"júl", 7}, {"júla", 7}, {"július", 7}, {"júlí", 7},
    {"jún", 6}, {"júna", 6}, {"június", 6}, {"júní", 6}, {"jūlijs", 7}, {"jūlijā", 7},
    {"jūnijs", 6}, {"jūnijā", 6}, {"kas", 11}, {"kasım", 11}, {"kesäkuu", 6}, {"kesäkuuta", 6},
    {"kolovoz", 8}, {"kolovoza", 8}, {"korrik", 7}, {"kovas", 3}, {"kovo", 3}, {"kvě", 5},
    {"květen", 5}, {"května", 5}, {"kwi", 4}, {"kwiecień", 4}, {"kwietnia", 4},
    {"lapkritis", 11}, {"lapkričio", 11}, {"leden", 1}, {"ledna", 1}, {"liepa", 7},
    {"liepos", 7}, {"lip", 7}, {"lipca", 7}, {"lipiec", 7}, {"lipnja", 6}, {"lis", 11},
    {"listopad", 11}, {"listopada", 11}, {"lokakuu", 10}, {"lokakuuta", 10}, {"lug", 7},
    {"luglio", 7}, {"lut", 2}, {"lutego", 2}, {"luty", 2}, {"maaliskuu", 3}, {"maaliskuuta", 3},
    {"maart", 3}, {"machi", 3}, {"maerz", 3}, {"mag", 5}, {"maggio", 5}, {"mai", 5},
    {"maig", 5}, {"maijs", 5}, {"maijā", 5}, {"maio", 5}, {"maj", 5}, {"maja", 5}, {"mar", 3},
    {"marca", 3}, {"march", 3}, {"marco", 3}, {"marec", 3}, {"maret", 3}, {"marraskuu", 11},
    {"marraskuuta", 11}, {"mars", 3}, {"marso", 3}, {"mart", 3}, {"martie", 3}, {"marts", 3},
    {"martā", 3}, {"marzec", 3}, {"marzo", 3}, {"març", 3}, {"março", 3}, {"may", 5},
    {"mayo", 5}, {"mayıs", 5}, {"maí", 5}, {"mei", 5}, {"mrz", 3}, {"máj", 5}, {"mája", 5},
    {"május", 5}, {"március", 3}, {"märts", 3}, {"märz", 3}, {"nis", 4}, {"nisan", 4},
    {"nobyembre", 11}, {"noi", 11}, {"noiembrie", 11}, {"nov", 11}, {"novemba", 11},
    {"november", 11}, {"novembra", 11}, {"novembre", 11}, {"novembris", 11}, {"novembro", 11},
    {"novembrī", 11}, {"noviembre", 11}, {"noyabr", 11}, {"nëntor", 11}, {"nóvember", 11},
    {"oca", 1}, {"ocak", 1}, {"oct", 10}, {"october", 10}, {"octobre", 10}, {"octombrie", 10},
    {"octubre", 10}, {"ogos", 8}, {"okt", 10}, {"oktoba", 10}, {"oktober", 10}, {"oktobra", 10},
    {"oktobris", 10}, {"oktobrī", 10}, {"oktoober", 10}, {"oktubre", 10}, {"oktyabr", 10},
    {"október", 10}, {"októbra", 10}, {"ott", 10}, {"ottobre", 10}, {"out", 10}, {"outubro", 10},
    {"ožujak", 3}, {"ožujka", 3}, {"paź", 10}, {"październik", 10}, {"października", 10},
    {"pebrero", 2}, {"prill", 4}, {"prosinac", 12}, {"prosinca", 12}, {"prosince", 12},
    {"prosinec", 12}, {"qershor", 6}, {"rugpjūtis", 8}, {"rugpjūčio", 8}, {"rugsėjis", 9},
    {"rugsėjo", 9}, {"rujan", 9}, {"rujna", 9}, {"sausio", 1}, {"sausis", 1}, {"sentyabr", 9},
    {"sep", 9}, {"sept", 9}, {"septemba", 9}, {"september", 9}, {"septembra", 9},
    {"septembre", 9}, {"septembrie", 9}, {"septembris", 9}, {"septembrī", 9}, {"septiembre", 9},
    {"set", 9}, {"setembre", 9}, {"setembro", 9}, {"setiembre", 9}, {"sett", 9},
    {"settembre", 9}, {"setyembre", 9}, {"shkurt", 2}, {"shtator", 9}, {"sie", 8},
    {"sierpień", 8}, {"sierpnia", 8}, {"siječanj", 1}, {"siječnja", 1}, {"spalio", 10},
    {"spalis", 10}, {"srp", 8}, {"srpanj", 7}, {"srpen", 8}, {"srpna", 8}, {"srpnja", 7},
    {"studeni", 11}, {"studenoga", 11}, {"sty", 1}, {"styczeń", 1}, {"stycznia", 1},
    {"svibanj", 5}, {"svibnja", 5}, {"syyskuu", 9}, {"syyskuuta", 9}, {"szept", 9},
    {"szeptember", 9}, {"tammikuu", 1}, {"tammikuuta", 1}, {"tem", 7}, {"temmuz", 7},
    {"tetor", 10}, {"toukokuu", 5}, {"toukokuuta", 5}, {"travanj", 4}, {"travnja", 4},
    {"vasario", 2}, {"vasaris", 2}, {"veebruar", 2}, {"veljača", 2}, {"veljače", 2}, {"wrz", 9},
    {"wrzesień", 9}, {"września", 9}, {"yanvar", 1}, {"zář", 9}, {"září", 9}, {"ágúst", 8},
    {"április", 4}, {"úno", 2}, {"únor", 2}, {"února", 2}, {"červen", 6}, {"července", 7},
    {"červenec", 7}, {"června", 6}, {"říj", 10}, {"říjen", 10}, {"října", 10}, {"şub", 2},
    {"şubat", 2}, {"απρ", 4}, {"απρίλιος", 4}, {"απριλίου", 4}, {"αυγ", 8}, {"αυγούστου", 8},
    {"αύγουστος", 8}, {"δεκ", 12}, {"δεκέμβριος", 12}, {"δεκεμβρίου", 12}, {"ιαν", 1},
    {"ιανουάριος", 1}, {"ιανουαρίου", 1}, {"ιουλ", 7}, {"ιουλίου", 7}, {"ιουν", 6},
    {"ιουνίου", 6}, {"ιούλιος", 7}, {"ιούνιος", 6}, {"μάι", 5}, {"μάιος", 5}, {"μάρτιος", 3},
    {"μαΐου", 5}, {"μαρ", 3}, {"μαρτίου", 3}, {"νοέμβριος", 11}, {"νοε", 11}, {"νοεμβρίου", 11},
    {"οκτ", 10}, {"οκτωβρίου", 10}, {"οκτώβριος", 10}, {"σεπ", 9}, {"σεπτέμβριος", 9},
    {"σεπτεμβρίου", 9}, {"φεβ", 2}, {"φεβρουάριος", 2}, {"φεβρουαρίου", 2}, {"авг", 8},
    {"август", 8}, {"августа", 8}, {"апр", 4}, {"апрель", 4}, {"апреля", 4}, {"април", 4},
    {"бер", 3}, {"березень", 3}, {"березня", 3}, {"вер", 9}, {"верасень", 9}, {"верасня", 9},
    {"вересень", 9}, {"вересня", 9}, {"груд", 12}, {"грудень", 12}, {"грудня", 12}, {"дек", 12},
    {"декабрь", 12}, {"декабря", 12}, {"декември", 12}, {"децембар", 12}, {"децембра", 12},
    {"жнівень", 8}, {"жніўня", 8}, {"жовт", 10}, {"жовтень", 10}, {"жовтня", 10}, {"июл", 7},
    {"июль", 7}, {"июля", 7}, {"июн", 6}, {"июнь", 6}, {"июня", 6}, {"кастрычнік", 10},
    {"кастрычніка", 10}, {"квіт", 4}, {"квітень", 4}, {"квітня", 4}, {"красавік", 4},
    {"красавіка", 4}, {"лип", 7}, {"липень", 7}, {"липня", 7}, {"листопад", 11},
    {"листопада", 11}, {"лют", 2}, {"лютага", 2}, {"лютий", 2}, {"лютого", 2}, {"люты", 2},
    {"ліпень", 7}, {"ліпеня", 7}, {"лістапад", 11}, {"лістапада", 11}, {"май", 5}, {"мар", 3},
    {"март", 3}, {"марта", 3}, {"мая", 5}, {"мај", 5}, {"маја", 5}, {"новембар", 11},
    {"новембра", 11}, {"ноември", 11}, {"ноя", 11}, {"нояб", 11}, {"ноябрь", 11}, {"ноября", 11},
    {"окт", 10}, {"октобар", 10}, {"октобра", 10}, {"октомври", 10}, {"октябрь", 10},
    {"октября", 10}, {"сакавік", 3}, {"сакавіка", 3}, {"сен", 9}, {"сент", 9}, {"сентябрь", 9},
    {"сентября", 9}, {"септембар", 9}, {"септембра", 9}, {"септември", 9}, {"серп", 8},
    {"серпень", 8}, {"серпня", 8}, {"снежань", 12}, {"снежня", 12}, {"студзень", 1},
    {"студзеня", 1}, {"січ", 1}, {"січень", 1}, {"січня", 1}, {"трав", 5}, {"травень", 5},
    {"травня", 5}, {"фебруар", 2}, {"фебруари", 2}, {"фев", 2}, {"февр", 2}, {"февраль", 2},
    {"февраля", 2}, {"черв", 6}, {"червень", 6}, {"червня", 6}, {"чэрвень", 6}, {"чэрвеня", 6},
    {"юли", 7}, {"юни", 6}, {"янв", 1}, {"январь", 1}, {"января", 1}, {"януари", 1},
    {"јануар", 1}, {"јануара", 1}, {"јул", 7}, {"јула", 7}, {"јун", 6}, {"јуна", 6},
    {"ապրիլի", 4}, {"դեկտեմբերի", 12}, {"հոկտեմբերի", 10}, {"հուլիսի", 7}, {"հունիսի", 6},
    {"հունվարի", 1}, {"մայիսի", 5}, {"մարտի", 3}, {"նոյեմբերի", 11}, {"սեպտեմբերի", 9},
    {"փետրվարի", 2}, {"օգոստոսի", 8}, {"אוגוסט", 8}, {"אוקטובר", 10}, {"אפריל", 4},
    {"באוגוסט", 8}, {"באוקטובר", 10}, {"באפריל", 4}, {"בדצמבר", 12}, {"ביולי", 7}, {"ביוני", 6},
    {"בינואר", 1}, {"במאי", 5}, {"במרץ", 3}, {"בנובמבר", 11}, {"בספטמבר", 9}, {"בפברואר", 2},
    {"דצמבר", 12}, {"יולי", 7}, {"יוני", 6}, {"ינואר", 1}, {"מאי", 5}, {"מרץ", 3},
    {"נובמבר", 11}, {"ספטמבר", 9}, {"פברואר", 2}, {"آب", 8}, {"آذار", 3}, {"آوریل", 4},
    {"أبريل", 4}, {"أغسطس", 8}, {"أفريل", 4}, {"أكتوبر", 10}, {"أوت", 8}, {"أيار", 5},
    {"أيلول", 9}, {"إبريل", 4}, {"ابريل", 4}, {"اغسطس", 8}, {"اكتوبر", 10}, {"اوت", 8},
    {"آب", 8}, {"آذار", 3}, {"آوریل", 4}, {"أبريل", 4}, {"أغسطس", 8}, {"أفريل", 4},
    {"أكتوبر", 10}, {"أوت", 8}, {"أيار", 5}, {"أيلول", 9}, {"إبريل", 4}, {"اپریل", 4},
    {"اکتبر", 10}, {"اکتوبر", 10}, {"اگست", 8}, {"تموز", 7}, {"جانفي", 1}, {"جنوری", 1},
    {"جوان", 6}, {"جولائی", 7}, {"جولائی", 7}, {"جون", 6}, {"جويلية", 7}, {"حزيران", 6},
    {"دسامبر", 12}, {"دسمبر", 12}, {"ديسمبر", 12}, {"سبتمبر", 9}, {"ستمبر", 9}, {"سپتامبر", 9},
    {"شباط", 2}, {"فبراير", 2}, {"فروری", 2}, {"فوریه", 2}, {"فيفري", 2}, {"مئی", 5},
    {"مارس", 3}, {"مارچ", 3}, {"ماي", 5}, {"مايو", 5}, {"مه", 5}, {"مئی", 5}, {"نوامبر", 11},
    {"نوفمبر", 11}, {"نومبر", 11}, {"نيسان", 4}, {"يناير", 1}, {"يوليه", 7}, {"يوليو", 7},
    {"يونيه", 6}, {"يونيو", 6}, {"ژانویه", 1}, {"ژوئن", 6}, {"ژوئیه", 7}, {"ژوئن", 6},
    {"ژوئیه", 7}, {"अक्टूबर", 10}, {"अक्तूबर", 10}, {"अगस्त", 8}, {"अप्रैल", 4}, {"जनवरी", 1},
    {"जुलाई", 7}, {"जून", 6}, {"दिसंबर", 12}, {"दिसम्बर", 12}, {"नवंबर", 11}, {"नवम्बर", 11},
    {"फरवरी", 2}, {"फ़रवरी", 2}, {"मई", 5}, {"मार्च", 3}, {"सितंबर", 9}, {"सितम्बर", 9},
    {"অক্টোবর", 10}, {"অক্টোবর", 10}, {"আগস্ট", 8}, {"এপ্রিল", 4}, {"জানুয়ারি", 1}, {"জুন", 6},
    {"জুলাই", 7}, {"ডিসেম্বর", 12}, {"নভেম্বর", 11}, {"ফেব্রুয়ারি", 2}, {"মার্চ", 3}, {"মে", 5},
    {"সেপ্টেম্বর", 9},
    {"กรกฎาคม", 7}, {"กันยายน", 9}, {"กุมภาพันธ์", 2}, {"ตุลาคม", 10},
    {"ธันวาคม", 12}, {"พฤศจิกายน", 11}, {"พฤษภาคม", 5}, {"มกราคม", 1},
    {"มิถุนายน", 6}, {"มีนาคม", 3}, {"สิงหาคม", 8}, {"เมษายน", 4},
    {"აგვისტო", 8}, {"აპრილი", 4}, {"დეკემბერი", 12}, {"თებერვალი", 2},
    {"იანვარი", 1}, {"ივლისი", 7}, {"ივნისი", 6}, {"მაისი", 5}, {"მარტი", 3}, {"ნოემბერი", 11},
    {"ოქტომბერი", 10}, {"სექტემბერი", 9},
};
/* clang-format on */

#define NAME_BYTES 40

/* The word at the start of text in lower case; its length in text, 0 when it is none or too long.
 */
static size_t lower_word(struct str text, char out[NAME_BYTES], size_t *out_len)
{
    size_t at = 0, len = 0;
    while (at < text.len) {
        size_t next = at;
        uint32_t point = utf8_next(text, &next);
        if (!utf8_alnum(point) || (point >= '0' && point <= '9'))
            break;
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t n = utf8proc_encode_char(utf8proc_tolower((utf8proc_int32_t)point), bytes);
        if (n <= 0 || len + (size_t)n > NAME_BYTES)
            return 0;
        memcpy(out + len, bytes, (size_t)n);
        len += (size_t)n;
        at = next;
    }
    *out_len = len;
    return at;
}

int date_month(struct str text, size_t *len_out)
{
    char word[NAME_BYTES];
    size_t len = 0, taken = lower_word(text, word, &len);
    size_t low = 0, high = taken ? ARRAY_LEN(MONTHS) : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct str name = str_of(MONTHS[middle].name);
        int order = memcmp(word, name.at, len < name.len ? len : name.len);
        if (order == 0 && len == name.len) {
            *len_out = taken;
            return MONTHS[middle].month;
        }
        if (order < 0 || (order == 0 && len < name.len))
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}
