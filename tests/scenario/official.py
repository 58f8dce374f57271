"""Runs one call of the official client and prints the outcome as JSON.

    official.py ENDPOINT HF_HOME CALL JSON_OF_KEYWORDS

The client reads its environment when it is imported, so each call has a
process of its own.  CALL is a function of huggingface_hub, or `scan` (the
cache scanner) or `verify` (its comparison of a cache or folder with the Hub).
"""

import json
import os
import subprocess
import sys

# Beside hfcron.exe it is what it would be on Windows: it makes no links, and its
# locks are those of ranges, of the first byte, which Wine's meet as well.
AS_ON_WINDOWS = {"HF_HUB_DISABLE_SYMLINKS": "1", "LOCKS_LIKE_WINDOWS": "1"}


class OfficialError(Exception):
    """The client raised; `kind` is the name of the exception's class."""

    def __init__(self, kind, text):
        super().__init__(f"{kind}: {text}")
        self.kind = kind


class Official:
    """The client with an HF_HOME of its own; calls return parsed JSON."""

    def __init__(self, endpoint, home):
        self.endpoint = endpoint
        self.home = str(home)
        self.cache = os.path.join(self.home, "hub")
        # Beside PATH and HOME.
        from hfcron import WINE
        self.env = dict(AS_ON_WINDOWS) if WINE else {}

    def call(self, name, **keywords):
        env = {"PATH": os.environ["PATH"], "HOME": self.home, **self.env}
        words = {k: str(v) if isinstance(v, os.PathLike) else v for k, v in keywords.items()}
        p = subprocess.run(
            [sys.executable, __file__, self.endpoint, self.home, name, json.dumps(words)],
            env=env, capture_output=True, text=True, timeout=120, check=False)
        try:
            answer = json.loads(p.stdout.splitlines()[-1])
        except (IndexError, ValueError):
            raise AssertionError(f"official client: {p.returncode}\n{p.stdout}{p.stderr}") from None
        if "error" in answer:
            raise OfficialError(answer["error"], answer["text"])
        return answer["value"]

    def snapshot(self, repo_id, **keywords):
        return self.call("snapshot_download", repo_id=repo_id, **keywords)

    def file(self, repo_id, filename, **keywords):
        return self.call("hf_hub_download", repo_id=repo_id, filename=filename, **keywords)

    def scan(self, cache_dir=None):
        return self.call("scan", cache_dir=cache_dir or self.cache)

    def verify(self, repo_id, **keywords):
        return self.call("verify", repo_id=repo_id, **keywords)


def lock_like_windows():
    """What msvcrt.locking() does, for what would call flock()."""
    import fcntl
    fcntl.flock = lambda file, how: fcntl.lockf(file, how, 1)


def scan(cache_dir):
    from huggingface_hub import scan_cache_dir
    found = scan_cache_dir(cache_dir)
    return {
        "warnings": [str(w) for w in found.warnings],
        "repos": {f"{r.repo_type}/{r.repo_id}": {
            "refs": {ref: rev.commit_hash for ref, rev in r.refs.items()},
            "revisions": {rev.commit_hash: sorted(
                str(f.file_path.relative_to(rev.snapshot_path)) for f in rev.files)
                for rev in r.revisions},
            "size": r.size_on_disk} for r in found.repos},
    }


def verify(**keywords):
    from huggingface_hub import HfApi
    v = HfApi().verify_repo_checksums(**keywords)
    return {"checked": v.checked_count,
            "mismatches": [m["path"] for m in v.mismatches],
            "missing": list(v.missing_paths), "extra": list(v.extra_paths)}


def main():
    endpoint, home, name, words = sys.argv[1:]
    os.environ.update({
        "HF_ENDPOINT": endpoint, "HF_HOME": home, "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1"})
    if os.environ.get("LOCKS_LIKE_WINDOWS"):
        lock_like_windows()
    import huggingface_hub
    calls = {"scan": scan, "verify": verify}
    try:
        value = (calls.get(name) or getattr(huggingface_hub, name))(**json.loads(words))
        print(json.dumps({"value": value}))
    except Exception as e:      # noqa: BLE001 - it is the answer
        print(json.dumps({"error": type(e).__name__, "text": str(e)}))


if __name__ == "__main__":
    main()
