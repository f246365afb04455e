"""Countries, states and regions by the names companies and people write; from ISO 3166."""

from __future__ import annotations

from typing import Final

# Code, English name, then other spellings.
_COUNTRIES: Final = """
AF afghanistan|AL albania|DZ algeria,algerie|AD andorra|AO angola|AR argentina|AM armenia
AU australia,aus|AT austria,osterreich,oesterreich,aut|AZ azerbaijan|BS bahamas,the bahamas
BH bahrain|BD bangladesh|BB barbados|BY belarus|BE belgium,belgique,belgie,belgien,bel|BZ belize
BJ benin|BM bermuda|BT bhutan|BO bolivia|BA bosnia and herzegovina,bosnia|BW botswana
BR brazil,brasil,bra|BN brunei,brunei darussalam|BG bulgaria|BF burkina faso|BI burundi
KH cambodia|CM cameroon,cameroun|CA canada,can|CV cape verde,cabo verde|KY cayman islands
CF central african republic|TD chad|CL chile|CN china,peoples republic of china,pr china,prc,chn
CO colombia|KM comoros|CD democratic republic of the congo,dr congo|CG congo|CR costa rica
CI ivory coast,cote divoire|HR croatia,hrvatska|CU cuba|CW curacao|CY cyprus
CZ czech republic,czechia,ceska republika,cesko|DK denmark,danmark,dnk|DJ djibouti|DM dominica
DO dominican republic,republica dominicana|EC ecuador|EG egypt|SV el salvador|EE estonia,eesti
SZ eswatini,swaziland|ET ethiopia|FJ fiji|FI finland,suomi,fin|FR france,fra|GA gabon|GM gambia
GE georgia|DE germany,deutschland,allemagne,alemania,deu|GH ghana|GI gibraltar|GR greece,hellas
GL greenland|GT guatemala|GG guernsey|GN guinea|GY guyana|HT haiti|HN honduras
HK hong kong,hongkong,hong kong sar|HU hungary,magyarorszag|IS iceland,island|IN india,ind
ID indonesia|IR iran|IQ iraq|IE ireland,eire,republic of ireland,irl|IM isle of man|IL israel
IT italy,italia,italie,italien,ita|JM jamaica|JP japan,nippon,jpn|JE jersey|JO jordan
KZ kazakhstan|KE kenya|KR south korea,korea,republic of korea,korea republic of,kor|KP north korea
XK kosovo|KW kuwait|KG kyrgyzstan|LA laos|LV latvia,latvija|LB lebanon|LS lesotho|LR liberia
LY libya|LI liechtenstein|LT lithuania,lietuva|LU luxembourg,luxemburg|MO macau,macao
MG madagascar|MW malawi|MY malaysia|MV maldives|ML mali|MT malta|MH marshall islands|MR mauritania
MU mauritius|MX mexico,mexique,mex|MD moldova|MC monaco|MN mongolia|ME montenegro|MA morocco,maroc
MZ mozambique|MM myanmar,burma|NA namibia|NP nepal
NL netherlands,nederland,the netherlands,holland,pays bas,niederlande,nld
NZ new zealand,nzl,aotearoa|NI nicaragua|NE niger|NG nigeria|MK north macedonia,macedonia
NO norway,norge,nor|OM oman|PK pakistan|PS palestine|PA panama|PG papua new guinea|PY paraguay
PE peru|PH philippines,pilipinas,the philippines|PL poland,polska,polen,pol|PT portugal,prt
PR puerto rico|QA qatar|RO romania|RU russia,russian federation,rus|RW rwanda
SA saudi arabia,ksa,kingdom of saudi arabia|SN senegal|RS serbia,srbija|SC seychelles
SL sierra leone|SG singapore,sgp|SK slovakia,slovensko|SI slovenia,slovenija|SO somalia
ZA south africa,zaf,rsa|SS south sudan|ES spain,espana,spanien,esp|LK sri lanka|SD sudan
SR suriname|SE sweden,sverige,schweden,swe|CH switzerland,schweiz,suisse,svizzera,che|SY syria
TW taiwan,taiwan roc|TJ tajikistan|TZ tanzania|TH thailand|TL timor leste|TG togo
TT trinidad and tobago,trinidad|TN tunisia,tunisie|TR turkey,turkiye,tur|TM turkmenistan|UG uganda
UA ukraine,ukr|AE united arab emirates,uae,emirates
GB united kingdom,uk,great britain,britain,england,scotland,wales,northern ireland,gbr
US united states,united states of america,usa,us,etats unis,estados unidos,america
UY uruguay|UZ uzbekistan|VE venezuela|VN vietnam,viet nam|VG british virgin islands,bvi|YE yemen
ZM zambia|ZW zimbabwe
"""
# Code and name; states of the US, provinces of Canada, states of Australia.
_STATES: Final = """
al alabama|ak alaska|az arizona|ar arkansas|ca california|co colorado|ct connecticut|de delaware
dc district of columbia|fl florida|ga georgia|hi hawaii|id idaho|il illinois|in indiana|ia iowa
ks kansas|ky kentucky|la louisiana|me maine|md maryland|ma massachusetts|mi michigan|mn minnesota
ms mississippi|mo missouri|mt montana|ne nebraska|nv nevada|nh new hampshire|nj new jersey
nm new mexico|ny new york|nc north carolina|nd north dakota|oh ohio|ok oklahoma|or oregon
pa pennsylvania|ri rhode island|sc south carolina|sd south dakota|tn tennessee|tx texas|ut utah
vt vermont|va virginia|wa washington|wv west virginia|wi wisconsin|wy wyoming|pr puerto rico
ab alberta|bc british columbia|mb manitoba|nb new brunswick|nl newfoundland and labrador
ns nova scotia|on ontario|pe prince edward island|qc quebec|sk saskatchewan|yt yukon|nu nunavut
nsw new south wales|vic victoria|qld queensland|tas tasmania|act australian capital territory
"""
_OTHER_STATES: Final = {
    "newfoundland": "newfoundland and labrador", "labrador": "newfoundland and labrador",
    "south australia": "south australia", "western australia": "western australia",
    "northern territory": "northern territory", "northwest territories": "northwest territories",
    "calif": "california", "mass": "massachusetts", "penn": "pennsylvania", "wash": "washington",
    "fla": "florida", "tex": "texas", "bayern": "bavaria", "bavaria": "bavaria",
    "baden wurttemberg": "baden wurttemberg", "nordrhein westfalen": "north rhine westphalia",
    "catalunya": "catalonia", "catalonia": "catalonia", "atlantic canada": "atlantic canada",
    "western canada": "western canada", "eastern canada": "eastern canada",
}  # fmt: skip
_REGIONS: Final = (
    "emea", "apac", "latam", "europe", "asia", "asia pacific", "north america", "south america",
    "latin america", "central america", "americas", "the americas", "africa", "middle east",
    "middle east and africa", "benelux", "dach", "nordics", "nordic", "scandinavia", "anz",
    "australasia", "oceania", "caribbean", "southeast asia", "south east asia", "asean", "iberia",
    "eastern europe", "western europe", "central europe", "northern europe", "southern europe",
    "southern africa", "east africa", "west africa", "north africa", "far east", "eu",
    "australia and new zealand", "us and canada", "north east asia", "mena", "eurasia",
)  # fmt: skip
_CITIES: Final = (
    "amsterdam", "athens", "atlanta", "austin", "bangalore", "bangkok", "barcelona", "beijing",
    "berlin", "birmingham", "bogota", "boston", "bristol", "brussels", "bucharest", "budapest",
    "buenos aires", "calgary", "cambridge", "cape town", "chennai", "chicago", "cologne",
    "copenhagen", "dallas", "delhi", "denver", "detroit", "dubai", "dublin", "dusseldorf",
    "edinburgh", "edmonton", "frankfurt", "geneva", "glasgow", "halifax", "hamburg", "hamilton",
    "helsinki", "houston", "hyderabad", "istanbul", "jakarta", "johannesburg", "kyiv", "las vegas",
    "leeds", "lima", "lisbon", "london", "los angeles", "lyon", "madrid", "manchester", "manila",
    "melbourne", "miami", "milan", "minneapolis", "montreal", "moscow", "mumbai", "munich",
    "new delhi", "new york city", "osaka", "oslo", "ottawa", "paris", "perth", "philadelphia",
    "phoenix", "pittsburgh", "portland", "prague", "pune", "rome", "rotterdam", "san diego",
    "san francisco", "san jose", "santiago", "sao paulo", "seattle", "seoul", "shanghai",
    "shenzhen", "st louis", "stockholm", "stuttgart", "sydney", "taipei", "tel aviv", "tokyo",
    "toronto", "vancouver", "vienna", "warsaw", "winnipeg", "zurich",
)  # fmt: skip
_CITY_NAMES: Final = {
    "munchen": "munich", "muenchen": "munich", "koln": "cologne", "koeln": "cologne",
    "wien": "vienna", "roma": "rome", "milano": "milan", "torino": "turin", "firenze": "florence",
    "venezia": "venice", "napoli": "naples", "nyc": "new york", "new york city": "new york",
    "sf": "san francisco", "la": "los angeles", "zuerich": "zurich", "geneve": "geneva",
    "genf": "geneva", "duesseldorf": "dusseldorf", "nurnberg": "nuremberg", "praha": "prague",
    "warszawa": "warsaw", "lisboa": "lisbon", "kobenhavn": "copenhagen", "goteborg": "gothenburg",
    "bruxelles": "brussels", "brussel": "brussels", "antwerpen": "antwerp", "den haag": "the hague",
    "moskva": "moscow", "kiev": "kyiv", "bombay": "mumbai", "bengaluru": "bangalore",
    "calcutta": "kolkata", "madras": "chennai", "peking": "beijing", "bucuresti": "bucharest",
    "athina": "athens", "sevilla": "seville", "hannover": "hanover", "philly": "philadelphia",
}  # fmt: skip

UNLESS_MARKED: Final[frozenset[str]] = frozenset(
    (
        "jordan", "chad", "turkey", "jersey", "georgia", "mali", "togo", "guinea", "holland",
        "wales", "niger", "cuba", "victoria", "washington", "us", "island", "can", "aus", "aut",
        "bel", "bra", "fra", "deu", "fin", "ind", "irl", "ita", "jpn", "kor", "mex", "nld", "nor",
        "pol", "prt", "rus", "esp", "swe", "che", "tur", "ukr", "gbr", "chn", "dnk", "sgp", "zaf",
        "rsa", "nzl", "prc", "bvi", "mass", "penn", "wash", "tex", "fla", "calif", "labrador",
        "eire", "emirates", "nordic", "bosnia", "britain", "great britain", "nippon", "hellas",
        "lebanon", "dominica", "monaco", "maine", "virginia", "delaware", "montana",
        "congo", "iberia", "oceania", "eurasia", "england", "trinidad", "burma",
        "america", "americas",
    )
)  # fmt: skip
"""Places that are also words, surnames or parts of names: split off only where punctuation
or a bracket marks them."""


def _countries() -> tuple[dict[str, str], dict[str, str]]:
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    for entry in _COUNTRIES.strip().replace("\n", "|").split("|"):
        code, _, spellings = entry.partition(" ")
        name, *others = spellings.split(",")
        codes[code.lower()] = code
        for spelling in (name, *others):
            codes.setdefault(spelling, code)
            names[spelling] = name
    return codes, names


def _states() -> dict[str, str]:
    entries = [entry.partition(" ") for entry in _STATES.strip().replace("\n", "|").split("|")]
    return {code: name for code, _, name in entries}


_CODES_AND_NAMES: Final = _countries()
COUNTRY_CODES: Final[dict[str, str]] = _CODES_AND_NAMES[0]
"""Folded name or code of a country to its ISO 3166 code."""
COUNTRY_NAMES: Final[dict[str, str]] = _CODES_AND_NAMES[1]
"""Folded name of a country to its English one."""
STATE_CODES: Final[dict[str, str]] = _states()
STATE_NAMES: Final[dict[str, str]] = {name: name for name in STATE_CODES.values()} | _OTHER_STATES
CITY_NAMES: Final[dict[str, str]] = _CITY_NAMES
PLACES: Final[dict[str, str]] = {
    **{name: name for name in _CITIES},
    **{name: known for name, known in _CITY_NAMES.items() if len(name) > 2},
    **{name: name for name in _REGIONS},
    **STATE_NAMES,
    **COUNTRY_NAMES,
}
"""Folded name of a place to the one it is known by."""
CITIES: Final[frozenset[str]] = frozenset((*_CITIES, *_CITY_NAMES))
"""Cities, split off only where they are marked."""
PLACE_ENDS: Final[frozenset[str]] = frozenset(name.rpartition(" ")[2] for name in PLACES)
"""Words a place can end in."""
PLACE_WORDS: Final = max(name.count(" ") + 1 for name in PLACES)
