"""A data problem is a value: collected, stored, shown; it never stops a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one record or document.

    `say` is one sentence for a person in finance (what and where), `fix` is what that person can do. Neither repeats a personal
    field: the value that is wrong is quoted only where the model does not mark the field as personal.
    `code` is a row of CODES; `field` is the dotted path in the record or the document, '' where it is about the whole.
    """

    code: str
    say: str
    fix: str
    field: str = ""


CODES: dict[str, str] = {
    # connecting
    "CONNECT-DENIED": "the system does not let us in, or does not answer",
    # reading
    "READ-DAMAGED": "a row of the source cannot be read",
    "READ-NAN": "a number of the source is NaN or infinite",
    "READ-EMPTY": "the source gave nothing at all where it gave records before",
    "READ-MISSING": "a file or folder that is configured is not there",
    "READ-DENIED": "a file or folder may not be read",
    "READ-ABSENT": "too many records vanished from a snapshot at once; the deletes are held",
    "READ-SCHEMA": "the source's columns are not the ones that it had",
    "READ-BALANCE": "a bank statement's opening balance and entries do not give its closing balance",
    "READ-BULK": "a first read could not be done in bulk, and goes page by page",
    "READ-GAP": "something is missing between two statements or numbers of the source",
    # translating
    "MAP-REQUIRED": "a required field is empty",
    "MAP-TYPE": "a value has the wrong type",
    "MAP-UNKNOWN": "the mapping gives a field that the model does not have",
    "MAP-LOOKUP": "a lookup table has no row for this value",
    "MAP-HEAD": "rows of one document disagree on a field of its head",
    "MAP-RULE": "an expression of the mapping failed on this record",
    "MAP-TOTAL": "lines, tax and total of the document do not add up",
    "MAP-HELD": "another row of the same document has a problem",
    "MAP-NONE": "no document of the mapping fits this record",
    "MAP-TWIN": "two rows make the same document",
    "MAP-COMPANY": "no company can be found for this document",
    # posting and delivering
    "POST-ACCOUNT": "the route names no account for this role",
    "POST-RULE": "the posting table has no rule for this event",
    "POST-RATE": "no exchange rate is known for this currency and day",
    "POST-COST": "nobody says what an item that moves costs",
    "POST-UNBALANCED": "debits and credits of the entry differ",
    "POST-DECISION": "a decision of the company is missing",
    "POST-MATCH": "a bill differs from order and receipt by more than the limit",
    "POST-PERIOD": "the accounting period is closed",
    "SEND-REFUSED": "the target refused the document",
    "SEND-CHANGED": "the document was changed at the target",
    "SEND-TOTAL": "the target's total is not the predicted one",
    "SEND-UNPROVEN": "nobody can tell whether the target has the document",
    "TIE-NONE": "a credited line has no earlier sale to be tied to",
}
"""Every code that a Problem may carry. The docs list them; a test compares."""
