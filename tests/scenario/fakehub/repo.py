"""Repositories: files, commits, branches, tags and pull requests.

Object names are git's own: blob, tree and commit ids are the SHA-1 git would
compute, and an LFS file's `oid` is that of its pointer.
"""

import hashlib

from .content import Bytes, Git, Lfs, as_content

EPOCH = 1_700_000_000


class File:
    """One path of one commit."""

    def __init__(self, content, lfs):
        self.content = content
        self.lfs = lfs
        self.size = content.size
        if lfs:
            self.etag = content.sha256
            pointer = Bytes(
                b"version https://git-lfs.github.com/spec/v1\n"
                b"oid sha256:%s\nsize %d\n" % (self.etag.encode(), self.size))
            self.oid = pointer.git_sha1
            self.pointer_size = pointer.size
            # What a CDN calls the object: 64 hex digits, but no SHA-256 of it.
            self.cdn_id = hashlib.sha256(b"cdn " + self.etag.encode()).hexdigest()
        else:
            self.oid = self.etag = content.git_sha1
            self.cdn_id = None

    def entry(self, path, masked=False):
        e = {"type": "file", "oid": self.oid, "size": self.size, "path": path}
        if self.lfs:
            e["lfs"] = {"oid": "*" * 64 if masked else self.etag,
                        "size": self.size, "pointerSize": self.pointer_size}
        return e


def _object(kind, body):
    return hashlib.sha1(b"%s %d\0" % (kind, len(body)) + body).hexdigest()


def _nest(files):
    root = {}
    for path, f in files.items():
        at = root
        *folders, name = path.split("/")
        for folder in folders:
            nxt = at.setdefault(folder, {})
            # Hostile names may be file and folder at once; keep the folder.
            at = nxt if isinstance(nxt, dict) else at.setdefault(folder + "\0", {})
        at.setdefault(name, f)
    return root


def _tree(node, prefix, folders):
    """SHA-1 of a tree; notes every folder below it in `folders`."""
    rows = []
    for name, item in node.items():
        if isinstance(item, dict):
            name = name.removesuffix("\0")     # the mark of _nest
        raw = name.encode("utf-8", "surrogateescape")
        if isinstance(item, dict):
            oid = _tree(item, f"{prefix}{name}/", folders)
            folders[prefix + name] = oid
            rows.append((raw + b"/", b"40000 " + raw, oid))
        else:
            rows.append((raw, b"100644 " + raw, item.oid))
    rows.sort()
    body = b"".join(head + b"\0" + bytes.fromhex(oid) for _, head, oid in rows)
    return _object(b"tree", body)


class Commit:
    def __init__(self, files, parent, number, message):
        self.files = files
        self.folders = {}
        tree = _tree(_nest(files), "", self.folders)
        when = EPOCH + 60 * number
        who = f"Fake Hub <hub@example.invalid> {when} +0000"
        body = f"tree {tree}\n"
        if parent:
            body += f"parent {parent}\n"
        body += f"author {who}\ncommitter {who}\n\n{message}\n"
        self.sha = _object(b"commit", body.encode())
        self.parent = parent
        self.when = when

    def entries(self, folder="", recursive=True, masked=False):
        """Raw listing below a folder, or None when there is no such folder."""
        if folder and folder not in self.folders:
            return None
        start = folder + "/" if folder else ""
        out = []
        for path, oid in self.folders.items():
            if path.startswith(start) and (recursive or "/" not in path[len(start):]):
                out.append({"type": "directory", "oid": oid, "size": 0, "path": path})
        for path, f in self.files.items():
            if path.startswith(start) and (recursive or "/" not in path[len(start):]):
                out.append(f.entry(path, masked))
        out.sort(key=lambda e: e["path"])
        return out


class Repo:
    """Made by FakeHub.add_repo; the attributes below may be set at any time."""

    def __init__(self, hub, repo_id, repo_type, files, lfs_threshold):
        self.hub = hub
        self.id = repo_id
        self.type = repo_type
        self.private = False
        self.gated = False          # False, "auto" or "manual"
        self.disabled = False
        self.shape = None           # "A" or "B" for git files; None: the hub's
        self.extra_entries = []     # raw entries added to every listing
        self.tree_body = None       # raw bytes sent instead of every listing
        self.lfs_threshold = lfs_threshold
        self.db_id = hashlib.sha1(f"{repo_type}/{repo_id}".encode()).hexdigest()[:24]
        self.commits = {}
        self.branches = {}
        self.tags = {}
        self.pulls = {}
        self.commit(files or {}, message="first")

    # -- building

    def _file(self, value):
        if isinstance(value, File):
            return value
        if isinstance(value, (Lfs, Git)):
            return File(value.content, isinstance(value, Lfs))
        content = as_content(value)
        return File(content, content.size >= self.lfs_threshold)

    def commit(self, files=None, delete=(), branch="main", message="update",
               base=None, keep=True):
        """Commits changes on a branch (made if need be); returns the commit id.

        The new tree is that of `base` (default: the branch's head, else main's)
        with `files` put in and `delete` taken out; keep=False starts empty.
        """
        with self.hub.lock:
            parent = base or self.branches.get(branch) or self.branches.get("main")
            tree = dict(self.commits[parent].files) if parent and keep else {}
            for path in delete:
                del tree[path]
            for path, value in (files or {}).items():
                tree[path] = self._file(value)
            c = Commit(tree, parent, len(self.commits), message)
            self.commits[c.sha] = c
            self.branches[branch] = c.sha
            return c.sha

    def branch(self, name, at="main"):
        self.branches[name] = self.find(at).sha
        return self.branches[name]

    def tag(self, name, at="main"):
        self.tags[name] = self.find(at).sha
        return self.tags[name]

    def pull(self, number, files):
        """Makes refs/pr/<number> out of main and the given changes."""
        ref = f"refs/pr/{number}"
        sha = self.commit(files, branch=ref, base=self.branches["main"])
        self.pulls[ref] = self.branches.pop(ref)
        return sha

    # -- asking

    def find(self, revision):
        """The Commit a revision names, or None."""
        sha = (self.branches.get(revision) or self.tags.get(revision)
               or self.pulls.get(revision) or revision)
        return self.commits.get(sha)

    def sha(self, revision="main"):
        return self.find(revision).sha

    def files(self, revision="main"):
        """path -> File of a revision."""
        return self.find(revision).files

    def blob_bytes(self, revision="main", include=None):
        """What has to be fetched for a revision: its distinct contents."""
        return sum({f.etag: f.size for p, f in self.files(revision).items()
                    if include is None or include(p)}.values())

    @property
    def folder(self):
        """The name of its folder in the official cache."""
        return f"{self.type}s--" + self.id.replace("/", "--")
