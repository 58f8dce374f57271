"""max_staleness: what could not be checked for too long is said, with exit status 3."""

import pytest

from conftest import need
from hfcron import FAKETIME


@pytest.fixture
def clock(hf):
    need(FAKETIME, "faketime")
    return lambda day, time="12:00:00": hf.fake_time(f"2027-05-{day:02} {time}")


def test_unreachable_for_too_long(hf, hub, clock):
    hub.add_repo("org/name", {"a": "1"})
    hub.add_repo("org/other", {"a": "1"})
    hf.configure(schedules={"daily": {"at": "02:00", "timezone": "UTC", "max_staleness": "3d"}},
                 default_schedule="daily")
    hf.models("org/name", {"name": "org/other", "max_staleness": "none"})
    hf.quiet("run", "--all", env=clock(1))
    for j in hf.run("status", "--format", "json", env=clock(1)).json["jobs"]:
        assert j["stale"] is False
    hub.stop()
    r = hf.run("run", env=clock(2), expect=1)
    assert "stale" not in r.err
    r = hf.run("run", env=clock(5), expect=3)
    assert "model/org/name@main is stale: not confirmed since 2027-05-01 12:00" in r.err
    assert "its max_staleness is 3d" in r.err and "org/other" not in r.err
    # Said once a day.
    assert "stale" not in hf.run("run", "--all", env=clock(5, "13:00:00"), expect=3).err
    assert "stale" in hf.run("run", "--all", env=clock(6, "14:00:00"), expect=3).err
    r = hf.run("status", "--format", "json", env=clock(6, "14:00:00"))
    assert r.job("org/name")["stale"] is True and r.job("org/name")["max_staleness_s"] == 3 * 86400
    assert r.job("org/other")["stale"] is False and r.job("org/other")["max_staleness_s"] is None
    text = hf.run("status", env=clock(6, "14:00:00")).out
    assert "stale: not confirmed since" in text
    hf.run("status", "--problems", env=clock(6, "14:00:00"), expect=3)


def test_never_confirmed(hf, hub, clock):
    hf.configure(default_schedule="daily")
    hf.models({"name": "org/name", "max_staleness": "2d"})
    hub.stop()
    hf.run("run", env=clock(1))
    r = hf.run("run", env=clock(4), expect=3)
    assert "never confirmed since it was listed" in r.err


def test_wrong_value(hf):
    hf.models({"name": "org/name", "max_staleness": "soon"})
    assert "models.json:5:" in hf.run("check", expect=2).err
