"""Programs of Windows, run by Wine."""

import subprocess
import tempfile

TRIES = 3


def run(command, env, check=False, **options):
    """As subprocess.run, with the output.

    No pipes: what Wine leaves running for some seconds would hold them open.  Now
    and then Wine starts nothing, and ends with 1 and without a word.
    """
    for _ in range(TRIES):
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            p = subprocess.run(command, env=env, timeout=120, check=False,
                               stdin=subprocess.DEVNULL, stdout=out, stderr=err, **options)
            out.seek(0)
            err.seek(0)
            p.stdout, p.stderr = out.read(), err.read()
        if p.returncode != 1 or p.stdout or p.stderr:
            break
    if check:
        p.check_returncode()
    return p
