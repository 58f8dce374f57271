"""pause, resume, retry; parked jobs asked about at their slots; stop that stays."""

import time

import pytest

import checks
from conftest import need
from fakehub import Generated, Lfs, faults
from hfcron import FAKETIME

FILES = {"config.json": "{}\n", "w.bin": Lfs(Generated(1, 300_000))}


@pytest.fixture
def clock(hf):
    need(FAKETIME, "faketime")
    return lambda day, at="12:00:00": hf.fake_time(f"2027-05-{day:02} {at}")


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_pause_everything(hub, hf):
    repo = hub.add_repo("org/name", FILES)
    hf.models("org/name")
    assert "until hfcron resume" in hf.run("pause").out
    hf.quiet("run")
    hf.quiet("run", "--all")
    assert hub.requests() == []
    assert hf.status("org/name")["state"] == "paused"
    assert "paused" in hf.plan("org/name")["reason"]
    assert "released everything" in hf.run("resume").out
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)


def test_pause_one_job(hub, hf):
    held = hub.add_repo("org/held", FILES)
    other = hub.add_repo("org/other", FILES)
    hf.models("org/held", "org/other")
    hf.run("pause", "org/held")
    hf.quiet("run")
    checks.check_complete(hf.cache, other)
    checks.check_nothing_published(hf.cache, held)
    # Of all: what was paused by name stays so, and that is said.
    hf.run("pause")
    assert "1 job is still paused by name" in hf.run("resume").out
    hf.quiet("run")
    checks.check_nothing_published(hf.cache, held)
    # Named, it runs all the same.
    hf.quiet("run", "org/held")
    checks.check_complete(hf.cache, held)
    hf.run("resume", "org/held")
    assert hf.status("org/held")["state"] == "current"


def test_pause_until(hub, hf, clock):
    repo = hub.add_repo("org/name", FILES)
    hf.models("org/name")
    r = hf.run("pause", "--until", "2027-05-03T08:00:00Z", "--format", "json", env=clock(1))
    assert r.json["all"] is True and r.json["until"] == "2027-05-03T08:00:00Z"
    hf.quiet("run", env=clock(2))
    job = hf.run("status", "--format", "json", env=clock(2)).job("org/name")
    assert (job["state"], job["paused_until"]) == ("paused", "2027-05-03T08:00:00Z")
    assert job["next_due"] == "2027-05-03T08:00:00Z"
    hf.quiet("run", env=clock(3, "08:00:01"))
    checks.check_complete(hf.cache, repo)


def test_pause_of_a_run_at_work(hub, hf):
    big = hub.add_repo("org/big", {"w.bin": Lfs(Generated(2, 40_000_000))})
    hub.fault(faults.drip(4_000_000), side="cdn")
    hf.models("org/big")
    run = hf.start("run")
    wait_for(lambda: hub.file_bytes > 1_000_000)
    hf.run("pause", "org/big")
    assert run.wait(20).code == 0
    job = hf.status("org/big")
    assert job["state"] == "paused"
    sent = hub.settled_bytes()
    assert sent < 40_000_000
    hf.quiet("run")
    assert hub.file_bytes == sent
    hub.clear_faults()
    hf.run("resume", "org/big")
    hf.quiet("run")
    checks.check_complete(hf.cache, big)
    assert hub.file_bytes <= 40_000_000 + 8 * (1 << 20), "what was checkpointed is not sent again"
    assert [a["outcome"] for a in hf.run("history", "--format", "json").json["attempts"]][:2] == \
        ["updated", "paused"]


def test_wrong_words(hub, hf):
    hf.models("org/name")
    assert "no job is named" in hf.run("pause", "org/nome", expect=2).err
    assert "is over" in hf.run("pause", "--until", "2001-01-01T00:00", expect=2).err
    assert "--until" in hf.run("pause", "--until", "soon", expect=2).err
    assert "retry needs" in hf.run("retry", expect=2).err
    assert not (hf.state / "store").exists()


def test_retry(hub, hf):
    repo = hub.add_repo("org/name", FILES)
    hf.configure(retry={"attempts": 0})
    hub.fault(faults.status(500), path="*/revision/*")
    hf.models("org/name")
    hf.run("run", expect=1)
    assert hf.status("org/name")["state"] == "retrying"
    hub.clear_faults()
    hf.quiet("run")
    checks.check_nothing_published(hf.cache, repo)
    assert "tries model/org/name@main again" in hf.run("retry", "org/name").out
    job = hf.status("org/name")
    assert job["failures"] == 0
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    # Done once: not at every run from now on.
    hub.log.clear()
    hf.quiet("run")
    assert hub.requests() == []


def test_retry_while_a_run_is_at_work(hub, hf):
    """The run that writes the failure at its end does not undo what was asked for meanwhile."""
    repo = hub.add_repo("org/name", FILES)
    hf.configure(retry={"attempts": 0})
    hf.models("org/name")
    hub.fault(faults.delay(2), path="*/revision/*", count=1)
    hub.fault(faults.status(500), path="*/revision/*", count=1)
    run = hf.start("run")
    wait_for(lambda: hf.status("org/name")["state"] != "" and (hf.state / "store").exists())
    time.sleep(0.5)
    hf.run("retry", "org/name")
    run.wait()
    hub.clear_faults()
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)


@pytest.mark.parametrize("settings, requests", [({"gated": "auto"}, 1), ({"private": True}, 1)],
                         ids=["gated", "private"])
def test_parked_is_asked_about_at_each_slot(hub, hf, clock, settings, requests):
    repo = hub.add_repo("org/closed", FILES, **settings)
    hub.add_token("hf_good", [])
    hf.configure(default_schedule="daily", schedules={"daily": {"at": "02:00", "timezone": "UTC"}})
    hf.models("org/closed")
    hf.env["HF_TOKEN"] = "hf_good"
    assert "org/closed" in hf.run("run", "--all", env=clock(1), expect=3).err
    hub.log.clear()
    hf.quiet("run", env=clock(1, "12:05:00"))
    assert hub.requests() == []
    # One request, no mail, and the exit status says that it still needs somebody.
    hf.quiet("run", env=clock(2), expect=3)
    assert len(hub.requests()) == requests, hub.requests()
    hf.quiet("run", env=clock(2, "13:00:00"))
    assert len(hub.requests()) == requests
    # The answer has changed: it goes on in the same run.
    repo.gated, repo.private = False, False
    hf.quiet("run", env=clock(3))
    checks.check_complete(hf.cache, repo)


def test_missing_revision_is_asked_about_at_each_slot(hub, hf, clock):
    repo = hub.add_repo("org/name", FILES)
    hf.configure(default_schedule="daily", schedules={"daily": {"at": "02:00", "timezone": "UTC"}})
    hf.models({"name": "org/name", "revision": "v2"})
    hf.run("run", "--all", env=clock(1), expect=3)
    hub.log.clear()
    hf.quiet("run", env=clock(2), expect=3)
    assert len(hub.requests()) == 1
    assert repo.files()


def test_refused_name_is_asked_about_at_each_slot(hub, hf, clock):
    repo = hub.add_repo("org/name", {"../evil": "1"})
    hf.configure(default_schedule="daily", schedules={"daily": {"at": "02:00", "timezone": "UTC"}})
    hf.models("org/name")
    hf.run("run", "--all", env=clock(1), expect=3)
    hub.log.clear()
    hf.quiet("run", env=clock(2), expect=3)
    assert len(hub.requests()) == 1, "the listing of the same commit is not asked for again"
    repo.commit({"good": "1"}, delete=["../evil"])
    hf.quiet("run", env=clock(3))
    checks.check_complete(hf.cache, repo)


def test_stop_is_not_undone_by_the_next_tick(hub, hf, clock):
    hub.add_repo("org/a", {"w.bin": Lfs(Generated(3, 40_000_000))})
    hub.add_repo("org/b", {"w.bin": Lfs(Generated(4, 40_000_000))})
    hub.add_repo("org/c", FILES)
    hub.fault(faults.drip(2_000_000), side="cdn")
    hf.configure(transfer={"parallel_jobs": 1, "connections": 1},
                 schedules={"daily": {"at": "02:00", "timezone": "UTC"}, "six": {"every": "6h"}})
    hf.models({"name": "org/a", "schedule": "six"}, {"name": "org/b", "schedule": "daily"},
              {"name": "org/c", "schedule": "six", "priority": "low"})
    run = hf.start("run", "--all", env=clock(1))
    wait_for(lambda: hub.file_bytes > 500_000)
    hf.run("stop")
    assert run.wait().code == 0
    hub.log.clear()
    for at in ("12:05:00", "12:10:00", "17:00:00"):
        hf.quiet("run", env=clock(1, at))
    assert hub.requests() == []
    hub.clear_faults()
    hf.quiet("run", env=clock(1, "18:30:00"))
    assert hf.status("org/a")["state"] == "current"
    assert hf.status("org/c")["state"] == "current"
    assert hf.status("org/b")["state"] == "partial" or hf.status("org/b")["state"] == "waiting"
    hf.quiet("run", env=clock(2, "02:00:30"))
    assert hf.status("org/b")["state"] == "current"
