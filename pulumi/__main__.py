"""Deploys domicile: one stack for each cloud."""

from __future__ import annotations

from importlib import import_module

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from stack_settings import CLOUDS, Mistakes

PREFIX = f"{pulumi.get_project()}:"

given = {
    name.removeprefix(PREFIX): str(value)
    for name, value in {**get_config_env(), **CONFIG.get()}.items()
    if name.startswith(PREFIX)
}
cloud = given.get("cloud", "aws")
if cloud not in CLOUDS:
    raise pulumi.RunError(f"domicile:cloud: is {' or '.join(CLOUDS)}, not {cloud[:60]!r}")
try:
    if cloud == "aws":
        outputs = import_module("aws_stack").deploy(given, pulumi.Config("aws").get("region") or "")
    else:
        outputs = import_module("azure_stack").deploy(given, pulumi.Config("azure-native").get("location") or "")
except Mistakes as mistakes:
    raise pulumi.RunError("\n".join(mistakes.sentences)) from None
for name, value in outputs.items():
    pulumi.export(name, value)
