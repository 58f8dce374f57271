"""local_dir: real files in a folder, with the official client's books beside."""

import re
import signal
import time

import pytest

import checks
from fakehub import Generated, Lfs
from hfcron import WINE
from official import Official

FILES = {
    "config.json": "{}\n", "sub/deep/readme.md": "hello\n", "empty": "", "dot.name.txt": "x",
    "weights.bin": Lfs(Generated(1, 1_500_000)), "sub/copy.bin": Lfs(Generated(1, 1_500_000)),
}


@pytest.fixture
def repo(hub):
    return hub.add_repo("org/name", FILES)


@pytest.fixture
def target(hf, tmp_path):
    path = tmp_path / "target dir"
    hf.models({"name": "org/name", "local_dir": str(path)})
    return path


def check(target, repo, revision="main", extra=()):
    """All files of the revision, whole and with valid metadata, and no other."""
    books = target / ".cache/huggingface"
    found = {str(p.relative_to(target)) for p in target.rglob("*")
             if p.is_file() and books not in p.parents}
    assert found == set(repo.files(revision)) | set(extra)
    for path, f in repo.files(revision).items():
        assert not (target / path).is_symlink()
        assert (target / path).read_bytes() == f.content.read(), path
        text = (books / "download" / (path + ".metadata")).read_text()
        assert re.fullmatch(rf"[0-9a-f]{{40}}\n{f.etag}\n\d+(\.\d+)?\n", text), text
        commit, _, stamp = text.split()
        assert commit == repo.sha(revision)
        assert (target / path).stat().st_mtime - 1 <= float(stamp) <= time.time() + 1
    assert (books / ".gitignore").read_text() == "*"
    assert (books / "CACHEDIR.TAG").read_bytes() == checks.CACHEDIR_TAG
    tree = books / "trees" / (repo.sha(revision) + ".json")
    assert tree.read_bytes() == checks.expected_tree_json(repo, repo.sha(revision))
    assert not list(target.rglob("*.incomplete"))


@pytest.mark.valgrind
def test_layout(hub, hf, official, repo, target):
    hf.quiet("run")
    check(target, repo)
    assert hub.file_bytes == repo.blob_bytes()
    verdict = official.verify("org/name", local_dir=target)
    assert verdict["mismatches"] == [] and verdict["missing"] == []
    # Nothing of it in the cache, least of all a ref without a snapshot.
    if hf.cache.exists():
        assert checks.repo_folders(hf.cache) == []
    hub.log.clear()
    official.snapshot("org/name", revision=repo.sha(), local_dir=target)
    assert hub.file_bytes == 0
    hub.stop()
    got = official.snapshot("org/name", revision=repo.sha(), local_dir=target,
                            local_files_only=True)
    assert got == str(target)


def test_second_run(hub, hf, repo, target):
    hf.quiet("run")
    check(target, repo)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in target.rglob("*")}
    hub.log.clear()
    hf.quiet("run")
    assert hub.requests() == []
    hf.quiet("run", "--all")
    assert hub.file_bytes == 0
    after = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in target.rglob("*")}
    files = [p for p in before if p.is_file() and ".cache" not in p.parts]
    assert all(before[p] == after[p] for p in files)


def test_adopts_what_the_official_client_fetched(hub, hf, official, repo, target):
    official.snapshot("org/name", local_dir=target)
    hub.log.clear()
    hf.quiet("run")
    assert hub.file_bytes == 0
    assert hf.status("org/name")["state"] == "current"
    for path, f in repo.files().items():
        assert (target / path).read_bytes() == f.content.read()


def test_copies_from_the_cache(hub, hf, repo, target):
    """The main cache has it all: no download."""
    if WINE:    # without links the official client keeps no blobs to copy from
        hf.run("get", "org/name")
    else:
        Official(hub.endpoint, hf.root / "o").snapshot("org/name", cache_dir=hf.cache)
    hub.log.clear()
    hf.quiet("run")
    check(target, repo)
    assert hub.file_bytes == 0
    checks.check_complete(hf.cache, repo)


def test_update(hub, hf, official, repo, target):
    hf.quiet("run")
    (target / "mine.txt").write_text("untouched")
    repo.commit({"config.json": "2\n", "new.txt": "new"}, delete=["sub/deep/readme.md"])
    hub.log.clear()
    hf.quiet("run", "--all")
    # What vanished upstream stays, as what was always ours.
    check(target, repo, extra=["mine.txt", "sub/deep/readme.md"])
    assert hub.file_bytes == 5
    assert official.verify("org/name", local_dir=target)["mismatches"] == []


def test_a_changed_file_is_put_right_on_recheck(hub, hf, repo, target):
    hf.quiet("run")
    (target / "config.json").write_text("[]\n")
    hf.run("run", "--all", "--recheck")
    check(target, repo)


def test_a_deleted_file_comes_back(hub, hf, repo, target):
    hf.quiet("run")
    (target / "config.json").unlink()
    hf.run("run", "--all", "--recheck")
    check(target, repo)


def test_cache_and_local_dir_of_one_repository(hub, hf, repo, tmp_path):
    target = tmp_path / "t"
    hf.models("org/name", {"name": "org/name", "local_dir": str(target)})
    hf.quiet("run")
    check(target, repo)
    checks.check_complete(hf.cache, repo)
    ids = [j["id"] for j in hf.status()["jobs"]]
    assert len(set(ids)) == 2 and "model/org/name@main" in ids


def test_relative_to_its_list(hub, hf, repo):
    hf.models({"name": "org/name", "local_dir": "data/here"})
    hf.quiet("run")
    check(hf.config / "data/here", repo)


def test_home(hub, hf, repo):
    hf.use_own_folders()
    hf.models({"name": "org/name", "local_dir": "~/models"})
    hf.quiet("run")
    check(hf.home / "models", repo)


def test_filters(hub, hf, repo, tmp_path):
    hf.models({"name": "org/name", "local_dir": str(tmp_path / "t"), "include": ["*.json"]})
    hf.quiet("run")
    found = [p.name for p in (tmp_path / "t").iterdir() if p.is_file()]
    assert found == ["config.json"]


@pytest.mark.parametrize("planted", ["file", "folder"])
def test_planted_links_are_not_followed(hub, hf, repo, target, planted, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "config.json").write_text("keep me")
    target.mkdir()
    if planted == "file":
        (target / "config.json").symlink_to(outside / "config.json")
    else:
        (target / "sub").symlink_to(outside)
    result = hf.run("run", expect=None)
    assert (outside / "config.json").read_text() == "keep me"
    assert [p.name for p in outside.iterdir()] == ["config.json"]
    assert result.code in (0, 3, 4), result
    if result.code == 0:
        check(target, repo)


def test_resume(hub, hf, tmp_path):
    repo = hub.add_repo("org/big", {"w.bin": Lfs(Generated(2, 40 << 20)), "a": "b"})
    target = tmp_path / "t"
    hf.models({"name": "org/big", "local_dir": str(target)})
    hub.throttle.rate = 24_000_000
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.file_bytes > 12 << 20)
    run.send(signal.SIGTERM)
    assert run.wait().code == -signal.SIGTERM
    assert not (target / "w.bin").exists()
    hub.throttle.rate = None
    hf.quiet("run")
    check(target, repo)
    assert hub.file_bytes <= repo.blob_bytes() + (8 << 20)
