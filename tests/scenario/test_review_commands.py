"""Commands beside each other, stops at odd moments, and what a person sees."""

import contextlib
import fcntl
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import termios
import time

import pytest

import checks
from conftest import need
from fakehub import Generated, Lfs, faults
from hfcron import FAKETIME, SLOW, MiB


# -- stops

def test_two_stops_at_once(hub, hf):
    """The second asks no second time: that would end the run in no good order."""
    hub.add_repo("org/name", {"w.bin": Lfs(Generated(2, 40 * MiB))})
    hf.models("org/name")
    hub.throttle.rate = 8_000_000
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.file_bytes > 2 * MiB)
    stops = [hf.start("stop") for _ in range(4)]
    assert {s.wait().code for s in stops} == {0}
    assert run.wait().code == 0
    assert hf.status("org/name")["state"] == "partial"


def test_looking_does_not_keep_a_run_away(hub, hf):
    """`status` takes the lock for a moment; a run that starts just then waits."""
    repo = hub.add_repo("org/name", {"a": "b"})
    hf.models("org/name")
    hf.run("run")
    for i in range(10):
        repo.commit({"a": f"{i}"})
        looks = [hf.start("status") for _ in range(3)]
        hf.run("run", "--all")
        for look in looks:
            look.wait()
        assert hf.status("org/name")["commit"] == repo.sha(), i


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_jobs_are_checked(hub, hf, sig):
    """What was not begun is no partial download, and goes on at once."""
    for name in "abc":
        hub.add_repo(f"org/{name}", {"f": name})
    hf.models("org/a", "org/b", "org/c")
    hf.configure(transfer={"stall_timeout": "20s"})
    hub.fault(faults.stall(after=0, seconds=15), path="*org/b/revision/*", count=1)
    run = hf.start("run")
    assert hub.log.wait(lambda: len(hub.requests(path="*org/b/revision/*")) > 0)
    start = time.monotonic()
    run.send(sig)
    assert run.wait().code == -sig
    assert time.monotonic() - start < 2 * SLOW
    assert hf.status("org/c")["state"] == "waiting"
    hf.quiet("run")
    assert {j["state"] for j in hf.status()["jobs"]} == {"current"}


def test_a_window_ends_while_a_repository_is_listed(hub, hf):
    need(FAKETIME, "libfaketime")
    hub.page_size = 1
    hub.add_repo("org/name", {f"f{i:02}": "x" * i for i in range(40)})
    hf.models("org/name")
    night = {"night": {"at": "22:00", "window": "22:00-07:00", "timezone": "UTC"}}
    hf.configure(schedules=night, default_schedule="night", transfer={"stall_timeout": "9s"})
    hub.fault(faults.stall(after=10, seconds=0.4), path="*/tree/*")
    result = hf.quiet("run", env=hf.fake_time("2027-03-02 06:59:57"))
    assert result.seconds < 3 + 2 * SLOW
    env = hf.fake_time("2027-03-02 07:00:30")
    job = hf.run("status", "--format", "json", env=env).job("org/name")
    assert (job["state"], job["next_due"]) == ("waiting", "2027-03-02T22:00:00Z")


@pytest.mark.alone
def test_what_is_proven_is_not_read_again(hub, hf):
    """A run that goes on trusts the files that the run before has verified."""
    repo = hub.add_repo("org/name", {"a.bin": Lfs(Generated(1, 64 * MiB)),
                                     "b.bin": Lfs(Generated(2, 40 * MiB))})
    hf.models("org/name")
    # One after the other; and nothing arrives ahead, to be read back.
    hf.configure(transfer={"connections": 1})
    hub.throttle.rate = 30_000_000
    run = hf.start("run")
    folder = hf.cache / "models--org--name" / "blobs"

    def one_is_whole():
        return any(checks.HEX64.fullmatch(p.name) for p in folder.glob("*"))
    end = time.monotonic() + 30
    while not one_is_whole() and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.3)         # its record
    run.send(signal.SIGKILL)
    run.wait()
    assert one_is_whole()
    sent = hub.settled_bytes()
    hub.throttle.rate = 2_000_000
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.file_bytes > sent or not run.alive)
    io = pathlib.Path(f"/proc/{run.pid}/io").read_text()
    hub.throttle.rate = None
    assert run.wait().code == 0
    assert int(re.search(r"rchar: (\d+)", io)[1]) < 30 * MiB, io
    checks.check_complete(hf.cache, repo)


# -- jobs beside each other

def test_jobs_that_share_blobs_run_side_by_side(hub, hf):
    """Each blob comes once, however many jobs of this run want it."""
    repo = hub.add_repo("org/name", {
        "big.bin": Lfs(Generated(3, 33 * MiB)), "small.bin": Lfs(Generated(4, MiB)), "t": "1"})
    first = repo.sha()
    repo.commit({"t": "2", "new": "new"})
    hf.models({"name": "org/name"}, {"name": "org/name", "revision": first},
              {"name": "org/name", "id": "dir", "local_dir": str(hf.root / "dir")})
    hf.configure(transfer={"parallel_jobs": 4})
    hub.throttle.rate = 30_000_000
    hf.quiet("run")
    assert {j["state"] for j in hf.status()["jobs"]} == {"current"}
    checks.check_complete(hf.cache, repo)
    for name in ("big.bin", "small.bin"):
        assert (hf.root / "dir" / name).stat().st_size > 0
    # Once for the cache; the folder's copy is its own.
    assert hub.file_bytes <= 2 * 34 * MiB + 2 * MiB
    hub.log.clear()
    hf.quiet("run", "--all")
    assert hub.file_bytes == 0


def test_recheck_changes_nothing(hub, hf):
    hub.add_repo("org/name", {"a": "b", "w.bin": Lfs(Generated(4, MiB))})
    hf.models("org/name")
    hf.quiet("run")
    before = hf.status("org/name")
    time.sleep(1.1)
    hf.quiet("run", "--all", "--recheck")
    after = hf.status("org/name")
    assert after["changed_at"] == before["changed_at"]
    assert after["confirmed_at"] > before["confirmed_at"]


def test_wrong_content_counts_as_missing_when_space_is_counted(hub, hf, official):
    """What is hashed and found wrong takes room once more."""
    repo = hub.add_repo("org/name", {"w.bin": Lfs(Generated(4, MiB)), "a": "b"})
    hf.models("org/name")
    hf.quiet("run")
    blob = next(p for p in (hf.cache / "models--org--name" / "blobs").glob("*")
                if checks.HEX64.fullmatch(p.name))
    blob.write_bytes(bytes(blob.stat().st_size))
    hf.configure(storage={"keep_free": "100TB"})
    r = hf.run("run", "--all", expect=4)
    assert "org/name" in r.err
    hf.configure(storage={"keep_free": "1MB"})
    hf.run("run", "--all")
    checks.check_complete(hf.cache, repo)


def test_offline_does_not_hide_pinned_jobs(hub, hf):
    repo = hub.add_repo("org/b", {"a": "b"})
    hub.add_repo("org/a", {"a": "b"})
    hf.models("org/a", {"name": "org/b", "revision": repo.sha()})
    hf.quiet("run")
    hf.run("run", "--all", env={"HF_HUB_OFFLINE": "1"}, expect=1)
    assert hf.status("org/a")["state"] == "retrying"
    assert hf.status("org/b")["state"] == "current"


# -- what is printed

def test_json_beside_a_run(hub, hf):
    hub.add_repo("org/name", {"w.bin": Lfs(Generated(2, 8 * MiB))})
    hf.models("org/name")
    hub.throttle.rate = 4_000_000
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.file_bytes > 0)
    other = hf.run("run", "--format", "json").json
    assert run.alive
    assert (other["command"], other["jobs"], other["next_due"]) == ("run", [], None)
    run.wait()


def test_dry_run_of_one_job(hub, hf):
    hf.models("org/a", "org/b")
    r = hf.run("run", "--dry-run", "org/a", "--format", "json")
    assert [j["id"] for j in r.json["jobs"]] == ["model/org/a@main"]
    assert "org/b" not in hf.run("run", "--dry-run", "org/a").out
    assert hub.requests() == []


class Screen:
    """As much of a terminal as the live display uses."""

    def __init__(self, columns):
        self.columns, self.lines, self.x, self.y = columns, [""], 0, 0

    def feed(self, text):
        for move, n, kind, c in re.findall(r"(\x1b\[(\d*)([A-Za-z]))|([^\x1b])", text):
            if move:
                self.control(int(n or 0), kind)
            elif c == "\r":
                self.x = 0
            elif c == "\n":
                self.down()
            else:
                if self.x == self.columns:
                    self.x = 0
                    self.down()
                line = self.lines[self.y].ljust(self.x)
                self.lines[self.y] = line[:self.x] + c + line[self.x + 1:]
                self.x += 1

    def down(self):
        self.y += 1
        if self.y == len(self.lines):
            self.lines.append("")

    def control(self, n, kind):
        if kind == "A":
            self.y = max(0, self.y - (n or 1))
        elif kind == "K":
            self.lines[self.y] = self.lines[self.y][:self.x]
        elif kind == "J":
            self.lines[self.y] = self.lines[self.y][:self.x]
            del self.lines[self.y + 1:]
        else:
            assert kind == "m", kind


def on_terminal(hf, *args, columns=80, env=None, timeout=60):
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execve(hf.binary, [hf.binary, *args],
                  {**hf.environment(), "TERM": "xterm", **(env or {})})
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
@pytest.mark.parametrize("columns", [30, 40, 80, 200])
@pytest.mark.parametrize("args", [(), ("-v",)])
def test_the_display_leaves_nothing_behind(hub, hf, columns, args):
    """Messages that come between stay; no painted line does."""
    for i in range(3):
        hub.add_repo(f"org/n{i}", {"w.bin": Lfs(Generated(i, (1 + 3 * i) * MiB))})
    hf.models("org/n0", "org/n1", "org/n2", "org/missing")
    hub.throttle.rate = 8_000_000
    code, text = on_terminal(hf, *args, "run", columns=columns)
    assert code == 3
    assert "all: " in text, "nothing was painted"
    screen = Screen(columns)
    screen.feed(text)
    shown = "\n".join(screen.lines)
    assert "ETA" not in shown and "all: " not in shown, shown
    joined = "".join(screen.lines)
    for i in range(3):
        assert f"updated    model/org/n{i}@main" in joined, shown
    assert "org/missing does not exist" in joined, shown


@pytest.mark.unix("a pseudo terminal")
@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_plain_terminals(hub, hf, env):
    hub.add_repo("org/name", {"w.bin": Lfs(Generated(1, 4 * MiB))})
    hf.models("org/name")
    hub.throttle.rate = 4_000_000
    code, text = on_terminal(hf, "run", env=env)
    assert code == 0 and "updated" in text
    assert not re.search(r"\x1b\[\d*m", text), "colour"
    if env.get("TERM"):
        assert "\x1b" not in text


# -- get

def test_get_without_a_usable_state_dir(hub, hf):
    """A store that cannot be had costs the resuming, not the download."""
    repo = hub.add_repo("org/name", {"a": "b", "w.bin": Lfs(Generated(1, MiB))})
    (hf.root / "file").write_text("")
    hf.configure(state_dir=str(hf.root / "file" / "state"))
    r = hf.run("get", "org/name")
    assert r.out.strip().endswith(repo.sha())
    assert "without the store" in r.err
    checks.check_complete(hf.cache, repo)


@pytest.mark.parametrize("where", ["dir", "./dir/sub", "~/dir"])
def test_get_into_a_folder(hub, hf, where):
    hub.add_repo("org/name", {"a": "b"})
    hf.use_own_folders()
    r = hf.run("get", "org/name", "--local-dir", where)
    want = hf.home / "dir" if where[0] == "~" else hf.root / where
    assert pathlib.Path(r.out.strip()) == want.resolve()
    assert (want / "a").read_text() == "b"


def test_get_of_a_pinned_revision_offline(hub, hf):
    repo = hub.add_repo("org/name", {"a": "b"})
    hf.run("get", "org/name")
    hub.log.clear()
    for revision in ("main", repo.sha()):
        r = hf.run("get", "org/name", "--revision", revision, env={"HF_HUB_OFFLINE": "1"})
        assert r.out.strip().endswith(repo.sha())
    assert hub.requests() == []
    r = hf.run("get", "org/name", "--revision", "b" * 40, env={"HF_HUB_OFFLINE": "1"}, expect=1)
    assert "HF_HUB_OFFLINE" in r.err


@pytest.mark.alone
def test_many_jobs_that_are_not_due(hub, hf):
    """An idle call is a matter of seconds with 100,000 jobs, too."""
    hf.models(*[{"name": f"org/n{i}", "schedule": ("daily", "weekly")[i % 2]}
                for i in range(100_000)])
    hf.quiet("run", timeout=60)
    again = hf.quiet("run", timeout=60)
    assert again.seconds < 10, again.seconds


@pytest.mark.alone
def test_many_jobs_and_no_hub(hf):
    """One knock at a Hub that is away; all jobs remember, none is counted."""
    hf.models(*[f"org/n{i}" for i in range(5000)])
    hf.configure(endpoint="http://127.0.0.1:9")
    result = hf.run("run", expect=1)
    assert result.err == "" and result.seconds < 10
    jobs = hf.status()["jobs"]
    assert all(j["unreachable_since"] and not j["failures"] for j in jobs)


@pytest.mark.alone
def test_a_signal_with_many_jobs_waiting(hub, hf):
    """However many jobs are left: two seconds."""
    for i in range(600):
        hub.add_repo(f"org/n{i}", {"w.bin": Lfs(Generated(i, 200_000))})
    hf.models(*[f"org/n{i}" for i in range(600)])
    hub.throttle.rate = 500_000
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.file_bytes > 300_000, 40)
    start = time.monotonic()
    run.send(signal.SIGTERM)
    assert run.wait().code == -signal.SIGTERM
    assert time.monotonic() - start < 2
    states = {j["state"] for j in hf.status()["jobs"]}
    assert states <= {"current", "partial"}, states


@pytest.fixture
def small_disk(tmp_path):
    need(os.geteuid() == 0, "root, to mount a small disk")
    where = tmp_path / "disk"
    where.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", where], check=True)
    yield where
    subprocess.run(["umount", "-l", where], check=True)


@pytest.mark.cron
def test_one_disk_fills_up_and_the_other_job_goes_on(hub, hf, small_disk):
    # Many files: only those that are open have their place reserved.
    hub.add_repo("org/a", {f"{i}.bin": Lfs(Generated(i, MiB)) for i in range(40)})
    other = hub.add_repo("org/b", {"w.bin": Lfs(Generated(3, 20 * MiB))})
    hf.models({"name": "org/a", "local_dir": str(small_disk / "a")}, "org/b")
    hf.configure(storage={"keep_free": "0"})
    hub.throttle.rate = 16_000_000
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.file_bytes > 8 * MiB)
    with open(small_disk / "theirs", "wb", buffering=0) as f, \
            contextlib.suppress(OSError):
        while True:
            f.write(bytes(65536))
    result = run.wait()
    assert result.code == 4, result
    assert len(result.err.splitlines()) == 1 and "org/a" in result.err, result
    checks.check_complete(hf.cache, other)
    assert hf.status("org/b")["state"] == "current"
    assert hf.status("org/a")["state"] == "waiting"
    hub.throttle.rate = None
    (small_disk / "theirs").unlink()
    hf.run("run", "--all")
    assert len(list((small_disk / "a").glob("*.bin"))) == 40


def test_empty_local_dir(hf):
    assert "--local-dir" in hf.run("get", "org/name", "--local-dir", "", expect=2).err
