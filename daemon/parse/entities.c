#include "entities.h"

#define LEGACY     0x80000000U /* known without its semicolon too */
#define NAME_BYTES 32

/*
 * Sorted by the bytes of the name: HTML 4's entities, and of HTML 5's (section 13.5 of the
 * standard) those for letters, punctuation and signs of prose. Its two thousand names for
 * mathematics do not occur in news.
 */
/* clang-format off */
static const struct {
    const char *name;
    uint32_t point;
} ENTITIES[] = {
    {"AElig", 0xc6 | LEGACY}, {"AMP", 0x26 | LEGACY}, {"Aacute", 0xc1 | LEGACY},
    {"Abreve", 0x102}, {"Acirc", 0xc2 | LEGACY}, {"Acy", 0x410}, {"Agrave", 0xc0 | LEGACY},
    {"Alpha", 0x391}, {"Amacr", 0x100}, {"Aogon", 0x104}, {"ApplyFunction", 0x2061},
    {"Aring", 0xc5 | LEGACY}, {"Atilde", 0xc3 | LEGACY}, {"Auml", 0xc4 | LEGACY}, {"Bcy", 0x411},
    {"Bernoullis", 0x212c}, {"Beta", 0x392}, {"Breve", 0x2d8}, {"Bscr", 0x212c}, {"CHcy", 0x427},
    {"COPY", 0xa9 | LEGACY}, {"Cacute", 0x106}, {"CapitalDifferentialD", 0x2145},
    {"Cayleys", 0x212d}, {"Ccaron", 0x10c}, {"Ccedil", 0xc7 | LEGACY}, {"Ccirc", 0x108},
    {"Cdot", 0x10a}, {"Cedilla", 0xb8}, {"CenterDot", 0xb7}, {"Cfr", 0x212d}, {"Chi", 0x3a7},
    {"CloseCurlyDoubleQuote", 0x201d}, {"CloseCurlyQuote", 0x2019}, {"Copf", 0x2102},
    {"DD", 0x2145}, {"DJcy", 0x402}, {"DScy", 0x405}, {"DZcy", 0x40f}, {"Dagger", 0x2021},
    {"Dcaron", 0x10e}, {"Dcy", 0x414}, {"Delta", 0x394}, {"DiacriticalAcute", 0xb4},
    {"DiacriticalDot", 0x2d9}, {"DiacriticalDoubleAcute", 0x2dd}, {"DiacriticalGrave", 0x60},
    {"DiacriticalTilde", 0x2dc}, {"DifferentialD", 0x2146}, {"Dot", 0xa8}, {"DotDot", 0x20dc},
    {"DoubleDot", 0xa8}, {"DownBreve", 0x311}, {"Dstrok", 0x110}, {"ENG", 0x14a},
    {"ETH", 0xd0 | LEGACY}, {"Eacute", 0xc9 | LEGACY}, {"Ecaron", 0x11a},
    {"Ecirc", 0xca | LEGACY}, {"Ecy", 0x42d}, {"Edot", 0x116}, {"Egrave", 0xc8 | LEGACY},
    {"Emacr", 0x112}, {"Eogon", 0x118}, {"Epsilon", 0x395}, {"Escr", 0x2130}, {"Eta", 0x397},
    {"Euml", 0xcb | LEGACY}, {"ExponentialE", 0x2147}, {"Fcy", 0x424}, {"Fouriertrf", 0x2131},
    {"Fscr", 0x2131}, {"GJcy", 0x403}, {"GT", 0x3e | LEGACY}, {"Gamma", 0x393},
    {"Gammad", 0x3dc}, {"Gbreve", 0x11e}, {"Gcedil", 0x122}, {"Gcirc", 0x11c}, {"Gcy", 0x413},
    {"Gdot", 0x120}, {"HARDcy", 0x42a}, {"Hacek", 0x2c7}, {"Hat", 0x5e}, {"Hcirc", 0x124},
    {"Hfr", 0x210c}, {"HilbertSpace", 0x210b}, {"Hopf", 0x210d}, {"Hscr", 0x210b},
    {"Hstrok", 0x126}, {"IEcy", 0x415}, {"IJlig", 0x132}, {"IOcy", 0x401},
    {"Iacute", 0xcd | LEGACY}, {"Icirc", 0xce | LEGACY}, {"Icy", 0x418}, {"Idot", 0x130},
    {"Ifr", 0x2111}, {"Igrave", 0xcc | LEGACY}, {"Im", 0x2111}, {"Imacr", 0x12a},
    {"ImaginaryI", 0x2148}, {"InvisibleComma", 0x2063}, {"InvisibleTimes", 0x2062},
    {"Iogon", 0x12e}, {"Iota", 0x399}, {"Iscr", 0x2110}, {"Itilde", 0x128}, {"Iukcy", 0x406},
    {"Iuml", 0xcf | LEGACY}, {"Jcirc", 0x134}, {"Jcy", 0x419}, {"Jsercy", 0x408},
    {"Jukcy", 0x404}, {"KHcy", 0x425}, {"KJcy", 0x40c}, {"Kappa", 0x39a}, {"Kcedil", 0x136},
    {"Kcy", 0x41a}, {"LJcy", 0x409}, {"LT", 0x3c | LEGACY}, {"Lacute", 0x139}, {"Lambda", 0x39b},
    {"Laplacetrf", 0x2112}, {"Lcaron", 0x13d}, {"Lcedil", 0x13b}, {"Lcy", 0x41b},
    {"Lmidot", 0x13f}, {"Lscr", 0x2112}, {"Lstrok", 0x141}, {"Mcy", 0x41c},
    {"MediumSpace", 0x205f}, {"Mellintrf", 0x2133}, {"Mscr", 0x2133}, {"Mu", 0x39c},
    {"NJcy", 0x40a}, {"Nacute", 0x143}, {"Ncaron", 0x147}, {"Ncedil", 0x145}, {"Ncy", 0x41d},
    {"NegativeMediumSpace", 0x200b}, {"NegativeThickSpace", 0x200b},
    {"NegativeThinSpace", 0x200b}, {"NegativeVeryThinSpace", 0x200b}, {"NewLine", 0xa},
    {"NoBreak", 0x2060}, {"NonBreakingSpace", 0xa0}, {"Nopf", 0x2115}, {"Ntilde", 0xd1 | LEGACY},
    {"Nu", 0x39d}, {"OElig", 0x152}, {"Oacute", 0xd3 | LEGACY}, {"Ocirc", 0xd4 | LEGACY},
    {"Ocy", 0x41e}, {"Odblac", 0x150}, {"Ograve", 0xd2 | LEGACY}, {"Omacr", 0x14c},
    {"Omega", 0x3a9}, {"Omicron", 0x39f}, {"OpenCurlyDoubleQuote", 0x201c},
    {"OpenCurlyQuote", 0x2018}, {"Oslash", 0xd8 | LEGACY}, {"Otilde", 0xd5 | LEGACY},
    {"Ouml", 0xd6 | LEGACY}, {"OverBar", 0x203e}, {"Pcy", 0x41f}, {"Phi", 0x3a6}, {"Pi", 0x3a0},
    {"PlusMinus", 0xb1}, {"Poincareplane", 0x210c}, {"Popf", 0x2119}, {"Prime", 0x2033},
    {"Psi", 0x3a8}, {"QUOT", 0x22 | LEGACY}, {"Qopf", 0x211a}, {"REG", 0xae | LEGACY},
    {"Racute", 0x154}, {"Rcaron", 0x158}, {"Rcedil", 0x156}, {"Rcy", 0x420}, {"Re", 0x211c},
    {"Rfr", 0x211c}, {"Rho", 0x3a1}, {"Ropf", 0x211d}, {"Rscr", 0x211b}, {"SHCHcy", 0x429},
    {"SHcy", 0x428}, {"SOFTcy", 0x42c}, {"Sacute", 0x15a}, {"Scaron", 0x160}, {"Scedil", 0x15e},
    {"Scirc", 0x15c}, {"Scy", 0x421}, {"Sigma", 0x3a3}, {"THORN", 0xde | LEGACY},
    {"TRADE", 0x2122}, {"TSHcy", 0x40b}, {"TScy", 0x426}, {"Tab", 0x9}, {"Tau", 0x3a4},
    {"Tcaron", 0x164}, {"Tcedil", 0x162}, {"Tcy", 0x422}, {"Theta", 0x398},
    {"ThinSpace", 0x2009}, {"TripleDot", 0x20db}, {"Tstrok", 0x166}, {"Uacute", 0xda | LEGACY},
    {"Ubrcy", 0x40e}, {"Ubreve", 0x16c}, {"Ucirc", 0xdb | LEGACY}, {"Ucy", 0x423},
    {"Udblac", 0x170}, {"Ugrave", 0xd9 | LEGACY}, {"Umacr", 0x16a}, {"UnderBar", 0x5f},
    {"Uogon", 0x172}, {"Upsi", 0x3d2}, {"Upsilon", 0x3a5}, {"Uring", 0x16e}, {"Utilde", 0x168},
    {"Uuml", 0xdc | LEGACY}, {"Vcy", 0x412}, {"Verbar", 0x2016}, {"Vert", 0x2016},
    {"VerticalLine", 0x7c}, {"VeryThinSpace", 0x200a}, {"Wcirc", 0x174}, {"Xi", 0x39e},
    {"YAcy", 0x42f}, {"YIcy", 0x407}, {"YUcy", 0x42e}, {"Yacute", 0xdd | LEGACY},
    {"Ycirc", 0x176}, {"Ycy", 0x42b}, {"Yuml", 0x178}, {"ZHcy", 0x416}, {"Zacute", 0x179},
    {"Zcaron", 0x17d}, {"Zcy", 0x417}, {"Zdot", 0x17b}, {"ZeroWidthSpace", 0x200b},
    {"Zeta", 0x396}, {"Zfr", 0x2128}, {"Zopf", 0x2124}, {"aacute", 0xe1 | LEGACY},
    {"abreve", 0x103}, {"acirc", 0xe2 | LEGACY}, {"acute", 0xb4 | LEGACY}, {"acy", 0x430},
    {"aelig", 0xe6 | LEGACY}, {"af", 0x2061}, {"agrave", 0xe0 | LEGACY}, {"alefsym", 0x2135},
    {"aleph", 0x2135}, {"alpha", 0x3b1}, {"amacr", 0x101}, {"amp", 0x26 | LEGACY},
    {"and", 0x2227}, {"ang", 0x2220}, {"angst", 0xc5}, {"aogon", 0x105}, {"apos", 0x27},
    {"aring", 0xe5 | LEGACY}, {"ast", 0x2a}, {"asymp", 0x2248}, {"atilde", 0xe3 | LEGACY},
    {"auml", 0xe4 | LEGACY}, {"backepsilon", 0x3f6}, {"backprime", 0x2035}, {"bcy", 0x431},
    {"bdquo", 0x201e}, {"bepsi", 0x3f6}, {"bernou", 0x212c}, {"beta", 0x3b2}, {"beth", 0x2136},
    {"bprime", 0x2035}, {"breve", 0x2d8}, {"brvbar", 0xa6 | LEGACY}, {"bsemi", 0x204f},
    {"bsol", 0x5c}, {"bull", 0x2022}, {"bullet", 0x2022}, {"cacute", 0x107}, {"cap", 0x2229},
    {"caret", 0x2041}, {"caron", 0x2c7}, {"ccaron", 0x10d}, {"ccedil", 0xe7 | LEGACY},
    {"ccirc", 0x109}, {"cdot", 0x10b}, {"cedil", 0xb8 | LEGACY}, {"cent", 0xa2 | LEGACY},
    {"centerdot", 0xb7}, {"chcy", 0x447}, {"chi", 0x3c7}, {"circ", 0x2c6}, {"circledR", 0xae},
    {"clubs", 0x2663}, {"colon", 0x3a}, {"comma", 0x2c}, {"commat", 0x40}, {"complexes", 0x2102},
    {"cong", 0x2245}, {"copy", 0xa9 | LEGACY}, {"copysr", 0x2117}, {"crarr", 0x21b5},
    {"cup", 0x222a}, {"curren", 0xa4 | LEGACY}, {"dArr", 0x21d3}, {"dagger", 0x2020},
    {"daleth", 0x2138}, {"darr", 0x2193}, {"dash", 0x2010}, {"dblac", 0x2dd}, {"dcaron", 0x10f},
    {"dcy", 0x434}, {"dd", 0x2146}, {"ddagger", 0x2021}, {"deg", 0xb0 | LEGACY},
    {"delta", 0x3b4}, {"diams", 0x2666}, {"die", 0xa8}, {"digamma", 0x3dd}, {"div", 0xf7},
    {"divide", 0xf7 | LEGACY}, {"djcy", 0x452}, {"dollar", 0x24}, {"dot", 0x2d9},
    {"dscy", 0x455}, {"dstrok", 0x111}, {"dzcy", 0x45f}, {"eacute", 0xe9 | LEGACY},
    {"ecaron", 0x11b}, {"ecirc", 0xea | LEGACY}, {"ecy", 0x44d}, {"edot", 0x117}, {"ee", 0x2147},
    {"egrave", 0xe8 | LEGACY}, {"ell", 0x2113}, {"emacr", 0x113}, {"empty", 0x2205},
    {"emsp", 0x2003}, {"emsp13", 0x2004}, {"emsp14", 0x2005}, {"eng", 0x14b}, {"ensp", 0x2002},
    {"eogon", 0x119}, {"epsi", 0x3b5}, {"epsilon", 0x3b5}, {"epsiv", 0x3f5}, {"equals", 0x3d},
    {"equiv", 0x2261}, {"escr", 0x212f}, {"eta", 0x3b7}, {"eth", 0xf0 | LEGACY},
    {"euml", 0xeb | LEGACY}, {"euro", 0x20ac}, {"excl", 0x21}, {"exist", 0x2203},
    {"expectation", 0x2130}, {"exponentiale", 0x2147}, {"fcy", 0x444}, {"ffilig", 0xfb03},
    {"fflig", 0xfb00}, {"ffllig", 0xfb04}, {"filig", 0xfb01}, {"fllig", 0xfb02}, {"fnof", 0x192},
    {"forall", 0x2200}, {"frac12", 0xbd | LEGACY}, {"frac14", 0xbc | LEGACY},
    {"frac34", 0xbe | LEGACY}, {"frasl", 0x2044}, {"gacute", 0x1f5}, {"gamma", 0x3b3},
    {"gammad", 0x3dd}, {"gbreve", 0x11f}, {"gcirc", 0x11d}, {"gcy", 0x433}, {"gdot", 0x121},
    {"ge", 0x2265}, {"gimel", 0x2137}, {"gjcy", 0x453}, {"grave", 0x60}, {"gscr", 0x210a},
    {"gt", 0x3e | LEGACY}, {"hArr", 0x21d4}, {"hairsp", 0x200a}, {"half", 0xbd},
    {"hamilt", 0x210b}, {"hardcy", 0x44a}, {"harr", 0x2194}, {"hbar", 0x210f}, {"hcirc", 0x125},
    {"hearts", 0x2665}, {"hellip", 0x2026}, {"horbar", 0x2015}, {"hslash", 0x210f},
    {"hstrok", 0x127}, {"hybull", 0x2043}, {"hyphen", 0x2010}, {"iacute", 0xed | LEGACY},
    {"ic", 0x2063}, {"icirc", 0xee | LEGACY}, {"icy", 0x438}, {"iecy", 0x435},
    {"iexcl", 0xa1 | LEGACY}, {"igrave", 0xec | LEGACY}, {"ii", 0x2148}, {"iiota", 0x2129},
    {"ijlig", 0x133}, {"imacr", 0x12b}, {"image", 0x2111}, {"imagline", 0x2110},
    {"imagpart", 0x2111}, {"imath", 0x131}, {"imped", 0x1b5}, {"incare", 0x2105},
    {"infin", 0x221e}, {"inodot", 0x131}, {"int", 0x222b}, {"integers", 0x2124}, {"iocy", 0x451},
    {"iogon", 0x12f}, {"iota", 0x3b9}, {"iquest", 0xbf | LEGACY}, {"isin", 0x2208},
    {"it", 0x2062}, {"itilde", 0x129}, {"iukcy", 0x456}, {"iuml", 0xef | LEGACY},
    {"jcirc", 0x135}, {"jcy", 0x439}, {"jmath", 0x237}, {"jsercy", 0x458}, {"jukcy", 0x454},
    {"kappa", 0x3ba}, {"kappav", 0x3f0}, {"kcedil", 0x137}, {"kcy", 0x43a}, {"kgreen", 0x138},
    {"khcy", 0x445}, {"kjcy", 0x45c}, {"lArr", 0x21d0}, {"lacute", 0x13a}, {"lagran", 0x2112},
    {"lambda", 0x3bb}, {"lang", 0x27e8}, {"laquo", 0xab | LEGACY}, {"larr", 0x2190},
    {"lbrace", 0x7b}, {"lbrack", 0x5b}, {"lcaron", 0x13e}, {"lcedil", 0x13c}, {"lceil", 0x2308},
    {"lcub", 0x7b}, {"lcy", 0x43b}, {"ldquo", 0x201c}, {"ldquor", 0x201e}, {"le", 0x2264},
    {"lfloor", 0x230a}, {"ljcy", 0x459}, {"lmidot", 0x140}, {"lowast", 0x2217}, {"lowbar", 0x5f},
    {"loz", 0x25ca}, {"lpar", 0x28}, {"lrm", 0x200e}, {"lsaquo", 0x2039}, {"lsqb", 0x5b},
    {"lsquo", 0x2018}, {"lsquor", 0x201a}, {"lstrok", 0x142}, {"lt", 0x3c | LEGACY},
    {"macr", 0xaf | LEGACY}, {"mcy", 0x43c}, {"mdash", 0x2014}, {"mho", 0x2127},
    {"micro", 0xb5 | LEGACY}, {"midast", 0x2a}, {"middot", 0xb7 | LEGACY}, {"minus", 0x2212},
    {"mldr", 0x2026}, {"mu", 0x3bc}, {"nabla", 0x2207}, {"nacute", 0x144}, {"napos", 0x149},
    {"naturals", 0x2115}, {"nbsp", 0xa0 | LEGACY}, {"ncaron", 0x148}, {"ncedil", 0x146},
    {"ncy", 0x43d}, {"ndash", 0x2013}, {"ne", 0x2260}, {"ni", 0x220b}, {"njcy", 0x45a},
    {"nldr", 0x2025}, {"not", 0xac | LEGACY}, {"notin", 0x2209}, {"nsub", 0x2284},
    {"ntilde", 0xf1 | LEGACY}, {"nu", 0x3bd}, {"num", 0x23}, {"numero", 0x2116},
    {"numsp", 0x2007}, {"oacute", 0xf3 | LEGACY}, {"ocirc", 0xf4 | LEGACY}, {"ocy", 0x43e},
    {"odblac", 0x151}, {"oelig", 0x153}, {"ogon", 0x2db}, {"ograve", 0xf2 | LEGACY},
    {"ohm", 0x3a9}, {"oline", 0x203e}, {"omacr", 0x14d}, {"omega", 0x3c9}, {"omicron", 0x3bf},
    {"oplus", 0x2295}, {"or", 0x2228}, {"order", 0x2134}, {"orderof", 0x2134},
    {"ordf", 0xaa | LEGACY}, {"ordm", 0xba | LEGACY}, {"oscr", 0x2134},
    {"oslash", 0xf8 | LEGACY}, {"otilde", 0xf5 | LEGACY}, {"otimes", 0x2297},
    {"ouml", 0xf6 | LEGACY}, {"para", 0xb6 | LEGACY}, {"part", 0x2202}, {"pcy", 0x43f},
    {"percnt", 0x25}, {"period", 0x2e}, {"permil", 0x2030}, {"perp", 0x22a5},
    {"pertenk", 0x2031}, {"phi", 0x3c6}, {"phiv", 0x3d5}, {"phmmat", 0x2133}, {"pi", 0x3c0},
    {"piv", 0x3d6}, {"planck", 0x210f}, {"planckh", 0x210e}, {"plankv", 0x210f}, {"plus", 0x2b},
    {"plusmn", 0xb1 | LEGACY}, {"pm", 0xb1}, {"pound", 0xa3 | LEGACY}, {"prime", 0x2032},
    {"primes", 0x2119}, {"prod", 0x220f}, {"prop", 0x221d}, {"psi", 0x3c8}, {"puncsp", 0x2008},
    {"qprime", 0x2057}, {"quaternions", 0x210d}, {"quest", 0x3f}, {"quot", 0x22 | LEGACY},
    {"rArr", 0x21d2}, {"racute", 0x155}, {"radic", 0x221a}, {"rang", 0x27e9},
    {"raquo", 0xbb | LEGACY}, {"rarr", 0x2192}, {"rationals", 0x211a}, {"rbrace", 0x7d},
    {"rbrack", 0x5d}, {"rcaron", 0x159}, {"rcedil", 0x157}, {"rceil", 0x2309}, {"rcub", 0x7d},
    {"rcy", 0x440}, {"rdquo", 0x201d}, {"rdquor", 0x201d}, {"real", 0x211c}, {"realine", 0x211b},
    {"realpart", 0x211c}, {"reals", 0x211d}, {"reg", 0xae | LEGACY}, {"rfloor", 0x230b},
    {"rho", 0x3c1}, {"rhov", 0x3f1}, {"ring", 0x2da}, {"rlm", 0x200f}, {"rpar", 0x29},
    {"rsaquo", 0x203a}, {"rsqb", 0x5d}, {"rsquo", 0x2019}, {"rsquor", 0x2019}, {"rx", 0x211e},
    {"sacute", 0x15b}, {"sbquo", 0x201a}, {"scaron", 0x161}, {"scedil", 0x15f}, {"scirc", 0x15d},
    {"scy", 0x441}, {"sdot", 0x22c5}, {"sect", 0xa7 | LEGACY}, {"semi", 0x3b}, {"shchcy", 0x449},
    {"shcy", 0x448}, {"shy", 0xad | LEGACY}, {"sigma", 0x3c3}, {"sigmaf", 0x3c2},
    {"sigmav", 0x3c2}, {"sim", 0x223c}, {"softcy", 0x44c}, {"sol", 0x2f}, {"spades", 0x2660},
    {"straightepsilon", 0x3f5}, {"straightphi", 0x3d5}, {"strns", 0xaf}, {"sub", 0x2282},
    {"sube", 0x2286}, {"sum", 0x2211}, {"sup", 0x2283}, {"sup1", 0xb9 | LEGACY},
    {"sup2", 0xb2 | LEGACY}, {"sup3", 0xb3 | LEGACY}, {"supe", 0x2287}, {"szlig", 0xdf | LEGACY},
    {"tau", 0x3c4}, {"tcaron", 0x165}, {"tcedil", 0x163}, {"tcy", 0x442}, {"tdot", 0x20db},
    {"there4", 0x2234}, {"theta", 0x3b8}, {"thetasym", 0x3d1}, {"thetav", 0x3d1},
    {"thinsp", 0x2009}, {"thorn", 0xfe | LEGACY}, {"tilde", 0x2dc}, {"times", 0xd7 | LEGACY},
    {"tprime", 0x2034}, {"trade", 0x2122}, {"tscy", 0x446}, {"tshcy", 0x45b}, {"tstrok", 0x167},
    {"uArr", 0x21d1}, {"uacute", 0xfa | LEGACY}, {"uarr", 0x2191}, {"ubrcy", 0x45e},
    {"ubreve", 0x16d}, {"ucirc", 0xfb | LEGACY}, {"ucy", 0x443}, {"udblac", 0x171},
    {"ugrave", 0xf9 | LEGACY}, {"umacr", 0x16b}, {"uml", 0xa8 | LEGACY}, {"uogon", 0x173},
    {"upsi", 0x3c5}, {"upsih", 0x3d2}, {"upsilon", 0x3c5}, {"uring", 0x16f}, {"utilde", 0x169},
    {"uuml", 0xfc | LEGACY}, {"varepsilon", 0x3f5}, {"varkappa", 0x3f0}, {"varphi", 0x3d5},
    {"varpi", 0x3d6}, {"varrho", 0x3f1}, {"varsigma", 0x3c2}, {"vartheta", 0x3d1},
    {"vcy", 0x432}, {"verbar", 0x7c}, {"vert", 0x7c}, {"wcirc", 0x175}, {"weierp", 0x2118},
    {"wp", 0x2118}, {"xi", 0x3be}, {"yacute", 0xfd | LEGACY}, {"yacy", 0x44f}, {"ycirc", 0x177},
    {"ycy", 0x44b}, {"yen", 0xa5 | LEGACY}, {"yicy", 0x457}, {"yucy", 0x44e},
    {"yuml", 0xff | LEGACY}, {"zacute", 0x17a}, {"zcaron", 0x17e}, {"zcy", 0x437},
    {"zdot", 0x17c}, {"zeetrf", 0x2128}, {"zeta", 0x3b6}, {"zhcy", 0x436}, {"zwj", 0x200d},
    {"zwnj", 0x200c},
};
/* clang-format on */

/* Nearly all references of feeds, where markup is escaped. */
static uint32_t common_point(struct str name)
{
    static const struct {
        struct str name;
        uint32_t point;
    } common[] = {{{"lt", 2}, '<'},   {{"gt", 2}, '>'},    {{"amp", 3}, '&'},
                  {{"quot", 4}, '"'}, {{"apos", 4}, '\''}, {{"nbsp", 4}, 0xa0}};
    for (size_t i = 0; i < ARRAY_LEN(common); i++)
        if (str_eq(name, common[i].name))
            return common[i].point;
    return 0;
}

static size_t find_entity(struct str name)
{
    size_t low = 0, high = ARRAY_LEN(ENTITIES);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(name.at, ENTITIES[middle].name, name.len);
        if (order == 0 && ENTITIES[middle].name[name.len] == '\0')
            return middle;
        if (order <= 0)
            high = middle;
        else
            low = middle + 1;
    }
    return SIZE_MAX;
}

uint32_t entity_point(struct str name)
{
    uint32_t common = common_point(name);
    if (common)
        return common;
    size_t i = name.len && name.len <= NAME_BYTES ? find_entity(name) : SIZE_MAX;
    return i == SIZE_MAX ? 0 : ENTITIES[i].point & ~LEGACY;
}

/* HTML standard, section 13.2.5.80. */
uint32_t entity_repair(uint32_t point)
{
    static const uint16_t c1[32] = {0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021,
                                    0x2c6,  0x2030, 0x160,  0x2039, 0x152,  0x8d,   0x17d,  0x8f,
                                    0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                    0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};
    if (point >= 0x80 && point < 0xa0)
        return c1[point - 0x80];
    if (point == 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0xfffd;
    if (point < 0x20 && point != '\t' && point != '\n' && point != '\r')
        return ' ';
    return point;
}

static int digit(char c, unsigned base)
{
    int value = str_hex(c);
    return value < (int)base ? value : -1;
}

/* "&#8212;", "&#x2014;", semicolon or not. */
static size_t numeric(struct str s, uint32_t *out)
{
    unsigned base = s.len > 2 && (s.at[2] == 'x' || s.at[2] == 'X') ? 16 : 10;
    size_t from = base == 16 ? 3 : 2, at = from;
    uint32_t point = 0;
    for (int d; at < s.len && (d = digit(s.at[at], base)) >= 0; at++)
        if (point <= 0x10ffff)
            point = point * base + (uint32_t)d;
    if (at == from)
        return 0;
    *out = entity_repair(point);
    return at < s.len && s.at[at] == ';' ? at + 1 : at;
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

size_t entity_read(struct str s, uint32_t *out)
{
    size_t n = 1;
    if (s.len < 3)
        return 0;
    if (s.at[1] == '#')
        return numeric(s, out);
    while (n < s.len && n <= NAME_BYTES && is_name(s.at[n]))
        n++;
    if (n < 3)
        return 0;
    if (n < s.len && s.at[n] == ';') {
        *out = entity_point((struct str){s.at + 1, n - 1});
        return *out ? n + 1 : 0;
    }
    size_t i = find_entity((struct str){s.at + 1, n - 1});
    if (i == SIZE_MAX || !(ENTITIES[i].point & LEGACY) || (n < s.len && s.at[n] == '='))
        return 0;
    *out = ENTITIES[i].point & ~LEGACY;
    return n;
}
