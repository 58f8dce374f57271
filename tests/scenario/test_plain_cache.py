"""The official cache without symbolic links: files where the links would be.

HF_HUB_DISABLE_SYMLINKS asks for it, of hfcron and of the official client; what
hfcron does where there can be none is the same (unit test test_cache_plain).
"""

import os

import pytest

import checks
from fakehub import Generated, Lfs

PLAIN = {"HF_HUB_DISABLE_SYMLINKS": "1"}
FILES = {"config.json": "{}\n", "a/b/deep.txt": "deep", "empty": "",
         "weights.bin": Lfs(Generated(1, 3_000_000)), "twin.bin": Lfs(Generated(1, 3_000_000))}


@pytest.fixture
def repo(hub):
    return hub.add_repo("org/plain", FILES)


@pytest.fixture
def hf(hf):
    hf.env.update(PLAIN)
    hf.models("org/plain")
    return hf


@pytest.fixture
def official(official):
    official.env.update(PLAIN)
    return official


def check_plain(cache, repo, revision="main"):
    """Whole and right, with no link anywhere."""
    folder = cache / repo.folder
    commit = repo.sha(revision)
    snapshot = folder / "snapshots" / commit
    assert (folder / "refs" / revision).read_bytes() == commit.encode()
    assert not [p for p in folder.rglob("*") if p.is_symlink()]
    found = {str(p.relative_to(snapshot)) for p in snapshot.rglob("*") if p.is_file()}
    assert found == set(repo.files(revision))
    for path, f in repo.files(revision).items():
        assert (snapshot / path).read_bytes() == f.content.read(), path
    checks.check_blobs(cache)
    return snapshot


def test_the_official_client_takes_it(hub, hf, official, repo):
    """It finds every file, asks for none, and has nothing to complain of."""
    hf.quiet("run")
    snapshot = check_plain(hf.cache, repo)
    before = checks.tree(hf.cache)
    fetched = len(hub.requests(side="cdn"))
    assert official.snapshot("org/plain", cache_dir=hf.cache) == str(snapshot)
    assert official.file("org/plain", "a/b/deep.txt", cache_dir=hf.cache) == str(
        snapshot / "a/b/deep.txt")
    assert len(hub.requests(side="cdn")) == fetched and checks.tree(hf.cache) == before
    scan = official.scan(hf.cache)
    assert scan["warnings"] == []
    assert scan["repos"]["model/org/plain"]["revisions"] == {repo.sha(): sorted(FILES)}
    assert official.verify(repo_id="org/plain", cache_dir=hf.cache)["mismatches"] == []


def test_no_space_is_taken_twice(hub, hf, repo):
    hf.quiet("run")
    snapshot = check_plain(hf.cache, repo)
    blobs = hf.cache / repo.folder / "blobs"
    for path, f in repo.files().items():
        assert os.path.samefile(snapshot / path, blobs / f.etag), path


def test_the_next_commit_fetches_what_is_new(hub, hf, official, repo):
    hf.quiet("run")
    repo.commit({"config.json": "2\n"})
    fetched = len(hub.requests(side="cdn"))
    hf.quiet("run", "--all")
    check_plain(hf.cache, repo)
    assert len(hub.requests(side="cdn")) == fetched
    assert len(official.scan(hf.cache)["repos"]["model/org/plain"]["revisions"]) == 2
    # And what is unchanged stays, also when all is hashed again.
    before = checks.tree(hf.cache)
    hf.quiet("run", "--all", "--recheck")
    assert checks.tree(hf.cache) == before


def test_what_the_official_client_left_is_adopted(hub, hf, official, repo):
    """It moves new files to the snapshot, and leaves no blob of them."""
    official.snapshot("org/plain", cache_dir=hf.cache)
    assert not (hf.cache / repo.folder / "blobs" / repo.files()["config.json"].etag).exists()
    fetched = len(hub.requests(side="cdn"))
    hf.quiet("run")
    check_plain(hf.cache, repo)
    assert len(hub.requests(side="cdn")) == fetched


def test_links_stay_where_there_are_some(hub, hf, official, repo):
    """Switched off later: what is linked is right, and is not touched."""
    hf.run("run", env={"HF_HUB_DISABLE_SYMLINKS": None})
    before = checks.tree(hf.cache)
    hf.quiet("run", "--all", "--recheck")
    assert checks.tree(hf.cache) == before
    checks.check_complete(hf.cache, repo)
