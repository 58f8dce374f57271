"""Windows and budgets: bytes move when they may, and never twice."""

import time

import pytest

import checks
from conftest import need
from fakehub import Generated, Lfs
from hfcron import FAKETIME, SLOW, MiB

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

@pytest.mark.valgrind
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


@pytest.mark.plain
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
    assert least * 0.95 <= took <= least * 1.5, took


@pytest.mark.plain
def test_low_bandwidth_within_a_budget(hub, hf, repo):
    """What came until the end is kept to the byte, though no piece ended."""
    hf.configure(transfer={"bandwidth": "300kB/s", "connections": 8, "stall_timeout": "500ms"})
    hf.quiet("run", "--max-duration", "3s")
    done = hf.status("org/big")["bytes_done"]
    print(f"{done / 3.5 / 1e3:.0f} kB/s of 300 kB/s")
    # Three seconds and half a second's grace.
    assert 3 * 300_000 * 0.6 <= done <= 3.6 * 300_000 * 1.05, done
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


@pytest.mark.plain
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
