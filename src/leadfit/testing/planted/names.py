"""Names, domains and addresses that nobody bears, and how people type them wrongly."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from leadfit.testing.planted.dials import Dice


def listed(words: str) -> list[str]:
    """Return the words of a text.

    >>> listed("one two")
    ['one', 'two']
    """
    return words.split()


_HEADS = listed(
    "Quor Vel Zan Mor Tav Brix Fen Kal Lum Nev Ost Pra Ryn Syl Tor Ulm Vex Wes Yar Zel Dro Gav Hax "
    "Ivo Jun Kre Lo Mav Nor Oxi"
)
_MIDDLES = listed("a e i o u ara eli ino oru uva avi eso ixa olu une aqui ebri ovo ydi ute")
_INNER = listed("r l n v m d z s br tr gl st")
_TAILS = listed(
    "mond quist vance dell tix zor bryn gard kren lath morv nox pell rund stav thal vorn wick xen "
    "zim dask fyre hult jarn kosk"
)
_TRADES = {
    "manufacturing": ("Works", "Industries", "Manufacturing", "Tooling"),
    "logistics": ("Logistics", "Freight", "Transport", "Supply"),
    "healthcare": ("Health", "Clinics", "Medical", "Care"),
    "software": ("Systems", "Software", "Labs", "Digital"),
    "retail": ("Stores", "Retail", "Trading", "Market"),
    "education": ("Academy", "Learning", "Schools", "Institute"),
    "finance": ("Capital", "Finance", "Credit", "Partners"),
    "construction": ("Construction", "Building", "Engineering", "Projects"),
}
_LEGAL = {
    "DE": ("GmbH", "AG"),
    "GB": ("Ltd", "plc"),
    "US": ("Inc", "LLC", "Corp"),
    "FR": ("SA", "SARL"),
    "SE": ("AB",),
}
_SUFFIX = {"DE": "de", "GB": "co.uk", "US": "com", "FR": "fr", "SE": "se"}
_PLACE = {"DE": "Deutschland", "GB": "UK", "US": "America", "FR": "France", "SE": "Sverige"}
_FIRST = listed(
    "Anna Ben Carla David Elif Fatima Georg Hanna Ivan Julia Karim Laura Marta Nils Olga Peter "
    "Quinn Rosa Samir Tina Ulrich Vera Wout Ximena Yusuf Zoe Jürgen Chloé Bjørn Łukasz Aoife Mei "
    "Ravi Aisha Diego Ingrid Tomás Noor Kenji Amara"
)
_LAST = listed(
    "Albers Brandt Castell Drummond Eklund Farrow Gruber Hollis Ivarsson Jansen Köhler Lindqvist "
    "Moreau Novak Okafor Petrov Quaye Rossi Sørensen Tanaka Underhill Varga Whitlock Xu Yilmaz "
    "Zimmer Ahmadi Blanchet Costa Díaz Engel Fontaine Gustafsson Haddad Iqbal Jovanović Keller "
    "Larsen Müller Nilsen Obi Pereira Reinholt Svensson Thorne Urban Vance Weber Young Ziegler"
)
_TITLES = (
    "Chief Operating Officer",
    "VP Sales",
    "Head of Operations",
    "Director of Marketing",
    "Sales Manager",
    "Operations Manager",
    "Data Analyst",
    "IT Lead",
    "Procurement Specialist",
    "Assistant",
)
FREE_MAIL = ("gmail.com", "gmx.de", "outlook.com", "yahoo.com")


class Register:
    """Gives out names, each once."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._stems = set(known)

    def stem(self, dice: Dice) -> str:
        """Return a stem such as ``Quoraramond`` that was not given out before."""
        made = dice.pick(_HEADS) + dice.pick(_MIDDLES)
        if dice.chance(0.6):
            made += dice.pick(_INNER) + dice.pick(_MIDDLES)
        made += dice.pick(_TAILS)
        while made in self._stems:
            made += dice.pick(_TAILS)
        self._stems.add(made)
        return made


def account_name(dice: Dice, stem: str, industry: str, country: str) -> str:
    """Return a name with trade and legal form.

    >>> account_name(Dice("example", 3), "Zanovorn", "logistics", "SE").startswith("Zanovorn ")
    True
    """
    return f"{stem} {dice.pick(_TRADES[industry])} {dice.pick(_LEGAL[country])}"


def branch_name(dice: Dice, stem: str, industry: str, country: str) -> str:
    """Return the name of a subsidiary: by place or by trade."""
    part = _PLACE[country] if dice.chance(0.5) else dice.pick(_TRADES[industry])
    return f"{stem} {part} {dice.pick(_LEGAL[country])}"


def domain_of(name: str, country: str) -> str:
    """Return the domain for a name, without its legal form.

    >>> domain_of("Zanovorn Freight AB", "SE")
    'zanovorn-freight.se'
    """
    words = [plain(word) for word in name.split()[:-1]]
    return f"{'-'.join(words)}.{_SUFFIX[country]}"


def person(dice: Dice) -> tuple[str, str, str]:
    """Return first name, last name and title."""
    return dice.pick(_FIRST), dice.pick(_LAST), dice.pick(_TITLES)


def address(first: str, last: str, domain: str, style: int) -> str:
    """Return an e-mail address in one of three house styles."""
    first, last = plain(first), plain(last)
    local = (f"{first}.{last}", f"{first[0]}{last}", f"{last}.{first[0]}")[style % 3]
    return f"{local}@{domain}"


def free_address(first: str, last: str, stem: str, dice: Dice) -> str:
    """Return a free-mail address whose local part holds an invented word, so nobody has it."""
    return f"{plain(first)}.{plain(last)}.{plain(stem)}{dice.whole(10, 99)}@{dice.pick(FREE_MAIL)}"


def phone(dice: Dice, country: str) -> str:
    """Return a number from the ranges set aside for fiction."""
    if country == "US":
        return f"+1 202-555-01{dice.whole(0, 99):02d}"
    return f"+44 1632 960{dice.whole(0, 999):03d}"


def plain(text: str) -> str:
    """Return lower-case ASCII letters and digits.

    >>> plain("Müller")
    'mueller'
    """
    for letter, written in (("ü", "ue"), ("ö", "oe"), ("ä", "ae"), ("ø", "o"), ("ł", "l")):
        text = text.lower().replace(letter, written)
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in bare if letter.isalnum())


def misspell(text: str, dice: Dice) -> str:
    """Return ``text`` with one slip of the keyboard: swapped, dropped or doubled."""
    at = dice.whole(1, max(1, len(text) - 2))
    match dice.whole(0, 2):
        case 0:
            return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
        case 1:
            return text[:at] + text[at + 1 :]
        case _:
            return text[:at] + text[at - 1 : at] + text[at:]


def typed(name: str, dice: Dice, misspellings: float) -> str:
    """Return how a person types the name of an account into a form."""
    words = name.split()
    if dice.chance(0.5):
        words = words[:-1]
    text = " ".join(words)
    if dice.chance(0.15):
        text = text.lower()
    return misspell(text, dice) if dice.chance(misspellings) else text
