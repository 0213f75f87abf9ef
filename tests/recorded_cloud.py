"""Answers as AWS gives them, kept one file per listing, and a cloud that gives them again."""

import json
from datetime import datetime
from pathlib import Path

import botocore.session

RECORDED = Path(__file__).parent / "recorded"

_session = botocore.session.Session()


def output_shape(client, operation):
    """Of an operation of another client, which is named with that, too."""
    other, _, operation = operation.rpartition(".")
    model = _session.get_service_model(other or client)
    names = {botocore.xform_name(name): name for name in model.operation_names}
    return model.operation_model(names[operation]).output_shape


def recorded(client, look):
    """The recorded answers behind one look, by operation, with moments as the SDK gives them."""
    answers = json.loads((RECORDED / f"{look}.json").read_text())
    return {operation: _typed(answer, output_shape(client, operation)) for operation, answer in answers.items()}


def _typed(value, shape):
    if shape.type_name == "structure":
        return {key: _typed(member, shape.members[key]) for key, member in value.items()}
    if shape.type_name == "list":
        return [_typed(member, shape.member) for member in value]
    return datetime.fromisoformat(value) if shape.type_name == "timestamp" else value


class RecordedCloud:
    """The seam of one service in one cell, answering from a dictionary; an exception is raised, not answered."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def pages(self, operation, *, region="", **parameters):
        answer = self._answer(operation)
        yield from answer if isinstance(answer, list) else [answer]

    def call(self, operation, *, region="", **parameters):
        return self._answer(operation)

    def header(self, operation, name, *, region="", **parameters):
        return self._answer(operation)

    def _answer(self, operation):
        self.asked.append(operation)
        answer = self.answers[operation]
        if isinstance(answer, Exception):
            raise answer
        return answer
