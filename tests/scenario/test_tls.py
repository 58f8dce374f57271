"""Over TLS: HTTP/2 for what is small, and no word to whoever is not the Hub."""

import shutil
import socket
import subprocess
import time

import pytest

import checks
from conftest import need
from fakehub import Generated, faults
from hfcron import WINDOWS, WINE

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
OPENSSL = shutil.which("openssl")
TOKEN = "hf_canary_over_tls"
# Wine holds some signatures by elliptic curves for wrong.
KEY = ["rsa:2048"] if WINE else ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]

CONFIG = """\
daemon off;
worker_processes 1;
pid {root}/nginx.pid;
error_log {root}/error.log;
events {{ worker_connections 512; }}
http {{
    log_format told '$server_protocol $connection $status $request_uri';
    access_log {root}/access.log told;
    client_body_temp_path {root}/tmp; proxy_temp_path {root}/tmp;
    fastcgi_temp_path {root}/tmp; uwsgi_temp_path {root}/tmp; scgi_temp_path {root}/tmp;
    keepalive_requests 10000;
    server {{
        listen 127.0.0.1:{port} ssl {h2};
        ssl_certificate {root}/hub.pem;
        ssl_certificate_key {root}/hub.key;
        location / {{ proxy_pass {behind}; proxy_set_header Host $http_host; }}
    }}
}}
"""


class Front:
    """nginx before the fake Hub."""

    def __init__(self, root, hub, port, h2):
        self.root = root
        root.mkdir()
        (root / "tmp").mkdir()
        for name in "hub", "other":
            subprocess.run(
                [OPENSSL, "req", "-x509", "-newkey", *KEY, "-nodes", "-days", "2",
                 "-keyout", root / f"{name}.key", "-out", root / f"{name}.pem",
                 "-subj", "/CN=hub", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
                check=True, capture_output=True)
        (root / "nginx.conf").write_text(CONFIG.format(
            root=root, port=port, behind=hub.endpoint, h2="http2" if h2 else ""))
        self.process = subprocess.Popen(
            [NGINX, "-p", root, "-e", root / "error.log", "-c", root / "nginx.conf"],
            stdin=subprocess.DEVNULL)
        give_up = time.monotonic() + 10
        while not (root / "nginx.pid").exists():
            assert self.process.poll() is None and time.monotonic() < give_up, \
                (root / "error.log").read_text()
            time.sleep(0.01)

    @property
    def env(self):
        return {"SSL_CERT_FILE": str(self.root / "hub.pem")}

    def told(self):
        """(protocol, connection, status, target) of each request."""
        self.stop()
        return [tuple(line.split(" ", 3))
                for line in (self.root / "access.log").read_text().splitlines()]

    def stop(self):
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def front(hub, hf, tmp_path):
    need(NGINX, "nginx")
    need(OPENSSL, "openssl")
    made = []

    def make(h2=True):
        # Held, as a Listener holds its own: nginx may listen there, and nobody else.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        made.append(Front(tmp_path / "front", hub, port, h2))
        # libcurl compares no address with a certificate by Schannel.
        hf.configure(endpoint=f"https://{'localhost' if WINDOWS else '127.0.0.1'}:{port}")
        return made[-1]
    with socket.socket() as held:
        yield make
        for f in made:
            f.stop()


@pytest.fixture
def small(hub, hf):
    hf.models("org/name")
    return hub.add_repo("org/name", {f"d{i % 7}/f{i}.txt": f"text {i}\n" for i in range(60)})


@pytest.mark.parametrize("h2, protocol", [
    pytest.param(True, "HTTP/2.0", marks=pytest.mark.unix("there is no HTTP/2")),
    (False, "HTTP/1.1")])
def test_small_files_and_questions(hub, hf, front, small, h2, protocol):
    f = front(h2)
    hf.quiet("run", env=f.env)
    checks.check_complete(hf.cache, small)
    hf.quiet("run", "--all", env=f.env)
    told = f.told()
    assert {t[0] for t in told} == {protocol}
    assert len(told) == 1 + 1 + 60 + 1 and {t[2] for t in told} == {"200"}
    assert len({t[1] for t in told}) <= 8 + 1, "of two runs"


def test_large_files_have_connections_of_their_own(hub, hf, front):
    hf.configure(transfer={"connections": 4})
    hf.models("org/name")
    repo = hub.add_repo("org/name", {"a": "1", "big": Generated(1, 40_000_000)},
                        lfs_threshold=1 << 40)
    f = front()
    hf.quiet("run", env=f.env)
    checks.check_complete(hf.cache, repo)
    assert {t[0] for t in f.told() if t[3].endswith("/big")} == {"HTTP/1.1"}


def test_a_certificate_that_nobody_vouches_for(hub, hf, front, small):
    """Nothing is asked, and the token stays here."""
    f = front()
    env = {"HF_TOKEN": TOKEN}
    if WINDOWS:     # Wine's own store of certificates refuses nothing
        env["SSL_CERT_FILE"] = str(f.root / "other.pem")
    r = hf.run("run", "org/name", env=env, expect=1)
    assert "certificate" in r.err and TOKEN not in r.err
    assert hub.requests() == [] and f.told() == []


def test_a_shared_connection_that_breaks(hub, hf, front, small):
    """What is cut off behind the front is asked for again."""
    hub.fault(faults.drop(), path="*resolve-cache*", count=5)
    hf.quiet("run", env=front().env)
    checks.check_complete(hf.cache, small)
