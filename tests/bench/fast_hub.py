"""A Hub and its CDN as files that nginx sends: fast enough to measure clients.

What it answers is what tests/scenario/fakehub answers; all of it is written
down before, so that a request costs the server the same for every client.
"""

import hashlib
import json
import pathlib
import random
import shutil
import socket
import subprocess
import time

PAGE = 1000         # entries of one answer about a tree
BLOCK = 64 << 20
STAMPED = 1 << 20   # a counter in each, so that no two of them are the same

LISTEN = {None: "", "http/1.1": " ssl", "h2": " ssl http2"}

CONFIG = """\
{user}daemon off;
worker_processes auto;
worker_rlimit_nofile 8192;
pid {root}/nginx.pid;
error_log {root}/error.log;
events {{ worker_connections 4096; }}
http {{
    log_format counted '$server_port $request_method $status $bytes_sent '
                       '$body_bytes_sent $uri';
    access_log {root}/access.log counted;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    # nginx would end a connection after 1,000 requests.
    keepalive_requests 1000000;
    default_type application/octet-stream;
    map_hash_max_size 262144;
    map_hash_bucket_size 512;
    client_body_temp_path {root}/tmp;
    proxy_temp_path {root}/tmp;
    fastcgi_temp_path {root}/tmp;
    uwsgi_temp_path {root}/tmp;
    scgi_temp_path {root}/tmp;

    map $repo $commit {{ include {root}/map/commit; }}
    map $repo/$path $etag {{ include {root}/map/etag; }}
    map $repo/$path $lfs_size {{ include {root}/map/lfs_size; }}
    map $repo/$path $quoted {{ include {root}/map/quoted; }}
    map $arg_cursor $page {{ "" 0; default $arg_cursor; }}
    map $repo/$page $next {{ include {root}/map/next; }}
    {certificate}
    # The real one is asked for a few fields, or sends them all.
    map $arg_expand $fields {{ "" full; default few; }}

    server {{
        listen {address}:{hub_port}{listen};
        root {root};
        etag off;
        location ~ ^/api/models/(?<repo>[^/]+/[^/]+)(/revision/[^/]+)?$ {{
            default_type "application/json; charset=utf-8";
            try_files /info/$repo/$fields.json =404;
        }}
        location ~ ^/api/models/(?<repo>[^/]+/[^/]+)/tree/[0-9a-f]+$ {{
            default_type "application/json; charset=utf-8";
            add_header Link $next;
            try_files /info/$repo/tree-$page.json =404;
        }}
        location ~ ^/api/resolve-cache/models/(?<repo>[^/]+/[^/]+)/[0-9a-f]+/(?<path>.+)$ {{
            default_type "text/plain; charset=utf-8";
            add_header ETag '"$etag"';
            add_header X-Repo-Commit $commit;
            try_files /data/$repo/$path =404;
        }}
        location ~ ^/(?<repo>[^/]+/[^/]+)/resolve/[^/]+/(?<path>.+)$ {{
            if ($etag = "") {{ return 404; }}
            add_header X-Repo-Commit $commit;
            add_header X-Linked-ETag '"$etag"';
            add_header X-Linked-Size $lfs_size;
            add_header Accept-Ranges bytes;
            set $where "/api/resolve-cache/models/$repo/$commit/$quoted?etag=%22$etag%22";
            if ($lfs_size != "") {{
                return 302 {scheme}://{address}:{cdn_port}/$repo/$path?Expires=4102444800;
            }}
            # Without a host, as the Hub's.
            absolute_redirect off;
            return 307 $where;
        }}
    }}
    server {{
        listen {address}:{cdn_port}{listen};
        root {root}/data;
        autoindex on;
    }}
}}
"""


class File:
    """One of a repository: written by Data, found by its path."""

    def __init__(self, path, size, lfs, sha256, git_sha1):
        self.path, self.size, self.lfs = path, size, lfs
        self.sha256, self.git_sha1 = sha256, git_sha1

    @property
    def etag(self):
        return self.sha256 if self.lfs else self.git_sha1

    def entry(self):
        row = {"type": "file", "oid": self.git_sha1, "size": self.size, "path": self.path}
        if self.lfs:
            row["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": 134}
        return row


class Data:
    """Bytes that no compression or sharing of blocks can help with."""

    def __init__(self):
        self.block = bytearray(random.Random(1).randbytes(BLOCK))
        self.counter = 0

    def _stamp(self, at):
        self.counter += 1
        self.block[at:at + 8] = self.counter.to_bytes(8, "big")

    def large(self, folder, path, size):
        sha256 = hashlib.sha256()
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "wb", buffering=0) as f:
            left = size
            while left > 0:
                for at in range(0, min(BLOCK, left), STAMPED):
                    self._stamp(at)
                part = memoryview(self.block)[:min(BLOCK, left)]
                sha256.update(part)
                left -= f.write(part)
        # The hash in git is that of the pointer: nobody has its text.
        pointer = hashlib.sha1(sha256.digest()).hexdigest()
        return File(path, size, True, sha256.hexdigest(), pointer)

    def small(self, folder, path, size):
        self._stamp(0)
        part = bytes(memoryview(self.block)[:size])
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(part)
        git = hashlib.sha1(b"blob %d\0" % size + part)
        return File(path, size, False, hashlib.sha256(part).hexdigest(), git.hexdigest())


class Repo:
    def __init__(self, name, files):
        self.name, self.files = name, files
        self.commit = hashlib.sha1(name.encode()).hexdigest()

    @property
    def size(self):
        return sum(f.size for f in self.files)


class Traffic:
    """What was asked and sent since the last look."""

    def __init__(self, lines):
        rows = [line.split(" ", 5) for line in lines]
        self.requests = len(rows)
        self.wire = sum(int(r[3]) for r in rows)
        self.bad = [" ".join(r) for r in rows if r[2][0] in "45" and r[2] != "499"]


class FastHub:
    """nginx in a folder; data for it goes into .data/NAME OF THE REPOSITORY/."""

    def __init__(self, root, nginx, address="127.0.0.1", prefix=(), tls=None):
        """tls: None, "http/1.1", or "h2" for what is offered over it."""
        self.tls = tls
        self.scheme = "https" if tls else "http"
        self.root = pathlib.Path(root)
        self.data = self.root / "data"
        self.log = self.root / "access.log"
        self.nginx, self.address, self.prefix = nginx, address, list(prefix)
        self.process = None
        # In a network of its own any port is free.
        self.hub_port, self.cdn_port = (8080, 8081) if prefix else free_ports(address)
        for folder in ("data", "map", "info", "tmp"):
            (self.root / folder).mkdir(parents=True)

    @property
    def endpoint(self):
        return f"{self.scheme}://{self.address}:{self.hub_port}"

    @property
    def cdn(self):
        return f"{self.scheme}://{self.address}:{self.cdn_port}"

    @property
    def authority(self):
        """The file with the certificate; None without TLS."""
        return self.root / "hub.pem" if self.tls else None

    def start(self, repos, as_root):
        self._write_answers(repos)
        config = self.root / "nginx.conf"
        config.write_text(CONFIG.format(
            root=self.root, address=self.address, hub_port=self.hub_port,
            cdn_port=self.cdn_port, user="user root;\n" if as_root else "",
            scheme=self.scheme, listen=LISTEN[self.tls],
            certificate=self._certify() if self.tls else ""))
        self.process = subprocess.Popen(
            [*self.prefix, self.nginx, "-p", self.root, "-e", self.root / "error.log",
             "-c", config], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not (self.root / "nginx.pid").exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise OSError("nginx: " + (self.root / "error.log").read_text())
            time.sleep(0.01)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def traffic(self):
        """Of the requests that have ended, then forgotten."""
        before, now = -1, self.log.stat().st_size
        # nginx writes down a request when it has sent all of it, which may be
        # after the client has got it and gone.
        while now != before:
            time.sleep(0.03)
            before, now = now, self.log.stat().st_size
        found = Traffic(self.log.read_text().splitlines())
        self.forget()
        return found

    def forget(self):
        with open(self.log, "r+b") as f:    # nginx appends
            f.truncate(0)

    def _certify(self):
        key = self.root / "hub.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", key,
             "-out", self.authority, "-subj", "/CN=hub", "-addext",
             f"subjectAltName=IP:{self.address}"], check=True, capture_output=True)
        return f"ssl_certificate {self.authority}; ssl_certificate_key {key};"

    def _write_answers(self, repos):
        maps = {name: [] for name in ("commit", "etag", "lfs_size", "quoted", "next")}
        for repo in repos:
            maps["commit"].append((repo.name, repo.commit))
            for f in repo.files:
                key = f"{repo.name}/{f.path}"
                maps["etag"].append((key, f.etag))
                maps["quoted"].append((key, f.path.replace("/", "%2F")))
                if f.lfs:
                    maps["lfs_size"].append((key, f.size))
            self._write_repo(repo, maps["next"])
        for name, rows in maps.items():
            (self.root / "map" / name).write_text(
                "".join(f'"{key}" "{value}";\n' for key, value in rows))

    def _write_repo(self, repo, links):
        folder = self.root / "info" / repo.name
        folder.mkdir(parents=True)
        few = {"_id": repo.commit[:24], "id": repo.name, "sha": repo.commit,
               "private": False, "gated": False, "disabled": False}
        full = {**few, "modelId": repo.name, "author": repo.name.split("/", maxsplit=1)[0],
                "lastModified": "2026-01-01T00:00:00.000Z",
                "createdAt": "2026-01-01T00:00:00.000Z", "downloads": 0, "likes": 0,
                "tags": [], "usedStorage": repo.size,
                "siblings": [{"rfilename": f.path} for f in repo.files]}
        (folder / "few.json").write_text(json.dumps(few))
        (folder / "full.json").write_text(json.dumps(full))
        rows = [{"type": "directory", "oid": hashlib.sha1(name.encode()).hexdigest(),
                 "size": 0, "path": name}
                for name in sorted({f.path.rpartition("/")[0] for f in repo.files} - {""})]
        rows += [f.entry() for f in repo.files]
        for page in range(0, -(-len(rows) // PAGE)):
            (folder / f"tree-{page}.json").write_text(
                json.dumps(rows[page * PAGE:(page + 1) * PAGE]))
            if (page + 1) * PAGE < len(rows):
                links.append((f"{repo.name}/{page}",
                              f"<{self.endpoint}/api/models/{repo.name}/tree/"
                              f"{repo.commit}?recursive=true&expand=false&"
                              f"cursor={page + 1}>; rel=\\\"next\\\""))


def free_ports(address):
    """Two; nobody else is expected to take them until nginx does."""
    taken = [socket.create_server((address, 0)) for _ in range(2)]
    ports = [s.getsockname()[1] for s in taken]
    for s in taken:
        s.close()
    return ports
