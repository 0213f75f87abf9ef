"""Violations as SARIF 2.1.0, the format in which code hosts and CI take findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from domicile.model import Row, Rule
from domicile.report.safe import terminal
from domicile.telling import place, subject

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}


def document(rows: Iterable[Row], rules: Mapping[str, Rule], *, version: str, file: str) -> dict[str, Any]:
    """One run with one result for each row that is not resolved.

    `file` is what a host that wants a file shows the result at: the organisation file, by which it was judged.
    """
    rows = [row for row in rows if row.status != "resolved"]
    named = sorted({row.rule for row in rows})
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "domicile",
                        "semanticVersion": version,
                        "rules": [_rule(name, rules.get(name)) for name in named],
                    }
                },
                "results": [_result(row, named.index(row.rule), file) for row in rows],
            }
        ],
    }


def _rule(name: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": name}
    cited = "; ".join(rule.cite)
    return {
        "id": name,
        "shortDescription": {"text": terminal(rule.title)},
        "fullDescription": {"text": terminal(f"{rule.title}. {cited}")},
    }


def _result(row: Row, index: int, file: str) -> dict[str, Any]:
    where = f"{subject(row)} in {place(row.country, row.region)}"
    text = terminal(f"{where}: {row.because} {row.remedy}".strip())
    result: dict[str, Any] = {
        "ruleId": row.rule,
        "ruleIndex": index,
        "kind": "fail" if row.status == "open" and row.verdict == "violation" else "review",
        "level": LEVELS[row.severity] if row.status == "open" and row.verdict == "violation" else "none",
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": 1}},
                "logicalLocations": [
                    {"fullyQualifiedName": terminal(row.resource_id or row.subject), "kind": "resource"}
                ],
            }
        ],
        "partialFingerprints": {"violation/v1": row.violation_id},
        "properties": {
            "severity": row.severity,
            "status": row.status,
            "country": row.country,
            "account": row.account,
            "openedAt": row.opened_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }
    if row.status == "exempted" or row.exemption_id:
        result["suppressions"] = [{"kind": "external", "justification": f"exemption {row.exemption_id}"}]
    return result
