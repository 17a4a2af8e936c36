"""Square's own specification judges what our tap asks and what our simulator answers; properties that it does not know are refused."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openapi_schema_validator import OAS30Validator

from taps._kit.reader import Record
from taps._kit.registry import tap
from taps._kit.simulator import Request, Response, serve
from taps._kit.surroundings import Pocket, Surroundings
from taps._kit.totals import Asked
from taps.square.simulator import SquareSimulator, company
from taps.square.simulator.everything import one_of_each
from taps.square.streams import STREAMS
from taps.square.totals import SquareTotals
from targets._kit.writer import Payload, Receipt, Refused, Verb
from targets.square import CONNECTOR
from tests.contract.samples import target_square
from tests.contract.test_remote_contract import wanted

SECRETS = {
    "access_token": "square-access-1",
    "refresh_token": "square-refresh-1",
    "client_id": "square-app",
    "client_secret": "square-app-secret",
}
_encode = msgspec.json.Encoder(decimal_format="number").encode
_KINDS = {"integer": re.compile(r"-?\d+"), "boolean": re.compile("true|false"), "string": re.compile(".*", re.DOTALL)}


@cache
def specification(shared: Path) -> dict[str, Any]:
    """The official OpenAPI, in which every object is closed: what it does not name is refused."""
    spec: dict[str, Any] = json.loads((shared / "specs" / "square" / "api.local-refs.json").read_text(encoding="utf-8"))
    for schema in spec["components"]["schemas"].values():
        if schema.get("type") == "object" and schema.get("properties") and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    return spec


def faults(spec: dict[str, Any], schema: dict[str, Any], body: Any) -> list[str]:
    """What is wrong with a body, as `path: sentence`."""
    plain = json.loads(_encode(body))
    validator = OAS30Validator({"allOf": [schema], "components": spec["components"]})
    return [f"{'/'.join(map(str, error.path))}: {error.message[:160]}" for error in validator.iter_errors(plain)]


def operation(spec: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """The operation of a call."""
    for pattern, operations in sorted(spec["paths"].items(), key=lambda pair: pair[0].count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path) and method.lower() in operations:
            found: dict[str, Any] = operations[method.lower()]
            return found
    raise AssertionError(f"Square has no {method} {path}")


def judged_request(spec: dict[str, Any], request: Request) -> list[str]:
    """What Square's specification says against a question."""
    asked = operation(spec, request.method, request.path)
    if request.method == "POST":
        return faults(spec, asked["requestBody"]["content"]["application/json"]["schema"], request.body)
    known = {parameter["name"]: parameter["schema"] for parameter in asked.get("parameters", []) if parameter["in"] == "query"}
    wrong = [f"{name}: unknown parameter" for name in request.query if name not in known]
    needed = {parameter["name"] for parameter in asked.get("parameters", []) if parameter.get("required") and parameter["in"] == "query"}
    wrong += [f"{name}: missing" for name in needed - request.query.keys()]
    for name, value in request.query.items():
        schema = known.get(name, {})
        while "$ref" in schema:
            schema = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if not _KINDS[schema.get("type", "string")].fullmatch(value) or value not in schema.get("enum", [value]):
            wrong.append(f"{name}: {value} is none of its values")
    return wrong


def judged_answer(spec: dict[str, Any], request: Request, response: Response) -> list[str]:
    """What Square's specification says against an answer."""
    said = operation(spec, request.method, request.path)["responses"]["200"]["content"]["application/json"]["schema"]
    return faults(spec, said, response.body)


@pytest.fixture(scope="module", params=["US", "IE", "JP"])
def talk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Request, Response]]:
    """Every call and answer of two reads of every stream, with something changed between."""
    simulator = company(24, country=request.param)
    one_of_each(simulator.shop)
    heard: list[tuple[Request, Response]] = []
    listen(simulator, heard)
    kind = tap("square")
    with serve(simulator) as url:
        config = {
            "base_url": url,
            "private_network": True,
            "orders_per_page": 9,
            "rows_per_page": 9,
            "goods_per_page": 3,
            "staff_per_page": 1,
        }
        reader = kind.build(kind.config.model_validate(config), tmp_path_factory.mktemp("home"))
        around = Surroundings(clock=simulator.clock, safe=Pocket(dict(SECRETS)), sleep=simulator.clock.sleep)
        states: dict[str, Any] = {}
        for _ in range(2):
            for stream in STREAMS:
                for message in reader.read(stream, states.get(stream), around):
                    if hasattr(message, "value"):
                        states[stream] = json.loads(json.dumps(message.value))
            items = [row for row in simulator.shop.catalog.truth() if row["type"] == "ITEM"]
            simulator.shop.reprice(items[0]["id"], 1999)
            simulator.shop.delist(items[-1]["id"])
            one_of_each(simulator.shop)
        _counted(simulator, SquareTotals(kind.config.model_validate(config), tmp_path_factory.mktemp("home")), around)
        simulator.tokens.clear()
        list(reader.read("locations", None, around))
    return heard


def _counted(simulator: SquareSimulator, totals: SquareTotals, around: Surroundings) -> None:
    """Every list apart from the cursor, and its first rows by their ids."""
    for stream in totals.states:
        rows = totals.ask(stream, Asked(None, None, simulator.clock()), around).rows
        assert rows, stream
        assert list(totals.fetch(stream, [row.key for row in rows[:3]], [stream], around))


def listen(simulator: SquareSimulator, heard: list[tuple[Request, Response]]) -> None:
    """Keep what the simulator is asked and what it answers."""
    answered = simulator.handle

    def handle(request: Request) -> Response:
        response = answered(request)
        heard.append((request, response))
        return response

    simulator.handle = handle  # type: ignore[method-assign]


def test_every_question_is_one_that_square_knows(shared, talk):
    spec = specification(shared)
    assert len({request.path for request, _ in talk}) >= 17
    assert {f"{request.path} {fault}" for request, _ in talk for fault in judged_request(spec, request)} == set()


def test_every_simulated_answer_is_one_that_square_may_give(shared, talk):
    spec = specification(shared)
    good = [(request, response) for request, response in talk if response.status == 200]
    assert {f"{request.path} {fault}" for request, response in good for fault in judged_answer(spec, request, response)} == set()


def test_errors_are_shaped_as_square_shapes_them(shared, talk):
    spec = specification(shared)
    refused = [response for _, response in talk if response.status != 200]
    assert refused
    schema = {"type": "array", "items": {"$ref": "#/components/schemas/Error"}}
    assert [fault for response in refused for fault in faults(spec, schema, response.body["errors"])] == []


def test_what_the_target_writes_and_is_answered_is_as_square_says(shared, tmp_path):
    """Hired, changed, gone; one who is refused; what is asked and answered on the way. Read-only properties are none that one may write."""
    spec = specification(shared)
    simulator = target_square.simulator()
    heard: list[tuple[Request, Response]] = []
    listen(simulator, heard)
    case = target_square.sample().cases["employee"]
    with serve(simulator) as url:
        writer = CONNECTOR.build(CONNECTOR.config.model_validate(target_square.config(url)), tmp_path)
        writer.open(None, Surroundings(clock=simulator.clock, safe=Pocket(dict(SECRETS)), sleep=simulator.clock.sleep))
        booked = None
        for revision, verb in enumerate((Verb.CREATE, Verb.UPDATE, Verb.VOID), 1):
            payload = writer.prepare(wanted("square", case, 1, revision, verb, booked))
            assert isinstance(payload, Payload)
            (booked,) = writer.send([payload])
            assert isinstance(booked, Receipt)
        bad = writer.prepare(wanted("square", case, 2, **case.refused))
        assert isinstance(bad, Payload)
        assert isinstance(writer.send([bad])[0], Refused)
        assert len(writer.read_back()) == 2
        writer.close()
    assert {(request.method, request.path.rpartition("/")[2]) for request, _ in heard} >= {("POST", "bulk-create"), ("POST", "bulk-update")}
    assert {f"{request.path} {fault}" for request, _ in heard for fault in judged_request(spec, request)} == set()
    assert {f"{request.path} {fault}" for request, response in heard for fault in judged_answer(spec, request, response)} == set()
    read_only = {name for name, each in spec["components"]["schemas"]["TeamMember"]["properties"].items() if each.get("readOnly")}
    for request, _ in heard:
        for each in (request.body or {}).get("team_members", {}).values():
            assert not set(each["team_member"]) & read_only
            assert "wage_setting" not in each["team_member"]
    keys = [key for request, _ in heard if request.path.endswith("bulk-create") for key in request.body["team_members"]]
    assert keys
    assert all(len(key) <= 45 for key in keys)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/team-members/bulk-create", {"team_members": {"k": {"team_member": {"given_name": "A", "nick": "B"}}}}),
        ("/v2/orders/search", {"location_ids": ["L1"], "query": {"sort": {"sort_field": "UPDATED"}}}),
        ("/v2/orders/search", {"location_ids": ["L1"], "page": 1}),
        ("/v2/customers/search", {"limit": 500}),
    ],
)
def test_the_judge_sees_a_wrong_question(shared, path, body):
    assert judged_request(specification(shared), Request("POST", path, {}, {}, body))


def test_the_judge_sees_a_wrong_answer(shared):
    request = Request("GET", "/v2/payments", {}, {}, None)
    wrong = {"payments": [{"id": "P", "amount_money": {"amount": Decimal("1.5"), "currency": "USD"}, "colour": "red"}]}
    found = " ".join(judged_answer(specification(shared), request, Response(200, wrong)))
    assert "colour" in found
    assert "1.5" in found


def test_our_streams_name_square_s_own_fields(shared):
    """Each field of Square's object is a column of its stream; what else a stream has was added by the reader."""
    schemas = specification(shared)["components"]["schemas"]
    objects = {
        "locations": "Location",
        "customers": "Customer",
        "inventory_counts": "InventoryCount",
        "inventory_changes": "InventoryChange",
        "orders": "Order",
        "payments": "Payment",
        "refunds": "PaymentRefund",
        "disputes": "Dispute",
        "payouts": "Payout",
        "gift_cards": "GiftCard",
        "gift_card_activities": "GiftCardActivity",
        "team_members": "TeamMember",
        "timecards": "Timecard",
        "cash_drawer_shifts": "CashDrawerShift",
    }
    missing = {name: set(schemas[kind]["properties"]) - set(STREAMS[name].schema["properties"]) for name, kind in objects.items()}
    assert {name: fields for name, fields in missing.items() if fields} == {}


def test_records_have_only_the_columns_that_their_stream_names(tmp_path):
    simulator = company(24)
    one_of_each(simulator.shop)
    kind = tap("square")
    with serve(simulator) as url:
        reader = kind.build(kind.config.model_validate({"base_url": url, "private_network": True}), tmp_path)
        around = Surroundings(clock=simulator.clock, safe=Pocket(dict(SECRETS)), sleep=simulator.clock.sleep)
        for name, stream in STREAMS.items():
            bodies = [message.body for message in reader.read(name, None, around) if isinstance(message, Record)]
            assert bodies, name
            assert {column for body in bodies for column in body} <= set(stream.schema["properties"]), name
