"""Plays the demo: an organisation is planted, scanned, moves on, and is scanned again, with the real commands."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from domicile.errors import RuntimeFailure

WIDTH: Final = 132


def play(keep: Path | None) -> None:
    """Tell the story on the screen; the folder of its files stays when it was asked for."""
    try:
        from domicile.demo import azure, story, tenant  # noqa: PLC0415 a cloud comes with it, and not every command needs one
        from domicile.demo.cloud import LocalCloud  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise RuntimeFailure(f"{error.name} is not installed: pip install 'domicile[demo]'") from error
    today = datetime.now(UTC).date()
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="domicile-demo-")))
        folder.mkdir(parents=True, exist_ok=True)
        if any((folder / name).exists() for name in ("domicile.db", "domicile.yaml")):
            raise RuntimeFailure(f"{folder} holds another demo: give --keep a new folder")
        _say(
            "Bulbul Mobile makes phones. Its shop, TV, cloud, phone-software and community platforms keep data of",
            "Indian users in Singapore and the US; it has promised to bring them home to Mumbai and Hyderabad by two",
            "dates, the first of which has passed. Bulbul Pay handles payments, which the RBI wants in India only.",
            "Eight AWS accounts and two Azure subscriptions, played by local stand-ins: no network, no credentials.",
        )
        cloud = stack.enter_context(LocalCloud())
        story.plant(cloud, today - timedelta(days=1))
        stage = _Stage(folder, cloud.environment())

        _say("First, what a company sees that has written nothing down yet: every copy that crosses a border.")
        stage.domicile("scan", "--role", story.ROLE, "--store", "sqlite:///before.db", expect=(4,))

        story.write_files(folder, today)
        _say(
            "Now with an organisation file: who owns what, what the tags mean, which rules are adopted. Six nights of",
            "snapshots are one row. An image abroad in which there is nobody's data is none. In which country the",
            "address of a partner lies, nobody can tell.",
        )
        stage.domicile("scan", expect=(3,))

        _say("One of the findings, explained:")
        stage.domicile("explain", stage.worst("in-rbi-payment-data", "set|"), expect=(0,))

        story.move_on(cloud, today)
        _say(
            "Time passes. A replication rule is deleted, but its copies stay in Singapore. One replica table is",
            "really deleted. The nightly snapshots rotate. Somebody replicates statements to Singapore. And the",
            "shop's account no longer lets us list its snapshots. The second scan:",
        )
        stage.domicile("scan", expect=(3,))

        _say(
            "What to mend first: how many breaches each cause has. One copy action of one backup plan put backups of",
            "three tables into Virginia.",
        )
        stage.domicile("violations", "--by", "cause", "--rule", "in-rbi-payment-data", expect=(0,))
        arm = tenant.Arm()
        azure.plant(arm)
        stage.environment |= {
            "DOMICILE_AZURE_ENDPOINT": stack.enter_context(tenant.serving(arm)),
            "DOMICILE_AZURE_TOKEN": tenant.TOKEN,
        }
        _say(
            "The same company on Azure. Redundancy that nobody looked at: Pune is paired with Chennai, Singapore with",
            "Hong Kong, and backups of Azure SQL go to the pair unless told not to. And a Cosmos DB account whose",
            "record lies in Pune, and whose data does not. Rows of AWS stay as they are.",
        )
        stage.domicile("scan", "--cloud", "azure", "--management-group", azure.GROUP, expect=(3,))

        _say("What went to Hong Kong without anybody choosing it:")
        stage.domicile("violations", "--country", "HK", expect=(0,))

        if keep:
            _say(f"The files of the demo are in {keep}.")


class _Stage:
    """Runs the real command in the demo's folder, as a user would."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._folder = folder
        self.environment = {**inherited, "COLUMNS": str(WIDTH), **environment}

    def domicile(self, *arguments: str, expect: Collection[int]) -> None:
        sys.stdout.write(f"\n$ domicile {' '.join(arguments)}\n")
        sys.stdout.flush()
        done = self._run(arguments, capture=False)
        sys.stdout.write(f"[exit code {done.returncode}]\n")
        sys.stdout.flush()
        if done.returncode not in expect:
            raise RuntimeFailure(f"the demo expected exit code {' or '.join(map(str, expect))}")

    def worst(self, rule: str, subject: str) -> str:
        """Short id of the worst violation of a rule whose subject is of a kind."""
        done = self._run(("violations", "--rule", rule, "--format", "json"), capture=True)
        rows = msgspec.json.decode(done.stdout)
        return str(next(row["violation_id"] for row in rows if row["subject"].startswith(subject)))[:10]

    def _run(self, arguments: Sequence[str], *, capture: bool) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "domicile", *arguments]
        output = subprocess.PIPE if capture else None
        return subprocess.run(command, cwd=self._folder, env=self.environment, stdout=output, check=False)  # noqa: S603


def _say(*lines: str) -> None:
    sys.stdout.write("\n" + "".join(f"# {line}\n" for line in lines))
    sys.stdout.flush()
