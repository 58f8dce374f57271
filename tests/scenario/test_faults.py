"""Servers that misbehave: what is tried again, what is given up, what is said."""

import itertools
import time

import pytest

import checks
from fakehub import Generated, Lfs, faults
from hfcron import SLOW, WINE, MiB

FILES = {
    "config.json": "{}\n", "sub/readme.md": "hello\n" * 100, "small-lfs.bin": Lfs(b"tiny"),
    "weights.bin": Lfs(Generated(1, 3_000_000)),
}
BIG = 36 * MiB      # fetched as pieces


@pytest.fixture
def repo(hub):
    return hub.add_repo("org/name", FILES)


@pytest.fixture
def big(hub):
    return hub.add_repo("org/big", {"w.bin": Lfs(Generated(3, BIG)), "s.txt": "small"})


@pytest.fixture
def hf(hf):
    hf.models("org/name")
    return hf


API = {"side": "hub", "path": "/api/models/*"}
REVISION = {"path": "*/revision/*"}
TREE = {"path": "*/tree/*"}
RESOLVE = {"side": "hub", "path": "*resolve*"}
CDN = {"side": "cdn"}


# -- trouble that passes

@pytest.mark.parametrize("where", [REVISION, TREE, RESOLVE, CDN],
                         ids=["revision", "tree", "resolve", "cdn"])
@pytest.mark.parametrize("action", [
    faults.status(500), faults.status(502), faults.status(503), faults.status(504),
    faults.status(408), faults.reset(), faults.drop(after=0, how="fin"),
    faults.drop(after=2, how="rst"),
], ids=["500", "502", "503", "504", "408", "reset", "fin", "rst"])
def test_short_trouble(hub, hf, repo, where, action):
    f = hub.fault(action, count=3, **where)
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert f.hits >= 1


@pytest.mark.parametrize("action, where", [
    (faults.flip_bit(at=1), CDN), (faults.flip_bit(at=2_999_999), CDN),
    (faults.flip_bit(at=1), {"path": "*resolve-cache*"}),
    (faults.zeros(), CDN), (faults.short(), CDN), (faults.short(), {"path": "*resolve-cache*"}),
    (faults.long(extra=9), CDN), (faults.long(extra=9, declared=False), CDN),
    (faults.endless(), CDN), (faults.endless(), {"path": "*resolve-cache*"}),
    (faults.body(b"<html>busy</html>", "text/html"), CDN),
    (faults.html(), CDN), (faults.html(), REVISION), (faults.html(), TREE),
    (faults.truncate(9), REVISION), (faults.truncate(30), TREE), (faults.truncate(0), TREE),
    (faults.compressed(), {"path": "*resolve-cache*"}),
    (faults.expired(), CDN), (faults.raw(b"nonsense\r\n\r\n"), CDN),
    (faults.raw(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), CDN),
    (faults.redirect_loop(), CDN),
    (faults.body(b"[1,,2]"), TREE), (faults.edit_json(lambda v: {"sha": None}), REVISION),
    (faults.edit_json(lambda v: {"sha": "x" * 40}), REVISION),
    (faults.edit_json(lambda v: {"error": "?"}), TREE),
])
def test_one_bad_answer(hub, hf, repo, action, where):
    """Tried again within the run, or by the next; never published."""
    f = hub.fault(action, count=1, **where)
    first = hf.run("run", expect=None)
    assert first.code in (0, 1), first
    assert f.hits == 1
    checks.check_cache(hf.cache, [repo])
    if first.code:
        hf.run("run", "--all")
    checks.check_complete(hf.cache, repo)


@pytest.mark.parametrize("action", [
    faults.ignore_range(), faults.content_range("shift"), faults.content_range("total"),
    faults.content_range(None), faults.content_range("bytes 0-9/10"),
    faults.content_range("rubbish"), faults.etag(), faults.short(5), faults.long(5),
    faults.flip_bit(at=100), faults.chunked(), faults.no_length(), faults.endless(),
    faults.status(416), faults.drop(after=MiB), faults.expired(), faults.status(404),
])
@pytest.mark.parametrize("nth", [1, 2])
def test_one_bad_piece(hub, hf, big, action, nth):
    hf.models("org/big")
    f = hub.fault(action, side="cdn", nth=nth)
    first = hf.run("run", expect=None)
    assert first.code in (0, 1, 3), first
    assert f.hits == 1
    checks.check_cache(hf.cache, [big])
    if first.code:
        hf.run("run", "org/big")
    checks.check_complete(hf.cache, big)
    assert hub.file_bytes <= 3 * big.blob_bytes() + 64 * MiB


@pytest.mark.parametrize("action", [faults.ignore_range(), faults.etag(), faults.chunked()])
def test_servers_of_another_kind(hub, hf, big, action):
    """No ranges, changing tags, no lengths: always, and still it works."""
    hf.models("org/big")
    hub.fault(action, side="cdn")
    hf.quiet("run")
    checks.check_complete(hf.cache, big)


def test_another_object_between_pieces(hub, hf, big):
    """The Hub renames the object under our hands: its new name is not ours."""
    hf.models("org/big")
    hub.fault(faults.headers(X_Linked_ETag='"' + "a" * 64 + '"'), path="*/resolve/*/w.bin")
    result = hf.run("run", expect=None)
    assert result.code in (1, 3), result
    checks.check_nothing_published(hf.cache, big)


@pytest.mark.parametrize("action", [faults.stall(after=1000), faults.stall(after=0)])
@pytest.mark.parametrize("where", [CDN, TREE, {"path": "*resolve-cache*"}],
                         ids=["cdn", "tree", "cache"])
def test_stall(hub, hf, repo, action, where):
    f = hub.fault(action, count=1, **where)
    hf.configure(transfer={"stall_timeout": "1s"})
    result = hf.quiet("run")
    assert f.hits == 1
    assert result.seconds < 5 * SLOW
    checks.check_complete(hf.cache, repo)


def test_slow_is_not_stalled(hub, hf):
    repo = hub.add_repo("org/name", {"w": Lfs(b"x" * 12_000)})
    hub.fault(faults.drip(4000), side="cdn")
    hf.configure(transfer={"stall_timeout": "2s"})
    assert hf.quiet("run").seconds > 2
    checks.check_complete(hf.cache, repo)
    assert len(hub.requests(side="cdn")) == 1


# -- rate limits

def http_date(seconds):
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds))


@pytest.mark.parametrize("value, least, most", [
    (lambda: "2", 1.9, 6), (lambda: http_date(3), 1.5, 7),
    (lambda: "soon", 0, 2), (lambda: "-5", 0, 3), (lambda: http_date(-100), 0, 2),
], ids=["seconds", "date", "junk", "negative", "past"])
@pytest.mark.parametrize("where", [REVISION, CDN], ids=["api", "cdn"])
def test_retry_after(hub, hf, repo, where, value, least, most):
    hub.fault(faults.status(429, lambda req: {"Retry-After": value()}), count=1, **where)
    result = hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert least <= result.seconds <= most * SLOW


def test_retry_after_beyond_the_budget(hub, hf, repo):
    """An hour is not waited for; a later run comes back, and not before."""
    f = hub.fault(faults.status(429, {"Retry-After": "3600"}), **REVISION)
    result = hf.run("run", expect=1)
    assert result.seconds < 20 * SLOW
    job = hf.status("org/name")
    assert job["error"]["kind"] == "transient"
    hits = f.hits
    hf.quiet("run")
    assert f.hits == hits


def test_quota_of_the_hub(hub, hf):
    """A used-up window is waited for by its RateLimit header."""
    repo = hub.add_repo("org/name", {f"f{i}": f"{i}" for i in range(12)})
    hub.quota["resolvers"] = (10, 2)
    result = hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert result.seconds < 20 * SLOW
    assert len(hub.requests(status=429)) <= 12


# -- trouble that stays

@pytest.mark.parametrize("attempts", [0, 2, 5])
@pytest.mark.parametrize("where", [REVISION, TREE, {"path": "*config.json*"}, CDN],
                         ids=["revision", "tree", "git", "cdn"])
def test_retry_counts(hub, hf, where, attempts):
    hub.add_repo("org/name", {"config.json": "{}"} if where != CDN else {"w": Lfs(b"w")})
    hf.configure(retry={"attempts": attempts})
    f = hub.fault(faults.status(500), **where)
    hf.run("run", expect=1)
    assert f.hits == attempts + 1
    job = hf.status("org/name")
    assert job["state"] == "retrying" and job["error"]["kind"] == "transient", job
    assert "500" in job["error"]["text"]


def test_waits_double(hub, hf, repo):
    hf.configure(retry={"attempts": 3, "first_wait": "200ms"})
    hub.fault(faults.status(503), **REVISION)
    hf.run("run", expect=1)
    times = [r.time for r in hub.requests(path="*/revision/*")]
    waits = [b - a for a, b in itertools.pairwise(times)]
    for wait, least in zip(waits, (0.2, 0.4, 0.8), strict=True):
        assert least * 0.95 <= wait <= least * 1.6 + 0.3 * SLOW, waits


@pytest.mark.parametrize("action", [faults.flip_bit(), faults.zeros()])
@pytest.mark.parametrize("path", ["*xet-bridge*", "*resolve-cache*config.json*"])
def test_wrong_bytes_for_ever(hub, hf, repo, action, path):
    """Fetched again once, then a failure; never under a final name."""
    f = hub.fault(action, path=path)
    hf.run("run", expect=1)
    job = hf.status("org/name")
    assert job["error"]["kind"] == "integrity", job
    assert f.hits <= 2 * 2
    checks.check_nothing_published(hf.cache, repo)
    checks.check_blobs(hf.cache)
    hub.clear_faults()
    hf.run("run", "--all")
    checks.check_complete(hf.cache, repo)


@pytest.mark.parametrize("action, where, codes", [
    (faults.html(), REVISION, {1}), (faults.html(), TREE, {1}), (faults.html(), CDN, {1}),
    (faults.truncate(30), TREE, {1}), (faults.body(b""), TREE, {1}),
    (faults.body(b'{"a" "b"}'), TREE, {1}), (faults.body(b"[] []"), TREE, {1}),
    (faults.body(b"[" * 100_000), TREE, {1, 3}), (faults.body(b'[{"type":"file"}]'), TREE, {1, 3}),
    (faults.body(b'[{"type":"file","path":5,"oid":"%s","size":1}]' % (b"a" * 40)), TREE, {1, 3}),
    (faults.edit_json(lambda v: [{**e, "size": -1} for e in v]), TREE, {1, 3}),
    (faults.edit_json(lambda v: [{**e, "size": 2**64} for e in v]), TREE, {1, 3}),
    (faults.edit_json(lambda v: [{**e, "size": "1"} for e in v]), TREE, {1, 3}),
    (faults.edit_json(lambda v: [{**e, "oid": "../../x"} for e in v]), TREE, {1, 3}),
    (faults.edit_json(lambda v: v + v), TREE, {1, 3}),
    (faults.edit_json(lambda v: {"sha": "../../../../x"}), REVISION, {1, 3}),
    (faults.edit_json(lambda v: {"id": "org/name"}), REVISION, {1, 3}),
    # What comes beyond the end is cut off; the bytes before it are proven.
    (faults.endless(), CDN, {0, 1}), (faults.endless(), TREE, {1, 3}),
    (faults.short(), CDN, {1}), (faults.long(9), CDN, {1}),
    (faults.redirect_loop(), REVISION, {1, 3}), (faults.redirect_loop(), CDN, {1, 3}),
    (faults.redirect("file:///etc/passwd"), CDN, {1, 3}),
    (faults.redirect("gopher://127.0.0.1/x"), RESOLVE, {1, 3}),
    (faults.redirect(""), CDN, {1, 3}), (faults.redirect("http://"), CDN, {1, 3}),
    (faults.status(302), CDN, {1, 3}), (faults.status(304), CDN, {1, 3}),
    (faults.expired(), CDN, {1}), (faults.raw(b"x" * 300_000), REVISION, {1}),
    (faults.headers(X_Big="y" * 120_000), REVISION, {1}),
    (faults.next_link("https://evil.invalid/api/models/org/name/tree/x?cursor=1"), TREE, {1, 3}),
    (faults.repeat_cursor(), TREE, {1, 3}),
    (faults.headers(X_Repo_Commit="../../../x"), RESOLVE, {0, 1, 3}),
    (faults.headers(X_Repo_Commit="b" * 40), {"path": "*/resolve/*"}, {0, 1, 3}),
    (faults.etag('"../../x"', name="X-Linked-ETag"), RESOLVE, {0, 1, 3}),
    (faults.headers(X_Linked_Size="7"), RESOLVE, {0, 1, 3}),
    (faults.content_range("shift"), CDN, {0, 1}), (faults.content_range(None), CDN, {0, 1}),
    (faults.content_range("total"), CDN, {0, 1}), (faults.compressed(), CDN, {0, 1}),
])
def test_for_ever(hub, hf, big, repo, action, where, codes):
    """It ends in good time, and publishes nothing or what is right."""
    other = hub.add_repo("org/other", FILES)
    hf.models("org/name", "org/big")
    hf.configure(retry={"attempts": 1})
    hub.fault(action, **where)
    result = hf.run("run", expect=None, timeout=40)
    assert result.code in codes, result
    checks.check_cache(hf.cache, [repo, big])
    if where != CDN and 0 not in codes:
        checks.check_nothing_published(hf.cache, repo)
    assert not (hf.root / "x").exists() and not (hf.cache / "x").exists()
    # When it is over, all is well; parked jobs are named.
    hub.clear_faults()
    hf.models("org/name", "org/big", "org/other")
    hf.run("run", "org/name", "org/big", "org/other")
    for r in (repo, big, other):
        checks.check_complete(hf.cache, r)


def test_pages_at_another_origin_are_not_asked(hub, hf, repo):
    hub.fault(faults.next_link(lambda req: hub.cdn_url + req.target), **TREE)
    result = hf.run("run", expect=None)
    assert result.code in (1, 3)
    assert hub.requests(side="cdn") == []


def test_redirects_elsewhere_carry_no_token(hub, hf, repo):
    hub.add_token("hf_secret", ["*"])
    hub.fault(faults.redirect(lambda req: hub.cdn_url + "/else" + req.path, 307), **REVISION)
    hf.configure(retry={"attempts": 0})
    hf.run("run", env={"HF_TOKEN": "hf_secret"}, expect=None)
    assert "hf_secret" in hub.received_by("hub")
    assert "hf_secret" not in hub.received_by("cdn")
    checks.check_nothing_published(hf.cache, repo)


# -- an unreachable Hub

@pytest.mark.valgrind
def test_unreachable(hub, hf, repo):
    hf.models("org/name")
    hf.configure(retry={"attempts": 1, "failed_jobs": {"waits": ["1s"], "runs": 2}})
    hf.quiet("run")
    before = hf.status("org/name")
    hub.stop()
    for _ in range(4):
        hf.run("run", "--all", expect=1)
    job = hf.status("org/name")
    # Not counted against the job, and the truth is told.
    assert job["state"] == "retrying", job
    assert job["error"]["kind"] == "unreachable"
    assert job["unreachable_since"] and job["confirmed_at"] == before["confirmed_at"]
    checks.check_complete(hf.cache, repo)
    hub.start()
    hf.quiet("run", "--all")
    job = hf.status("org/name")
    assert job["state"] == "current" and not job["unreachable_since"]


def test_connections_refused_for_a_while(hub, hf, repo):
    hub.hub.refuse = 3
    hub.cdn.refuse = 2
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)


def test_unknown_host(hub, hf):
    hf.configure(endpoint="https://hub.invalid", retry={"attempts": 1})
    result = hf.run("run", expect=1)
    assert result.seconds < 15 * SLOW
    assert hf.status("org/name")["error"]["kind"] == "unreachable"


def test_cdn_down(hub, hf, repo):
    hub.cdn.stop()
    hf.configure(retry={"attempts": 1})
    hf.run("run", expect=1)
    checks.check_nothing_published(hf.cache, repo)
    hub.cdn.start()
    hf.quiet("run", "--all")
    checks.check_complete(hf.cache, repo)


# -- across runs

def test_failed_jobs(hub, hf, repo):
    """Tried again after `waits`, and `failed` after `runs`."""
    wait = 5 if WINE else 2
    hf.configure(retry={"attempts": 0, "failed_jobs": {
        "waits": [f"{wait}s", f"{wait}s"], "runs": 3, "reset_after": "24h"}})
    f = hub.fault(faults.status(500), **REVISION)
    hf.run("run", expect=1)
    assert hf.status("org/name")["state"] == "retrying"
    hf.quiet("run")
    assert f.hits == 1, "its next try has not come"
    for hits, state in ((2, "retrying"), (3, "failed")):
        time.sleep(1.25 * wait)     # with its jitter
        hf.run("run", expect=1)
        assert f.hits == hits
        assert hf.status("org/name")["state"] == state
    time.sleep(1.25 * wait)
    hf.quiet("run")
    assert f.hits == 3
    hub.clear_faults()
    hf.quiet("run", "org/name")
    checks.check_complete(hf.cache, repo)
    job = hf.status("org/name")
    assert job["state"] == "current" and not job["error"]


def test_success_forgets_failures(hub, hf, repo):
    hf.configure(retry={"attempts": 0, "failed_jobs": {"waits": ["1s"], "runs": 2}})
    for _ in range(2):
        hub.fault(faults.status(500), count=1, **REVISION)
        hf.run("run", "--all", expect=1)
        assert hf.status("org/name")["state"] == "retrying"
        hf.quiet("run", "--all")
        assert hf.status("org/name")["state"] == "current"


def test_one_failure_does_not_stop_the_others(hub, hf):
    repos = [hub.add_repo(f"org/r{i}", FILES) for i in range(4)]
    hf.models("org/missing", *(r.id for r in repos))
    hf.configure(retry={"attempts": 1})
    hub.fault(faults.status(500), path="*/org/r1/*")
    hf.run("run", expect=3)
    for r in (repos[0], repos[2], repos[3]):
        checks.check_complete(hf.cache, r)
    checks.check_nothing_published(hf.cache, repos[1])
    states = {j["id"].split("/")[2]: j["state"] for j in hf.status()["jobs"]}
    assert states == {"missing@main": "parked", "r0@main": "current", "r1@main": "retrying",
                      "r2@main": "current", "r3@main": "current"}


def test_one_bad_file_does_not_stop_the_others(hub, hf, repo):
    """The rest of the job is kept, so that the next run has less to do."""
    hub.fault(faults.status(500), path="*config.json*")
    hf.configure(retry={"attempts": 1})
    hf.run("run", expect=1)
    checks.check_nothing_published(hf.cache, repo)
    sent = hub.settled_bytes()
    assert sent == repo.blob_bytes() - 3
    hub.clear_faults()
    hf.quiet("run", "--all")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes == repo.blob_bytes()


# -- what vanished

@pytest.mark.parametrize("change", ["removed", "private", "gated", "disabled", "revision"])
def test_gone_keeps_the_last_good_copy(hub, hf, repo, change):
    repo.branch("dev")
    hf.models({"name": "org/name", "revision": "dev"})
    hf.quiet("run")
    first = repo.sha()
    before = checks.published(hf.cache)
    repo.commit({"config.json": "2\n"}, branch="dev")
    if change == "removed":
        hub.remove_repo(repo)
    elif change == "revision":
        del repo.branches["dev"]
    else:
        setattr(repo, change, "auto" if change == "gated" else True)
    result = hf.run("run", "--all", expect=3)
    assert "org/name" in result.err, "a person is needed, and is told"
    job = hf.status("org/name")
    assert job["state"] == "parked" and job["commit"] == first, job
    assert job["error"]["kind"] in ("auth", "permanent")
    after = checks.published(hf.cache)
    assert before.items() <= after.items()
    checks.check_refs(hf.cache, [repo])
    # Parked jobs are left alone until something changes.
    hub.log.clear()
    hf.quiet("run")
    assert hub.requests() == []


def test_revision_that_never_was(hub, hf, repo):
    hf.models({"name": "org/name", "revision": "nope"})
    result = hf.run("run", expect=3)
    assert "nope" in result.err
    assert hf.status("org/name")["error"]["kind"] == "permanent"


def test_commit_that_is_gone(hub, hf, repo):
    """After a force-push the Hub may name a commit that it lost."""
    f = hub.fault(faults.edit_json(lambda v: {**v, "sha": "c" * 40}), count=1, **REVISION)
    first = hf.run("run", expect=None)
    assert f.hits == 1
    checks.check_cache(hf.cache, [repo])
    if first.code:
        hf.run("run", "org/name")
    checks.check_complete(hf.cache, repo)
