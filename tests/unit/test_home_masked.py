"""The home folder as a reconciliation records it: every setting, no secret."""

from __future__ import annotations

import pytest

from pipelines.home.masked import mask, masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hub: postgresql+psycopg://shop:hunter2@db/hub", "hub: postgresql+psycopg://shop:•••@db/hub"),
        ("api_key: abc", "api_key: •••"),
        ('  "client_secret": "a b"  # old', '  "client_secret": •••'),
        ("config: {token: abc, host: shop.example}", "config: {token: •••, host: shop.example}"),
        ("password: ab#c, d}e", "password: •••"),
        ("config: {token: 'a, b', api_key: c}", "config: {token: •••, api_key: •••}"),
        ("tokens:\n  - abc\nhost: x", "tokens: •••\nhost: x"),
        ("PASSWORD: abc", "PASSWORD: •••"),
        ("private_key: |\n  -----BEGIN\n  abc\n\nhost: x", "private_key: •••\nhost: x"),
        ("a:\n  password: >-\n    abc\n  host: x", "a:\n  password: •••\n  host: x"),
        ("tax: standard\nkey: value", "tax: standard\nkey: value"),
        ("start: {business_date: 2026-01-01}", "start: {business_date: 2026-01-01}"),
    ],
)
def test_what_looks_like_a_secret_is_masked_and_nothing_else(text: str, shown: str) -> None:
    assert mask(text) == shown


def test_settings_alone_are_taken(tmp_path) -> None:
    for name in ("counterfoil.yaml", "connections/shop.yaml", "mappings/shop/sales.yaml", "files/sales.csv", ".counterfoil.key", "hub.db"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x: 1\n")
    assert list(masked(tmp_path)) == ["connections/shop.yaml", "counterfoil.yaml", "mappings/shop/sales.yaml"]
