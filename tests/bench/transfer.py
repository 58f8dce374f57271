"""What transfers cost, beside other programs that fetch the same files.

    make bench-transfer                 all of it; the better part of an hour
    make bench BENCH_SHORT=1            small files, once; seconds
    transfer.py NAME... [--rounds N] [--tools hfcron,curl,...]

Names: one-large, eight-large, many-small, many-files, up-to-date, resume,
line-large, line-small, line-small-tls.  nginx is the Hub and the CDN
(fast_hub.py).  The other programs are measured if they are there, and all but
the official client are told the URLs of the files.  hfcron-50, over the long
line, is hfcron with 50 connections.  $BENCH_DIR is where the data goes (20 GB),
$BENCH_PYTHON a Python with huggingface_hub.

All tools are measured in turns, so that whatever else the machine does meets
them alike; what is told is the median.  It fails only if a call did not do what
is measured: exit status 0, silence, and every file there in its full length.
"""

import argparse
import hashlib
import os
import pathlib
import random
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from common import HFCRON, PROGRAMS, SHORT, Cost, MiB, environment, spawn
from fast_hub import Data, FastHub, Repo

KB, MB, GB = 1 << 10, 1 << 20, 1 << 30
RATE_BITS, RTT_MS, LOSS = 200_000_000, 50, 5  # LOSS: of a thousand packets
ROUNDS = 1 if SHORT else 5
# The official client takes most of the time and is far from every aim.
OFFICIAL_ROUNDS = 2
# The line takes its time, and is steadier than a processor.
FAR_ROUNDS = 2
LIST_CURL_PARALLEL = 50
SEARCH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/sbin"
OFFICIAL = """\
import sys
from huggingface_hub import snapshot_download
for name in open(sys.argv[1]).read().split():
    snapshot_download(name)
"""


def which(name):
    return shutil.which(name, path=SEARCH)


CURL = [which("curl"), "-q", "--no-progress-meter", "--fail"]


def skip(what):
    """Loudly; tests that must all run do not want it."""
    print(f"bench: SKIPPED: {what}", flush=True)
    if os.environ.get("REQUIRE") == "all":
        sys.exit(1)


# --- the tools: each gives the command that fetches `repos` of `hub` to `to`


def fresh(to):
    to.mkdir(parents=True, exist_ok=True)
    return to


def hfcron(hub, repos, to):
    config = fresh(to) / "hfcron.yaml"
    config.write_text(
        f"models: models.json\nstate_dir: {to}/state\ncache_dir: {to}/cache\n"
        f"endpoint: {hub.endpoint}\nstorage: {{ keep_free: none }}\n"
        "schedules:\n  often: { every: 6h }\ndefault_schedule: often\n")
    names = ", ".join(f'"{r.name}"' for r in repos)
    (to / "models.json").write_text(f'{{ "models": [ {names} ] }}')
    return [to.parent / "hfcron", "-c", config, "run", "--all"]


def hfcron_wide(hub, repos, to):
    """With as many connections as curl uses by itself."""
    command = hfcron(hub, repos, to)
    with open(to / "hfcron.yaml", "a", encoding="ascii") as f:
        f.write(f"transfer: {{ connections: {LIST_CURL_PARALLEL} }}\n")
    return command


def keep_program(folder):
    """A copy beside the destinations: a build meanwhile must not mix two programs."""
    shutil.copy2(HFCRON, folder / "hfcron")
    digest = hashlib.sha256((folder / "hfcron").read_bytes()).hexdigest()
    said = subprocess.run([folder / "hfcron", "--version"], check=True, text=True,
                          capture_output=True, env=environment(folder)).stdout
    print(f"{said.splitlines()[0]}, sha256 {digest[:16]}", flush=True)


def official(hub, repos, to):
    (fresh(to) / "names").write_text("\n".join(r.name for r in repos))
    python = os.environ.get("BENCH_PYTHON") or sys.executable
    return [which(python), "-c", OFFICIAL, to / "names"]


def official_environment(hub, to):
    return {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(to / "hf"),
            "HF_HUB_CACHE": str(to / "cache"), "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1", "HF_HUB_VERBOSITY": "error"}


def urls(hub, repos):
    """(URL, where below the destination, file) of all."""
    for r in repos:
        for f in r.files:
            yield f"{hub.cdn}/{r.name}/{f.path}", f"{r.name}/{f.path}", f


def curl(hub, repos, to):
    lines = [f'url = "{url}"\noutput = "{to}/out/{path}"\n'
             for url, path, _ in urls(hub, repos)]
    (fresh(to) / "list").write_text("".join(lines))
    return [*CURL, "--create-dirs", "-Z", "-K", to / "list"]


def curl_hash(hub, repos, to):
    return ["/bin/sh", "-c", f"{shlex.join(map(str, curl(hub, repos, to)))} && "
            f"find {to}/out -type f -exec openssl dgst -sha256 {{}} + >{to}/sums"]


def aria2c(hub, repos, to, checksum=False):
    lines = []
    for url, path, f in urls(hub, repos):
        lines.append(f"{url}\n  out={path}\n")
        if checksum:
            lines.append(f"  checksum=sha-256={f.sha256}\n")
    (fresh(to) / "list").write_text("".join(lines))
    return [which("aria2c"), "--no-conf", "-q", "-x4", "-s4", "-j8", "--file-allocation=none",
            "-d", to / "out", "-i", to / "list"]


def aria2c_hash(hub, repos, to):
    return aria2c(hub, repos, to, checksum=True)


def rclone(hub, repos, to):
    # It lists the folder by itself.
    return [which("rclone"), "--config", "/dev/null", "--transfers", "8", "-q", "copy",
            "--http-url", f"{hub.cdn}/{repos[0].name}/", ":http:",
            fresh(to) / "out" / repos[0].name]


def wget(hub, repos, to):
    (fresh(to) / "list").write_text("\n".join(url for url, _, _ in urls(hub, repos)))
    return [which("wget"), "--no-config", "-q", "-x", "-nH", "-P", to / "out", "-i",
            to / "list"]


def curl_revisions(hub, repos, to):
    """What hfcron asks, asked by curl."""
    (fresh(to) / "list").write_text("".join(
        f'url = "{hub.endpoint}/api/models/{r.name}/revision/main?expand=sha"\n'
        'output = "/dev/null"\n' for r in repos))
    return [*CURL, "-Z", "--parallel-max",
            str(LIST_CURL_PARALLEL), "-K", to / "list"]


def curl_resume(hub, repos, to):
    url, path, _ = next(urls(hub, repos))
    return [*CURL, "--create-dirs", "-C", "-",
            "-o", fresh(to) / "out" / path, url]


FETCH = {"hfcron": hfcron, "hfcron-50": hfcron_wide, "curl": curl, "curl+hash": curl_hash, "aria2c": aria2c,
         "aria2c+hash": aria2c_hash, "rclone": rclone, "wget": wget, "official": official}
CHECK = {"hfcron": hfcron, "curl": curl_revisions, "official": official}
# Those that use several connections: another one takes minutes.
FAR = {t: FETCH[t] for t in ("hfcron", "hfcron-50", "curl", "aria2c", "rclone", "official")}
RESUME = {"hfcron": hfcron, "curl": curl_resume, "official": official}
MINE = ("hfcron", "hfcron-50")
IN_CACHE = (*MINE, "official")
VERIFY = ("curl+hash", "aria2c+hash")


def have_official():
    python = which(os.environ.get("BENCH_PYTHON") or sys.executable)
    return python is not None and subprocess.run(
        [python, "-c", "import huggingface_hub"], check=False,
        stderr=subprocess.DEVNULL).returncode == 0


def available(wanted):
    found = [t for t in FETCH if t in MINE
             or (have_official() if t == "official" else which(t.split("+")[0]))]
    if not which("openssl"):
        found = [t for t in found if t != "curl+hash"]
    missing = [t for t in FETCH if t not in found and (not wanted or t in wanted)]
    if missing:
        print(f"bench: not installed, left out: {', '.join(missing)}")
    return [t for t in found if not wanted or t in wanted]


# --- one call


def settle():
    """What others wrote must not be written during the next call."""
    if not SHORT:
        os.sync()


class Call:
    """A tool that fetches some repositories of a hub, from `prefix`'s network."""

    def __init__(self, tool, make, hub, repos, to, prefix=()):
        self.tool, self.hub, self.repos, self.to = tool, hub, repos, to
        self.prefix = prefix
        self.command = make(hub, repos, to)
        self.env = official_environment(hub, to) if tool == "official" else {}
        if hub.tls:
            self.env.update(dict.fromkeys(("SSL_CERT_FILE", "CURL_CA_BUNDLE",
                                           "REQUESTS_CA_BUNDLE"), str(hub.authority)))

    def run(self):
        settle()
        self.hub.forget()
        cost = spawn(self.to, *self.command, env=self.env, prefix=self.prefix)
        traffic = self.hub.traffic()
        if traffic.bad:
            sys.exit(f"bench: {self.tool} was refused: {traffic.bad[0]}")
        return cost, traffic

    def check(self):
        """That every file is there in full length."""
        for r in self.repos:
            top = self.to / "out" / r.name
            if self.tool in IN_CACHE:
                top = (self.to / "cache" / f"models--{r.name.replace('/', '--')}"
                       / "snapshots" / r.commit)
            for f in r.files:
                path = top / f.path
                if not path.is_file() or path.stat().st_size != f.size:
                    sys.exit(f"bench: {self.tool} did not fetch {r.name}/{f.path}")

    def run_until(self, size):
        """Killed when it has written so much; what had been sent by then."""
        settle()
        self.hub.forget()
        command = list(map(str, self.command))
        with subprocess.Popen(command, env=environment(self.to, self.env),
                              stdin=subprocess.DEVNULL) as process:
            while written(process.pid) < size:
                if process.poll() is not None:
                    sys.exit(f"bench: {self.tool} ended before it was killed")
                time.sleep(0.001)
            process.kill()
        return self.hub.traffic()


def written(pid):
    """Bytes that a process and its children have written, files mostly.

    Not what their files hold: room may have been reserved before.
    """
    total = 0
    try:
        with open(f"/proc/{pid}/io", encoding="ascii") as f:
            total = int(f.read().split("wchar:")[1].split()[0])
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            total += sum(written(int(p)) for p in f.read().split())
    except (OSError, IndexError):
        pass    # it has ended
    return total


# --- tables


class Measured:
    """All rounds of one tool."""

    def __init__(self):
        self.costs, self.traffics = [], []

    def add(self, cost, traffic):
        self.costs.append(cost)
        self.traffics.append(traffic)

    @property
    def cost(self):
        return Cost.median(self.costs)

    @property
    def wall(self):
        return self.cost.wall_ms

    @property
    def cpu(self):
        return self.cost.cpu_ms

    @property
    def requests(self):
        return statistics.median(t.requests for t in self.traffics)

    @property
    def wire(self):
        return statistics.median(t.wire for t in self.traffics)

    @property
    def noise(self):
        walls = [c.wall_ms for c in self.costs]
        return (max(walls) - min(walls)) / self.wall


class Table:
    """Of one workload: tool -> Measured."""

    def __init__(self, rows, size):
        self.rows, self.size = rows, size

    def best(self, among):
        """The fastest of the other tools that were measured."""
        found = [t for t in self.rows if t not in MINE and among(t)]
        return min(found, key=lambda t: self.rows[t].wall, default=None)

    def show(self):
        mine = self.rows.get("hfcron")
        print(f"{'':14}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}{'requests':>10}"
              f"{'wire MiB':>10}{'noise':>8}{'rounds':>8}   hfcron takes")
        for tool, m in self.rows.items():
            beside = ""
            if mine and tool != "hfcron":
                beside = f"{mine.wall / m.wall:.3f} x wall  {mine.cpu / m.cpu:.3f} x CPU"
            print(f"{tool:14}{m.wall / 1000:9.3f}{m.cpu / 1000:9.3f}{m.cost.kib / MiB:10.1f}"
                  f"{m.requests:10,.0f}{m.wire / MB:10.1f}{m.noise:8.0%}{len(m.costs):8}"
                  f"   {beside}")
        sys.stdout.flush()


class Aim:
    """A bound of what hfcron takes, as a part of what another tool takes."""

    def __init__(self, what, bound, beside):
        self.what, self.bound, self.beside = what, bound, beside

    def other(self, table):
        if self.beside == "best":
            return table.best(lambda t: True)
        if self.beside == "best unverified":
            return table.best(lambda t: t not in VERIFY)
        return self.beside if self.beside in table.rows else None

    def text(self, table, mine):
        said = f"{self.what} {self.bound:.2f} x {self.beside} at most"
        other = self.other(table)
        if other is None or mine not in table.rows:
            return said
        ratio = getattr(table.rows[mine], self.what) / getattr(table.rows[other], self.what)
        if other != self.beside:
            said += f" ({other})"
        return f"{said}: {ratio:.3f}{'' if ratio <= self.bound else ' MISSED'}"


class LineAim:
    """The part of the line's rate that has to be used."""

    def text(self, table, mine):
        said = "90 % of the line's rate at least"
        if mine not in table.rows:
            return said
        used = table.size * 8000 / table.rows[mine].wall / RATE_BITS
        return f"{said}: {used:.0%}{'' if used >= 0.9 else ' MISSED'}"


class PeakAim:
    """Memory that a process may have at most, in MiB."""

    def __init__(self, bound):
        self.bound = bound

    def text(self, table, mine):
        said = f"peak {self.bound} MiB at most"
        if mine not in table.rows:
            return said
        peak = table.rows[mine].cost.kib / MiB
        return f"{said}: {peak:.1f}{'' if peak <= self.bound else ' MISSED'}"


class OneEach:
    """One request for each repository."""

    def text(self, table, mine):
        said = "one request each"
        if mine not in table.rows:
            return said
        n = table.rows[mine].requests / LISTED
        return f"{said}: {n:.2f}{'' if n <= 1 else ' MISSED'}"


def aims(table, bounds):
    for mine in MINE:
        if mine == "hfcron" or mine in table.rows:
            print(f"Aims of {mine}: "
                  + ";\n      ".join(a.text(table, mine) for a in bounds) + ".", flush=True)


# --- workloads

SCALE = 64 if SHORT else 1
SMALL = 300 if SHORT else 3000
LISTED = 100 if SHORT else 1000
MANY = 2000 if SHORT else 100_000


def large(hub, data, n, size):
    name = f"bench/{n}-large"
    return [Repo(name, [data.large(hub.data / name, f"model-{i + 1:05}.safetensors", size)
                        for i in range(n)])]


def small(hub, data, n):
    name, dice = f"bench/{n}-small", random.Random(2)
    return [Repo(name, [data.small(hub.data / name, f"part-{i % 30:02}/file-{i:05}.json",
                                   dice.randint(4 * KB, 64 * KB)) for i in range(n)])]


def tiny(hub, data, n):
    name = f"bench/{n}-tiny"
    return [Repo(name, [data.small(hub.data / name, f"part-{i % 300:03}/file-{i:06}.json", 200)
                        for i in range(n)])]


def listed(hub, data, n):
    return [Repo(f"org-{i % 20}/repo-{i}",
                 [data.small(hub.data / f"org-{i % 20}/repo-{i}", "config.json", 200)])
            for i in range(n)]


class Bench:
    """What the workloads share."""

    def __init__(self, folder, nginx, tools, rounds):
        self.folder, self.nginx = folder, nginx
        self.tools, self.rounds = tools, rounds
        self.data = Data()
        self.count = 0

    def destination(self):
        self.count += 1
        return self.folder / f"to-{self.count}"

    def room(self, size):
        free = shutil.disk_usage(self.folder).free
        if free < size:
            skip(f"this needs {size // GB + 1} GiB in {self.folder}")
        return free >= size

    def hub(self, **where):
        self.count += 1
        return FastHub(self.folder / f"hub-{self.count}", self.nginx, **where)

    def turns(self, tools, most=sys.maxsize):
        """All tools in each round, another one first each time."""
        for r in range(min(self.rounds, most)):
            at = r % len(tools)
            for tool in tools[at:] + tools[:at]:
                if tool != "official" or r < OFFICIAL_ROUNDS:
                    yield tool

    def fetch(self, hub, repos, known, prefix=(), most=sys.maxsize):
        tools = [t for t in known if t in self.tools]
        rows = {t: Measured() for t in tools}
        for tool in self.turns(tools, most):
            to = self.destination()
            call = Call(tool, known[tool], hub, repos, to, prefix)
            rows[tool].add(*call.run())
            call.check()
            shutil.rmtree(to)
        table = Table(rows, sum(r.size for r in repos))
        table.show()
        return table


def fetch_locally(bench, title, make, size, bounds,
                  tools=tuple(t for t in FETCH if t != "hfcron-50"), rounds=sys.maxsize):
    print(f"\n{title}", flush=True)
    if not bench.room(2 * size + GB // SCALE):
        return
    hub = bench.hub()
    try:
        repos = make(hub)
        hub.start(repos, os.geteuid() == 0)
        aims(bench.fetch(hub, repos, {t: FETCH[t] for t in tools}, most=rounds), bounds)
    finally:
        hub.remove()


def one_large(bench):
    size = 4 * GB // SCALE
    fetch_locally(bench, f"One file of {size // MB:,} MiB",
                  lambda hub: large(hub, bench.data, 1, size), size,
                  [Aim("wall", 0.95, "best"), Aim("cpu", 1.1, "curl"),
                   Aim("wall", 0.3, "official")])


def eight_large(bench):
    size = 512 * MB // SCALE
    fetch_locally(bench, f"8 files of {size // MB} MiB",
                  lambda hub: large(hub, bench.data, 8, size), 8 * size,
                  [Aim("wall", 1.2, "best unverified"), Aim("wall", 0.7, "curl+hash"),
                   Aim("wall", 0.35, "official")])


def many_small(bench):
    fetch_locally(bench, f"{SMALL:,} files of 4 to 64 KiB, in git",
                  lambda hub: small(hub, bench.data, SMALL), SMALL * 64 * KB,
                  [Aim("wall", 0.9, "best"), Aim("wall", 0.09, "official"),
                   Aim("requests", 0.5, "official")])


def many_files(bench):
    """Memory: no more than with few of them."""
    fetch_locally(bench, f"{MANY:,} files of 200 bytes, in git",
                  lambda hub: tiny(hub, bench.data, MANY), MANY * 4 * KB,
                  [PeakAim(64)], ("hfcron", "curl", "rclone"), 1)


def up_to_date(bench):
    print(f"\n{LISTED:,} repositories, all of them up to date")
    hub = bench.hub()
    calls = {}
    try:
        repos = listed(hub, bench.data, LISTED)
        hub.start(repos, os.geteuid() == 0)
        rows = {t: Measured() for t in CHECK if t in bench.tools}
        for tool in rows:
            calls[tool] = Call(tool, CHECK[tool], hub, repos, bench.destination())
            calls[tool].run()   # curl: for nothing
        for tool in bench.turns(list(rows)):
            rows[tool].add(*calls[tool].run())
            if tool != "curl":
                calls[tool].check()
        table = Table(rows, 0)
        table.show()
        aims(table, [OneEach(), Aim("wall", 1.0, "best"), Aim("wall", 0.05, "official")])
    finally:
        hub.remove()
        for call in calls.values():
            shutil.rmtree(call.to, ignore_errors=True)


def resume(bench):
    size = 4 * GB // SCALE
    print(f"\nOne file of {size // MB:,} MiB, killed when half of it was written")
    if not bench.room(2 * size + GB // SCALE):
        return
    hub = bench.hub()
    tools = [t for t in RESUME if t in bench.tools]
    walls, twice = ({t: [] for t in tools} for _ in range(2))
    try:
        repos = large(hub, bench.data, 1, size)
        hub.start(repos, os.geteuid() == 0)
        for tool in bench.turns(tools):
            to = bench.destination()
            call = Call(tool, RESUME[tool], hub, repos, to)
            first = call.run_until(size // 2)
            cost, second = call.run()
            call.check()
            walls[tool].append(cost.wall_ms / 1000)
            twice[tool].append((first.wire + second.wire) / size - 1)
            shutil.rmtree(to)
    finally:
        hub.remove()
    print(f"{'':14}{'sent twice':>12}{'2nd wall s':>12}{'rounds':>8}")
    for tool in tools:
        print(f"{tool:14}{statistics.median(twice[tool]):12.1%}"
              f"{statistics.median(walls[tool]):12.3f}{len(walls[tool]):8}")
    sys.stdout.flush()


# --- a long line


class Line:
    """Two networks with long_line between them."""

    def __init__(self):
        self.near, self.far = (f"hfcron-bench-{os.getpid()}-{x}" for x in "ab")
        self.forwarder = None

    @staticmethod
    def problem():
        if os.geteuid() != 0:
            return "not root"
        if not os.path.exists("/dev/net/tun"):
            return "no /dev/net/tun"
        if not which("ip"):
            return "no ip (iproute2)"
        return None if (PROGRAMS / "long_line").exists() else "long_line was not built"

    def inside(self, name):
        return [which("ip"), "netns", "exec", name]

    def start(self, congestion):
        ip = which("ip")
        for name in (self.near, self.far):
            subprocess.run([ip, "netns", "add", name], check=True)
        self.forwarder = subprocess.Popen(
            [*self.inside(self.near), PROGRAMS / "long_line", str(RATE_BITS),
             str(RTT_MS * 1000 // 2), str(LOSS)], stdout=subprocess.PIPE, text=True)
        if self.forwarder.stdout.readline() != "line0 line1\n":
            raise OSError("long_line did not start")
        # It keeps the descriptors: the devices may go where they like.
        subprocess.run([ip, "-n", self.near, "link", "set", "line1", "netns", self.far],
                       check=True)
        for name, device, address in ((self.near, "line0", "10.77.0.1/30"),
                                      (self.far, "line1", "10.77.0.2/30")):
            for command in (["addr", "add", address, "dev", device],
                            ["link", "set", device, "up"], ["link", "set", "lo", "up"]):
                subprocess.run([ip, "-n", name, *command], check=True)
            # Of the route: a network's default may only be one that is not
            # restricted, and which are not is the machine's to say.
            subprocess.run([ip, "-n", name, "route", "replace", "10.77.0.0/30", "dev", device,
                            "congctl", congestion], check=True)

    def stop(self):
        if self.forwarder is not None:
            self.forwarder.terminate()
            self.forwarder.wait()
        for name in (self.near, self.far):
            subprocess.run([which("ip"), "netns", "del", name], check=False,
                           stderr=subprocess.DEVNULL)


def fetch_far(bench, title, make, bounds, tools=tuple(FAR), tls=None, rounds=FAR_ROUNDS):
    congestion = os.environ.get("BENCH_CONGESTION") or "cubic"
    print(f"\n{title}: {RTT_MS} ms round trip, {RATE_BITS // 1_000_000} Mbit/s, "
          f"{LOSS / 10} % loss, TCP {congestion}")
    problem = Line.problem()
    if problem:
        skip(f"the long line: {problem}")
        return
    line, hub = Line(), None
    try:
        line.start(congestion)
        hub = bench.hub(address="10.77.0.2", prefix=line.inside(line.far), tls=tls)
        repos = make(hub)
        hub.start(repos, True)
        aims(bench.fetch(hub, repos, {t: FAR[t] for t in tools}, line.inside(line.near),
                         rounds), bounds)
    finally:
        if hub is not None:
            hub.remove()
        line.stop()


def line_large(bench):
    # Over 32 MiB, where hfcron begins to ask for pieces.
    fetch_far(bench, "8 files of 64 MiB over a long line",
              lambda hub: large(hub, bench.data, 8, 64 * MB),
              [Aim("wall", 1.05, "best"), LineAim()], rounds=1)


def line_small(bench):
    fetch_far(bench, "300 files of 4 to 64 KiB over a long line",
              lambda hub: small(hub, bench.data, 300),
              [Aim("wall", 1.0, "best"), Aim("wall", 0.3, "official")])


def line_small_tls(bench):
    """What HTTP/2 is worth where the server has it."""
    for offered in ("h2", "http/1.1"):
        fetch_far(bench, f"300 files of 4 to 64 KiB over a long line, TLS, {offered}",
                  lambda hub: small(hub, bench.data, 300),
                  [Aim("wall", 1.0, "best"), Aim("wall", 0.3, "official")],
                  ("hfcron", "hfcron-50", "curl", "rclone", "official"), offered)


WORKLOADS = {"one-large": one_large, "eight-large": eight_large, "many-small": many_small, "many-files": many_files,
             "up-to-date": up_to_date, "resume": resume, "line-large": line_large,
             "line-small": line_small, "line-small-tls": line_small_tls}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("workload", nargs="*", help=", ".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--tools", default="", help=",".join(FETCH))
    args = parser.parse_args()
    args.tools = [t for t in args.tools.split(",") if t]
    for name, known in ((args.workload, WORKLOADS), (args.tools, FETCH)):
        unknown = set(name) - set(known)
        if unknown:
            parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    if args.rounds < 1:
        parser.error("at least one round")
    if not args.workload:
        args.workload = [w for w in WORKLOADS if not (SHORT and w.startswith("line-"))]
    return args


def main():
    args = arguments()
    nginx = which("nginx")
    if nginx is None:
        skip("transfers: no nginx")
        return
    # The finally clauses end nginx, and take the networks away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tools = available(args.tools)
    with tempfile.TemporaryDirectory(prefix="hfcron-bench-",
                                     dir=os.environ.get("BENCH_DIR") or None) as name:
        keep_program(pathlib.Path(name))
        bench = Bench(pathlib.Path(name), nginx, tools, args.rounds)
        for workload in args.workload:
            WORKLOADS[workload](bench)


if __name__ == "__main__":
    try:
        main()
    except (OSError, subprocess.CalledProcessError) as problem:
        sys.exit(f"bench: {problem}")
