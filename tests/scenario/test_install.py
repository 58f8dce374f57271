"""scripts/install-*: what they write, what they leave alone, what they refuse."""

import os
import pathlib
import plistlib
import pwd
import re
import shutil
import subprocess
import tempfile

import pytest

from conftest import need
from fakehub import Generated, Lfs
from hfcron import TOP

pytestmark = pytest.mark.unix("the schedulers of Unix")

SCRIPTS = TOP / "scripts"
ME = pwd.getpwuid(os.geteuid()).pw_name
ODD = "it's 100% \"odd\" é $ $$ $nix `x` & <b>;#"
FAKE_CRONTAB = """#!/bin/sh
[ "$1" != -u ] || shift 2
case $1 in
-l) [ -f "$CRONTAB" ] || { echo "no crontab for me" >&2; exit 1; }; cat "$CRONTAB" ;;
-r) rm "$CRONTAB" ;;
-) cat >"$CRONTAB.new" && mv "$CRONTAB.new" "$CRONTAB" ;;
*) exit 2 ;;
esac
"""


class Installer:
    """The scripts, with a crontab that is a file of the test's."""

    def __init__(self, hf, tmp_path):
        self.hf = hf
        self.bin = tmp_path / "fake bin"
        self.bin.mkdir()
        self.crontab = tmp_path / "crontab.txt"
        (self.bin / "crontab").write_text(FAKE_CRONTAB)
        (self.bin / "crontab").chmod(0o755)
        self.root = tmp_path / "root"
        self.env = {"HOME": str(hf.home), "PATH": f"{self.bin}:/usr/bin:/bin:/usr/sbin:/sbin",
                    "CRONTAB": str(self.crontab),
                    # This machine's own managers hear nothing of it.
                    "XDG_RUNTIME_DIR": str(tmp_path)}

    def __call__(self, script, *args, expect=0, config=True, env=None):
        words = [SCRIPTS / script, *args]
        if config is True:
            config = self.hf.yaml_file
        if config:
            words[1:1] = ["--config", config, "--hfcron", self.hf.binary]
        p = subprocess.run(words, env={**self.env, **(env or {})}, capture_output=True,
                           stdin=subprocess.DEVNULL, timeout=60, cwd=self.hf.home)
        p.out, p.err = p.stdout.decode(), p.stderr.decode(errors="replace")
        assert p.returncode == expect, (p.args, p.returncode, p.out, p.err)
        return p

    def files(self):
        return {str(f.relative_to(self.root)): f.read_bytes()
                for f in self.root.rglob("*") if f.is_file() or f.is_symlink()}


@pytest.fixture
def install(hf, tmp_path):
    hf.models("org/name")
    return Installer(hf, tmp_path)


def with_odd_paths(install, hf):
    folder = hf.root / ODD
    folder.mkdir()
    program = folder / "hfcron"
    shutil.copy(hf.binary, program)
    shutil.copy(hf.yaml_file, folder / "hfcron.yaml")
    shutil.copy(hf.models_file, folder / "models.json")
    return ["--hfcron", program, "--config", folder / "hfcron.yaml"], folder


OTHERS = {
    "nothing": None,
    "empty": b"",
    "lines": b"# mine\nMAILTO=me@example.org\n0 3 * * * /usr/bin/true 100\\% # hfcron:\n",
    "no end": b"0 3 * * * /usr/bin/true",
    "crlf": b"0 3 * * * /usr/bin/true\r\n\r\n# x\r\n",
    "bytes": b"0 3 * * * echo '\xe9\xff\x81\x88 \\n \\\\'  \n\n\n",
    "like ours": b"# 3-59/5 * * * * hfcron run # hfcron:default\n"
                 b"0 3 * * * hfcron run # hfcron:12345\n0 4 * * * echo x # hfcron:default x\n",
}


@pytest.mark.parametrize("before", OTHERS.values(), ids=OTHERS.keys())
def test_crontab_twice_and_uninstalled(install, before):
    if before is not None:
        install.crontab.write_bytes(before)
    install("install-cron", "--user")
    after = install.crontab.read_bytes()
    assert after.startswith(before or b"")
    new = after[len(before or b""):].decode().strip().split("\n")
    assert len(new) == 1 and f"{install.hf.binary} --config {install.hf.yaml_file} run" in new[0]
    r = install("install-cron", "--user")
    assert install.crontab.read_bytes() == after and "as it should be" in r.err
    install("install-cron", "--user", "--uninstall")
    if before:
        assert install.crontab.read_bytes() == before
    else:
        assert not install.crontab.exists()
    install("install-cron", "--user", "--uninstall")


def test_crontab_lines_after_ours_stay(install):
    install.crontab.write_bytes(b"0 3 * * * a")
    install("install-cron", "--user")
    install.crontab.write_bytes(install.crontab.read_bytes() + b"0 4 * * * b")
    install("install-cron", "--user", "--every", "30")
    lines = install.crontab.read_bytes().split(b"\n")
    assert lines[0] == b"0 3 * * * a" and b"-59/30 * * * *" in lines[1] and lines[2] == b"0 4 * * * b"
    install("install-cron", "--user", "--uninstall")
    assert install.crontab.read_bytes() == b"0 3 * * * a\n0 4 * * * b"


def test_crontab_that_cannot_be_read_is_not_replaced(install):
    (install.bin / "crontab").write_text("#!/bin/sh\necho 'you are not allowed' >&2; exit 1\n")
    assert "not allowed" in install("install-cron", "--user", expect=1).err


def test_one_entry_per_configuration(install, hf):
    other = hf.root / "second.yaml"
    shutil.copy(hf.yaml_file, other)
    shutil.copy(hf.models_file, hf.root / "models.json")
    install("install-cron", "--user")
    first = install.crontab.read_bytes()
    install("install-cron", "--user", config=other)
    assert install.crontab.read_bytes().count(b"\n") == 2
    install("install-cron", "--user", "--uninstall", config=other)
    assert install.crontab.read_bytes() == first


def test_dry_run_is_what_is_written(install):
    install.crontab.write_bytes(b"0 3 * * * a\n")
    r = install("install-cron", "--user", "--dry-run")
    assert install.crontab.read_bytes() == b"0 3 * * * a\n"
    install("install-cron", "--user")
    assert install.crontab.read_bytes() == r.stdout
    install("install-cron", "--user", "--dry-run", "--uninstall")
    assert install.crontab.read_bytes() == r.stdout


def test_odd_paths_reach_the_program(install, hf, hub):
    hub.add_repo("org/name", {"a": "1"})
    options, folder = with_odd_paths(install, hf)
    install("install-cron", "--user", *options, config=None)
    line = install.crontab.read_text().split(" ", 5)[5]
    assert "%" not in line.replace("\\%", "")
    command = line.replace("\\%", "%")      # as cron does
    p = subprocess.run(["/bin/sh", "-c", command.replace(" run ", " check ")],
                       env={"PATH": "/usr/bin:/bin", "HOME": "/"}, capture_output=True)
    assert p.returncode == 0, p
    assert f"configuration: {folder}/hfcron.yaml" in p.stdout.decode()


def test_doctor_runs_what_was_installed(install, hf, hub):
    repo = hub.add_repo("org/name", {"a": "1"})
    hf.configure(schedules={"often": {"every": "1h"}}, default_schedule="often")
    options, folder = with_odd_paths(install, hf)
    install("install-cron", "--user", *options, config=None)
    r = hf.run("--config", folder / "hfcron.yaml", "doctor", "--as-cron", "--format", "json",
               env=install.env, expect=0)
    said = [f["text"] for f in r.json["findings"] if f["topic"] == "schedule"]
    assert any("ran there and ended with status 0" in text for text in said), said
    assert not any("differs" in text for text in said), said
    assert (hf.cache / repo.folder / "refs/main").exists(), "it was a real run"


def test_broken_configuration_is_refused(install, hf):
    hf.yaml_file.write_text("retrys: 1\n")
    r = install("install-cron", "--user", expect=2)
    assert "hfcron.yaml:1:1" in r.err and "not installed" in r.err
    assert not install.crontab.exists()


def test_wrong_words(install):
    for args, said in ((["--usr"], '"--usr"'), (["--user", "--every", "7"], "divides"),
                       (["--user", "--config"], "needs a value"),
                       (["--user", "--hfcron", "/nowhere"], "no program"),
                       (["--user", "--token-file", "x"], "install-systemd"),
                       (["--user", "--run-as", "me"], "--system"),
                       (["--system", "--root", "r", "--run-as", "a;b"], "no name of a user")):
        assert said in install("install-cron", *args, expect=2, config="--config" not in args).err
    assert not install.crontab.exists()


def test_variables_that_cron_will_not_have(install):
    secret = "hf_" + "s3cr3t" * 5
    r = install("install-cron", "--user", env={"HF_TOKEN": secret, "HF_HOME": "/x"})
    assert "HF_TOKEN is set in this shell" in r.err and "token_file" in r.err
    assert "HF_HOME is set in this shell" in r.err
    assert secret not in r.err + r.out + install.crontab.read_text()


def test_cron_d(install):
    args = ["install-cron", "--system", "--root", install.root, "--run-as", ME]
    shown = install(*args, "--dry-run")
    assert not install.root.exists()
    install(*args)
    (name, text), = install.files().items()
    assert name.startswith("etc/cron.d/hfcron-") and "." not in pathlib.Path(name).name
    assert shown.stdout.endswith(text) and f" * * * * {ME} ".encode() in text
    r = install(*args)
    assert "as it should be" in r.err and install.files() == {name: text}
    install(*args, "--uninstall")
    assert install.files() == {}


def test_file_of_somebody_else_stays(install):
    args = ["install-cron", "--system", "--root", install.root, "--run-as", ME]
    install(*args)
    name = install.root / next(iter(install.files()))
    name.write_text("* * * * * root mine\n")
    assert "was not written by" in install(*args, expect=1).err
    install(*args, "--uninstall")
    assert name.read_text() == "* * * * * root mine\n"


# --- systemd

def system_units(install, *args, **options):
    return install("install-systemd", "--system", "--root", install.root, "--run-as", ME, *args,
                   **options)


def units(install):
    """{"service": text, "timer": text} and where they are."""
    found = {pathlib.Path(n).suffix[1:]: t.decode() for n, t in install.files().items()}
    assert set(found) == {"service", "timer"}, found
    folder = install.root / "etc/systemd/system"
    return found, sorted(folder.iterdir())


def analyze(*args):
    need(shutil.which("systemd-analyze"), "systemd-analyze (package systemd)")
    with tempfile.TemporaryDirectory() as folder:
        p = subprocess.run(["systemd-analyze", *args], capture_output=True, timeout=60,
                           env={"PATH": os.environ["PATH"], "SYSTEMD_LOG_LEVEL": "warning",
                                "HOME": folder, "XDG_RUNTIME_DIR": folder})
    return p.returncode, (p.stdout + p.stderr).decode()


def test_units_twice_and_uninstalled(install):
    shown = system_units(install, "--dry-run")
    assert not install.root.exists()
    system_units(install)
    before = install.files()
    assert all(text in shown.stdout for text in before.values())
    r = system_units(install)
    assert r.err.count("as it should be") == 2 and install.files() == before
    wants = install.root / "etc/systemd/system/timers.target.wants"
    wants.mkdir()
    timer = next(n for n in before if n.endswith(".timer"))
    (wants / pathlib.Path(timer).name).symlink_to(install.root / timer)
    system_units(install, "--uninstall", "--dry-run")
    assert (wants / pathlib.Path(timer).name).is_symlink() and before.items() <= install.files().items()
    system_units(install, "--uninstall")
    assert not [f for f in install.root.rglob("*") if not f.is_dir()]


def test_units_are_what_systemd_takes(install, hf):
    options, folder = with_odd_paths(install, hf)
    assert "quote" in system_units(install, *options, config=None, expect=2).err
    # Of a program it takes less than of an argument.
    plain = hf.root / "100% é $ $$ $nix & #"
    plain.mkdir()
    program = pathlib.Path(shutil.copy(hf.binary, plain / "hfcron"))
    options[1] = program
    for args in ([], ["--every", "60"], ["--token-file", "/etc/a b/100%"]):
        system_units(install, *options, *args, config=None)
        text, paths = units(install)
        assert analyze("verify", "--man=no", *paths) == (0, "")
    assert "LoadCredential=token:/etc/a b/100%%\n" in text["service"]
    assert "Environment=HF_TOKEN_PATH=%d/token\n" in text["service"]
    # systemd reads the path as it is meant: without the program it complains.
    program.rename(plain / "gone")
    status, said = analyze("verify", "--man=no", *paths)
    assert status != 0 and f"{program} is not executable" in said


def test_service_is_hardened_and_may_write_its_folders(install, hf):
    hf.models({"name": "org/name", "local_dir": str(hf.root / "real files")})
    system_units(install)
    text, paths = units(install)
    service = text["service"].split("\n")
    for setting in ("Type=oneshot", "SuccessExitStatus=1 SIGTERM", "TimeoutStartSec=infinity",
                    f"User={ME}", "ProtectSystem=strict", "After=network-online.target",
                    f'ReadWritePaths="{hf.root}/real files"', f'ReadWritePaths="{hf.cache}"',
                    f'ReadWritePaths="{hf.state}"'):
        assert setting in service, setting
    assert "PrivateTmp=yes" not in service or not str(hf.root).startswith("/tmp")
    for setting in ("Persistent=true", "OnCalendar=*:0/5", "RandomizedDelaySec=300"):
        assert setting in text["timer"].split("\n"), setting
    status, said = analyze("security", "--offline=true", paths[0])
    level = float(re.search(r"exposure level for .*: ([0-9.]+)", said)[1])
    assert level < 3, said


def allowed_calls(name):
    """The system calls of one of systemd's sets."""
    status, text = analyze("syscall-filter", name)
    assert status == 0, text
    words = {line.strip() for line in text.split("\n")[1:] if line.strip() and "#" not in line}
    return {w for w in words if w[0] != "@"}.union(*(allowed_calls(w) for w in words if w[0] == "@"))


@pytest.mark.plain
def test_service_lets_a_run_work(install, hf, hub):
    """What a run really does, beside what the service allows."""
    need(shutil.which("strace"), "strace")
    repo = hub.add_repo("org/name", {"a": "1", "w": Lfs(Generated(1, 40_000_000))})
    hf.models("org/name", {"name": "org/name", "local_dir": str(hf.root / "real files")})
    system_units(install)
    service = units(install)[0]["service"]
    for folder in (hf.cache, hf.state, hf.root / "real files"):
        folder.mkdir(exist_ok=True)
    trace = install.root / "trace"
    p = subprocess.run(["strace", "-f", "-s", "4096", "-o", trace, hf.binary, "--config",
                        hf.yaml_file, "run", "--all"], capture_output=True, timeout=60,
                       env={"PATH": "/usr/bin:/bin", "HOME": str(hf.home)})
    assert p.returncode == 0 and (hf.cache / repo.folder / "refs/main").exists(), p
    lines = trace.read_text(errors="replace").split("\n")
    calls = {m[1]: line for line in lines if (m := re.match(r"\d+ +(\w+)\(", line))}
    allowed = allowed_calls("@system-service") | allowed_calls("@default")
    assert "SystemCallFilter=@system-service\n" in service
    assert {c: calls[c] for c in calls.keys() - allowed} == {}
    assert "MemoryDenyWriteExecute=yes\n" in service
    assert not [line for line in lines if re.search(r"PROT_WRITE\|PROT_EXEC", line)]
    families = set(re.search(r"\nRestrictAddressFamilies=(.*)\n", service)[1].split())
    assert {m[1] for line in lines if (m := re.search(r" socket\((\w+)", line))} <= families
    # Every path that was written to is below one that may be.
    mine = tuple(re.findall(r'\nReadWritePaths="(.*)"', service))
    write = re.compile(r'\d+ +(?:open\w*\((?:AT_FDCWD, )?"(/[^"]*)".*O_(?:WRONLY|RDWR|CREAT)'
                       r'|(?:mkdir|rename|unlink|symlink)\("(/[^"]*)")')
    wrote = [m[1] or m[2] for line in lines
             if "EEXIST" not in line and (m := write.match(line))]
    assert len(wrote) > 10 and [w for w in wrote if not w.startswith(mine)] == []


def test_units_of_a_user(install, hf):
    r = install("install-systemd", "--user")
    folder = hf.home / ".config/systemd/user"
    files = sorted(folder.iterdir())
    assert [f.suffix for f in files] == [".service", ".timer"]
    assert "User=" not in files[0].read_text() and "network-online" not in files[0].read_text()
    assert "systemctl --user enable --now" in r.err
    assert analyze("verify", "--man=no", "--user", *files) == (0, "")
    assert hf.state.stat().st_mode & 0o777 == 0o700 and hf.cache.is_dir()
    # doctor finds it.
    assert f"{files[0]}:" in hf.run("doctor", expect=None).out
    install("install-systemd", "--user", "--uninstall")
    assert list(folder.iterdir()) == []


def test_units_refuse(install, hf):
    system_units(install, "--every", "0", expect=2)
    install("install-systemd", "--user", "--token-file", "/x", expect=2)
    hf.yaml_file.write_text("retrys: 1\n")
    assert "hfcron.yaml:1:1" in system_units(install, expect=2).err
    assert not install.root.exists()


# --- launchd

def launch_daemon(install, *args, **options):
    return install("install-launchd", "--system", "--root", install.root, "--run-as", ME, *args,
                   **options)


def test_property_list_twice_and_uninstalled(install, hf):
    shown = launch_daemon(install, "--dry-run")
    assert not install.root.exists()
    launch_daemon(install)
    (name, text), = install.files().items()
    assert shown.stdout.endswith(text)
    assert pathlib.Path(name).parent == pathlib.Path("Library/LaunchDaemons")
    plist = plistlib.loads(text)
    assert pathlib.Path(name).name == plist["Label"] + ".plist"
    assert plist["ProgramArguments"] == [hf.binary, "--config", str(hf.yaml_file), "run"]
    assert plist["StartInterval"] == 300 and plist["UserName"] == ME
    assert plist["LowPriorityIO"] is True and plist["ProcessType"] == "Background"
    assert plist["StandardErrorPath"] == f"{hf.state}/launchd.log"
    launch_daemon(install)
    assert install.files() == {name: text}
    launch_daemon(install, "--every", "30")
    assert plistlib.loads(install.files()[name])["StartInterval"] == 1800
    launch_daemon(install, "--uninstall")
    assert install.files() == {}


def test_property_list_of_a_user_with_odd_paths(install, hf):
    options, folder = with_odd_paths(install, hf)
    asked = install.hf.root / "launchctl.txt"
    launchctl = install.bin / "launchctl"
    launchctl.write_text(f'#!/bin/sh\necho "$@" >>"{asked}"\n')
    launchctl.chmod(0o755)
    install("install-launchd", "--user", *options, config=None)
    file, = (hf.home / "Library/LaunchAgents").iterdir()
    plist = plistlib.loads(file.read_bytes())
    assert plist["ProgramArguments"] == [f"{folder}/hfcron", "--config", f"{folder}/hfcron.yaml", "run"]
    assert "UserName" not in plist
    assert f"bootstrap gui/{os.geteuid()} {file}\n" in asked.read_text()
    install("install-launchd", "--user", "--uninstall", *options, config=None)
    assert not file.exists()
    assert asked.read_text().endswith(f"bootout gui/{os.geteuid()}/{plist['Label']}\n")


def test_property_list_refuses(install, hf):
    odd = os.fsencode(hf.root) + b"/\xe9"
    os.mkdir(odd)
    shutil.copy(hf.yaml_file, odd + b"/hfcron.yaml")
    shutil.copy(hf.models_file, odd + b"/models.json")
    r = launch_daemon(install, "--hfcron", hf.binary, "--config", odd + b"/hfcron.yaml", config=None,
                      expect=2)
    assert "not UTF-8" in r.err
    hf.yaml_file.write_text("retrys: 1\n")
    assert "hfcron.yaml:1:1" in launch_daemon(install, expect=2).err
    assert not install.root.exists()
