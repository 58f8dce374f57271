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


# -- next

ZONES = {
    "night": {"at": "02:30", "window": "02:00-05:00", "timezone": "Europe/Berlin"},
    "howe": {"at": "01:45", "timezone": "Australia/Lord_Howe"},
    "often": {"every": "6h"},
}


def coming(hf, *args, **options):
    return hf.run("next", "--format", "json", *args, **options).json["coming"]


def test_next_needs_no_store_and_no_hub(hf):
    hf.configure(schedules=ZONES, default_schedule="howe")
    hf.models("org/a", {"name": "org/b", "schedule": "night"})
    at = ("--at", "2027-01-15T12:00:00Z")
    lines = hf.run("next", *at, "-n", "3").out.splitlines()
    assert len(lines) == 3 and not hf.state.exists()
    found = coming(hf, *at)
    assert len(found) == 10
    assert [c["at"] for c in found[:3]] == [line.split("  ")[1] for line in lines]
    assert len(hf.run("next").out.splitlines()) == 10


def test_next_over_both_clock_changes(hf):
    """Each slot in its own zone; in the gap at its end, in the overlap once."""
    hf.configure(schedules=ZONES, default_schedule="night")
    hf.models("org/a", {"name": "org/b", "schedule": "howe"})
    env = {"TZ": "UTC"}
    spring = coming(hf, "--at", "2027-03-27T12:00:00Z", "-n", "12", env=env)
    at = {(c["schedule"], tuple(c["what"])): c["local"] for c in reversed(spring)
          if "due" not in c["what"]}
    assert at["night", ("slot", "window_opens")] == "2027-03-28T03:00:00+02:00"
    assert at["night", ("window_closes",)] == "2027-03-28T05:00:00+02:00"
    assert at["howe", ("slot",)] == "2027-03-28T01:45:00+11:00"
    autumn = coming(hf, "org/a", "--at", "2027-10-30T12:00:00Z", "-n", "20", env=env)
    slots = [c["local"] for c in autumn if "slot" in c["what"]]
    assert slots[:2] == ["2027-10-31T02:30:00+02:00", "2027-11-01T02:30:00+01:00"]
    text = hf.run("next", "org/a", "--at", "2027-10-30T12:00", env=env).out
    assert "Sun 2027-10-31 02:30 +02:00  2027-10-31T00:30:00Z  night (Europe/Berlin)" in text
    assert spring == sorted(spring, key=lambda c: c["at"])


def test_next_tells_of_tries_and_unfinished_jobs(hub, hf):
    hub.add_repo("org/big", {"w.bin": Lfs(Generated(1, 40 * MiB))})
    hub.add_repo("org/bad", {"a": "b"})
    hf.models("org/big", "org/bad", {"name": "org/off", "enabled": False})
    hub.fault(faults.status(503), path="*org/bad/revision/*")
    hub.throttle.rate = 8_000_000
    hf.run("run", "--max-duration", "1s", expect=1)
    found = coming(hf)
    tries = {c["first_jobs"][0]: c for c in found if c["what"] == ["next_try"]}
    bad = hf.status("org/bad")
    assert tries["model/org/bad@main"]["at"] == bad["next_due"]
    assert tries["model/org/bad@main"]["reason"].startswith("1 failure, next try ")
    assert tries["model/org/big@main"]["at"] == hf.status("org/big")["next_due"]
    assert not any("off" in job for c in found for job in c["first_jobs"])
    assert "1 failure" in hf.run("next", "org/bad").out
    assert "org/big" not in hf.run("next", "org/bad").out


def test_next_wrong_words(hf):
    hf.models("org/name")
    assert "no job is named" in hf.run("next", "org/nmae", expect=2).err
    assert "1 to 10000" in hf.run("next", "-n", "all", expect=2).err
    assert "is no time" in hf.run("next", "--at", "tomorrow", expect=2).err
    hf.models({"name": "org/name", "enabled": False})
    assert hf.run("next").out == "nothing is to come; hfcron plan says why\n"
    hf.models()
    assert hf.run("next").out == "the list has no jobs\n"
