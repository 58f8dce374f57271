"""scripts/install-task.cmd under Wine, and what it gives the Task Scheduler.

Wine's own schtasks keeps a task's settings and forgets who runs what and when, so
what the script hands over is caught by a stand-in for it, and judged by task_schema.
hfcron.exe is a stand-in, too: it writes down how it was called, and ends as told.
"""

import getpass
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

import task_schema
import under_wine
from conftest import need
from hfcron import TOP

SCRIPT = TOP / "scripts/install-task.cmd"
CC = "x86_64-w64-mingw32-gcc"
ODD = "ä b & c^d (é) it's 日本"
STANDIN = r"""
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

static wchar_t name[4096];

static const wchar_t *in_folder(const wchar_t *file)
{
	swprintf(name, 4096, L"%ls\\%ls", _wgetenv(L"STANDIN"), file);
	return name;
}

static int query(void)
{
	FILE *f = _wfopen(in_folder(L"query.txt"), L"rb");
	int c;

	if (!f)
		return fputs("ERROR: there is none\n", stderr), 1;
	while ((c = getc(f)) != EOF)
		putchar(c);
	return 0;
}

int wmain(int argc, wchar_t **argv)
{
	const wchar_t *exit_status = _wgetenv(L"STANDIN_EXIT");
	const wchar_t *token = _wgetenv(L"HF_TOKEN");
	const wchar_t *xml = NULL;
	int scheduler = wcsstr(argv[0], L"schtasks") != NULL;
	FILE *f = _wfopen(in_folder(scheduler ? L"schtasks.log" : L"hfcron.log"), L"ab");
	char text[4096];

	for (int i = 1; i < argc; i++) {
		WideCharToMultiByte(CP_UTF8, 0, argv[i], -1, text, 4096, NULL, NULL);
		fprintf(f, "%s\n", text);
		if (!wcscmp(argv[i - 1], L"/xml"))
			xml = argv[i];
	}
	fprintf(f, "-- token %ls\n", token ? token : L"none");
	fclose(f);
	if (scheduler && !wcscmp(argv[1], L"/query"))
		return query();
	if (exit_status && !scheduler == !_wgetenv(L"STANDIN_SCHEDULER")) {
		fputs("said on stderr\n", stderr);
		puts("said on stdout");
		return _wtoi(exit_status);
	}
	if (scheduler && !wcscmp(argv[1], L"/create"))
		return !CopyFileW(xml, in_folder(L"task.xml"), FALSE);
	return scheduler && query() != 0;
}
"""


class Wine:
    """A prefix of its own, with the stand-ins."""

    def __init__(self, folder):
        self.prefix = folder / "prefix"
        self.c = self.prefix / "drive_c"
        self.tasks = self.c / "windows/system32/tasks"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8",
                    "WINEPREFIX": str(self.prefix), "WINEDEBUG": "-all",
                    "WINEDLLOVERRIDES": "mscoree,mshtml="}
        self.run("wineboot", "--init")
        # What starts before that has ended finds no services.
        subprocess.run(["wineserver", "-w"], env=self.env, timeout=120, check=True)
        source = folder / "standin.c"
        source.write_text(STANDIN)
        self.standin = folder / "standin.exe"
        subprocess.run([CC, "-municode", "-Wall", "-Werror", "-o", self.standin, source],
                       check=True, timeout=60)
        # Taken instead of Wine's own only where WINEDLLOVERRIDES says so.
        schtasks = self.c / "windows/system32/schtasks.exe"
        schtasks.unlink()
        shutil.copy(self.standin, schtasks)

    def run(self, *args, env=None, **options):
        return under_wine.run(["wine", *args], {**self.env, **(env or {})}, **options)

    def stop(self):
        """Ends what runs in this prefix, and nothing else."""
        subprocess.run(["wineserver", "-k"], env=self.env, timeout=60, check=False)


@pytest.fixture(scope="session")
def wine(tmp_path_factory):
    need(shutil.which("wine") and shutil.which("wineserver"), "wine (packages wine and wine64)")
    need(shutil.which(CC), f"{CC} (package gcc-mingw-w64-x86-64-win32)")
    made = Wine(tmp_path_factory.mktemp("wine"))
    yield made
    made.stop()


class Installer:
    """The script in a folder of its own on drive C:, with hfcron.exe beside it."""

    def __init__(self, wine, name):
        self.wine = wine
        self.folder = wine.c / name
        self.folder.mkdir()
        self.windows = f"C:\\{name}"
        shutil.copy(SCRIPT, self.folder)
        shutil.copy(wine.standin, self.folder / "hfcron.exe")
        self.config = self.file("hfcron.yaml")

    def file(self, name):
        (self.folder / name).write_text("\n")
        return f"{self.windows}\\{name}"

    def __call__(self, *args, expect=0, config=True, scheduler="n", env=None):
        """scheduler: "n" is the stand-in, "b" Wine's own."""
        words = [*(["/config", self.config] if config else []), *args]
        # The words come as variables, as a batch file in UTF-8 would be misread.
        env = {**(env or {}), "STANDIN": self.windows,
               "WINEDLLOVERRIDES": f"mscoree,mshtml=;schtasks.exe={scheduler}",
               **{f"WORD_{i}": word for i, word in enumerate(words)},
               "THE_SCRIPT": f"{self.windows}\\install-task.cmd"}
        line = " ".join(f'"%WORD_{i}%"' for i in range(len(words)))
        (self.folder / "caller.cmd").write_text(f'@echo off\n"%THE_SCRIPT%" {line}\n',
                                                newline="\r\n")
        p = self.wine.run("cmd", "/d", "/c", "caller.cmd", env=env, cwd=self.folder)
        # Without a console it is the code page that Windows calls its own.
        p.out, p.err = (s.decode("cp1252", "replace").replace("\r\n", "\n")
                        for s in (p.stdout, p.stderr))
        assert p.returncode == expect, (words, p.returncode, p.out, p.err)
        assert not list(self.wine.c.glob("users/*/Temp/hfcron-task-*")), "left behind"
        return p

    def calls(self, program):
        """How a stand-in was called: a list of lists of words."""
        log = self.folder / f"{program}.log"
        if not log.exists():
            return []
        calls = log.read_text().split("\n-- token ")
        log.unlink()
        return [[w for w in call.split("\n") if w][bool(i):] for i, call in enumerate(calls[:-1])]

    def shown(self, *args, **options):
        """A dry run, which is quicker: the task, and its name."""
        r = self(*args, "/dryrun", **options)
        return (Task(ET.fromstring(r.out[r.out.index("<Task"):r.out.index("schtasks /create")])),
                re.search(r'schtasks /create /tn "(.*)" /xml', r.out)[1])

    def task(self):
        """The file that schtasks was given last, if it is a good one."""
        data = (self.folder / "task.xml").read_bytes()
        assert task_schema.file_faults(data) == []
        return Task(ET.fromstring(data))


class Task:
    def __init__(self, root):
        self.root = root

    def __getitem__(self, path):
        """The text of "Settings/Hidden"; None if there is no such element."""
        return self.root.findtext("".join(f"/{{{task_schema.NAMESPACE}}}{step}"
                                          for step in path.split("/"))[1:])


@pytest.fixture
def install(wine):
    made = Installer(wine, "plain")
    yield made
    shutil.rmtree(made.folder)
    for task in wine.tasks.glob("hfcron*"):
        task.unlink()


@pytest.fixture
def odd_install(wine):
    made = Installer(wine, ODD)
    yield made
    shutil.rmtree(made.folder)
    for task in wine.tasks.glob("hfcron*"):
        task.unlink()


def tasks(wine):
    return {f.name: f.read_bytes() for f in wine.tasks.glob("*")}


ME = getpass.getuser()


# --- with Wine's own scheduler

@pytest.mark.wine
@pytest.mark.parametrize("folder", ["install", "odd_install"])
def test_twice_and_uninstalled(request, wine, folder):
    install = request.getfixturevalue(folder)
    assert tasks(wine) == {}
    r = install("/nobattery", scheduler="b")
    (name, text), = tasks(wine).items()
    assert name == f"hfcron-{ME} {install.config}".replace("\\", "-").replace(":", "")
    assert 'starts hfcron every 5 minutes' in r.err and r.out == ""
    for setting in ("MultipleInstancesPolicy>IgnoreNew", "ExecutionTimeLimit>PT0S",
                    "StartWhenAvailable>true", "DisallowStartIfOnBatteries>true", "Hidden>true"):
        assert f"<{setting}<" in text.decode(), setting
    install("/nobattery", scheduler="b")
    assert tasks(wine) == {name: text}
    install(scheduler="b")
    (again, text), = tasks(wine).items()
    assert again == name and b"<DisallowStartIfOnBatteries>false<" in text
    r = install("/uninstall", "/dryrun", scheduler="b")
    assert tasks(wine) == {name: text} and "schtasks /delete" in r.out
    assert "removed" in install("/uninstall", scheduler="b").err
    assert tasks(wine) == {}
    assert "there is no task" in install("/uninstall", scheduler="b").err
    assert tasks(wine) == {}


@pytest.mark.wine
def test_one_task_per_configuration(install, wine):
    install(scheduler="b")
    first = tasks(wine)
    other = install.file("second.yaml")
    install("/config", other, config=False, scheduler="b")
    assert len(tasks(wine)) == 2 and first.items() <= tasks(wine).items()
    install("/config", other, "/uninstall", config=False, scheduler="b")
    assert tasks(wine) == first
    install("/name", "hfcron mine", scheduler="b")
    assert set(tasks(wine)) == {*first, "hfcron mine"}


# --- what the scheduler is given

VARIANTS = {
    "as you": ([], {"Principals/Principal/LogonType": "S4U"}),
    "interactive": (["/interactive"], {"Principals/Principal/LogonType": "InteractiveToken"}),
    "SYSTEM": (["/system"], {"Principals/Principal/UserId": "S-1-5-18",
                             "Principals/Principal/LogonType": None}),
    "every 30": (["/every", "30"], {"Triggers/TimeTrigger/Repetition/Interval": "PT30M"}),
    "every 60": (["/EVERY", "60"], {"Triggers/TimeTrigger/Repetition/Interval": "PT60M"}),
    "asked for": (["/nobattery", "/network", "/wake"],
                  {"Settings/DisallowStartIfOnBatteries": "true",
                   "Settings/StopIfGoingOnBatteries": "true",
                   "Settings/RunOnlyIfNetworkAvailable": "true", "Settings/WakeToRun": "true"}),
}
ALWAYS = {
    "Settings/MultipleInstancesPolicy": "IgnoreNew", "Settings/ExecutionTimeLimit": "PT0S",
    "Settings/StartWhenAvailable": "true", "Settings/Hidden": "true", "Settings/Enabled": "true",
    "Settings/Priority": "7", "Settings/RunOnlyIfIdle": "false",
    "Settings/DisallowStartIfOnBatteries": "false", "Settings/StopIfGoingOnBatteries": "false",
    "Settings/RunOnlyIfNetworkAvailable": "false", "Settings/WakeToRun": "false",
    "Triggers/TimeTrigger/Enabled": "true", "Triggers/TimeTrigger/Repetition/Interval": "PT5M",
    "Triggers/TimeTrigger/Repetition/Duration": None, "Triggers/TimeTrigger/EndBoundary": None,
    "Principals/Principal/RunLevel": "LeastPrivilege",
    "Actions/Exec/Command": '"C:\\plain\\hfcron.exe"',
    "Actions/Exec/Arguments": '--config "C:\\plain\\hfcron.yaml" run',
}


@pytest.mark.wine
@pytest.mark.parametrize("args,expected", VARIANTS.values(), ids=VARIANTS.keys())
def test_values(install, args, expected):
    install(*args)
    task = install.task()
    for path, value in {**ALWAYS, **expected}.items():
        assert task[path] == value, path
    if "/system" not in args:
        assert task["Principals/Principal/UserId"].endswith(f"\\{ME}")
    create = install.calls("schtasks")[-1]
    assert create[0] == "/create" and create[-1] == "/f"
    who = "SYSTEM" if "/system" in args else ME
    assert create[create.index("/tn") + 1] == f"hfcron-{who} C-plain-hfcron.yaml"
    assert install.calls("hfcron") == [["--config", install.config, "check"]]


@pytest.mark.wine
def test_odd_paths(odd_install):
    config = odd_install.file("mine; 1,2=3.yaml")
    for _ in range(2):
        odd_install("/config", config, config=False)
        task = odd_install.task()
        assert task["Actions/Exec/Command"] == f'"{odd_install.windows}\\hfcron.exe"'
        assert task["Actions/Exec/Arguments"] == f'--config "{config}" run'
        assert odd_install.calls("hfcron") == [["--config", config, "check"]]


@pytest.mark.wine
def test_dry_run_is_what_is_registered(install, wine):
    for args in ([], ["/system", "/every", "20", "/wake"]):
        r = install(*args, "/dryrun")
        shown, _, command = r.out.partition("</Task>\n")
        shown += "</Task>\n"
        assert task_schema.faults(shown) == []
        assert command.startswith('schtasks /create /tn "hfcron-')
        assert r.err == "" or "/system" in args and "with your rights" in r.err
        assert install.calls("schtasks") == [] and not (install.folder / "task.xml").exists()
        install(*args)
        install.calls("schtasks")
        given = (install.folder / "task.xml").read_bytes().decode("utf-16")
        assert given.replace("\r\n", "\n") == shown
        (install.folder / "task.xml").unlink()
    assert tasks(wine) == {}


def start_of(guid, name, every):
    """When a task of that name starts on that machine: minute and second."""
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    total = 0
    for c in name.lower():
        total = (total * 31 + letters.find(c) + 1) % 65521
    return divmod((total + int(guid[:7], 16)) % (every * 60), 60)


@pytest.mark.wine
def test_machines_and_tasks_start_at_their_own_second(install, wine):
    key = "HKLM\\SOFTWARE\\Microsoft\\Cryptography"
    other = install.file("other (2) & more.yaml")
    starts = set()
    for guid, every in (("00000123-aaaa", 5), ("ffffff99-aaaa", 60)):
        wine.run("reg", "add", key, "/v", "MachineGuid", "/d", guid, "/f", check=True)
        for config in (install.config, other):
            task, name = install.shown("/every", str(every), "/config", config, config=False)
            start = task["Triggers/TimeTrigger/StartBoundary"]
            assert start == "2020-01-01T00:%02d:%02d" % start_of(guid, name, every)
            starts.add(start)
    assert len(starts) == 4


# --- what is refused, and what is said

@pytest.mark.wine
@pytest.mark.parametrize("told,status", [("2", 2), ("3", 3), ("70", 1), ("-1073741819", 1)])
def test_failing_check_refuses(install, told, status):
    r = install(expect=status, env={"STANDIN_EXIT": told})
    assert "said on stderr" in r.err and "said on stdout" in r.err
    assert "not installed" in r.err and install.calls("schtasks") == []
    if status == 2:
        assert install("/dryrun", expect=2, env={"STANDIN_EXIT": told}).out == ""


WRONG = {
    "option": (["/evry", "5"], "'/evry'"),
    "dashes": (["--every", "5"], "'--every'"),
    "word": (["x & y"], "'x & y'"),
    "every": (["/every", "7"], "divides"),
    "every a word": (["/every", "5 & 6"], "divides"),
    "no value": (["/every"], "/every needs a value"),
    "an option as value": (["/name", "/system"], "/name needs a value"),
    "program": (["/exe", "C:\\nowhere\\hfcron.exe"], "is no program"),
    "folder as program": (["/exe", "C:\\windows"], "is no program"),
    "batch file as program": (["/exe", "C:\\plain\\caller.cmd"], "is no program"),
    "star": (["/config", "C:\\plain\\*.yaml"], "no path"),
    "both": (["/system", "/interactive"], "exclude each other"),
    "name": (["/name", "a:b"], "the name of a task"),
    "empty": (["", "/dryrun"], "an empty option"),
    "long": (["/config", "C:\\" + "x" * 200], "too long"),
    "long program": (["/exe", "C:\\plain\\" + "x\\..\\" * 60 + "hfcron.exe"], None),
}


@pytest.mark.wine
@pytest.mark.parametrize("args,said", WRONG.values(), ids=WRONG.keys())
def test_wrong_words(install, args, said):
    r = install(*args, expect=2 if said else 0)
    if said:
        assert said in r.err and "install-task: " in r.err and r.out == ""
        assert install.calls("schtasks") == []


@pytest.mark.wine
def test_scheduler_refuses(install):
    no = {"STANDIN_EXIT": "1", "STANDIN_SCHEDULER": "1"}
    r = install(expect=1, env=no)
    assert "said on stderr" in r.err and "Run as administrator" in r.err
    assert "/interactive" in r.err
    assert "/interactive" not in install("/system", expect=1, env=no).err
    (install.folder / "query.txt").write_text("Written by install-task.cmd")
    r = install("/uninstall", expect=1, env=no)
    assert "said on stderr" in r.err and "cannot remove" in r.err


@pytest.mark.wine
def test_task_of_somebody_else_stays(install):
    (install.folder / "query.txt").write_text("<Task><Author>me</Author></Task>\n")
    for args in ([], ["/uninstall"]):
        assert "was not written by" in install(*args, expect=1).err
        assert [c[0] for c in install.calls("schtasks")] == ["/query"]
    (install.folder / "query.txt").write_text("x Written by install-task.cmd; x\n")
    install()
    install("/uninstall")
    assert [c[0] for c in install.calls("schtasks")] == ["/query", "/create", "/query", "/delete"]


@pytest.mark.wine
def test_variables_that_the_task_will_not_have(install, wine):
    secret = "hf_" + "s3cr3t" * 5
    r = install(env={"HF_TOKEN": secret, "HTTPS_PROXY": "http://x"})
    assert "HF_TOKEN is set in this window" in r.err and "HTTPS_PROXY is set" in r.err
    log = (install.folder / "hfcron.log").read_text()
    assert log.endswith("-- token none\n")
    assert secret not in r.err + r.out + (install.folder / "task.xml").read_bytes().decode("utf-16")
    # A task has the variables of the account; SYSTEM only those of the machine.
    for key, args in (("HKCU\\Environment", []),
                      ("HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment",
                       ["/system"])):
        wine.run("reg", "add", key, "/v", "HF_TOKEN", "/d", secret, "/f", check=True)
        try:
            assert "HF_TOKEN" not in install(*args).err
            log = (install.folder / "hfcron.log").read_text()
            assert log.endswith(f"-- token {secret}\n")
            if not args:
                assert "HF_TOKEN is set" in install("/system").err
        finally:
            wine.run("reg", "delete", key, "/v", "HF_TOKEN", "/f", check=True)


@pytest.mark.wine
def test_which_configuration(install, wine):
    roaming = next(p for p in wine.c.glob("users/*/AppData/Roaming") if p.parents[1].name == ME)
    user, machine = roaming / "hfcron", wine.c / "ProgramData/hfcron"
    mine = f"C:\\users\\{ME}\\AppData\\Roaming\\hfcron\\hfcron.yaml"
    ours = "C:\\ProgramData\\hfcron\\hfcron.yaml"
    named = install.config

    def asked_for(*args, **options):
        task, name = install.shown(*args, config=False, **options)
        return task["Actions/Exec/Arguments"], name
    try:
        assert asked_for() == ("run", f"hfcron-{ME}")
        assert "/system needs /config" in install("/system", config=False, expect=2).err
        machine.mkdir()
        (machine / "hfcron.yaml").touch()
        assert asked_for() == (f'--config "{ours}" run', f"hfcron-{ME}")
        user.mkdir()
        (user / "hfcron.yaml").touch()
        assert asked_for() == (f'--config "{mine}" run', f"hfcron-{ME}")
        assert asked_for("/system") == (f'--config "{ours}" run', "hfcron-SYSTEM")
        assert asked_for(env={"HFCRON_CONFIG": named})[0] == f'--config "{named}" run'
        assert asked_for("/config", "hfcron.yaml")[0] == f'--config "{named}" run'
    finally:
        for folder in (user, machine):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.wine
def test_which_program(install):
    elsewhere = install.folder / "else where"
    elsewhere.mkdir()
    shutil.move(install.folder / "hfcron.exe", elsewhere)
    assert "there is no hfcron.exe" in install(expect=2).err
    path = f"{install.windows}\\else where"
    for task, _ in (install.shown(env={"WINEPATH": path}),
                    install.shown("/exe", "else where\\hfcron.exe")):
        assert task["Actions/Exec/Command"] == f'"{path}\\hfcron.exe"'


@pytest.mark.wine
def test_help(install):
    for word in ("/?", "/help"):
        r = install(word, config=False)
        known = set(re.findall(r"^  (/[a-z]+) ", r.out, re.M))
        assert known >= {"/every", "/config", "/exe", "/name", "/nobattery", "/network", "/wake",
                         "/dryrun", "/uninstall"}
    assert "/interactive" in r.out and "/system" in r.out
    assert "/HELP" not in r.out, "the help of a command of cmd's"


# --- the script as a file, and the judge: without Wine

def test_line_ends():
    data = SCRIPT.read_bytes()
    assert data.isascii() and data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r") > 100


GOOD = """<?xml version="1.0" encoding="UTF-16"?>\r
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Author>x</Author></RegistrationInfo>
  <Triggers><TimeTrigger><Enabled>true</Enabled>
    <StartBoundary>2020-01-01T00:03:05</StartBoundary>
    <Repetition><Interval>PT5M</Interval></Repetition></TimeTrigger></Triggers>
  <Principals><Principal id="Author"><UserId>S-1-5-18</UserId></Principal></Principals>
  <Settings><Hidden>true</Hidden><Priority>7</Priority><ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy></Settings>
  <Actions Context="Author"><Exec><Command>a.exe</Command></Exec></Actions>
</Task>
"""
PLANTED = [
    ("</Task>", "", "no XML"),
    ("a.exe", "a & b.exe", "no XML"),
    ("2004/02", "2004/03", "outermost element"),
    ('version="1.2"', 'version="2"', "version"),
    ('version="1.2"', 'verzion="1.2"', "is unknown"),
    ("<Actions", "x<Actions", "a text between"),
    ("<Hidden>true</Hidden>", "<Hidden>yes</Hidden>", "no boolean"),
    ("<Hidden>true</Hidden>", "<Hidden> true </Hidden>", "no boolean"),
    ("<Hidden>true</Hidden>", "<Hiden>true</Hiden>", "unknown element Hiden"),
    ("<Hidden>true</Hidden>", "<Hidden>true</Hidden>" * 2, "more than once"),
    ("<Hidden>true</Hidden>", "<Hidden><a/></Hidden>", "more than a text"),
    ("<Hidden>true</Hidden>", "<Hidden xmlns=''>true</Hidden>", "another namespace"),
    ("<Hidden>true</Hidden>", "<UseUnifiedSchedulingEngine>true</UseUnifiedSchedulingEngine>",
     "needs version 1.3"),
    ("<Priority>7<", "<Priority>11<", "no number from 0 to 10"),
    ("<Priority>7<", "<Priority>low<", "no number"),
    ("PT0S", "0", "no duration"),
    ("PT0S", "PT", "no duration"),
    ("PT0S", "P", "no duration"),
    ("PT0S", "PT5", "no duration"),
    ("PT5M", "PT30S", "not between 60"),
    ("PT5M", "P32D", "not between 60"),
    ("PT5M", "P5M", "not between 60"),
    ("<Interval>PT5M</Interval>", "<Duration>PT5M</Duration>", "lacks Interval"),
    ("<Interval>PT5M</Interval>", "<Interval>PT5M</Interval><Duration>PT4M</Duration>",
     "before its first interval"),
    ("IgnoreNew", "Ignore", "none of Parallel"),
    ("2020-01-01T00:03:05", "2020-01-01 00:03:05", "no date"),
    ("2020-01-01T00:03:05", "2020-02-30T00:03:05", "no date"),
    ("<StartBoundary>2020-01-01T00:03:05</StartBoundary>", "", "lacks StartBoundary"),
    ("<Enabled>true</Enabled>", "<Repetition><Interval>PT1H</Interval></Repetition>", "more than once"),
    ("<Enabled>true</Enabled>", "<RandomDelay>PT1M</RandomDelay>", "wrong order"),
    ("TimeTrigger>", "MinuteTrigger>", "unknown element MinuteTrigger"),
    ("<UserId>S-1-5-18</UserId>", "", "either a UserId or a GroupId"),
    ("<UserId>S-1-5-18</UserId>", "<UserId></UserId>", "long"),
    ("</UserId>", "</UserId><LogonType>Service</LogonType>", "none of S4U"),
    ("</UserId>", "</UserId><RunLevel>Low</RunLevel>", "none of LeastPrivilege"),
    ("</UserId>", "</UserId><GroupId>x</GroupId>", "either a UserId or a GroupId"),
    ('Context="Author"', 'Context="author"', "id of no principal"),
    ("<Command>a.exe</Command>", "", "lacks Command"),
    ("<Command>a.exe</Command>", "<Command></Command>", "long"),
    ("a.exe", "a" * 261, "long"),
    ("<Exec><Command>a.exe</Command></Exec>", "", "lacks Exec"),
    ("<Exec>", "<Exec><Arguments>x</Arguments><Shell>x</Shell>", "unknown element Shell"),
]


@pytest.mark.parametrize("old,new,said", PLANTED)
def test_the_judge_finds_what_is_planted(old, new, said):
    assert task_schema.faults(GOOD) == []
    assert old in GOOD
    found = task_schema.faults(GOOD.replace(old, new))
    assert any(said in fault for fault in found), found


def test_the_judge_looks_at_the_order():
    parts = re.search(r"(  <RegistrationInfo>.*\n)(  <Triggers>(?:.*\n)*?)(  <Principals>.*\n)", GOOD)
    for order in ((2, 1, 3), (1, 3, 2), (3, 1, 2)):
        turned = GOOD.replace(parts[0], "".join(parts[i] for i in order))
        assert turned != GOOD
        assert any("wrong order" in fault for fault in task_schema.faults(turned)), order


def test_the_judge_looks_at_the_encoding():
    assert task_schema.file_faults(GOOD.encode("utf-16")) == []
    for data in (GOOD.encode(), GOOD.encode("utf-8-sig"), GOOD.encode("utf-16-le"),
                 GOOD.encode("utf-16-be"), GOOD.replace("UTF-16", "UTF-8").encode("utf-16"),
                 GOOD.encode("utf-16")[:-1], b"\xff\xfe" + GOOD.encode()):
        assert len(task_schema.file_faults(data)) > 0, data[:80]
