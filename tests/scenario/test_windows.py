"""Windows and budgets: bytes move when they may, and never twice."""

import time

import pytest

import checks
from conftest import need
from fakehub import Generated, Lfs, faults
from hfcron import FAKETIME, SLOW, WINE, MiB

BIG = 40 * MiB


@pytest.fixture
def repo(hub):
    return hub.add_repo("org/big", {
        "big.bin": Lfs(Generated(11, BIG)),
        "small.txt": "small"})


@pytest.fixture
def hf(hf):
    hf.models("org/big")
    return hf


# -- so many bytes

def test_max_bytes_over_many_runs(hub, hf, repo):
    """Each run takes what it may, to the byte; in the end none came twice."""
    step = 3_500_000
    total = repo.blob_bytes()
    done = 0
    while done + step < total:
        sent = hub.file_bytes
        hf.quiet("run", "--all", "--max-bytes", "3.5MB")
        done += step
        job = hf.status("org/big")
        assert job["state"] == "partial" and job["bytes_done"] == done, job
        assert hub.file_bytes - sent == step
        checks.check_nothing_published(hf.cache, repo)
        # Due at its next slot, not at the next tick.
        hf.quiet("run")
        assert hub.file_bytes == done
    hf.quiet("run", "--all", "--max-bytes", "3.5MB")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes == total
    assert done // step >= 11


def test_max_bytes_that_just_suffice(hub, hf, repo):
    """The last byte is the last that may come: what it completes is published."""
    hf.quiet("run", "--max-bytes", str(repo.blob_bytes()))
    checks.check_complete(hf.cache, repo)
    assert hf.status("org/big")["state"] == "current"


@pytest.mark.valgrind
def test_max_bytes_of_two_jobs(hub, hf, repo):
    """They share what may come; the one that is done is done."""
    other = hub.add_repo("org/other", {"a.bin": Lfs(Generated(12, 5 * MiB))})
    hf.models({"name": "org/other", "priority": "high"}, "org/big")
    hf.quiet("run", "--max-bytes", "16MiB")
    checks.check_complete(hf.cache, other)
    job = hf.status("org/big")
    assert job["state"] == "partial" and job["bytes_done"] == 11 * MiB, job
    assert hub.file_bytes == 16 * MiB


@pytest.mark.parametrize("word", ["0", "none", "3 apples", "-1"])
def test_max_bytes_that_are_no_size(hub, hf, word):
    r = hf.run("run", f"--max-bytes={word}", expect=2)
    assert "--max-bytes" in r.err and "20GB" in r.err
    assert hub.requests() == []


# -- so many bytes a second

def transfer_seconds(hub, run):
    """From the first request for a file's bytes to the end of the run."""
    first = min(r.time for r in hub.requests(side="cdn"))
    return run.ended - first


@pytest.mark.alone
def test_bandwidth(hub, hf, repo):
    """Eight connections share it; never faster, and not much slower."""
    hf.configure(transfer={"bandwidth": "10MB/s", "connections": 8})
    run = hf.start("run")
    result = run.wait()
    assert result.code == 0, result
    checks.check_complete(hf.cache, repo)
    least = BIG / 10e6
    took = transfer_seconds(hub, result)
    print(f"{BIG / took / 1e6:.2f} MB/s of 10 MB/s")
    assert least * 0.95 <= took <= least * 2.5, took


@pytest.mark.alone
def test_low_bandwidth_within_a_budget(hub, hf, repo):
    """What came until the end is kept to the byte, though no piece ended."""
    hf.configure(transfer={"bandwidth": "300kB/s", "connections": 8, "stall_timeout": "500ms"})
    hf.quiet("run", "--max-duration", "3s")
    done = hf.status("org/big")["bytes_done"]
    print(f"{done / 3.5 / 1e3:.0f} kB/s of 300 kB/s")
    # Three seconds and half a second's grace.
    assert 3 * 300_000 * 0.5 <= done <= 3.6 * 300_000 * 1.05, done
    hf.configure(transfer={"bandwidth": "none"})
    before = received(hf)
    hf.quiet("run", "--all")
    checks.check_complete(hf.cache, repo)
    assert before == done
    assert received(hf) == repo.blob_bytes()


def received(hf):
    """Bytes of all attempts together."""
    return sum(a["bytes"] for a in hf.run("history", "--format", "json").json["attempts"])


def test_bandwidth_is_for_get_too(hub, hf, repo):
    hf.configure(transfer={"bandwidth": "20MB/s"})
    result = hf.run("get", "org/big", "big.bin")
    assert transfer_seconds(hub, result) >= BIG / 20e6 * 0.95


@pytest.mark.alone
def test_bandwidth_changes_during_a_run(hub, hf, repo):
    """Slow until the hour, then as fast as it goes."""
    need(FAKETIME, "libfaketime")
    hf.configure(transfer={"bandwidth": [
        {"during": ["mon-fri 08:00-12:00", "13:00-18:00"], "limit": "1MB/s"},
        {"limit": "none"}]})
    run = hf.start("run", "--max-duration", "2s", env=hf.fake_time("2027-03-01 09:00:00"))
    assert run.wait().code == 0
    slow = hf.status("org/big")["bytes_done"]
    assert slow <= 2.6 * 1_000_000 * 1.05
    result = hf.run("run", "--all", env=hf.fake_time("2027-03-01 17:59:58"))
    assert 1 <= result.seconds < 10 * SLOW, result
    checks.check_complete(hf.cache, repo)
    assert "bandwidth" in hf.log_text()


def test_stop_while_limited(hub, hf, repo):
    hf.configure(transfer={"bandwidth": "20kB/s"})
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.file_bytes > 0)
    start = time.monotonic()
    hf.run("stop")
    assert run.wait().code == 0
    assert time.monotonic() - start < 2 * SLOW
    assert hf.status("org/big")["state"] == "partial"


# -- windows

NIGHT = {"night": {"at": "22:00", "window": "22:00-07:00", "timezone": "UTC"},
         "longer": {"at": "22:00", "window": "22:00-08:00", "timezone": "UTC"}}


@pytest.fixture
def night(hf):
    """Times of a clock; jobs have the schedule "night" unless they name one."""
    need(FAKETIME, "libfaketime")
    hf.configure(schedules=NIGHT, default_schedule="night")
    return hf.fake_time


def state_at(hf, env, job):
    return hf.run("status", "--format", "json", env=env, expect=None).job(job)


def test_a_file_over_many_windows(hub, hf, repo, night):
    """Night after night, until it is right; what came once never comes again."""
    # A busy Wine takes a second to start.
    hub.throttle.rate, begin = (3_000_000, "06:59:56") if WINE else (6_000_000, "06:59:59")
    nights = 0
    while nights < 40:
        day = f"2027-03-{nights + 2:02}"
        nights += 1
        hf.quiet("run", env=night(f"{day} {begin}"))
        job = state_at(hf, night(f"{day} 07:00:10"), "org/big")
        if job["state"] == "current":
            break
        assert job["state"] == "partial" and job["next_due"] == f"{day}T22:00:00Z", job
        assert job["bytes_done"] == received(hf)
        checks.check_nothing_published(hf.cache, repo)
        # Closed: nothing moves, whoever asks.
        asked = len(hub.requests())
        hf.quiet("run", "--all", env=night(f"{day} 07:00:10"))
        assert len(hub.requests()) == asked
    checks.check_complete(hf.cache, repo)
    assert nights >= 3
    assert received(hf) == repo.blob_bytes()
    # Only what was on its way when a night ended was sent for nothing.
    assert hub.file_bytes <= repo.blob_bytes() + nights * 8 * MiB


@pytest.mark.parametrize("schedule", ["often", "longer"])
def test_a_window_ends_for_one_job_only(hub, hf, repo, night, schedule):
    """Beside it another one has no window, or a longer one: it goes on."""
    other = hub.add_repo("org/other", {"a.bin": Lfs(Generated(13, 24 * MiB))})
    hf.models("org/big", {"name": "org/other", "schedule": schedule})
    hub.throttle.rate = 12_000_000
    hf.quiet("run", env=night("2027-03-02 06:59:58"))
    after = night("2027-03-02 07:00:30")
    job = state_at(hf, after, "org/big")
    assert job["state"] == "partial" and job["next_due"] == "2027-03-02T22:00:00Z", job
    assert 0 < job["bytes_done"] < job["bytes_total"]
    assert state_at(hf, after, "org/other")["state"] == "current"
    checks.check_complete(hf.cache, other)
    checks.check_nothing_published(hf.cache, repo)
    hub.throttle.rate = None
    hf.quiet("run", env=night("2027-03-02 22:00:01"))
    checks.check_complete(hf.cache, repo)
    assert received(hf) == repo.blob_bytes() + other.blob_bytes()


def test_a_window_ends_while_asking(hub, hf, repo, night):
    """A Hub that takes its time does not keep a run past its window."""
    slow = hub.fault(faults.delay(6), path="*/revision/*")
    result = hf.quiet("run", env=night("2027-03-02 06:59:58"))
    assert result.seconds < 3 + SLOW, result
    job = state_at(hf, night("2027-03-02 07:00:30"), "org/big")
    assert job["next_due"] == "2027-03-02T22:00:00Z" and job["state"] == "waiting", job
    assert hub.file_bytes == 0
    hub.faults.remove(slow)
    hf.quiet("run", env=night("2027-03-02 22:00:01"))
    checks.check_complete(hf.cache, repo)


class Zeros(Generated):
    """2 GiB that take a while to hash, and no space on the disk."""

    sha256 = "a7c744c13cc101ed66c29f672f92455547889cc586ce6d44fe76ae824958ea51"

    def __init__(self):
        super().__init__(0, 2 << 30)


@pytest.mark.alone
def test_a_window_ends_while_hashing(hub, hf, night):
    """What is on disk already is proven on the next night; nothing is fetched."""
    repo = hub.add_repo("org/there", {"zeros.bin": Lfs(Zeros())})
    hf.models("org/there")
    blob = hf.cache / repo.folder / "blobs" / Zeros.sha256
    blob.parent.mkdir(parents=True)
    with open(blob, "wb") as f:
        f.truncate(2 << 30)
    result = hf.quiet("run", env=night("2027-03-02 06:59:59"))
    if not (hf.cache / repo.folder / "refs").exists():
        assert result.seconds < 3, result
        job = state_at(hf, night("2027-03-02 07:00:30"), "org/there")
        assert job["next_due"] == "2027-03-02T22:00:00Z", job
        hf.quiet("run", env=night("2027-03-02 22:00:01"))
    assert (hf.cache / repo.folder / "refs" / "main").read_text() == repo.sha("main")
    assert hub.file_bytes == 0
