"""The command line: what each command says, in which words, with which status."""

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import time

import pytest

import checks
from conftest import need
from fakehub import Generated, Lfs, faults
from hfcron import FAKETIME, SLOW, MiB

COMMANDS = ["run", "plan", "status", "get", "check", "stop"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
FILES = {"config.json": "{}\n", "sub/b.txt": "b", "weights.bin": Lfs(Generated(1, 1_000_000))}


@pytest.fixture
def repo(hub):
    return hub.add_repo("org/name", FILES)


@pytest.fixture
def hf(hf):
    hf.models("org/name")
    return hf


# -- help and errors

def test_help(hf):
    text = hf.run("--help").out
    for command in COMMANDS:
        assert command in text
        own = hf.run(command, "--help")
        assert own.err == "" and "hfcron " + command in own.out
        assert re.search(r"(?i)example", own.out), f"{command} --help without an example"


def test_version(hf):
    text = hf.run("--version").out
    assert re.match(r"hfcron \d+\.\d+", text)
    for library in ("curl", "LMDB"):
        assert library.lower() in text.lower()


@pytest.mark.parametrize("args", [
    (), ("nonsense",), ("run", "--nonsense"), ("run", "no-such-job"), ("plan", "--at", "tomorrow"),
    ("run", "--max-duration", "soon"), ("status", "--format", "xml"), ("get",), ("--config",),
    ("get", "../x"), ("get", "org/name", "--type", "thing"), ("-c", "/nowhere/x.yaml", "run"),
    ("run", "--max-duration"), ("run", "--max-duration=-1s"), ("status", "no-such-job"),
    ("retry",), ("prune",), ("run", "--max-bytes", "lots"), ("stop", "now")])
def test_usage_errors(hub, hf, args):
    result = hf.run(*args, expect=2)
    assert result.err and result.out == ""
    assert hub.requests() == []


def test_a_near_miss_is_named(hf):
    assert "status" in hf.run("statsu", expect=2).err
    assert "--all" in hf.run("run", "--al", expect=2).err


# -- the plan

def test_plan(hub, hf, repo):
    hub.add_repo("org/off", FILES)
    hf.models("org/name", {"name": "org/off", "enabled": False},
              {"name": "org/later", "schedule": "daily"})
    got = {j["id"].split("/")[2].split("@")[0]: j
           for j in hf.run("plan", "--format", "json").json["jobs"]}
    assert {k: j["verdict"] for k, j in got.items()} == {
        "name": "due", "off": "blocked", "later": "waiting"}
    assert all(j["reason"] for j in got.values())
    assert TIME.fullmatch(got["later"]["at"])
    text = hf.run("plan").out
    for word in ("due", "waiting", "blocked", "model/org/name@main"):
        assert word in text
    assert hub.requests() == [] and not hf.cache.exists()
    dry = hf.run("run", "--dry-run", "--format", "json").json
    assert [j["verdict"] for j in dry["jobs"]] == [j["verdict"] for j in hf.run(
        "plan", "--format", "json").json["jobs"]]
    assert hub.requests() == []


def test_plan_at(hub, hf, repo):
    hf.quiet("run")
    assert hf.plan("org/name")["verdict"] == "waiting"
    at = hf.plan("org/name")["at"]
    assert hf.plan("org/name", "--at", at)["verdict"] == "due"
    assert hf.plan("org/name", "--at", "2026-01-01T00:00:00Z")["id"]


def test_plan_in_a_zone(hub, hf, repo):
    need(FAKETIME, "libfaketime")
    hf.configure(schedules={"berlin": {"at": "02:30", "timezone": "Europe/Berlin"}},
                 default_schedule="berlin")
    env = hf.fake_time("2027-03-27 12:00:00")
    job = hf.run("plan", "--format", "json", env=env).job("org/name")
    # 28 March 2027: there is no 02:30 in Berlin; the gap ends at 01:00 UTC.
    assert (job["verdict"], job["at"]) == ("waiting", "2027-03-28T01:00:00Z")
    hf.quiet("run", env=env)
    job = hf.run("plan", "--at", "2027-03-28T01:00:00Z", "--format", "json",
                 env=env).job("org/name")
    assert job["verdict"] == "due"


# -- schedules over time

def test_slots(hub, hf, repo):
    """Daily at 02:00: once, and missed days are one."""
    need(FAKETIME, "libfaketime")
    hf.configure(schedules={"night": {"at": "02:00", "timezone": "UTC"}},
                 default_schedule="night")

    def run(when):
        hub.log.clear()
        hf.quiet("run", env=hf.fake_time(when))
        return len(hub.requests(path="*/revision/*"))
    assert run("2027-05-01 12:00:00") == 0
    assert run("2027-05-02 01:59:00") == 0
    assert run("2027-05-02 02:00:05") == 1
    assert run("2027-05-02 02:05:00") == 0
    assert run("2027-05-03 01:00:00") == 0
    assert run("2027-05-13 17:00:00") == 1
    assert run("2027-05-13 17:05:00") == 0
    assert run("2027-05-14 02:00:00") == 1
    checks.check_complete(hf.cache, repo)


@pytest.mark.parametrize("catch_up, runs", [("once", 1), ("skip", 0)])
def test_catch_up(hub, hf, repo, catch_up, runs):
    need(FAKETIME, "libfaketime")
    hf.configure(schedules={"night": {"at": "02:00", "timezone": "UTC", "catch_up": catch_up}},
                 default_schedule="night")
    hf.quiet("run", env=hf.fake_time("2027-05-01 12:00:00"))
    hf.quiet("run", env=hf.fake_time("2027-05-02 09:00:00"))
    assert len(hub.requests(path="*/revision/*")) == runs
    hf.quiet("run", env=hf.fake_time("2027-05-03 02:01:00"))
    assert len(hub.requests(path="*/revision/*")) == runs + 1


def test_every(hub, hf, repo):
    need(FAKETIME, "libfaketime")

    def run(when):
        hub.log.clear()
        hf.quiet("run", env=hf.fake_time(when))
        return len(hub.requests(path="*/revision/*"))
    assert [run(f"2027-05-01 {t}") for t in (
        "06:00:00", "06:05:00", "11:55:00", "12:00:30", "17:59:00", "18:00:30")] == [
        1, 0, 0, 1, 0, 1]


def test_the_clock_is_set_back(hub, hf, repo):
    need(FAKETIME, "libfaketime")
    hf.quiet("run", env=hf.fake_time("2027-05-10 12:00:00"))
    result = hf.run("run", env=hf.fake_time("2027-05-01 12:00:00"), expect=None)
    assert result.code in (0, 1)
    hf.run("run", "--all", env=hf.fake_time("2027-05-01 12:01:00"))
    checks.check_complete(hf.cache, repo)


# -- status

@pytest.mark.valgrind
def test_status(hub, hf, repo):
    before = hf.status("org/name")
    assert before["state"] == "new" and not before["commit"]
    hf.quiet("run")
    r = hf.run("status", "--format", "json")
    assert r.json["command"] == "status"
    job = r.job("org/name")
    assert job["state"] == "current" and job["commit"] == repo.sha()
    for key in ("confirmed_at", "changed_at", "next_due"):
        assert TIME.fullmatch(job[key]), job
    assert job["unreachable_since"] is None and job["error"] is None
    assert job["bytes_done"] == job["bytes_total"] == repo.blob_bytes()
    text = hf.run("status").out
    assert "model/org/name@main" in text and "current" in text
    assert str(hf.yaml_file) in text
    one = hf.run("status", "org/name").out
    assert repo.sha() in one
    quiet = hf.run("status", "--problems")
    assert "org/name" not in quiet.out


def test_status_before_anything(hf):
    """No store yet: nothing is written, nothing fails."""
    assert hf.status()["jobs"][0]["state"] == "new"
    assert not hf.cache.exists()


def test_status_with_problems(hub, hf, repo):
    hf.models("org/name", "org/missing")
    hf.run("run", expect=3)
    r = hf.run("status", "--problems", expect=3)
    assert "org/missing" in r.out and "org/name" not in r.out
    j = hf.run("status", "--problems", "--format", "json", expect=3).json
    assert [(x["id"], x["state"]) for x in j["jobs"]] == [("model/org/missing@main", "parked")]


def test_status_of_a_run_at_work(hub, hf):
    repo = hub.add_repo("org/name", {"w.bin": Lfs(Generated(2, 40 * MiB))})
    hub.throttle.rate = 10_000_000
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.file_bytes > 12 * MiB)
    time.sleep(0.5)
    job = hf.status("org/name")
    text = hf.run("status").out
    assert f"(process {hf.pid_of(run)})" in text
    run.send(signal.SIGTERM)
    run.wait()
    assert job["state"] == "fetching", job
    assert job["bytes_total"] == repo.blob_bytes()
    assert 4 * MiB < job["bytes_done"] <= repo.blob_bytes()
    # A run that died leaves no ghost.
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.file_bytes > 20 * MiB)
    run.kill()
    assert "(process " not in hf.run("status").out


def test_json_of_a_run(hub, hf, repo):
    r = hf.run("run", "--format", "json")
    assert r.json["command"] == "run"
    job = r.job("org/name")
    assert (job["state"], job["commit"]) == ("current", repo.sha())
    assert hf.run("run", "--format", "json").json["schema"] == 1
    assert hf.run("check", "--format", "json").json["command"] == "check"


def test_json_of_errors(hub, hf):
    hf.yaml_file.write_text("retrys: 1\n")
    r = hf.run("check", "--format", "json", expect=2)
    assert "retrys" in json.dumps(r.json)


def test_hostile_texts_are_escaped(hub, hf):
    evil = "\x1b[31mred\x07\x9b"
    hub.fault(faults.status(403, {"X-Error-Message": evil}), side="hub")
    # Headers with control bytes are no answer at all, whatever the status.
    r = hf.run("run", expect=1)
    shown = r.err + r.out + hf.run("status").out + hf.log_text()
    assert "\x1b" not in shown and "\x07" not in shown and "\x9b" not in shown


# -- two at once, stop

def test_a_second_run_goes_at_once(hub, hf, repo):
    hub.fault(faults.stall(after=0, seconds=3), path="*/revision/*", count=1)
    hf.configure(transfer={"stall_timeout": "10s"})
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.requests())
    second = hf.quiet("run")
    assert second.seconds < 1 * SLOW
    assert run.alive
    assert len(hub.requests()) == 1
    assert run.wait().code == 0
    checks.check_complete(hf.cache, repo)


def test_many_starts_at_once(hub, hf, repo):
    hub.throttle.rate = 1_000_000
    ended = [r.wait() for r in [hf.start("run", look=False) for _ in range(20)]]
    began = [r for r in ended if not r.never_began]
    assert len(began) > 15
    assert [(r.code, r.err) for r in began if r.code != 0] == []
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes == repo.blob_bytes()


def test_stop(hub, hf):
    repo = hub.add_repo("org/name", {"w.bin": Lfs(Generated(2, 40 * MiB))})
    hub.throttle.rate = 16_000_000
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.file_bytes > 8 * MiB)
    stop = hf.run("stop")
    assert stop.seconds < 3 * SLOW
    # It waited for the run: what that one wrote last is there.  The process itself
    # may take a moment more, above all with a sanitizer that looks for leaks.
    job = hf.status("org/name")
    assert job["state"] == "partial" and job["bytes_done"] > 4 * MiB
    assert run.wait(timeout=5).code == 0
    hub.throttle.rate = None
    hub.log.clear()
    hf.quiet("run")
    assert hub.requests() == [], "due at the next slot, not at the next tick"
    hf.quiet("run", "--all")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes <= repo.blob_bytes() - job["bytes_done"] + 8 * MiB


def test_stop_without_a_run(hf):
    """Nothing to stop is no error, and the next run is not stopped either."""
    hf.run("stop")
    hf.run("run", expect=3)     # there is no such repository


# -- get

@pytest.mark.valgrind
def test_get(hub, hf, official, repo):
    r = hf.run("get", "org/name")
    assert r.out == f"{hf.cache / repo.folder / 'snapshots' / repo.sha()}\n"
    checks.check_complete(hf.cache, repo)
    hub.log.clear()
    assert hf.run("get", "org/name").out == r.out
    assert hub.file_bytes == 0
    assert official.scan(hf.cache)["warnings"] == []


def test_get_files(hub, hf, official, repo):
    r = hf.run("get", "org/name", "sub/b.txt")
    assert r.out == f"{hf.cache / repo.folder / 'snapshots' / repo.sha() / 'sub/b.txt'}\n"
    assert hub.file_bytes == 1
    r = hf.run("get", "org/name", "config.json", "sub/b.txt")
    assert (hf.cache / repo.folder / "snapshots" / repo.sha() / "config.json").is_file()
    missing = hf.run("get", "org/name", "none.txt", expect=None)
    assert missing.code in (1, 3) and "none.txt" in missing.err and missing.out == ""
    assert official.scan(hf.cache)["warnings"] == []


def test_get_options(hub, hf, repo, tmp_path):
    data = hub.add_repo("org/data", FILES, type="dataset")
    data.branch("feature/x")
    hf.run("get", "org/data", "--type", "dataset", "--revision", "feature/x",
           "--include", "*.txt", "--include", "*.json", "--exclude", "*.json")
    checks.check_complete(hf.cache, data, ref="feature/x", include=lambda p: p.endswith(".txt"))
    target = tmp_path / "t"
    r = hf.run("get", "org/name", "--local-dir", target)
    assert r.out == f"{target}\n"
    assert (target / "sub/b.txt").read_text() == "b"


def test_get_without_configuration(hub, hf, repo, tmp_path):
    hf.use_own_folders()
    hf.yaml_file.unlink()
    hf.models_file.unlink()
    env = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": tmp_path / "h"}
    hf.run("get", "org/name", env=env)
    checks.check_complete(tmp_path / "h/hub", repo)


def test_get_failures(hub, hf, repo):
    assert "org/none" in hf.run("get", "org/none", expect=3).err
    assert "nope" in hf.run("get", "org/name", "--revision", "nope", expect=3).err
    hub.stop()
    assert hf.run("get", "org/other", expect=1).err


def test_get_while_a_run_is_at_work(hub, hf, repo):
    other = hub.add_repo("org/other", FILES)
    hub.fault(faults.stall(after=0, seconds=3), path="*/org/name/revision/*", count=1)
    hf.configure(transfer={"stall_timeout": "10s"})
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.requests())
    hf.run("get", "org/other")
    assert run.alive
    checks.check_complete(hf.cache, other)
    assert run.wait().code == 0


def test_get_goes_on_where_it_was_interrupted(hub, hf):
    repo = hub.add_repo("org/big", {"w.bin": Lfs(Generated(2, 40 * MiB))})
    hub.throttle.rate = 24_000_000
    run = hf.start("get", "org/big")
    assert hub.log.wait(lambda: hub.file_bytes > 12 * MiB)
    run.send(signal.SIGINT)
    assert run.wait().code == -signal.SIGINT
    hub.throttle.rate = None
    hf.run("get", "org/big")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes <= repo.blob_bytes() + 8 * MiB


# -- a terminal

def on_terminal(hf, *args, timeout=60):
    """Runs hfcron with a terminal as stdout and stderr: (code, all it wrote)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(hf.binary, [hf.binary, *args], {**hf.environment(), "TERM": "xterm"})
    data, end = b"", time.monotonic() + timeout * SLOW
    while time.monotonic() < end:
        try:
            more = os.read(fd, 65536)
        except OSError:
            break
        if not more:
            break
        data += more
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return os.waitstatus_to_exitcode(status), data.decode("utf-8", "replace")


@pytest.mark.unix("a pseudo terminal")
def test_terminal(hub, hf):
    """Live progress; and a sentence even when there is nothing to do."""
    repo = hub.add_repo("org/name", {"w.bin": Lfs(Generated(2, 24 * MiB))})
    hub.throttle.rate = 16_000_000
    code, text = on_terminal(hf, "run")
    assert code == 0, text
    checks.check_complete(hf.cache, repo)
    assert "org/name" in text and re.search(r"\d+ ?%", text)
    assert re.search(r"[KMG]i?B/s", text), "a rate"
    code, text = on_terminal(hf, "run")
    assert code == 0 and "nothing due until" in text


def test_closed_stdout(hub, hf, repo):
    """Descriptors 0 to 2 closed: no text lands in a data file."""
    code = os.spawnve(os.P_WAIT, "/bin/sh", [
        "sh", "-c", f"exec {shlex.join(hf.launcher)} run <&- >&- 2>&-"], hf.environment())
    assert code == 0
    checks.check_complete(hf.cache, repo)


def test_full_stdout(hub, hf, repo):
    """Output that cannot be written is an error, not a success."""
    with open("/dev/full", "w") as full:
        p = subprocess.run([*hf.launcher, "status"], env=hf.environment(), stdout=full,
                           stderr=subprocess.PIPE, check=False)
    assert p.returncode != 0


@pytest.mark.parametrize("env", [
    {"HOME": None}, {"PATH": None}, {"TZ": "Nowhere/Land"}, {"LC_ALL": "tr_TR.UTF-8"},
    {"LC_ALL": "C"}, {"COLUMNS": "x"}, {"TERM": None}])
def test_odd_environments(hub, hf, repo, env):
    hf.run("-c", hf.yaml_file, "run", env=env)
    checks.check_complete(hf.cache, repo)
