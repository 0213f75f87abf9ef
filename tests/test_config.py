"""The organisation file of a deployment: shown before it changes, never half there, never lost, never overwritten."""

import shutil
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

import small_bank
from azure_storage_emulator import ACCOUNT, KEY, a_container, emulator
from domicile import bootstrap, configuration, steps
from domicile.blobs.folder import FolderBlobs
from domicile.bootstrap import MARK, UNDER_WAY
from domicile.cli import main
from domicile.configuration import key, local, push
from domicile.demo.cloud import LocalCloud
from domicile.deployed import GOOD, Deployment
from domicile.errors import Conflict, UsageError
from domicile.providers import aws
from domicile.scan import Exit
from domicile.settings import Settings
from domicile.steps import Cursor
from domicile.stores.sqlite import SqliteStore
from small_bank import ABROAD, BANK, FILE, MUMBAI, NOON, TODAY

ORGANISATION = key("domicile.yaml")
PROMISES = """
id: promises
title: Promises
rules:
  - id: kept-in-india
    title: {title}
    cite: ["announcement"]
    basis: [V]
    status: commitment
    enforce_from: 2026-01-01
    applies: {{class: [payment.transaction], origin: [IN], actors: [ANY]}}
    oblige: [{{kind: only_in, places: [IN]}}]
"""
WITH_PROMISES = FILE + "  - {rule: kept-in-india, trial: false}\npolicy_files: [promises.yaml]\n"
EXEMPTION = f"""
exemptions:
  - id: moving-out
    rule: in-rbi-payment-data
    resource: arn:aws:s3:::bank-statements-abroad
    basis: being_fixed
    owner: a@bank.example
    reason: the move is under way
    approver: b@bank.example
    from: 2026-01-01
    until: {TODAY + timedelta(days=30)}
"""
HERE = len(ABROAD) + 1
"""Breaches of the payment rule: what is abroad, and what has no copy at home."""
BAD = f"{FILE}policy: []\n"


@pytest.fixture(scope="module", name="cloud")
def a_cloud():
    with LocalCloud(enabled=small_bank.REGIONS) as cloud, pytest.MonkeyPatch.context() as patch:
        small_bank.plant(cloud)
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        yield cloud


@pytest.fixture(scope="module", name="scanned")
def where_a_scan_was_settled(cloud, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scanned")
    setup = small_bank.setup_of(folder)
    blobs, store = FolderBlobs(folder / "work"), SqliteStore(folder / "bank.db")
    scan = store.begin(NOON, as_of=TODAY, providers=("aws",), digests=setup.digests)
    with aws.connect(role=small_bank.ROLE, attempts=1) as provider:
        steps.plan(provider, blobs, store, scan, setup.organisation)
        for account in small_bank.ACCOUNTS:
            while steps.collect(provider, blobs, scan.number, account, Cursor(), left=lambda: 1e9):
                pass
    steps.settle(
        blobs,
        FolderBlobs(folder / "evidence"),
        store,
        scan.number,
        Cursor(),
        organisation=setup.organisation,
        rules=setup.rules,
        vocabulary=aws.vocabulary,
        clock=lambda: NOON,
        left=lambda: 1e9,
    )
    store.close()
    blobs.write(ORGANISATION, FILE.encode())
    return folder / "work"


@pytest.fixture(name="work")
def a_work_folder_after_a_scan(scanned, tmp_path):
    return FolderBlobs(shutil.copytree(scanned, tmp_path / "work"))


@pytest.fixture(name="here")
def a_folder_with_the_file(tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("COLUMNS", "200")
    write(here, FILE)
    return here


def write(folder, text, **policies):
    (folder / "domicile.yaml").write_text(text, encoding="utf-8")
    for name, policy in policies.items():
        (folder / f"{name}.yaml").write_text(policy, encoding="utf-8")


class Told:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def says(self, *texts):
        return [text for text in texts if text not in self.out] == []

    def is_refused(self, about, code=Exit.USAGE):
        assert (self.code, self.err.count("\n")) == (code, 1)
        assert about in self.err
        return True


@pytest.fixture(name="run")
def a_run(capsys):
    def run(*arguments):
        capsys.readouterr()
        code = main(["config", *map(str, arguments)])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        assert "internal error" not in said.err
        return Told(code, said.out, said.err)

    return run


@pytest.fixture(name="command")
def a_command_on_that_folder(run, work, here):
    def command(name, *arguments):
        return run(name, "--from" if name == "pull" else "--to", f"file://{work.folder}", *arguments)

    return command


def contents(blobs):
    return {one: blobs.read(one) for one in blobs.keys("config/")}


# Help


@pytest.mark.parametrize("command", ["", "pull", "diff", "push"])
def test_help_teaches(run, command):
    told = run(*command.split(), "--help")
    assert told.code == Exit.PROVEN
    assert told.out.startswith(f"Usage: domicile config {command}".rstrip())
    assert "DOMICILE_WORK" in told.out


def test_where_it_lies_must_be_said_or_stand_in_the_environment(run, work, here, monkeypatch):
    assert run("diff").code == Exit.USAGE
    monkeypatch.setenv("DOMICILE_WORK", f"file://{work.folder}")
    assert run("diff").code == Exit.PROVEN
    assert run("push").code == Exit.PROVEN
    assert run("pull").code == Exit.PROVEN
    assert run("diff", "--to", "https://elsewhere").is_refused("not a place for files")


# What would change


def test_the_same_file_changes_nothing(command):
    told = command("diff")
    assert (told.code, told.err) == (Exit.PROVEN, "")
    assert told.says("is the same; nothing to push")


def test_a_comment_is_shown_and_changes_no_verdict(command, here, work):
    before = contents(work)
    write(here, f"{FILE}# reviewed\n")
    told = command("diff")
    assert told.code == Exit.PROVEN
    assert told.says("--- deployed domicile.yaml", "+++ domicile.yaml here", "\n+# reviewed\n")
    assert told.says(f"What would change in what scan 1 of {TODAY} saw, judged as of {TODAY}:")
    assert told.says("breaches: 0 new, 0 ended or muted", "other verdicts: 0\n")
    assert "would be" not in told.out
    assert contents(work) == before


def test_a_rule_that_is_dropped_ends_what_it_found(command, here):
    write(here, FILE.replace("  - {rule: in-rbi-payment-data, trial: false}\n", ""))
    told = command("diff")
    assert told.code == Exit.PROVEN
    assert told.says(f"breaches: 0 new, {HERE} ended or muted", "critical violation  not judged", "Singapore")


def test_a_rule_that_is_adopted_shows_its_breaches_first(command, here):
    write(here, WITH_PROMISES, promises=PROMISES.format(title="Kept in India"))
    told = command("diff")
    assert told.code == Exit.VIOLATIONS
    assert told.says("--- deployed promises.yaml", f"breaches: {len(ABROAD)} new, 0 ended or muted")
    [head, first] = told.out[told.out.index("\nrule ") + 1 :].splitlines()[:2]
    assert head.split() == ["rule", "what", "where", "was", "would", "be"]
    assert first.startswith("kept-in-india")
    assert first.endswith("not judged  high violation")


def test_an_exemption_mutes_a_breach(command, here):
    write(here, FILE + EXEMPTION)
    told = command("diff")
    assert told.code == Exit.PROVEN
    assert told.says("breaches: 0 new, 1 ended or muted", "critical violation, muted by moving-out")
    assert told.says("bank-statements-abroad  Singapore, account 222222222222")


def test_what_is_a_breach_only_on_trial_is_no_new_breach(command, here):
    write(here, FILE.replace("in-rbi-payment-data, trial: false", "in-rbi-payment-data, trial: true"))
    told = command("diff")
    assert told.says(f"breaches: 0 new, {HERE} ended or muted", "critical violation, on trial")


def test_what_is_classified_no_more_is_told_and_is_not_proven(command, here):
    write(here, FILE.replace("    - {key: data-class}\n", ""))
    told = command("diff")
    assert told.code == Exit.NOT_PROVEN
    assert told.says("datasets not classified: 6 new, 0 fewer", "not classified (class missing)")
    assert told.says("critical violation  not classified\n")
    worst = told.out[told.out.index("\nrule ") + 1 :].splitlines()[1]
    assert worst.endswith("not classified (class missing)")


def test_what_needs_a_signature_from_now_on_is_told_and_is_not_proven(command, here, work):
    signed = (
        FILE
        + """
statements:
  - {id: board_approved_system_audit_report, entity: bank, by: audit@bank.example, on: 2026-04-01, until: 2027-03-31}
"""
    )
    work.write(ORGANISATION, signed.encode())
    told = command("diff")
    assert told.code == Exit.NOT_PROVEN
    assert told.says("need a look: 1 new, 0 fewer", "bank: board_approved_system_audit_report", "pass  review\n")


def test_tags_that_the_last_scan_did_not_keep_are_named(command, here):
    write(
        here,
        FILE.replace(
            "{key: data-class}", "{key: data-class}\n    - {key: sensitivity, values: {high: [payment.card]}}"
        ),
    )
    told = command("diff")
    assert told.code == Exit.NOT_PROVEN
    assert told.says("Not told by this: the last scan kept no tags with the key sensitivity")


def test_another_scope_and_owned_units_are_named_too(command, here):
    text = FILE.replace('owns: ["*"]', 'owns: ["*", "ou-abcd-11111111"]')
    write(here, f'{text}scope: {{skip_accounts: ["{BANK}"]}}\n')
    told = command("diff")
    assert told.code == Exit.NOT_PROVEN
    assert told.says("the scope is another", "in which unit an account is")


def test_without_a_scan_only_the_text_is_compared(run, here, tmp_path):
    write(here, f"{FILE}# reviewed\n")
    FolderBlobs(tmp_path / "fresh").write(ORGANISATION, FILE.encode())
    told = run("diff", "--to", f"file://{tmp_path}/fresh")
    assert told.code == Exit.NOT_PROVEN
    assert told.says("\n+# reviewed\n", "cannot be told: no scan is kept there")


def test_a_scan_that_is_not_judged_yet_is_passed_over(command, here, work):
    write(here, f"{FILE}# reviewed\n")
    for one in list(work.keys("scans/000001/")):
        work.write(one.replace("000001", "000900"), work.read(one))
    steps.Desk(work, 900).put("settle/closing", None)
    work.write("scans/000012/worklist.json", b"[]")
    assert command("diff").says("what scan 1 of ")


def test_a_scan_that_is_damaged_is_no_scan_without_breaches(command, here, work):
    write(here, f"{FILE}# reviewed\n")
    work.write("scans/000001/discovery", b"half")
    told = command("diff")
    assert told.code == Exit.NOT_PROVEN
    assert told.says("cannot be told: scans/000001/discovery is damaged")


def test_many_verdicts_end_in_a_count(command, here, monkeypatch):
    monkeypatch.setattr(configuration, "MOST", 2)
    write(here, FILE.replace("  - {rule: in-rbi-payment-data, trial: false}\n", ""))
    told = command("diff")
    after = told.out[told.out.index("\nrule ") + 1 :].splitlines()
    assert len(after) == 4
    assert after[-1].startswith("… and ")


def test_hostile_text_reaches_no_terminal(command, here, work):
    work.write(ORGANISATION, f"{FILE}# \x1b[31mred\x07 \u202e\n".encode() + b"# \xff\n")
    write(here, f"{FILE}# \u202ereviewed \x85\n")
    told = command("diff")
    assert told.says(r"-# \x1b[31mred\x07 \u202e", r"\u202ereviewed")
    assert not {"\x1b", "\x07", "\u202e", "\x85"} & set(told.out + told.err)
    write(here, f'{FILE}role: "\u202e"\n')
    assert "\u202e" not in command("diff").err


# Mistakes

MISTAKES = {
    "unknown key": (BAD, "domicile.yaml:25: policy: "),
    "unknown rule": (FILE + "  - in-nonsense\n", "in-nonsense"),
    "unknown time zone": (FILE + "timezone: Asia/Atlantis\n", "Asia/Atlantis"),
    "policy file that is not there": (FILE + "policy_files: [nowhere.yaml]\n", "nowhere.yaml"),
    "policy file elsewhere": (FILE + "policy_files: [../secret.yaml]\n", "policy_files"),
    "policy file that is no YAML": (FILE + "policy_files: [Makefile]\n", "policy_files"),
    "policy file that is the file": (FILE + "policy_files: [domicile.yaml]\n", "policy_files"),
    "no text": ("\x00", "domicile.yaml"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("name", ["diff", "push"])
def test_a_mistake_is_named_and_nothing_is_written(command, here, work, name, mistake):
    text, about = MISTAKES[mistake]
    before = contents(work)
    write(here, text)
    assert command(name).is_refused(about)
    assert contents(work) == before


def test_a_file_that_is_not_here_is_a_mistake(command, here):
    assert command("push", "nowhere.yaml").is_refused("nowhere.yaml: cannot be read")


# Pushing


def test_a_push_is_what_the_next_scan_uses(command, here, work):
    write(here, WITH_PROMISES, promises=PROMISES.format(title="Kept in India"))
    told = command("push")
    assert (told.code, told.err) == (Exit.PROVEN, "")
    assert told.says(
        "domicile.yaml: lines added 2, removed 0",
        "promises.yaml: lines added 12, removed 0",
        f"breaches: {len(ABROAD)} new",
        "Pushed to file://",
    )
    setup, texts = bootstrap.setup_whole(work, "config")
    assert "kept-in-india" in {rule.id for rule in setup.rules}
    assert texts == {"domicile.yaml": WITH_PROMISES, "promises.yaml": PROMISES.format(title="Kept in India")}
    assert command("push").says("nothing to push")


def test_the_first_push_needs_nothing_there(run, here, tmp_path):
    told = run("push", "--to", f"file://{tmp_path}/fresh")
    assert told.code == Exit.PROVEN
    assert FolderBlobs(tmp_path / "fresh").read(ORGANISATION) == FILE.encode()


def test_a_file_of_another_name_is_pushed_as_the_organisation_file(command, here, work):
    (here / "bank.yaml").write_text(f"{FILE}# bank\n", encoding="utf-8")
    assert command("push", "bank.yaml").code == Exit.PROVEN
    assert work.read(ORGANISATION) == f"{FILE}# bank\n".encode()


def test_a_policy_file_that_is_named_no_more_stays_there(command, here, work):
    promises = PROMISES.format(title="Kept in India")
    write(here, WITH_PROMISES, promises=promises)
    command("push")
    write(here, FILE)
    assert command("push").code == Exit.PROVEN
    assert work.read(key("promises.yaml")) == promises.encode()


class Person(StringIO):
    """Somebody at a terminal, who answers, and before that perhaps does something else."""

    def __init__(self, answer, meanwhile=lambda: None):
        super().__init__(answer)
        self.meanwhile, self.asked = meanwhile, 0

    def isatty(self):
        return True

    def readline(self, *size):
        self.asked += 1
        self.meanwhile()
        return super().readline(*size)


@pytest.mark.parametrize(
    ("answer", "code", "pushed"), [("y\n", 0, True), ("n\n", 2, False), ("\n", 2, False), ("", 2, False)]
)
def test_on_a_terminal_a_push_asks(command, here, work, monkeypatch, answer, code, pushed):
    write(here, f"{FILE}# reviewed\n")
    person = Person(answer)
    monkeypatch.setattr(sys, "stdin", person)
    assert command("push").code == code
    assert person.asked == 1
    assert (work.read(ORGANISATION) != FILE.encode()) == pushed


def test_a_push_does_not_ask_who_said_yes(command, here, work, monkeypatch):
    write(here, f"{FILE}# reviewed\n")
    monkeypatch.setattr(sys, "stdin", Person(""))
    assert command("push", "--yes").code == Exit.PROVEN
    assert work.read(ORGANISATION) != FILE.encode()


def test_what_somebody_else_pushed_while_a_person_was_reading_is_not_overwritten(command, here, work, monkeypatch):
    write(here, f"{FILE}# mine\n")
    other = f"{FILE}# somebody else's\n".encode()
    monkeypatch.setattr(sys, "stdin", Person("y\n", lambda: work.write(ORGANISATION, other)))
    told = command("push")
    assert told.code == Exit.FAILURE
    assert "is not what it was when it was looked at: somebody else is pushing too" in told.err
    assert work.read(ORGANISATION) == other


# Never half


class Died(Exception):
    pass


class Interrupted:
    """Blobs of somebody to whom something happens before the write, or the read, of this number."""

    def __init__(self, blobs, at, happens, on=("write", "replace")):
        self._blobs, self._left, self._happens, self._on = blobs, at, happens, on

    def __getattr__(self, name):
        if name in self._on:
            self._left -= 1
            if self._left == -1:
                self._happens()
        return getattr(self._blobs, name)

    @property
    def reached(self):
        return self._left < 0


def die():
    raise Died


@pytest.fixture(name="sets")
def some_sets_of_files(tmp_path):
    """Three organisation files with a policy file each, which differ in both."""
    found = []
    for number in range(3):
        folder = tmp_path / f"set{number}"
        folder.mkdir()
        write(folder, f"{WITH_PROMISES}# {number}\n", promises=PROMISES.format(title=f"Kept in India {number}"))
        found.append(local(folder / "domicile.yaml"))
    return found


def pushed(blobs, files):
    push(blobs, files, configuration.deployed(blobs, files.texts))


def read(blobs):
    """The set of files that a scan would use, None when it would keep to the last good one."""
    with suppress(UsageError):
        return bootstrap.setup_whole(blobs, "config", wait=lambda _: None)[1]
    return None


def started(folder, files):
    blobs = FolderBlobs(folder)
    pushed(blobs, files)
    return blobs


def test_a_push_that_dies_is_never_read_half_and_can_be_pushed_to_its_end(tmp_path, sets):
    old, new, _ = sets
    seen = []
    for at in range(10):
        blobs = started(tmp_path / str(at), old)
        dying = Interrupted(blobs, at, die)
        with suppress(Died):
            pushed(dying, new)
        seen.append(read(blobs))
        pushed(blobs, new)
        assert read(blobs) == new.texts
        if not dying.reached:
            break
    # The mark, the policy file, the organisation file, the mark.
    assert seen == [old.texts, None, None, None, new.texts]


def test_a_scan_that_reads_while_somebody_pushes_reads_one_set_or_the_other(tmp_path, sets):
    old, new, _ = sets
    found = set()
    for at in range(12):
        blobs = started(tmp_path / str(at), old)
        reader = Interrupted(blobs, at, lambda blobs=blobs: pushed(blobs, new), on=("read",))
        texts = read(reader)
        assert texts in (old.texts, new.texts)
        found.add(texts["domicile.yaml"])
    assert len(found) == 2


def test_a_scan_waits_until_a_push_is_through(tmp_path, sets):
    old, new, _ = sets
    blobs = started(tmp_path, old)
    with suppress(Died):
        pushed(Interrupted(blobs, 2, die), new)
    waits = []

    def wait(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            pushed(blobs, new)

    assert bootstrap.setup_whole(blobs, "config", wait=wait)[1] == new.texts
    assert len(waits) == 2


def test_of_two_who_push_at_once_one_is_refused_and_no_mix_is_read(tmp_path, sets):
    old, mine, other = sets
    for at in range(4):
        blobs = started(tmp_path / str(at), old)
        with pytest.raises(Conflict, match="somebody else is pushing too"):
            pushed(Interrupted(blobs, at, lambda blobs=blobs: pushed(blobs, other)), mine)
        assert read(blobs) in (mine.texts, other.texts, None)
        # Whoever pushes next sees all of it.
        pushed(blobs, mine)
        assert read(blobs) == mine.texts


def test_a_single_file_needs_no_mark_and_heeds_none(work, here, command):
    write(here, f"{FILE}# reviewed\n")
    assert command("push").code == Exit.PROVEN
    assert work.read(key(MARK)) is None
    work.write(key(MARK), UNDER_WAY)
    assert read(work) == {"domicile.yaml": f"{FILE}# reviewed\n"}


def a_deployment(blobs):
    url = f"file://{blobs.folder}"
    return Deployment(Settings(store="", work=url, evidence=url, topic="", accounts="single"))


def test_a_scan_keeps_to_the_last_good_file_while_a_push_is_half_and_says_so(tmp_path, sets, monkeypatch):
    old, new, _ = sets
    blobs = started(tmp_path, old)
    deployment = a_deployment(blobs)
    assert deployment._adopted()[1:] == (old.texts, "")
    with suppress(Died):
        pushed(Interrupted(blobs, 2, die), new)
    monkeypatch.setattr(bootstrap, "_LOOKS", 1)
    _, texts, refused = deployment._adopted()
    assert texts == old.texts
    assert refused == "config/domicile.yaml: was not pushed to the end: push it again"


def test_a_diff_compares_with_the_file_that_scans_really_use(command, here, work):
    work.write(f"{GOOD}/domicile.yaml", FILE.encode())
    work.write(ORGANISATION, BAD.encode())
    told = command("diff")
    assert told.code == Exit.PROVEN
    assert told.says("Scans do not use what is deployed, but the last good file: config/domicile.yaml:25: policy: ")
    assert told.says("\n-policy: []\n", "breaches: 0 new, 0 ended")
    assert command("push").code == Exit.PROVEN
    assert work.read(ORGANISATION) == FILE.encode()


# Pulling


def test_pull_fetches_the_file_and_the_policy_files_it_names(run, tmp_path, sets):
    started(tmp_path / "work", sets[0])
    target = tmp_path / "target"
    target.mkdir()
    told = run("pull", "--from", f"file://{tmp_path}/work", target / "bank.yaml")
    assert told.code == Exit.PROVEN
    assert told.says(f"{target}/bank.yaml: written", f"{target}/promises.yaml: written")
    assert local(target / "bank.yaml").texts == sets[0].texts
    again = run("pull", "--from", f"file://{tmp_path}/work", target / "bank.yaml")
    assert again.says("bank.yaml: was so already", "promises.yaml: was so already")


def test_pull_overwrites_nothing_that_differs_unless_it_must(command, here):
    write(here, "version: 1\n")
    assert command("pull").is_refused("domicile.yaml: differs here; nothing was written; --force overwrites")
    assert (here / "domicile.yaml").read_text("utf-8") == "version: 1\n"
    assert command("pull", "--force").says("domicile.yaml: written")
    assert (here / "domicile.yaml").read_text("utf-8") == FILE


def test_pull_writes_nothing_when_a_policy_file_differs(run, tmp_path, sets, here):
    started(tmp_path / "work", sets[0])
    (here / "domicile.yaml").unlink()
    (here / "promises.yaml").write_text("mine", encoding="utf-8")
    assert run("pull", "--from", f"file://{tmp_path}/work").is_refused("promises.yaml: differs here")
    assert [path.name for path in here.iterdir()] == ["promises.yaml"]


def test_pull_fetches_a_file_with_mistakes_and_says_so(command, here, work):
    work.write(ORGANISATION, BAD.encode())
    told = command("pull", "--force")
    assert told.code == Exit.PROVEN
    assert told.says("Note: scans would not use it as it is: config/domicile.yaml:25: policy: ")
    assert (here / "domicile.yaml").read_text("utf-8") == BAD


def test_pull_says_when_what_it_fetched_may_be_half(run, tmp_path, sets, here):
    blobs = started(tmp_path / "work", sets[0])
    with suppress(Died):
        pushed(Interrupted(blobs, 2, die), sets[1])
    told = run("pull", "--from", f"file://{tmp_path}/work", "--force")
    assert told.says("Note: somebody is pushing just now, or was cut short: these files may not belong together")


def test_what_is_deployed_never_chooses_where_it_is_written(command, here, work, tmp_path):
    names = ["../above.yaml", "/tmp/x.yaml", ".hidden.yaml", "Makefile", "conftest.py", "domicile.yaml", "a\\b.yaml"]
    text = f"{FILE}policy_files: {names}\n"
    work.write(ORGANISATION, text.encode())
    for name in names:
        with suppress(Exception):
            work.write(key(name), b"x")
    work.write(ORGANISATION, text.encode())
    told = command("pull", "--force")
    assert told.code == Exit.PROVEN
    assert [path.name for path in here.iterdir()] == ["domicile.yaml"]
    assert not (tmp_path / "above.yaml").exists()


def test_a_pulled_policy_file_never_takes_the_place_of_the_file(run, tmp_path, sets, here):
    started(tmp_path / "work", sets[0])
    told = run("pull", "--from", f"file://{tmp_path}/work", "promises.yaml", "--force")
    assert told.is_refused("promises.yaml: is the name of a policy file that is fetched too")


def test_there_is_nothing_to_pull_before_the_first_push(run, tmp_path, here):
    told = run("pull", "--from", f"file://{tmp_path}/fresh")
    assert told.is_refused("config/domicile.yaml: is not there: nothing was pushed yet")


def test_a_folder_has_no_older_versions(command):
    assert command("pull", "--version", "1").is_refused("keeps no older versions")


# In a bucket


@pytest.fixture(name="bucket")
def a_versioned_bucket(cloud, monkeypatch):
    """S3 tells time in seconds, and people push less often than tests: each write is a minute after the one before."""
    clock = datetime(2026, 3, 4, 12, tzinfo=UTC).replace(tzinfo=None)

    def tick():
        nonlocal clock
        clock += timedelta(minutes=1)
        return clock

    monkeypatch.setattr("moto.s3.models.utcnow", tick)
    client = cloud.moto("s3", MUMBAI)
    client.create_bucket(Bucket="domicile-work", CreateBucketConfiguration={"LocationConstraint": MUMBAI})
    client.put_bucket_versioning(Bucket="domicile-work", VersioningConfiguration={"Status": "Enabled"})
    yield "s3://domicile-work"
    cloud.allow()
    for one in client.list_object_versions(Bucket="domicile-work").get("Versions", ()):
        client.delete_object(Bucket="domicile-work", Key=one["Key"], VersionId=one["VersionId"])
    client.delete_bucket(Bucket="domicile-work")


def test_a_push_names_its_version_and_the_way_back(run, here, bucket):
    first = WITH_PROMISES, PROMISES.format(title="Kept in India")
    write(here, first[0], promises=first[1])
    assert "To go back" not in run("push", "--to", bucket).out
    # Only the policy file changes; a version is of both.
    write(here, first[0], promises=PROMISES.format(title="Kept at home"))
    told = run("push", "--to", bucket)
    assert told.code == Exit.PROVEN
    assert told.says(f"Pushed to {bucket} as version ")
    [back] = [line for line in told.out.splitlines() if line.startswith("To go back: domicile config pull")]
    assert run("diff", "--to", bucket).says("is the same")
    command = back.removeprefix("To go back: domicile config ").removesuffix(", then push.").split()
    told = run(*command)
    assert told.says("domicile.yaml: was so already", "promises.yaml: written")
    assert ((here / "domicile.yaml").read_text("utf-8"), (here / "promises.yaml").read_text("utf-8")) == first
    assert run("push", "--to", bucket).code == Exit.PROVEN
    assert run("pull", "--from", bucket, "--version", "nonsense").is_refused("has no such version")


def test_a_refusal_is_one_sentence(run, here, bucket, cloud):
    run("push", "--to", bucket)
    write(here, f"{FILE}# reviewed\n")
    cloud.deny("s3", "PutObject", message="somebody is not authorized to perform: s3:PutObject")
    told = run("push", "--to", bucket)
    assert told.code == Exit.FAILURE
    assert told.err.count("\n") == 1
    assert "AccessDenied" in told.err
    assert "s3:PutObject" in told.err
    cloud.deny("s3", "GetObject")
    for name in ("push", "diff"):
        assert run(name, "--to", bucket).is_refused("AccessDenied", Exit.FAILURE)
    assert run("pull", "--from", bucket).is_refused("AccessDenied", Exit.FAILURE)


def test_whoever_may_not_see_scans_is_told_that_verdicts_cannot_be_told(run, here, bucket, cloud):
    run("push", "--to", bucket)
    write(here, f"{FILE}# reviewed\n")
    cloud.deny("s3", "ListObjectsV2")
    told = run("diff", "--to", bucket)
    assert told.code == Exit.NOT_PROVEN
    assert told.says("\n+# reviewed\n", "cannot be told: s3://domicile-work/scans/")
    assert run("push", "--to", bucket).code == Exit.PROVEN


def test_a_bucket_that_is_not_there_is_one_sentence(run, here, cloud):
    assert run("push", "--to", "s3://no-such-bucket-here").is_refused("NoSuchBucket", Exit.FAILURE)


# In a container


@pytest.fixture(scope="module", name="storage")
def a_storage_account():
    with emulator() as host:
        yield host


@pytest.fixture(name="container")
def a_container_of_azure(storage, monkeypatch):
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)
    with a_container(storage, "domicile-work") as container:
        container.create_container()
        yield f"azblob://{storage}/{ACCOUNT}/domicile-work"
        container.delete_container()


def test_a_container_is_pushed_to_and_pulled_from(run, here, container):
    assert run("pull", "--from", container).is_refused("config/domicile.yaml: is not there: nothing was pushed yet")
    first = WITH_PROMISES, PROMISES.format(title="Kept in India")
    write(here, first[0], promises=first[1])
    told = run("push", "--to", container)
    assert told.code == Exit.PROVEN
    assert told.says(f"Pushed to {container}; the next scan uses it.")
    assert run("diff", "--to", container).says("is the same")
    write(here, first[0], promises=PROMISES.format(title="Kept at home"))
    told = run("diff", "--to", container)
    assert told.code == Exit.NOT_PROVEN
    assert told.says("Kept at home", "no scan is kept there")
    assert run("pull", "--from", container, "--force").says("domicile.yaml: was so already", "promises.yaml: written")
    assert ((here / "domicile.yaml").read_text("utf-8"), (here / "promises.yaml").read_text("utf-8")) == first
    assert run("pull", "--from", container, "--version", "2026-03-04T12:00:00.0000000Z").is_refused(
        "this storage account keeps no older versions"
    )


def test_a_container_that_is_not_there_or_not_ours_is_one_sentence(run, here, container, monkeypatch):
    elsewhere = container.replace("domicile-work", "nobody-made-it")
    assert run("push", "--to", elsewhere).is_refused("ContainerNotFound", Exit.FAILURE)
    monkeypatch.setenv("AZURE_STORAGE_KEY", "bm90IHRoZSBrZXk=")
    for name in ("push", "diff"):
        assert run(name, "--to", container).is_refused("AuthorizationFailure", Exit.FAILURE)
    monkeypatch.delenv("AZURE_STORAGE_KEY")
    assert run("push", "--to", container).is_refused("AZURE_STORAGE_KEY: is not set")
