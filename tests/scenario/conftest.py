"""Fixtures of the scenario tests.

    HFCRON=/path/to/hfcron  or  HFCRON_BUILD=/build/folder  pytest tests/scenario
    HFCRON=build/windows/hfcron/hfcron.exe WINEPREFIX=/some/folder   under Wine
    set PYTHONUTF8=1, HFCRON=C:\\path\\to\\hfcron.exe   on Windows itself (not tried yet)
    HFCRON_WRAPPER="valgrind -q --error-exitcode=99"   runs the program under it
    REQUIRE=all                                        a skip is a failure
    HFCRON_SEED=N                                      repeats a random test

hfcron.exe runs with the whole suite but for what is marked unix("why"): modes and
umask, pseudo terminals, signals but Ctrl-C (which stands for SIGTERM, too), zone files,
crontabs and systemd, libcurl's HTTP/2, the layout with symbolic links.  Where only a
line of a test is Unix' alone it asks for hfcron.WINE.

What Wine cannot show: symbolic links and developer mode, junctions, the refusal of
certificates by Windows' own store, native delays of a file that a scanner holds, names
by 8.3, sparse files, Ctrl-Break, the end of a session, the Task Scheduler's clock, ACLs,
a disk without hard links.
Zones by IANA's names it has with tests/support/icu_for_wine.c alone, which
scripts/check-windows puts into the prefix.
"""

import os
import random
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import fakehub                          # noqa: E402
import hfcron                           # noqa: E402
import official as official_client      # noqa: E402


MARKERS = (
    "cron: needs root, as the real cron daemon does",
    "unix: what the reason names is Unix' alone: not run with hfcron.exe",
    "plain: means nothing under a sanitizer (memory, calls of the system)",
    "alone: measures time, so that no other suite may be at work; nor a sanitizer",
    "valgrind: quick enough for HFCRON_WRAPPER=valgrind, and worth it",
    "wine: runs programs of Windows, under Wine or as they are",
)


def pytest_configure(config):
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    # Every skip is named at the end, with its reason.
    if "s" not in config.option.reportchars:
        config.option.reportchars += "s"


def pytest_collection_modifyitems(config, items):
    """With hfcron.exe, leave out what is marked unix("why")."""
    if not hfcron.WINDOWS:
        return
    left_out = [i for i in items if i.get_closest_marker("unix")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [i for i in items if not i.get_closest_marker("unix")]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("REQUIRE") == "all":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped under REQUIRE=all: {reason}"


def need(condition, what):
    """Skips, loudly, a test that this machine cannot run."""
    if not condition:
        pytest.skip(f"NOT TESTED: needs {what}")


if hfcron.NATIVE:
    @pytest.fixture
    def tmp_path(tmp_path):
        return hfcron.native.Path(tmp_path)


@pytest.fixture
def hub():
    with fakehub.FakeHub() as h:
        yield h


@pytest.fixture
def new_hf(tmp_path):
    """Makes homes: new_hf("name", endpoint) -> Hfcron."""
    need(os.access(hfcron.program(), os.X_OK), f"the built program ({hfcron.program()})")
    made = []

    def make(name, endpoint=None):
        made.append(hfcron.Hfcron(tmp_path / name, endpoint))
        return made[-1]
    yield make
    for one in made:
        one.stop_all()


@pytest.fixture
def hf(new_hf, hub):
    """hfcron, configured for the `hub` fixture; a new job is due at once."""
    return new_hf("hf", hub.endpoint)


@pytest.fixture
def official(tmp_path, hub):
    return official_client.Official(hub.endpoint, tmp_path / "official")


@pytest.fixture
def dice(request):
    """Random numbers that can be repeated: the seed is printed."""
    seed = int(os.environ.get("HFCRON_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"HFCRON_SEED={seed}")
    return random.Random(seed)
