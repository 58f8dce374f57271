"""File names that want to be elsewhere: the job is parked, nothing is written."""

import pytest

import checks
from fakehub import Git
from hfcron import SLOW, WINE

REFUSED = [
    "../x", "a/../../x", "a/..", "..", "/etc/hfcron-evil", "//host/x",
    "..\\x", "a\\..\\x", "\\x", "a/\\x", "C:\\x", "C:x", "a:b/c", "a/D:x", "\\\\host\\share\\x",
    "", ".", "a//b", "a/", "./x", "a/./b", "a\nb", "a\tb", "a\x1b[31mb", "a\x7fb", "a\x85b",
    "a\u202eb", "a\u200bb", "x" * 256, "/".join(["d" * 200] * 6),
    ".cache/huggingface/x", ".cache/huggingface/download/x.metadata",
]
ALLOWED = ["...", "..x", "a..b", "-rf", "~x", ".git/config", ".gitattributes", "a b", " lead",
           "q\"uo'te", "a*b?c", "$HOME", "`id`", "%2e%2e/x", "x" * 255, "ü/é", "日本語",
           "a#b", "a&b=c;d", "C/x", "con", "\u0041\u030a", "ab:c/d", "<x>|y"]
NOT_ON_WINDOWS = ["...", "q\"uo'te", "a*b?c", "con", "ab:c/d", "<x>|y"]


def decoy(tmp_path):
    (tmp_path / "decoy").mkdir(exist_ok=True)
    (tmp_path / "decoy/x").write_text("keep me")


@pytest.mark.parametrize("place", ["cache", "local_dir"])
@pytest.mark.parametrize("name", REFUSED, ids=[ascii(n)[:30] for n in REFUSED])
def test_refused(hub, hf, name, place, tmp_path):
    if name.startswith(".cache") and place == "cache":
        place = "local_dir"
    good = hub.add_repo("org/good", {"a.txt": "good"})
    bad = hub.add_repo("org/bad", {"ok.txt": "fine", name: Git("evil\n")})
    target = tmp_path / "target"
    entry = {"name": "org/bad"} | ({"local_dir": str(target)} if place == "local_dir" else {})
    hf.models(entry, "org/good")
    outside = checks.tree(hf.home)
    result = hf.run("run", expect=3)
    job = hf.status("org/bad")
    assert (job["state"], job["error"]["kind"]) == ("parked", "permanent"), job
    shown = result.err + hf.log_text() + job["error"]["text"]
    assert not any(ord(c) < 32 and c not in "\n\t" or c in "\x7f\x85\u202e" for c in shown)
    # Nothing of it is published, anywhere; the other job is.
    checks.check_nothing_published(hf.cache, bad)
    checks.check_complete(hf.cache, good)
    assert not [p for p in target.rglob("*") if p.is_file() and ".cache" not in p.parts]
    assert checks.tree(hf.home) == outside
    assert not [p for p in tmp_path.rglob("*") if p.is_file()
                and p.stat().st_size == 5 and p.read_bytes() == b"evil\n"]


@pytest.mark.parametrize("place", ["cache", "local_dir"])
def test_allowed(hub, hf, official, place, tmp_path):
    """All of them in one repository, byte for byte; the official client agrees."""
    # Beside a file in a local_dir its name stands with ".metadata" appended.
    names = [n for n in ALLOWED if place == "cache" or len(n) <= 246 and n != ".git/config"]
    names = [n for n in names if not WINE or n not in NOT_ON_WINDOWS]
    repo = hub.add_repo("org/odd", {n: f"file {i}" for i, n in enumerate(names)})
    target = tmp_path / "target"
    hf.models({"name": "org/odd"} | ({"local_dir": str(target)} if place == "local_dir" else {}))
    hf.quiet("run")
    if place == "cache":
        checks.check_complete(hf.cache, repo)
        verdict = official.verify("org/odd", cache_dir=hf.cache)
        # Its own walk leaves out .git.
        assert verdict["mismatches"] == [] and verdict["missing"] == [".git/config"]
    else:
        for n, f in repo.files().items():
            assert (target / n).read_bytes() == f.content.read()


@pytest.mark.parametrize("files", [{"a": "x", "a/b": "y"}, {"a/b": "x", "a/b/c": "y"}])
def test_file_and_folder_at_once(hub, hf, files):
    bad = hub.add_repo("org/bad", files)
    hf.models("org/bad")
    hf.run("run", expect=3)
    checks.check_nothing_published(hf.cache, bad)


def check_fetched_or_parked(hub, hf, repo):
    """A whole repository; on Windows nothing of it, and a word about why."""
    good = hub.add_repo("org/good", {"a.txt": "good"})
    hf.models(repo.id, "org/good")
    result = hf.run("run", expect=3 if WINE else 0)
    checks.check_complete(hf.cache, good)
    if not WINE:
        checks.check_complete(hf.cache, repo)
        return
    job = hf.status(repo.id)
    assert (job["state"], job["error"]["kind"]) == ("parked", "permanent"), job
    assert "Windows" in result.err and job["error"]["text"] in result.err
    checks.check_nothing_published(hf.cache, repo)
    assert len(hub.requests(path="*resolve*")) == 1, "the other's file alone"


@pytest.mark.parametrize("name", NOT_ON_WINDOWS)
def test_names_that_windows_cannot_hold(hub, hf, name):
    check_fetched_or_parked(hub, hf, hub.add_repo("org/odd", {"ok.txt": "fine", name: "odd"}))


def test_case_twins_are_two_files(hub, hf):
    check_fetched_or_parked(hub, hf, hub.add_repo("org/case", {"A.bin": "1", "a.bin": "2"}))


def test_bytes_that_are_no_utf8(hub, hf):
    bad = hub.add_repo("org/bad", {"ok.txt": "fine"})
    bad.tree_body = (b'[{"type":"file","oid":"' + b"a" * 40 + b'","size":1,"path":"a\xff\xfe"}]')
    hf.models("org/bad")
    result = hf.run("run", expect=None)
    assert result.code in (1, 3), result
    checks.check_nothing_published(hf.cache, bad)


def test_own_partial_names(hub, hf):
    bad = hub.add_repo("org/bad", {"ok.txt": "fine", "a" * 40 + ".1234abcd.hfcron.incomplete": "x"})
    hf.models("org/bad")
    hf.run("run", expect=3)
    checks.check_nothing_published(hf.cache, bad)


def test_linked_folders_in_the_cache(hub, hf, tmp_path):
    """Folders of a snapshot that are links lead nowhere."""
    repo = hub.add_repo("org/name", {"sub/x": "mine", "y": "y"})
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_text("keep me")
    snapshot = hf.cache / repo.folder / "snapshots" / repo.sha()
    snapshot.mkdir(parents=True)
    (snapshot / "sub").symlink_to(outside)
    hf.models("org/name")
    result = hf.run("run", expect=None)
    assert (outside / "x").read_text() == "keep me"
    assert [p.name for p in outside.iterdir()] == ["x"]
    if result.code == 0:
        checks.check_complete(hf.cache, repo)
    else:
        assert result.code in (3, 4) and "sub" in result.err, result


def test_a_name_too_long_for_the_books_of_a_local_dir(hub, hf, tmp_path):
    """255 bytes fit a file, but not with ".metadata" behind them: said, not half done."""
    hub.add_repo("org/long", {"x" * 255: "long", "a": "short"})
    good = hub.add_repo("org/good", {"a.txt": "good"})
    hf.models({"name": "org/long", "local_dir": str(tmp_path / "t")}, "org/good")
    result = hf.run("run", expect=None)
    checks.check_complete(hf.cache, good)
    if result.code == 0:
        assert (tmp_path / "t" / ("x" * 255)).read_bytes() == b"long"
    else:
        assert result.code in (3, 4) and "org/long" in result.err, result


def test_nul_in_a_name(hub, hf):
    """No JSON of ours holds a NUL: an unexpected answer, asked for again later."""
    bad = hub.add_repo("org/bad", {"ok.txt": "fine", "a\x00b": Git("evil\n")})
    hf.models("org/bad")
    hf.run("run", expect=1)
    assert "\\u0000" in hf.status("org/bad")["error"]["text"]
    checks.check_nothing_published(hf.cache, bad)


def test_too_many_files(hub, hf):
    """One page of them is more than a page may have."""
    bad = hub.add_repo("org/bad", {"a": "b"})
    row = '{"type":"file","oid":"%s","size":0,"path":"f%%d"}' % ("e" * 40)
    bad.tree_body = ("[" + ",".join(row % i for i in range(200_001)) + "]").encode()
    hf.models("org/bad")
    result = hf.run("run", expect=1)
    assert result.seconds < 20 * SLOW
    checks.check_nothing_published(hf.cache, bad)


def test_hostile_names_with_a_decoy(hub, hf, tmp_path):
    """Enough `..` for every depth there is, in one listing each."""
    decoy(tmp_path)
    repos = [hub.add_repo(f"org/bad{depth}", {
        "ok": "fine", "../" * depth + "decoy/x": Git("evil\n")}) for depth in range(1, 9)]
    hf.models(*(r.id for r in repos))
    hf.run("run", expect=3)
    for bad in repos:
        checks.check_nothing_published(hf.cache, bad)
    assert (tmp_path / "decoy/x").read_text() == "keep me"
    assert list((tmp_path / "decoy").iterdir()) == [tmp_path / "decoy/x"]
