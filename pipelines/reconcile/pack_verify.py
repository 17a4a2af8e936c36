"""Check an auditor's pack with `python verify.py PACK.zip`.

It needs Python 3.8 or newer and nothing else. Exit code 0: the pack is whole, and what was signed is what is in it. 1: it is not; each
line that begins with BAD says what. It cannot know whether somebody made a whole new pack with new signatures: that is what the company's
hub proves, with `counterfoil close verify PACK.zip --home HOME`, and what the anchor shows that you were given at an earlier time.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

SUMS = "SHA256SUMS"


def check(path: str | Path) -> list[str]:
    """Sentences of what is wrong with a pack; none where it is whole."""
    try:
        with zipfile.ZipFile(path) as pack:
            names = [entry.filename for entry in pack.infolist()]
            contents = {name: pack.read(name) for name in names}
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError) as wrong:
        return ["this is no whole ZIP file: " + str(wrong)]
    found = [f"{name} is in it twice" for name in sorted(set(names)) if names.count(name) > 1]
    found += _sums(contents)
    if found:
        return found
    try:
        return _signed(contents)
    except (KeyError, ValueError, TypeError, IndexError) as wrong:
        return [f"a file of the pack does not have the form that it must have: {wrong!r}"]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sums(contents: dict[str, bytes]) -> list[str]:
    if SUMS not in contents:
        return [f"{SUMS} is missing"]
    listed = {}
    for line in contents[SUMS].decode("utf-8", "replace").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    found = [f"{name} is missing" for name in sorted(set(listed) - set(contents))]
    found += [f"{name} is not listed in {SUMS}" for name in sorted(set(contents) - set(listed) - {SUMS})]
    found += [f"{name} was changed" for name in sorted(set(listed) & set(contents)) if _digest(contents[name]) != listed[name]]
    return found


def _signed(contents: dict[str, bytes]) -> list[str]:
    """What was signed is what is here: results, hash, evidence, people, and the rows of the log."""
    closing = json.loads(contents["closing.json"].decode("utf-8"))
    run, signatures = closing["run"], closing["signatures"]
    report = json.loads(contents[run["file"]].decode("utf-8"))["report"]
    bound = _digest("\n".join([run["inputs"], run["rules"], run["results"]]).encode("utf-8"))
    others = [each for each in signatures if each["bound"] != bound]
    found = ["the signature of {} ({}) is over other figures".format(each["person"], each["stage"]) for each in others]
    if _digest(contents[run["file"]]) != run["results"]:
        found.append("{} is not the result that was signed".format(run["file"]))
    for mine, its in (("inputs", "inputs_hash"), ("rules", "rules"), ("run", "run")):
        if run[mine] != report[its]:
            found.append(f"closing.json and the report name different {mine}")
    if (closing["company"], closing["period"]) != (report["company"], report["period"]):
        found.append("closing.json and the report are of different companies or periods")
    if not signatures or _digest(contents["evidence.json"]) != signatures[-1]["evidence"]:
        found.append("evidence.json is not what the last signature was given over")
    found += _people(signatures)
    if any(Decimal(each["unexplained"]) for each in report["waterfalls"]):
        found.append("a waterfall of the report does not end at 0.00 unexplained")
    return found + _log(contents, closing)


def _people(signatures: list[dict[str, Any]]) -> list[str]:
    stages = [each["stage"] for each in signatures]
    if stages != ["prepared", "reviewed", "certified"][: len(stages)]:
        return ["the signatures are not those of a close: " + ", ".join(stages)]
    prepared = signatures[0]["person"] if signatures else ""
    return ["{} prepared and signed as {}".format(prepared, each["stage"]) for each in signatures[1:] if each["person"] == prepared]


def _log(contents: dict[str, bytes], closing: dict[str, Any]) -> list[str]:
    rows = [json.loads(line) for line in contents["audit.jsonl"].decode("utf-8").splitlines()]
    if not rows:
        return ["the extract of the log is empty"]
    found = []
    numbers = [row["number"] for row in rows]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        found.append("rows are missing in the extract of the log")
    if "{}:{}".format(rows[-1]["number"], rows[-1]["chain"]) != closing["anchor"]:
        found.append("the extract of the log does not end at the anchor")
    by_number = {row["number"]: row for row in rows}
    for each in closing["signatures"]:
        row = by_number.get(each["audit"], {"action": "", "actor": "", "at": ""})
        if (row["action"], row["actor"], row["at"]) != ("close " + each["stage"], each["actor"], each["signed_at"]):
            found.append("the log does not hold the signature of {} ({})".format(each["person"], each["stage"]))
    return found


def main(arguments: list[str]) -> int:
    """Check the pack that is named; the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python verify.py PACK.zip\n")
        return 2
    found = check(arguments[0])
    for each in found:
        sys.stdout.write(f"BAD  {each}\n")
    if not found:
        sys.stdout.write("ok   The pack is whole, and what was signed is what is in it.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
