"""Looking back and ahead: history, next, plan --online."""

import re

import pytest

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
    assert re.search(r"  (<1s|[1-9]\d*s)  ", hf.run("history", "org/other").out)
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


# -- plan --online

def snapshot(*folders):
    """Every file below, with what it holds; but not who reads the store."""
    return {p: (p.read_bytes() if p.is_file() else None, p.lstat().st_mtime_ns)
            for folder in folders for p in folder.rglob("*") if p.name != "lock.mdb"}


def online(hf, *args, expect=0, **options):
    r = hf.run("plan", "--online", "--format", "json", *args, expect=expect, **options)
    return r, r.json["online"]


def test_plan_online_asks_and_changes_nothing(hub, hf):
    repo = hub.add_repo("org/name", {"w.bin": Lfs(Generated(1, 3 * MiB)), "a": "b"})
    hub.add_repo("org/other", {"c": "d"})
    hf.models("org/name", "org/other", {"name": "org/off", "enabled": False})
    # Without a store: all is to be fetched, and how fast is not known.
    r, found = online(hf)
    assert not hf.state.exists() and not hf.cache.exists()
    assert (found["jobs_asked"], found["jobs_to_fetch"], found["jobs_failed"]) == (2, 2, 0)
    assert found["files_to_fetch"] == 3 and found["bytes_to_fetch"] == 3 * MiB + 2
    assert found["requests"] == len(hub.requests()) == 4
    assert found["bytes_per_s"] is None and found["finish"] is None
    disk, = found["disks"]
    assert disk["needed_bytes"] >= 3 * MiB and disk["keep_free_bytes"] == 1_000_000
    assert disk["left_bytes"] == \
        disk["free_bytes"] - disk["needed_bytes"] - disk["keep_free_bytes"]
    assert r.job("org/off")["online"] is None
    name = r.job("org/name")["online"]
    assert (name["commit"], name["files_total"], name["unchanged"]) == (repo.sha(), 2, False)
    assert "no forecast: nothing was fetched lately" in hf.run("plan", "--online").out
    assert hub.file_bytes == 0
    # With one: an unchanged job costs one request, a new commit its history and list.
    hf.run("run")
    repo.commit({"new": "x" * 1000})
    before, asked = snapshot(hf.state, hf.cache), len(hub.requests())
    r, found = online(hf, "--all")
    assert snapshot(hf.state, hf.cache) == before
    assert found["requests"] == len(hub.requests()) - asked == 4
    assert (found["jobs_unchanged"], found["bytes_to_fetch"]) == (1, 1000)
    assert r.job("org/other")["online"]["unchanged"]
    # Nothing is due: nothing is asked.
    assert online(hf)[1]["jobs_asked"] == 0
    assert len(hub.requests()) == asked + 4


def test_plan_online_forecasts_over_several_nights(hub, hf):
    hub.add_repo("org/first", {"w.bin": Lfs(Generated(1, 4 * MiB))})
    hub.add_repo("org/big", {"w.bin": Lfs(Generated(2, 90 * MiB))})
    night = {"night": {"at": "22:00", "window": "22:00-22:01", "timezone": "UTC"}}
    hf.configure(schedules=night)
    hf.models("org/first")
    hub.throttle.rate = 1_000_000
    hf.run("run")
    rate = online(hf)[1]["bytes_per_s"]
    assert 400_000 < rate < 1_500_000
    hf.models("org/first", {"name": "org/big", "schedule": "night"})
    # Sixty seconds a night: the last one is cut short.
    r, found = online(hf, "--all", "--at", "2027-03-01T12:00:00Z")
    nights = -(-90 * MiB // (60 * rate))
    assert found["windows"] == nights == r.job("org/big")["online"]["windows"]
    assert found["finish"].startswith(f"2027-03-{nights:02}T22:00:")
    # Half as fast takes twice as long.
    hf.configure(transfer={"bandwidth": f"{rate // 2}B/s"})
    slow = online(hf, "--all", "--at", "2027-03-01T12:00:00Z")[1]
    assert slow["windows"] in (2 * nights - 1, 2 * nights, 2 * nights + 1)
    assert slow["bytes_per_s"] == rate
    hf.configure(transfer={"bandwidth": "none"})
    out = hf.run("plan", "--online", "--all", "--at", "2027-03-01T12:00:00Z").out
    assert f" UTC ({nights} windows)\n" in out
    assert f"({nights} windows), at the " in out and "of the last 1 attempt" in out


def test_plan_online_tells_what_a_run_would_say(hub, hf):
    hub.add_repo("org/good", {"a": "b"})
    hub.add_repo("org/bad", {"a": "b"})
    hf.models("org/good", "org/bad")
    hf.configure(retry={"attempts": 0})
    hub.fault(faults.status(503), path="*org/bad/revision/*")
    r, found = online(hf, expect=1)
    assert (found["jobs_failed"], found["jobs_to_fetch"]) == (1, 1)
    assert r.job("org/bad")["online"]["error"]["kind"] == "transient"
    assert r.err == ""
    text = hf.run("plan", "--online", expect=1).out
    assert "  model/org/bad@main  transient: " in text and "1 failed" in text
    hf.models("org/good", "org/gone")
    assert online(hf, expect=3)[1]["jobs_failed"] == 1
    assert not hf.state.exists()
    # Once it is parked, it is left alone until its slot; nothing failed anew.
    hf.run("run", expect=3)
    r, found = online(hf, "--all")
    assert found["jobs_asked"] == 1 and r.job("org/gone")["online"] is None
    # No room: as a run would end, and how much is missing.
    hub.add_repo("org/more", {"a": "b"})
    hf.models("org/more")
    hf.configure(storage={"keep_free": "1000TB"})
    found = online(hf, expect=4)[1]
    assert found["disks"][0]["left_bytes"] < 0
    text = hf.run("plan", "--online", expect=4).out
    assert "disk: " in text and " missing" in text


def test_plan_online_without_a_hub(hub, hf):
    hf.models("org/a", "org/b")
    hf.configure(endpoint="http://127.0.0.1:9", retry={"attempts": 0})
    r, found = online(hf, expect=1)
    assert found["jobs_failed"] == 2
    errors = [j["online"]["error"] for j in r.json["jobs"]]
    assert {e["kind"] for e in errors} == {"unreachable"}
    assert "not tried" in errors[1]["text"]
    # One thing typed wrong.
    assert 'did you mean "--online"' in hf.run("plan", "--onlin", expect=2).err


def test_paused_jobs_in_what_is_to_come(hub, hf):
    hub.add_repo("org/held", {"a": "b"})
    hub.add_repo("org/free", {"a": "b"})
    hf.models("org/held", "org/free")
    hf.run("pause", "org/held", "--until", "2037-01-01T00:00:00Z")
    found = coming(hf, "org/held", "-n", "1")[0]
    assert (found["what"], found["at"]) == (["pause_ends"], "2037-01-01T00:00:00Z")
    assert "pause ends" in hf.run("next", "org/held").out
    # Nobody is asked about what is held.
    r, totals = online(hf, "--all")
    assert totals["jobs_asked"] == 1 and r.job("org/held")["online"] is None
    assert not hub.requests(path="*org/held*")
    hf.run("pause", "org/held")
    assert coming(hf, "org/held") == []
    assert "paused" in r.job("org/held")["reason"]
