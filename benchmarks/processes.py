# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs that the benchmarks start, and where things are."""

import json
import os
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, "build", "benchmarks")
QBIAS = os.path.join(TOP, "build", "bin", "qbias")
QBIAS_OPT = os.path.join(TOP, "build", "bin", "qbias-opt")
LLVM = "/usr/lib/llvm-22/bin"
MESSAGE_LIMIT = 2000  # characters of a failure


class CommandFailed(RuntimeError):
    """A program ended with another exit code than 0."""


def run(*command, **environment):
    """Standard output of a command. Errors: CommandFailed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          env={**os.environ, **environment}, check=False)
    if done.returncode:
        raise CommandFailed(f"exit code {done.returncode}: {' '.join(map(str, command))}\n"
                            f"{done.stderr[-MESSAGE_LIMIT:]}")
    return done.stdout


def watched(*command, **environment):
    """(milliseconds of processor time, milliseconds by the clock, output) of a process."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile() as out:
        start = time.monotonic()
        with subprocess.Popen(words, stdout=out, stderr=subprocess.DEVNULL,
                              env={**os.environ, **environment}) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        elapsed = time.monotonic() - start
        if process.returncode:
            raise CommandFailed(f"exit code {process.returncode}: {' '.join(words)}")
        out.seek(0)
        return 1000 * (usage.ru_utime + usage.ru_stime), 1000 * elapsed, out.read().decode()


def said(*command, **environment):
    """What a process says about itself, as JSON. Started by a shell: the peak memory of a process
    counts from that of the one it is forked from."""
    return json.loads(run("sh", "-c", '"$@"; exit $?', "sh", *command, **environment))


def cheapest(command, runs, **environment):
    """The least processor time of some runs, in milliseconds."""
    return min(watched(*command, **environment)[0] for _ in range(runs))
