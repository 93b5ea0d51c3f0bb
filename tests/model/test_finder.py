"""The country finder on composed sentences, one table for each class of mention and of trap."""

from __future__ import annotations

import time
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.countries.finder import CountryFinder
from model.countries.registry import is_known_code
from model.documents import GivenEntity, Mention
from model.sentences import Sentence

FINDER = CountryFinder()


def lines(text: str) -> list[Sentence]:
    """Take every line for a sentence, so that these tests hang on no sentence splitter."""
    sentences, start = [], 0
    for line in text.splitlines(keepends=True):
        stripped = line.strip()
        if stripped:
            first = start + line.index(stripped)
            sentences.append(Sentence(stripped, first, first + len(stripped)))
        start += len(line)
    return sentences


def find(text: str, day: date | None = None, own: tuple[GivenEntity, ...] = ()) -> list[Mention]:
    return FINDER.find(text, lines(text), date=day, given=own)


def pairs(text: str, day: date | None = None) -> list[tuple[str, str]]:
    return [(mention.text, mention.code) for mention in find(text, day)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Russia and the Russians", [("Russia", "RU", "name"), ("Russians", "RU", "adjective")]),
        ("Dutch, Swiss and Filipino sailors", [("Dutch", "NL"), ("Swiss", "CH"), ("Filipino", "PH")]),
        ("Saudis and Emiratis", [("Saudis", "SA", "adjective"), ("Emiratis", "AE", "adjective")]),
        ("The U.S., the U.K. and the UAE", [("U.S.", "US"), ("U.K.", "GB"), ("UAE", "AE")]),
        ("The DPRK, the PRC, the DRC and the ROK", [("DPRK", "KP"), ("PRC", "CN"), ("DRC", "CD"), ("ROK", "KR")]),
        ("Tehran's envoy flew to Kyiv", [("Tehran", "IR", "capital"), ("Kyiv", "UA", "capital")]),
        ("The Kremlin and the White House", [("Kremlin", "RU", "seat"), ("White House", "US", "seat")]),
        ("Downing Street and the Élysée", [("Downing Street", "GB", "seat"), ("Élysée", "FR", "seat")]),
        (
            "Quai d’Orsay, Blue House, Zhongnanhai",
            [("Quai d’Orsay", "FR"), ("Blue House", "KR"), ("Zhongnanhai", "CN")],
        ),
        ("The Pentagon and the State Department", [("Pentagon", "US", "body"), ("State Department", "US", "body")]),
        ("the Knesset, the Bundestag, the Duma", [("Knesset", "IL"), ("Bundestag", "DE"), ("Duma", "RU")]),
        ("the IDF, the FSB, the ISI, the IRGC", [("IDF", "IL"), ("FSB", "RU"), ("ISI", "PK"), ("IRGC", "IR")]),
        (
            "The Secretary of State met the Foreign Secretary",
            [("Secretary of State", "US"), ("Foreign Secretary", "GB")],
        ),
        ("The U.N. and the Security Council", [("U.N.", "UN", "bloc"), ("Security Council", "UN", "bloc")]),
        ("the IAEA, the WHO and UNICEF", [("IAEA", "UN"), ("WHO", "UN"), ("UNICEF", "UN")]),
        ("The European Commission and Nato", [("European Commission", "EU", "bloc"), ("Nato", "NATO", "bloc")]),
        ("the Group of Seven, ASEAN and OPEC", [("Group of Seven", "G7"), ("ASEAN", "ASEAN"), ("OPEC", "OPEC")]),
        ("the African Union and the Arab League", [("African Union", "AFRICAN_UNION"), ("Arab League", "ARAB_LEAGUE")]),
        ("Soviet tanks left East Germany", [("Soviet", "SUHH"), ("East Germany", "DDDE")]),
        ("Zaire and Rhodesia", [("Zaire", "CD"), ("Rhodesia", "ZW")]),
        ("Greenland, Western Sahara, Hong Kong", [("Greenland", "GL"), ("Western Sahara", "EH"), ("Hong Kong", "HK")]),
        ("Scotland, Wales and Birmingham, England", [("Scotland", "GB"), ("Wales", "GB"), ("England", "GB")]),
        ("Singapore Airlines flew over the South China Sea", [("Singapore", "SG"), ("China", "CN")]),
        ("a pro-Russian, US-led force", [("Russian", "RU"), ("US", "US")]),
        (
            "Türkiye, Côte d’Ivoire and COTE D'IVOIRE",
            [("Türkiye", "TR"), ("Côte d’Ivoire", "CI"), ("COTE D'IVOIRE", "CI")],
        ),
        ("Irans plan", [("Irans", "IR")]),
        ("Saint Lucia, St. Lucia", [("Saint Lucia", "LC"), ("St. Lucia", "LC")]),
        ("United\u00a0States and North\nKorea", [("United\u00a0States", "US"), ("Korea", "KR")]),
    ],
)
def test_mentions(text: str, expected: list[tuple[str, ...]]) -> None:
    found = [(mention.text, mention.code, mention.source.value) for mention in find(text)]
    assert [row[: len(wanted)] for row, wanted in zip(found, expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the pronoun and the country
        ("They told us to wait", []),
        ("TELL US MORE ABOUT THE TALKS", []),
        ("LET US GO, SAY CREWS", []),
        ("US TROOPS LEAVE IRAQ", [("US", "US"), ("IRAQ", "IQ")]),
        ("WHO KNOWS WHAT US VOTERS WANT", [("US", "US")]),
        # the Koreas
        ("N. Korea, S Korea and North Koreans", [("N. Korea", "KP"), ("S Korea", "KR"), ("North Koreans", "KP")]),
        ("The two Koreas met on the Korean peninsula", []),
        (
            "North Korea fired; the North's envoy left and the South protested.",
            [("North Korea", "KP"), ("North", "KP"), ("South", "KR")],
        ),
        ("Factories in the North closed in Britain", [("Britain", "GB")]),
        # families of names
        ("Nigeria and Niger", [("Nigeria", "NG"), ("Niger", "NE")]),
        ("Nigerians and Nigeriens", [("Nigerians", "NG"), ("Nigeriens", "NE")]),
        (
            "the Republic of Congo and the Democratic Republic of Congo",
            [("Republic of Congo", "CG"), ("Democratic Republic of Congo", "CD")],
        ),
        (
            "Guinea-Bissau, Equatorial Guinea, Papua New Guinea, Guinea, a guinea pig",
            [("Guinea-Bissau", "GW"), ("Equatorial Guinea", "GQ"), ("Papua New Guinea", "PG"), ("Guinea", "GN")],
        ),
        ("Dominica and the Dominican Republic", [("Dominica", "DM"), ("Dominican Republic", "DO")]),
        ("the Republic of Ireland, Northern Ireland", [("Republic of Ireland", "IE"), ("Northern Ireland", "GB")]),
        ("Sudan, South Sudan", [("Sudan", "SD"), ("South Sudan", "SS")]),
        ("Mali and Somalia", [("Mali", "ML"), ("Somalia", "SO")]),
        (
            "the Republic of China and the People's Republic of China",
            [("Republic of China", "TW"), ("People's Republic of China", "CN")],
        ),
        # America
        ("Latin America, South American, Central America, African American", []),
        ("America and an American", [("America", "US"), ("American", "US")]),
        ("an American Indian on the Indian Ocean in Indiana", []),
        # places of the same name
        ("The Governor of Georgia spoke in Atlanta", []),
        ("Sen. Smith of Georgia, a Republican, retired", []),
        ("They moved to Georgia, USA", []),
        ("Georgia Tech won", []),
        ("Georgia's parliament met in Tbilisi", [("Georgia", "GE"), ("Tbilisi", "GE")]),
        ("Washington state, New England, New Mexico and Albany", []),
        ("New Jersey and Jersey", [("Jersey", "JE")]),
        ("Moscow, Idaho and Paris, Texas", []),
        # persons and papers
        ("Michael Jordan and Jordan Henderson", []),
        ("Jordan's king", [("Jordan", "JO")]),
        ("Chad Brown lives in Chad", [("Chad", "TD")]),
        ("Denzel Washington and George Washington", []),
        ("Jack London wrote of London", [("London", "GB")]),
        ("Israel Cohen visited Israel", [("Israel", "IL")]),
        ("Paris Hilton, Cuba Gooding", []),
        ("The Washington Post reported it", [("Washington", "US")]),
        # ordinary words
        ("a turkey sandwich and fine china", []),
        ("Turkey prices rose before Thanksgiving", []),
        ("Turkey's army", [("Turkey", "TR")]),
        ("They polish a Polish car", [("Polish", "PL")]),
        ("a Panama hat, Brussels sprouts, French fries", []),
        ("who knows", []),
        ("a cricket XI", []),
        # lower case
        ("talks between australia and the russians", [("australia", "AU"), ("russians", "RU")]),
        # never inside a word
        ("Omaniac Iranology Chinatown", []),
    ],
)
def test_traps(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MOSCOW (AP) - Talks ended", [("MOSCOW", "RU")]),
        ("WASHINGTON: Talks ended", [("WASHINGTON", "US")]),
        ("BAGHDAD, Iraq (AP) - Talks ended", [("BAGHDAD", "IQ"), ("Iraq", "IQ")]),
        ("PORT-AU-PRINCE, Jan 3 - Talks ended", [("PORT-AU-PRINCE", "HT")]),
        ("Brussels rejected the offer", [("Brussels", "EU")]),
        ("They met in Brussels", [("Brussels", "BE")]),
        ("The Hague rejected the plea", [("The Hague", "NL")]),
        ("The court in The Hague sat", []),
        ("Tel Aviv denied it", [("Tel Aviv", "IL")]),
        ("A flight to Tel Aviv", []),
        ("Soviet planners waited, and Moscow said nothing", [("Soviet", "SUHH"), ("Moscow", "SUHH")]),
        ("Moscow sent Soviet-era tanks", [("Moscow", "RU"), ("Soviet", "SUHH")]),
        ("The Philippine Senate voted", [("Philippine", "PH")]),
        ("The Senate voted", [("Senate", "US")]),
        ("The Russian Security Council met", [("Russian", "RU")]),
        ("Japan went to the security council", [("Japan", "JP"), ("security council", "UN")]),
        ("Japan told its national security council", [("Japan", "JP")]),
        ("Japan told its security council", [("Japan", "JP")]),
        ("He told the security council of Russia", [("Russia", "RU")]),
        ("The Secretary-General of NATO spoke", [("NATO", "NATO")]),
        ("India sent its Foreign Secretary", [("India", "IN")]),
    ],
)
def test_places_and_owners(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Putin called Merkel", [("Putin", "RU"), ("Merkel", "DE")]),
        ("Vladimir Putin's aide", [("Vladimir Putin", "RU")]),
        ("Laura Bush read while Bush spoke", [("Bush", "US")]),
        ("Bush fires near Blair House", []),
        ("Cherie Blair wrote a book", []),
        ("Former President Bill Clinton smiled; Clinton left", []),
        ("ex-chancellor Gerhard Schroeder", []),
        ("Boris Johnson spoke; Johnson left", [("Boris Johnson", "GB"), ("Johnson", "GB")]),
        ("U.N. chief Antonio Guterres", [("U.N.", "UN"), ("Antonio Guterres", "UN")]),
        ("It was Iran Putin wanted to calm.", [("Iran", "IR"), ("Putin", "RU")]),
        ("Jordan Putin spoke in France.", [("France", "FR")]),
    ],
)
def test_office_holders(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(text) == expected


@pytest.mark.parametrize(
    ("text", "day", "expected"),
    [
        ("Blair met Bush", date(2003, 3, 1), [("Blair", "GB"), ("Bush", "US")]),
        ("Blair met Bush", date(2020, 3, 1), []),
        ("Barack Obama spoke", date(2017, 2, 1), [("Barack Obama", "US")]),
        ("Barack Obama spoke", date(2017, 9, 1), []),
        ("Antonio Guterres spoke", date(1999, 6, 1), [("Antonio Guterres", "PT")]),
        ("Antonio Guterres spoke", date(2019, 6, 1), [("Antonio Guterres", "UN")]),
        ("Moscow sent a Soviet flag", date(2019, 6, 1), [("Moscow", "RU"), ("Soviet", "SUHH")]),
    ],
)
def test_a_date_picks_the_holders_of_its_day(text: str, day: date, expected: list[tuple[str, str]]) -> None:
    assert pairs(text, day) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Russian Foreign Minister Sergei Petrenkov came.\nPetrenkov left.",
            [("Sergei Petrenkov", "RU"), ("Petrenkov", "RU")],
        ),
        ("Israel's defence minister, Dov Malkin, came.\nMalkin left.", [("Dov Malkin", "IL"), ("Malkin", "IL")]),
        (
            "Maria Sokolova, a spokeswoman for the Russian foreign ministry, came.\nSokolova left.",
            [("Maria Sokolova", "RU"), ("Sokolova", "RU")],
        ),
        ("State Department spokesman Ted Pryce came.\nPryce left.", [("Ted Pryce", "US"), ("Pryce", "US")]),
        ("Gen. Mark Korilla, the U.S. commander, came.\nKorilla left.", [("Mark Korilla", "US"), ("Korilla", "US")]),
        ("The president of Ukraine, Oleh Vyshnek, came.\nVyshnek left.", [("Oleh Vyshnek", "UA"), ("Vyshnek", "UA")]),
        ("President Oleh Vyshnek of Ukraine came.\nVyshnek left.", [("Oleh Vyshnek", "UA"), ("Vyshnek", "UA")]),
        (
            "Poland helps, Defence Minister Adam Nowacki said.\nNowacki left.",
            [("Adam Nowacki", "PL"), ("Nowacki", "PL")],
        ),
        ("Chinese spokesman Gao Jianwei came.\nGao left.", [("Gao Jianwei", "CN"), ("Gao", "CN")]),
        ("The U.N. ambassador, Jane Dole, came.", []),
        ("Ferries sank on Lake Tatar, Congolese officials said.", []),
        ("Russian minister Ivan Tatarov Tuesday came.", [("Ivan Tatarov", "RU")]),
        ("Former Polish prime minister Adam Nowacki came.", []),
        ("Russian opposition leader Ivan Tatarov came.\nTatarov left.", []),
        ("Former Russian minister Ivan Tatarov came.\nTatarov left.", []),
        ("The British company's director John Dole came.\nDole left.", []),
        ("Brazilian striker Joao Pires came.\nPires left.", []),
        ("Russian minister Ivan Tatarov came.\nOlga Tatarov left.", [("Ivan Tatarov", "RU")]),
        ("Tatarov left.\nRussian minister Ivan Tatarov came.", [("Ivan Tatarov", "RU")]),
        (
            "Russian minister Ivan Tatarov and Polish minister Jan Tatarov met.\nTatarov left.",
            [("Ivan Tatarov", "RU"), ("Jan Tatarov", "PL"), ("Tatarov", "PL")],
        ),
        ("Ships off Chad and Norway's deputy fisheries minister, Ola Berg, left.", [("Ola Berg", "NO")]),
        ("UN Relief Chief Praises Farmers of Kenya's South", []),
        ("UN Relief Chief Ola Berg Praises Farmers of Kenya's South", [("Ola Berg", "UN")]),
    ],
)
def test_introduced_persons_are_carried_through(text: str, expected: list[tuple[str, str]]) -> None:
    found = [(mention.text, mention.code) for mention in find(text) if mention.source.value == "introduced"]
    assert found == expected


def test_given_entities_win_over_what_they_overlap() -> None:
    own = (GivenEntity("X1", "The North Group", ("the North",)), GivenEntity("X2", "Bank", ("Bank of Russia", "Bank")))
    text = "Bank of Russia, Bankers, bank, North Korea and the North; Russia"
    assert [(mention.text, mention.code, mention.source.value) for mention in find(text, own=own)] == [
        ("Bank of Russia", "X2", "given"),
        ("North Korea", "KP", "name"),
        ("the North", "X1", "given"),
        ("Russia", "RU", "name"),
    ]


def test_no_mention_crosses_a_sentence_end() -> None:
    assert pairs("He moved North\nKorea protested\nUnited\nStates") == [("Korea", "KR")]


PIECES = st.sampled_from(
    [
        *(
            "US",
            "U.S.",
            "İran",
            "IRAN",
            "iran",
            "Russia",
            "Russian Foreign Minister Sergei Petrenkov",
            "Petrenkov",
            "Bush",
        ),
        *(
            "former ",
            "North Korea",
            "the North",
            "Georgia",
            "Côte d’Ivoire",
            "Coˆte",
            "I\u0307raq",
            "ﬁ",
            "ß",
            "ẞ",
            "Ǆ",
            "🇺🇸",
            "👩‍👩‍👧",
        ),
        *(
            "\r\n",
            "\n",
            " ",
            "\u00a0",
            "\u2028",
            ". ",
            ", ",
            "'s",
            "’",
            "-",
            "\u0301",
            "\ud800",
            "\x00",
            "EU",
            "Brussels",
            "Kim Jong Un",
        ),
    ]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=30).map("".join)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.one_of(st.none(), st.dates(date(1985, 1, 1), date(2030, 1, 1))))
def test_offsets_hold_for_any_text(text: str, day: date | None) -> None:
    sentences = lines(text)
    own = (GivenEntity("X1", "Given", ("North", "Petrenkov")),)
    mentions = FINDER.find(text, sentences, date=day, given=own)
    assert mentions == sorted(mentions, key=lambda mention: mention.start)
    for mention in mentions:
        assert mention.text and text[mention.start : mention.end] == mention.text
        assert mention.code == "X1" or is_known_code(mention.code)
        assert any(sentence.start <= mention.start and mention.end <= sentence.end for sentence in sentences)
    assert all(first.end <= second.start for first, second in pairwise(mentions))


@pytest.mark.parametrize(
    "unit",
    ["US ", "a", "Korea Korea ", "Korea the North ", "Russian Minister Ivan Petrov said Petrov. ", "x, the Russian "],
)
def test_time_is_linear(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        start = time.process_time()
        find(text)
        return time.process_time() - start

    seconds(1_000)
    short = min(seconds(100_000) for _ in range(3))
    assert min(seconds(1_000_000) for _ in range(2)) <= 30 * max(short, 0.02)  # quadratic: 100
