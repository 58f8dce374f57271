"""The fake is what it claims to be: the official client believes it, and each
misbehaviour does what its name says."""

import hashlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest

import checks
from fakehub import FakeHub, Generated, Git, Lfs, OnDisk, faults
from official import OfficialError

HERE = pathlib.Path(__file__).parent
NAMES = {
    "config.json": "{}\n",
    "empty.txt": "",
    "sub/dir/deep.txt": "deep",
    "to?/awful?filename%you:should,never.give": "awful",
    "sp ace/ünï.txt": "unicode",
    "same1.txt": "same", "same2.txt": "same",
    "weights.bin": Lfs(Generated(1, 3_000_000)),
    "small-lfs.bin": Lfs(b"tiny"),
}


class Answer:
    def __init__(self, r, body, error=None):
        self.status = r.status
        self.headers = r.headers
        self.body = body
        self.error = error

    @property
    def json(self):
        return json.loads(self.body)


def fetch(url, method="GET", headers=None, timeout=5, connection=None, body=None):
    """One request, no redirects; a body that breaks off is kept, with why."""
    u = urllib.parse.urlsplit(url)
    c = connection or http.client.HTTPConnection(u.hostname, u.port, timeout=timeout)
    try:
        c.request(method, u.path + ("?" + u.query if u.query else ""), body, headers or {})
        r = c.getresponse()
        body, error = b"", None
        try:
            while data := r.read1(65536):
                body += data
            if r.length:
                error = "short"
        except (OSError, http.client.HTTPException) as e:
            error = type(e).__name__
        r.close()
        return Answer(r, body, error)
    finally:
        if connection is None:
            c.close()


@pytest.fixture
def repo(hub):
    return hub.add_repo("org/name", NAMES)


def lfs_url(hub, repo, path="weights.bin"):
    return fetch(f"{hub.endpoint}/{repo.id}/resolve/main/{path}").headers["Location"]


# -- the official client believes it

@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_official_snapshot(hub, official, kind):
    repo = hub.add_repo("org/name", NAMES, type=kind)
    where = pathlib.Path(official.snapshot("org/name", repo_type=kind))
    assert where == checks.check_complete(official.cache, repo)
    got = official.scan()
    assert got["warnings"] == []
    assert got["repos"][f"{kind}/org/name"]["refs"] == {"main": repo.sha()}
    verdict = official.verify("org/name", repo_type=kind, cache_dir=official.cache)
    assert verdict == {"checked": len(NAMES), "mismatches": [], "missing": [], "extra": []}
    trees = pathlib.Path(official.cache, repo.folder, "trees", repo.sha() + ".json")
    assert trees.read_bytes() == checks.expected_tree_json(repo, repo.sha())
    assert pathlib.Path(official.cache, "CACHEDIR.TAG").read_bytes() == checks.CACHEDIR_TAG


@pytest.mark.parametrize("shape", ["A", "B"])
def test_official_single_files(hub, official, repo, shape):
    hub.shape = shape
    for path in ("weights.bin", "to?/awful?filename%you:should,never.give", "empty.txt"):
        got = pathlib.Path(official.file("org/name", path))
        assert got.read_bytes() == repo.files()[path].content.read()
    with pytest.raises(OfficialError) as e:
        official.file("org/name", "nothing.txt")
    assert e.value.kind == "RemoteEntryNotFoundError"
    assert pathlib.Path(official.cache, repo.folder, ".no_exist", repo.sha(), "nothing.txt").exists()


def test_official_revisions(hub, official, repo):
    first = repo.sha()
    repo.commit({"config.json": '{"v":2}\n'})
    repo.branch("feature/x")
    repo.tag("v1", first)
    repo.pull(1, {"pr.txt": "pull"})
    for rev in ("feature/x", "v1", "refs/pr/1", first, "main"):
        official.snapshot("org/name", revision=rev)
        checks.check_complete(official.cache, repo, rev)
    assert official.scan()["warnings"] == []
    with pytest.raises(OfficialError) as e:
        official.snapshot("org/name", revision="nope")
    assert e.value.kind == "RevisionNotFoundError"


def test_official_paging(hub, official):
    repo = hub.add_repo("org/many", {f"d{i % 7}/f{i}.txt": f"{i}" for i in range(60)})
    hub.page_size = 10
    official.snapshot("org/many")
    checks.check_complete(official.cache, repo)
    assert len(hub.requests(path="*/tree/*")) == 7      # 60 files and 7 folders


def test_official_local_dir(hub, official, repo, tmp_path):
    target = tmp_path / "plain"
    official.snapshot("org/name", local_dir=target)
    for path, f in repo.files().items():
        assert (target / path).read_bytes() == f.content.read()
    lines = (target / ".cache/huggingface/download/weights.bin.metadata").read_text().split("\n")
    assert lines[:2] == [repo.sha(), repo.files()["weights.bin"].etag]
    assert official.verify("org/name", local_dir=target)["mismatches"] == []


@pytest.mark.parametrize("settings, token, kind", [
    ({"gated": "auto"}, None, "GatedRepoError"),
    ({"gated": "auto"}, "hf_other", "GatedRepoError"),
    ({"gated": "auto"}, "hf_unknown", "GatedRepoError"),
    ({"gated": "auto"}, "hf_good", None),
    # Its pattern for "this 401 means not found" wants https.
    ({"private": True}, None, "HfHubHTTPError"),
    ({"private": True}, "hf_other", "RepositoryNotFoundError"),
    ({"private": True}, "hf_unknown", "HfHubHTTPError"),
    ({"private": True}, "hf_good", None),
    # The real reason is only the cause of what it raises.
    ({"disabled": True}, "hf_good", "LocalEntryNotFoundError"),
    ({}, "hf_unknown", None),
])
def test_official_access(hub, official, settings, token, kind):
    repo = hub.add_repo("org/closed", NAMES, **settings)
    hub.add_token("hf_good", ["org/closed"])
    hub.add_token("hf_other", [])
    if kind is None:
        official.snapshot("org/closed", token=token)
        checks.check_complete(official.cache, repo)
        assert not token or token not in hub.received_by("cdn")
        return
    with pytest.raises(OfficialError) as e:
        official.file("org/closed", "config.json", token=token)
    assert e.value.kind == kind, e.value


def test_official_masked_listing(hub, official):
    hub.add_repo("org/gated", NAMES, gated="manual")
    rows = fetch(f"{hub.endpoint}/api/models/org/gated/tree/main?recursive=true").json
    assert {r["lfs"]["oid"] for r in rows if "lfs" in r} == {"*" * 64}


def test_official_moved(hub, official, repo):
    hub.move_repo(repo, "new/home")
    where = pathlib.Path(official.snapshot("org/name"))
    assert "models--org--name" in str(where)
    assert (where / "config.json").read_text() == "{}\n"


def test_official_missing(hub, official):
    with pytest.raises(OfficialError):
        official.snapshot("org/none")
    r = fetch(f"{hub.endpoint}/api/models/org/none")
    assert (r.status, r.headers["X-Error-Code"]) == (401, None)
    hub.add_token("hf_good")
    r = fetch(f"{hub.endpoint}/api/models/org/none", headers={"Authorization": "Bearer hf_good"})
    assert (r.status, r.headers["X-Error-Code"]) == (404, "RepoNotFound")


# -- protocol

def test_ids_are_git_ids(hub, tmp_path):
    """Blob, tree and commit ids are what git says."""
    repo = hub.add_repo("org/git", {"a.txt": "hi", "d/b.txt": "there", "d/e/c": "x", "d.txt": "y"})
    git = ["git", "-C", str(tmp_path), "-c", "init.defaultBranch=main"]
    env = {**os.environ, "GIT_AUTHOR_NAME": "Fake Hub", "GIT_AUTHOR_EMAIL": "hub@example.invalid",
           "GIT_COMMITTER_NAME": "Fake Hub", "GIT_COMMITTER_EMAIL": "hub@example.invalid",
           "GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}
    subprocess.run([*git, "init", "-q"], check=True, env=env)
    for path, f in repo.files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(f.content.read())
    subprocess.run([*git, "add", "."], check=True, env=env)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True, env=env)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, env=env, capture_output=True)
    assert head.stdout.decode().strip() == repo.sha()


def test_lfs_pointer_and_cdn(hub, repo):
    f = repo.files()["small-lfs.bin"]
    pointer = (b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 4\n"
               % hashlib.sha256(b"tiny").hexdigest().encode())
    assert f.oid == hashlib.sha1(b"blob %d\0" % len(pointer) + pointer).hexdigest()
    for method in ("GET", "HEAD"):
        r = fetch(f"{hub.endpoint}/org/name/resolve/main/weights.bin", method)
        assert r.status == 302
        assert r.headers["X-Linked-Size"] == "3000000"
        assert r.headers["X-Linked-ETag"] == f'"{repo.files()["weights.bin"].etag}"'
        assert r.headers["X-Repo-Commit"] == repo.sha()
        assert r.headers["ETag"] is None
        assert int(r.headers["Content-Length"]) not in (0, 3000000)
        assert (r.body == b"") == (method == "HEAD")
    url = r.headers["Location"]
    assert url.startswith(hub.cdn_url) and hub.cdn_url != hub.endpoint
    r = fetch(url)
    assert hashlib.sha256(r.body).hexdigest() == repo.files()["weights.bin"].etag
    tag = r.headers["ETag"].strip('"')
    assert re.fullmatch("[0-9a-f]{64}", tag) and tag != repo.files()["weights.bin"].etag
    assert fetch(url, headers={"Authorization": "Bearer x"}).status == 400


def test_git_file_shapes(hub, repo):
    r = fetch(f"{hub.endpoint}/org/name/resolve/main/sub/dir/deep.txt")
    assert r.status == 307
    assert r.headers["Location"].startswith(
        f"/api/resolve-cache/models/org/name/{repo.sha()}/sub%2Fdir%2Fdeep.txt?")
    r = fetch(hub.endpoint + r.headers["Location"])
    assert (r.status, r.body) == (200, b"deep")
    assert r.headers["ETag"] == f'"{repo.files()["sub/dir/deep.txt"].oid}"'
    bad = fetch(f"{hub.endpoint}/api/resolve-cache/models/org/name/main/sub%2Fdir%2Fdeep.txt")
    assert bad.status == 400
    repo.shape = "B"
    r = fetch(f"{hub.endpoint}/org/name/resolve/main/sub/dir/deep.txt")
    assert (r.status, r.body, r.headers["X-Repo-Commit"]) == (200, b"deep", repo.sha())


def test_encoding_of_revisions(hub, repo):
    repo.branch("feature/x")
    url = hub.endpoint + "/api/models/org/name/revision/"
    assert fetch(url + "feature%2Fx").json["sha"] == repo.sha()
    assert fetch(url + "feature/x").status == 404
    assert set(fetch(url + "main?expand=sha").json) == {"_id", "id", "sha"}
    r = fetch(url + "nope")
    assert (r.status, r.headers["X-Error-Code"]) == (404, "RevisionNotFound")
    assert "sha" in fetch(f"{hub.endpoint}/api/models/org/name").json


@pytest.mark.parametrize("asked, status, want", [
    ("bytes=0-9", 206, slice(0, 10)), ("bytes=5-", 206, slice(5, None)),
    ("bytes=-4", 206, slice(-4, None)), ("bytes=2999990-9999999", 206, slice(2999990, None)),
    ("bytes=3000000-", 416, None), ("bytes=0-1,4-5", 200, slice(None)),
])
def test_ranges(hub, repo, asked, status, want):
    whole = repo.files()["weights.bin"].content.read()
    r = fetch(lfs_url(hub, repo), headers={"Range": asked})
    assert r.status == status
    if want is None:
        assert r.headers["Content-Range"] == "bytes */3000000"
        return
    assert r.body == whole[want]
    if status == 206:
        start = want.indices(3000000)[0]
        assert r.headers["Content-Range"] == f"bytes {start}-{start + len(r.body) - 1}/3000000"


def test_range_across_blocks():
    g = Generated(3, (5 << 20) + 17)
    whole = g.read()
    assert len(whole) == g.size and hashlib.sha256(whole).hexdigest() == g.sha256
    assert b"".join(map(bytes, g.pieces(1_000_000, 3_500_000))) == whole[1_000_000:3_500_000]
    assert len({hashlib.sha1(whole[i << 20:(i + 1) << 20]).digest() for i in range(6)}) == 6


def test_paging_links(hub, repo):
    hub.page_size = 4
    base = f"{hub.endpoint}/api/models/org/name/tree/{repo.sha()}"
    url, seen = base + "?recursive=true&expand=false", []
    while url:
        r = fetch(url)
        seen += r.json
        assert len(r.json) <= 4
        link = r.headers["Link"]
        url = link and re.fullmatch(r'<(.*)>; rel="next"', link).group(1)
        assert url is None or url.startswith(base + "?recursive=true&expand=false&cursor=")
    assert sorted(e["path"] for e in seen if e["type"] == "file") == sorted(NAMES)
    assert len(seen) == len({e["path"] for e in seen})
    assert fetch(base + "?cursor=rubbish").status == 400
    hub.page_size = 1000
    flat = fetch(base).json
    assert {e["path"] for e in flat} == {p.split("/")[0] for p in NAMES}
    assert [e["path"] for e in fetch(base + "/sub%2Fdir").json] == ["sub/dir/deep.txt"]
    missing = fetch(base + "/none")
    assert (missing.status, missing.headers["X-Error-Code"]) == (404, "EntryNotFound")


def test_refs_and_whoami(hub, repo):
    repo.tag("v1")
    repo.pull(2, {"x": "y"})
    r = fetch(f"{hub.endpoint}/api/models/org/name/refs?include_prs=1").json
    assert [b["name"] for b in r["branches"]] == ["main"]
    assert [b["name"] for b in r["tags"]] == ["v1"]
    assert [b["ref"] for b in r["pullRequests"]] == ["refs/pr/2"]
    hub.add_token("hf_good", name="me")
    who = hub.endpoint + "/api/whoami-v2"
    assert fetch(who).status == 401
    assert fetch(who, headers={"Authorization": "Bearer hf_good"}).json["name"] == "me"


def test_every_answer_has_the_common_headers(hub, repo):
    for path in ("/api/models/org/name", "/org/name/resolve/main/config.json", "/nothing"):
        r = fetch(hub.endpoint + path, headers={"X-Amzn-Trace-Id": "abc"})
        assert r.headers["X-Request-Id"].endswith(";abc")
        assert re.fullmatch(r'"(api|resolvers|pages)";r=\d+;t=\d+', r.headers["RateLimit"])
        assert "q=" in r.headers["RateLimit-Policy"]


def test_gate_leaves_the_readme_open(hub):
    hub.add_repo("org/gated", {"README.md": "hi", "config.json": "{}"}, gated="auto")
    base = hub.endpoint + "/org/gated/resolve/main/"
    assert fetch(base + "README.md").status == 200
    r = fetch(base + "config.json")
    assert (r.status, r.headers["X-Error-Code"]) == (401, "GatedRepo")
    assert "Bearer" in r.headers["WWW-Authenticate"]


def test_bad_token_can_be_refused(hub, repo):
    url, head = hub.endpoint + "/api/models/org/name", {"Authorization": "Bearer hf_bad"}
    assert fetch(url, headers=head).status == 200
    hub.bad_token = "reject"
    r = fetch(url, headers=head)
    assert (r.status, r.headers["X-Error-Message"]) == (
        401, "Invalid credentials in Authorization header")


def test_quota(hub, repo):
    hub.quota["api"] = (3, 1)
    hub.send_retry_after = True
    url = hub.endpoint + "/api/models/org/name"
    got = [fetch(url) for _ in range(4)]
    assert [r.status for r in got] == [200, 200, 200, 429]
    assert got[3].headers["RateLimit"].startswith('"api";r=0;t=')
    assert got[3].headers["Retry-After"] == "1"
    time.sleep(1.05)
    assert fetch(url).status == 200


def test_keep_alive(hub, repo):
    c = http.client.HTTPConnection("127.0.0.1", hub.hub.port, timeout=5)
    for _ in range(3):
        for path, method in (("/api/models/org/name", "GET"), ("/nope", "GET"),
                             ("/org/name/resolve/main/config.json", "HEAD"),
                             ("/org/name/resolve/main/config.json", "GET")):
            fetch(hub.endpoint + path, method, connection=c)
    body = "paths=config.json&expand=false"
    r = fetch(f"{hub.endpoint}/api/models/org/name/paths-info/main", "POST", body=body,
              headers={"Content-Type": "application/x-www-form-urlencoded"}, connection=c)
    assert [e["path"] for e in r.json] == ["config.json"]
    assert hub.hub.most_open == 1
    r = fetch(hub.endpoint + "/nope", headers={"Connection": "close"}, connection=c)
    assert r.headers["Connection"] == "close"


def test_bad_requests_are_refused(hub):
    for data in (b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
                 b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", hub.hub.port), 5) as s:
            s.sendall(data)
            assert s.recv(100).startswith(b"HTTP/1.1 400 ")


def test_files_on_disk(hub, tmp_path):
    (tmp_path / "f").write_bytes(os.urandom(2_500_000))
    repo = hub.add_repo("org/disk", {"f": tmp_path / "f", "g": OnDisk(tmp_path / "f")})
    assert repo.files()["f"].lfs
    assert fetch(lfs_url(hub, repo, "f")).body == (tmp_path / "f").read_bytes()
    assert not hub.add_repo("org/git", {"f": Git(tmp_path / "f")}).files()["f"].lfs


# -- log, throttle, life

def test_log(hub, repo, tmp_path):
    fetch(lfs_url(hub, repo), headers={"Range": "bytes=0-99", "X-Test": "1"})
    # The client has its bytes a moment before the server has noted them.
    assert hub.log.wait(lambda: hub.file_bytes == 100)
    assert hub.log.wait(lambda: hub.requests(side="cdn"))
    r, = hub.requests(side="cdn")
    assert (r.method, r.status, r.sent, r.kind, r.range) == ("GET", 206, 100, "cdn", "bytes=0-99")
    assert r.header("x-test") == "1" and r.outcome == "done"
    assert "X-Test: 1" in hub.received_by("cdn")
    assert hub.log.sent["cdn"] == 100
    hub.log.clear()
    assert hub.requests() == [] and hub.file_bytes == 0
    with FakeHub(log_path=tmp_path / "log") as other:
        other.add_repo("a/b", {"x": "y"})
        fetch(other.endpoint + "/api/models/a/b")
        other.log.wait(lambda: other.requests()[0].outcome)
    line, = (tmp_path / "log").read_text().splitlines()
    assert json.loads(line)["target"] == "/api/models/a/b"


def test_throttle_is_shared(hub):
    hub.add_repo("org/big", {"w": Lfs(Generated(2, 1_000_000))})
    url = lfs_url(hub, hub.repos["model", "org/big"], "w")
    hub.throttle.rate = 2_000_000
    start = time.monotonic()
    threads = [threading.Thread(target=fetch, args=(url,)) for _ in range(2)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert 0.7 < time.monotonic() - start < 2.5


def test_parallel(hub):
    repo = hub.add_repo("org/many", {f"f{i}": Lfs(Generated(i, 700_000)) for i in range(24)})
    results = {}

    def get(name):
        results[name] = hashlib.sha256(fetch(lfs_url(hub, repo, name)).body).hexdigest()
    threads = [threading.Thread(target=get, args=(n,)) for n in repo.files()]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert results == {n: f.etag for n, f in repo.files().items()}
    assert hub.cdn.most_open > 1


def test_clients_that_die(hub):
    repo = hub.add_repo("org/big", {"w": Lfs(Generated(2, 20_000_000))})
    u = urllib.parse.urlsplit(lfs_url(hub, repo, "w"))
    for _ in range(10):
        s = socket.create_connection((u.hostname, u.port), 5)
        s.sendall(f"GET {u.path}?{u.query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        s.recv(1000)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.close()
    assert hub.log.wait(lambda: all(r.outcome for r in hub.requests()), 5)
    assert hub.cdn.errors == []


def test_stop_and_start(hub, repo):
    url = hub.endpoint + "/api/models/org/name"
    hub.stop()
    with pytest.raises(ConnectionRefusedError):
        fetch(url)
    # Nobody else is given the port meanwhile: another test's Hub would answer.
    if os.name == "posix":
        with socket.socket() as other, pytest.raises(OSError):
            other.bind((hub.hub.host, hub.hub.port))
    hub.start()
    assert hub.endpoint in url and fetch(url).status == 200
    hub.hub.refuse = 2
    for _ in range(2):
        with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
            fetch(url)
    assert fetch(url).status == 200


# -- misbehaviour

def test_status_by_count_and_order(hub, repo):
    url = hub.endpoint + "/api/models/org/name"
    hub.fault(faults.status(429, {"Retry-After": "7"}), path="*/org/name", count=2)
    hub.fault(faults.status(503), nth=4)
    hub.fault(faults.status(500), skip=5, count=1)
    assert [fetch(url).status for _ in range(7)] == [429, 429, 200, 503, 200, 500, 200]
    hub.clear_faults()
    hub.fault(faults.status(502), probability=0.5)
    got = [fetch(url).status for _ in range(40)]
    assert 5 < got.count(502) < 35


def test_fault_can_be_selected(hub, repo):
    hub.fault(faults.status(500), side="cdn", method="GET",
              when=lambda req: req.header("range") == "bytes=5-9")
    url = lfs_url(hub, repo)
    assert fetch(url).status == 200
    assert fetch(url, headers={"Range": "bytes=5-9"}).status == 500
    assert fetch(url, "HEAD", headers={"Range": "bytes=5-9"}).status == 206


def test_retry_after_forms(hub, repo):
    url = hub.endpoint + "/api/models/org/name"
    for value in ("3", "Wed, 21 Oct 2037 07:28:00 GMT", "soon"):
        hub.fault(faults.status(429, {"Retry-After": value}), count=1)
        assert fetch(url).headers["Retry-After"] == value


@pytest.mark.parametrize("how, error", [("rst", "ConnectionResetError"), ("fin", "IncompleteRead")])
def test_drop(hub, repo, how, error):
    hub.fault(faults.drop(after=1_500_000, how=how), side="cdn")
    r = fetch(lfs_url(hub, repo))
    assert len(r.body) == 1_500_000
    assert r.headers["Content-Length"] == "3000000"
    assert r.error in (error, "short")


def test_drop_at_the_start_and_before(hub, repo):
    hub.fault(faults.drop(after=0, how="fin"), side="cdn", count=1)
    assert fetch(lfs_url(hub, repo)).body == b""
    hub.fault(faults.reset(), side="hub", count=1)
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        fetch(hub.endpoint + "/api/models/org/name")


def test_lengths(hub, repo):
    url = lfs_url(hub, repo, "small-lfs.bin")
    hub.clear_faults()
    hub.fault(faults.short(missing=1), side="cdn")
    r = fetch(url)
    assert (r.body, r.headers["Content-Length"], r.error) == (b"tin", "3", None)
    hub.clear_faults()
    hub.fault(faults.long(extra=5), side="cdn")
    r = fetch(url)
    assert (r.body, r.headers["Content-Length"]) == (b"tinyGARBA", "9")
    hub.clear_faults()
    hub.fault(faults.long(extra=5, declared=False), side="cdn")
    assert fetch(url).headers["Content-Length"] == "4"
    u = urllib.parse.urlsplit(url)
    with socket.create_connection((u.hostname, u.port), 5) as c:
        c.sendall(f"GET {u.path}?{u.query} HTTP/1.0\r\n\r\n".encode())
        data = b""
        while more := c.recv(65536):
            data += more
    assert data.endswith(b"\r\n\r\ntinyGARBA")
    hub.clear_faults()
    hub.fault(faults.chunked(), side="cdn")
    r = fetch(url)
    assert (r.body, r.headers["Content-Length"]) == (b"tiny", None)
    hub.clear_faults()
    hub.fault(faults.no_length(), side="cdn")
    r = fetch(url)
    assert (r.body, r.headers["Content-Length"], r.headers["Transfer-Encoding"]) == (
        b"tiny", None, None)


def test_endless(hub, repo):
    hub.fault(faults.endless(), side="cdn")
    u = urllib.parse.urlsplit(lfs_url(hub, repo, "small-lfs.bin"))
    c = http.client.HTTPConnection(u.hostname, u.port, timeout=5)
    c.request("GET", f"{u.path}?{u.query}")
    r = c.getresponse()
    assert len(r.read(5_000_000)) == 5_000_000
    r.close()
    c.close()
    assert hub.log.wait(lambda: hub.requests(side="cdn")[0].outcome == "cut", 5)


def test_wrong_bytes(hub, repo):
    good = repo.files()["weights.bin"].content.read()
    url = lfs_url(hub, repo)
    hub.fault(faults.flip_bit(at=2_000_000), side="cdn", count=1)
    bad = fetch(url).body
    wrong = [i for i in range(len(good)) if good[i] != bad[i]]
    assert len(bad) == len(good) and wrong == [2_000_000]
    assert bin(good[2_000_000] ^ bad[2_000_000]).count("1") == 1
    hub.fault(faults.zeros(), side="cdn", count=1)
    assert fetch(url).body == bytes(3_000_000)
    hub.fault(faults.body(b"version https://git-lfs"), side="cdn", count=1)
    assert fetch(url).body == b"version https://git-lfs"
    assert fetch(url).body == good


def test_etag_changes(hub, repo):
    hub.fault(faults.etag(), side="cdn")
    url = lfs_url(hub, repo)
    tags = {fetch(url, headers={"Range": f"bytes={i}-{i}"}).headers["ETag"] for i in range(3)}
    assert len(tags) == 3 and all(re.fullmatch('"[0-9a-f]{64}"', t) for t in tags)
    hub.fault(faults.etag('"../../x"', name="X-Linked-ETag"), side="hub")
    r = fetch(f"{hub.endpoint}/org/name/resolve/main/weights.bin")
    assert r.headers["X-Linked-ETag"] == '"../../x"'


def test_ignored_range(hub, repo):
    hub.fault(faults.ignore_range(), side="cdn", count=1)
    r = fetch(lfs_url(hub, repo), headers={"Range": "bytes=10-19"})
    assert (r.status, len(r.body), r.headers["Content-Range"]) == (200, 3_000_000, None)


@pytest.mark.parametrize("value, want", [
    ("shift", "bytes 11-20/3000000"), ("total", "bytes 10-19/3000001"),
    (None, None), ("bytes 0-9/10", "bytes 0-9/10")])
def test_content_range(hub, repo, value, want):
    hub.fault(faults.content_range(value), side="cdn")
    r = fetch(lfs_url(hub, repo), headers={"Range": "bytes=10-19"})
    assert (r.status, r.headers["Content-Range"]) == (206, want)


def test_stall_and_drip(hub, repo):
    hub.fault(faults.stall(after=1000), side="cdn", count=1)
    r = fetch(lfs_url(hub, repo), timeout=0.5)
    assert (len(r.body), r.error) == (1000, "TimeoutError")
    hub.fault(faults.stall(after=1000, seconds=0.3), side="cdn", count=1)
    start = time.monotonic()
    assert len(fetch(lfs_url(hub, repo)).body) == 3_000_000
    assert time.monotonic() - start > 0.3
    hub.fault(faults.drip(10), side="cdn", count=1)
    start = time.monotonic()
    assert fetch(lfs_url(hub, repo, "small-lfs.bin")).body == b"tiny"
    assert time.monotonic() - start > 0.3
    hub.fault(faults.delay(0.3), side="cdn", count=1)
    start = time.monotonic()
    fetch(lfs_url(hub, repo, "small-lfs.bin"))
    assert time.monotonic() - start > 0.3


def test_api_answers(hub, repo):
    url = hub.endpoint + "/api/models/org/name/tree/main?recursive=true"
    hub.fault(faults.html(), path="*/api/*", count=1)
    r = fetch(url)
    assert (r.status, r.headers["Content-Type"]) == (200, "text/html") and b"<html>" in r.body
    hub.fault(faults.truncate(30), path="*/api/*", count=1)
    r = fetch(url)
    assert len(r.body) == 30
    with pytest.raises(ValueError):
        r.json
    hub.fault(faults.masked_hashes(), path="*/tree/*", count=1)
    assert {e["lfs"]["oid"] for e in fetch(url).json if "lfs" in e} == {"*" * 64}
    hub.fault(faults.edit_json(lambda v: {"sha": "zz"}), path="*/revision/*", count=1)
    assert fetch(hub.endpoint + "/api/models/org/name/revision/main").json == {"sha": "zz"}
    hub.fault(faults.compressed(), count=1)
    r = fetch(url)
    assert r.headers["Content-Encoding"] == "gzip" and r.body[:2] == b"\x1f\x8b"


def test_hostile_listing(hub, repo):
    url = hub.endpoint + "/api/models/org/name/tree/main?recursive=true"
    bad = hub.add_repo("org/bad", {"../x": "evil", "a//b": "evil", "ok": "fine"})
    paths = {e["path"] for e in fetch(url.replace("org/name", "org/bad")).json}
    assert {"../x", "a//b", "ok"} <= paths
    assert fetch(f"{hub.endpoint}/org/bad/resolve/main/..%2Fx").status == 307
    bad.extra_entries = [{"type": "file", "path": 5}]
    assert fetch(url.replace("org/name", "org/bad")).json[-1] == {"type": "file", "path": 5}
    bad.tree_body = b"[1,,2]"
    assert fetch(url.replace("org/name", "org/bad")).body == b"[1,,2]"


def test_links_and_redirects(hub, repo):
    url = hub.endpoint + "/api/models/org/name/tree/main?recursive=true"
    hub.fault(faults.next_link("https://evil.invalid/x"), path="*/tree/*", count=1)
    assert fetch(url).headers["Link"] == '<https://evil.invalid/x>; rel="next"'
    hub.fault(faults.repeat_cursor(), path="*/tree/*", count=1)
    assert fetch(url).headers["Link"] == f'<{url}>; rel="next"'
    hub.fault(faults.redirect("file:///etc/passwd"), count=1)
    r = fetch(url)
    assert (r.status, r.headers["Location"]) == (302, "file:///etc/passwd")
    hub.fault(faults.redirect_loop(), count=1)
    r = fetch(url)
    assert (r.status, hub.endpoint + r.headers["Location"]) == (307, url)
    hub.fault(faults.headers(X_Repo_Commit="../x", Accept_Ranges=None), count=1)
    r = fetch(f"{hub.endpoint}/org/name/resolve/main/config.json")
    assert (r.headers["X-Repo-Commit"], r.headers["Accept-Ranges"]) == ("../x", None)


def test_signed_urls_expire(hub, repo):
    hub.signed_ttl_s = 0.3
    url = lfs_url(hub, repo)
    assert fetch(url).status == 200
    time.sleep(0.35)
    r = fetch(url)
    assert r.status == 403 and b"Request has expired" in r.body
    assert "xml" in r.headers["Content-Type"]
    assert fetch(lfs_url(hub, repo)).status == 200
    assert fetch(url.replace("Signature=", "Signature=0")).status == 403
    hub.signed_ttl_s = 60
    hub.fault(faults.expired(), side="cdn", count=1)
    assert [fetch(lfs_url(hub, repo)).status for _ in range(2)] == [403, 200]


def test_raw_answers(hub, repo):
    hub.fault(faults.raw(b"not http at all\n"), count=1)
    with pytest.raises(http.client.BadStatusLine):
        fetch(hub.endpoint + "/x")


# -- the program

def test_program(tmp_path):
    root = tmp_path / "root/models/org/served"
    root.mkdir(parents=True)
    (root / "a.txt").write_text("hello")
    port_file, log = tmp_path / "port", tmp_path / "log"
    p = subprocess.Popen(
        [sys.executable, "-m", "fakehub", "--demo", "demo/one", "--demo", "demo/two",
         "--root", tmp_path / "root", "--port-file", port_file, "--log", log],
        env={**os.environ, "PYTHONPATH": str(HERE)}, stdout=subprocess.PIPE, text=True)
    try:
        endpoint = p.stdout.readline().strip()
        deadline = time.monotonic() + 5
        while not port_file.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert port_file.read_text() == endpoint + "\n"
        for name in ("demo/one", "demo/two", "org/served"):
            assert "sha" in fetch(f"{endpoint}/api/models/{name}").json
        # A request is told of after its last byte was sent.
        while len(log.read_text().splitlines()) < 3 and time.monotonic() < deadline + 20:
            time.sleep(0.01)
    finally:
        p.send_signal(signal.SIGTERM)
        assert p.wait(5) == 0
        p.stdout.close()
    assert len(log.read_text().splitlines()) == 3


def test_program_ends_with_its_parent(tmp_path):
    port_file = tmp_path / "port"
    subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m fakehub --port-file "{port_file}" >/dev/null & '
         f'while [ ! -e "{port_file}" ]; do sleep 0.05; done'],
        env={**os.environ, "PYTHONPATH": str(HERE)}, check=True, timeout=20)
    endpoint = port_file.read_text().strip()
    deadline = time.monotonic() + 5
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        while time.monotonic() < deadline:
            fetch(endpoint + "/api/models/demo/tiny-model")
            time.sleep(0.1)
