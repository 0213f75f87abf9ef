"""The classes of data that rules speak about, and the globs that match them."""

from __future__ import annotations

import difflib
import fnmatch
import re
from typing import Final

ANY: Final = "ANY"

# Of the groups only those under `personal` are classes themselves. No rule matches a bare `payment` or `bank`: were it
# a class, data marked with it would be judged by nothing and look clean.
_WRITTEN_OUT: Final = """
personal personal.contact personal.preference personal.location personal.child personal.critical
personal.social_data personal.sdf_specified
personal.id personal.id.aadhaar personal.id.aadhaar_vid personal.id.pan personal.id.voter personal.id.passport_in
personal.id.driving_licence_in personal.id.vehicle_in personal.id.abha personal.id.uan personal.id.rrn_kr
personal.sensitive personal.sensitive.password personal.sensitive.financial personal.sensitive.health
personal.sensitive.biometric personal.sensitive.genetic personal.sensitive.sexual personal.sensitive.caste_tribe
personal.sensitive.religion personal.sensitive.political personal.sensitive.transgender_intersex
payment.customer payment.account payment.credential payment.card payment.transaction payment.upi
lending.borrower bank.customer securities.market securities.investor insurance.policy insurance.claim
books_of_account business.gstin business.pan_company business.bank_account
logs.ict logs.security logs.traffic logs.traffic.sdf_specified logs.auth logs.auth.aadhaar
telecom.user_info telecom.accounting telecom.cdr gov.data gov.sovereign geospatial.coarse geospatial.fine
health.my_health_record us.cji us.itar us.fti cn.important credit.kr generic.aggregate
"""
CLASSES: Final = frozenset(_WRITTEN_OUT.split())

_OWN: Final = re.compile(r"x(\.[A-Za-z0-9_-]+)+")
_OWN_PATTERN: Final = re.compile(r"x\.[A-Za-z0-9_.*?\[\]!-]+")


def known(name: str) -> bool:
    """Whether this is a class: one of domicile's, or one of the organisation's own below `x.`"""
    return name in CLASSES or _OWN.fullmatch(name) is not None


def known_pattern(pattern: str) -> bool:
    """Whether a glob matches at least one class; own classes below `x.` need not be declared."""
    return any(matches(pattern, name) for name in CLASSES) or known(pattern) or bool(_OWN_PATTERN.fullmatch(pattern))


def loosens(name: str) -> bool:
    """Whether a class takes duties away instead of adding them: what is generic is nobody's data."""
    return name.startswith("generic.")


def is_own(name: str) -> bool:
    """Whether a class is one of the organisation's own, about which no packaged rule speaks."""
    return name.startswith("x.")


def matches(pattern: str, name: str) -> bool:
    """Whether a glob covers a class. `personal.*` covers what is below `personal`, not `personal` itself."""
    return pattern == ANY or fnmatch.fnmatchcase(name, pattern)


def suggest(name: str) -> str | None:
    """The class somebody probably meant."""
    wanted = name[:60].lower().strip(". ")
    kin = sorted(full for full in CLASSES if full.endswith("." + wanted) or full.startswith(wanted + "."))
    near = [wanted] if wanted in CLASSES else kin or difflib.get_close_matches(wanted, sorted(CLASSES), n=1)
    return near[0] if near else None
