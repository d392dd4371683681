# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every line of standard input is a line of a page.

    rows_of_page.py PAGE.md

Prints `N rows of PAGE.md`, or the first line that is not there; exit code 1 then, and when
there is no line.
"""

import os
import sys


def main():
    """Command line; see the top of the file."""
    with open(sys.argv[1], encoding="utf-8") as file:
        page = file.read().splitlines()
    rows = sys.stdin.read().splitlines()
    missing = [row for row in rows if row not in page]
    if missing or not rows:
        print(f"not on the page: {missing[0] if missing else 'anything'}")
        return 1
    print(f"{len(rows)} rows of {os.path.basename(sys.argv[1])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
