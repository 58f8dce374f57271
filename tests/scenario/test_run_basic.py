"""The main job: what is due is fetched, verified, published and recorded."""

import pathlib
import shutil

import pytest

import checks
from fakehub import Generated, Lfs
from hfcron import WINDOWS, MiB

# All that a name may have on this system.
ODD_NAME = "odd/a%b#c&d,e;f$g.txt" if WINDOWS else "odd?/a%b#c&d,e.txt"
FILES = {
    "README.md": "# hello\n", "config.json": "{}\n", "empty.txt": "",
    "sub/dir/deep.txt": "deep", "sp ace/ünï.txt": "unicode",
    ODD_NAME: "odd", "-dash": "dash", "~tilde": "tilde",
    "same1.txt": "same", "same2.txt": "same",
    "weights.bin": Lfs(Generated(1, 3_000_000)), "small-lfs.bin": Lfs(b"tiny"),
}


def files(seed):
    return {**FILES, "README.md": f"# {seed}\n", "weights.bin": Lfs(Generated(seed, 3_000_000))}


@pytest.fixture
def repo(hub):
    return hub.add_repo("org/name", FILES)


@pytest.mark.valgrind
def test_two_models(hub, hf, official):
    repos = [hub.add_repo("org/one", files(1)), hub.add_repo("org/two", files(2))]
    hf.models("org/one", {"name": "org/two"})
    hf.quiet("run")
    for repo in repos:
        checks.check_complete(hf.cache, repo)
    assert hub.file_bytes == sum(r.blob_bytes() for r in repos)
    assert checks.incomplete(hf.cache) == []
    hub.log.clear()
    hf.quiet("run")
    assert hub.requests() == [], "an idle call asks nobody"
    # The judge: clean, verified against the Hub, and loadable without it.
    scan = official.scan(hf.cache)
    assert scan["warnings"] == []
    for repo in repos:
        assert scan["repos"][f"model/{repo.id}"]["refs"] == {"main": repo.sha()}
        verdict = official.verify(repo.id, cache_dir=hf.cache)
        assert verdict == {"checked": len(FILES), "mismatches": [], "missing": [], "extra": []}
    hub.stop()
    for repo in repos:
        got = official.snapshot(repo.id, cache_dir=hf.cache, local_files_only=True)
        assert got == str(hf.cache / repo.folder / "snapshots" / repo.sha())
        one = official.file(repo.id, "sub/dir/deep.txt", cache_dir=hf.cache, local_files_only=True)
        assert pathlib.Path(one).read_text() == "deep"


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_types(hub, hf, official, kind):
    repo = hub.add_repo("org/name", FILES, type=kind)
    hf.models({"name": "org/name", "type": kind})
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert official.scan(hf.cache)["warnings"] == []
    assert hf.status("org/name")["id"] == f"{kind}/org/name@main"


@pytest.mark.parametrize("revision", ["v1.0", "refs/pr/1", "feature/x", "commit", "main"])
def test_revisions(hub, hf, official, repo, revision):
    repo.tag("v1.0")
    first = repo.sha()
    repo.commit({"config.json": "2\n"})
    repo.branch("feature/x")
    repo.pull(1, {"pull.txt": "pull"})
    revision = first if revision == "commit" else revision
    hf.models({"name": "org/name", "revision": revision})
    hf.quiet("run")
    checks.check_complete(hf.cache, repo, revision)
    refs = checks.refs(hf.cache / repo.folder)
    assert list(refs) == ([] if revision == first else [revision])
    assert official.scan(hf.cache)["warnings"] == []
    hub.stop()
    official.snapshot("org/name", revision=revision, cache_dir=hf.cache, local_files_only=True)


def test_one_part_name(hub, hf):
    repo = hub.add_repo("gpt2", {"config.json": "{}"})
    hf.models("gpt2")
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert (hf.cache / "models--gpt2").is_dir()


@pytest.mark.parametrize("shape", ["A", "B"])
@pytest.mark.parametrize("lfs", ["refuse", "redirect"])
def test_shapes_of_resolve(hub, hf, repo, shape, lfs):
    hub.shape = shape
    hub.resolve_cache_lfs = lfs
    hf.models("org/name")
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)


def test_many_pages(hub, hf):
    repo = hub.add_repo("org/many", {f"d{i % 9}/f{i}.txt": f"{i}" for i in range(120)})
    hub.page_size = 7
    hf.models("org/many")
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)


def test_empty_file_and_shared_blob_cost_nothing(hub, hf, repo):
    hf.models("org/name")
    hf.quiet("run")
    asked = [r.path for r in hub.requests(status=200) if r.kind in ("resolve", "cache")]
    assert not [p for p in asked if "empty.txt" in p]
    assert len([p for p in asked if "same" in p]) == 1
    empty = hf.cache / repo.folder / "blobs/e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert empty.stat().st_size == 0


# -- filters

@pytest.mark.parametrize("include, exclude, want", [
    (["*.txt"], [], {"empty.txt", "sub/dir/deep.txt", "sp ace/ünï.txt", ODD_NAME,
                     "same1.txt", "same2.txt"}),
    ([], ["*.bin", "*.txt"], {"README.md", "config.json", "-dash", "~tilde"}),
    (["sub/"], [], {"sub/dir/deep.txt"}),
    (["*.bin"], ["small*"], {"weights.bin"}),
    (["same[12].txt"], ["same[!1].txt"], {"same1.txt"}),
    (["CONFIG.JSON", "?dash"], [], {"-dash"}),
])
def test_filters(hub, hf, repo, include, exclude, want):
    hf.models({"name": "org/name", "include": include, "exclude": exclude})
    hf.quiet("run")
    checks.check_complete(hf.cache, repo, include=lambda p: p in want)
    assert hub.file_bytes == repo.blob_bytes(include=lambda p: p in want)
    # The list of files is that of the whole commit all the same.
    trees = hf.cache / repo.folder / "trees" / (repo.sha() + ".json")
    assert trees.read_bytes() == checks.expected_tree_json(repo, repo.sha())


def test_list_defaults(hub, hf, repo):
    other = hub.add_repo("org/other", FILES)
    hf.models("org/name", {"name": "org/other", "exclude": ["*.txt"]},
              defaults={"exclude": ["*.bin"]})
    hf.quiet("run")
    checks.check_complete(hf.cache, repo, include=lambda p: not p.endswith(".bin"))
    checks.check_complete(hf.cache, other, include=lambda p: not p.endswith(".txt"))


def test_filters_that_match_nothing(hub, hf, official, repo):
    """Said, and the cache stays one the scanner likes."""
    hf.models({"name": "org/name", "include": ["*.nothing"]})
    hf.run("run", expect=None)
    assert hub.requests(path="*/tree/*") and hub.file_bytes == 0
    if hf.cache.exists():
        assert official.scan(hf.cache)["warnings"] == []


def test_empty_repository(hub, hf, official):
    hub.add_repo("org/empty", {})
    other = hub.add_repo("org/other", FILES)
    hf.models("org/empty", "org/other")
    hf.run("run", expect=None)
    checks.check_complete(hf.cache, other)
    assert official.scan(hf.cache)["warnings"] == []


# -- following and pinning

@pytest.mark.valgrind
def test_new_commit(hub, hf, repo):
    hf.models("org/name")
    hf.quiet("run")
    old, before = repo.sha(), hf.status("org/name")
    repo.commit({"config.json": "2\n", "new.bin": Lfs(b"new weights")}, delete=["README.md"])
    hub.log.clear()
    hf.quiet("run", "--all")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes == 2 + len(b"new weights")
    assert (hf.cache / repo.folder / "snapshots" / old / "README.md").is_file()
    after = hf.status("org/name")
    assert (before["commit"], after["commit"]) == (old, repo.sha())
    assert after["changed_at"] >= before["changed_at"]
    assert after["state"] == "current" and not after.get("error")


def test_unchanged_costs_one_request(hub, hf, repo):
    hf.models("org/name")
    hf.quiet("run")
    before = hf.status("org/name")
    hub.log.clear()
    hf.quiet("run", "--all")
    assert len(hub.requests()) == 1, hub.requests()
    after = hf.status("org/name")
    assert after["changed_at"] == before["changed_at"]
    assert after["confirmed_at"] >= before["confirmed_at"]


def test_follow_false_pins(hub, hf, repo):
    hf.models({"name": "org/name", "follow": False})
    hf.quiet("run")
    first = repo.sha()
    repo.commit({"config.json": "2\n"})
    hf.quiet("run", "--all")
    assert hf.status("org/name")["commit"] == first
    assert (hf.cache / repo.folder / "refs/main").read_text() == first
    assert not (hf.cache / repo.folder / "snapshots" / repo.sha()).exists()


def test_a_branch_that_moves_back(hub, hf, repo):
    """A person says whether that was meant; then nothing that is there is fetched again."""
    first = repo.sha()
    second = repo.commit({"config.json": "2\n"})
    hf.models("org/name")
    hf.quiet("run")
    repo.branches["main"] = first
    assert "was rewritten" in hf.run("run", "--all", expect=3).err
    assert (hf.cache / repo.folder / "refs/main").read_text() == second
    hub.log.clear()
    hf.quiet("run", "org/name")
    checks.check_complete(hf.cache, repo, first, ref="main")
    assert hub.file_bytes == 3
    assert (hf.cache / repo.folder / "snapshots" / second).is_dir()


# -- the list changes

def test_disabled(hub, hf, repo):
    hf.models({"name": "org/name", "enabled": False})
    hf.quiet("run")
    hf.quiet("run", "--all")
    assert hub.requests() == []
    assert hf.status("org/name")["state"] == "disabled"
    hf.models({"name": "org/name"})
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)


def test_changed_job_is_due(hub, hf, repo):
    hf.models({"name": "org/name", "include": ["*.txt"]})
    hf.quiet("run")
    hf.models({"name": "org/name"})
    hub.log.clear()
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes == repo.blob_bytes(include=lambda p: not p.endswith(".txt"))


def test_added_and_removed_jobs(hub, hf, repo):
    other = hub.add_repo("org/other", FILES)
    hf.models("org/name")
    hf.quiet("run")
    hf.models("org/other")
    hub.log.clear()
    hf.quiet("run")
    checks.check_complete(hf.cache, other)
    checks.check_complete(hf.cache, repo)
    assert not [r for r in hub.requests() if "org/name" in r.path]
    assert [j["id"] for j in hf.status()["jobs"]] == ["model/org/other@main"]


def test_two_revisions_share_blobs(hub, hf, repo):
    repo.tag("v1")
    repo.commit({"config.json": "2\n"})
    hf.models("org/name", {"name": "org/name", "revision": "v1"})
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    checks.check_complete(hf.cache, repo, "v1")
    assert hub.file_bytes == repo.blob_bytes() + len("{}\n")


def test_schedule_of_a_new_job(hub, hf, repo):
    """`daily` waits for its next slot, however new the job is."""
    hf.models({"name": "org/name", "schedule": "daily"})
    hf.quiet("run")
    assert hub.requests() == []
    assert hf.plan("org/name")["verdict"] == "waiting"
    hf.quiet("run", "org/name")
    checks.check_complete(hf.cache, repo)


def test_named_jobs_only(hub, hf, repo):
    other = hub.add_repo("org/other", FILES)
    hf.models("org/name", "org/other")
    hf.quiet("run", "model/org/other@main")
    checks.check_complete(hf.cache, other)
    assert not [r for r in hub.requests() if "org/name" in r.path]
    hf.quiet("run", "org/name")
    checks.check_complete(hf.cache, repo)


def test_priority(hub, hf):
    names = ["low", "medium", "high"]
    for n in names:
        hub.add_repo(f"org/{n}", {"w": Lfs(Generated(n, MiB))})
    hf.models(*({"name": f"org/{n}", "priority": n} for n in names))
    hf.configure(transfer={"parallel_jobs": 1, "connections": 1})
    hf.quiet("run")
    order = [r.path.split("/")[2] for r in hub.requests(kind="resolve")]
    assert order == ["high", "medium", "low"]
    # All were looked at before any was fetched.
    first = min(r.number for r in hub.requests(kind="resolve"))
    assert len([r for r in hub.requests(path="*/revision/*") if r.number < first]) == 3


def test_moved_repository(hub, hf, official, repo):
    folder = repo.folder
    hub.move_repo(repo, "new/home")
    hf.models("org/name")
    hf.run("run")
    snapshot = hf.cache / folder / "snapshots" / repo.sha()
    assert (snapshot / "config.json").read_text() == "{}\n"
    assert checks.digest(snapshot / "weights.bin", "sha256") == repo.files()["weights.bin"].etag
    assert official.scan(hf.cache)["warnings"] == []


# -- what is there already

@pytest.mark.valgrind
def test_adopts_what_the_official_client_fetched(hub, hf, official, repo):
    official.snapshot("org/name", cache_dir=hf.cache)
    before = checks.published(hf.cache)
    hub.log.clear()
    hf.models("org/name")
    hf.quiet("run")
    assert hub.file_bytes == 0
    after = checks.published(hf.cache)
    # Where the client leaves files instead of links, they are given blobs' names, too.
    assert after == (after | before if WINDOWS else before)
    checks.check_complete(hf.cache, repo)
    assert hf.status("org/name")["state"] == "current"


def test_adopts_a_part(hub, hf, official, repo):
    official.file("org/name", "weights.bin", cache_dir=hf.cache)
    hub.log.clear()
    hf.models("org/name")
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes == repo.blob_bytes(include=lambda p: p != "weights.bin")


def test_the_official_client_adopts_ours(hub, hf, official, repo):
    hf.models("org/name")
    hf.quiet("run")
    hub.log.clear()
    official.snapshot("org/name", cache_dir=hf.cache)
    assert hub.file_bytes == 0


def test_a_wrong_blob_is_not_adopted(hub, hf, repo):
    """The official client does not hash what it stores; we do."""
    f = repo.files()["weights.bin"]
    blobs = hf.cache / repo.folder / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f.etag).write_bytes(bytes(f.size))
    (blobs / repo.files()["README.md"].etag).write_bytes(b"# HELLO\n")
    hf.models("org/name")
    hf.run("run")
    checks.check_complete(hf.cache, repo)


def test_deleted_store(hub, hf, repo):
    hf.models("org/name")
    hf.quiet("run")
    before = checks.published(hf.cache)
    shutil.rmtree(hf.state)
    hub.log.clear()
    hf.quiet("run")
    assert hub.file_bytes == 0
    assert checks.published(hf.cache) == before
    assert hf.status("org/name")["state"] == "current"


@pytest.mark.parametrize("damage", ["deleted", "shortened", "flipped", "unlinked"])
def test_recheck(hub, hf, repo, damage):
    hf.models("org/name")
    hf.quiet("run")
    blob = hf.cache / repo.folder / "blobs" / repo.files()["weights.bin"].etag
    link = hf.cache / repo.folder / "snapshots" / repo.sha() / "weights.bin"
    if damage == "deleted":
        blob.unlink()
    elif damage == "unlinked":
        link.unlink()
    else:
        data = bytearray(blob.read_bytes())
        data[1_500_000] ^= 1
        blob.write_bytes(data[:-1] if damage == "shortened" else data)
    hub.log.clear()
    hf.run("run", "--recheck", "--all")
    checks.check_complete(hf.cache, repo)
    # Without symbolic links a blob has a second name, which is left.
    kept = damage == "unlinked" or damage == "deleted" and WINDOWS
    assert hub.file_bytes == (0 if kept else 3_000_000)


def test_a_deleted_blob_is_noticed(hub, hf, repo):
    """Without --recheck as well, once the job is due."""
    hf.models("org/name")
    hf.quiet("run")
    (hf.cache / repo.folder / "blobs" / repo.files()["weights.bin"].etag).unlink()
    hf.run("run", "--all")
    checks.check_complete(hf.cache, repo)


# -- large files

def test_large_file_comes_in_pieces(hub, hf):
    size = 72 * MiB + 12345
    repo = hub.add_repo("org/big", {"w": Lfs(Generated(5, size)), "s": "small"})
    hf.models("org/big")
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    pieces = [r for r in hub.requests(side="cdn", method="GET")]
    assert all(r.range for r in pieces)
    assert max(r.sent for r in pieces) <= 64 * MiB
    assert len(pieces) >= 2
    assert hub.file_bytes == size + 5
    assert hub.cdn.most_open <= 8


def test_connections_are_limited(hub, hf):
    repo = hub.add_repo("org/big", {f"w{i}": Lfs(Generated(i, 2 * MiB)) for i in range(12)})
    hf.configure(transfer={"connections": 3})
    hf.models("org/big")
    hub.throttle.rate = 20_000_000
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert hub.cdn.most_open <= 3


# -- environment

def test_environment_of_the_official_client(hub, hf, official, repo, tmp_path):
    """Without configuration: HF_ENDPOINT, HF_HOME and friends decide."""
    hf.use_own_folders()
    hf.yaml_file.unlink()
    hf.models({"name": "org/name", "schedule": "hourly"})
    home = tmp_path / "hfhome"
    env = {"HF_ENDPOINT": hub.endpoint + "/", "HF_HOME": home,
           "XDG_STATE_HOME": tmp_path / "xdgstate"}
    hf.run("run", "--all", env=env)
    checks.check_complete(home / "hub", repo)
    other = tmp_path / "other cache"
    hf.run("run", "--all", env={**env, "HF_HUB_CACHE": other})
    checks.check_complete(other, repo)


def test_configuration_beats_the_environment(hub, hf, repo, tmp_path):
    hf.models("org/name")
    hf.quiet("run", env={"HF_ENDPOINT": "http://127.0.0.1:1", "HF_HOME": tmp_path / "no",
                         "HF_HUB_CACHE": tmp_path / "no"})
    checks.check_complete(hf.cache, repo)
    assert not (tmp_path / "no").exists()


def test_offline(hub, hf, repo):
    hf.models("org/name")
    hf.run("run", env={"HF_HUB_OFFLINE": "1"}, expect=None)
    assert hub.requests() == []
    hf.run("run", "--all")
    checks.check_complete(hf.cache, repo)


def test_proxy(hub, hf, repo):
    """The environment's proxy is used as users expect, and can be switched off."""
    hf.models("org/name")
    hf.configure(retry={"attempts": 0})
    dead = {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    hf.run("run", env=dead, expect=1)
    assert hub.requests() == []
    hf.configure(transfer={"proxy": "none"})
    hf.run("run", "--all", env=dead)
    checks.check_complete(hf.cache, repo)
