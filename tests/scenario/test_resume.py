"""Work that was cut short goes on where it stopped, and costs little twice."""

import shutil
import signal
import time

import pytest

import checks
from conftest import need
from fakehub import Generated, Lfs, faults
from hfcron import FAKETIME, SLOW, WINE, MiB

BIG = 48 * MiB


@pytest.fixture
def repo(hub):
    return hub.add_repo("org/big", {
        "big.bin": Lfs(Generated(9, BIG)),
        **{f"f{i}.txt": f"file {i}" for i in range(5)}})


@pytest.fixture
def hf(hf):
    hf.models("org/big")
    return hf


def interrupted(hub, hf, sig=signal.SIGTERM, after=12 * MiB, rate=24_000_000, args=("run",)):
    """Starts a throttled run, ends it after so many bytes; the Result."""
    hub.throttle.rate = rate
    run = hf.start(*args)
    assert hub.log.wait(lambda: hub.file_bytes >= after or not run.alive), "too slow"
    assert run.alive
    run.send(sig)
    start = time.monotonic()
    result = run.wait()
    assert time.monotonic() - start < 2 * SLOW, "it takes too long to stop"
    hub.throttle.rate = None
    return result


# -- broken connections

@pytest.mark.parametrize("how", ["rst", "fin"])
def test_drops(hub, hf, repo, how):
    """However often the line breaks: as long as bytes arrive it is no failure."""
    hub.fault(faults.drop(after=3 * MiB, how=how), side="cdn")
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes <= repo.blob_bytes() + 8 * MiB
    assert len(hub.requests(side="cdn")) >= BIG // (3 * MiB)


def test_drops_now_and_then(hub, hf, repo):
    hub.fault(faults.drop(after=100_000), side="cdn", probability=0.4, seed=1)
    hub.fault(faults.reset(), side="hub", probability=0.2, seed=2)
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)


def test_signed_urls_that_expire(hub, hf, repo):
    hub.signed_ttl_s = 0.4
    hub.throttle.rate = 24_000_000
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes == repo.blob_bytes()


# -- signals

@pytest.mark.parametrize("sig", [
    signal.SIGTERM, signal.SIGINT,
    pytest.param(signal.SIGHUP, marks=pytest.mark.unix("Windows has Ctrl-C alone"))])
def test_signal(hub, hf, repo, sig):
    result = interrupted(hub, hf, sig)
    assert result.code == -sig, result
    checks.check_nothing_published(hf.cache, repo)
    checks.check_blobs(hf.cache)
    job = hf.status("org/big")
    assert job["state"] == "partial", job
    assert 10 * MiB <= job["bytes_done"] < job["bytes_total"] == repo.blob_bytes()
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    # What had arrived is not fetched again: only what was on the wire.
    assert hub.file_bytes <= repo.blob_bytes() + 8 * MiB
    assert checks.incomplete(hf.cache) == []


def test_signal_with_an_idle_server(hub, hf, repo):
    """A server that says nothing does not delay the end."""
    hub.fault(faults.stall(after=0), path="*/revision/*")
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.requests())
    time.sleep(0.2)
    run.send(signal.SIGTERM)
    start = time.monotonic()
    assert run.wait().code == -signal.SIGTERM
    assert time.monotonic() - start < 2 * SLOW


def test_resume_over_several_runs(hub, hf, repo):
    for _ in range(3):
        interrupted(hub, hf, after=hub.file_bytes + 8 * MiB)
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes <= repo.blob_bytes() + 3 * 8 * MiB


def test_resume_under_another_commit(hub, hf, repo):
    """Same blob, other commit, other CDN tag: the same object."""
    interrupted(hub, hf)
    repo.commit({"f0.txt": "changed"})
    hub.fault(faults.etag(), side="cdn")
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes <= repo.blob_bytes() + 8 * MiB


def test_resume_when_the_blob_changed(hub, hf, repo):
    interrupted(hub, hf)
    repo.commit({"big.bin": Lfs(Generated(10, BIG + 5))})
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)


@pytest.mark.parametrize("damage", ["deleted", "emptied", "replaced", "flipped", "store"])
def test_resume_from_a_damaged_partial(hub, hf, repo, damage):
    """Whatever became of it: in the end the file is right."""
    interrupted(hub, hf)
    partial, = [p for p in checks.incomplete(hf.cache) if p.stat().st_size > MiB]
    if damage == "deleted":
        partial.unlink()
    elif damage == "emptied":
        with open(partial, "r+b") as f:
            f.truncate(0)
    elif damage == "replaced":
        data = bytes(partial.stat().st_size)
        partial.unlink()
        partial.write_bytes(data)
    elif damage == "flipped":
        with open(partial, "r+b") as f:
            f.seek(MiB)
            byte = f.read(1)
            f.seek(MiB)
            f.write(bytes([byte[0] ^ 1]))
    else:
        shutil.rmtree(hf.state)
    hf.run("run", "--all", expect=None)
    hf.run("run", "--all")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes <= 3 * repo.blob_bytes()


def test_partials_of_others_are_left_alone(hub, hf, repo):
    blobs = hf.cache / repo.folder / "blobs"
    blobs.mkdir(parents=True)
    etag = repo.files()["big.bin"].etag
    for name in (f"{etag}.incomplete", f"{etag}.0a1b2c3d.incomplete"):
        (blobs / name).write_bytes(b"theirs")
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert [p.read_bytes() for p in checks.incomplete(hf.cache)] == [b"theirs"] * 2


# -- budgets and windows

@pytest.mark.parametrize("where", ["option", "configuration"])
def test_max_duration(hub, hf, repo, where):
    # A busy Wine takes a second to start.
    hub.throttle.rate, limit_s = (8_000_000, 4) if WINE else (16_000_000, 1)
    if where == "option":
        result = hf.quiet("run", "--max-duration", f"{limit_s}s")
    else:
        hf.configure(transfer={"max_duration": f"{limit_s}s"})
        result = hf.quiet("run")
    assert result.seconds < limit_s + 2 * SLOW
    job = hf.status("org/big")
    assert job["state"] == "partial" and job["bytes_done"] > 4 * MiB, job
    # Due at its next slot, not at the next tick.
    hub.log.clear()
    hf.quiet("run")
    assert hub.requests() == []
    hub.throttle.rate = None
    hf.configure(transfer={"max_duration": "none"})
    hf.quiet("run", "--all")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes <= repo.blob_bytes() - job["bytes_done"] + 8 * MiB


NIGHT = {"night": {"at": "22:00", "window": "22:00-07:00", "timezone": "UTC"}}


def test_outside_its_window(hub, hf, repo):
    need(FAKETIME, "libfaketime")
    hf.configure(schedules=NIGHT, default_schedule="night")
    noon = hf.fake_time("2027-03-01 12:00:00")
    hf.quiet("run", env=noon)
    hf.quiet("run", "--all", env=noon)
    assert hub.requests() == []
    named = hf.run("run", "org/big", env=noon, expect=None)
    assert "22:00" in named.out + named.err, "it says when the window opens"
    assert hub.requests() == []
    hf.run("run", "org/big", "--ignore-window", env=noon)
    checks.check_complete(hf.cache, repo)


def test_window_end(hub, hf, repo):
    need(FAKETIME, "libfaketime")
    hf.configure(schedules=NIGHT, default_schedule="night")
    hub.throttle.rate = 16_000_000
    result = hf.quiet("run", env=hf.fake_time("2027-03-02 06:59:58"))
    assert 1 < result.seconds < 2 + 2 * SLOW + 1
    sent = hub.settled_bytes()
    assert 4 * MiB < sent < repo.blob_bytes()
    env = hf.fake_time("2027-03-02 07:00:30")
    job = hf.run("status", "--format", "json", env=env, expect=None).job("org/big")
    assert job["state"] == "partial"
    assert job["next_due"] == "2027-03-02T22:00:00Z"
    asked = len(hub.requests())
    hf.quiet("run", env=env)
    assert len(hub.requests()) == asked
    hub.throttle.rate = None
    hf.quiet("run", env=hf.fake_time("2027-03-02 22:00:01"))
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes <= repo.blob_bytes() + 8 * MiB


def test_a_new_job_in_its_window_is_due_at_once(hub, hf, repo):
    need(FAKETIME, "libfaketime")
    hf.configure(schedules=NIGHT, default_schedule="night")
    hf.quiet("run", env=hf.fake_time("2027-03-02 03:00:00"))
    checks.check_complete(hf.cache, repo)
    hub.log.clear()
    hf.quiet("run", env=hf.fake_time("2027-03-02 03:05:00"))
    assert hub.requests() == []
    hf.quiet("run", env=hf.fake_time("2027-03-02 22:01:00"))
    assert len(hub.requests()) == 1
