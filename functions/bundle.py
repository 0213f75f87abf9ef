"""Packs the functions of a cloud with all they need into one zip: the same bytes whoever packs it, wherever and when.

Run as a script it packs for AWS Lambda and for Azure Functions, into `build/aws/` and `build/azure/functions.zip`.
"""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
import sys
import tomllib
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from msgspec import Struct

from domicile.providers.aws import calls

ROOT: Final = Path(__file__).parents[1]
WHEELS: Final = ROOT / "build" / "wheels"
"""Kept, so that only the first build needs the network."""

MEGABYTE: Final = 1024 * 1024


class Target(Struct, frozen=True):
    """What a bundle is packed for. pip takes no wheels for an older glibc than those of `platforms`, so each is named.

    `packages` is the folder in which Python looks for packages; `foreign` are the modules that speak to the other
    cloud; `limits` are the bytes that the cloud takes, zipped and unzipped, where it says.
    """

    cloud: str
    python: str
    platforms: tuple[str, ...]
    packages: str
    foreign: re.Pattern[str]
    limits: tuple[int, int] | None = None

    @property
    def handlers(self) -> Path:
        return ROOT / "functions" / self.cloud

    @property
    def zip(self) -> Path:
        return ROOT / "build" / self.cloud / "functions.zip"

    @property
    def extras(self) -> tuple[str, ...]:
        return self.cloud, f"functions-{self.cloud}"


AWS: Final = Target(
    cloud="aws",
    python="3.13",
    # What Lambda runs this Python on has glibc 2.34.
    platforms=("manylinux_2_34_aarch64", "manylinux_2_28_aarch64", "manylinux2014_aarch64"),
    packages="",
    foreign=re.compile(r"domicile/(providers/azure/.*|(blobs|senders|stores)/(azure|cosmos)\w*\.py)"),
    limits=(50 * MEGABYTE, 250 * MEGABYTE),
)
AZURE: Final = Target(
    cloud="azure",
    # The newest that azure-functions 1 is for.
    python="3.12",
    platforms=("manylinux_2_28_x86_64", "manylinux2014_x86_64"),
    packages=".python_packages/lib/site-packages/",
    foreign=re.compile(r"domicile/(providers/aws/.*|(blobs|senders|stores)/(dynamodb|s3|sns)\w*\.py)"),
)

NOT_NEEDED: Final = re.compile(
    r"domicile/(cli|__main__)\.py|domicile/(commands|demo|report)/.*"  # what only somebody at a terminal uses
    r"|boto3/(data|examples)/.*"  # boto3's resources and their documents; domicile uses clients
    r"|.*\.(pyi|pyx|pxd|c|h)|.*/py\.typed"
    r"|(.*/)?(tests?|__pycache__)/.*"
)
# Of what describes a distribution: what `importlib.metadata` and scanners for vulnerable versions read, and licences.
DESCRIPTION: Final = re.compile(r"[^/]+\.dist-info/(METADATA|licenses/.*|LICEN[CS]E[^/]*|NOTICE[^/]*)")
MODEL: Final = re.compile(r"botocore/data/(?P<service>[^/]+)/(?P<version>[^/]+)/(?P<file>[^/]+)")


class BundleError(Exception):
    """Why there is no zip, in one sentence."""


class Bundle(Struct, frozen=True):
    """What was packed: the size of each part, unzipped, and of the whole."""

    path: Path
    parts: Mapping[str, int]
    zipped: int
    digest: str
    limits: tuple[int, int] | None


def bundle(
    path: Path | None = None, *, target: Target = AWS, handlers: Path | None = None, local: bool = False
) -> Bundle:
    """Pack the handlers in a folder. `local`: for this machine and Python, so that tests can start what is built."""
    own = dict(own_files(target, handlers or target.handlers))
    services = clients(own) if target is AWS else frozenset[str]()
    sizes: Counter[str] = Counter()
    files: dict[str, bytes] = {}
    parts = {"domicile and its functions": own} | {
        wheel.name.split("-")[0]: {
            f"{target.packages}{name}": content for name, content in wheel_files(wheel, services)
        }
        for wheel in wheels(target, local=local)
    }
    for part, its in parts.items():
        sizes[part] = sum(map(len, its.values()))
        if twice := files.keys() & its.keys():
            raise BundleError(f"{part} would overwrite {min(twice)}, which another part of the bundle brings")
        files |= its
    content = packed(files)
    if target.limits and (len(content) > target.limits[0] or sizes.total() > target.limits[1]):
        zipped, unzipped = map(megabytes, target.limits)
        raise BundleError(
            f"{target.cloud} takes {zipped} zipped and {unzipped} unzipped; "
            f"this is {megabytes(len(content))} and {megabytes(sizes.total())}"
        )
    path = path or target.zip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return Bundle(path, dict(sizes), len(content), hashlib.sha256(content).hexdigest(), target.limits)


def packed(files: Mapping[str, bytes]) -> bytes:
    """Nothing is compressed: compressors differ between machines, and most of it is compressed already."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            target.writestr(entry, files[name])
    return archive.getvalue()


def own_files(target: Target, handlers: Path) -> Iterator[tuple[str, bytes]]:
    """The handlers and the package, with the line endings of the repository."""
    shared = ROOT / "shared"
    named = {path.name: path for path in handlers.glob("*.*")}
    if not any(path.suffix == ".py" for path in named.values()):
        raise BundleError(f"there is no handler in {handlers}")
    for path in (shared / "domicile").rglob("*"):
        name = path.relative_to(shared).as_posix()
        if not NOT_NEEDED.fullmatch(name) and not target.foreign.fullmatch(name):
            named[f"{target.packages}{name}"] = path
    for name, path in named.items():
        if path.suffix in {".py", ".yaml", ".json"}:
            yield name, path.read_bytes().replace(b"\r\n", b"\n")


def clients(own: Mapping[str, bytes]) -> frozenset[str]:
    """The services the functions speak to: those that are declared, and those a client is made of by name."""
    declared = {client for client, _ in calls()}
    made = {
        call.args[0].value
        for name, source in own.items()
        if name.endswith(".py")
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"client", "create_client"}
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }
    return frozenset(declared | made)


def wheel_files(wheel: Path, services: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """What of a wheel the functions need. The SDK describes every service there is, in every version there was."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        newest: dict[str, str] = {}
        for name in names:
            if model := MODEL.fullmatch(name):
                newest[model["service"]] = max(newest.get(model["service"], ""), model["version"])
        for name in names:
            top = name.split("/")[0]
            if top.endswith(".data") or NOT_NEEDED.fullmatch(name):
                continue
            if top.endswith(".dist-info") and not DESCRIPTION.fullmatch(name):
                continue
            if (model := MODEL.fullmatch(name)) and (
                model["service"] not in services
                or model["version"] != newest[model["service"]]
                or model["file"].startswith("examples-")
            ):
                continue
            yield name, archive.read(name)


def wheels(target: Target, *, local: bool) -> list[Path]:
    """The pinned distributions that the functions import, and those that these need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(one for extra in target.extras for one in extras[extra])]
    pinned = dict(line.split("==") for line in (ROOT / "requirements.txt").read_text("utf-8").split())
    pins = {canonical(name): version for name, version in pinned.items()}
    WHEELS.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=WHEELS) as folder:
        download(Path(folder), wanted, None if local else target)
        for wheel in sorted(Path(folder).iterdir()):
            name, version, *_ = wheel.name.split("-")
            if pins.get(canonical(name)) != version:
                raise BundleError(f"the functions need {name} {version}, which requirements.txt does not pin")
        return [wheel.replace(WHEELS / wheel.name) for wheel in sorted(Path(folder).iterdir())]


def download(folder: Path, wanted: Iterable[str], target: Target | None) -> None:
    """The wheels for a target, or for this machine."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--only-binary=:all:", "--dest", str(folder), "--constraint", str(ROOT / "requirements.txt")]
    if target:
        command += ["--implementation", "cp", "--python-version", target.python]
        command += [word for platform in target.platforms for word in ("--platform", platform)]
    kept = ["--no-index", "--find-links", str(WHEELS)]
    for source in (kept, []):
        done = subprocess.run([*command, *source, *wanted], capture_output=True, text=True, check=False)  # noqa: S603 our own words
        if done.returncode == 0:
            return
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")] or done.stderr.splitlines()
    why = errors[0].removeprefix("ERROR: ") if errors else f"it ended with code {done.returncode}"
    raise BundleError(f"pip could not fetch what the functions need (is there a network?): {why}")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.1f} MB"


def told(built: Bundle) -> Iterator[str]:
    """How large each part is, and how much the whole takes of what it may."""
    width = max(map(len, built.parts))
    for part, size in sorted(built.parts.items(), key=lambda one: -one[1]):
        yield f"{part:{width}} {megabytes(size):>8}"
    whole = {"zipped": built.zipped, "unzipped": sum(built.parts.values())}
    limits = dict(zip(whole, built.limits or (), strict=False))
    for what, size in whole.items():
        yield f"{what:{width}} {megabytes(size):>8}" + (f" of {megabytes(limits[what])}" if limits else "")
    yield f"{built.path.relative_to(ROOT).as_posix()}  sha256 {built.digest}"


if __name__ == "__main__":
    try:
        for each in (AWS, AZURE):
            sys.stdout.writelines(f"{line}\n" for line in told(bundle(target=each)))
    except BundleError as error:
        sys.exit(f"Not built: {error}.")
