"""At most 64 MiB resident, however many files and however large."""

import subprocess
import sys

import pytest

import checks
from fakehub import Generated, Lfs
from hfcron import MiB

LIMIT = 64 * MiB

# ru_maxrss includes the forking process's own pages, so the parent is small.
MEASURE = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


def peak(hf, *args):
    """Runs hfcron; the most memory it had, in bytes."""
    p = subprocess.run([sys.executable, "-I", "-S", "-c", MEASURE, hf.binary, *args],
                       env=hf.environment(), capture_output=True, text=True, timeout=300,
                       check=False)
    assert p.stderr == "", p.stderr
    code, kib = map(int, p.stdout.split())
    assert code == 0
    return kib * 1024


@pytest.mark.plain
def test_many_files_and_a_large_one(hub, hf):
    """200 files and one of 2 GB: complete, within the limit; prints the figures."""
    files = {f"data/{i % 10}/part-{i:03}.parquet": Generated(i, 20_000 + i * 997)
             for i in range(200)}
    size = 2_000_000_000
    repo = hub.add_repo("org/large", {**files, "large.bin": Lfs(Generated(777, size))})
    hf.models("org/large")
    used = peak(hf, "run")
    print(f"200 files and one of {size} bytes: {used / MiB:.1f} MiB resident at most")
    checks.check_links(hf.cache)
    checks.check_refs(hf.cache, [repo])
    assert checks.check_blobs(hf.cache) == 201
    assert hub.file_bytes == repo.blob_bytes()
    assert used <= LIMIT


@pytest.mark.plain
def test_a_long_listing(hub, hf):
    """20 000 entries, of which the filter leaves one."""
    repo = hub.add_repo("org/many", {
        **{f"shard-{i // 1000:03}/some-long-file-name-{i:06}.parquet": f"{i}"
           for i in range(20_000)}, "config.json": "{}"})
    hf.models({"name": "org/many", "include": ["*.json"]})
    used = peak(hf, "run")
    print(f"a listing of 20 000 entries: {used / MiB:.1f} MiB resident at most")
    checks.check_complete(hf.cache, repo, include=lambda p: p.endswith(".json"))
    assert used <= LIMIT


@pytest.mark.plain
def test_an_idle_call(hub, hf):
    """Nothing due: few pages, whatever the number of jobs."""
    hub.add_repo("org/name", {"a": "b"})
    hf.models("org/name", *(
        {"name": f"org/off{i}", "enabled": False} for i in range(2000)))
    hf.quiet("run")
    assert hub.file_bytes == 1
    used = peak(hf, "run")
    print(f"idle call: {used / MiB:.1f} MiB")
    assert used <= 32 * MiB
