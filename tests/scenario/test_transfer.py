"""How bytes are asked for: in how many requests, over how many connections."""

import time

import pytest

import checks
from fakehub import Generated, Lfs, faults
from hfcron import MiB

CACHED = "*resolve-cache*"


def files_asked(hub):
    return [r for r in hub.requests() if "/resolve" in r.path]


@pytest.fixture
def small(hub, hf):
    hf.models("org/name")
    return hub.add_repo("org/name", {
        **{f"folder {i}/file-{i}.txt": f"text {i}\n" for i in range(40)}, "empty": ""})


def test_one_request_for_a_file_in_git(hub, hf, small):
    """Straight to where resolve would send."""
    hf.quiet("run")
    checks.check_complete(hf.cache, small)
    assert len(files_asked(hub)) == 40, "and none for what is empty"
    assert all("resolve-cache" in r.path for r in files_asked(hub))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_hub_without_that_way(hub, hf, small, status):
    """Some are told so, the others do not ask again; nobody calls it a failure."""
    hub.shape = "B"
    hub.fault(faults.status(status), path=CACHED)
    hf.quiet("run")
    checks.check_complete(hf.cache, small)
    asked = files_asked(hub)
    refused = [r for r in asked if "resolve-cache" in r.path]
    assert 1 <= len(refused) <= 16 and len(asked) == 40 + len(refused)
    assert hf.status("org/name")["retries"] == 0


def test_a_refused_repository_does_not_speak_for_others(hub, hf, small):
    hub.shape = "B"
    other = hub.add_repo("org/other", {"a": "1", "b": "2"})
    hf.models("org/name", "org/other")
    hub.fault(faults.status(404), path="*resolve-cache/models/org/name/*")
    hf.quiet("run")
    checks.check_complete(hf.cache, small)
    checks.check_complete(hf.cache, other)
    assert len([r for r in files_asked(hub) if "org/other" in r.path]) == 2


def test_overloaded_there_is_overloaded(hub, hf, small):
    """503 is a failure; the one that met it asks resolve where to go, the others go on."""
    hub.fault(faults.status(503), path=CACHED, count=1)
    hf.quiet("run")
    checks.check_complete(hf.cache, small)
    assert len([r for r in files_asked(hub) if "/resolve/" in r.path]) == 1
    assert hf.status("org/name")["retries"] >= 1


def test_the_next_night_begins_with_what_was_best(hub, hf):
    """A line that gives each connection its share: more of them, and at once tomorrow."""
    repo = hub.add_repo("org/one", {"w.bin": Lfs(Generated(1, 160 * MiB))})
    hf.models("org/one")
    hub.fault(faults.drip(10_000_000), side="cdn")
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    second = hub.add_repo("org/two", {"w.bin": Lfs(Generated(2, 96 * MiB))})
    hf.models("org/one", "org/two")
    hub.log.clear()
    hf.quiet("run", "org/two")
    checks.check_complete(hf.cache, second)
    first, second = hub.requests(side="cdn")[:2]
    assert second.time - first.time < 0.4, "the second connection did not wait for a trial"


def test_many_that_are_up_to_date(hub, hf):
    """One request each, and all of it in the history and the status."""
    names = [f"org/repo-{i}" for i in range(150)]
    for name in names:
        hub.add_repo(name, {"a": name})
    hf.models(*names)
    hf.quiet("run", "--all")
    before = {j["id"]: j["confirmed_at"] for j in hf.status()["jobs"]}
    hub.log.clear()
    time.sleep(1.1)     # stamps are seconds
    hf.quiet("run", "--all")
    assert len(hub.requests()) == 150
    jobs = hf.status()["jobs"]
    assert all(j["state"] == "current" and j["confirmed_at"] > before[j["id"]] for j in jobs)
    found = hf.run("history", "-n", "1000", "--format", "json").json["attempts"]
    assert [a["outcome"] for a in found].count("unchanged") == 150
    assert {a["id"] for a in found if a["outcome"] == "unchanged"} == set(before)
