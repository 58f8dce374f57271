"""A fake Hub as a program, for scripts.

    python3 -m fakehub [--demo NAME]... [--root DIR] [--port N] [--port-file FILE]
                       [--log FILE] [--throttle BYTES_PER_S]

  --demo NAME       serve a small demo model under this name; may be repeated
                    (without --demo and --root: demo/tiny-model)
  --root DIR        serve DIR/models/ORG/NAME, DIR/datasets/ORG/NAME and
                    DIR/spaces/ORG/NAME, each a repository of the files in it
  --port N          of the endpoint (default: any free one); loopback only
  --port-file FILE  write the endpoint's URL and a newline there once it answers
  --log FILE        append one JSON object for each request
  --throttle N      bytes per second over all connections

Prints the endpoint's URL on a line of its own, then serves until SIGTERM or
SIGINT, or until the process that started it is gone.  Run it with the folder
that holds this package in PYTHONPATH.
"""

import argparse
import os
import pathlib
import signal
import sys
import threading

from .hub import FakeHub, demo_files


def add_root(hub, root):
    for repo_type in ("model", "dataset", "space"):
        for folder in sorted(pathlib.Path(root, repo_type + "s").glob("*/*")):
            files = {str(p.relative_to(folder)): p
                     for p in sorted(folder.rglob("*")) if p.is_file()}
            hub.add_repo(f"{folder.parent.name}/{folder.name}", files, type=repo_type)


def publish(path, text):
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "w") as f:
        f.write(text)
    os.replace(temporary, path)


def main():
    parser = argparse.ArgumentParser(prog="fakehub", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", action="append", default=[], metavar="NAME")
    parser.add_argument("--root", metavar="DIR")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", metavar="FILE")
    parser.add_argument("--log", metavar="FILE")
    parser.add_argument("--throttle", type=float, metavar="BYTES_PER_S")
    args = parser.parse_args()

    done = threading.Event()
    parent = os.getppid()
    for sig in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sig, lambda *_: done.set())
    hub = FakeHub(port=args.port, log_path=args.log)
    hub.throttle.rate = args.throttle
    for name in args.demo or ([] if args.root else ["demo/tiny-model"]):
        hub.add_repo(name, demo_files())
    if args.root:
        add_root(hub, args.root)
    with hub:
        print(hub.endpoint, flush=True)
        if args.port_file:
            publish(args.port_file, hub.endpoint + "\n")
        while not done.wait(0.5) and os.getppid() == parent:
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
