#!/usr/bin/env python3
"""Plants each bug of bugs.toml into a copy of the sources, alone, and says whether the tests caught it.

Without an argument all of them; `run.py WORD` those whose name holds the word. Ends with 1 if a bug survived, if a test
fails without any bug, or if a bug does not even compile.
"""
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPY = ROOT / "target" / "planted" / "sources"
BUILT = ROOT / "target" / "planted" / "target"
NOT_COPIED = {"target", "data", ".git", "node_modules"}


def copy():
    """The sources as they are now. What has not changed keeps its time, so that it is not compiled again; what has gets
    the time of now, since it may have been written while the copy before was compiled."""
    wanted = {}
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_COPIED]
        for name in files:
            path = Path(folder) / name
            wanted[COPY / path.relative_to(ROOT)] = path
    for path in [path for path in COPY.rglob("*") if not path.is_dir() and path not in wanted]:
        path.unlink()
    for there, here in wanted.items():
        if not there.exists() or there.read_bytes() != here.read_bytes():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(here, there)
            shutil.copymode(here, there)


def test(arguments, *flags):
    """Whether they all passed, and what was printed."""
    command = ["cargo", "test", "--locked", *flags, *arguments.split()]
    done = subprocess.run(command, cwd=COPY, env={**os.environ, "CARGO_TARGET_DIR": str(BUILT)}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode == 0, done.stdout


def plant(edits):
    before = {}
    for file, old, new in edits:
        path = COPY / file
        text = path.read_text()
        before.setdefault(path, text)
        path.write_text(text.replace(old, new))
    return before


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    bugs = tomllib.loads((ROOT / "tests/planted/bugs.toml").read_text())["bug"]
    bugs = [bug for bug in bugs if word in bug["name"]]
    copy()
    faults = 0
    for tests in dict.fromkeys(bug["tests"] for bug in bugs):
        passed, output = test(tests)
        if not passed or not re.search(r"ok\. [1-9]\d* passed", output):
            print(f"without any bug these must pass: cargo test {tests}\n{output[-3000:]}")
            faults += 1
    if faults:
        return 1
    for bug in bugs:
        before = plant(bug["edits"])
        compiles, output = test(bug["tests"], "--no-run")
        if compiles:
            passed, output = test(bug["tests"])
        for path, text in before.items():
            path.write_text(text)
        caught = compiles and not passed
        faults += not caught
        by = [line.split()[1] for line in output.splitlines() if line.startswith("test ") and line.endswith("FAILED")]
        how = ("caught by " + ", ".join(by)) if caught else ("SURVIVED" if compiles else "DOES NOT COMPILE\n" + output[-3000:])
        print(f"{bug['name']}: {how}", flush=True)
    print(f"{len(bugs) - faults} of {len(bugs)} planted bugs caught")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
