"""What the benchmarks share: starting one call and counting what it cost."""

import os
import pathlib
import statistics
import subprocess
import sys

MiB = 1024  # in KiB
SHORT = bool(os.environ.get("BENCH_SHORT"))
HFCRON = os.environ["HFCRON"]
PROGRAMS = pathlib.Path(os.environ["BENCH_PROGRAMS"])


class Cost:
    """Of one call, or the median of several."""

    def __init__(self, wall_ms, cpu_ms, kib):
        self.wall_ms, self.cpu_ms, self.kib = wall_ms, cpu_ms, kib

    @classmethod
    def median(cls, costs):
        return cls(statistics.median(c.wall_ms for c in costs),
                   statistics.median(c.cpu_ms for c in costs), max(c.kib for c in costs))


def environment(home, more=()):
    """The bare one of a scheduler."""
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "TZ": "UTC", **dict(more)}


def spawn(home, *command, env=(), prefix=()):
    """The cost of a command, which has to exit 0 and say nothing.

    It counts the children that the command waits for, too, and of the memory
    the largest process.  prefix: a command that runs all that, uncounted.
    """
    done = subprocess.run([*prefix, PROGRAMS / "spawn_one", *map(str, command)],
                          env=environment(home, env), text=True, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)
    said = done.stdout.split()
    if done.returncode != 0 or done.stderr or len(said) != 4 or said[0] != "0":
        sys.exit(f"bench: {' '.join(map(str, command))}: {done.stdout}{done.stderr}")
    return Cost(int(said[1]) / 1000, int(said[2]) / 1000, int(said[3]))
