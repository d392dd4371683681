# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the commands of a document and checks the output it shows.

    run_document.py [--bin BUILD/bin] REPOSITORY DOCUMENT.md ...

A block fenced as ```sh is run line by line by one bash, from a folder that looks like the
repository after scripts/build.sh: build/bin (that of --bin, else where qbias is found),
examples, test and docs are there, and build can be written to.  A block fenced as ```text
behind it has to appear in what the commands print: its lines in order, `...` for any text,
a line `...` for any lines.  Lines that start with one of SKIPPED are left out: they build,
or run this very test.

The last line is `N commands of M documents`.  Exit code 1, with the reason, on failure.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = ("scripts/", "ninja ", "cmake ", "git ")
TIMEOUT_SECONDS = 600


class Failed(Exception):
    """A command that fails, or output that is not as shown."""


def blocks(path):
    """[(language, [lines], number of the first line)] of the fenced blocks."""
    result, inside = [], None
    for number, line in enumerate(open(path, encoding="utf-8").read().splitlines(), 1):
        if not line.startswith("```"):
            if inside is not None:
                inside[1].append(line)
        elif inside is None:
            inside = (line[3:].strip(), [], number + 1)
        else:
            result.append(inside)
            inside = None
    if inside is not None:
        raise Failed(f"{path}:{inside[2] - 1}: a block that does not end")
    return result


def commands(lines):
    """The lines with continuations joined, without those that are skipped."""
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [line for line in joined if line.strip() and not line.startswith(SKIPPED)]


def run(lines, folder):
    """What the commands print; both streams together, as on a terminal."""
    script = "\n".join(["set -euo pipefail"] + lines)
    done = subprocess.run(["bash", "-c", script], cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=TIMEOUT_SECONDS)
    if done.returncode:
        raise Failed(f"exit code {done.returncode} of\n" + "\n".join(lines) + "\n" + done.stdout)
    return done.stdout


def check(shown, printed):
    """Every shown line stands in the printed ones, in order."""
    lines, position = [line.rstrip() for line in printed.splitlines()], 0
    exactly = False  # the next line has to follow at once
    for text in shown:
        text = text.rstrip()
        if text == "...":
            exactly = False
            continue
        pattern = re.compile(".*".join(map(re.escape, text.split("..."))))
        end = position + 1 if exactly else len(lines)
        found = next((i for i in range(position, min(end, len(lines)))
                      if pattern.fullmatch(lines[i])), None)
        if found is None:
            raise Failed(f"does not print\n{text}\nbut\n{printed}")
        position, exactly = found + 1, True


def run_document(path, folder):
    """Number of commands run."""
    count, printed = 0, ""
    for language, lines, number in blocks(path):
        try:
            if language == "sh":
                chosen = commands(lines)
                printed = run(chosen, folder)
                count += len(chosen)
            elif language == "text":
                check(lines, printed)
        except Failed as error:
            raise Failed(f"{path}:{number}: {error}") from error
    return count


def main():
    """Command line; see the top of the file."""
    parser = argparse.ArgumentParser(description="run the commands of documents")
    parser.add_argument("--bin", default=os.path.dirname(shutil.which("qbias") or "bin/qbias"))
    parser.add_argument("top", metavar="REPOSITORY")
    parser.add_argument("documents", nargs="+")
    options = parser.parse_args()
    count = 0
    for path in options.documents:
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "build"))
            os.symlink(os.path.abspath(options.bin), os.path.join(folder, "build", "bin"))
            for name in ("docs", "examples", "test"):
                os.symlink(os.path.abspath(os.path.join(options.top, name)),
                           os.path.join(folder, name))
            try:
                count += run_document(path, folder)
            except Failed as error:
                print(error)
                return 1
    print(f"{count} commands of {len(options.documents)} documents")
    return 0


if __name__ == "__main__":
    sys.exit(main())
