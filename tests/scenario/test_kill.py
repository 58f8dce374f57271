"""kill -9 at random instants: nothing wrong is ever visible, little is lost."""

import os
import time

import checks
from fakehub import Generated, Lfs
from hfcron import SLOW, MiB

# Under a sanitizer each one takes longer, and finds what the hundred find.
KILLS = 100 if SLOW == 1 else 40
CONNECTIONS = 8
RATE = 24_000_000


class Blobs:
    """check_blobs, but a file that did not change is hashed only once."""

    def __init__(self):
        self.known = {}

    def check(self, cache):
        for folder in checks.repo_folders(cache):
            for blob in (folder / "blobs").glob("*"):
                st = blob.lstat()
                key = (st.st_ino, st.st_size, st.st_mtime_ns, blob.name)
                if blob.name.endswith(".incomplete") or key in self.known:
                    continue
                assert checks.true_name(blob) == blob.name, f"wrong bytes in {blob}"
                self.known[key] = True


def files():
    out = {f"part{i % 5}/small{i}.txt": f"small file {i}\n" * (i * 40) for i in range(50)}
    out["big one.bin"] = Lfs(Generated(21, 96 * MiB))
    out["big two.bin"] = Lfs(Generated(22, 96 * MiB))
    return out


def instants(dice):
    """Most kills come early, some after checkpoints were made."""
    return [dice.uniform(0, 0.4) if dice.random() < 0.85 else dice.uniform(0.4, 5)
            for _ in range(KILLS)]


def test_kill_at_random_instants(hub, new_hf, dice):
    repo = hub.add_repo("org/kill", files())
    undisturbed = new_hf("undisturbed", hub.endpoint)
    undisturbed.models("org/kill")
    undisturbed.quiet("run")
    reference = checks.published(undisturbed.cache)
    assert hub.file_bytes == repo.blob_bytes()

    hf = new_hf("killed", hub.endpoint)
    hf.models("org/kill")
    hf.configure(transfer={"connections": CONNECTIONS})
    blobs = Blobs()
    hub.log.clear()
    hub.throttle.rate = RATE
    kills = finished = 0
    for wait_s in instants(dice):
        # A recheck goes over everything, so that late kills have work to hit.
        run = hf.start("run", "--all", *(["--recheck"] if finished else []))
        time.sleep(wait_s * min(SLOW, 4))
        result = run.kill()
        if result.code == 0:
            finished += 1
        else:
            assert result.code == -9, result
            kills += 1
        blobs.check(hf.cache)
        checks.check_links(hf.cache)
        checks.check_refs(hf.cache, [repo])
    hub.throttle.rate = None
    killed_bytes = hub.file_bytes
    hf.quiet("run", "--all")
    assert checks.published(hf.cache) == reference
    assert checks.incomplete(hf.cache) == []
    assert hf.status("org/kill")["state"] == "current"
    bound = repo.blob_bytes() + kills * (64 * MiB + CONNECTIONS * 8 * MiB)
    print(f"{kills} kills, {finished} runs that finished first, "
          f"{hub.file_bytes / MiB:.0f} MiB sent ({killed_bytes / MiB:.0f} before the last run), "
          f"{repo.blob_bytes() / MiB:.0f} MiB to fetch, bound {bound / MiB:.0f} MiB")
    assert hub.file_bytes <= bound
    # The bound above is the promise; what 100 short runs can receive at all
    # is less, so the real test is that checkpoints were used.
    assert killed_bytes + repo.blob_bytes() > hub.file_bytes, "the last run started afresh"


def test_kill_loses_at_most_a_checkpoint(hub, hf):
    """After each kill the store knows all but the last two seconds."""
    size = 96 * MiB
    repo = hub.add_repo("org/kill", {"w.bin": Lfs(Generated(23, size))})
    hf.models("org/kill")
    hub.throttle.rate = 16_000_000
    wasted = 0
    for _ in range(2):
        start = hub.file_bytes
        run = hf.start("run", "--all")
        time.sleep(3)
        assert run.kill().code == -9
        wasted += 2.5 * hub.throttle.rate + CONNECTIONS * MiB
        assert hub.file_bytes > start
    hub.throttle.rate = None
    hf.quiet("run", "--all")
    checks.check_complete(hf.cache, repo)
    assert hub.file_bytes <= size + wasted, f"{hub.file_bytes / MiB:.0f} MiB for {size / MiB:.0f}"


def test_kill_with_a_local_dir(hub, new_hf, dice, tmp_path):
    """An update of a local_dir, killed at random: each file is old or new."""
    old = {f"f{i}.txt": f"old {i}" * 50 for i in range(20)} | {"w": Lfs(Generated(1, 8 * MiB))}
    new = {f"f{i}.txt": f"new {i}" * 50 for i in range(20)} | {"w": Lfs(Generated(2, 8 * MiB))}
    repo = hub.add_repo("org/dir", old)
    hf = new_hf("dir", hub.endpoint)
    target = tmp_path / "target"
    hf.models({"name": "org/dir", "local_dir": str(target)})
    hf.quiet("run")
    first = repo.sha()
    repo.commit(new)
    hub.throttle.rate = 40_000_000
    for _ in range(15):
        run = hf.start("run", "--all")
        time.sleep(dice.uniform(0, 0.4) * min(SLOW, 4))
        run.kill()
        for name in old:
            data = (target / name).read_bytes()
            good = {f.content.read() for f in (repo.files(first)[name], repo.files()[name])}
            assert data in good, f"{name}: neither old nor new, {len(data)} bytes"
    hub.throttle.rate = None
    hf.quiet("run", "--all")
    for name, f in repo.files().items():
        assert (target / name).read_bytes() == f.content.read()
    assert not [p for p in target.rglob("*.incomplete")]
    assert os.listdir(target / ".cache") == ["huggingface"]
