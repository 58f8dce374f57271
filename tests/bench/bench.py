"""What an idle call costs, and a changed list: measures and prints one table.

    make bench                  1, 1,000 and 1,000,000 jobs; about two minutes
    make bench BENCH_SHORT=1    fewer jobs and rounds; seconds

$HFCRON is the program, $BENCH_PROGRAMS the folder of link_only and spawn_one.
All set-ups are measured in turns, so that whatever else the machine does meets
them alike; what is told is the median.  It fails only if a call did not do
what is measured: exit status 0, and the set-up as it was.
"""

import datetime
import json
import pathlib
import shutil
import tempfile

from common import HFCRON, PROGRAMS, SHORT, Cost, MiB, spawn

JOBS = (1, 1000, 20_000 if SHORT else 1_000_000)
ROUNDS = 30 if SHORT else 300
LISTED = 10_000 if SHORT else 100_000
REPEATS = 1 if SHORT else 3


class Setup:
    """hfcron with n jobs, none of which is due before half a day."""

    def __init__(self, root):
        self.root = root
        root.mkdir()
        self.config = root / "hfcron.yaml"
        self.configure(hours=12)

    def configure(self, hours):
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
        # Nobody listens there: a request would make a failed job.
        self.config.write_text(
            f"state_dir: {self.root}/state\ncache_dir: {self.root}/cache\n"
            "endpoint: http://127.0.0.1:9\n"
            f"schedules:\n  later: {{ at: \"{later:%H:%M}\", timezone: UTC }}\n"
            "default_schedule: later\n")

    def list(self, n, name="model", more=()):
        names = [f"org-{i % 1000}/{name}-{i}" for i in range(n)]
        (self.root / "models.json").write_text(json.dumps({"models": names + list(more)}))

    def run(self):
        return spawn(self.root, HFCRON, "-c", self.config, "run")


def row(name, cost, *ratios):
    print(f"{name:36} {cost.wall_ms:10.2f} {cost.cpu_ms:10.2f} {cost.kib / MiB:8.1f}   "
          + "  ".join(ratios), flush=True)


def bench_idle(folder):
    link_only = PROGRAMS / "link_only"
    setups = {}
    for n in JOBS:
        setups[n] = Setup(folder / f"idle-{n}")
        setups[n].list(n)
        row(f"set-up: first run, {n:,} job{'s' if n > 1 else ''}", setups[n].run())
        setups[n].run()
    costs = {name: [] for name in ("link_only", *JOBS)}
    for _ in range(ROUNDS):
        costs["link_only"].append(spawn(folder, link_only))
        for n in JOBS:
            costs[n].append(setups[n].run())
    link = Cost.median(costs["link_only"])
    one = Cost.median(costs[1])
    row("a program that only links", link)
    for n in JOBS:
        cost = Cost.median(costs[n])
        row(f"idle, {n:,} job{'s' if n > 1 else ''}", cost,
            f"{cost.wall_ms / link.wall_ms:.2f} x links",
            f"{cost.wall_ms / one.wall_ms:.2f} x one job")


def bench_reconcile(folder):
    """Each change to a store that knows the first list and nothing else."""
    changes = {
        "one entry more": lambda s: s.list(LISTED, more=["org/more"]),
        "another schedule": lambda s: s.configure(hours=13),
        "all replaced": lambda s: s.list(LISTED, name="other"),
    }
    costs = {name: [] for name in changes}
    for i in range(REPEATS):
        for k, (name, change) in enumerate(changes.items()):
            setup = Setup(folder / f"list-{i}-{k}")
            setup.list(LISTED)
            setup.run()
            change(setup)
            costs[name].append(setup.run())
            shutil.rmtree(setup.root)
    for name, values in costs.items():
        row(f"list of {LISTED:,}, {name}", Cost.median(values))


def main():
    print(f"{'':36} {'wall ms':>10} {'CPU ms':>10} {'MiB':>8}   ratios of wall time")
    with tempfile.TemporaryDirectory(prefix="hfcron-bench-") as name:
        bench_idle(pathlib.Path(name))
        bench_reconcile(pathlib.Path(name))
    print(f"Aims: idle at {JOBS[-1]:,} jobs 1.5 x links and 1.3 x one job at most, under 16 MiB;"
          "\na changed list of 100,000 under 2000 ms and 256 MiB.")


if __name__ == "__main__":
    main()
