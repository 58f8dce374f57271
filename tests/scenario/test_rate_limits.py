"""The Hub's rate limits, within a run and across runs."""

import time

import pytest

import checks
from conftest import need
from fakehub import Generated, Lfs, faults
from hfcron import FAKETIME


def used_up(seconds, left=0, bucket="api"):
    return faults.headers(RateLimit=f'"{bucket}";r={left};t={seconds}')


@pytest.fixture
def clock(hf):
    need(FAKETIME, "faketime")
    return lambda at, day=1: hf.fake_time(f"2027-05-{day:02} {at}")


@pytest.fixture
def many(hub, hf):
    repos = [hub.add_repo(f"org/r{i}", {"a": "1"}) for i in range(5)]
    hf.models(*(r.id for r in repos))
    return repos


def test_a_used_up_budget_is_kept_across_runs(hub, hf, clock, many):
    """The third answer says that it was the window's last one."""
    for k, left in enumerate((2, 1, 0)):
        hub.fault(used_up(900, left), path="*/revision/*", skip=k, count=1)
    hf.run("run", env=clock("12:00:00"), expect=1)
    # No further question to the API, and no failure counted against a job.
    assert len(hub.requests(path="*/revision/*")) == 3
    jobs = hf.run("status", "--format", "json", env=clock("12:01:00")).json["jobs"]
    assert {j["failures"] for j in jobs} == {0}, jobs
    assert all(j["next_due"] >= "2027-05-01T12:15:00Z" for j in jobs if j["state"] != "current")
    hub.log.clear()
    # Not knocked at before the reset, by whomever.
    hf.quiet("run", env=clock("12:05:00"))
    hf.quiet("run", "--all", env=clock("12:05:00"))
    r = hf.run("run", "org/r1", env=clock("12:05:00"))
    assert "rate limit is used up until Sat 12:15" in r.err
    assert hub.requests() == []
    assert "rate limit" in hf.run("plan", "--all", env=clock("12:05:00")).out
    hf.quiet("run", env=clock("12:15:30"))
    for r in many:
        checks.check_complete(hf.cache, r)


def test_too_many_requests_is_kept_across_runs(hub, hf, clock, many):
    hub.fault(faults.status(429, {"Retry-After": "1200"}), path="*/revision/*", count=1)
    hf.run("run", env=clock("12:00:00"), expect=1)
    assert len(hub.requests()) == 1, "the others are not tried"
    job = hf.run("status", "--format", "json", env=clock("12:01:00"), expect=None).job("org/r0")
    assert (job["state"], job["failures"]) == ("retrying", 0)
    hub.log.clear()
    hf.quiet("run", env=clock("12:19:00"))
    assert hub.requests() == []
    hf.quiet("run", env=clock("12:20:05"))
    for r in many:
        checks.check_complete(hf.cache, r)


def test_another_token_has_another_budget(hub, hf, clock, many):
    hub.add_token("hf_other", [])
    hub.fault(faults.status(429, {"Retry-After": "1200"}), path="*/revision/*", count=1)
    hf.run("run", env=clock("12:00:00"), expect=1)
    hf.run("run", "--all", env={**clock("12:01:00"), "HF_TOKEN": "hf_other"})
    for r in many:
        checks.check_complete(hf.cache, r)


def test_a_stamp_far_ahead_is_not_believed(hub, hf, clock, many):
    """The clock was wrong when the budget was kept."""
    hub.fault(used_up(900), path="*/revision/*", count=1)
    hf.run("run", env=clock("12:00:00", day=20), expect=1)
    assert "clock" in hf.run("run", "--all", env=clock("12:00:00", day=2)).err
    for r in many:
        checks.check_complete(hf.cache, r)


def test_no_more_questions_ahead_than_are_left(hub, hf):
    """Sixteen jobs that are up to date, ten questions, and none that is refused."""
    repos = [hub.add_repo(f"org/r{i}", {"a": "1"}) for i in range(16)]
    hf.models(*(r.id for r in repos))
    hf.quiet("run")
    hub.quota["api"] = (len(hub.requests(kind="api")) + 10, 300)
    hub.log.clear()
    hf.run("run", "--all", expect=1)
    assert len(hub.requests()) == 10 and hub.requests(status=429) == []


def test_files_wait_for_the_resolvers(hub, hf):
    """Files are asked for as long as the window has requests left, then when it is new."""
    repo = hub.add_repo("org/name", {f"f{i:02}": f"{i}" for i in range(30)})
    hf.configure(transfer={"connections": 2})
    hf.models("org/name")
    hub.quota["resolvers"] = (25, 3)
    start = time.monotonic()
    hf.quiet("run")
    assert time.monotonic() - start > 2
    checks.check_complete(hf.cache, repo)
    assert len(hub.requests(status=429)) <= 2 * 3, "at most one for each connection and window"


@pytest.mark.parametrize("repo_type", ["model", "dataset", "space"])
def test_an_unchanged_repository_costs_one_small_request(hub, hf, repo_type):
    repo = hub.add_repo("org/name", {"a": "1", "w": Lfs(Generated(1, 200_000))}, type=repo_type)
    repo.tag("v1")
    repo.pull(3, {"b": "2"})
    hf.models(*({"name": "org/name", "type": repo_type, "revision": r}
                for r in ("main", "v1", "refs/pr/3")))
    hf.quiet("run")
    hub.log.clear()
    hf.quiet("run", "--all")
    asked = [str(r) for r in hub.requests()]
    assert len(asked) == 3, asked
    assert all("/revision/" in a and "?expand=sha&" in a for a in asked), asked


def test_a_pinned_commit_that_is_there_costs_none(hub, hf):
    repo = hub.add_repo("org/name", {"a": "1"})
    hf.models({"name": "org/name", "revision": repo.sha()}, {"name": "org/name", "follow": False})
    hf.quiet("run")
    hub.log.clear()
    hf.quiet("run", "--all")
    assert hub.requests() == []
