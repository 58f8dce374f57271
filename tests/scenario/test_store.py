"""The store: lost, damaged, copied, put back."""

import os
import shutil

import pytest

import checks
from hfcron import WINE

MANY = 10_000


def facts(job):
    """What a job's status says of it that a lost store must not change."""
    return {key: job[key] for key in ("id", "state", "commit", "bytes_total", "bytes_done",
                                      "files_total", "files_done", "error", "failures")}


def test_a_lost_store_loses_no_slot_and_no_pin(hub, hf):
    """Slots count from the day of the ref; a pinned job stays at its commit."""
    repo = hub.add_repo("org/pinned", {"a.txt": "old"})
    hub.add_repo("org/nightly", {"b.txt": "b"})
    hf.configure(schedules={"nightly": {"at": "02:00", "timezone": "UTC"}})
    hf.models({"name": "org/pinned", "follow": False, "schedule": "nightly"},
              {"name": "org/nightly", "schedule": "nightly"})
    hf.run("run", "--all")
    first = repo.sha()
    repo.commit({"a.txt": "new"})
    before = hf.status()["jobs"]
    shutil.rmtree(hf.state)
    # Before any run, from the refs alone.
    for old, new in zip(before, hf.status()["jobs"]):
        assert new["commit"] == old["commit"] and new["state"] == "new"
        assert new["next_due"] == old["next_due"]
    assert not (hf.state / "store").exists()
    # The slot of last night was missed.
    for ref in hf.cache.glob("*/refs/main"):
        os.utime(ref, (ref.stat().st_atime, ref.stat().st_mtime - 24 * 3600))
    hub.log.clear()
    hf.quiet("run")
    assert hub.file_bytes == 0
    assert hf.status("org/pinned")["commit"] == first
    assert [j["state"] for j in hf.status()["jobs"]] == ["current"] * 2
    assert [j["next_due"] for j in hf.status()["jobs"]] == [j["next_due"] for j in before]
    hf.quiet("run")


def many_files():
    return {f"part-{i // 100:02}/{i:05}.json": f'{{"n": {i}}}\n' for i in range(MANY)}


@pytest.mark.plain
@pytest.mark.parametrize("layout", ["cache", "local_dir"])
def test_a_lost_store_is_rebuilt_from_the_disk(hub, hf, layout):
    """10,000 files: the next run hashes them, fetches no byte, and says the same."""
    repo = hub.add_repo("org/many", many_files())
    folder = hf.root / "files"
    local = {"local_dir": str(folder)} if layout == "local_dir" else {}
    hf.models({"name": "org/many", **local})
    hf.quiet("run", timeout=120)
    assert hub.file_bytes == sum(len(t) for t in many_files().values())
    before = hf.status("org/many")
    assert before["state"] == "current" and before["files_done"] == MANY
    if not local:
        checks.check_complete(hf.cache, repo)
    for lost in (hf.state / "store", hf.state):
        shutil.rmtree(lost)
        hub.log.clear()
        result = hf.quiet("run")
        assert hub.file_bytes == 0
        print(f"{layout}, without {lost.name}: rebuilt in {result.seconds:.2f} s")
        after = hf.status("org/many")
        assert facts(after) == facts(before)
        assert after["confirmed_at"] >= before["confirmed_at"]
        # And from then on it is an unchanged one like any other.
        hub.log.clear()
        hf.quiet("run", "--all")
        assert len(hub.requests()) == 1 and hub.file_bytes == 0


# -- backup and restore


def backups(hf):
    return hf.run("backup", "--list", "--format", "json").json["backups"]


def kinds(hf):
    return [(b["number"], b["reason"]) for b in backups(hf)]


@pytest.fixture
def fetched(hub, hf):
    hub.add_repo("org/one", {"a.txt": "a"})
    hub.add_repo("org/two", {"b.txt": "b"})
    hf.models("org/one")
    hf.quiet("run")
    return hf


def test_a_changed_list_is_backed_up_once(fetched):
    hf = fetched
    first = hf.models_file.read_bytes()
    assert kinds(hf) == [(1, "changed")]
    hf.quiet("run", "--all")
    assert kinds(hf) == [(1, "changed")]
    hf.models("org/two")
    hf.quiet("run")
    assert kinds(hf) == [(2, "changed"), (1, "changed")]
    newest, oldest = backups(hf)
    assert [f["role"] for f in newest["files"]] == ["configuration", "list"]
    assert (hf.state / "backups/0001/models-1.json").read_bytes() == first
    assert (hf.state / "backups/0002/models-1.json").read_bytes() == hf.models_file.read_bytes()


def test_a_backup_that_fails_stops_no_run(hub, fetched):
    hf = fetched
    shutil.rmtree(hf.state / "backups")
    (hf.state / "backups").write_text("in the way")
    hf.models("org/two")
    r = hf.run("run")
    assert "not backed up" in r.err and len(r.err.splitlines()) == 1
    assert hf.status("org/two")["state"] == "current"
    # Said once a day.
    hf.quiet("run", "--all")


def test_restore_puts_all_back(hub, fetched):
    hf = fetched
    config, models = hf.yaml_file.read_bytes(), hf.models_file.read_bytes()
    made = hf.run("backup", "--format", "json").json["backup"]
    assert [f["role"] for f in made["files"]] == ["configuration", "list", "store"]
    before = hf.status()["jobs"]
    history = hf.run("history", "--format", "json").json
    hf.models("org/two")
    hf.configure(backup={"keep": 3})
    hf.quiet("run")
    text = hf.run("restore", "--dry-run", made["number"]).out
    assert text.count("would be replaced") == 3
    assert hf.models_file.read_bytes() != models
    hf.models_file.chmod(0o640)
    r = hf.run("restore", made["number"], "--format", "json").json
    assert hf.yaml_file.read_bytes() == config and hf.models_file.read_bytes() == models
    assert WINE or hf.models_file.stat().st_mode & 0o777 == 0o640
    assert hf.status()["jobs"] == before
    assert hf.run("history", "--format", "json").json == history
    # And back again.
    kept = {b["number"]: b for b in backups(hf)}[r["kept_as"]]
    assert kept["reason"] == "restore"
    hf.run("restore", str(hf.state / "backups" / f"{r['kept_as']:04}"))
    assert [j["id"] for j in hf.status()["jobs"]] == ["model/org/two@main"]
    hub.log.clear()
    hf.quiet("run", "--all")
    assert hub.file_bytes == 0
    assert hf.status("org/two")["state"] == "current"


def test_old_backups_go_but_not_others(fetched):
    hf = fetched
    hf.configure(backup={"keep": 2})
    (hf.state / "backups/0077").mkdir()
    (hf.state / "backups/0077/mine").write_text("mine")
    (hf.state / "backups/notes").write_text("mine")
    for _ in range(4):
        hf.run("backup")
    assert kinds(hf) == [(81, "manual"), (80, "manual"), (1, "changed")]
    assert sorted(p.name for p in (hf.state / "backups").iterdir() if p.name[0] != ".") \
        == ["0001", "0077", "0080", "0081", "notes"]


def test_a_backup_while_a_run_is_at_work(hub, hf):
    from fakehub import Generated, Lfs
    hub.add_repo("org/big", {"big.bin": Lfs(Generated(1, 40_000_000))})
    hub.throttle.rate = 10_000_000
    hf.models("org/big")
    run = hf.start("run")
    while hub.file_bytes < 1_000_000:
        assert run.alive
    made = hf.run("backup", "--format", "json").json["backup"]
    assert made["files"][-1]["role"] == "store"
    refused = hf.run("restore", made["number"], expect=1)
    assert "a run is at work" in refused.err and refused.out == ""
    run.kill()
    hf.run("restore", made["number"])
    hf.run("run")
    assert hf.status("org/big")["state"] == "current"


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
@pytest.mark.parametrize("name", ["store.mdb", "models-1.json", "manifest.json"])
def test_a_damaged_backup_is_refused(fetched, name, damage):
    hf = fetched
    made = hf.run("backup", "--format", "json").json["backup"]
    path = hf.state / "backups" / f"{made['number']:04}" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x80
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(data if damage == "flipped" else data[:-2])
    before = {p: p.read_bytes() for p in (hf.yaml_file, hf.models_file)}
    store = (hf.state / "store/data.mdb").read_bytes()
    r = hf.run("restore", made["number"], expect=None)
    assert r.code == (2 if name == "manifest.json" else 4), r
    assert len(r.err.splitlines()) == 1
    assert {p: p.read_bytes() for p in before} == before
    assert (hf.state / "store/data.mdb").read_bytes() == store
    assert [k for _, k in kinds(hf)].count("restore") == 0


def test_a_backup_of_elsewhere_is_refused(fetched):
    hf = fetched
    hf.run("backup")
    hf.models_file.rename(hf.config / "others.json")
    hf.configure(models="others.json")
    r = hf.run("restore", "2", expect=2)
    assert "models.json is not one that is configured now" in r.err and "cp " in r.err
    assert not hf.models_file.exists()
    hf.configure(state_dir=str(hf.root / "state2"))
    r = hf.run("restore", str(hf.state / "backups/0002"), expect=2)
    assert "was made for the state_dir" in r.err
    for wrong in ("99", "0", str(hf.root), "nonsense"):
        hf.run("restore", wrong, expect=2)


def test_no_token_in_a_backup(hub, hf):
    hub.add_repo("org/one", {"a.txt": "a"})
    secret = hf.root / "token"
    secret.write_text("hf_canary_canary_canary")
    secret.chmod(0o600)
    hf.configure(token_file=str(secret))
    hf.models("org/one")
    hf.run("run", expect=None)
    hf.run("backup")
    for path in (hf.state / "backups").rglob("*"):
        assert path.is_dir() or b"canary" not in path.read_bytes(), path
