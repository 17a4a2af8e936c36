"""What a payer wrote: which of our numbers stand in the text of a bank's entry, and creditor references by ISO 11649."""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import ascii_uppercase

_SEPARATED = re.compile(r"[\s\-_/.·#:]+")
_TOKEN = re.compile(r"[A-Z0-9]+")
_PREFIXED = re.compile(r"([A-Z]*)0*([0-9A-Z]*)")
_WORDS = (
    "INVOICE",
    "RECHNUNG",
    "FACTURE",
    "FACTURA",
    "FATTURA",
    "FAKTURA",
    "FACTUUR",
    "INV",
    "RE",
    "RG",
    "NO",
    "NR",
    "ORDER",
    "BESTELLUNG",
)
"""What people put before a number; it is no part of it."""
_LONGEST = 5
"""Tokens that one number may have been torn into: `INV 2026 00 17`."""
_SHORTEST = 3
"""Signs that a number must have to be looked for: shorter ones stand in every text."""
_RF = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}")
_LOOKALIKES = re.compile(r"[0-9][0-9OIL]*$")
_LOOKS = str.maketrans({"O": "0", "I": "1", "L": "1"})
_MODULUS, _REMAINDER = 97, 1


def is_creditor_reference(text: str) -> bool:
    """Whether it is an RF creditor reference whose check digits are right (ISO 11649: the digits, turned, leave 1 by 97)."""
    bare = _SEPARATED.sub("", text.upper())
    if not _RF.fullmatch(bare):
        return False
    turned = bare[4:] + bare[:4]
    return int("".join(str(ascii_uppercase.index(sign) + 10) if sign.isalpha() else sign for sign in turned)) % _MODULUS == _REMAINDER


def canonical(number: str) -> str:
    """A number as it is compared: capitals, no separators, no word before it, no leading zeros of its digits."""
    bare = _SEPARATED.sub("", number.upper())
    for word in _WORDS:
        rest = bare.removeprefix(word)
        if rest != bare and rest[:1].isdigit():
            bare = rest
            break
    found = _PREFIXED.fullmatch(bare)
    return f"{found[1]}{found[2]}" if found else bare


def numbers(texts: Iterable[str]) -> frozenset[str]:
    """Everything in these texts that may be a number of ours, as `canonical` writes it.

    A number is one token or several neighbouring ones, always whole: 1001 does not stand in 21001. In a creditor reference with right
    check digits it is what follows them; one with wrong check digits says nothing. O, I and l among digits are also read as 0 and 1.
    """
    found: set[str] = set()
    for text in texts:
        tokens = _tokens(text)
        for first in range(len(tokens)):
            for last in range(first + 1, min(first + _LONGEST, len(tokens)) + 1):
                whole = "".join(tokens[first:last])
                if len(whole) >= _SHORTEST:
                    found |= {canonical(whole), canonical(_digits(whole))}
    return frozenset(found)


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    for token in _TOKEN.findall(text.upper()):
        if _RF.fullmatch(token):
            tokens += [token[4:]] if is_creditor_reference(token) else []
        else:
            tokens.append(token)
    return tokens


def _digits(token: str) -> str:
    """The token with what looks like a digit read as one, from its first digit on."""
    return _LOOKALIKES.sub(lambda found: found[0].translate(_LOOKS), token)


def stands(number: str, found: frozenset[str]) -> bool:
    """Whether a number of ours is among what was found."""
    return len(_SEPARATED.sub("", number)) >= _SHORTEST and canonical(number) in found
