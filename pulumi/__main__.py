"""Deploys domicile: one stack for each cloud."""

from __future__ import annotations

import pulumi
from aws_settings import Mistakes
from aws_stack import deploy
from pulumi.runtime.config import CONFIG, get_config_env

PREFIX = f"{pulumi.get_project()}:"

given = {
    name.removeprefix(PREFIX): str(value)
    for name, value in {**get_config_env(), **CONFIG.get()}.items()
    if name.startswith(PREFIX)
}
try:
    outputs = deploy(given, pulumi.Config("aws").get("region") or "")
except Mistakes as mistakes:
    raise pulumi.RunError("\n".join(mistakes.sentences)) from None
for name, value in outputs.items():
    pulumi.export(name, value)
