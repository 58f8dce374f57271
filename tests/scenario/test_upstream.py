"""Loss upstream: the last good snapshot stays until a person says otherwise."""

import pytest

import checks
from conftest import need
from fakehub import Generated, Lfs, faults
from hfcron import FAKETIME

FILES = {"config.json": "{}\n", "README.md": "read me\n", "tokenizer.json": "[]\n",
         "w.bin": Lfs(Generated(1, 300_000))}


@pytest.fixture
def clock(hf):
    need(FAKETIME, "faketime")
    return lambda day: hf.fake_time(f"2027-05-{day:02} 12:00:00")


@pytest.fixture(params=["cache", "local_dir"])
def good(request, hub, hf, clock, tmp_path):
    """A job that was fetched on the first of May; yields (repository, what was there then)."""
    repo = hub.add_repo("org/name", FILES)
    job = {"name": "org/name"}
    if request.param == "local_dir":
        job["local_dir"] = str(tmp_path / "plain")
    hf.configure(default_schedule="daily", schedules={"daily": {"at": "02:00", "timezone": "UTC"}})
    hf.models(job)
    hf.quiet("run", "--all", env=clock(1))
    root = tmp_path / "plain" if request.param == "local_dir" else \
        hf.cache / repo.folder / "snapshots" / repo.sha()
    ref = hf.cache / repo.folder / "refs/main"

    def is_kept():
        for name in FILES:
            assert (root / name).exists(), f"{name} of the last good snapshot is gone"
        if request.param == "cache":
            assert ref.read_text() == first
    first = repo.sha()
    is_kept()
    return repo, is_kept


def vanish(repo):
    repo.hub.remove_repo(repo)


def turn_private(repo):
    repo.private = True


def turn_gated(repo):
    """The gate shuts off files; what is complete stays confirmed until there is news."""
    repo.gated = "auto"
    repo.commit({"more": "1"})


def lose_files(repo):
    repo.commit(delete=["README.md", "tokenizer.json", "w.bin"])


def lose_bytes(repo):
    repo.commit(delete=["w.bin"])


def lose_all(repo):
    repo.commit(delete=list(FILES))


def rewrite(repo):
    old = repo.sha()
    repo.commit({"config.json": "1"})
    repo.commits[repo.sha()].parent = None
    assert repo.sha() != old


def rewind(repo):
    """As a force-push of an older state: the new head is a sibling of what was good."""
    root = repo.commits[repo.sha()].parent
    repo.commit({"README.md": "other"}, base=repo.sha())
    repo.commits[repo.sha()].parent = root


@pytest.mark.parametrize("what, words", [
    (vanish, "does not exist"), (turn_private, "does not exist"), (turn_gated, "is gated"),
    (lose_files, "lost most of its files"), (lose_bytes, "lost most of its files"),
    (lose_all, "no files"), (rewrite, "was rewritten"), (rewind, "was rewritten")])
def test_loss(hub, hf, clock, good, what, words):
    repo, is_kept = good
    what(repo)
    r = hf.run("run", env=clock(2), expect=3)
    assert words in r.err, r
    assert r.out == ""
    is_kept()
    job = hf.run("status", "--format", "json", env=clock(2), expect=None).job("org/name")
    assert job["state"] == "parked" and words in job["error"]["text"]
    # When it was confirmed, and not now: the run that did so took a second or two.
    assert job["commit"] and job["confirmed_at"].startswith("2027-05-01T12:00:")
    assert (job["files_total"], job["files_done"]) == (4, 4)
    # Said once; asked about with one request a slot.
    hub.log.clear()
    hf.quiet("run", env=clock(2))
    assert hub.requests() == []
    hf.quiet("run", env=clock(3), expect=3)
    assert len(hub.requests()) == 1, hub.requests()
    is_kept()


@pytest.mark.parametrize("what", [lose_files, rewrite])
def test_a_person_takes_what_there_is(hub, hf, clock, good, what):
    repo, _ = good
    what(repo)
    hf.run("run", env=clock(2), expect=3)
    hf.quiet("run", "org/name", env=clock(2))
    job = hf.run("status", "--format", "json", env=clock(2)).job("org/name")
    assert job["state"] == "current" and job["commit"] == repo.sha()
    # From now on that is the good one.
    repo.commit({"more": "1"})
    hf.quiet("run", env=clock(3))
    job = hf.run("status", "--format", "json", env=clock(3)).job("org/name")
    assert job["commit"] == repo.sha()


def test_a_new_token_is_no_such_word(hub, hf, clock, good):
    repo, is_kept = good
    lose_files(repo)
    hub.add_token("hf_new", [])
    hf.run("run", env=clock(2), expect=3)
    hf.run("run", env={**clock(2), "HF_TOKEN": "hf_new"}, expect=3)
    is_kept()


def test_mended_upstream(hub, hf, clock, good):
    repo, _ = good
    lose_files(repo)
    hf.run("run", env=clock(2), expect=3)
    repo.commit({k: v for k, v in FILES.items() if k != "config.json"})
    hf.quiet("run", env=clock(3))
    assert hf.run("status", "--format", "json", env=clock(3)).job("org/name")["commit"] == repo.sha()


def test_changes_that_are_no_loss(hub, hf, clock, good):
    repo, _ = good
    repo.commit({"w.bin": Lfs(Generated(2, 150_000)), "extra": "1"}, delete=["tokenizer.json"])
    hf.quiet("run", env=clock(2))
    # More commits than one page of the history has.
    hub.history_page = 2
    for i in range(5):
        repo.commit({"config.json": str(i)})
    hf.quiet("run", env=clock(3))
    assert hf.run("status", "--format", "json", env=clock(3)).job("org/name")["commit"] == repo.sha()


def test_filters_count(hub, hf, clock):
    """What the job does not want may go."""
    repo = hub.add_repo("org/name", {**FILES, **{f"old{i}.h5": "x" for i in range(20)}})
    hf.configure(default_schedule="daily", schedules={"daily": {"at": "02:00", "timezone": "UTC"}})
    hf.models({"name": "org/name", "exclude": ["*.h5"]})
    hf.quiet("run", "--all", env=clock(1))
    repo.commit(delete=[f"old{i}.h5" for i in range(20)])
    hf.quiet("run", env=clock(2))
    checks.check_complete(hf.cache, repo, include=lambda p: not p.endswith(".h5"))
    assert hf.run("status", "--format", "json", env=clock(2)).job("org/name")["commit"] == repo.sha()


def test_a_server_without_histories(hub, hf, clock, good):
    repo, _ = good
    hub.fault(faults.status(404), path="*/commits/*")
    repo.commit({"more": "1"})
    hf.quiet("run", env=clock(2))
    assert hf.run("status", "--format", "json", env=clock(2)).job("org/name")["commit"] == repo.sha()
