"""Tokens: where they come from, where they go, and where they never go."""

import time

import pytest

import checks
from fakehub import Generated, Lfs, faults
from hfcron import SLOW

CANARY = "hf_canaryQx7Vt2Zk9Lp4"
FILES = {"README.md": "hi\n", "config.json": "{}\n", "weights.bin": Lfs(Generated(1, 1_000_000))}


@pytest.fixture
def gated(hub):
    hub.add_token("hf_good", ["org/closed"])
    hub.add_token("hf_other", [])
    hub.add_token(CANARY, ["org/closed"])
    return hub.add_repo("org/closed", FILES, gated="auto")


@pytest.fixture
def hf(hf):
    hf.models("org/closed")
    return hf


@pytest.mark.valgrind
@pytest.mark.parametrize("settings", [{"gated": "auto"}, {"private": True}], ids=["gated", "private"])
@pytest.mark.parametrize("token", [None, "hf_other", "hf_unknown"])
def test_parked_without_access(hub, hf, gated, settings, token):
    gated.gated = False
    for k, v in settings.items():
        setattr(gated, k, v)
    env = {"HF_TOKEN": token} if token else {}
    result = hf.run("run", env=env, expect=3)
    assert "org/closed" in result.err
    job = hf.status("org/closed")
    assert (job["state"], job["error"]["kind"]) == ("parked", "auth"), job
    assert hf.run("status", "--problems", expect=3, env=env).out
    checks.check_nothing_published(hf.cache, gated)
    if token:
        assert token not in result.out + result.err + hf.log_text()
    # It is not asked for again at each tick ...
    hub.log.clear()
    hf.quiet("run", env=env)
    assert hub.requests() == []
    # ... but at once when the token changes.
    hf.quiet("run", env={"HF_TOKEN": "hf_good"})
    checks.check_complete(hf.cache, gated)
    hf.run("status", "--problems", env={"HF_TOKEN": "hf_good"})


def test_a_gate_says_where_to_ask(hub, hf, gated):
    result = hf.run("run", env={"HF_TOKEN": "hf_other"}, expect=3)
    assert hub.endpoint + "/org/closed" in result.err


def test_naming_the_job_unparks_it(hub, hf, gated):
    hf.run("run", expect=3)
    gated.gated = False
    hf.quiet("run")
    assert hf.status("org/closed")["state"] == "parked"
    hf.quiet("run", "org/closed")
    checks.check_complete(hf.cache, gated)


def test_changing_the_job_unparks_it(hub, hf, gated):
    hf.run("run", expect=3)
    hf.models({"name": "org/closed", "include": ["README.md"], "id": "model/org/closed@main"})
    gated.gated = False
    hf.quiet("run")
    checks.check_complete(hf.cache, gated, include=lambda p: p == "README.md")


@pytest.mark.parametrize("settings", [{}, {"private": True}, {"gated": "auto"}])
def test_bad_token(hub, hf, gated, settings):
    """A token that the Hub refuses parks the job and names where it came from."""
    gated.gated = False
    for k, v in settings.items():
        setattr(gated, k, v)
    hub.bad_token = "reject"
    result = hf.run("run", env={"HF_TOKEN": "hf_expired"}, expect=3)
    assert "HF_TOKEN" in result.err and "hf_expired" not in result.err
    assert len(hub.requests(path="*/revision/*")) <= 1, "a 401 is not retried"


def test_disabled_repository(hub, hf, gated):
    gated.disabled = True
    hf.run("run", env={"HF_TOKEN": "hf_good"}, expect=3)
    assert "disabled" in hf.status("org/closed")["error"]["text"]


# -- where it comes from

@pytest.mark.parametrize("source", [
    "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "token_file", "HF_TOKEN_PATH", "HF_HOME",
    "home", "newline", "blank HF_TOKEN"])
def test_sources(hub, hf, gated, source, tmp_path):
    env, token = {}, "hf_good"
    path = tmp_path / "tok"
    if source in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        env[source] = token
    elif source == "newline":
        env["HF_TOKEN"] = f" {token}\r\n"
    elif source == "token_file":
        hf.configure(token_file=str(path))
        env["HF_TOKEN"] = "hf_other"        # the configuration wins
    elif source in ("HF_TOKEN_PATH", "blank HF_TOKEN"):
        env["HF_TOKEN_PATH"] = path
        if source == "blank HF_TOKEN":
            env["HF_TOKEN"] = "  \n"
    elif source == "HF_HOME":
        path = tmp_path / "hfhome/token"
        env["HF_HOME"] = path.parent
    else:
        hf.use_own_folders()
        path = hf.home / ".cache/huggingface/token"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(token + "\n")
    path.chmod(0o600)
    hf.quiet("run", env=env)
    checks.check_complete(hf.cache, gated)


def test_implicit_token_can_be_switched_off(hub, hf, gated):
    hf.run("run", env={"HF_TOKEN": "hf_good", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, expect=3)
    assert not [r for r in hub.requests() if r.header("authorization")]


def test_unreadable_token_file(hub, hf, gated, tmp_path):
    hf.configure(token_file=str(tmp_path / "none"))
    result = hf.run("run", expect=None)
    assert result.code in (2, 3), result
    assert str(tmp_path / "none") in result.err


# -- where it goes

def test_every_request_to_the_hub_carries_it(hub, hf, gated):
    hf.quiet("run", env={"HF_TOKEN": "hf_good"})
    assert {r.header("authorization") for r in hub.requests(side="hub")} == {"Bearer hf_good"}
    assert {r.header("authorization") for r in hub.requests(side="cdn")} == {None}


def test_canary(hub, hf, gated, tmp_path):
    """Through good and bad days at the highest log level: nowhere but the Hub."""
    token_file = tmp_path / "token"     # not below hf.root, which is searched
    token_file.write_text(CANARY)
    token_file.chmod(0o600)
    hf.configure(token_file=str(token_file), log={"level": "debug"},
                 retry={"attempts": 1})
    hub.throttle.rate = 2_000_000
    run = hf.start("run")
    assert hub.log.wait(lambda: hub.file_bytes > 100_000)
    with open(f"/proc/{run.pid}/cmdline", "rb") as cmdline:
        seen = [cmdline.read()]
    run.wait()
    hub.throttle.rate = None
    # Trouble of all kinds has texts of its own.
    moved = gated.commit({"config.json": "2\n", "w2.bin": Lfs(b"more")})
    bad = [
        (faults.status(500, body=b"no"), {"side": "hub"}),
        (faults.status(403), {"side": "hub"}), (faults.expired(), {"side": "cdn"}),
        (faults.status(401, {"X-Error-Message": "Invalid credentials in Authorization header"}),
         {"side": "hub"}),
        (faults.redirect(lambda r: hub.cdn_url + "/x" + r.path, 307), {"side": "hub"}),
        (faults.redirect(lambda r: f"http://localhost:{hub.hub.port}{r.path}", 302),
         {"path": "*/revision/*"}),
        (faults.html(), {"side": "hub"}), (faults.reset(), {}),
    ]
    for action, where in bad:
        hub.fault(action, **where)
        hf.run("run", "org/closed", expect=None)
        hub.clear_faults()
    for args in (("status",), ("status", "--format", "json"), ("plan",), ("check",),
                 ("status", "--problems"), ("get", "org/closed", "config.json"),
                 ("run", "--all", "--format", "json")):
        hf.run(*args, expect=None)
    hf.run("run", "org/closed")
    assert hf.status("org/closed")["commit"] == moved
    checks.check_no_leak(CANARY, [hf.root], [*hf.texts(), *seen, hub.received_by("cdn")])
    # The search would have found it: it was used all the time.
    assert CANARY in hub.received_by("hub")
    # localhost is another origin than 127.0.0.1, though it is the same server.
    assert not [r for r in hub.requests() if r.header("host").startswith("localhost")
                and r.header("authorization")]


def test_the_log_is_useful_without_secrets(hub, hf, gated):
    """Signed URLs are secrets, too."""
    hf.configure(log={"level": "debug"})
    hf.quiet("run", env={"HF_TOKEN": "hf_good"})
    text = hf.log_text()
    assert "org/closed" in text
    assert "Signature=" not in text and "hf_good" not in text


def test_the_token_is_read_anew_on_each_run(hub, hf, gated, tmp_path):
    path = tmp_path / "token"
    path.write_text("hf_other")
    path.chmod(0o600)
    hf.configure(token_file=str(path))
    hf.run("run", expect=3)
    time.sleep(0.01 * SLOW)
    path.write_text("hf_good")
    hf.quiet("run")
    checks.check_complete(hf.cache, gated)
