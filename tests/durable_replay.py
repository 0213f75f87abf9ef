"""A stand-in for the host of Durable Functions: it keeps the histories, and the SDK replays the orchestrations by them.

Each time something has come of what was scheduled, the whole history goes to the orchestrator, as in Azure; what it has
scheduled before it must schedule again. Nothing waits: timers move the clock.
"""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.durable_functions.models.actions.ActionType import ActionType
from azure.durable_functions.models.history.HistoryEventType import HistoryEventType
from azure.functions._durable_functions import OrchestrationContext
from azure.functions.durable_functions import ActivityTriggerConverter
from azure.functions.meta import Datum
from dateutil.parser import isoparse

ENDS = {
    "activity": (HistoryEventType.TASK_COMPLETED, HistoryEventType.TASK_FAILED),
    "orchestration": (
        HistoryEventType.SUB_ORCHESTRATION_INSTANCE_COMPLETED,
        HistoryEventType.SUB_ORCHESTRATION_INSTANCE_FAILED,
    ),
}


class Failed(Exception):
    """An orchestration that failed, and what of."""


class Host:
    """Runs the functions that an app indexed. `activities` may put others in the place of some; `calls` are those that
    were called, with their input; `payloads` is every text that went into or came out of one."""

    def __init__(self, functions, **activities) -> None:
        self._inputs = {name: one.get_trigger().name for name, one in functions.items()}
        self._functions = {name: one.get_user_function() for name, one in functions.items()} | activities
        self.now = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)
        self.calls: list[tuple[str, Any]] = []
        self.orchestrations: list[tuple[str, Any]] = []
        self.payloads: list[str] = []
        self.waited: list[timedelta] = []

    def run(self, name: str, given: str = "null") -> Any:
        """One orchestration from start to end; what it gave back. Raises `Failed`."""
        self.orchestrations.append((name, json.loads(given)))
        return _Instance(self, name, given).run()

    def call(self, name: str, given: str) -> str:
        """One activity, its input and its output as they travel."""
        decoded = ActivityTriggerConverter.decode(Datum(given, "json"), trigger_metadata=None)
        self.calls.append((name, decoded))
        answer = self._functions[name](**{self._inputs.get(name, "state"): decoded})
        text = ActivityTriggerConverter.encode(answer, expected_type=None).value
        self.payloads += [given, text]
        return text

    def replay(self, name: str, context: dict) -> str:
        return self._functions[name](OrchestrationContext(json.dumps(context)))

    def wait(self, until: datetime) -> None:
        self.waited.append(until - self.now)
        self.now = max(self.now, until)


class _Instance:
    def __init__(self, host: Host, name: str, given: str) -> None:
        self._host, self._name, self._given = host, name, given
        self._history: list[dict] = []
        self._ids = itertools.count()
        self._scheduled: list[dict] = []
        self._open: list[tuple[int, dict, int]] = []

    def run(self) -> Any:
        started = {"Name": self._name, "Input": self._given, "Version": ""}
        state = self._episode([self._event(HistoryEventType.EXECUTION_STARTED, **started)])
        while not state["isDone"]:
            assert self._open, f"{self._name} waits for what never comes"
            state = self._go_on(state)
        return state.get("output")

    def _go_on(self, state: dict) -> dict:
        """Do all that is scheduled. What went well is told at once, and each failure alone, as its retry is numbered."""
        going, self._open = self._open, []
        ends = [(one, self._end(one)) for one in going]
        if good := [event for _, event in ends if event["EventType"] not in {bad for _, bad in ENDS.values()}]:
            state = self._episode(good)
        for (_, action, attempt), event in ends:
            if event in good or state["isDone"]:
                continue
            retries = action.get("retryOptions")
            if not retries:
                state = self._episode([event])
                continue
            timer = next(self._ids)
            until = self._host.now + timedelta(milliseconds=retries["firstRetryIntervalInMilliseconds"])
            again = self._event(HistoryEventType.TIMER_CREATED, ident=timer, FireAt=until.isoformat())
            self._episode([event], then=[again])
            self._host.wait(until)
            last = attempt >= retries["maxNumberOfAttempts"]
            then = [] if last else [self._schedule(action, attempt + 1)]
            state = self._episode([self._event(HistoryEventType.TIMER_FIRED, TimerId=timer)], then=then)
        return state

    def _episode(self, events: list[dict], then: list[dict] | tuple = ()) -> dict:
        """Tell the orchestrator what happened, and take down what it wants done."""
        for event in self._history:
            event["IsPlayed"] = True
        self._history += [self._event(HistoryEventType.ORCHESTRATOR_STARTED), *events]
        context = {
            "history": self._history,
            "input": self._given,
            "instanceId": self._name,
            "isReplaying": False,
            "parentInstanceId": None,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
            "maximumShortTimerDuration": "6.00:00:00",
            "longRunningTimerIntervalDuration": "3.00:00:00",
        }
        try:
            state = json.loads(self._host.replay(self._name, context))
        except Exception as error:
            raise Failed(str(error).partition("\n\n$OutOfProcData$:")[0]) from error
        actions = [one for some in state["actions"] for action in some for one in _flat(action)]
        before = len(self._scheduled)
        assert actions[:before] == self._scheduled, f"{self._name} is not deterministic"
        self._scheduled = actions
        self._history += [*then, *(self._schedule(action) for action in actions[before:])]
        self._history.append(self._event(HistoryEventType.ORCHESTRATOR_COMPLETED))
        return state

    def _schedule(self, action: dict, attempt: int = 1) -> dict:
        ident, kind = next(self._ids), action["actionType"]
        self._open.append((ident, action, attempt))
        if kind == ActionType.CREATE_TIMER:
            return self._event(HistoryEventType.TIMER_CREATED, ident=ident, FireAt=action["fireAt"])
        if kind == ActionType.CALL_SUB_ORCHESTRATOR:
            return self._event(
                HistoryEventType.SUB_ORCHESTRATION_INSTANCE_CREATED, ident=ident, Name=action["functionName"]
            )
        assert kind in (ActionType.CALL_ACTIVITY, ActionType.CALL_ACTIVITY_WITH_RETRY)
        return self._event(HistoryEventType.TASK_SCHEDULED, ident=ident, Name=action["functionName"])

    def _end(self, scheduled: tuple[int, dict, int]) -> dict:
        """What comes of something scheduled."""
        ident, action, _ = scheduled
        if action["actionType"] == ActionType.CREATE_TIMER:
            self._host.wait(isoparse(action["fireAt"]))
            return self._event(HistoryEventType.TIMER_FIRED, TimerId=ident)
        is_activity = action["actionType"] != ActionType.CALL_SUB_ORCHESTRATOR
        good, bad = ENDS["activity" if is_activity else "orchestration"]
        try:
            if is_activity:
                result = self._host.call(action["functionName"], action["input"])
            else:
                result = json.dumps(self._host.run(action["functionName"], action["input"]))
        except Exception as error:  # noqa: BLE001 as the host does
            return self._event(bad, TaskScheduledId=ident, Reason=str(error), Details=type(error).__name__)
        return self._event(good, TaskScheduledId=ident, Result=result)

    def _event(self, kind: int, ident: int = -1, **more: Any) -> dict:
        at = self._host.now.isoformat()
        return {"EventType": int(kind), "EventId": ident, "IsPlayed": False, "Timestamp": at, **more}


def _flat(action: dict) -> list[dict]:
    """Actions are told alone, or as all or any of several."""
    if action["actionType"] in (ActionType.WHEN_ALL, ActionType.WHEN_ANY):
        return [one for part in action["compoundActions"] for one in _flat(part)]
    return [action]
