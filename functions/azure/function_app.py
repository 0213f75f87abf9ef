"""The functions of a deployment on Azure: a timer that starts a scan, the orchestration that runs it, and its steps.

Steps hand on numbers, cursors and names, never data: what passes between them is kept in the history of the
orchestration, which is read again at each step.
"""

import datetime as dt
import json
import logging
import os
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Final

import azure.durable_functions as df
import azure.functions as func
import msgspec

from domicile.deployed import Deployment, cursor_of
from domicile.errors import Later, Superseded
from domicile.settings import settings

if TYPE_CHECKING:
    State = dict[str, Any]
else:
    # The worker refuses to load a function whose parameter is annotated with anything but a class.
    State = dict

SCAN: Final = "scan"
"""The one instance: while it runs, no other is started."""
AT_ONCE: Final = 200
"""Subscriptions in one part of the fan-out, so that no history grows too long to be read again."""
STRETCH: Final = 300.0
"""Seconds after which a step hands back its cursor."""
PATIENCE: Final = dt.timedelta(days=1)
"""How long a scan may run before it is taken for stuck."""
KEPT: Final = dt.timedelta(days=30)
"""How long the histories of what has ended are kept."""
RETRIES: Final = df.RetryOptions(first_retry_interval_in_milliseconds=30_000, max_number_of_attempts=4)
ENDED: Final = [
    df.OrchestrationRuntimeStatus.Canceled,
    df.OrchestrationRuntimeStatus.Completed,
    df.OrchestrationRuntimeStatus.Failed,
    df.OrchestrationRuntimeStatus.Terminated,
]

app = df.DFApp()
log = logging.getLogger("domicile")
# Else each request to a service is a line of the log.
logging.getLogger("azure").setLevel(logging.WARNING)


@app.timer_trigger(schedule="%DOMICILE_SCHEDULE%", arg_name="timer")
@app.durable_client_input(client_name="client")
async def start(timer: func.TimerRequest, client: df.DurableOrchestrationClient) -> None:  # noqa: ARG001
    """Begins a scan, unless one is running. One that seems stuck is ended, so that the next time there is one again."""
    now = dt.datetime.now(dt.UTC)
    status = await client.get_status(SCAN)
    if status and status.runtime_status not in ENDED:
        _say(logging.ERROR, "scan not started", since=status.created_time.isoformat())
        if now - status.created_time > PATIENCE:
            await client.terminate(SCAN, "it ran for more than a day")
        return
    await client.start_new("scan", instance_id=SCAN)
    await client.purge_instance_history_by(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), now - KEPT, ENDED)


@app.orchestration_trigger(context_name="context")
def scan(context: df.DurableOrchestrationContext) -> Generator[Any, Any, str]:
    """One scan. Its input is not read."""
    planned = yield context.call_activity_with_retry("plan", RETRIES, {})
    number, accounts = planned["scan"], planned["accounts"]
    parts = [accounts[start_at : start_at + AT_ONCE] for start_at in range(0, len(accounts), AT_ONCE)]
    yield context.task_all(
        [context.call_sub_orchestrator("collect_some", {"scan": number, "accounts": part}) for part in parts]
    )
    state: State = {"scan": number, "done": False}
    while not state["done"]:
        state = yield context.call_activity_with_retry("settle", RETRIES, state)
    if state["superseded"]:
        return "superseded"
    state = {"scan": number, "done": False}
    while not state["done"]:
        state = yield context.call_activity_with_retry("notify", RETRIES, state)
        if not state["done"]:
            yield context.create_timer(context.current_utc_datetime + dt.timedelta(seconds=state["after"]))
    return "settled"


@app.orchestration_trigger(context_name="context")
def collect_some(context: df.DurableOrchestrationContext) -> Generator[Any, Any, None]:
    """Looks into some subscriptions, all at once. Each is an orchestration that never fails: when one of many fails,
    Durable forgets how to go on with the others."""
    asked = context.get_input()
    states = [{"scan": asked["scan"], "account": account, "done": False} for account in asked["accounts"]]
    yield context.task_all([context.call_sub_orchestrator("collect_one", state) for state in states])


@app.orchestration_trigger(context_name="context")
def collect_one(context: df.DurableOrchestrationContext) -> Generator[Any, Any, str]:
    """Looks into one subscription. Where that fails again and again, the closing record that is missing becomes a gap
    when the scan is settled."""
    state = context.get_input()
    try:
        while not state["done"]:
            state = yield context.call_activity_with_retry("collect", RETRIES, state)
    except Exception as error:  # noqa: BLE001 what Durable raises
        return str(error)
    return ""


@app.activity_trigger(input_name="state")
def plan(state: State) -> State:  # noqa: ARG001
    """Begins a scan: which subscriptions there are, and what they hold."""
    planned = Deployment(settings(os.environ)).plan()
    _say(logging.INFO, "scan begun", scan=planned.scan, accounts=len(planned.accounts))
    if planned.refused:
        _say(logging.ERROR, "organisation file refused", scan=planned.scan, mistake=planned.refused)
    return {"scan": planned.scan, "accounts": list(planned.accounts)}


@app.activity_trigger(input_name="state")
def collect(state: State) -> State:
    """Looks into one subscription, as far as time allows."""
    said = {"scan": state["scan"], "account": state["account"]}
    _say(logging.INFO, "account begun", **said)
    cursor = Deployment(settings(os.environ)).collect(
        state["scan"], state["account"], cursor_of(state), left=_stretch()
    )
    _say(logging.INFO, "account looked into" if cursor is None else "account looked into in part", **said)
    return {**said, "cursor": msgspec.to_builtins(cursor), "done": cursor is None}


@app.activity_trigger(input_name="state")
def settle(state: State) -> State:
    """Judges what was collected and records it, as far as time allows."""
    number = state["scan"]
    try:
        settled = Deployment(settings(os.environ)).settle(number, cursor_of(state), left=_stretch())
    except Superseded:
        _say(logging.ERROR, "scan superseded", scan=number)
        return {"scan": number, "done": True, "superseded": True}
    if settled.cursor is None:
        _say(logging.INFO, "scan settled", scan=number, open=settled.open, gaps_begun=settled.gaps_begun)
    cursor = msgspec.to_builtins(settled.cursor)
    return {"scan": number, "cursor": cursor, "done": cursor is None, "superseded": False}


@app.activity_trigger(input_name="state")
def notify(state: State) -> State:
    """Sends what nobody has been told yet; when mail may go out only later, says in how many seconds."""
    number = state["scan"]
    try:
        told = Deployment(settings(os.environ)).notify()
    except Later as later:
        _say(logging.WARNING, "notices wait", scan=number, seconds=later.after, reason=str(later))
        return {"scan": number, "done": False, "after": later.after}
    _say(logging.INFO, "notices sent", scan=number, notices=told.notices, subscribers=told.subscribers)
    return {"scan": number, "done": True}


def _say(level: int, event: str, **more: Any) -> None:
    """One line of the log, as alerts and people ask for it: the worker passes on nothing but the message."""
    log.log(level, "%s", json.dumps({"event": event, **more}))


def _stretch() -> Callable[[], float]:
    """Seconds left until a step hands back its cursor."""
    end = time.monotonic() + STRETCH
    return lambda: end - time.monotonic()
