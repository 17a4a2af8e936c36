"""A stand-in for Tryton in memory, for quick tests of what is written and how: it keeps records, evaluates domains and presses buttons.

It judges nothing: what Tryton accepts is asked of a real one in tests/real/test_tryton.py. Only what the writer reads back is computed.
"""

from __future__ import annotations

import base64
import fnmatch
import itertools
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from taps._kit.edge import Lost, Outcome, Reply
from taps._kit.surroundings import Surroundings
from taps.tryton.client import TrytonEdge
from taps.tryton.config import TrytonConfig
from taps.tryton.values import decode, encode

MODELS: dict[str, Any] = {  # field → model, where a field leads to records
    "lines": {f"account.{each}": f"account.{each}.line" for each in ("invoice", "move", "statement")}
    | {"account.move.reconciliation": "account.move.line"},
    "taxes": {"account.invoice": "account.invoice.tax"},
    "lines_to_pay": "account.move.line",
    "moves": {"stock.shipment.internal": "stock.move"},
    "account": "account.account", "invoice_account": "account.account", "credit_note_account": "account.account",
    "type": {"account.account": "account.account.type"},
    "move": "account.move", "period": "account.period", "fiscalyear": "account.fiscalyear", "currency": "currency.currency",
    "journal": {"account.statement": "account.statement.journal", "account.move": "account.journal"},
    "party": "party.party", "addresses": "party.address", "contact_mechanisms": "party.contact_mechanism",
    "identifiers": "product.identifier", "template": "product.template", "products": "product.product", "product": "product.product",
    "from_location": "stock.location", "to_location": "stock.location", "employee": "company.employee", "work": "timesheet.work",
    "write_uid": "res.user", "create_uid": "res.user", "unit": "product.uom", "group": "account.tax.group",
}  # fmt: skip
LISTS = frozenset(("lines_to_pay", "lines", "taxes", "moves", "addresses", "contact_mechanisms", "identifiers", "products"))
STATES = {
    "account.invoice": {"post": "posted", "validate_invoice": "validated", "cancel": "cancelled"},
    "account.move": {"post": "posted"},
    "account.statement": {"validate_statement": "validated", "post": "posted", "cancel": "cancelled"},
    "stock.shipment.internal": {"wait": "waiting", "assign_force": "assigned", "do": "done", "cancel": "cancelled"},
}


def _model(model: str, field: str) -> str | None:
    known = MODELS.get(field)
    return known.get(model) if isinstance(known, dict) else known


class Stub:
    """The records of one company, with what a seeded database has."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
        self.records: dict[str, dict[int, dict[str, Any]]] = {}
        self.log: list[str] = []
        """Method and path of every call that writes."""
        self.instead: list[tuple[str, Outcome, bool]] = []
        """(part of the path, outcome, whether the work is done all the same) for the next write that fits."""
        self.lose = 0
        """The write of this number from now on is done, and its answer is lost; 0: none."""
        self._ids = itertools.count(1)
        _seed(self)

    def clock(self) -> datetime:
        """Each look is a second later."""
        self.now += timedelta(seconds=1)
        return self.now

    def edge(self, config: TrytonConfig, around: Surroundings) -> TrytonEdge:
        """An edge that leads here."""
        return StubEdge(self, config, around)

    # ── records ──

    def put(self, model: str, **values: Any) -> int:
        """Make a record; children of lists are made too."""
        number = next(self._ids)
        now = self.clock()
        record = self.records.setdefault(model, {})[number] = {"id": number, "create_date": now, "write_date": None, "active": True}
        if model in STATES:
            record["state"] = "draft"
        self._set(model, record, values)
        if model == "account.move.reconciliation":
            for line in record["lines"]:
                self.records["account.move.line"][line]["reconciliation"] = number
        if model == "product.template":
            for product in record.get("products") or ():
                self.records["product.product"][product] |= {"template": number, "code": record["code"]}
        return number

    def _set(self, model: str, record: dict[str, Any], values: dict[str, Any]) -> None:
        for name, value in values.items():
            if name in LISTS and isinstance(value, list):
                record[name] = self._children(model, name, record.get(name) or [], value)
            else:
                record[name] = value

    def _children(self, model: str, name: str, have: list[int], commands: list[Any]) -> list[int]:
        child = _model(model, name)
        for command in commands:
            if not isinstance(command, list):
                return commands
            verb, *rest = command
            if verb == "create":
                have = [*have, *(self.put(str(child), **each) for each in rest[0])]
            elif verb == "add":
                have = [*have, *rest[0]]
            elif verb == "delete":
                have = [each for each in have if each not in rest[0]]
            elif verb == "write":
                for each in rest[0]:
                    self._set(str(child), self.records[str(child)][each], rest[1])
        return have

    def value(self, model: str, record: dict[str, Any], name: str) -> Any:
        """A field, computed where Tryton computes it."""
        if model == "account.invoice" and name in ("total_amount", "tax_amount", "untaxed_amount", "amount_to_pay"):
            return self._amounts(record)[name]
        if model == "account.invoice" and name == "lines_to_pay":
            return record.get(name, [])
        if model == "account.invoice.line" and name == "amount":
            return Decimal(str(record["quantity"])) * record["unit_price"]
        if model == "product.product" and name in ("default_uom", "account_category"):
            return self.records["product.template"][record["template"]].get(name)
        if model == "party.address" and name == "party":
            return next((each["id"] for each in self.records["party.party"].values() if record["id"] in each.get("addresses", ())), None)
        return record.get(name, [] if name in LISTS else None)

    def _amounts(self, record: dict[str, Any]) -> dict[str, Decimal]:
        lines = [self.records["account.invoice.line"][each] for each in record.get("lines", ())]
        net = sum((self.value("account.invoice.line", each, "amount") for each in lines), Decimal(0)).quantize(Decimal("0.01"))
        tax = sum((self.records["account.invoice.tax"][each]["amount"] for each in record.get("taxes", ())), Decimal(0))
        return {
            "untaxed_amount": net,
            "tax_amount": tax,
            "total_amount": net + tax,
            "amount_to_pay": net + tax - record.get("paid", Decimal(0)),
        }

    def read(self, model: str, record: dict[str, Any], fields: list[str]) -> dict[str, Any]:
        answer: dict[str, Any] = {"id": record["id"], "__name__": model}
        nested: dict[str, list[str]] = {}
        for field in fields:
            name, _dot, rest = field.partition(".")
            nested.setdefault(name, []).extend([rest] if rest else [])
        for name, below in nested.items():
            value = self.value(model, record, name)
            child = _model(model, name)
            if below and child and value is not None:
                rows = self.records.get(child, {})
                value = [self.read(child, rows[each], below) for each in value] if name in LISTS else self.read(child, rows[value], below)
            answer[name] = value
        return answer

    # ── calls ──

    def search(self, model: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        """The answer to a look."""
        domain = decode(json.loads(base64.urlsafe_b64decode(params["d"])))
        order = json.loads(base64.urlsafe_b64decode(params["o"]))
        shown = [each for each in self.records.get(model, {}).values() if self._fits(model, each, domain)]
        if "active_test" not in base64.urlsafe_b64decode(headers["X-Tryton-Context"]).decode():
            shown = [each for each in shown if each["active"]]
        for name, way in reversed(order):
            shown.sort(key=lambda each, by=name: _sortable(self.value(model, each, by)), reverse=way == "DESC")
        return encode([self.read(model, each, params["f"]) for each in shown[: int(params.get("s", len(shown)))]])

    def write(self, method: str, model: str, record: int | None, action: str, body: Any) -> int | None:
        """Do what a call asks for; the record it is about."""
        if record is None:
            return self.put(model, **body)
        if method == "DELETE":
            del self.records[model][record]
            return None
        there = self.records[model][record]
        if method == "PUT":
            self._set(model, there, body)
        else:
            self._press(model, there, action)
        there["write_date"] = self.clock()
        return record

    def _press(self, model: str, there: dict[str, Any], action: str) -> None:
        there["state"] = STATES[model][action]
        if model == "account.invoice":
            total = self.value(model, there, "total_amount")
            open_line = {"debit": max(total, Decimal(0)), "credit": max(-total, Decimal(0)), "reconciliation": None}
            there |= {"number": f"INV-{there['id']}", "lines_to_pay": [self.put("account.move.line", **open_line)]}
        if (model, action) == ("account.statement", "post"):
            self._book(there)

    def _book(self, statement: dict[str, Any]) -> None:
        till = self.records["account.statement.journal"][statement["journal"]]["account"]
        for number in statement["lines"]:
            line = self.records["account.statement.line"][number]
            zero = Decimal(0)
            sides = [(till, line["amount"]), (line["account"], -line["amount"])]
            booked = [
                {"account": account, "debit": max(each, zero), "credit": max(-each, zero), "description": None} for account, each in sides
            ]
            line["move"] = self.put(
                "account.move", date=statement["date"], lines=[["create", [each | {"party": line["party"]} for each in booked]]]
            )
            if line.get("related_to"):
                invoice = self.records["account.invoice"][int(line["related_to"].partition(",")[2])]
                invoice["paid"] = invoice.get("paid", zero) + line["amount"]

    # ── domains ──

    def _fits(self, model: str, record: dict[str, Any], domain: list[Any]) -> bool:
        if domain and domain[0] == "OR":
            return any(self._fits(model, record, each) for each in domain[1:]) or len(domain) == 1
        if domain and isinstance(domain[0], str) and domain[0] != "AND":
            return self._holds(model, record, *domain)
        return all(self._fits(model, record, each) for each in domain if each != "AND")

    def _holds(self, model: str, record: dict[str, Any], field: str, operator: str, wanted: Any) -> bool:
        return any(_compare(value, operator, wanted) for value in self._values(model, record, field))

    def _values(self, model: str, record: dict[str, Any], field: str) -> Iterator[Any]:
        name, _dot, rest = field.partition(".")
        value, child = self.value(model, record, name), _model(model, name)
        if not rest or child is None or value is None:
            yield value
            return
        for each in value if name in LISTS else [value]:
            yield from self._values(child, self.records[child][each], rest)


class StubEdge(TrytonEdge):
    """Calls that stay in the process."""

    def __init__(self, stub: Stub, config: TrytonConfig, around: Surroundings) -> None:
        super().__init__(config, around)
        self.stub = stub

    def read(self, path: str, params: Any = None, headers: Any = None, **_more: Any) -> Reply:
        self._login.headers()
        return Reply(200, json.loads(json.dumps(self.stub.search(path.split("/")[3], params, headers))), {})

    def write(self, method: str, path: str, body: Any = None, params: Any = None, headers: Any = None) -> Outcome:
        model, *more = path.split("/")[3:]
        self.stub.log.append(f"{method} {'/'.join((model, *more[1:]))}")
        body = decode(json.loads(msgspec.json.encode(body))) if body is not None else None
        planned = next((each for each in self.stub.instead if each[0] in f"{method} {path}"), None)
        if planned is not None:
            self.stub.instead.remove(planned)
            if not planned[2]:
                return planned[1]
        number = self.stub.write(method, model, int(more[0]) if more else None, more[1] if len(more) > 1 else "", body)
        self.stub.lose -= 1
        if planned is not None:
            return planned[1]
        if self.stub.lose == 0:
            return Lost("it broke")
        answer = None if number is None else encode(self.stub.read(model, self.stub.records[model][number], (params or {}).get("f", [])))
        return Reply(200 if answer else 204, json.loads(json.dumps(answer)), {})


def _sortable(value: Any) -> Any:
    return (value is not None, value)


def _compare(value: Any, operator: str, wanted: Any) -> bool:
    if operator == "like":
        pattern = str(wanted).replace("\\_", "_").replace("[", "[[]").replace("%", "*")
        return fnmatch.fnmatchcase(str(value or ""), pattern)
    if operator in ("=", "!="):
        return (value == wanted or (wanted is True and bool(value))) is (operator == "=")
    if operator == "in":
        return value in wanted
    if value is None:
        return False
    return {">": value > wanted, ">=": value >= wanted, "<": value < wanted, "<=": value <= wanted}[operator]


def _seed(stub: Stub) -> None:
    """Accounts and names as the cases of the real server use them."""
    put = stub.put
    euro = put("currency.currency", code="EUR", digits=2)
    company = put("company.company", rec_name="Nordwind", currency=euro)
    assert company
    stub.records["company.company"] = {1: stub.records["company.company"].pop(company) | {"id": 1}}
    kinds = {"1.2.1": "receivable", "1.2.2": "receivable", "4.1.1": "revenue", "2.1.1": "payable", "5.1.1": "expense"}
    accounts = {}
    for code in ("1.2.1", "1.2.2", "1.1.2.B", "1.1.1", "4.1.1", "6.3.6", "2.2.4", "5.2.2", "5.2.1", "1.3.1", "2.1.1", "5.1.1"):
        flags = ("revenue", "receivable", "payable", "expense", "debt")
        kind = put("account.account.type", **{flag: kinds.get(code) == flag for flag in flags})
        accounts[code] = put("account.account", code=code, type=kind, party_required=code in ("1.2.1", "2.1.1"), company=1, closed=False)
    tax = {
        "type": "percentage",
        "rate": Decimal("0.20"),
        "company": 1,
        "invoice_account": accounts["6.3.6"],
        "credit_note_account": accounts["6.3.6"],
    }
    put("account.tax", name="VAT 20%", **tax)
    for code in ("REV", "EXP", "MISC"):
        put("account.journal", code=code)
    put("account.statement.journal", account=accounts["1.1.2.B"], currency=euro, company=1)
    for name, first, last, state in (("2025-01", (2025, 1, 1), (2025, 1, 31), "closed"), ("2026", (2026, 1, 1), (2026, 12, 31), "open")):
        put("account.period", name=name, start_date=date(*first), end_date=date(*last), state=state, type="standard", company=1)
    for code, kind in (("STO", "storage"), ("BACK", "storage"), ("SOLD", "lost_found")):
        put("stock.location", code=code, name=code, type=kind)
    put("timesheet.work", name="Store floor", company=1)
    unit = put("product.uom", name="Unit")
    for code in ("MUG-01", "TENT-2P"):
        put(
            "product.template",
            name=code,
            code=code,
            default_uom=unit,
            account_category=1,
            type="goods",
            list_price=Decimal(1),
            products=[["create", [{}]]],
        )
    put("account.invoice.payment_term", name="Net 30")
    put("product.category", name="Goods 20%", accounting=True)
