"""doctor: what it sees, what it advises, and the installed entry as its scheduler runs it."""

import time

import pytest

from conftest import need
from fakehub import faults
from hfcron import FAKETIME, WINE


def level(result, topic, containing=""):
    found = [f["level"] for f in result.json["findings"]
             if f["topic"] == topic and containing in f["text"]]
    assert found, f"no finding about {topic} with {containing!r}: {result}"
    return found[0]


def texts(result):
    return "\n".join(f["text"] for f in result.json["findings"])


@pytest.fixture
def crontab(tmp_path, hf):
    """Writes the crontab that `crontab -l` prints."""
    folder = tmp_path / "bin"
    folder.mkdir()
    listed = tmp_path / "crontab.txt"
    program = folder / "crontab"
    program.write_text(f'#!/bin/sh\n[ "$1" = -l ] && [ -f {listed} ] && exec cat {listed}\nexit 1\n')
    program.chmod(0o755)
    hf.env["PATH"] = f"{folder}:/usr/bin:/bin"
    return listed.write_text


def doctor(hf, *args, expect=None, **options):
    return hf.run("doctor", "--format", "json", *args, expect=expect, **options)


def test_all_is_well(hf, hub, crontab):
    hub.add_repo("org/name", {"a": "1"})
    hf.models("org/name")
    hf.run("run")
    crontab(f"*/5 * * * * {hf.binary} run\n")
    r = doctor(hf, expect=0)
    for topic in ("configuration", "clock", "state", "store", "lock", "disk", "endpoint"):
        assert level(r, topic) == "ok", topic
    # A crontab is Unix' alone.
    assert level(r, "schedule") == ("warn" if WINE else "ok")
    text = hf.run("doctor", expect=0).out
    assert "ok   endpoint" in text and hub.endpoint in text


def test_before_the_first_run(hf, hub, crontab):
    hf.models("org/name")
    r = doctor(hf, expect=0)
    assert level(r, "store") == "note"
    assert level(r, "schedule", "no entry") == "warn"
    assert not hf.state.exists() and not hf.cache.exists(), "it only looks"


def test_broken_configuration(hf):
    hf.models("org/name")
    hf.yaml_file.write_text("retrys: 1\n")
    r = hf.run("doctor", expect=2)
    assert "hfcron.yaml:1:1" in r.err and r.out == ""


def test_hub_out_of_reach(hf, crontab):
    hf.models("org/name")
    hf.configure(endpoint="http://127.0.0.1:9")
    r = doctor(hf, expect=3)
    assert level(r, "endpoint") == "fail"


def test_clock_beside_the_hubs(hf, hub, crontab):
    hf.models("org/name")
    need(FAKETIME, "faketime")
    env = hf.fake_time("2027-05-01 12:00:00")
    r = doctor(hf, env=env, expect=3)
    assert level(r, "clock", "before the Hub's") == "fail"


def test_token(hf, hub, crontab):
    hf.models("org/name")
    secret = "hf_" + "s3cr3t" * 5
    assert level(doctor(hf, expect=0), "token") == "note"
    hub.add_token(secret)
    r = doctor(hf, env={"HF_TOKEN": secret}, expect=0)
    assert level(r, "token", "HF_TOKEN") == "warn"
    assert "accepts the token" in texts(r)
    file = hf.home / "token"
    file.write_text(secret)
    file.chmod(0o644)
    hf.configure(token_file=str(file))
    if not WINE:
        assert level(doctor(hf, expect=0), "token", "0644") == "warn"
    file.chmod(0o600)
    assert level(doctor(hf, expect=0), "token", str(file)) == "ok"
    file.write_text("hf_unknown")
    assert level(doctor(hf, expect=3), "token", "does not accept") == "fail"
    file.unlink()
    assert level(doctor(hf, expect=3), "token") == "fail"
    assert all(secret.encode() not in (t if isinstance(t, bytes) else t.encode())
               for t in hf.texts())


def test_no_room(hf, hub, crontab):
    hf.models("org/name")
    hf.configure(storage={"keep_free": "900TB"})
    assert level(doctor(hf, expect=3), "disk") == "fail"


@pytest.mark.unix("modes")
def test_state_open_to_others(hf, hub, crontab):
    hf.models("org/name")
    hf.state.mkdir()
    hf.state.chmod(0o777)
    assert level(doctor(hf, expect=3), "state", "others") == "fail"


def test_run_at_work(hf, hub, crontab):
    hub.add_repo("org/name", {"a": "x" * 1000})
    hub.fault(faults.stall(after=0, seconds=5), path="*/revision/*")
    hf.models("org/name")
    run = hf.start("run")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not (hf.state / "lock").exists():
        time.sleep(0.02)
    r = doctor(hf)
    assert level(r, "lock", f"process {hf.pid_of(run)}") == "note"
    run.kill()


@pytest.mark.unix("a crontab")
def test_as_cron_explains_what_differs(hf, hub, crontab):
    hub.add_repo("org/name", {"a": "1"})
    hf.models("org/name")
    hf.yaml_file.write_text(f"endpoint: {hub.endpoint}\nstorage: {{ keep_free: 1MB }}\n")
    other = hf.root / "other home"
    crontab(f"HF_HOME='{other}'\n# hfcron run\n"
            f"*/5 * * * * {hf.binary} run --all && echo 100\\% there\n")
    r = doctor(hf, "--as-cron", env={"HF_HOME": hf.root / "here", "HF_TOKEN": "hf_x",
                                     "LD_PRELOAD": None}, expect=None)
    assert level(r, "schedule", "crontab:3") == "ok"
    assert level(r, "schedule", "status 0: 100% there") == "ok"
    assert level(r, "schedule", f"cache_dir differs: there {other}/hub") == "warn"
    assert level(r, "schedule", "the token differs: there none, here HF_TOKEN") == "warn"
    assert level(r, "schedule", "HF_TOKEN is set in this shell") == "note"
    assert level(r, "schedule", "HF_HOME has another value there") == "note"
    assert (other / "hub/models--org--name/refs/main").exists(), "it really ran there"


@pytest.mark.unix("a crontab")
def test_as_cron_program_not_found(hf, hub, crontab):
    hf.models("org/name")
    crontab("0 * * * * hfcron run\n")
    r = doctor(hf, "--as-cron", expect=3)
    assert level(r, "schedule", "does not find") == "fail"


def test_as_cron_without_an_entry(hf, hub, crontab):
    hf.models("org/name")
    r = doctor(hf, "--as-cron", expect=3)
    assert level(r, "schedule", "no entry") == "fail"


@pytest.mark.unix("systemd")
def test_unit_of_the_user(hf, hub, crontab):
    hub.add_repo("org/name", {"a": "1"})
    hf.models("org/name")
    units = hf.home / ".config/systemd/user"
    units.mkdir(parents=True)
    (units / "hfcron.service").write_text(
        f'[Service]\nEnvironment=TZ=UTC\nExecStart="{hf.binary}" --config '
        "%h/.config/hfcron/hfcron.yaml run --all\n")
    r = doctor(hf, "--as-cron", expect=0)
    assert level(r, "schedule", "hfcron.service:3") == "ok"
    assert level(r, "schedule", "status 0") == "ok"
    assert "TZ is set there" in texts(r)
    assert (hf.cache / "models--org--name/refs/main").exists()


def test_wrong_option(hf):
    assert '"--as-cron"' in hf.run("doctor", "--as-corn", expect=2).err


def test_folder_of_certificates(hub, hf, tmp_path):
    """Windows' own TLS takes none: whoever names one is told so."""
    hub.add_repo("org/name", {"config.json": "{}"})
    hf.models("org/name")
    r = doctor(hf)
    assert "certificates" not in [f["topic"] for f in r.json["findings"]]
    r = doctor(hf, env={"SSL_CERT_DIR": tmp_path})
    topics = {f["topic"]: f for f in r.json["findings"]}
    assert ("certificates" in topics) == WINE, r
    if WINE:
        assert topics["certificates"]["level"] == "warn"
        assert "SSL_CERT_FILE" in topics["certificates"]["advice"]
