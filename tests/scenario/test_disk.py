"""Space: asked for before work, refused clearly, and what is there is kept."""

import os
import resource
import subprocess

import pytest

import checks
from conftest import need
from fakehub import Generated, Lfs, faults
from hfcron import WINE, MiB

FILES = {"config.json": "{}\n", "weights.bin": Lfs(Generated(1, 4 * MiB))}


@pytest.fixture
def repo(hub):
    return hub.add_repo("org/name", FILES)


@pytest.fixture
def hf(hf):
    hf.models("org/name")
    return hf


@pytest.mark.valgrind
def test_keep_free(hub, hf, repo):
    hf.configure(storage={"keep_free": "900TB"})
    result = hf.run("run", expect=4)
    assert "org/name" in result.err and "900" in result.err
    assert hub.file_bytes == 0
    job = hf.status("org/name")
    assert job["state"] == "waiting" and job["error"]["kind"] == "disk", job
    checks.check_nothing_published(hf.cache, repo)
    hf.configure(storage={"keep_free": "1MB"})
    hf.quiet("run", "--all")
    checks.check_complete(hf.cache, repo)


def test_the_default_keeps_five_percent(hub, hf, repo):
    st = os.statvfs(hf.root)
    free, whole = st.f_bavail * st.f_frsize, st.f_blocks * st.f_frsize
    enough = free > max(20 * 10**9, whole // 20) + 100 * MiB
    hf.settings["storage"] = {}
    hf.configure()
    hf.run("run", expect=0 if enough else 4)
    assert hub.file_bytes == (repo.blob_bytes() if enough else 0)


def huge(size):
    entry = {"type": "file", "oid": "a" * 40, "size": size, "path": "huge.bin",
             "lfs": {"oid": "b" * 64, "size": size, "pointerSize": 134}}
    return faults.edit_json(lambda rows: [*rows, entry])


def test_one_job_too_large(hub, hf, repo):
    """The others go on."""
    hub.add_repo("org/huge", FILES)
    hub.fault(huge(500 * 10**12), path="*/org/huge/tree/*")
    hf.models("org/huge", "org/name")
    result = hf.run("run", expect=4)
    assert "org/huge" in result.err and "org/name" not in result.err
    checks.check_complete(hf.cache, repo)
    assert not [r for r in hub.requests(kind="resolve") if "huge" in r.path]


def test_what_is_there_counts(hub, hf, official, repo):
    """Nothing to fetch needs no room."""
    official.snapshot("org/name", cache_dir=hf.cache)
    hub.log.clear()
    hf.configure(storage={"keep_free": "900TB"})
    hf.quiet("run")
    assert hub.file_bytes == 0
    assert hf.status("org/name")["state"] == "current"


def test_disk_is_said_louder_than_parked(hub, hf, repo):
    """Of several reasons the exit status is the first of the table."""
    hf.models("org/name", "org/missing")
    hf.configure(storage={"keep_free": "900TB"})
    hf.run("run", expect=4)
    states = {j["id"].split("/")[2]: j["state"] for j in hf.status()["jobs"]}
    assert states == {"name@main": "waiting", "missing@main": "parked"}


def test_file_size_limit(hub, hf, repo):
    """EFBIG in mid-file: the job says so, the others go on, no signal."""
    small = hub.add_repo("org/small", {"a": "b"})
    hf.models("org/name", "org/small")
    limit = (1 << 20, 1 << 20)
    # Python ignores the signal; so must Wine, which has programs of Windows know none.
    result = hf.run("run", expect=4, restore_signals=not WINE,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    assert "org/name" in result.err
    checks.check_complete(hf.cache, small)
    checks.check_nothing_published(hf.cache, repo)
    checks.check_blobs(hf.cache)
    hf.run("run", "--all")
    checks.check_complete(hf.cache, repo)


def test_read_only_cache(hub, hf, repo):
    hf.cache.mkdir()
    hf.cache.chmod(0o555)
    try:
        result = hf.run("run", expect=None)
        if os.geteuid():
            assert result.code == 4, result
            assert str(hf.cache) in result.err
        else:           # root ignores modes
            checks.check_complete(hf.cache, repo)
    finally:
        hf.cache.chmod(0o755)


@pytest.fixture
def small_disk(tmp_path):
    need(os.geteuid() == 0, "root, to mount a small file system")
    where = tmp_path / "disk"
    where.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", where], check=True)
    yield where
    subprocess.run(["umount", "-l", where], check=True)


@pytest.mark.cron
@pytest.mark.parametrize("taken", [0, 19, 21])
def test_small_disk(hub, hf, repo, small_disk, taken):
    """Seen beforehand; and nothing that is there is harmed."""
    (small_disk / "theirs").write_bytes(bytes(taken * MiB))
    hf.configure(cache_dir=str(small_disk / "hub"), storage={"keep_free": "0"})
    fits = taken < 19
    result = hf.run("run", expect=0 if fits else None)
    if not fits:
        assert result.code in (0, 4), result
    if result.code == 0:
        checks.check_complete(small_disk / "hub", repo)
    else:
        assert "org/name" in result.err
        checks.check_nothing_published(small_disk / "hub", repo)
        checks.check_blobs(small_disk / "hub")
    assert (small_disk / "theirs").stat().st_size == taken * MiB


@pytest.mark.cron
def test_disk_that_fills_up_in_mid_run(hub, hf, small_disk):
    repo = hub.add_repo("org/name", {"w.bin": Lfs(Generated(2, 16 * MiB)), "a": "b"})
    hf.configure(cache_dir=str(small_disk / "hub"), storage={"keep_free": "0"})
    hub.throttle.rate = 8_000_000
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.file_bytes > 4 * MiB)
    free = os.statvfs(small_disk)
    (small_disk / "theirs").write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - 65536)))
    result = run.wait()
    # Reserved beforehand is as good.
    assert result.code in (0, 4), result
    checks.check_cache(small_disk / "hub", [repo])
    hub.throttle.rate = None
    (small_disk / "theirs").unlink()
    hf.run("run", "--all")
    checks.check_complete(small_disk / "hub", repo)
