"""Looking back and ahead: history, next, plan --online."""

import re

from fakehub import Generated, Lfs, faults
from hfcron import MiB


# -- history

def attempts(hf, *args, **options):
    return hf.run("history", "--format", "json", *args, **options).json["attempts"]


def test_history_tells_of_attempts(hub, hf):
    repo = hub.add_repo("org/name", {"w.bin": Lfs(Generated(1, 2 * MiB)), "a": "b"})
    hub.add_repo("org/other", {"c": "d"})
    hf.models("org/name", "org/other")
    hub.throttle.rate = 1_000_000
    hf.run("run")
    hub.throttle.rate = None
    first = repo.sha()
    repo.commit({"a": "c"})
    hf.run("run", "org/name")
    found = attempts(hf)
    assert [a["id"] for a in found][:1] == ["model/org/name@main"]
    assert [a["outcome"] for a in found] == ["updated"] * 3
    newest, oldest = (a for a in found if a["id"] == "model/org/name@main")
    assert newest["commit"] == repo.sha() and oldest["commit"] == first
    assert newest["bytes"] == 1 and newest["files_done"] == 2 and newest["error"] is None
    assert oldest["bytes"] == 2 * MiB + 1 and 1 <= oldest["duration_s"] <= 20
    assert oldest["bytes_per_s"] == oldest["bytes"] // oldest["duration_s"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", oldest["started"])
    assert oldest["started_local"] == oldest["started"].replace("Z", "+00:00")
    assert attempts(hf, "-n", "1") == [newest]
    assert attempts(hf, "org/name", "--count", "1") == [newest]
    assert attempts(hf, "model/org/name@main") == [newest, oldest]
    assert attempts(hf, "org/name", "org/other") == found
    lines = hf.run("history", "org/name").out.splitlines()
    assert len(lines) == 2 and "2.1 MB" in lines[1] and "/s" in lines[1]
    assert f"commit {first[:12]}" in lines[1] and " updated " in lines[1]


def test_history_tells_of_failures(hub, hf):
    hub.add_repo("org/name", {"a": "b"})
    hf.models("org/name", "org/gone")
    hub.fault(faults.status(503), path="*org/name/revision/*", count=2)
    hf.run("run", expect=3)
    name, gone = sorted(attempts(hf), key=lambda a: a["id"], reverse=True)
    assert (name["outcome"], name["retries"]) == ("updated", 2)
    assert (gone["outcome"], gone["bytes_per_s"]) == ("failed", None)
    assert gone["error"]["kind"] in ("auth", "permanent") and gone["commit"] is None
    text = hf.run("history").out
    assert "2 requests tried again" in text
    assert f"    {gone['error']['kind']}: {gone['error']['text']}" in text


def test_history_local_time_has_its_offset(hub, hf):
    hub.add_repo("org/name", {"a": "b"})
    hf.models("org/name")
    hf.run("run")
    env = {"TZ": "XYZ-10:30"}
    a, = attempts(hf, env=env)
    assert a["started_local"].endswith("+10:30") and a["started"].endswith("Z")
    when = a["started_local"].replace("T", " ")
    assert hf.run("history", env=env).out.startswith(when)


def test_history_of_a_job_that_is_no_longer_listed(hub, hf):
    hub.add_repo("org/name", {"a": "b"})
    hub.add_repo("org/other", {"a": "b"})
    hf.models("org/name", "org/other")
    hf.run("run")
    hf.models("org/other")
    hf.run("run")
    a, = attempts(hf, "model/org/name@main")
    assert a["outcome"] == "updated"
    # Listed, but never tried: that is no mistake.
    hf.models("org/other", "org/new")
    assert attempts(hf, "org/new") == []
    assert hf.run("history", "org/new").out == "no attempt is remembered yet\n"


def test_history_wrong_words(hub, hf):
    hf.models("org/name")
    r = hf.run("history", "org/nmae", expect=2)
    assert '"org/nmae"' in r.err and "hfcron history" in r.err and r.out == ""
    r = hf.run("history", "-n", "0", expect=2)
    assert "--count" in r.err and "1 to 10000" in r.err
    assert 'did you mean "history"' in hf.run("histroy", expect=2).err
    # Nothing was ever run: no store, and none is made.
    assert hf.run("history").out == "no attempt is remembered yet\n"
    assert attempts(hf) == []
    assert not hf.state.exists()
