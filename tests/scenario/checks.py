"""What must hold of a cache, a folder or a host, whatever happened before."""

import hashlib
import json
import os
import pathlib
import re
import stat
import tempfile

import hfcron

# Where symbolic links cannot be made, the file itself is where the link belongs.
symbolic_links = not hfcron.WINE
if hfcron.NATIVE:
    with tempfile.TemporaryDirectory() as probed:
        symbolic_links = hfcron.native.can_link(probed)

HEX40 = re.compile(r"[0-9a-f]{40}")
HEX64 = re.compile(r"[0-9a-f]{64}")
CACHEDIR_TAG = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n"
    b"# This file is a cache directory tag created by huggingface_hub.\n"
    b"# For information about cache directory tags, see:\n"
    b"#\thttps://bford.info/cachedir/\n")


def digest(path, name):
    """The name a blob with this file's content must have: "sha256" or "git"."""
    size = os.stat(path).st_size
    h = hashlib.sha256() if name == "sha256" else hashlib.sha1(b"blob %d\0" % size)
    with open(path, "rb") as f:
        while data := f.read(1 << 20):
            h.update(data)
    return h.hexdigest()


def true_name(path):
    """What `path`'s content is called, by the length of its present name."""
    return digest(path, "sha256" if len(os.path.basename(path)) == 64 else "git")


def tree(root):
    """path -> what is there, for comparing two folders: content, not times."""
    out = {}
    root = pathlib.Path(root)
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            out[name] = ("link", os.readlink(path))
        elif path.is_dir():
            out[name] = ("folder",)
        else:
            out[name] = ("file", path.stat().st_size, digest(path, "sha256"))
    return out


def published(cache):
    """tree() of a cache without locks and unfinished files."""
    return {name: what for name, what in tree(cache).items()
            if not name.startswith(".locks") and not name.endswith(".incomplete")}


def repo_folders(cache):
    return [p for p in pathlib.Path(cache).glob("*--*") if p.is_dir()]


def check_blobs(cache):
    """Every file under a final name has the content that name promises."""
    count = 0
    for folder in repo_folders(cache):
        for blob in (folder / "blobs").glob("*"):
            if HEX40.fullmatch(blob.name) or HEX64.fullmatch(blob.name):
                st = blob.lstat()
                assert stat.S_ISREG(st.st_mode), f"{blob} is no plain file"
                assert true_name(blob) == blob.name, f"wrong bytes in {blob}"
                count += 1
            else:
                assert blob.name.endswith(".incomplete"), f"stray file {blob}"
    return count


def check_instead_of_link(path, blobs):
    """A file with the content, and no second copy of it if it has a second name."""
    st = path.lstat()
    assert stat.S_ISREG(st.st_mode), f"{path} is no file"
    twins = [b.name for b in blobs.glob("*") if os.path.samestat(b.lstat(), st)]
    names = {digest(path, "sha256"), digest(path, "git")}
    assert len(twins) == st.st_nlink - 1 or st.st_nlink > 2, f"{path}: {twins}"
    assert names >= set(twins), f"wrong bytes in {path}"
    assert not [n for n in names if (blobs / n).exists() and n not in twins], f"{path} is a copy"


def leads_to(path):
    """The name of the blob that a snapshot's entry stands for, None: it does not say."""
    return os.path.basename(os.readlink(path)) if path.is_symlink() else None


def check_links(cache):
    """Every snapshot entry is a relative link, inside its repo, to a whole blob."""
    for folder in repo_folders(cache):
        blobs = folder / "blobs"
        for path in (folder / "snapshots").rglob("*"):
            if path.is_dir() and not path.is_symlink():
                continue
            if not symbolic_links:
                check_instead_of_link(path, blobs)
                continue
            assert path.is_symlink(), f"{path} is no link"
            target = os.readlink(path)
            assert not os.path.isabs(target), f"{path} -> {target}"
            where = pathlib.Path(os.path.normpath(path.parent / target))
            assert where.parent == blobs, f"{path} leads out of blobs: {target}"
            depth = len(path.relative_to(folder).parts) - 1
            assert target == "../" * depth + "blobs/" + where.name, target
            assert where.is_file(), f"{path} dangles"


def refs(folder):
    """ref name -> bytes of the file."""
    top = folder / "refs"
    return {str(p.relative_to(top)): p.read_bytes()
            for p in top.rglob("*") if p.is_file()}


def check_refs(cache, repos=(), include=None):
    """Every ref is 40 hex digits and names a complete snapshot.

    repos: the fake's Repo objects, from which completeness is judged;
    include(path) limits it to the files a job chose.
    """
    by_folder = {r.folder: r for r in repos}
    for folder in repo_folders(cache):
        for name, data in refs(folder).items():
            assert re.fullmatch(rb"[0-9a-f]{40}", data), f"{folder}/refs/{name}: {data!r}"
            snapshot = folder / "snapshots" / data.decode()
            assert snapshot.is_dir(), f"{name} names a missing snapshot"
            repo = by_folder.get(folder.name)
            if repo is None:
                continue
            for path, f in repo.commits[data.decode()].files.items():
                if include and not include(path):
                    continue
                link = snapshot / path
                assert link.is_file(), f"{name} names a snapshot without {path}"
                assert leads_to(link) in (f.etag, None), link
                assert link.stat().st_size == f.size, link


def check_cache(cache, repos=(), include=None):
    check_blobs(cache)
    check_links(cache)
    check_refs(cache, repos, include)


def check_complete(cache, repo, revision="main", include=None, ref=None):
    """The revision is published, whole and right, and the ref names it."""
    check_cache(cache, [repo], include)
    folder = pathlib.Path(cache) / repo.folder
    commit = repo.sha(revision)
    ref = revision if ref is None else ref
    if ref and not HEX40.fullmatch(ref):
        assert (folder / "refs" / ref).read_bytes() == commit.encode()
    snapshot = folder / "snapshots" / commit
    wanted = {p for p in repo.files(revision) if include is None or include(p)}
    found = {str(p.relative_to(snapshot)) for p in snapshot.rglob("*") if not p.is_dir()}
    assert found == wanted
    for path in wanted:
        assert (snapshot / path).read_bytes() == repo.files(revision)[path].content.read()
    return snapshot


def check_nothing_published(cache, repo):
    """Neither ref nor snapshot of a repository is there."""
    folder = pathlib.Path(cache) / repo.folder
    assert not list(folder.glob("refs/**/*")), list(folder.glob("refs/**/*"))
    assert not list(folder.glob("snapshots/*")), list(folder.glob("snapshots/*"))


def incomplete(cache):
    """Unfinished files of a cache."""
    return sorted(pathlib.Path(cache).glob("*/blobs/*.incomplete"))


def expected_tree_json(repo, commit):
    """What the official client writes as trees/<commit>.json."""
    files = {}
    for path, f in sorted(repo.commits[commit].files.items()):
        files[path] = {"size": f.size, "blob_id": f.oid}
        if f.lfs:
            files[path].update(lfs_sha256=f.etag, lfs_size=f.size)
    return json.dumps({"format_version": 1, "files": files}, indent=1).encode()


def check_no_leak(secret, folders=(), texts=()):
    """The secret is in no file, no file name and no text given."""
    raw = secret.encode() if isinstance(secret, str) else secret
    for top in folders:
        for path in pathlib.Path(top).rglob("*"):
            assert raw not in os.fsencode(path), f"secret in the name {path}"
            if path.is_file() and not path.is_symlink():
                assert raw not in path.read_bytes(), f"secret in {path}"
    for text in texts:
        data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        assert raw not in data, "secret in: " + data.decode("utf-8", "replace")[:2000]
