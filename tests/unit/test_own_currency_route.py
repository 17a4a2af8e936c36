"""Documents in their own currency, from the settings to the books of the other side."""

from __future__ import annotations

import pytest

from pipelines.home import load as loading
from taps._kit.errors import Misconfigured
from tests._kit.bad_input import on_page
from tests.unit import _remote_route as remote


def _in_own_currency(made: remote.RemoteRoute, **kinds: str) -> None:
    """The route's setting, and other representations."""
    path = made.path / "routes/sales.yaml"
    text = path.read_text()
    spaces = next(line for line in text.splitlines() if "base_currency: EUR" in line).partition("base")[0]
    text = text.replace("base_currency: EUR", f"base_currency: EUR\n{spaces}documents_in: document")
    for kind, other in kinds.items():
        text = text.replace(f"as: {remote.KINDS[kind]}\n", f"as: {other}\n")
    path.write_text(text)


def test_a_representation_that_xero_takes_in_base_only_is_refused_before_anything_is_begun(tmp_path):
    with remote.opened("xero", tmp_path) as made:
        _in_own_currency(made)
        assert loading.load(tmp_path).routes["sales"].posting[0].books.documents_in == "document"
    with remote.opened("xero", tmp_path / "other") as made:
        _in_own_currency(made, order="sales_receipt")
        with pytest.raises(Misconfigured) as refused:
            loading.load(made.path)
    sentence = (
        "routes/sales.yaml: posting books: books.documents_in: books takes `order` as sales_receipt in the base currency only; "
        "set `documents_in: base`, or give it as invoice or credit_note or payment"
    )
    assert refused.value.say.endswith(sentence)
    assert on_page(sentence)
