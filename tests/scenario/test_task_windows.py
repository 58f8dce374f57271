"""hfcron.exe, install-task.cmd and doctor as a user has them: nothing is a stand-in.

Under Wine, or on Windows itself.  The program is $HFCRON_EXE, else $HFCRON if that
is an .exe, else what scripts/build-windows has made.  Wine's scheduler forgets what
a task starts: for doctor the task is put among its files, where Windows keeps it.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import hfcron
import under_wine
from conftest import need
from hfcron import NATIVE, TOP

pytestmark = pytest.mark.wine

EXE = pathlib.Path(os.environ.get("HFCRON_EXE") or
                   (hfcron.program() if hfcron.WINDOWS else TOP / "build/windows/hfcron/hfcron.exe"))
SCRIPT = TOP / "scripts/install-task.cmd"
# Not a variable of this window alone, nor the machine's own configuration.
DROPPED = re.compile(r"HF_|HFCRON|HUGGING|XDG_|SSL_CERT|REQUESTS_CA|CURL_CA|.*_proxy$", re.I)
ODD = ["ä b & c^d (é) it's", "x ) y ( z", "~t@$#{}[]+`", "a;b=c,d", "日本"]
# What Wine's cmd loses: see install-task.cmd.
ODD_NATIVE = ["wow! it! a", "100% sure", "one!"]


class Desk:
    """A machine with Windows: a Wine folder, or this one."""

    def __init__(self, folder):
        self.env = {k: v for k, v in os.environ.items() if not DROPPED.match(k)}
        self.wine = [] if NATIVE else ["wine"]
        self.c = folder
        if NATIVE:
            return
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8",
                    "WINEPREFIX": str(folder / "prefix"), "WINEDEBUG": "-all",
                    "WINEDLLOVERRIDES": "mscoree,mshtml="}
        self.c = folder / "prefix/drive_c"
        self.run("wineboot", "--init")
        subprocess.run(["wineserver", "-w"], env=self.env, timeout=120, check=True)
        self.tasks = self.c / "windows/system32/tasks"

    def windows(self, path):
        if NATIVE:
            return str(path)
        return "C:\\" + str(path.relative_to(self.c)).replace("/", "\\")

    def run(self, *args, env=None, **options):
        return under_wine.run([*self.wine, *map(str, args)], {**self.env, **(env or {})}, **options)

    def is_registered(self, name):
        if not NATIVE:
            return (self.tasks / name).exists()
        return self.run("schtasks", "/query", "/tn", name).returncode == 0

    def register(self, name, xml):
        data = xml.encode("utf-16")
        if not NATIVE:
            (self.tasks / name).write_bytes(data)
            return
        file = self.c / "task.xml"
        file.write_bytes(data)
        p = self.run("schtasks", "/create", "/tn", name, "/xml", file, "/f")
        assert p.returncode == 0, p

    def remove(self, name):
        if not NATIVE:
            (self.tasks / name).unlink(missing_ok=True)
        else:
            self.run("schtasks", "/delete", "/tn", name, "/f")

    def stop(self):
        if not NATIVE:
            subprocess.run(["wineserver", "-k"], env=self.env, timeout=60, check=False)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    need(NATIVE or shutil.which("wine") and shutil.which("wineserver"),
         "wine (packages wine and wine64), or Windows")
    need(EXE.exists(), f"{EXE} (scripts/build-windows)")
    made = Desk(tmp_path_factory.mktemp("desk"))
    yield made
    made.stop()


class Unpacked:
    """A folder as of the zip, with a configuration in it."""

    def __init__(self, desk, name):
        self.desk = desk
        self.folder = desk.c / name
        self.folder.mkdir()
        shutil.copy(SCRIPT, self.folder)
        shutil.copy(EXE, self.folder / "hfcron.exe")
        self.config = desk.windows(self.folder / "my hfcron.yaml")
        self.models({"models": ["org/name"]})
        self.configure()
        self.names = set()

    def configure(self, extra=""):
        home = self.folder.as_posix() if NATIVE else f"C:/{self.folder.name}"
        (self.folder / "my hfcron.yaml").write_text(
            f'models: models.json\nendpoint: "http://127.0.0.1:9"\n'
            f'cache_dir: "{home}/cache"\nstate_dir: "{home}/state"\n{extra}', encoding="utf-8")

    def models(self, value):
        (self.folder / "models.json").write_text(json.dumps(value))

    def install(self, *args, expect=0):
        """install-task in this folder, with names relative to it: no word of it is odd."""
        p = self.desk.run("cmd", "/d", "/c", "install-task.cmd", "/config", "my hfcron.yaml",
                          *args, cwd=self.folder)
        p.out, p.err = (s.decode("cp1252", "replace").replace("\r\n", "\n")
                        for s in (p.stdout, p.stderr))
        assert p.returncode == expect, (args, p.returncode, p.out, p.err)
        return p

    def shown(self, *args):
        """What a dry run prints: the XML, and the name of the task."""
        out = self.install(*args, "/dryrun").out
        xml, _, command = out.partition("schtasks /create")
        return xml, re.search(r'/tn "(.*)" /xml', command)[1]

    def register(self, xml, name="hfcron-tested"):
        self.names.add(name)
        self.desk.register(name, xml)

    def hfcron(self, *args, cwd=None, env=None, expect=0):
        p = self.desk.run(self.desk.windows(self.folder / "hfcron.exe"), *args, env=env,
                          cwd=cwd or self.desk.c)
        p.out, p.err = p.stdout.decode(), p.stderr.decode()
        assert expect is None or p.returncode == expect, (args, p.returncode, p.out, p.err)
        return p

    def doctor(self, *args, **options):
        """What it finds about the schedule: [(level, text)]."""
        p = self.hfcron("--config", self.config, "doctor", "--format", "json", *args,
                        expect=None, **options)
        return [(f["level"], f["text"]) for f in json.loads(p.out)["findings"]
                if f["topic"] == "schedule"]


@pytest.fixture
def unpack(desk):
    made = []

    def make(name):
        made.append(Unpacked(desk, name))
        return made[-1]
    yield make
    for one in made:
        for name in one.names:
            desk.remove(name)
        shutil.rmtree(one.folder)


@pytest.fixture
def here(unpack):
    return unpack("hf ü & x")


# --- the installer with the real program

def test_a_user_installs(desk, here):
    """Everything once wrong, and then right."""
    (here.folder / "models.json").unlink()
    r = here.install("/interactive", expect=2)
    assert "there is no such model list" in r.err and "not installed" in r.err
    here.models({"models": ["org/name"]})
    assert "'/dry-run'" in here.install("/dry-run", expect=2).err
    _, name = here.shown("/interactive")
    here.names.add(name)
    assert not desk.is_registered(name), "a dry run"
    assert "none of" in here.install("/interactive", "/name", "a:b", expect=2).err
    for _ in range(2):
        r = here.install("/interactive")
        assert desk.is_registered(name) and "every 5 minutes" in r.err and r.out == ""
    here.configure("retrys: 1\n")
    assert 'unknown key "retrys"' in here.install("/interactive", expect=2).err
    assert desk.is_registered(name), "an installer that refuses changes nothing"
    assert "removed" in here.install("/uninstall").err
    assert not desk.is_registered(name)
    assert "there is no task" in here.install("/uninstall").err


@pytest.mark.parametrize("name", ODD + (ODD_NATIVE if NATIVE else []))
def test_odd_folders(unpack, name):
    here = unpack(name)
    xml, _ = here.shown()
    assert "hfcron.exe&quot;</Command>" in xml and " run</Arguments>" in xml
    if name.isascii():
        assert xml.count(f"\\{name.replace('&', '&amp;')}\\") == 2


def test_two_percent_signs_are_refused(unpack):
    if NATIVE:
        assert "percent signs" in unpack("50%a%b").install(expect=2).err


def test_system_is_checked_in_its_own_folders(here):
    here.configure('token_file: "~/token"\n')
    r = here.install("/system", "/dryrun", expect=3)
    assert re.search(r"config.systemprofile.token", r.err), r.err
    here.configure()
    assert "with your rights" in here.install("/system", "/dryrun").err


def test_paths_of_a_configuration_are_beside_it(desk, here):
    """Named with backslashes, from another folder: as a task is started."""
    r = here.hfcron("--config", here.config, "check", cwd=desk.c)
    assert "hf ü & x/models.json" in r.out
    r = here.hfcron("check", env={"HFCRON_CONFIG": here.config}, cwd=desk.c)
    assert "hf ü & x/models.json" in r.out


# --- doctor and the Task Scheduler

def test_doctor_without_a_task(here):
    assert here.doctor() == [("warn", "no entry of a scheduler that starts hfcron was found")]
    assert here.doctor("--as-cron")[0][0] == "fail"


def test_doctor_tells_what_is_installed(here):
    xml, _ = here.shown("/every", "20", "/interactive")
    here.register(xml)
    (level, text), = here.doctor()
    assert level == "ok"
    exe = here.desk.windows(here.folder / "hfcron.exe")
    assert text == f'task hfcron-tested: every 20m "{exe}" --config "{here.config}" run'


def test_doctor_tells_what_is_wrong_with_it(here):
    xml, _ = here.shown("/interactive")
    before, settings, after = xml.partition("<Settings>")
    here.register(before + settings + after.replace("<Enabled>true<", "<Enabled>false<"))
    assert here.doctor()[1:] == [("warn", "the task hfcron-tested is switched off")]
    here.register(re.sub(r"(?s)<TimeTrigger>.*</TimeTrigger>", "", xml))
    assert here.doctor()[1:] == [("warn", "the task hfcron-tested has nothing that starts it")]
    here.register(xml.replace("hfcron.exe&quot;</Command>", "old\\hfcron.exe&quot;</Command>"))
    (_, _), (level, text) = here.doctor()
    assert level == "fail" and "there is no program" in text


def test_doctor_sees_several_and_no_others(here):
    xml, _ = here.shown("/interactive")
    here.register(xml)
    here.register(xml.replace("hfcron.exe", "other.exe"), "hfcron-in name only")
    here.register(xml, "another name")
    assert [text.split(":")[0] for _, text in here.doctor()] == ["task another name",
                                                               "task hfcron-tested"]


def test_as_cron_runs_it_as_the_scheduler_does(desk, here):
    xml, _ = here.shown("/interactive")
    here.register(xml)
    found = here.doctor("--as-cron", env={"HF_TOKEN": "hf_x", "https_proxy": "http://127.0.0.1:1"})
    assert ("ok", "it ran there and ended with status 0") in found
    assert ("warn", "the token differs: there none, here HF_TOKEN") in found
    assert ("note", "HF_TOKEN is set in this shell, not there") in found
    assert len([t for _, t in found if t.lower().startswith("https_proxy")]) == 1
    assert not any("configuration" in t or "cannot be told" in t for _, t in found), found
    # One that no longer reads what this shell reads.
    other = here.folder / "other.yaml"
    other.write_text('endpoint: "http://127.0.0.1:8"\n', encoding="utf-8")
    here.register(xml.replace("my hfcron.yaml", "other.yaml"))
    texts = [t for _, t in here.doctor("--as-cron")]
    assert any(t.startswith("the endpoint differs: there http://127.0.0.1:8") for t in texts), texts


def test_as_cron_leaves_that_of_others(here):
    xml, _ = here.shown("/interactive")
    here.register(re.sub("<UserId>.*</UserId>", "<UserId>S-1-5-18</UserId>", xml)
                  .replace("<LogonType>InteractiveToken</LogonType>", ""))
    assert here.doctor("--as-cron")[1:] == [("note", "it is run as S-1-5-18, which you are not")]
