#!/usr/bin/env python3
"""Runs what README.md shows and compares it with what README.md says.

    readme.py [README.md]

Every block marked sh is run by bash in the checkout, every block marked go is
run as a program. When a block marked text follows, the output must be that
text; a line "[...]" in it stands for any number of lines. Exit code 1 and the
difference when something is not as it says.
"""

import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def blocks(path):
    """Yields (line, language, content) of each fenced block."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    start = None
    for number, line in enumerate(lines, 1):
        if not line.startswith("```"):
            continue
        if start is None:
            start, language = number, line[3:].strip()
        else:
            yield start, language, "\n".join(lines[start : number - 1]) + "\n"
            start = None
    if start is not None:
        sys.exit(f"{path}:{start}: the block is not closed")


def run_go(content):
    """Runs a program as if it lay in a folder of the module."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "main.go")
        with open(source, "w", encoding="utf-8") as f:
            f.write(content)
        overlay = os.path.join(folder, "overlay.json")
        with open(overlay, "w", encoding="utf-8") as f:
            json.dump({"Replace": {os.path.join(ROOT, "examples", "readme", "main.go"): source}}, f)
        return run(["go", "run", "-overlay", overlay, "./examples/readme"])


def run(command):
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=None)


def matches(want, got):
    parts = [re.escape(p) for p in re.split(r"^\[\.\.\.\]\n", want, flags=re.M)]
    return re.fullmatch("(?:.*\n)*?".join(parts), got) is not None


def main(path):
    found, failed, last = 0, 0, None
    for line, language, content in blocks(path):
        if language == "text":
            if last is not None and not matches(content, last):
                failed += 1
                print(f"{path}:{line}: the output is not what the block says")
                sys.stdout.writelines(difflib.unified_diff(
                    content.splitlines(True), last.splitlines(True), "README", "output"))
            last = None
            continue
        if language not in ("sh", "go"):
            last = None
            continue
        found += 1
        began = time.time()
        result = run(["bash", "-euo", "pipefail", "-c", content]) if language == "sh" else run_go(content)
        last = result.stdout
        what = content.strip().split("\n")[0] if language == "sh" else "the program"
        print(f"{path}:{line}: {what} ({time.time() - began:.1f} s)", flush=True)
        if result.returncode != 0 or "go test" in content:
            sys.stdout.write(result.stdout)
        if result.returncode != 0:
            failed += 1
            print(f"{path}:{line}: exit code {result.returncode}")
            last = None
    if found == 0:
        sys.exit(f"{path}: no commands found")
    print(f"{path}: {found} commands and programs run, {failed} not as it says")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "README.md")) else 0)
