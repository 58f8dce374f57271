"""Windows and budgets: bytes move when they may, and never twice."""

import pytest

import checks
from fakehub import Generated, Lfs
from hfcron import MiB

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
