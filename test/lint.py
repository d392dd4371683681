# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rules of the house that no compiler checks.

usage: lint.py [ROOT]

One line per finding, `path:line: what is wrong`, then `lint: N files, M findings`; exit code 1 when
there are findings. Directories named build*, .git, __pycache__ and Inputs are not looked at.

Tests (test/**/*.mlir and *.test, except Unit and Oracle, which lit does not run):
  * there is a RUN line; RUN and every FileCheck directive have their colon and a known suffix;
  * the prefix of every directive is one that a FileCheck of the file reads;
  * expected-error and its kin stand only where a RUN line has --verify-diagnostics, and there is one.

Mirror. D stands for a path below lib, such as Dialect/QBias/Transforms:
  * a pass `def N : Pass<"qbias-arg"` of include/qbias/D/Passes.td has a test test/D/**/arg.mlir or
    arg-*.mlir (of a pass `convert-arg` likewise), and a lib/D/**/*.cpp with GEN_PASS_DEF_N;
  * a lib/D that holds a .cpp has its twin in include/qbias: the directory D, the header D.h, or the
    Passes.td of D's parent;
  * a test/D or test/Unit/D that holds tests has a lib/D, or D is among OWN_TESTS below.

Labels. An operation declares Cn in its .td description, the dialect Fn, as bullets `* C1: ...`,
`* C1, C2: ...` or `* C1 to C4: ...`; names below are mnemonics with dots as underscores (int_pad),
`function` for the dialect's:
  * the section `### qbias.<mnemonic>` (`### function`) of docs/Spec.md has the same labels, and its
    example exists;
  * a file test/Dialect/QBias/IR/*invalid*.mlir has a case under `// <name>_c<n>`, or with a suffix
    `_word`; a case expects an error, one that names no other label; and no case has an undeclared label;
  * the label stands in the verifier: in Op::verify or in a function of lib/Dialect/QBias/IR that it
    calls, in a message or comment.

Text: no paths of one machine, no notes of things to do without an end (both in every text file), no
more than 500 lines a file in lib, include and tools, the licence in the banner of every .cpp, .h,
.td and .py, and clang-format (lib, include, tools, test/Unit) changes nothing.
"""

import os
import re
import shutil
import subprocess
import sys

MAX_LINES = 500
OWN_TESTS = ("Integration", "Examples", "Lint", "Fuzz")
SKIPPED = re.compile(r"^(build.*|\.git|__pycache__|Inputs)$")
TEXT = (".cpp", ".h", ".td", ".py", ".mlir", ".test", ".md", ".sh", ".txt", ".in", ".c", ".cmake")
COMMENT = r"\s*(?:(?://|#|;)\s*)?"
SUFFIX = r"(?:-(?:NEXT|SAME|NOT|DAG|LABEL|EMPTY|COUNT-\d+))?"
# Written apart, so that this file does not find itself.
PLACES = re.compile("(?<![\\w.%])/(" + "|".join(("work", "tmp", "home", "root")) + ")/")
UNDONE = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
LICENCE = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"


class Lint:
    """The tree, and what is wrong with it."""

    def __init__(self, root):
        self.root = root
        self.findings = []
        self.lines = {}
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(f for f in folders if not SKIPPED.match(f))
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root)
                if name.endswith(TEXT):
                    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
                        self.lines[path] = file.read().split("\n")

    def add(self, path, line, text):
        """Reports `text` at a line (0: the file as a whole)."""
        self.findings.append(f"{path}:{line}: {text}" if line else f"{path}: {text}")

    def paths(self, pattern):
        """Paths that match a regular expression from their beginning."""
        return [path for path in self.lines if re.match(pattern, path)]

    def text(self, path):
        """The file as one string, empty when there is none."""
        return "\n".join(self.lines.get(path, []))


# Tests


def read_run_lines(lines):
    """The commands of a test: RUN lines joined where one ends in a backslash."""
    commands, open_line = [], False
    for line in lines:
        match = re.match(rf"{COMMENT}RUN:(.*)", line)
        if not match:
            continue
        text = match.group(1).strip()
        if open_line:
            commands[-1] += " " + text.rstrip("\\")
        else:
            commands.append(text.rstrip("\\"))
        open_line = text.endswith("\\")
    return commands


def read_prefixes(commands):
    """Prefixes that some FileCheck of the commands reads."""
    prefixes = set()
    for command in commands:
        for call in re.split(r"[|;&]", command):
            if "FileCheck" not in call:
                continue
            named = re.findall(r"--?check-prefix(?:es)?[= ]([\w,-]+)", call)
            prefixes.update(p for group in named for p in group.split(","))
            if not named:
                prefixes.add("CHECK")
    return prefixes


def check_directives(lint, path, prefixes, has_filecheck):
    """Directives with colon, known suffix and a prefix that is read."""
    known = "|".join(sorted(map(re.escape, prefixes | {"CHECK"}), key=len, reverse=True))
    for number, line in enumerate(lint.lines[path], 1):
        if re.match(rf"{COMMENT}RUN(?!:)\b", line):
            lint.add(path, number, "RUN without colon")
        match = re.match(rf"{COMMENT}({known})((?:-[\w-]+)?)(\s*:)?", line)
        if not match:
            continue
        prefix, suffix, colon = match.groups()
        if colon != ":":
            if re.match(rf"{COMMENT}({known})(?:-[A-Z][\w-]*)?(\s|:|$)", line):
                lint.add(path, number, f"{prefix}{suffix} without colon")
            continue
        if not re.fullmatch(SUFFIX, suffix):
            lint.add(path, number, f"unknown directive {prefix}{suffix}")
        elif not has_filecheck:
            lint.add(path, number, f"{prefix}{suffix} but no FileCheck in a RUN line")
        elif prefix not in prefixes:
            lint.add(path, number, f"no FileCheck reads the prefix {prefix}")


def check_tests(lint):
    """Tests that test nothing."""
    for path in lint.paths(r"test/(?!Unit/|Oracle/).*\.(mlir|test)$"):
        commands = read_run_lines(lint.lines[path])
        if not commands:
            lint.add(path, 0, "test without RUN line")
        check_directives(lint, path, read_prefixes(commands),
                         any("FileCheck" in command for command in commands))
        verifies = any("verify-diagnostics" in command for command in commands)
        expects = [number for number, line in enumerate(lint.lines[path], 1)
                   if re.search(r"expected-(error|warning|remark|note)(-re)?\b", line)]
        if expects and not verifies:
            lint.add(path, expects[0], "expected diagnostic but no --verify-diagnostics")
        if verifies and not expects:
            lint.add(path, 0, "--verify-diagnostics but no expected diagnostic")


# Mirror


def check_passes(lint):
    """Every pass has a test and a source named as the docstring says."""
    for table in lint.paths(r"include/qbias/.*Passes\.td$"):
        place = os.path.dirname(table)[len("include/qbias/"):]
        for number, line in enumerate(lint.lines[table], 1):
            match = re.match(r'def (\w+) : Pass<"([\w-]+)"', line)
            if not match:
                continue
            stem = re.sub(r"^(qbias|convert)-", "", match.group(2))
            if not lint.paths(rf"test/{place}/(.*/)?{stem}(-[\w-]+)?\.mlir$"):
                lint.add(table, number, f"pass {match.group(2)} has no test {stem}.mlir in test/{place}")
            marker = f"GEN_PASS_DEF_{match.group(1).upper()}\n"
            if not any(marker in lint.text(path) for path in lint.paths(rf"lib/{place}/.*\.cpp$")):
                lint.add(table, number, f"pass {match.group(1)} has no source in lib/{place}")


def check_mirror(lint):
    """Directories of lib, include/qbias and test."""
    check_passes(lint)
    for folder in sorted({os.path.dirname(path) for path in lint.paths(r"lib/.*/.*\.cpp$")}):
        place = folder[len("lib/"):]
        parent = os.path.join("include/qbias", os.path.dirname(place), "Passes.td")
        if not (lint.paths(rf"include/qbias/{place}(\.h$|/)") or parent in lint.lines):
            lint.add(folder, 0, f"has no twin include/qbias/{place} or {place}.h")
    pattern = r"test/(Unit/(?=.*/)|(?!Unit/|Oracle/))(.*)/[^/]*\.(mlir|test|cpp)$"
    places = {re.match(pattern, path).group(2) for path in lint.paths(pattern)}
    for place in sorted(places):
        if place.split("/")[0] not in OWN_TESTS and not os.path.isdir(os.path.join(lint.root, "lib", place)):
            lint.add(f"test/**/{place}", 0, f"tests without a lib/{place}")


# Labels


def read_bullets(text):
    """Labels declared by bullets, in the forms of the docstring."""
    labels = set()
    for letter, first, to, last, rest in re.findall(
            r"^\s*\* ([CF])(\d+)(?:( to) [CF](\d+)|((?:, [CF]\d+)*))?:", text, re.M):
        numbers = range(int(first), int(last) + 1) if to else [int(first)]
        labels.update(f"{letter}{n}" for n in numbers)
        labels.update(re.findall(r"[CF]\d+", rest))
    return labels


def read_tables(lint):
    """mnemonic -> (path, line, labels, C++ class) of every operation, and of the dialect."""
    classes, operations = {}, {}
    for path in lint.paths(r"include/qbias/Dialect/.*\.td$"):
        for block in re.finditer(r"^(class|def) (\w+)(.*?)(?=^(?:class|def) |\Z)", lint.text(path), re.M | re.S):
            kind, name, body = block.groups()
            line = lint.text(path)[:block.start()].count("\n") + 1
            parent = re.search(r":\s*(\w+)(?:<((?:\"[\w.]*\")?(?: # )?\w*\"?[\w.]*\"?))?", body)
            base, argument = parent.groups() if parent else (None, None)
            if kind == "class":
                prefix = re.match(r'"([\w.]*)" #', argument or "")
                classes[name] = (base, prefix.group(1) if prefix else "", read_bullets(body))
            elif base == "Dialect":
                operations["function"] = (path, line, read_bullets(body), None)
            elif re.match(r'"[\w.]+"', argument or "") and name.endswith("Op"):
                mnemonic, labels, ancestor = argument.strip('"'), read_bullets(body), base
                while ancestor in classes:
                    mnemonic = classes[ancestor][1] + mnemonic
                    labels = labels or classes[ancestor][2]
                    ancestor = classes[ancestor][0]
                if ancestor in ("Op", "QBias_Op"):
                    operations[mnemonic] = (path, line, labels, re.sub(r"^QBias_", "", name))
    return operations


def read_functions(lint):
    """name -> text of every function in the sources of the dialect, comment above included."""
    functions = {}
    for path in lint.paths(r"lib/Dialect/QBias/IR/.*\.cpp$"):
        above, name, text = [], None, ""
        for line in lint.lines[path]:
            match = re.match(r"(?!using |namespace |struct |class |enum |template)[A-Za-z][^=;]*?([\w:]+)\(", line)
            if name is None and not match:
                above = above + [line] if line.startswith(("//", "template")) else []
                continue
            if name is None:
                name, text = re.sub(r"^qbias::", "", match.group(1)), "\n".join(above)
            text += "\n" + line
            body = text[text.find("("):]
            if line.startswith("}") or line.endswith((";", "}")) and body.count("{") == body.count("}"):
                functions[name] = functions.get(name, "") + text
                above, name = [], None
    return functions


def read_reached(functions, start):
    """Text of a function and of all it calls."""
    seen, queue = set(), [start]
    while queue:
        name = queue.pop()
        if name in seen or name not in functions:
            continue
        seen.add(name)
        queue += re.findall(r"(?<![\w.>])(?:\w+::)?\w+(?=\()", functions[name])
    return "\n".join(functions[name] for name in seen)


def check_spec(lint, operations):
    """docs/Spec.md has a section for each operation, with its labels and an example."""
    path = "docs/Spec.md"
    sections = {}
    for match in re.finditer(r"^### (?:qbias\.)?([\w.]+)\n(.*?)(?=^#|\Z)", lint.text(path), re.M | re.S):
        line = lint.text(path)[:match.start()].count("\n") + 1
        sections[match.group(1)] = (line, match.group(2))
    for name, (table, line, labels, cpp) in operations.items():
        if name not in sections:
            lint.add(table, line, f"{name} has no section in {path}")
            continue
        number, text = sections[name]
        for label in sorted(labels ^ read_bullets(text)):
            lint.add(path, number, f"{name} and its table differ in {label}")
        examples = re.findall(r"test/Examples/[\w-]+\.mlir", text)
        if cpp and not examples:
            lint.add(path, number, f"{name} has no example")
        for example in examples:
            if example not in lint.lines:
                lint.add(path, number, f"{example} does not exist")
    for name in sorted(set(sections) - set(operations)):
        lint.add(path, sections[name][0], f"{name} is no operation")


def read_cases(lint):
    """(name, label, path, line, text) of every labelled case."""
    for path in lint.paths(r"test/Dialect/QBias/IR/[^/]*invalid[^/]*\.mlir$"):
        line = 1
        for case in lint.text(path).split("// -----"):
            for match in re.finditer(r"^// ([a-z]\w*?)_([cf])(\d+)(?:_\w+)?$", case, re.M):
                number = line + case[:match.start()].count("\n")
                yield match.group(1), match.group(2).upper() + match.group(3), path, number, case
            line += case.count("\n")


def check_labels(lint):
    """Tables, specification, tests and verifiers have the same labels."""
    operations = read_tables(lint)
    check_spec(lint, operations)
    declared = {(name.replace(".", "_"), label): entry
                for name, entry in operations.items() for label in entry[2]}
    tested = set()
    for name, label, path, line, text in read_cases(lint):
        tested.add((name, label))
        messages = "".join(re.findall(r"expected-error.*", text))
        if (name, label) not in declared:
            lint.add(path, line, f"{name}_{label.lower()} is no declared label")
        if not messages:
            lint.add(path, line, f"{name}_{label.lower()} expects no error")
        elif re.search(r"\{\{[CF]\d+:", messages) and f"{label}:" not in messages:
            lint.add(path, line, f"{name}_{label.lower()} expects an error of another label")
    functions = read_functions(lint)
    everything = "\n".join(functions.values())
    for (name, label), (table, line, _, cpp) in sorted(declared.items()):
        if (name, label) not in tested:
            lint.add(table, line, f"no failing test {name}_{label.lower()}")
        source = read_reached(functions, f"{cpp}::verify") if cpp else everything
        spans = re.findall(r"\b([CF])(\d+) to [CF](\d+)", source)
        inside = any(label[0] == letter and int(a) <= int(label[1:]) <= int(b) for letter, a, b in spans)
        if not inside and not re.search(rf"\b{label}\b", source):
            lint.add(table, line, f"{name}: {label} does not appear in its verifier")


# Text


def check_text(lint):
    """Paths, notes, length, licence."""
    for path, lines in lint.lines.items():
        for number, line in enumerate(lines, 1):
            if place := PLACES.search(line):
                lint.add(path, number, f"path of one machine, {place.group(0)}")
            if note := UNDONE.search(line):
                lint.add(path, number, f"{note.group(0)} without an end")
        if re.match(r"(lib|include|tools)/.*\.(cpp|h|td)$", path) and len(lines) - 1 > MAX_LINES:
            lint.add(path, 0, f"{len(lines) - 1} lines, at most {MAX_LINES}")
        if path.endswith((".cpp", ".h", ".td", ".py")) and LICENCE not in "\n".join(lines[:10]):
            lint.add(path, 0, "no licence in the banner")


def check_format(lint):
    """clang-format changes nothing."""
    sources = lint.paths(r"(lib|include|tools|test/Unit)/.*\.(cpp|h)$")
    program = shutil.which("clang-format-22")
    if not program:
        lint.add("clang-format-22", 0, "not installed; sources were not compared with it")
        return
    if not sources:
        return
    done = subprocess.run([program, "--dry-run", "-Werror"] + sources, cwd=lint.root,
                          stderr=subprocess.PIPE, text=True, check=False)
    reported = set()
    for path, line in re.findall(r"^(.*?):(\d+):\d+: error", done.stderr, re.M):
        if path not in reported:
            lint.add(path, line, "not formatted; run clang-format-22 -i")
        reported.add(path)
    if done.returncode and not reported:
        lint.add("clang-format-22", 0, done.stderr.strip().split("\n")[0])


def main():
    """Command line; see the top of the file."""
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    lint = Lint(root)
    for check in (check_tests, check_mirror, check_labels, check_text, check_format):
        check(lint)
    for finding in lint.findings:
        print(finding)
    print(f"lint: {len(lint.lines)} files, {len(lint.findings)} findings")
    return 1 if lint.findings else 0


if __name__ == "__main__":
    sys.exit(main())
