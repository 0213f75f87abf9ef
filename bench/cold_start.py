"""How long each function takes to start, next to `import boto3` alone out of the same bundle.

What is compared is the time of the processor, not of the clock: processes take turns, and other work is going on.
"""

from __future__ import annotations

import compileall
import platform
import resource
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from functions.bundle import bundle

ROUNDS: Final = 15
BOTO3: Final = "import boto3"
BLOBS, STORE, CLOUD, SENDER = (
    f"domicile.{name}" for name in ("blobs.s3", "stores.dynamodb", "providers.aws", "senders.sns")
)
ANSWERING: Final = {
    "plan": (BLOBS, STORE, CLOUD),
    "collect": (BLOBS, CLOUD),
    "settle": (BLOBS, STORE, CLOUD),
    "notify": (BLOBS, STORE, SENDER),
}
"""What each handler loads when it is called for the first time."""

PROGRAMS: Final = {
    BOTO3: BOTO3,
    **{step: f"import {step}" for step in ANSWERING},
    **{f"{step}, called": f"import {', '.join((step, *loaded))}" for step, loaded in ANSWERING.items()},
}


def spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start(program: str, folder: Path) -> float:
    """Milliseconds of processor that a fresh process takes for a program, with nothing but the bundle at hand."""
    before = spent()
    environment = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-S", "-c", program], cwd=folder, env=environment, check=True)
    return (spent() - before) * 1000


def main() -> None:
    with TemporaryDirectory() as name:
        built = bundle(Path(name) / "functions.zip", local=True)
        plain, compiled = Path(name) / "plain", Path(name) / "compiled"
        with zipfile.ZipFile(built.path) as archive:
            archive.extractall(plain)
        shutil.copytree(plain, compiled)
        compileall.compile_dir(compiled, quiet=2)
        taken: dict[tuple[str, Path], list[float]] = {}
        for _ in range(ROUNDS):
            for program, source in PROGRAMS.items():
                for folder in (plain, compiled):
                    taken.setdefault((program, folder), []).append(start(source, folder))
        print(f"{f'Python {platform.python_version()}':16}{'as it is packed':>20}{'with byte code':>20}")
        for program in PROGRAMS:
            columns = ""
            for folder in (plain, compiled):
                took, alone = median(taken[program, folder]), median(taken[BOTO3, folder])
                columns += f"{took:>11.0f} ms {took / alone:>5.2f}"
            print(f"{program:16}{columns}")


if __name__ == "__main__":
    main()
