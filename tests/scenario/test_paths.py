"""Folders with names that programs stumble over."""

import checks
import pytest
from fakehub import Generated, Lfs
from hfcron import WINDOWS

FILES = {"config.json": "{}\n", "sub/ünï 𝔵.txt": "x", "w.bin": Lfs(Generated(1, 3_000_000))}
DEEP = "/".join(["a folder with a rather long name"] * 10)


@pytest.mark.parametrize("where", ["with space", "plätze €", "it's & (more) %PATH% $1", DEEP],
                         ids=["space", "umlaut", "shell", "300 characters"])
def test_cache_and_list_there(hub, new_hf, where):
    """Fetched, published, and known by the next run."""
    hf = new_hf("hf", hub.endpoint)
    repo = hub.add_repo("org/name", FILES)
    hf.configure(cache_dir=str(hf.root / where / "cache"))
    hf.models("org/name", {"name": "org/name", "local_dir": str(hf.root / where / "files")})
    hf.quiet("run")
    checks.check_complete(hf.root / where / "cache", repo)
    for path, f in repo.files().items():
        assert (hf.root / where / "files" / path).read_bytes() == f.content.read()
    hub.log.clear()
    hf.quiet("run", "--all")
    assert not [r for r in hub.requests() if "resolve" in r.target]


@pytest.mark.parametrize("where", ["with space", "plätze €", DEEP],
                         ids=["space", "umlaut", "300 characters"])
def test_state_there(hub, new_hf, where):
    hf = new_hf("hf", hub.endpoint)
    repo = hub.add_repo("org/name", FILES)
    hf.configure(state_dir=str(hf.root / where / "state"))
    hf.models("org/name")
    hf.quiet("run")
    checks.check_complete(hf.cache, repo)
    assert hf.status("org/name")["state"] == "current"


def test_the_store_takes_little_space(hub, hf):
    """A hole on Unix, and no longer than what it holds on Windows."""
    hub.add_repo("org/name", FILES)
    hf.models("org/name")
    hf.quiet("run")
    st = (hf.state / "store" / "data.mdb").stat()
    if WINDOWS:
        assert st.st_size <= 1 << 20
    else:
        assert st.st_blocks * 512 < 1 << 20
    # Nor does it grow by being opened.
    hf.quiet("run", "--all")
    hf.status("org/name")
    assert (hf.state / "store" / "data.mdb").stat().st_size == st.st_size
