"""Reads the organisation file: who owns what, what the data is, which rules apply, who signed and who allowed what."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final, Literal

from domicile import geography, taxonomy
from domicile.errors import UsageError
from domicile.model import Account, Adoption, DatasetDeclaration, Exemption, Organisation
from domicile.notify import ALL, OTHER
from domicile.policy import unknown_class
from domicile.yamltext import Document, Step, did_you_mean, parse, schema

LONGEST_EXEMPTION: Final = timedelta(days=365)

MOST_ROUTES: Final = 100
"""The names of all of them go into every message that all of them take."""

_ACCOUNT: Final = re.compile(r"[0-9]{12}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ACCOUNTS: Final = re.compile(r"[0-9a-fA-F*?-]{1,36}")
_UNIT: Final = re.compile(r"(ou|r)-[a-z0-9-]{4,60}(/ou-[a-z0-9-]{4,60})*/?")
_GROUP: Final = re.compile(r"mg:[A-Za-z0-9_.()-]{1,90}")
_TIMEZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_ROLE: Final = re.compile(r"[A-Za-z0-9_+=,.@/-]{0,512}")


class OrganisationText(Organisation, frozen=True, forbid_unknown_fields=True):
    """The organisation file as it is written: a rule may be adopted by its bare id."""

    version: Literal[1] = 1
    policies: tuple[Adoption | str, ...] = ()  # type: ignore[assignment]  # wider than what is made of it


def load(text: str, path: str, *, rules: Collection[str] | None = None) -> Organisation:
    """The organisation file, checked. Raises UsageError with file, line and field.

    With `rules`, the ids of all rules that exist, naming any other is a mistake.
    """
    document = parse(text, path)
    written = document.convert(OrganisationText)
    fields = {name: getattr(written, name) for name in Organisation.__struct_fields__}
    adopted = tuple(Adoption(one) if isinstance(one, str) else one for one in written.policies)
    organisation = Organisation(**fields | {"policies": adopted})
    check = _Check(document, organisation, rules)
    check.entities()
    check.datasets()
    check.classify()
    check.policies()
    check.statements()
    check.exemptions()
    check.routes()
    check.rest()
    return organisation


def json_schema() -> dict[str, Any]:
    """JSON Schema of the organisation file, for editors."""
    return schema(OrganisationText, "A domicile organisation file")


def claims_units(organisation: Organisation) -> bool:
    """Whether somebody owns a unit, so that it matters where accounts hang."""
    return any(_UNIT.fullmatch(claim) is not None for entity in organisation.entities for claim in entity.owns)


def require_units(organisation: Organisation, accounts: Iterable[Account]) -> None:
    """Raises UsageError when somebody owns a unit or management group that no account hangs in: it must be misnamed."""
    accounts = tuple(accounts)
    for provider, pattern, what in (("aws", _UNIT, "unit"), ("azure", _GROUP, "management group")):
        units = {unit for account in accounts if account.provider == provider for unit in account.path}
        # Nobody told where accounts hang: only the caller's own account is scanned.
        if not units:
            continue
        for at, entity in enumerate(organisation.entities):
            for number, claim in enumerate(entity.owns):
                if pattern.fullmatch(claim) and last_step(claim) not in units:
                    raise UsageError(
                        f"no account is in the {what} {claim!r}{did_you_mean(claim, units)}",
                        field=f"entities[{at}].owns[{number}]",
                    )


def last_step(claim: str) -> str:
    """The unit that a claim is about, where it is given by its path; a management group, whose names know no case."""
    return claim.lower() if _GROUP.fullmatch(claim) else claim.rstrip("/").rsplit("/", 1)[-1]


class _Check:
    """What a type cannot say: that names are known, said once, and that what loosens is answered for."""

    def __init__(self, document: Document, organisation: Organisation, rules: Collection[str] | None) -> None:
        self.document = document
        self.organisation = organisation
        self.rules = rules
        self.entity_ids = frozenset(one.id for one in organisation.entities)

    def entities(self) -> None:
        entities = self.organisation.entities
        self.document.unique(((one.id, ("entities", at, "id")) for at, one in enumerate(entities)), "entity")
        used = {one.entity for one in self.organisation.datasets}
        for at, entity in enumerate(entities):
            self.document.identifier(entity.id, "entities", at, "id")
            self.places(entity.origin, "entities", at, "origin")
            self.country(entity.country, "entities", at, "country")
            if not entity.owns and entity.id not in used:
                raise self.document.error("owns nothing, and no dataset names it", "entities", at)
            for number, claim in enumerate(entity.owns):
                if claim != "*" and not any(one.fullmatch(claim) for one in (_ACCOUNT, _UNIT, _GROUP)):
                    raise self.document.error(
                        f"{claim[:60]!r} is no account id (12 digits or a UUID), no unit's id (ou-…, r-… or a path of "
                        "these), no management group (mg:NAME) and not '*'",
                        *("entities", at, "owns", number),
                    )
        claims = (
            (claim.rstrip("/").lower(), ("entities", at, "owns", number))
            for at, entity in enumerate(entities)
            for number, claim in enumerate(entity.owns)
        )
        self.document.unique(claims, "the claim to own")

    def datasets(self) -> None:
        datasets = self.organisation.datasets
        self.document.unique(((one.id, ("datasets", at, "id")) for at, one in enumerate(datasets)), "dataset")
        for at, dataset in enumerate(datasets):
            self.dataset(dataset, "datasets", at)

    def dataset(self, dataset: DatasetDeclaration, *at: Step) -> None:
        self.document.identifier(dataset.id, *at, "id")
        self.classes(dataset.classes, *at, "class")
        self.places(dataset.origin, *at, "origin")
        self.entity(dataset.entity, *at, "entity")
        for number, account in enumerate(dataset.accounts):
            self.account(account, *at, "accounts", number)
        selectors = (*dataset.resources, *dataset.names, *dataset.accounts, *dataset.tags)
        if not selectors and not dataset.copies:
            raise self.document.error("needs 'resources', 'names', 'accounts' or 'tags', or 'copies' of its own", *at)
        copies = ((copy.name, (*at, "copies", number, "name")) for number, copy in enumerate(dataset.copies))
        self.document.unique(copies, "copy")
        for number, copy in enumerate(dataset.copies):
            if copy.country not in geography.SUBDIVISIONS:
                self.country(copy.country, *at, "copies", number, "country")
            self.countries(copy.keys, *at, "copies", number, "keys")
        if dataset.subjects is not None and dataset.subjects < 0:
            raise self.document.error("must be at least 0", *at, "subjects")
        generic = [number for number, name in enumerate(dataset.classes) if taxonomy.loosens(name)]
        if generic and not dataset.loosen:
            raise self.document.error(
                f"{dataset.classes[generic[0]]} takes duties away and needs 'loosen'", *at, "class", generic[0]
            )
        if dataset.loosen:
            if not dataset.loosen.declassify and not dataset.loosen.facts and not generic:
                raise self.document.error("needs 'declassify' or 'facts'", *at, "loosen")
            if dataset.tags:
                raise self.document.error("takes duties away, which a tag cannot: select by resources or names", *at)
            if not dataset.copies or selectors:
                self.named(dataset, *at)
            for number, pattern in enumerate(dataset.loosen.declassify):
                if not taxonomy.known_pattern(pattern):
                    raise unknown_class(self.document, pattern, *at, "loosen", "declassify", number)
            self.said(dataset.loosen, ("owner", "reason", "approver"), *at, "loosen")

    def named(self, dataset: DatasetDeclaration, *at: Step) -> None:
        """What takes duties away is for data that has a name: whoever may name a bucket could otherwise take them."""
        for name, patterns in (("resources", dataset.resources), ("names", dataset.names)):
            for number, pattern in enumerate(patterns):
                if set(pattern) & set("*?["):
                    raise self.document.error("takes duties away: write it out, without wildcards", *at, name, number)
        if not dataset.resources and not (dataset.names and dataset.accounts):
            raise self.document.error("takes duties away: select by 'resources', or by 'names' and 'accounts'", *at)

    def classify(self) -> None:
        classify = self.organisation.classify
        for at, tag in enumerate(classify.tags):
            for value, names in tag.values.items():
                where = ("classify", "tags", at, "values", value)
                if tag.gives == "class":
                    self.adding(names, *where)
                else:
                    self.places(names, *where)
        for account, names in classify.accounts.items():
            self.account(account, "classify", "accounts", account)
            self.adding(names, "classify", "accounts", account)
        for at, rule in enumerate(classify.names):
            self.adding(rule.classes, "classify", "names", at, "class")

    def policies(self) -> None:
        adopted = self.organisation.policies
        self.document.unique(((one.rule, ("policies", at)) for at, one in enumerate(adopted)), "rule")
        for at, adoption in enumerate(adopted):
            self.rule(adoption.rule, "policies", at)

    def statements(self) -> None:
        statements = self.organisation.statements
        signed = (((one.entity, one.id, one.on), ("statements", at)) for at, one in enumerate(statements))
        self.document.unique(signed, "statement")
        for at, statement in enumerate(statements):
            self.document.identifier(statement.id, "statements", at, "id")
            self.entity(statement.entity, "statements", at, "entity", required=True)
            self.said(statement, ("by",), "statements", at)
            self.ordered(statement.on, statement.until, "on", "statements", at)

    def exemptions(self) -> None:
        exemptions = self.organisation.exemptions
        self.document.unique(((one.id, ("exemptions", at, "id")) for at, one in enumerate(exemptions)), "exemption")
        for at, exemption in enumerate(exemptions):
            self.document.identifier(exemption.id, "exemptions", at, "id")
            self.rule(exemption.rule, "exemptions", at, "rule")
            self.said(exemption, ("owner", "reason", "approver"), "exemptions", at)
            self.narrow(exemption, "exemptions", at)
            self.ordered(exemption.since, exemption.until, "from", "exemptions", at)
            if exemption.until - exemption.since > LONGEST_EXEMPTION:
                raise self.document.error("lies more than 365 days after 'from'", "exemptions", at, "until")

    def narrow(self, exemption: Exemption, *at: Step) -> None:
        """An exemption is for something that has a name; `*` would quietly switch a rule off."""
        if not exemption.resource and not exemption.dataset and not exemption.account:
            raise self.document.error("must name a 'resource', a 'dataset' or an 'account'", *at)
        for name in ("resource", "dataset"):
            if set(getattr(exemption, name)) & set("*?"):
                raise self.document.error("must be one id, without wildcards", *at, name)
        if exemption.account:
            self.account(exemption.account, *at, "account")

    def routes(self) -> None:
        routes = self.organisation.notify.routes
        at = ("notify", "routes")
        if len(routes) > MOST_ROUTES:
            raise self.document.error(f"are more than {MOST_ROUTES}", *at)
        self.document.unique(((one.name, (*at, number, "name")) for number, one in enumerate(routes)), "route")
        for number, route in enumerate(routes):
            self.document.identifier(route.name, *at, number, "name")
            if route.name in (ALL, OTHER):
                raise self.document.error(f"{route.name!r} is kept for what no route takes", *at, number, "name")
            self.globs(route.entities, self.entity_ids, "entity", *at, number, "entities")
            self.globs(route.countries, geography.COUNTRIES, "country", *at, number, "countries")
            if self.rules is not None:
                self.globs(route.rules, self.rules, "rule", *at, number, "rules")
            self.account_globs(route.accounts, *at, number, "accounts")

    def globs(self, globs: Iterable[str], known: Iterable[str], what: str, *at: Step) -> None:
        known = tuple(known)
        for number, glob in enumerate(globs):
            if not any(fnmatchcase(name, glob) for name in known):
                raise self.document.error(f"{glob[:60]!r} matches no {what}{did_you_mean(glob, known)}", *at, number)

    def account_globs(self, globs: Iterable[str], *at: Step) -> None:
        for number, glob in enumerate(globs):
            if not _ACCOUNTS.fullmatch(glob):
                raise self.document.error(f"{glob[:60]!r} matches no account id", *at, number)

    def rest(self) -> None:
        for at, gap in enumerate(self.organisation.accepted_gaps):
            self.said(gap, ("gap", "owner", "reason"), "accepted_gaps", at)
        for at, departed in enumerate(self.organisation.departed):
            self.account(departed.account, "departed", at, "account")
            self.said(departed, ("reason", "evidence", "approver"), "departed", at)
        self.account_globs(self.organisation.scope.skip_accounts, "scope", "skip_accounts")
        if not _TIMEZONE.fullmatch(self.organisation.timezone):
            raise self.document.error("is no name of a time zone such as 'Asia/Kolkata'", "timezone")
        if not _ROLE.fullmatch(self.organisation.role):
            raise self.document.error("is no name of a role", "role")

    def adding(self, names: Iterable[str], *at: Step) -> None:
        """Classes for whatever fits a tag, an account or a name: they can only add duties."""
        names = tuple(names)
        self.classes(names, *at)
        for number, name in enumerate(names):
            if taxonomy.loosens(name):
                hint = "declare it under 'datasets' with 'loosen'"
                raise self.document.error(f"{name} takes duties away: {hint}", *at, number)

    def classes(self, names: Iterable[str], *at: Step) -> None:
        for number, name in enumerate(names):
            if not taxonomy.known(name):
                raise unknown_class(self.document, name, *at, number)

    def countries(self, codes: Iterable[str], *at: Step) -> None:
        for number, code in enumerate(codes):
            self.country(code, *at, number, required=True)

    def places(self, codes: Iterable[str], *at: Step) -> None:
        """Countries, or parts of one where a law tells them apart."""
        for number, code in enumerate(codes):
            if code not in geography.SUBDIVISIONS:
                self.country(code, *at, number, required=True)

    def country(self, code: str, *at: Step, required: bool = False) -> None:
        if (code or required) and code not in geography.COUNTRIES:
            near = geography.suggest(code)
            hint = f"; did you mean {near!r}?" if near in geography.COUNTRIES else ""
            raise self.document.error(f"unknown country {code[:60]!r}{hint}", *at)

    def entity(self, name: str, *at: Step, required: bool = False) -> None:
        if (name or required) and name not in self.entity_ids:
            raise self.document.error(f"unknown entity {name[:60]!r}{did_you_mean(name, self.entity_ids)}", *at)

    def rule(self, name: str, *at: Step) -> None:
        if self.rules is not None and name not in self.rules:
            raise self.document.error(f"unknown rule {name[:60]!r}{did_you_mean(name, self.rules)}", *at)

    def account(self, account: str, *at: Step) -> None:
        if not _ACCOUNT.fullmatch(account):
            raise self.document.error(f"{account[:60]!r} is no account id (12 digits or a UUID)", *at)

    def said(self, written: object, names: Iterable[str], *at: Step) -> None:
        for name in names:
            if not getattr(written, name).strip():
                raise self.document.error("must not be empty: somebody answers for it", *at, name)

    def ordered(self, first: date, last: date, name: str, *at: Step) -> None:
        if last < first:
            raise self.document.error(f"lies before {name!r}", *at, "until")
