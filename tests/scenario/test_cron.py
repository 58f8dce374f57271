"""A real crontab line of a user who is not root, run by the real cron daemon."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import time

import pytest

import checks
from conftest import need
from fakehub import Generated, Lfs
from hfcron import FAKETIME, Hfcron, TOP

pytestmark = pytest.mark.cron


@pytest.fixture
def user():
    need(os.geteuid() == 0, "root, to add a user and to run cron")
    need(shutil.which("cron") and shutil.which("crontab") and shutil.which("useradd"),
         "the packages cron and passwd")
    name = f"hfcron{os.getpid()}"
    # pytest's own folders are closed to other users.
    home = pathlib.Path(tempfile.mkdtemp(prefix="hfcron-cron-", dir="/tmp"))
    home.chmod(0o755)
    subprocess.run(["useradd", "--no-create-home", "--home-dir", home / "hf/home",
                    "--shell", "/bin/sh", name], check=True)
    yield pwd.getpwnam(name), home
    subprocess.run(["crontab", "-r", "-u", name], check=False, capture_output=True)
    subprocess.run(["userdel", "-f", name], check=False, capture_output=True)
    shutil.rmtree(home)


@pytest.fixture
def cron(tmp_path):
    """cron in the foreground, its minutes six times as fast where possible."""
    env = dict(os.environ)
    if FAKETIME:
        # Preloaded into cron itself; the lines below see the real time.
        env.update(LD_PRELOAD=FAKETIME, FAKETIME="+0 x20")
    with open(tmp_path / "cron.log", "w+b") as log:
        p = subprocess.Popen(["cron", "-f", "-L", "15"], env=env, stdout=log, stderr=log,
                             stdin=subprocess.DEVNULL)
        time.sleep(0.5)
        log.seek(0)
        need(p.poll() is None, f"that cron can be started here: {log.read().decode()}")
        yield p
        p.terminate()
        p.wait()


def test_crontab_line(hub, new_hf, user, cron):
    account, home = user
    repo = hub.add_repo("org/name", {"config.json": "{}\n", "w.bin": Lfs(Generated(1, 3_000_000))})
    hf = Hfcron(home / "hf", hub.endpoint)
    program = shutil.copy(new_hf("x").binary, home / "hfcron")
    hf.models("org/name")
    mail = home / "hf/mail"
    subprocess.run(["chown", "-R", account.pw_name, home / "hf"], check=True)
    # As a user would write it; what cron would mail goes to a file.
    line = (f"* * * * * env -u LD_PRELOAD -u FAKETIME {program} run >>{mail} 2>&1 "
            f"; echo $? >>{home}/hf/codes\n")
    subprocess.run(["crontab", "-u", account.pw_name, "-"], input=line.encode(), check=True)
    codes = home / "hf/codes"
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        if codes.exists() and len(codes.read_text().split()) >= 2:
            break
        time.sleep(0.2)
    assert codes.exists(), "cron did not run the line"
    assert set(codes.read_text().split()) == {"0"}
    assert mail.read_text() == "", "no mail from a job that goes well"
    checks.check_complete(hf.cache, repo)
    blob = hf.cache / repo.folder / "blobs" / repo.files()["w.bin"].etag
    assert blob.stat().st_uid == account.pw_uid
    assert hub.file_bytes == repo.blob_bytes(), "the second minute had nothing to do"


def crontab(name, *args, **options):
    return subprocess.run(["crontab", "-u", name, *args], capture_output=True, **options)


def test_a_job_that_spans_several_ticks(hub, new_hf, user, cron):
    """One run works for as long as it takes; those that come meanwhile leave at once."""
    need(FAKETIME, "faketime: a minute of cron's in three seconds")
    account, home = user
    # Twelve seconds: four of cron's minutes.
    repo = hub.add_repo("org/name", {"w.bin": Lfs(Generated(1, 3_000_000))})
    hf = Hfcron(home / "hf", hub.endpoint)
    hf.configure(transfer={"bandwidth": "250kB/s"})
    program = shutil.copy(new_hf("x").binary, home / "hfcron")
    hf.models("org/name")
    tick = home / "hf/tick"
    tick.write_text("#!/bin/sh\nunset LD_PRELOAD FAKETIME\nbegan=$(date +%s%N)\n"
                    f"{program} run >>{home}/hf/mail 2>&1\n"
                    f"echo $? $began $(date +%s%N) >>{home}/hf/calls\n")
    tick.chmod(0o755)
    subprocess.run(["chown", "-R", account.pw_name, home / "hf"], check=True)
    assert crontab(account.pw_name, "-", input=f"* * * * * {tick}\n".encode()).returncode == 0
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and not (hf.cache / repo.folder / "refs/main").exists():
        time.sleep(0.1)
    checks.check_complete(hf.cache, repo)
    time.sleep(1)  # the run itself has to write its line
    crontab(account.pw_name, "-r")
    calls = [tuple(map(int, line.split())) for line in
             (home / "hf/calls").read_text().splitlines()]
    assert {code for code, _, _ in calls} == {0}
    assert (home / "hf/mail").read_text() == "", "no mail: that another one works is no trouble"
    at_work = max(calls, key=lambda c: c[2] - c[1])
    meanwhile = [c for c in calls if at_work[1] < c[1] and c[2] < at_work[2]]
    assert len(meanwhile) >= 2, calls
    assert all(end - begin < 2e9 for _, begin, end in meanwhile), calls
    assert hub.file_bytes == repo.blob_bytes()
    assert len(hub.requests(path="*/revision/*")) == 1


def test_installed_line(hub, new_hf, user, cron):
    """install-cron --user NAME: with other people's lines, run, and away again."""
    account, home = user
    name = account.pw_name
    repo = hub.add_repo("org/name", {"config.json": "{}\n"})
    hf = Hfcron(home / "it's 100% hf", hub.endpoint)
    program = shutil.copy(new_hf("x").binary, hf.root / "hfcron")
    hf.models("org/name", defaults={"schedule": "hourly"})
    subprocess.run(["chown", "-R", name, hf.root], check=True)
    # Real seconds for the program.
    before = (b"# mine \xe9\nMAILTO=\"\"\nLD_PRELOAD=\"\"\nFAKETIME=\"\"\n"
              b"0 0 1 1 * /usr/bin/printf 100\\%\n")
    assert crontab(name, "-", input=before).returncode == 0
    install = [TOP / "scripts/install-cron", "--user", name, "--every", "1", "--hfcron", program,
               "--config", hf.yaml_file]
    for _ in range(2):
        subprocess.run(install, check=True, timeout=60, env={"PATH": os.environ["PATH"]})
    after = crontab(name, "-l").stdout
    assert after.startswith(before) and after.count(b"\n") == before.count(b"\n") + 1
    # `hourly` is due at the full hour: all of it now, once the line has run.
    text = after.replace(b" run #", b" run --all #")
    assert text != after and crontab(name, "-", input=text).returncode == 0
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline and not (hf.cache / repo.folder / "refs/main").exists():
        time.sleep(0.2)
    checks.check_complete(hf.cache, repo)
    assert (hf.state / "lock").stat().st_uid == account.pw_uid
    subprocess.run([*install, "--uninstall"], check=True, timeout=60,
                   env={"PATH": os.environ["PATH"]})
    assert crontab(name, "-l").stdout == before


def test_installed_in_cron_d(hub, new_hf, user, cron):
    """install-cron --system: cron takes the file, and runs it as whom it says."""
    account, home = user
    hf = Hfcron(home / "100% hf", hub.endpoint)
    program = shutil.copy(new_hf("x").binary, hf.root / "hfcron")
    hf.models("org/name", defaults={"schedule": "weekly"})
    subprocess.run(["chown", "-R", account.pw_name, hf.root], check=True)
    files = set(os.listdir("/etc/cron.d"))
    install = [TOP / "scripts/install-cron", "--system", "--run-as", account.pw_name,
               "--every", "1", "--hfcron", program, "--config", hf.yaml_file]
    try:
        for _ in range(2):
            subprocess.run(install, check=True, timeout=60, env={"PATH": os.environ["PATH"]})
        new, = set(os.listdir("/etc/cron.d")) - files
        assert os.stat(f"/etc/cron.d/{new}").st_mode & 0o777 == 0o644
        deadline = time.monotonic() + 150
        while time.monotonic() < deadline and not (hf.state / "lock").exists():
            time.sleep(0.2)
        assert (hf.state / "lock").stat().st_uid == account.pw_uid
    finally:
        subprocess.run([*install, "--uninstall"], check=True, timeout=60,
                       env={"PATH": os.environ["PATH"]})
    assert set(os.listdir("/etc/cron.d")) == files
