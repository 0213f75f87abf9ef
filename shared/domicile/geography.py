"""Which country a cloud's region lies in, which region Azure pairs it with, and the sets of countries laws name.

Tables only, never a guess from a name: what is not in them has no country. Read from the vendors' region lists
(botocore's partitions, Microsoft's list of regions of 2025-09-23); an entry that rests on memory is not `sure`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from domicile.model import Location

VERSION: Final = date(2026, 7, 1)
"""The day up to which the tables were checked."""

PLACE_SETS_AS_OF: Final = date(2026, 7, 1)
"""The version of the sets of places: the day up to which changes of them are in. A set that changes gets another."""

ANY: Final = "ANY"


class Zone(Struct, frozen=True):
    """The country of a zone outside its region's own data centres; `sure` when a published list was read."""

    country: str
    sure: bool = False


def country(location: Location) -> str | None:
    """ISO 3166-1 alpha-2 code of the country a location lies in; None when the tables do not say."""
    if location.provider == "azure":
        # Azure numbers the zones of a region; whatever else stands there is an edge site, which may be anywhere.
        if location.zone not in {"", "1", "2", "3"}:
            return None
        region = azure_region(location.region)
        return _AZURE.get(region) or _AZURE_WIDE.get(region)
    if location.provider != "aws" or location.region not in _AWS:
        return None
    if not location.zone or _is_ordinary(location):
        return _AWS[location.region]
    local = ZONES.get(_local_zone(location))
    return local.country if local else None


def subdivision(location: Location) -> str | None:
    """ISO 3166-2 code of the part of a country that a location lies in, where a law asks for it; None when the tables
    do not say. A place may also be given by such a code itself."""
    if location.region in SUBDIVISIONS:
        return location.region
    region = azure_region(location.region) if location.provider == "azure" else location.region
    return _PROVINCES.get((location.provider, region)) if country(location) else None


def country_of(place: str) -> str:
    """The country of a place given as country or as part of one: `CA` of `CA-QC`."""
    return place.partition("-")[0]


def within(place: str, places: Collection[str]) -> bool:
    """Whether a place, or the country it is a part of, is among some places."""
    return place in places or country_of(place) in places


def is_sure(location: Location) -> bool:
    """Whether the country of a location was read in a published list."""
    if country(location) is None or location.region in _UNSURE:
        return False
    local = ZONES.get(_local_zone(location))
    return local is None or local.sure


def pair(region: str) -> str | None:
    """The Azure region that geo-redundant storage of a region copies to; None when it has no pair."""
    return _PAIRS.get(azure_region(region))


def azure_region(name: str) -> str:
    """The code of an Azure region given as code or as display name: `Central India` is `centralindia`."""
    return re.sub(r"^\([^)]*\)|\s", "", name.strip().lower())


def regions_in(provider: str, country: str) -> tuple[str, ...]:
    """A provider's regions in a country, in the order of the table."""
    table = {"aws": _AWS, "azure": _AZURE}.get(provider, {})
    return tuple(region for region, code in table.items() if code == country)


def country_name(code: str) -> str:
    """English name of a country or of a part of one, or the code itself when there is none."""
    return COUNTRIES.get(code) or SUBDIVISIONS.get(code, code)


def expand(places: Iterable[str]) -> tuple[str, ...]:
    """Countries written out from codes and names of sets, each once; `ANY` stays.

    Raises ValueError, with a suggestion, for what is neither.
    """
    written: dict[str, None] = {}
    for place in places:
        if place in PLACE_SETS:
            written.update(dict.fromkeys(expand(PLACE_SETS[place])))
        elif place in COUNTRIES or place in SUBDIVISIONS or place == ANY:
            written[place] = None
        else:
            near = suggest(place)
            raise ValueError(f"unknown country or set {place!r}" + (f"; did you mean {near}?" if near else ""))
    return tuple(written)


def suggest(place: str) -> str | None:
    """The country code or set somebody probably meant."""
    if place.upper() in {*COUNTRIES, *SUBDIVISIONS, *PLACE_SETS, ANY}:
        return place.upper()
    names = {name.casefold(): code for code, name in COUNTRIES.items()} | {"uk": "GB"}
    if near := difflib.get_close_matches(place.casefold()[:60], names, n=1, cutoff=0.8):
        return names[near[0]]
    return next(iter(difflib.get_close_matches(place.upper()[:60], PLACE_SETS, n=1)), None)


def _is_ordinary(location: Location) -> bool:
    """Whether a zone's name or id is that of one of the region's own availability zones."""
    return bool(
        re.fullmatch(rf"{location.region}[a-z]", location.zone)
        or re.fullmatch(rf"{_short(location.region)}-az[0-9]+", location.zone)
    )


def _local_zone(location: Location) -> str:
    """Name of the group of Local Zones a zone's name or id belongs to: `us-east-1-qro-1`; "" for other zones."""
    for prefix, pattern in (
        (location.region, r"-([a-z]{3})-([0-9])[a-z]"),
        (_short(location.region), r"-([a-z]{3})([0-9])-az[0-9]+"),
    ):
        if match := re.fullmatch(re.escape(prefix) + pattern, location.zone):
            return f"{location.region}-{match[1]}-{match[2]}"
    return ""


def _short(region: str) -> str:
    """The region as zone ids write it: `use1` in `use1-az4`."""
    area, *middle, direction, number = region.split("-")
    words = re.findall("north|south|east|west|central", direction)
    return area + "".join(word[0] for word in middle) + "".join(word[0] for word in words) + number


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _by_region(regions: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({region: code for code, names in regions.items() for region in _words(names)})


_AWS: Final = _by_region(
    {
        "AE": "me-central-1",
        "AU": "ap-southeast-2 ap-southeast-4",
        "BH": "me-south-1",
        "BR": "sa-east-1",
        "CA": "ca-central-1 ca-west-1",
        "CH": "eu-central-2",
        "CL": "sa-west-1",
        "CN": "cn-north-1 cn-northwest-1",
        "DE": "eu-central-1 eusc-de-east-1",
        "ES": "eu-south-2",
        "FR": "eu-west-3",
        "GB": "eu-west-2 eu-isoe-west-1",
        "HK": "ap-east-1",
        "ID": "ap-southeast-3",
        "IE": "eu-west-1",
        "IL": "il-central-1",
        "IN": "ap-south-1 ap-south-2",
        "IT": "eu-south-1",
        "JP": "ap-northeast-1 ap-northeast-3",
        "KR": "ap-northeast-2",
        "MX": "mx-central-1",
        "MY": "ap-southeast-5",
        "NZ": "ap-southeast-6",
        "SA": "me-west-1",
        "SE": "eu-north-1",
        "SG": "ap-southeast-1",
        "TH": "ap-southeast-7",
        "TW": "ap-east-2",
        "US": (
            "us-east-1 us-east-2 us-west-1 us-west-2 us-gov-east-1 us-gov-west-1 us-iso-east-1 us-iso-west-1 "
            "us-isob-east-1 us-isob-west-1 us-isof-east-1 us-isof-south-1"
        ),
        "ZA": "af-south-1",
    }
)

_UNSURE: Final = frozenset(
    {"eu-isoe-west-1", "usgovvirginia", "usgovtexas", "usgovarizona", "usdodeast", "usdodcentral"}
    | {"chinaeast", "chinaeast2", "chinaeast3", "chinanorth", "chinanorth2", "chinanorth3", "indiasouthcentral"}
)

ZONES: Final[Mapping[str, Zone]] = MappingProxyType(
    {"us-east-1-qro-1": Zone("MX", sure=True)}
    | {
        zone: Zone(code)
        for zone, code in _by_region(
            {
                "AR": "us-east-1-bue-1",
                "AU": "ap-southeast-2-per-1",
                "CL": "us-east-1-scl-1",
                "DE": "eu-central-1-ham-1",
                "DK": "eu-north-1-cph-1",
                "FI": "eu-north-1-hel-1",
                "IN": "ap-south-1-ccu-1 ap-south-1-del-1",
                "NG": "af-south-1-los-1",
                "NZ": "ap-southeast-2-akl-1",
                "OM": "me-south-1-mct-1",
                "PE": "us-east-1-lim-1",
                "PH": "ap-southeast-1-mnl-1",
                "PL": "eu-central-1-waw-1",
                "TH": "ap-southeast-1-bkk-1",
                "TW": "ap-northeast-1-tpe-1",
                "US": (
                    "us-east-1-atl-1 us-east-1-bos-1 us-east-1-chi-1 us-east-1-dfw-1 us-east-1-iah-1 us-east-1-mci-1 "
                    "us-east-1-mia-1 us-east-1-msp-1 us-east-1-nyc-1 us-east-1-phl-1 us-west-2-den-1 us-west-2-hnl-1 "
                    "us-west-2-las-1 us-west-2-lax-1 us-west-2-pdx-1 us-west-2-phx-1 us-west-2-sea-1"
                ),
            }
        ).items()
    }
)
"""Groups of Local Zones; a group that is not here has no country, whatever its parent region."""

_AZURE: Final = _by_region(
    {
        "AE": "uaenorth uaecentral",
        "AT": "austriaeast",
        "AU": "australiaeast australiasoutheast australiacentral australiacentral2",
        "BE": "belgiumcentral",
        "BR": "brazilsouth brazilsoutheast",
        "CA": "canadacentral canadaeast",
        "CH": "switzerlandnorth switzerlandwest",
        "CL": "chilecentral",
        "CN": "chinaeast chinaeast2 chinaeast3 chinanorth chinanorth2 chinanorth3",
        "DE": "germanywestcentral germanynorth",
        "DK": "denmarkeast",
        "ES": "spaincentral",
        "FR": "francecentral francesouth",
        "GB": "uksouth ukwest",
        "HK": "eastasia",
        "ID": "indonesiacentral",
        "IE": "northeurope",
        "IL": "israelcentral",
        "IN": "centralindia southindia westindia indiasouthcentral jioindiawest jioindiacentral",
        "IT": "italynorth",
        "JP": "japaneast japanwest",
        "KR": "koreacentral koreasouth",
        "MX": "mexicocentral",
        "MY": "malaysiawest",
        "NL": "westeurope",
        "NO": "norwayeast norwaywest",
        "NZ": "newzealandnorth",
        "PL": "polandcentral",
        "QA": "qatarcentral",
        "SE": "swedencentral swedensouth",
        "SG": "southeastasia",
        "US": (
            "centralus eastus eastus2 northcentralus southcentralus westcentralus westus westus2 westus3 "
            "usgovvirginia usgovtexas usgovarizona usdodeast usdodcentral"
        ),
        "ZA": "southafricanorth southafricawest",
    }
)

_AZURE_WIDE: Final = MappingProxyType({"unitedstates": "US"})
"""What is no region of Azure, and in one country all the same: in its data zone of the United States, Microsoft says,
models process anywhere within them. That of the European Union is in many countries."""

_MUTUAL: Final = (
    "centralindia southindia",
    "jioindiawest jioindiacentral",
    "southeastasia eastasia",
    "northeurope westeurope",
    "australiacentral australiacentral2",
    "australiaeast australiasoutheast",
    "canadacentral canadaeast",
    "francecentral francesouth",
    "germanywestcentral germanynorth",
    "japaneast japanwest",
    "koreacentral koreasouth",
    "norwayeast norwaywest",
    "southafricanorth southafricawest",
    "swedencentral swedensouth",
    "switzerlandnorth switzerlandwest",
    "uaenorth uaecentral",
    "uksouth ukwest",
    "centralus eastus2",
    "eastus westus",
    "northcentralus southcentralus",
    "westus2 westcentralus",
    "usgovarizona usgovtexas",
    "usdodeast usdodcentral",
    "chinaeast chinanorth",
    "chinaeast2 chinanorth2",
    "chinaeast3 chinanorth3",
)

_PAIRS: Final[Mapping[str, str]] = MappingProxyType(
    {one: other for both in _MUTUAL for one, other in (_words(both), reversed(_words(both)))}
    | {
        "westindia": "southindia",
        "indiasouthcentral": "centralindia",
        "brazilsouth": "southcentralus",
        "brazilsoutheast": "brazilsouth",
        "westus3": "eastus",
        "usgovvirginia": "usgovtexas",
    }
)

_EU: Final = _words("AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE")

PLACE_SETS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "EU": _EU,
        "EEA": (*_EU, "IS", "LI", "NO"),
        "EU_ADEQUATE": _words("AD AR BR FO GG IL IM JP JE NZ KR CH GB UY"),
        # Adequate for some recipients only: Canada's commercial organisations, those in the US that are certified to
        # the Data Privacy Framework, Japan's private sector. A rule that names this set takes them all.
        "EU_ADEQUATE_CONDITIONAL": ("CA", "US", "JP"),
        "DE_SGB": ("EEA", "CH"),
        "CJIS_TERRITORY": _words("US PR GU VI AS MP CA"),
        # The rule of the US Department of Justice counts Hong Kong and Macao as China; no other set does.
        "US_CONCERN": _words("CN HK MO CU IR KP RU VE"),
        # The core of 22 CFR 126.1(d)(1) and Russia; paragraph (d)(2) lists more and changes.
        "ITAR_EXCLUDED": _words("BY MM CN CU IR KP SY VE RU"),
    }
)

SUBDIVISIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CA-AB": "Alberta",
        "CA-BC": "British Columbia",
        "CA-MB": "Manitoba",
        "CA-NB": "New Brunswick",
        "CA-NL": "Newfoundland and Labrador",
        "CA-NS": "Nova Scotia",
        "CA-NT": "Northwest Territories",
        "CA-NU": "Nunavut",
        "CA-ON": "Ontario",
        "CA-PE": "Prince Edward Island",
        "CA-QC": "Quebec",
        "CA-SK": "Saskatchewan",
        "CA-YT": "Yukon",
    }
)
"""Parts of countries that a law tells apart: so far only those of Canada."""

_PROVINCES: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("aws", "ca-central-1"): "CA-QC",
        ("aws", "ca-west-1"): "CA-AB",
        ("azure", "canadacentral"): "CA-ON",
        ("azure", "canadaeast"): "CA-QC",
    }
)

COUNTRIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AD": "Andorra",
        "AE": "United Arab Emirates",
        "AF": "Afghanistan",
        "AG": "Antigua and Barbuda",
        "AI": "Anguilla",
        "AL": "Albania",
        "AM": "Armenia",
        "AO": "Angola",
        "AQ": "Antarctica",
        "AR": "Argentina",
        "AS": "American Samoa",
        "AT": "Austria",
        "AU": "Australia",
        "AW": "Aruba",
        "AX": "Åland Islands",
        "AZ": "Azerbaijan",
        "BA": "Bosnia and Herzegovina",
        "BB": "Barbados",
        "BD": "Bangladesh",
        "BE": "Belgium",
        "BF": "Burkina Faso",
        "BG": "Bulgaria",
        "BH": "Bahrain",
        "BI": "Burundi",
        "BJ": "Benin",
        "BL": "Saint Barthélemy",
        "BM": "Bermuda",
        "BN": "Brunei",
        "BO": "Bolivia",
        "BQ": "Caribbean Netherlands",
        "BR": "Brazil",
        "BS": "Bahamas",
        "BT": "Bhutan",
        "BV": "Bouvet Island",
        "BW": "Botswana",
        "BY": "Belarus",
        "BZ": "Belize",
        "CA": "Canada",
        "CC": "Cocos (Keeling) Islands",
        "CD": "Congo (Kinshasa)",
        "CF": "Central African Republic",
        "CG": "Congo (Brazzaville)",
        "CH": "Switzerland",
        "CI": "Côte d'Ivoire",
        "CK": "Cook Islands",
        "CL": "Chile",
        "CM": "Cameroon",
        "CN": "China",
        "CO": "Colombia",
        "CR": "Costa Rica",
        "CU": "Cuba",
        "CV": "Cabo Verde",
        "CW": "Curaçao",
        "CX": "Christmas Island",
        "CY": "Cyprus",
        "CZ": "Czechia",
        "DE": "Germany",
        "DJ": "Djibouti",
        "DK": "Denmark",
        "DM": "Dominica",
        "DO": "Dominican Republic",
        "DZ": "Algeria",
        "EC": "Ecuador",
        "EE": "Estonia",
        "EG": "Egypt",
        "EH": "Western Sahara",
        "ER": "Eritrea",
        "ES": "Spain",
        "ET": "Ethiopia",
        "FI": "Finland",
        "FJ": "Fiji",
        "FK": "Falkland Islands",
        "FM": "Micronesia",
        "FO": "Faroe Islands",
        "FR": "France",
        "GA": "Gabon",
        "GB": "United Kingdom",
        "GD": "Grenada",
        "GE": "Georgia",
        "GF": "French Guiana",
        "GG": "Guernsey",
        "GH": "Ghana",
        "GI": "Gibraltar",
        "GL": "Greenland",
        "GM": "Gambia",
        "GN": "Guinea",
        "GP": "Guadeloupe",
        "GQ": "Equatorial Guinea",
        "GR": "Greece",
        "GS": "South Georgia and the South Sandwich Islands",
        "GT": "Guatemala",
        "GU": "Guam",
        "GW": "Guinea-Bissau",
        "GY": "Guyana",
        "HK": "Hong Kong",
        "HM": "Heard Island and McDonald Islands",
        "HN": "Honduras",
        "HR": "Croatia",
        "HT": "Haiti",
        "HU": "Hungary",
        "ID": "Indonesia",
        "IE": "Ireland",
        "IL": "Israel",
        "IM": "Isle of Man",
        "IN": "India",
        "IO": "British Indian Ocean Territory",
        "IQ": "Iraq",
        "IR": "Iran",
        "IS": "Iceland",
        "IT": "Italy",
        "JE": "Jersey",
        "JM": "Jamaica",
        "JO": "Jordan",
        "JP": "Japan",
        "KE": "Kenya",
        "KG": "Kyrgyzstan",
        "KH": "Cambodia",
        "KI": "Kiribati",
        "KM": "Comoros",
        "KN": "Saint Kitts and Nevis",
        "KP": "North Korea",
        "KR": "South Korea",
        "KW": "Kuwait",
        "KY": "Cayman Islands",
        "KZ": "Kazakhstan",
        "LA": "Laos",
        "LB": "Lebanon",
        "LC": "Saint Lucia",
        "LI": "Liechtenstein",
        "LK": "Sri Lanka",
        "LR": "Liberia",
        "LS": "Lesotho",
        "LT": "Lithuania",
        "LU": "Luxembourg",
        "LV": "Latvia",
        "LY": "Libya",
        "MA": "Morocco",
        "MC": "Monaco",
        "MD": "Moldova",
        "ME": "Montenegro",
        "MF": "Saint Martin",
        "MG": "Madagascar",
        "MH": "Marshall Islands",
        "MK": "North Macedonia",
        "ML": "Mali",
        "MM": "Myanmar",
        "MN": "Mongolia",
        "MO": "Macao",
        "MP": "Northern Mariana Islands",
        "MQ": "Martinique",
        "MR": "Mauritania",
        "MS": "Montserrat",
        "MT": "Malta",
        "MU": "Mauritius",
        "MV": "Maldives",
        "MW": "Malawi",
        "MX": "Mexico",
        "MY": "Malaysia",
        "MZ": "Mozambique",
        "NA": "Namibia",
        "NC": "New Caledonia",
        "NE": "Niger",
        "NF": "Norfolk Island",
        "NG": "Nigeria",
        "NI": "Nicaragua",
        "NL": "Netherlands",
        "NO": "Norway",
        "NP": "Nepal",
        "NR": "Nauru",
        "NU": "Niue",
        "NZ": "New Zealand",
        "OM": "Oman",
        "PA": "Panama",
        "PE": "Peru",
        "PF": "French Polynesia",
        "PG": "Papua New Guinea",
        "PH": "Philippines",
        "PK": "Pakistan",
        "PL": "Poland",
        "PM": "Saint Pierre and Miquelon",
        "PN": "Pitcairn Islands",
        "PR": "Puerto Rico",
        "PS": "Palestine",
        "PT": "Portugal",
        "PW": "Palau",
        "PY": "Paraguay",
        "QA": "Qatar",
        "RE": "Réunion",
        "RO": "Romania",
        "RS": "Serbia",
        "RU": "Russia",
        "RW": "Rwanda",
        "SA": "Saudi Arabia",
        "SB": "Solomon Islands",
        "SC": "Seychelles",
        "SD": "Sudan",
        "SE": "Sweden",
        "SG": "Singapore",
        "SH": "Saint Helena",
        "SI": "Slovenia",
        "SJ": "Svalbard and Jan Mayen",
        "SK": "Slovakia",
        "SL": "Sierra Leone",
        "SM": "San Marino",
        "SN": "Senegal",
        "SO": "Somalia",
        "SR": "Suriname",
        "SS": "South Sudan",
        "ST": "São Tomé and Príncipe",
        "SV": "El Salvador",
        "SX": "Sint Maarten",
        "SY": "Syria",
        "SZ": "Eswatini",
        "TC": "Turks and Caicos Islands",
        "TD": "Chad",
        "TF": "French Southern Territories",
        "TG": "Togo",
        "TH": "Thailand",
        "TJ": "Tajikistan",
        "TK": "Tokelau",
        "TL": "Timor-Leste",
        "TM": "Turkmenistan",
        "TN": "Tunisia",
        "TO": "Tonga",
        "TR": "Türkiye",
        "TT": "Trinidad and Tobago",
        "TV": "Tuvalu",
        "TW": "Taiwan",
        "TZ": "Tanzania",
        "UA": "Ukraine",
        "UG": "Uganda",
        "UM": "US Minor Outlying Islands",
        "US": "United States",
        "UY": "Uruguay",
        "UZ": "Uzbekistan",
        "VA": "Vatican City",
        "VC": "Saint Vincent and the Grenadines",
        "VE": "Venezuela",
        "VG": "British Virgin Islands",
        "VI": "US Virgin Islands",
        "VN": "Viet Nam",
        "VU": "Vanuatu",
        "WF": "Wallis and Futuna",
        "WS": "Samoa",
        "YE": "Yemen",
        "YT": "Mayotte",
        "ZA": "South Africa",
        "ZM": "Zambia",
        "ZW": "Zimbabwe",
    }
)
"""Every code of ISO 3166-1 alpha-2 with a short English name; a place here is no statement about its status."""
