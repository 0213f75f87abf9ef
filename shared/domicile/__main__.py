"""`python -m domicile`."""

from domicile.cli import run

run()
