"""What hfcron.yaml(5) and hfcron(1) say of clock changes, missed slots and an absent Hub.

The tables below are the manual's examples, read from the page where that is possible.
"""

import datetime
import re

import pytest

import checks
from conftest import need
from fakehub import Generated, Lfs, faults
from hfcron import FAKETIME, SLOW, TOP

MARCH = "2027-03-28"    # Berlin: 02:00 is 03:00
OCTOBER = "2027-10-31"  # Berlin: 03:00 is 02:00
HALF_HOURS = {"cron": "*/30 * * * *"}
NIGHT = {"window": "22:00-07:00"}


def page(name):
    """The manual's text without its macros."""
    text = (TOP / "man" / name).read_text()
    text = re.sub(r"^\.(?:Ql|Dq|Ic|Cm) ", "", text, flags=re.M)
    return re.sub(r"\s+", " ", text.replace("\\(dq", '"').replace("\\ ", " "))


@pytest.fixture
def clock(hf):
    need(FAKETIME, "faketime")
    return lambda day, time="12:00:00": hf.fake_time(f"2027-05-{day:02} {time}")


@pytest.fixture
def coming(hf):
    """coming(schedule, day): what `next` says of that day in Berlin: [(what, local time)]."""
    def ask(schedule, day):
        hf.configure(schedules={"it": {**schedule, "timezone": "Europe/Berlin"}},
                     default_schedule="it")
        hf.models("org/name")
        before = datetime.date.fromisoformat(day) - datetime.timedelta(days=1)
        # A job that is not new: all it has is its slots.
        entries = hf.run("next", "-n", "200", "--at", f"{before}T10:00:00Z", "--format",
                         "json").json["coming"]
        return [(what, e["local"]) for e in entries for what in e["what"]
                if what != "due" and e["local"].startswith(day)]
    return ask


def of(entries, what):
    return [local[11:] for kind, local in entries if kind == what]


# -- when clocks change

@pytest.mark.parametrize("day, schedule, slots", [
    (MARCH, {"at": "02:30"}, ["03:00:00+02:00"]),
    (MARCH, {"at": ["02:30", "03:00"]}, ["03:00:00+02:00"]),
    (OCTOBER, {"at": "02:30"}, ["02:30:00+02:00"]),
    (OCTOBER, {"at": ["02:30", "03:00"]}, ["02:30:00+02:00", "03:00:00+01:00"]),
])
def test_a_slot_at_a_change(coming, day, schedule, slots):
    assert of(coming(schedule, day), "slot") == slots
    if isinstance(schedule["at"], str):
        assert f'at: "{schedule["at"]}"' in page("hfcron.yaml.5")


@pytest.mark.parametrize("day, around, seconds", [
    (MARCH, ("01:30:00+01:00", "03:00:00+02:00"), 1800),
    (OCTOBER, ("02:30:00+02:00", "03:00:00+01:00"), 5400),
])
def test_half_hours_at_a_change(coming, day, around, seconds):
    slots = of(coming(HALF_HOURS, day), "slot")
    at = slots.index(around[0])
    assert slots[at + 1] == around[1]
    first, second = (datetime.datetime.fromisoformat(f"{day}T{t}") for t in around)
    assert (second - first).total_seconds() == seconds
    # Two slots an hour, but for the hour that is not there or that counts once.
    assert len(slots) == (46 if day == MARCH else 48)


@pytest.mark.parametrize("day, hours", [(MARCH, 8), (OCTOBER, 10)])
def test_a_night_at_a_change(coming, day, hours):
    before = datetime.date.fromisoformat(day) - datetime.timedelta(days=1)
    opens = dict(coming(NIGHT, str(before)))["window_opens"]
    closes = [f"{day}T{t}" for t in of(coming(NIGHT, day), "window_closes")]
    night = (datetime.datetime.fromisoformat(closes[0])
             - datetime.datetime.fromisoformat(opens)).total_seconds()
    assert night == hours * 3600
    assert f'lasts {"eight" if hours == 8 else "ten"} hours' in page("hfcron.yaml.5")


@pytest.mark.parametrize("day, window, opens, closes", [
    (MARCH, "02:30-05:00", ["03:00:00+02:00"], ["05:00:00+02:00"]),
    (MARCH, "02:15-02:45", [], []),
    (OCTOBER, "01:00-02:30", ["01:00:00+02:00"], ["02:30:00+02:00"]),
    (OCTOBER, "02:30-05:00", ["02:30:00+02:00"], ["05:00:00+01:00"]),
])
def test_a_window_at_a_change(coming, day, window, opens, closes):
    entries = coming({"window": window}, day)
    assert of(entries, "window_opens") == opens
    assert of(entries, "window_closes") == closes
    assert f'window: "{window}"' in page("hfcron.yaml.5")


def runs(hub, hf, moments):
    """How often the Hub is asked at each moment."""
    asked = []
    for moment in moments:
        hub.log.clear()
        hf.quiet("run", env=hf.fake_time(moment))
        asked.append(len(hub.requests(path="*/revision/*")))
    return asked


@pytest.mark.parametrize("moments, expected", [
    # 02:30 falls into the gap, which ends at 01:00 UTC.
    (["2027-03-27 12:00:00", "2027-03-28 00:59:30", "2027-03-28 01:00:05",
      "2027-03-28 01:30:05", "2027-03-28 02:30:05", "2027-03-29 00:30:05"],
     [0, 0, 1, 0, 0, 1]),
    # The first 02:30 is at 00:30 UTC, the second an hour later.
    (["2027-10-30 12:00:00", "2027-10-31 00:29:30", "2027-10-31 00:30:05",
      "2027-10-31 01:30:05", "2027-10-31 02:30:05", "2027-11-01 01:30:05"],
     [0, 0, 1, 0, 0, 1]),
])
def test_runs_at_a_change(hub, hf, moments, expected):
    """Once on either night, and at the usual time on the next."""
    need(FAKETIME, "faketime")
    hub.add_repo("org/name", {"a": "1"})
    hf.models("org/name")
    hf.configure(schedules={"it": {"at": "02:30", "timezone": "Europe/Berlin"}},
                 default_schedule="it")
    assert runs(hub, hf, moments) == expected


# -- after missed slots

def test_every_keeps_its_rhythm(hub, hf):
    """It counts from the last slot that has passed, not from when the work was done."""
    need(FAKETIME, "faketime")
    hub.add_repo("org/name", {"a": "1"})
    hf.models("org/name")
    hf.configure(schedules={"it": {"every": "6h"}}, default_schedule="it")
    # Slots at 06:00, 12:00, ...; nobody comes by until 01:20 two days later.
    assert runs(hub, hf, ["2027-05-01 06:00:00", "2027-05-03 01:20:00", "2027-05-03 05:59:30",
                          "2027-05-03 06:00:30"]) == [1, 1, 0, 1]


def test_missed_slots_are_one_run(hub, hf):
    """The newest commit, once; the slot after it as always."""
    need(FAKETIME, "faketime")
    repo = hub.add_repo("org/name", {"a": "1"})
    hf.models("org/name")
    hf.configure(schedules={"it": {"at": "02:00", "timezone": "UTC"}}, default_schedule="it")
    assert runs(hub, hf, ["2027-05-01 01:00:00", "2027-05-01 02:00:30"]) == [0, 1]
    for content in ("2", "3", "4"):
        repo.commit({"a": content})
    assert runs(hub, hf, ["2027-05-04 17:00:00", "2027-05-04 17:05:00", "2027-05-05 01:59:00",
                          "2027-05-05 02:00:30"]) == [1, 0, 0, 1]
    checks.check_complete(hf.cache, repo)


def test_skip_does_not_drop_what_was_begun(hub, hf):
    """catch_up: skip is about slots; a partial job goes on."""
    need(FAKETIME, "faketime")
    repo = hub.add_repo("org/name", {"w.bin": Lfs(Generated(3, 4_000_000))})
    hf.models("org/name")
    hf.configure(schedules={"it": {"at": "02:00", "timezone": "UTC", "catch_up": "skip",
                                   "window": "02:00-06:00"}}, default_schedule="it")
    hf.run("run", "--max-bytes", "1MB", env=hf.fake_time("2027-05-01 02:00:30"))
    assert hf.status("org/name")["state"] == "partial"
    # Its slots of the 2nd and 3rd are missed, which matters to nobody.
    hf.quiet("run", env=hf.fake_time("2027-05-03 05:00:00"))
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes == 4_000_000


# -- when the Hub cannot be reached

def test_a_month_without_the_hub(hub, hf, clock):
    """Retrying for as long as it takes, at an even pace, never failed; then as if nothing was."""
    repo = hub.add_repo("org/name", {"a": "1"})
    hf.models("org/name")
    hf.configure(schedules={"it": {"at": "02:00", "timezone": "UTC"}}, default_schedule="it",
                 retry={"attempts": 0, "failed_jobs": {"waits": ["5m", "1h"], "runs": 2,
                                                       "reset_after": "2d"}})
    hf.quiet("run", "--all", env=clock(1))
    confirmed = hf.status("org/name")["confirmed_at"]
    hub.stop()
    for day in range(2, 29, 1 if SLOW == 1 else 3):
        hf.run("run", env=clock(day), expect=1)
        job = hf.status("org/name")
        assert job["state"] == "retrying" and job["failures"] == 0, job
        assert job["unreachable_since"].startswith("2027-05-02T12:00")
        assert job["confirmed_at"] == confirmed
        # Not before the first of the waits, and then at once.
        hf.quiet("run", env=clock(day, "12:04:50"))
        hf.run("run", env=clock(day, "12:06:00"), expect=1)
        checks.check_complete(hf.cache, repo)
    hub.start()
    hf.quiet("run", env=clock(29))
    job = hf.status("org/name")
    assert job["state"] == "current" and job["unreachable_since"] is None
    assert job["confirmed_at"].startswith("2027-05-29T12:00")


def test_a_failed_job_is_tried_again_after_reset_after(hub, hf, clock):
    """What the Hub answers is counted, and the last word of `waits` is reset_after."""
    repo = hub.add_repo("org/name", {"a": "1"})
    hf.models("org/name")
    hf.configure(schedules={"it": {"at": "02:00", "days": "sun", "timezone": "UTC"}},
                 default_schedule="it",
                 retry={"attempts": 0, "failed_jobs": {"waits": ["5m"], "runs": 2,
                                                       "reset_after": "3h"}})
    hub.fault(faults.status(500), path="*/revision/*")
    hf.run("run", "--all", env=clock(3), expect=1)
    assert hf.status("org/name")["state"] == "retrying"
    hf.run("run", env=clock(3, "12:06:00"), expect=1)
    assert hf.status("org/name")["state"] == "failed"
    hub.clear_faults()
    hub.log.clear()
    hf.quiet("run", env=clock(3, "15:05:00"))
    assert hub.requests() == []
    # A tenth is for the dice, so that hosts do not all come at once.
    hf.quiet("run", env=clock(3, "15:25:00"))
    checks.check_complete(hf.cache, repo)
