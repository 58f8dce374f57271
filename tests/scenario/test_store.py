"""The store: lost, damaged, copied, put back."""

import shutil

import pytest

import checks

MANY = 10_000


def facts(job):
    """What a job's status says of it that a lost store must not change."""
    return {key: job[key] for key in ("id", "state", "commit", "bytes_total", "bytes_done",
                                      "files_total", "files_done", "error", "failures")}


def many_files():
    return {f"part-{i // 100:02}/{i:05}.json": f'{{"n": {i}}}\n' for i in range(MANY)}


@pytest.mark.plain
@pytest.mark.parametrize("layout", ["cache", "local_dir"])
def test_a_lost_store_is_rebuilt_from_the_disk(hub, hf, layout):
    """10,000 files: the next run hashes them, fetches no byte, and says the same."""
    repo = hub.add_repo("org/many", many_files())
    folder = hf.root / "files"
    local = {"local_dir": str(folder)} if layout == "local_dir" else {}
    hf.models({"name": "org/many", **local})
    hf.quiet("run", timeout=120)
    assert hub.file_bytes == sum(len(t) for t in many_files().values())
    before = hf.status("org/many")
    assert before["state"] == "current" and before["files_done"] == MANY
    if not local:
        checks.check_complete(hf.cache, repo)
    for lost in (hf.state / "store", hf.state):
        shutil.rmtree(lost)
        hub.log.clear()
        result = hf.quiet("run")
        assert hub.file_bytes == 0
        print(f"{layout}, without {lost.name}: rebuilt in {result.seconds:.2f} s")
        after = hf.status("org/many")
        assert facts(after) == facts(before)
        assert after["confirmed_at"] >= before["confirmed_at"]
        # And from then on it is an unchanged one like any other.
        hub.log.clear()
        hf.quiet("run", "--all")
        assert len(hub.requests()) == 1 and hub.file_bytes == 0
