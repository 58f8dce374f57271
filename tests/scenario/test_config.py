"""Configurations and lists that are wrong: refused whole, with their place."""

import json
import os
import re

import pytest

from hfcron import SLOW, WINE

GOOD_LIST = '{"models": ["org/name"]}'


@pytest.fixture
def hf(hf, hub):
    hub.add_repo("org/name", {"config.json": "{}"})
    hf.models("org/name")
    return hf


def refused(hub, hf, args=("run",)):
    """check and run both say no, and nothing was started."""
    first = hf.run("check", expect=2, timeout=10)
    second = hf.run(*args, expect=2, timeout=10)
    assert hub.requests() == []
    assert not hf.cache.exists()
    problems = first.err + first.out
    assert second.err, "cron's mail must say it"
    assert first.seconds < 3 * SLOW
    return problems


def lines(text, name):
    """The problems of a file: [(line, column, text)]."""
    found = re.findall(rf"{re.escape(name)}:(\d+):(\d+): (.*)", text)
    return [(int(a), int(b), c) for a, b, c in found]


def base(hf):
    return f"cache_dir: {hf.cache}\nstate_dir: {hf.state}\nendpoint: {hf.settings['endpoint']}\n"


# YAML appended below the three lines of base(): (text, line, column, word).
# The column is None where the parser of the language decides it.
YAML = [
    ("retrys: 1", 4, 1, "retry"),
    ("retry:\n  atempts: 1", 5, 3, "attempts"),
    ("retry: { attempts: 1, fist_wait: 1s }", 4, 23, "first_wait"),
    ("transfer:\n  bandwidth: 40MB", 5, 14, "bandwidth"),
    ("notify: { ping_url: x }", 4, 1, "notify"),
    ("retry:\n  attempts: many", 5, 13, "many"),
    ("retry:\n  attempts: -1", 5, 13, "-1"),
    ("retry:\n  attempts: 99999999999999999999", 5, 13, "9999"),
    ("retry:\n  attempts: [1]", 5, 13, ""),
    ("retry: 5", 4, 8, ""),
    ("retry:\n  first_wait: 10 parsecs", 5, 15, "parsecs"),
    ("retry:\n  first_wait: -1s", 5, 15, "-1s"),
    ("retry:\n  failed_jobs: { waits: [5m, soon] }", 5, 30, "soon"),
    ("retry:\n  attempts: 1\n  attempts: 2", 6, 3, "attempts"),
    ("cache_dir: /other", 4, 1, "cache_dir"),
    ("storage:\n  keep_free: 10 GBs", 5, 14, "GBs"),
    ("storage:\n  keep_free: 99999999999TB", 5, 14, "99999999999TB"),
    ("transfer:\n  connections: 0", 5, 16, "0"),
    ("transfer:\n  parallel_jobs: 1000000", 5, 18, "1000000"),
    ("transfer:\n  connections: 8.5", 5, 16, "8.5"),
    # What may hold a password is not repeated.
    ("transfer:\n  proxy: nonsense", 5, 10, "proxy"),
    ("log: { level: loud }", 4, 15, "loud"),
    ("default_schedule: nightly", 4, 19, "nightly"),
    ("schedules:\n  a: { at: \"25:00\" }", 5, 12, "25:00"),
    ("schedules:\n  a: { at: \"2:00\", every: 1h }", 5, None, "every"),
    ("schedules:\n  a: { days: [mon] }", 5, None, ""),
    ("schedules:\n  a: { at: \"02:00\", days: [mon, funday] }", 5, 33, "funday"),
    ("schedules:\n  a: { every: 0s }", 5, 15, "0s"),
    ("schedules:\n  a: { window: \"22:00-22:00\" }", 5, 16, "22:00"),
    ("schedules:\n  a: { window: \"22:00\" }", 5, 16, "22:00"),
    ("schedules:\n  a: { window: [\"22:00-07:00\", \"foo 01:00-02:00\"] }", 5, 32, "foo"),
    ("schedules:\n  a: { at: \"02:00\", timezone: Mars/Olympus }", 5, 31, "Mars/Olympus"),
    ("schedules:\n  a: { at: \"02:00\", timezone: ../../../etc/passwd }", 5, 31, ""),
    # The column is the field's, inside the expression.
    ("schedules:\n  a: { cron: \"61 * * * *\" }", 5, 15, "61"),
    ("schedules:\n  a: { cron: \"* * * *\" }", 5, 22, ""),
    ("schedules:\n  a: { cron: \"*/0 * * * *\" }", 5, 17, ""),
    ("schedules:\n  a: { cron: \"5-1 * * * *\" }", 5, 15, ""),
    ("schedules:\n  a: { cron: \"0 0 30 2 *\" }", 5, 19, ""),
    ("schedules:\n  a: { every: 1h, catch_up: maybe }", 5, 29, "maybe"),
    ("schedules:\n  a: { every: 1h, splay: 10 }", 5, 26, "splay"),
    ("schedules: [a]", 4, 12, ""),
    ("a: &x 1\nb: *x", None, None, ""),
    ("models: &x models.json", 4, None, ""),
    ("models: !!python/object:os.system x", 4, None, ""),
    ("---\nmodels: b.json", None, None, ""),
    ("\tmodels: x", 4, None, ""),
    ("models: \"unfinished", None, None, ""),
    ("retry:\n   attempts: 1\n  first_wait: 1s", None, None, ""),
    ("models: {", None, None, ""),
    ("models: a\x07b", 4, None, ""),
]


@pytest.mark.parametrize("text, line, column, word", YAML, ids=[y[0][:40] for y in YAML])
def test_bad_yaml(hub, hf, text, line, column, word):
    hf.yaml_file.write_text(base(hf) + text + "\n")
    problems = refused(hub, hf)
    found = lines(problems, "hfcron.yaml")
    assert found, problems
    assert word in problems
    assert "\x07" not in problems
    if line is not None:
        assert line in [f[0] for f in found], problems
    if column is not None:
        assert (line, column) in [f[:2] for f in found], problems


BAD_ENDPOINTS = ["ftp://hub.example", "https://user:pw@hub.example", "https://hub.example?x=1",
                 "hub.example", "https://", "http://[::1"]


@pytest.mark.parametrize("endpoint", BAD_ENDPOINTS)
def test_bad_endpoint(hub, hf, endpoint):
    text = base(hf).replace(hf.settings["endpoint"], json.dumps(endpoint))
    hf.yaml_file.write_text(text)
    problems = refused(hub, hf)
    assert (3, 11) in [f[:2] for f in lines(problems, "hfcron.yaml")], problems
    assert "pw@" not in problems


def test_names_of_zones_or_why_there_are_none(hub, hf):
    hf.yaml_file.write_text(
        base(hf) + "schedules:\n  a: { at: \"02:00\", timezone: Europe/Berlin }\n")
    hf.run("check")
    if WINE:    # as Windows was before it had ICU
        r = hf.run("check", expect=2, env={"WINEDLLOVERRIDES": "mscoree,mshtml,icu="})
        assert "Windows 10 version 1903" in r.err + r.out, r


def test_all_problems_in_one_pass(hub, hf):
    hf.yaml_file.write_text(base(hf) + "retrys: 1\nretry: {attempts: x}\nlog: {level: loud}\n")
    hf.models_file.write_text('{"models": [{"name": "bad name"},\n {"nam": "org/x"}]}')
    problems = refused(hub, hf)
    assert [f[0] for f in lines(problems, "hfcron.yaml")] == [4, 5, 6]
    assert {f[0] for f in lines(problems, "models.json")} == {1, 2}


def test_a_duplicate_key_hides_nothing(hub, hf):
    hf.yaml_file.write_text(base(hf) + "cache_dir: /other\nretrys: 1\n")
    hf.models_file.write_text('{"models": ["org/x"],\n "models": [5]}')
    problems = refused(hub, hf)
    assert [f[0] for f in lines(problems, "hfcron.yaml")] == [4, 5]
    assert [f[:2] for f in lines(problems, "models.json")] == [(2, 2), (2, 13)]


def test_lists_are_not_guessed(hub, hf):
    """What could not be read names no lists, so none is looked for."""
    for wrong in (hf.root, hf.root / "broken.yaml"):
        (hf.root / "broken.yaml").write_text("models: [a")
        result = hf.run("-c", wrong, "run", expect=2)
        assert "models.json" not in result.err and "no model list" not in result.err
        assert "1 problem" in result.err
    assert "a directory" in hf.run("-c", hf.root, "run", expect=2).err


@pytest.mark.parametrize("entry", ["org/name", {"name": "org/name"}], ids=["word", "map"])
def test_a_list_named_as_configuration(hub, hf, entry):
    hf.models(entry)
    result = hf.run("-c", hf.models_file, "run", expect=2)
    assert "named by \"models:\" in a YAML file" in result.err


@pytest.mark.parametrize("data", [
    b"models: a\0b\n", b"models: \xff\xfe\n", "models: x\n".encode("utf-16"),
    b"x: " + b"[" * 1_000_000, b"x: " + b"{a: " * 100_000, b"# " + b"x" * 300_000 + b"\n",
    b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
], ids=["nul", "not utf-8", "utf-16", "brackets", "braces", "too long", "bomb"])
def test_hostile_yaml(hub, hf, data):
    hf.yaml_file.write_bytes(data)
    assert refused(hub, hf)


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n"])
def test_every_key_is_optional(hf, text):
    """An empty configuration is one; the list beside it counts."""
    hf.yaml_file.write_text(text)
    env = {"XDG_STATE_HOME": hf.root / "s", "XDG_CACHE_HOME": hf.root / "c"}
    result = hf.run("check", env=env)
    assert str(hf.yaml_file) in result.out


def test_no_yaml_but_a_list(hub, hf):
    hf.use_own_folders()
    hf.yaml_file.unlink()
    env = {"XDG_STATE_HOME": hf.root / "s", "XDG_CACHE_HOME": hf.root / "c"}
    hf.run("check", env=env)
    hf.run("run", "--all", env={**env, "HF_ENDPOINT": hub.endpoint})
    assert (hf.root / "c/huggingface/hub/models--org--name/refs/main").is_file()


def test_nothing_at_all(hub, hf):
    hf.use_own_folders()
    hf.yaml_file.unlink()
    hf.models_file.unlink()
    result = hf.run("run", expect=2)
    assert "models.json" in result.err


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "unreadable"])
def test_odd_files(hub, hf, kind):
    """A FIFO must not block."""
    path = hf.config / "other.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "unreadable":
        path.symlink_to("/nowhere/x")
    result = hf.run("-c", path, "run", expect=2, timeout=10)
    assert "other.yaml" in result.err
    hf.models_file.unlink()
    if kind == "folder":
        hf.models_file.mkdir()
    elif kind == "fifo":
        os.mkfifo(hf.models_file)
    result = hf.run("run", expect=2, timeout=10)
    assert "models.json" in result.err


# JSON: (text, line, column or None, word).
JSON = [
    ("", 1, None, ""),
    ('{"models": ["org/x"]} x', 1, None, ""),
    ('{"models": ["org/x"]}{}', 1, None, ""),
    ('{"models" ["org/x"]}', 1, None, ""),
    ('{"models": ["org/x" "org/y"]}', 1, None, ""),
    ('{"models": ["org/x",,"org/y"]}', 1, None, ""),
    ('{"models": ["org/x",]}', 1, None, ""),
    ('{"models": ["org/x"],}', 1, None, ""),
    ('{"models": [truex]}', 1, None, ""),
    ('{"models": [{"name": "org/x", "enabled": tru}]}', 1, None, ""),
    ('{"models": [01]}', 1, None, ""),
    ('{"models": [-]}', 1, None, ""),
    ('{"models": [1.2.3]}', 1, None, ""),
    ('{"models"}', 1, None, ""),
    ('{"models": ["org/x"', 1, None, ""),
    ('{"models": ["org/x', 1, None, ""),
    ("{'models': []}", 1, None, ""),
    ('{"models": ["a\\ud800/x"]}', 1, None, ""),
    ('{"models": ["org/x\\u0000"]}', 1, None, ""),
    ('{"models": ["a\tb"]}', 1, None, ""),
    ('{"models": ["org/x"], "models": []}', 1, 23, "models"),
    ('{"models": [{"name": "org/x", "name": "org/y"}]}', 1, 31, "name"),
    ('{"model": ["org/x"]}', 1, 2, "models"),
    ('{"models": [{"name": "org/x", "revison": "v1"}]}', 1, 31, "revision"),
    ('{"models": [\n  {"type": "model"}]}', 2, 3, "name"),
    ('{"models": "org/x"}', 1, 12, ""),
    ('{"models": [5]}', 1, 13, ""),
    ('{"models": [{"name": 5}]}', 1, 22, ""),
    ('{"models": [{"name": "org/x", "type": "mdoel"}]}', 1, 39, "mdoel"),
    ('{"models": [{"name": "org/x", "priority": "urgent"}]}', 1, 43, "urgent"),
    ('{"models": [{"name": "org/x", "enabled": "yes"}]}', 1, 42, ""),
    ('{"models": [{"name": "org/x", "follow": 1}]}', 1, 41, ""),
    ('{"models": [{"name": "org/x", "schedule": "nope"}]}', 1, 43, "nope"),
    ('{"models": [{"name": "org/x", "include": 5}]}', 1, 42, ""),
    ('{"models": [{"name": "org/x", "include": [1]}]}', 1, 43, ""),
    ('{"models": ["org/x",\n "org/x"]}', 2, 2, "1"),
    ('{"models": [{"name": "org/x", "id": "a"},\n {"name": "org/y", "id": "a"}]}', 2, None, "a"),
    ('{"models": [{"name": "org/x", "local_dir": "/tmp/a"},\n'
     ' {"name": "org/y", "local_dir": "/tmp/a/b"}]}', 2, None, "/tmp/a"),
    ('{"models": [{"name": "org/x", "local_dir": "/tmp/a"},\n'
     ' {"name": "org/y", "local_dir": "/tmp/a"}]}', 2, None, "/tmp/a"),
    ('{"models": [], "settings": {"check_frequency": "sometimes"}}', 1, 48, "sometimes"),
    ('{"models": ["org/x"], "defaults": {"excluded": []}}', 1, 36, "exclude"),
    ('{"models": [' + "[" * 100 + "]" * 100 + ']}', 1, None, ""),
    ('{"models": [{"name": "org/x", "revision": ""}]}', 1, 43, ""),
    ('{"models": [{"name": "org/x", "revision": "../x"}]}', 1, 43, ""),
    ('{"models": [{"name": "org/x", "revision": "a b"}]}', 1, 43, ""),
    ('{"models": [{"name": "org/x", "revision": "a\\nb"}]}', 1, 43, ""),
]
BAD_NAMES = ["../x", "a/b/c", "-rf", "a..b", "a--b", "a/b.git", "x" * 97, "", "a/", "/a", "a b",
             "a/.b", "a/b-", "ü/x", "a\\b", ".", "a/b\n"]
JSON += [(json.dumps({"models": [n]}), 1, 13, "") for n in BAD_NAMES]


@pytest.mark.parametrize("text, line, column, word", JSON, ids=[
    re.sub(r"[^ -~]", "?", j[0])[:48] + str(i) for i, j in enumerate(JSON)])
def test_bad_list(hub, hf, text, line, column, word):
    hf.models_file.write_text(text)
    problems = refused(hub, hf)
    found = lines(problems, "models.json")
    assert found, problems
    assert word in problems
    assert line in [f[0] for f in found], problems
    if column is not None:
        assert (line, column) in [f[:2] for f in found], problems


@pytest.mark.parametrize("data", [
    b'{"models": ["org/x"]}\0{"more": 1}', b'{"models": ["\xff"]}', b'{"models": ["\xc0\xaf"]}',
    b"[" * 3_000_000, b'{"a":' * 500_000, b'{"models": [' + b"{}," * 200_000 + b"{}]}",
    b" " * (17 << 20) + b"{}",
], ids=["nul", "not utf-8", "overlong", "brackets", "objects", "many", "too long"])
def test_hostile_list(hub, hf, data):
    hf.models_file.write_bytes(data)
    assert refused(hub, hf)


@pytest.mark.parametrize("text", [
    '\ufeff{"models": ["org/name"]}', '{"models": ["org\\/name"]}',
    '{"models": [{"name": "org/name", "status": "downloaded", "note": "x\\u00e9"}]}',
    '{"models": ["org/name"], "settings": {"max_total_size": "2048GB", "auto_cleanup": false,'
    ' "cleanup_age_days": 30, "check_frequency": "daily"}, "metadata": {"version": "1.0"}}',
    '\n\n{ "models" :\t[ "org/name" ] }\r\n',
])
def test_good_lists(hub, hf, text):
    hf.models_file.write_text(text, encoding="utf-8")
    hf.run("check")
    hf.quiet("run", "--all")
    assert hub.file_bytes == 2


def test_settings_not_yet_acted_on_are_noted(hf):
    hf.models("org/name", settings={"max_total_size": "2048GB"})
    result = hf.run("check")
    assert "max_total_size" in result.out + result.err


def test_an_empty_list_is_no_error(hub, hf):
    hf.models()
    hf.run("run")
    assert hub.requests() == [] and hf.status()["jobs"] == []


def test_check_frequency(hub, hf):
    hf.models("org/name", settings={"check_frequency": "daily"})
    hf.quiet("run")
    assert hub.requests() == [], "daily: not before its slot"
    hf.models({"name": "org/name", "schedule": "often"}, settings={"check_frequency": "daily"})
    hf.quiet("run", "--all")
    assert hub.requests()


def test_several_lists(hub, hf):
    hub.add_repo("org/two", {"x": "y"})
    (hf.config / "more").mkdir()
    (hf.config / "more/two.json").write_text('{"models": ["org/two"]}')
    hf.configure(models=["models.json", "more/two.json"])
    hf.quiet("run")
    assert {j["id"] for j in hf.status()["jobs"]} == {"model/org/name@main", "model/org/two@main"}


def test_check_names_the_file_in_use(hf):
    result = hf.run("check")
    assert str(hf.yaml_file) in result.out
    other = hf.root / "elsewhere.yaml"
    other.write_text(hf.yaml_file.read_text() + f"models: {hf.models_file}\n")
    for args, env in ((("--config", other), {}), ((), {"HFCRON_CONFIG": other})):
        assert str(other) in hf.run(*args, "check", env=env).out


@pytest.mark.unix("Windows has folders of its own: APPDATA")
def test_xdg_config_home(hub, hf, tmp_path):
    xdg = tmp_path / "xdg"
    (xdg / "hfcron").mkdir(parents=True)
    hf.yaml_file.rename(xdg / "hfcron/hfcron.yaml")
    hf.models_file.rename(xdg / "hfcron/models.json")
    hf.quiet("run", env={"XDG_CONFIG_HOME": xdg})
    assert hub.requests()


def test_windows_paths_are_pointed_out(hub, hf):
    hf.yaml_file.write_text(base(hf) + 'models: "D:\\models\\x"\n')
    assert "D:/models" in refused(hub, hf)


def test_texts_from_files_are_escaped(hub, hf):
    hf.models_file.write_text('{"models": ["a\\u001b[31m/x"]}')
    problems = refused(hub, hf)
    assert "\x1b" not in problems


def test_a_bad_edit_leaves_all_as_it_was(hub, hf):
    hf.quiet("run")
    before = hf.status("org/name")
    good = hf.models_file.read_text()
    hf.models_file.write_text('{"models": [}')
    hf.run("run", expect=2)
    hf.models_file.write_text(good)
    hub.log.clear()
    hf.quiet("run")
    assert hf.status("org/name")["confirmed_at"] == before["confirmed_at"]
    assert hub.file_bytes == 0


def test_a_second_configuration_on_one_store_is_refused(hub, hf):
    hf.quiet("run")
    other = hf.root / "other.yaml"
    other.write_text(hf.yaml_file.read_text() + f"models: {hf.models_file}\n")
    result = hf.run("-c", other, "run", expect=None)
    assert result.code in (2, 4), result
    assert str(hf.state) in result.err
