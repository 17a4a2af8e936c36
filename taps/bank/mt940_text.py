"""Field :86: of MT940: free text, or made of sub-fields with tags of SEPA inside."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from taps.bank.statement import reference_of

_WIDTH, _FIRST = 65, 61
"""Characters of a line of :86:, and of its first one where the tag is counted. A shorter line that goes on lost blanks at its end."""
_SUBFIELDS = re.compile(r"(\d{3})([^\w\s/+:.,-])(?=\d\d)")
_TAG = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC)\+|(MTLG):")
_SLASHED = re.compile(
    r"/(TRTP|CSID|NAME|MARF|REMI|IBAN|BIC|EREF|ORDP|BENM|ID|ADDR|ISDT|TRCD|PREF|RTRN|ACCW|OCMT|NRTX|SVCL|UCRD|ULTB|ULTD|PURP)/"
)
_PURPOSE = {*(f"{number}" for number in range(20, 30)), *(f"{number}" for number in range(60, 64))}


def information(about: list[list[str]]) -> dict[str, Any]:
    """What the fields :86: of one entry tell: text, counterparty, references, code."""
    if not about:
        return {}
    full = [len(line) >= _WIDTH or (place == 0 and len(line) == _FIRST) for place, line in enumerate(about[0])]
    joined = "".join(line if whole else f"{line} " for line, whole in zip(about[0], full, strict=True)).rstrip()
    structured = _SUBFIELDS.match(joined)
    if structured and len(about) == 1:
        return _german(joined, structured.group(1), structured.group(2))
    text = " ".join(" ".join(line.split()) for lines in about for line in lines)
    if len(about) == 1 and _SLASHED.match(joined):
        return _dutch("".join(about[0]))
    return {"text": text}


def _german(joined: str, code: str, separator: str) -> dict[str, Any]:
    """NNN?00text?20purpose…?30bank?31account?32name: sub-fields, and in the purpose the tags of SEPA."""
    parts = re.split(rf"{re.escape(separator)}(\d\d)", joined)[1:]
    found: dict[str, str] = {}
    for number, value in zip(parts[::2], parts[1::2], strict=True):
        found[number] = found.get(number, "") + value
    tags = _tags([value for number, value in found.items() if number in _PURPOSE])
    known = {"00", "10", "30", "31", "32", "33", *_PURPOSE}
    rest = [" ".join(value.split()) for number, value in found.items() if number not in known]
    message = tags.get("MTLG", "")
    text = tags.get("SVWZ", "") or tags.get("", "")
    return {
        "code": code,
        "text": text or message,
        "end_to_end_id": reference_of(tags.get("EREF")),
        "customer_reference": reference_of(tags.get("KREF")),
        "counterparty_name": " ".join((found.get("32", "") + found.get("33", "")).split()),
        "counterparty_account": found.get("31", "").strip(),
        "counterparty_bank": found.get("30", "").strip(),
        "additional": " ".join(filter(None, (found.get("00", "").strip(), message if text else "", *rest))),
    }


def _tags(chunks: list[str]) -> dict[str, str]:
    """The purpose by tag; what stands before the first tag is under ''. A tag begins a sub-field, everything else goes on with it."""
    found: dict[str, str] = {}
    tag = ""
    for chunk in chunks:
        begins = _TAG.match(chunk)
        if begins:
            tag = begins.group(1) or begins.group(2)
        found[tag] = found.get(tag, "") + (chunk[begins.end() :] if begins else chunk)
    return {tag: " ".join(value.split()) for tag, value in found.items()}


def _dutch(joined: str) -> dict[str, Any]:
    """/TRTP/…/IBAN/…/NAME/…/REMI/…/EREF/…: the form of Dutch banks since SEPA. Known from their descriptions, not tried on a real file."""
    places = [*_SLASHED.finditer(joined)]
    ends = [*(after.start() for _now, after in pairwise(places)), len(joined)]
    found = {place.group(1): " ".join(joined[place.end() : end].split()) for place, end in zip(places, ends, strict=True)}
    return {
        "text": found.get("REMI", ""),
        "end_to_end_id": reference_of(found.get("EREF")),
        "counterparty_name": found.get("NAME", ""),
        "counterparty_account": found.get("IBAN", ""),
        "counterparty_bank": found.get("BIC", ""),
        "additional": found.get("TRTP", ""),
    }
