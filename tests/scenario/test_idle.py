"""The idle check: what a start with nothing to do touches, and what makes it look."""

import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import time

import pytest

import checks
from conftest import need
from fakehub import faults
from hfcron import FAKETIME


@pytest.fixture
def idle(hub, hf):
    """All is fetched; a new commit tells whether a run looked."""
    repo = hub.add_repo("org/name", {"a": "1"})
    hf.models("org/name")
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    hub.log.clear()
    return repo




def traced(hf, tmp_path, *args):
    need(shutil.which("strace"), "strace")
    out = tmp_path / "trace"
    r = hf.start(*args, prefix=["strace", "-f", "-qq", "-o", out]).wait()
    need("ptrace" not in r.err, "that programs can be traced here")
    assert r.code == 0, r
    return out.read_text(errors="replace").splitlines()


@pytest.mark.plain
def test_touches_nothing(hub, hf, idle, tmp_path):
    before = {p: p.stat() for p in hf.state.rglob("*")}
    lines = traced(hf, tmp_path, "run")
    opened = [l for l in lines if re.search(r"\bopen(at)?\(", l)]
    assert any("data.mdb" in l for l in opened)
    assert not any("models.json" in l for l in opened), "the list is not read"
    assert not any("lock" in os.path.basename(l.split('"')[1]) for l in opened), opened
    assert not any(re.search(r"O_(WRONLY|RDWR|CREAT)", l) for l in opened), opened
    for call in ("socket(", "connect(", "flock(", "rename", "unlink", "mkdir", "ftruncate(",
                 "pwrite", "clone"):
        assert not any(re.search(rf"\b{re.escape(call)}", l) for l in lines), call
    assert not any(re.search(r"\bwrite\(", l) for l in lines)
    after = {p: p.stat() for p in hf.state.rglob("*")}
    assert {p: (s.st_mtime_ns, s.st_ino) for p, s in before.items()} == \
        {p: (s.st_mtime_ns, s.st_ino) for p, s in after.items()}
    assert hub.requests() == []


def check_noticed(hub, hf, change, env=None):
    """After `change` a full run takes place, and after that the next start is idle again."""
    lock = hf.state / "lock"
    hf.quiet("run", env=env)
    hf.quiet("run", env=env)
    before = lock.stat().st_mtime_ns
    hf.quiet("run", env=env)
    assert lock.stat().st_mtime_ns == before, "it was idle"
    env = change() or env
    time.sleep(0.01)
    hf.quiet("run", env=env)
    assert lock.stat().st_mtime_ns != before, "it has looked"
    before = lock.stat().st_mtime_ns
    hf.quiet("run", env=env)
    assert lock.stat().st_mtime_ns == before, "it was idle again"


def test_list_changed(hub, hf, idle):
    hub.add_repo("org/new", {"a": "1"})
    check_noticed(hub, hf, lambda: hf.models("org/name", "org/new"))
    assert hf.status("org/new")["state"] == "current"


def test_list_replaced_by_an_older_one(hub, hf, idle):
    other = hf.config / "other.json"
    other.write_text(json.dumps({"models": []}))
    os.utime(other, (1, 1))
    check_noticed(hub, hf, lambda: os.replace(other, hf.models_file))


def test_configuration_changed(hub, hf, idle):
    check_noticed(hub, hf, lambda: hf.configure(transfer={"connections": 3}))


def test_token_file_changed(hub, hf, idle):
    token = hf.home / "token"
    token.write_text("hf_one")
    token.chmod(0o600)
    hf.configure(token_file=str(token))

    def change():
        token.write_text("hf_two")
    check_noticed(hub, hf, change)


def test_token_file_made_anew_is_the_same(hub, hf, idle):
    """As a service manager hands it to each start."""
    token = hf.home / "token"
    hf.configure(token_file=str(token))
    for _ in range(2):
        token.unlink(missing_ok=True)
        token.write_text("hf_one")
        hf.quiet("run")
    before = (hf.state / "lock").stat().st_mtime_ns
    token.unlink()
    token.write_text("hf_one")
    hf.quiet("run")
    assert (hf.state / "lock").stat().st_mtime_ns == before


@pytest.mark.parametrize("name, value", [("HF_TOKEN", "hf_x"), ("HF_HUB_DOWNLOAD_TIMEOUT", "3"),
                                         ("TZ", "Asia/Kolkata"), ("https_proxy", "http://127.0.0.1:9"),
                                         ("HTTP_PROXY", "http://127.0.0.1:9"),
                                         ("XDG_DATA_HOME", "/nowhere")])
def test_variable_changed(hub, hf, idle, name, value):
    check_noticed(hub, hf, lambda: {name: value})


@pytest.mark.unix("zone files")
def test_zone_file_changed(hub, hf, idle, tmp_path):
    zones = tmp_path / "zones"
    (zones / "Europe").mkdir(parents=True)
    system = "/usr/share/zoneinfo/Europe/Berlin"
    need(os.path.exists(system), "tzdata")
    shutil.copy(system, zones / "Europe/Berlin")
    hf.env["TZDIR"] = str(zones)
    hf.configure(schedules={"often": {"every": "6h", "timezone": "Europe/Berlin"}})
    check_noticed(hub, hf, lambda: os.utime(zones / "Europe/Berlin", (5, 5)))


def test_requests_are_noticed(hub, hf, idle):
    check_noticed(hub, hf, lambda: (hf.run("retry", "org/name"), None)[1])
    check_noticed(hub, hf, lambda: (hf.run("pause"), None)[1])
    check_noticed(hub, hf, lambda: (hf.run("resume"), None)[1])


@pytest.mark.parametrize("args", [("--all",), ("org/name",), ("--recheck",)])
def test_what_is_asked_for_is_looked_at(hub, hf, idle, args):
    before = (hf.state / "lock").stat().st_mtime_ns
    time.sleep(0.01)
    hf.quiet("run", *args)
    assert (hf.state / "lock").stat().st_mtime_ns != before


def test_json_always_answers(hub, hf, idle):
    assert hf.run("run", "--format", "json").json["jobs"] == []


def test_clock(hub, hf):
    """Due at the slot, looked at once a day, and after a clock that was set back."""
    need(FAKETIME, "faketime")
    hub.add_repo("org/name", {"a": "1"})
    hf.configure(schedules={"weekly": {"at": "02:00", "days": "sun", "timezone": "UTC"}},
                 default_schedule="weekly")
    hf.models("org/name")
    lock = hf.state / "lock"
    hf.quiet("run", "--all", env=hf.fake_time("2027-05-03 12:00:00"))

    def looked(when):
        before = lock.read_text()
        hf.quiet("run", env=hf.fake_time(when))
        return lock.read_text() != before
    assert not looked("2027-05-03 12:01:00")
    assert not looked("2027-05-04 11:00:00")
    assert looked("2027-05-04 12:30:00"), "more than a day"
    assert looked("2027-05-04 12:00:00"), "the last run is in the future"
    hf.quiet("run", env=hf.fake_time("2027-05-08 20:00:00"))
    assert not looked("2027-05-09 01:59:50")
    hub.log.clear()
    assert looked("2027-05-09 02:00:01")
    assert len(hub.requests()) == 1


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "gone"])
def test_damaged_store_is_looked_at(hub, hf, idle, damage):
    data = hf.state / "store/data.mdb"
    if damage == "cut":
        os.truncate(data, data.stat().st_size - 4096)
    elif damage == "garbage":
        data.write_bytes(os.urandom(data.stat().st_size))
    elif damage == "empty":
        data.write_bytes(b"")
    else:
        shutil.rmtree(hf.state / "store")
    hf.run("run", expect=0)
    assert hf.status("org/name")["state"] == "current"


def test_list_changed_during_a_run(hub, hf):
    hub.add_repo("org/one", {"a": "1"})
    hub.add_repo("org/two", {"a": "1"})
    hub.fault(faults.delay(1), path="*/revision/*", count=1)
    hf.models("org/one")
    run = hf.start("run")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not hub.requests():
        time.sleep(0.02)
    hf.models("org/one", "org/two")
    run.wait()
    hf.quiet("run")
    assert hf.status("org/two")["state"] == "current"


@pytest.mark.alone
def test_a_hundred_starts_at_once(hub, hf):
    """One works, 99 leave without waiting."""
    hub.add_repo("org/name", {"a": "x" * 100})
    hub.fault(faults.delay(4), path="*/revision/*", count=1)
    hf.configure(transfer={"stall_timeout": "30s"})
    hf.models("org/name")
    first = hf.start("run")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not hub.requests():
        time.sleep(0.02)
    env = hf.environment()

    def one(_):
        p = subprocess.run([*hf.launcher, "run"], env=env, stdin=subprocess.DEVNULL,
                           capture_output=True, check=False)
        return p.returncode, p.stdout + p.stderr
    with concurrent.futures.ThreadPoolExecutor(99) as pool:
        ended = list(pool.map(one, range(99)))
    assert first.alive, "all of them came while it worked"
    assert {code for code, _ in ended} == {0}
    assert {text for _, text in ended} == {b""}
    assert first.wait().code == 0
    assert len(hub.requests(path="*/revision/*")) == 1
    assert hf.status("org/name")["state"] == "current"


def test_looking_does_not_disturb_a_start(hub, hf, idle):
    """`status` looks at the lock a thousand times: no start may take it for a run at work."""
    env = hf.environment()
    for _ in range(20):
        with subprocess.Popen([*hf.launcher, "status"], env=env, stdout=subprocess.DEVNULL):
            hub.log.clear()
            hf.quiet("run", "--all")
            assert len(hub.requests()) == 1
