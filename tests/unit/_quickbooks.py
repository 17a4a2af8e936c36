"""A QuickBooks company under a loopback address with an open writer: what its unit tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taps._kit.simulator import serve
from taps._kit.surroundings import Pocket, Surroundings
from targets._kit.writer import Answer, Intent, Payload, Receipt
from targets.quickbooks.config import QuickBooksTargetConfig
from targets.quickbooks.writer import QuickBooksWriter
from tests.contract.samples.quickbooks_company import SECRETS, Company, config


@contextmanager
def opened(company: Company, **settings: Any) -> Iterator[QuickBooksWriter]:
    """A writer on the company, on its clock."""
    with serve(company) as url:
        writer = QuickBooksWriter(QuickBooksTargetConfig.model_validate(config(url, **settings)), Path())
        writer.open(None, Surroundings(clock=company.clock, safe=Pocket(dict(SECRETS)), sleep=company.clock.sleep))
        try:
            yield writer
        finally:
            writer.close()


def sent(writer: QuickBooksWriter, *intents: Intent) -> list[Answer]:
    """Prepare and send; what is held fails the test."""
    payloads = []
    for each in intents:
        payload = writer.prepare(each)
        assert isinstance(payload, Payload), payload
        payloads.append(payload)
    return writer.send(payloads)


def receipts(writer: QuickBooksWriter, *intents: Intent) -> list[Receipt]:
    """The same, where nothing is refused."""
    found = []
    for answer in sent(writer, *intents):
        assert isinstance(answer, Receipt), answer
        found.append(answer)
    return found
