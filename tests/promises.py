#!/usr/bin/env python3
"""Runs every test that bears the id of a promise, and prints pass, fail or absent for each row of docs/promises.md.

Ends with 1 if one failed, not if some are absent: that is told, and is no secret.
"""
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\| ([A-Z]{2}-\d+[a-z]?) \| (.+) \|$", re.MULTILINE)
RESULT = re.compile(r"^test (\S+) \.\.\. (ok|FAILED)", re.MULTILINE)
ID = re.compile(r"(?:^|::|_and_)((?:mr|mc|mx|bp|jm)_\d+[a-z]?)(?=_)")


def main():
    rows = dict(ROW.findall((ROOT / "docs/promises.md").read_text()))
    filters = ["mr_", "mc_", "mx_", "bp_", "jm_"]
    command = ["cargo", "test", "--workspace", "--locked", "--no-fail-fast", "--", *filters]
    output = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE).stdout
    results, unknown = defaultdict(list), set()
    for name, result in RESULT.findall(output):
        for found in ID.findall(name):
            row = found.upper().replace("_", "-").rstrip()
            row = re.sub(r"[A-Z]$", lambda letter: letter.group().lower(), row)
            (results[row].append((name, result)) if row in rows else unknown.add(row))
    if not results:
        print("no test ran: cargo test --workspace --locked --no-run says why")
        return 1
    totals = defaultdict(int)
    for row, promise in rows.items():
        tests = results[row]
        failed = [name for name, result in tests if result != "ok"]
        state = "fail" if failed else "pass" if tests else "absent"
        totals[state] += 1
        count = f"{len(tests)} test{'s' * (len(tests) != 1)}" if tests else ""
        print(f"{row:<7} {state:<7} {count:<9} {promise}")
        for name in failed:
            print(f"        failed: {name}")
    for row in sorted(unknown):
        print(f"{row} is borne by a test, and no row of docs/promises.md")
    print(f"{totals['pass']} pass, {totals['fail']} fail, {totals['absent']} absent, of {len(rows)}")
    return int(totals["fail"] > 0 or bool(unknown))


if __name__ == "__main__":
    sys.exit(main())
