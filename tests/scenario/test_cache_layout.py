"""The official cache, to the byte: names, links, modes, locks."""

import fcntl
import os
import stat
import threading
import time

import pytest

import checks
from fakehub import Generated, Lfs
from hfcron import WINDOWS, WINE

QUOTED = "ünï 'quoted'.txt" if WINDOWS else "ünï \"quoted\".txt"
FILES = {
    "config.json": "{}\n", "a/b/c/deep.txt": "deep", QUOTED: "unicode",
    "weights.bin": Lfs(Generated(1, 300_000)), "empty": "",
}


@pytest.fixture
def repo(hub):
    return hub.add_repo("Org/Na.me_x", FILES)


@pytest.fixture
def hf(hf):
    hf.models("Org/Na.me_x")
    return hf


@pytest.mark.unix("symbolic links")
@pytest.mark.valgrind
def test_exactly_the_official_layout(hub, hf, official, repo):
    """Same tree as the official client's, but for what it leaves to chance."""
    hf.quiet("run")
    official.snapshot("Org/Na.me_x")
    ours, theirs = checks.published(hf.cache), checks.published(official.cache)
    assert ours == theirs
    assert (hf.cache / "CACHEDIR.TAG").read_bytes() == checks.CACHEDIR_TAG
    assert set(os.listdir(hf.cache)) <= {"CACHEDIR.TAG", ".locks", "models--Org--Na.me_x"}
    folder = hf.cache / "models--Org--Na.me_x"
    assert sorted(os.listdir(folder)) == ["blobs", "refs", "snapshots", "trees"]
    assert checks.refs(folder) == {"main": repo.sha().encode()}
    link = folder / "snapshots" / repo.sha() / "a/b/c/deep.txt"
    assert os.readlink(link) == "../../../../../blobs/" + repo.files()["a/b/c/deep.txt"].oid
    tree = folder / "trees" / (repo.sha() + ".json")
    assert tree.read_bytes() == checks.expected_tree_json(repo, repo.sha())


def test_locks_are_where_the_official_client_looks(hub, hf, repo):
    hf.quiet("run")
    locks = hf.cache / ".locks" / repo.folder
    assert locks.is_dir()
    for lock in locks.iterdir():
        assert lock.name in {f.etag + ".lock" for f in repo.files().values()}
        assert lock.stat().st_size == 0


@pytest.mark.unix("modes")
@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077, 0o027])
def test_modes_follow_the_umask(hub, hf, repo, umask):
    hf.run("run", umask=umask)
    files, folders = 0, 0
    for path in (hf.cache / repo.folder).rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            continue
        if path.is_dir():
            assert mode == 0o777 & ~umask, f"{path}: {mode:o}"
            folders += 1
        else:
            assert mode == 0o666 & ~umask, f"{path}: {mode:o}"
            files += 1
    assert files >= 6 and folders >= 8
    assert stat.S_IMODE((hf.cache / "CACHEDIR.TAG").stat().st_mode) == 0o666 & ~umask


@pytest.mark.unix("modes")
def test_the_state_is_private(hub, hf, repo):
    hf.quiet("run")
    assert stat.S_IMODE(hf.state.stat().st_mode) & 0o077 == 0


def test_cachedir_tag_is_never_overwritten(hub, hf, repo):
    hf.cache.mkdir()
    (hf.cache / "CACHEDIR.TAG").write_text("mine")
    hf.quiet("run")
    assert (hf.cache / "CACHEDIR.TAG").read_text() == "mine"
    checks.check_complete(hf.cache, repo)


def test_a_second_commit_keeps_the_first(hub, hf, official, repo):
    hf.quiet("run")
    first = repo.sha()
    repo.commit({"config.json": "2\n"}, delete=["empty"])
    hf.quiet("run", "--all")
    checks.check_complete(hf.cache, repo)
    folder = hf.cache / repo.folder
    assert sorted(os.listdir(folder / "snapshots")) == sorted([first, repo.sha()])
    assert sorted(os.listdir(folder / "trees")) == sorted([first + ".json", repo.sha() + ".json"])
    scan = official.scan(hf.cache)
    assert scan["warnings"] == [] and len(scan["repos"]["model/Org/Na.me_x"]["revisions"]) == 2


@pytest.mark.parametrize("planted", ["file", "folder", "dangling", "wrong"])
def test_things_in_the_way_of_a_link(hub, hf, repo, planted, tmp_path):
    """A snapshot entry that is not our link: replaced or refused, never followed."""
    outside = tmp_path / "outside"
    outside.write_text("keep me")
    link = hf.cache / repo.folder / "snapshots" / repo.sha() / "config.json"
    link.parent.mkdir(parents=True)
    if planted == "file":
        link.write_text("mine")
    elif planted == "folder":
        link.mkdir()
    elif planted == "dangling":
        link.symlink_to("../../blobs/" + "a" * 40)
    else:
        link.symlink_to(outside)
    result = hf.run("run", expect=None)
    assert outside.read_text() == "keep me"
    if result.code == 0:
        checks.check_complete(hf.cache, repo)
    else:
        assert planted == "folder" and result.code in (3, 4), result


def test_the_cache_may_be_a_link_itself(hub, hf, repo, tmp_path):
    (tmp_path / "disk").mkdir()
    hf.cache.symlink_to(tmp_path / "disk")
    hf.quiet("run")
    checks.check_complete(tmp_path / "disk", repo)


# -- with others at work in the same cache

def hold(lock):
    """As the official client holds it; see official.lock_like_windows."""
    if WINE:
        fcntl.lockf(lock, fcntl.LOCK_EX, 1)
    else:
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_the_official_lock_is_honoured(hub, hf, repo):
    """Other files go first; the held one follows when it is let go."""
    etag = repo.files()["weights.bin"].etag
    path = hf.cache / ".locks" / repo.folder / f"{etag}.lock"
    path.parent.mkdir(parents=True)
    blob = hf.cache / repo.folder / "blobs" / etag
    with open(path, "w") as held:
        hold(held)
        run = hf.start("run")
        others = [hf.cache / repo.folder / "blobs" / f.etag
                  for n, f in repo.files().items() if n != "weights.bin"]
        deadline = time.monotonic() + 20
        while not all(o.exists() for o in others) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1)
        assert all(o.exists() for o in others)
        assert run.alive and not blob.exists() and hub.requests(side="cdn") == []
        checks.check_nothing_published(hf.cache, repo)
    result = run.wait()
    assert result.code == 0, result
    checks.check_complete(hf.cache, repo)


def test_a_blob_that_another_finished_meanwhile(hub, hf, repo):
    f = repo.files()["weights.bin"]
    lock = hf.cache / ".locks" / repo.folder / f"{f.etag}.lock"
    lock.parent.mkdir(parents=True)
    blob = hf.cache / repo.folder / "blobs" / f.etag
    with open(lock, "w") as held:
        hold(held)
        run = hf.start("run")
        deadline = time.monotonic() + 20
        while not blob.parent.is_dir() and time.monotonic() < deadline:
            time.sleep(0.02)
        blob.write_bytes(f.content.read())
    assert run.wait().code == 0
    checks.check_complete(hf.cache, repo)
    assert hub.requests(side="cdn") == []


def test_beside_the_official_client(hub, hf, official):
    """Both fetch the same repository into the same cache at the same time."""
    repo = hub.add_repo("org/both", {f"w{i}": Lfs(Generated(i, 1_000_000)) for i in range(12)})
    hf.models("org/both")
    hub.throttle.rate = 12_000_000
    failures = []

    def theirs():
        try:
            official.snapshot("org/both", cache_dir=hf.cache)
        except Exception as e:      # noqa: BLE001 - shown below
            failures.append(e)
    t = threading.Thread(target=theirs)
    t.start()
    hub.log.wait(lambda: hub.requests())
    hf.quiet("run")
    t.join()
    assert failures == []
    assert hf.status("org/both")["commit"] == repo.sha()
    checks.check_complete(hf.cache, repo)
    assert official.scan(hf.cache)["warnings"] == []
