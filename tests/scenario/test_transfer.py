"""How bytes are asked for: in how many requests, over how many connections."""

import threading
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


class Together:
    """How many requests were being answered at the same time."""

    def __init__(self, action=None):
        self.action = action
        self.lock = threading.Lock()
        self.now = self.most = 0

    def before(self, req):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.3)
        with self.lock:
            self.now -= 1
        return self.action and self.action.before(req)

    def after(self, req, resp):
        return resp


def test_questions_side_by_side(hub, hf):
    """Not one round trip after the other, yet one of them first, and no more connections."""
    repos = [hub.add_repo(f"org/r{i}", {"a": "1"}) for i in range(24)]
    hf.configure(transfer={"connections": 6})
    hf.models(*(r.id for r in repos))
    hf.quiet("run")
    hub.log.clear()
    first, rest = Together(), Together()
    hub.fault(first, path="*/revision/*", count=1)
    hub.fault(rest, path="*/revision/*")
    hf.quiet("run", "--all")
    assert len(hub.requests()) == 24
    assert 4 <= rest.most <= 6


def test_nobody_is_asked_ahead_of_a_hub_in_trouble(hub, hf):
    hf.configure(retry={"attempts": 1})
    hf.models(*(hub.add_repo(f"org/r{i}", {"a": "1"}).id for i in range(6)))
    trouble = Together(faults.status(503))
    hub.fault(trouble, path="*/revision/*")
    hf.run("run", expect=1)
    assert len(hub.requests()) == 2 * 6 and trouble.most == 1
