"""What can go wrong outside the data.

DomicileError
├── UsageError      the command line, a file or the configuration is wrong: exit 1
└── RuntimeFailure  the run could not be done: exit 2
    ├── StoreError      a store that is foreign, newer, unwritable
    ├── CloudError      no credentials, an organisation that cannot be listed
    └── SendError       a notice that nobody takes; Later: not yet

A refusal by a cloud is not among them: it is a `Gap`, a value.
"""

from __future__ import annotations


class DomicileError(Exception):
    """One sentence for the person at the terminal; never shown with a traceback."""


class UsageError(DomicileError):
    """A mistake in what was asked; `path`, `line` and `field` say where, when it lies in a file."""

    def __init__(self, message: str, *, path: str = "", line: int | None = None, field: str = "") -> None:
        where = path + (f":{line}" if line is not None else "")
        super().__init__(": ".join(part for part in (where, field, message) if part))
        self.path, self.line, self.field = path, line, field


class RuntimeFailure(DomicileError):
    """Something the run needs is not there."""


class StoreError(RuntimeFailure):
    """The store cannot be used as it is."""


class CloudError(RuntimeFailure):
    """The cloud cannot be scanned at all."""


class SendError(RuntimeFailure):
    """A notice cannot be sent."""


class Later(SendError):
    """A notice is taken only later: in `after` seconds."""

    def __init__(self, message: str, *, after: float) -> None:
        super().__init__(message)
        self.after = after


class Superseded(RuntimeFailure):
    """A newer scan has settled, or is settling; this one writes nothing more."""


class Conflict(RuntimeFailure):
    """A row is not at the version that was read."""
