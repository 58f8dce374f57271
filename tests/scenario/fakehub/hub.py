"""FakeHub: the state of the fake, its settings and its two hosts."""

import base64
import hmac
import json
import threading
import time

from .app import CdnSide, HubSide, quote_segment
from .faults import Fault
from .log import Log
from .repo import Repo
from .wire import Listener, Throttle


class FakeHub:
    """A Hub on loopback: the endpoint on one port, its CDN on another.

        with FakeHub() as hub:
            repo = hub.add_repo("org/name", {"a.txt": "hi", "w.bin": Lfs(...)})
            hub.fault(faults.drop(after=100), side="cdn", count=1)
            ... client with HF_ENDPOINT=hub.endpoint ...
            assert hub.file_bytes == repo.blob_bytes()

    Settings, all of which may be changed while it runs:
      page_size          entries of one page of a listing
      lfs_threshold      files of this size or more go to LFS (Lfs/Git override)
      shape              "A": git files redirect to resolve-cache; "B": 200
      bad_token          "ignore": an unknown token on a public repository is
                         as none; "reject": 401
      signed_ttl_s       life of a signed URL
      cdn_refuses_token  the CDN answers 400 to a bearer token
      resolve_cache_lfs  "refuse" (404) or "redirect", for LFS paths there
      throttle.rate      bytes/s over all connections of both hosts, or None
      quota              bucket -> (requests, window in seconds), enforced
    """

    def __init__(self, host="127.0.0.1", port=0, cdn_port=0, page_size=1000,
                 lfs_threshold=100_000, log_path=None):
        self.lock = threading.RLock()
        self.log = Log(log_path)
        self.throttle = Throttle()
        self.page_size = page_size
        self.history_page = 50
        self.lfs_threshold = lfs_threshold
        self.shape = "A"
        self.bad_token = "ignore"
        self.signed_ttl_s = 3600.0
        self.cdn_refuses_token = True
        self.resolve_cache_lfs = "refuse"
        self.send_retry_after = False
        self.quota = {"api": (100_000, 300), "resolvers": (100_000, 300), "pages": (100, 300)}
        self.secret = b"not a secret"
        self.repos = {}
        self.moved = {}
        self.tokens = {}
        self.faults = []
        self._objects = {}
        self._windows = {}
        self._ids = 0
        self.sides = {"hub": HubSide(self), "cdn": CdnSide(self)}
        self.hub = Listener("hub", self._handle, self.throttle, host, port)
        self.cdn = Listener("cdn", self._handle, self.throttle, host, cdn_port)

    # -- life

    def start(self):
        self.hub.start()
        self.cdn.start()
        return self

    def stop(self):
        self.hub.stop()
        self.cdn.stop()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        self.hub.close()
        self.cdn.close()
        self.log.close()
        errors = self.hub.errors + self.cdn.errors
        if errors and kind is None:
            raise errors[0]

    @property
    def endpoint(self):
        return f"http://{self.hub.netloc}"

    @property
    def cdn_url(self):
        return f"http://{self.cdn.netloc}"

    # -- what there is

    def add_repo(self, repo_id, files=None, type="model", lfs_threshold=None, **settings):
        """Makes a repository with one commit on main; settings: private, gated,
        disabled, shape (see Repo)."""
        with self.lock:
            repo = Repo(self, repo_id, type, files,
                        self.lfs_threshold if lfs_threshold is None else lfs_threshold)
            for name, value in settings.items():
                if not hasattr(repo, name):
                    raise TypeError(f"no such setting of a repository: {name}")
                setattr(repo, name, value)
            self.repos[type, repo_id] = repo
            return repo

    def remove_repo(self, repo):
        with self.lock:
            del self.repos[repo.type, repo.id]

    def move_repo(self, repo, new_id):
        """Renames a repository; the old name redirects."""
        with self.lock:
            del self.repos[repo.type, repo.id]
            self.moved[repo.type, repo.id] = new_id
            repo.id = new_id
            self.repos[repo.type, new_id] = repo

    def add_token(self, token, access=(), name="someone"):
        """A valid token; access: ids it may see ("org/x", "dataset/org/x", "*")."""
        self.tokens[token] = {"name": name, "access": set(access)}

    def fault(self, action, **when):
        """Adds a fault (see faults.Fault for `when`) and returns it."""
        f = Fault(action, **when)
        with self.lock:
            self.faults.append(f)
        return f

    def clear_faults(self):
        with self.lock:
            self.faults.clear()

    # -- answering

    def _handle(self, req):
        side = self.sides[req.side]
        record = self.log.add(req, side.kind(req.path))
        with self.lock:
            active = [f.action for f in self.faults if f.wants(req)]
        resp = None
        for action in active:
            resp = action.before(req) or resp
        if resp is None:
            with self.lock:
                resp = side.answer(req)
        for action in active:
            resp = action.after(req, resp)
            if resp is None:
                return None, record
        record.status = resp.status
        return resp, record

    def next_id(self):
        with self.lock:
            self._ids += 1
            return self._ids

    # -- signed URLs

    def _seal(self, path, policy):
        return hmac.new(self.secret, f"{path}|{policy}".encode(), "sha256").hexdigest()

    def sign(self, repo, f, path):
        """A URL of the CDN for a file, good for signed_ttl_s from now."""
        self._objects[f.cdn_id] = f
        expires = time.time() + self.signed_ttl_s
        where = f"/xet-bridge-us/{repo.db_id}/{f.cdn_id}"
        policy = base64.urlsafe_b64encode(json.dumps({"ms": int(expires * 1000)}).encode()).decode()
        name = quote_segment(path.rsplit("/", 1)[-1])
        return (f"{self.cdn_url}{where}?response-content-disposition=inline%3B+filename%3D{name}"
                f"&Expires={int(expires)}&Policy={quote_segment(policy)}"
                f"&Signature={self._seal(where, policy)}&Key-Pair-Id=FAKEKEY")

    def signed(self, req):
        """The File a signed request is for, or None: bad, unknown or expired."""
        args = req.args
        policy = args.get("Policy", "")
        if args.get("Signature") != self._seal(req.path, policy):
            return None
        if json.loads(base64.urlsafe_b64decode(policy))["ms"] < time.time() * 1000:
            return None
        return self._objects.get(req.path.rsplit("/", 1)[-1])

    # -- rate limits

    def take(self, bucket):
        """Counts one request; False when the window's quota is used up."""
        with self.lock:
            quota, window = self.quota[bucket]
            now = time.monotonic()
            start, used = self._windows.get(bucket, (now, 0))
            if now >= start + window:
                start, used = now, 0
            self._windows[bucket] = (start, used + 1)
            return used < quota

    def bucket(self, bucket):
        quota, window = self.quota[bucket]
        _, used = self._windows.get(bucket, (0, 0))
        return quota, window, max(0, quota - used)

    def reset_s(self, bucket):
        start, _ = self._windows.get(bucket, (time.monotonic(), 0))
        left = start + self.quota[bucket][1] - time.monotonic()
        return max(0, int(left + 0.999))

    # -- what was sent

    def requests(self, **match):
        """Records of the log that match (see Log.find)."""
        return self.log.find(**match)

    @property
    def file_bytes(self):
        return self.log.file_bytes

    def settled_bytes(self):
        """file_bytes, once connections that were cut have noticed that."""
        before, now = -1, self.file_bytes
        give_up = time.monotonic() + 5
        while now != before and time.monotonic() < give_up:
            time.sleep(0.3)
            before, now = now, self.file_bytes
        return now

    def received_by(self, side):
        """All that a host was sent, as text: for leak searches."""
        return "\n".join(
            f"{r.method} {r.target}\n" + "\n".join(f"{k}: {v}" for k, v in r.headers)
            + "\n" + r.body.decode("latin-1") for r in self.log.find(side=side))


def demo_files():
    """A small model: enough to show a download, with one LFS file of 8 MiB."""
    from .content import Generated, Lfs
    config = {"architectures": ["DemoModel"], "hidden_size": 64, "model_type": "demo"}
    return {
        "README.md": "# Demo model\n\nServed by a fake Hub; it holds no real weights.\n",
        ".gitattributes": "*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
        "config.json": json.dumps(config, indent=2) + "\n",
        "tokenizer/vocab.txt": "".join(f"token{i}\n" for i in range(1000)),
        "model.safetensors": Lfs(Generated(1, 8 << 20)),
    }

