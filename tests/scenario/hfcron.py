"""The program under test in a home of its own."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

NATIVE = os.name == "nt"
if NATIVE:
    import native

TOP = pathlib.Path(__file__).resolve().parents[2]
# Of a sanitizer or of valgrind (run with --error-exitcode=99).
CRASH = re.compile(r"(Address|Leak|UndefinedBehavior|Thread)Sanitizer|: runtime error: ")
MiB = 1 << 20
FAKETIME = next(map(str, pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)


def program():
    """The built program: $HFCRON, or hfcron in $HFCRON_BUILD or the top folder."""
    if os.environ.get("HFCRON"):
        return pathlib.Path(os.environ["HFCRON"]).resolve()
    return pathlib.Path(os.environ.get("HFCRON_BUILD") or TOP).resolve() / "hfcron"


# hfcron.exe: on Windows it is run as it is; elsewhere by Wine, with the prefix that
# WINEPREFIX names.
WINDOWS = program().suffix == ".exe"
WINE = WINDOWS and not NATIVE
# Now and then Wine starts nothing, and ends with 1 and without a word: "cmd /c exit
# 0" did so once in 1,800 times on a busy machine.  hfcron never ends so in silence.
WINE_TRIES = 3
WINE_FAILS_WITHIN_S = 0.05
# What signals.c of win32 exits with; Wine hands on the lower eight bits of it.
SIGNALS = {}
if NATIVE:
    SIGNALS = native.SIGNALS
elif WINE:
    SIGNALS = {128 + signal.SIGTERM: -signal.SIGTERM, 0x3a: -signal.SIGINT}


def slowness():
    """By how much a time limit has to be stretched: valgrind, sanitizers, Windows."""
    if os.environ.get("HFCRON_WRAPPER"):
        return 20
    if WINDOWS:
        return 3
    try:
        return 4 if b"__asan_init" in program().read_bytes() else 1
    except OSError:
        return 1


SLOW = slowness()


def yaml(value, depth=0):
    """Enough YAML for test configurations: maps in blocks, the rest in flow."""
    pad = "  " * depth
    out = ""
    for key, item in value.items():
        if isinstance(item, dict) and item:
            out += f"{pad}{key}:\n" + yaml(item, depth + 1)
        elif isinstance(item, str) and re.fullmatch(r"[A-Za-z0-9/][A-Za-z0-9/._:-]*", item):
            out += f"{pad}{key}: {item}\n"
        else:
            out += f"{pad}{key}: {json.dumps(item)}\n"
    return out


def merge(base, extra):
    out = dict(base)
    for k, v in extra.items():
        if isinstance(v, dict) and isinstance(out.get(k), dict):
            out[k] = merge(out[k], v)
        else:
            out[k] = v
    return out


class Result:
    """How a run ended: code (negative: by that signal), out, err, seconds."""

    def __init__(self, args, code, out, err, seconds):
        self.args = args
        self.code = code
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode("utf-8", "replace")
        self.seconds = seconds
        self.ended = time.time()

    @property
    def never_began(self):
        return WINE and self.code == 1 and self.out == "" and self.err == ""

    @property
    def json(self):
        value = json.loads(self.out)
        assert value["schema"] == 1, value
        return value

    def job(self, job_id):
        """The one job of a JSON output whose id contains `job_id`."""
        found = [j for j in self.json["jobs"] if job_id in j["id"]]
        assert len(found) == 1, self.out
        return found[0]

    def __repr__(self):
        return (f"{' '.join(map(str, self.args))}\n-> {self.code} after {self.seconds:.2f} s\n"
                f"stdout: {self.out}\nstderr: {self.err}")


class Running:
    """A started program; wait() gives its Result."""

    def __init__(self, command, env, cwd, folder, popen_options):
        self.args = command[1:]
        self.signals = {}
        n = len(list(folder.glob("*.out")))
        self._out = open(folder / f"{n:03}.out", "w+b")
        self._err = open(folder / f"{n:03}.err", "w+b")
        self._start = time.monotonic()
        if NATIVE:
            popen_options = {**native.POPEN, **popen_options}
        self.process = subprocess.Popen(
            command, env=env, cwd=cwd, stdin=subprocess.DEVNULL,
            stdout=self._out, stderr=self._err, **popen_options)

    @property
    def pid(self):
        return self.process.pid

    @property
    def alive(self):
        return self.process.poll() is None

    def wine_failed(self):
        """Wine started nothing, and has said so at once."""
        try:
            code = self.process.wait(WINE_FAILS_WITHIN_S)
        except subprocess.TimeoutExpired:
            return False
        sizes = [os.fstat(f.fileno()).st_size for f in (self._out, self._err)]
        return code == 1 and sizes == [0, 0]

    def send(self, sig):
        if NATIVE:
            native.send(self.process, sig)
        elif WINE and sig == signal.SIGTERM:
            # By that Wine ends a process unasked; by SIGINT as Ctrl-C does.
            self.signals[-signal.SIGINT] = -signal.SIGTERM
            self.process.send_signal(signal.SIGINT)
        else:
            self.process.send_signal(sig)

    def kill(self):
        self.send(signal.SIGKILL)
        return self.wait()

    def wait(self, timeout=60):
        try:
            code = self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGABRT)
            time.sleep(0.2)
            self.process.kill()
            self.process.wait()
            code = None
        code = SIGNALS.get(code, code)
        code = self.signals.get(code, code)
        seconds = time.monotonic() - self._start
        texts = []
        for f in (self._out, self._err):
            f.seek(0)
            texts.append(f.read().replace(b"Z:/", b"/") if WINE else f.read())
            f.close()
        result = Result(self.args, code, *texts, seconds)
        assert code is not None, f"still running after {timeout} s: {result}"
        assert not CRASH.search(result.err) and code != 99, f"a bug was caught: {result}"
        return result


class Hfcron:
    """hfcron with a home, configuration, state and cache in one folder.

    env       variables added to the bare environment (a scheduler's)
    settings  what hfcron.yaml says; change with configure()
    """

    def __init__(self, root, endpoint=None):
        self.root = native.Path(root) if NATIVE else pathlib.Path(root)
        self.home = self.root / "home"
        self.config = self.home / ".config" / "hfcron"
        self.state = self.root / "state"
        self.cache = self.root / "cache"
        self.outputs = self.root / "outputs"
        for folder in (self.config, self.outputs):
            folder.mkdir(parents=True)
        self.binary = str(program())
        self.env = {}
        self.launcher = ["wine", self.binary] if WINE else [self.binary]
        self.running = []
        self.settings = {
            "cache_dir": str(self.cache),
            "state_dir": str(self.state),
            "transfer": {"stall_timeout": "2s", "connect_timeout": "2s"},
            "retry": {"first_wait": "10ms"},
            "storage": {"keep_free": "1MB"},
            # New jobs of an `every` schedule are due at once.
            "schedules": {"often": {"every": "6h"}},
            "default_schedule": "often",
        }
        if endpoint:
            self.settings["endpoint"] = endpoint
        self.configure()

    # -- configuration

    @property
    def yaml_file(self):
        return self.config / "hfcron.yaml"

    @property
    def models_file(self):
        return self.config / "models.json"

    def configure(self, **changes):
        """Merges changes into the settings and writes hfcron.yaml."""
        self.settings = merge(self.settings, changes)
        self.yaml_file.write_text(yaml(self.settings))

    def use_own_folders(self):
        """From now on the home alone decides where things are, and no variable.

        Wine sets the variables that Windows has for it; what it starts can change
        them.  Not for what is to be killed or asked to stop: that would be cmd.
        """
        if not WINE:
            return
        data = self.home / "AppData"
        folders = {"USERPROFILE": self.home, "APPDATA": data / "Roaming",
                   "LOCALAPPDATA": data / "Local", "ProgramData": self.root / "ProgramData"}
        (data / "Roaming").mkdir(parents=True)
        self.config = self.config.rename(data / "Roaming/hfcron")
        script = self.root / "own_folders.cmd"
        script.write_text("\r\n".join([
            "@echo off", *(f"set {k}=Z:{v}".replace("/", "\\") for k, v in folders.items()),
            f'"Z:{self.binary}" %*'.replace("/", "\\"), "exit /b %errorlevel%", ""]))
        self.launcher = ["wine", "cmd", "/c", f"Z:{script}".replace("/", "\\")]
        self.env.update(HFCRON_CONFIG=None, XDG_CACHE_HOME=None)

    def models(self, *entries, **others):
        """Writes models.json: entries are names or objects; defaults=, settings=."""
        self.models_file.write_text(json.dumps({"models": list(entries), **others}, indent=2))

    # -- running

    def environment(self, env=None):
        full = {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "SHELL": "/bin/sh",
                "LOGNAME": "test", "ASAN_OPTIONS": "exitcode=99",
                "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99"}
        if SLOW > 1:
            # valgrind and ASan want to be first; a preloaded clock may be, too.
            full["ASAN_OPTIONS"] += ":verify_asan_link_order=0"
        if WINE:
            full.update(WINEPREFIX=os.environ["WINEPREFIX"], WINEDEBUG="-all",
                        WINEDLLOVERRIDES="mscoree,mshtml=",
                        # Wine needs it to name files outside ASCII.
                        LC_ALL="C.UTF-8")
        if NATIVE:
            full = native.environment(self.home)
        if WINDOWS:
            # Windows knows its folders from elsewhere; these are heeded there, too.
            full.update(HFCRON_CONFIG=str(self.yaml_file),
                        XDG_CACHE_HOME=self.home / ".cache")
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                full[name] = os.environ[name]
        full.update(self.env)
        full.update(env or {})
        # Windows knows "/x" for no absolute path.
        return {k: f"Z:{v}" if WINE and isinstance(v, pathlib.PurePath) else str(v)
                for k, v in full.items() if v is not None}

    def start(self, *args, env=None, prefix=(), look=True, **popen_options):
        """Starts hfcron; `prefix` is a command that runs it.

        look: see to it that Wine has started it, which takes a moment.
        """
        wrapper = os.environ.get("HFCRON_WRAPPER", "").split()
        command = [*map(str, prefix), *wrapper, *self.launcher, *map(str, args)]
        for _ in range(WINE_TRIES):
            r = Running(command, self.environment(env), self.root, self.outputs,
                        popen_options)
            self.running.append(r)
            if not (WINE and look and r.wine_failed()):
                break
        return r

    def run(self, *args, expect=0, timeout=60, **options):
        """Runs hfcron to its end; `expect` is the exit code (None: any)."""
        for _ in range(WINE_TRIES):
            result = self.start(*args, **options).wait(timeout)
            if expect in (None, 1) or not result.never_began:
                break
        assert expect is None or result.code == expect, f"wanted {expect}: {result}"
        return result

    def quiet(self, *args, **options):
        """Runs as cron does, and wants no output at all."""
        r = self.run(*args, **options)
        assert r.out == "" and r.err == "", r
        return r

    def pid_of(self, run):
        """The number of a run at work, as it knows it: Wine has numbers of its own."""
        return int((self.state / "lock").read_text().split()[0]) if WINE else run.pid

    def status(self, job=None, expect=None):
        """status as JSON: all of it, or one job."""
        r = self.run("status", "--format", "json", expect=expect)
        return r.job(job) if job else r.json

    def plan(self, job, *args):
        return self.run("plan", "--format", "json", *args).job(job)

    def fake_time(self, start):
        """Environment for a wall clock that starts at `start` (local, here UTC)."""
        return {"LD_PRELOAD": FAKETIME, "FAKETIME": f"@{start}", "TZ": "UTC",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_DONT_RESET": "1", "NO_FAKE_STAT": "1"}

    def log_text(self):
        log = self.state / "hfcron.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def stop_all(self):
        for r in self.running:
            if r.alive:
                r.process.kill()
                r.process.wait()

    def texts(self):
        """All that was ever printed or logged here."""
        yield self.log_text()
        for path in self.outputs.iterdir():
            yield path.read_bytes()
