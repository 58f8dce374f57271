"""Fixtures of the scenario tests.

    HFCRON=/path/to/hfcron  or  HFCRON_BUILD=/build/folder  pytest tests/scenario
    HFCRON_WRAPPER="valgrind -q --error-exitcode=99"   runs the program under it
    REQUIRE=all                                        a skip is a failure
    HFCRON_SEED=N                                      repeats a random test
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
    "plain: means nothing under a sanitizer (it measures)",
    "valgrind: quick enough for HFCRON_WRAPPER=valgrind, and worth it",
)


def pytest_configure(config):
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    # Every skip is named at the end, with its reason.
    if "s" not in config.option.reportchars:
        config.option.reportchars += "s"


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
