"""The Pulumi program as tests load it: its folder is no package, since it would shadow the SDK of the same name."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "pulumi"


def load(name: str) -> ModuleType:
    """A module of the program, which finds its neighbours as it does when Pulumi runs it."""
    if str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    return importlib.import_module(name)
