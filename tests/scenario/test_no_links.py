"""A cache where symbolic links cannot be made: what the official client does then.

On Unix the system calls are refused by strace; under Wine there are none anyway.
"""

import os
import shutil

import pytest

import checks
from conftest import need
from fakehub import Generated, Lfs
from hfcron import WINDOWS

FILES = {
    "README.md": "# hello\n", "a/b/deep.txt": "deep", "same1.txt": "same", "same2.txt": "same",
    "empty.txt": "", "weights.bin": Lfs(Generated(1, 3_000_000)),
}
NO_SYMLINKS = ["symlink,symlinkat:error=EPERM"]
NO_LINKS = [*NO_SYMLINKS, "link,linkat:error=EPERM"]


def refusing(calls):
    """A command that runs hfcron where these system calls fail."""
    if WINDOWS:
        return []
    need(shutil.which("strace"), "strace")
    # Who looks for leaks is traced by nobody else.
    command = ["strace", "-f", "-qq", "-o", os.devnull, "-E", "LSAN_OPTIONS=detect_leaks=0",
               "-e", "trace=symlink,symlinkat,link,linkat"]
    for call in calls:
        command += ["-e", "inject=" + call]
    return command


@pytest.fixture(autouse=True)
def without_links(monkeypatch):
    need(not (WINDOWS and checks.symbolic_links), "a Windows that makes no symbolic links")
    monkeypatch.setattr(checks, "symbolic_links", False)


@pytest.fixture
def repo(hub):
    return hub.add_repo("org/name", FILES)


@pytest.fixture
def hf(hf):
    hf.models("org/name")
    return hf


def test_files_instead_of_links(hub, hf, repo):
    """Each file is where its link would be; it is no second copy of its blob."""
    hf.run("run", prefix=refusing(NO_SYMLINKS))
    snapshot = checks.check_complete(hf.cache, repo)
    blobs = {b.name: b for b in (hf.cache / repo.folder / "blobs").iterdir()}
    for path, f in repo.files().items():
        assert not (snapshot / path).is_symlink()
        assert os.path.samefile(snapshot / path, blobs[f.etag])
    assert not checks.incomplete(hf.cache)


def test_the_official_client_accepts_them(hub, hf, official, repo):
    hf.run("run", prefix=refusing(NO_SYMLINKS))
    hub.log.clear()
    path = official.snapshot("org/name", cache_dir=hf.cache)
    assert path == str(hf.cache / repo.folder / "snapshots" / repo.sha())
    assert not [r for r in hub.requests() if r.method == "GET" and "resolve" in r.target]
    found = official.scan(hf.cache)
    assert found["warnings"] == []
    assert found["repos"]["model/org/name"]["refs"] == {"main": repo.sha()}
    assert found["repos"]["model/org/name"]["revisions"] == {repo.sha(): sorted(FILES)}
    v = official.verify("org/name", cache_dir=hf.cache)
    assert v["mismatches"] == v["missing"] == [] and v["checked"] == len(FILES)


def test_a_new_commit_fetches_what_changed(hub, hf, repo):
    """Unchanged files get a further name: neither fetched nor copied."""
    hf.run("run", prefix=refusing(NO_SYMLINKS))
    old = checks.check_complete(hf.cache, repo)
    hub.log.clear()
    repo.commit({**FILES, "README.md": "# changed\n"})
    hf.run("run", "--all", prefix=refusing(NO_SYMLINKS))
    new = checks.check_complete(hf.cache, repo)
    assert new != old and (old / "README.md").read_text() == "# hello\n"
    assert os.path.samefile(old / "weights.bin", new / "weights.bin")
    assert not [r for r in hub.requests() if "weights.bin" in r.target and r.method == "GET"]


def test_nothing_is_done_twice(hub, hf, repo):
    hf.run("run", prefix=refusing(NO_SYMLINKS))
    before = checks.published(hf.cache)
    hub.log.clear()
    hf.run("run", "--all", prefix=refusing(NO_SYMLINKS))
    assert checks.published(hf.cache) == before
    assert not [r for r in hub.requests() if "resolve" in r.target]


@pytest.mark.unix("Wine's file systems have hard links")
def test_without_hard_links_either(hub, hf, repo):
    """FAT: the file is moved there, as the official client does."""
    hf.run("run", prefix=refusing(NO_LINKS))
    assert hub.file_bytes == repo.blob_bytes()      # equal files are copies
    snapshot = checks.check_complete(hf.cache, repo)
    assert all((snapshot / path).stat().st_nlink == 1 for path in FILES)


@pytest.mark.unix("Wine makes no links")
def test_links_come_back(hub, hf, repo):
    """Once they can be made (developer mode was switched on), they are."""
    hf.run("run", prefix=refusing(NO_SYMLINKS))
    repo.commit({**FILES, "README.md": "# changed\n"})
    hf.run("run", "--all")
    snapshot = hf.cache / repo.folder / "snapshots" / repo.sha()
    assert all((snapshot / path).is_symlink() for path in FILES)
