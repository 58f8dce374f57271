"""A list that is replaced by another: each job is retired once, whatever their number."""

import datetime

import pytest


def removed(hf):
    """Ids that the log names as no longer listed, and how many more it counts."""
    lines = [line for line in hf.log_text().splitlines() if "no longer listed" in line]
    named = [line.split("job=")[1].strip('"') for line in lines if " job=" in line]
    counted = sum(int(line.split("count=")[1].strip('"')) for line in lines if " count=" in line)
    return named, counted


@pytest.mark.parametrize("n", [3, 120])
def test_list_replaced(hub, hf, n):
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=12)
    hf.configure(schedules={"later": {"at": f"{later:%H:%M}", "timezone": "UTC"}},
                 default_schedule="later")
    old = [f"org/old-{i}" for i in range(n)]
    hf.models(*old)
    hf.quiet("run")
    hf.models(*(f"org/new-{i}" for i in range(n)), old[0])
    hf.quiet("run")
    named, counted = removed(hf)
    assert len(named) == len(set(named)) and len(named) + counted == n - 1
    assert all("old-" in job for job in named) and not any(j.endswith("old-0@main") for j in named)
    # Retired once; what stays is known, and what comes back is not new.
    hf.models(*(f"org/new-{i}" for i in range(n)), *old[:2])
    hf.quiet("run")
    assert removed(hf) == (named, counted)
    assert len(hf.status()["jobs"]) == n + 2
    assert {j["state"] for j in hf.status()["jobs"]} == {"new"}
    assert hub.requests() == []
