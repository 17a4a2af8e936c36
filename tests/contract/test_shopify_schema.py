"""Shopify's own schema judges what the tap asks and what the simulator answers; neither the reader nor the simulator is asked.

An answer is run through graphql-core as if it were the server's data: a null where none may be, a word that is no value of its enum, an
amount that is no decimal text is an error; a property that nobody asked for makes the answer differ from what comes out.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from graphql import (
    GraphQLError,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    execute_sync,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    parse,
    validate,
    visit,
)
from graphql.language import FieldNode, OperationDefinitionNode
from graphql.validation import NoDeprecatedCustomRule

from taps._kit.simulator import Request, Response, serve
from taps._kit.surroundings import Pocket, Surroundings
from taps._kit.totals import Asked
from taps.shopify import queries
from taps.shopify.config import ShopifyConfig
from taps.shopify.facts import VERSION
from taps.shopify.kinds import CHILD_OWNERS, KINDS
from taps.shopify.reader import ShopifyReader
from taps.shopify.simulator import TOKEN, ShopifySimulator
from taps.shopify.simulator.company import line_of, place, taxes
from taps.shopify.simulator.things import Carriage
from taps.shopify.simulator.world import World
from taps.shopify.totals import ShopifyTotals

_encode = msgspec.json.Encoder(decimal_format="number").encode
ASKED = {
    **{f"page of {kind.name}": kind.query for kind in KINDS.values()},
    **{f"rest of {owner}.{field}": queries.rest_of(owner, field) for owner, field in queries.PAGED},
    **{f"{kind.name} in bulk": kind.in_bulk("updated_at:>='2026-01-01T00:00:00Z'") for kind in KINDS.values() if kind.bulk},
    **{f"these {kind.name}": kind.these for kind in KINDS.values() if kind.bulk == "owners" or kind.name in ShopifyTotals.states},
    **{f"how many {kind.name}": queries.how_many(kind.path[-1]) for kind in KINDS.values() if kind.bulk},
    "run in bulk": queries.RUN_IN_BULK,
    "bulk stands": queries.BULK_STANDS,
    "writable": queries.WRITABLE,
    "level of": queries.LEVEL_OF,
    "set level": queries.SET_LEVEL,
    "about": queries.ABOUT,
    "oldest": queries.OLDEST,
    "deleted": queries.DELETED,
    "counted": queries.COUNTED,
    "listed orders": queries.LISTED_ORDERS,
    "listed payouts": queries.LISTED_PAYOUTS,
    "listed entries": queries.LISTED_ENTRIES,
    "named": queries.NAMED,
}
TEXTS = {
    "Decimal": r"-?\d+(\.\d+)?",
    "Money": r"-?\d+(\.\d+)?",
    "DateTime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "UnsignedInt64": r"\d+",
    "BigInt": r"\d+",
    "ID": r"gid://shopify/\w+/\d+(\?inventory_item_id=\d+)?",
}
NEVER = {
    "returns/returnLineItems/unitPrice",  # of returns that no order is known of
    "balance_transactions/adjustmentReason",
}
"""Fields that are asked for and null or absent in every simulated answer; no mapping reads them."""


@pytest.fixture(scope="module")
def schema(shared: Path) -> GraphQLSchema:
    text = gzip.decompress((shared / "specs" / "shopify" / f"admin_{VERSION}.json.gz").read_bytes())
    made = build_client_schema(json.loads(text)["data"], assume_valid=True)
    for name, pattern in TEXTS.items():
        made.type_map[name].serialize = _strict(name, pattern)  # type: ignore[attr-defined]
    return made


def _strict(name: str, pattern: str) -> Any:
    def serialize(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise GraphQLError(f"{value!r} is no {name}")
        return value

    return serialize


def _type_of(value: Mapping[str, Any], info: Any, _abstract: Any) -> str:
    """Which of several types an object is: it says so, or its fields and ids do."""
    if "__typename" in value:
        return str(value["__typename"])
    if info.field_name == "discountApplication":
        return "DiscountCodeApplication" if "code" in value else "AutomaticDiscountApplication"
    named = str(value.get("id") or info.variable_values.get("id"))
    return named.removeprefix("gid://shopify/").partition("/")[0]


def judged(schema: GraphQLSchema, query: str, variables: Mapping[str, Any], answer: Any) -> list[str]:
    """What Shopify's schema has against an answer."""
    found = execute_sync(schema, parse(query), root_value=answer, variable_values=dict(variables), type_resolver=_type_of)
    if found.errors:
        return [f"{error.path}: {error.message}" for error in found.errors]
    return [] if found.data == answer else [f"the answer holds more than was asked: {answer} is not {found.data}"]


@pytest.mark.parametrize("name", ASKED)
def test_every_query_is_valid_and_asks_nothing_that_is_going_away(schema, name):
    query = parse(ASKED[name])
    assert validate(schema, query) == []
    assert validate(schema, query, [NoDeprecatedCustomRule]) == []


@pytest.mark.parametrize("name", KINDS)
def test_every_column_has_the_type_that_shopify_gives_it(schema, name):
    kind = KINDS[name]
    owner = CHILD_OWNERS.get(kind.child, kind.owner)
    said = {column: what for column, what in kind.columns.items() if column not in ("allTaxLines", "allDuties", "order")}
    assert said == {column: _json_type(schema.type_map[owner].fields[column].type) for column in said}


def _json_type(given: Any) -> str:
    bare = get_nullable_type(given)
    if is_list_type(bare) or str(bare).endswith("Connection"):
        return "array"
    return "object" if is_composite_type(bare) else {"Boolean": "boolean", "Int": "integer"}.get(str(bare), "string")


@pytest.mark.parametrize("name", [kind.name for kind in KINDS.values() if kind.bulk])
def test_a_bulk_query_is_one_that_shopify_takes(schema, name):
    """Five lists at most, two deep below the first, none inside a plain list: read from the schema, not from the simulator."""
    info = TypeInfo(schema)
    found: list[tuple[int, bool]] = []
    depth: list[str] = []

    class Lists(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            kind = str(info.get_type()).rstrip("!")
            if kind.endswith("Connection"):
                found.append((depth.count("pages"), "plain" in depth))
                depth.append("pages")
            else:
                depth.append("plain" if kind.startswith("[") and node.name.value != "edges" else "one")

        def leave_field(self, *_: Any) -> None:
            depth.pop()

    visit(parse(KINDS[name].in_bulk(None)), TypeInfoVisitor(info, Lists()))
    assert 1 <= len(found) <= 5
    assert max(deep for deep, _ in found) <= 2
    assert not any(inside for _, inside in found)


def test_no_mapping_reads_a_field_that_is_never_filled():
    for never in NEVER:
        stream, _, path = never.partition("/")
        text = (Path(__file__).parents[2] / "mappings" / "shopify" / f"{stream}.yaml").read_text() if stream != "returns" else ""
        assert path.rpartition("/")[2] not in text


def test_the_judge_sees_a_wrong_query(schema):
    assert validate(schema, parse("{ orders(first: 1) { nodes { totalPrize } } }"))
    assert validate(schema, parse("{ orders(first: 1, sortKey: UPDATED) { nodes { id } } }"))


@pytest.mark.parametrize(
    ("order", "what"),
    [
        ({"id": "gid://shopify/Order/1", "name": None}, "null"),
        ({"id": 7, "name": "#1"}, "no ID"),
        ({"id": "gid://shopify/Order/1", "name": "#1", "more": 1}, "more than was asked"),
    ],
)
def test_the_judge_sees_a_wrong_answer(schema, order, what):
    told = judged(schema, "{ orders(first: 1) { nodes { id name } } }", {}, {"orders": {"nodes": [order]}})
    assert what in " ".join(told)


def test_every_simulated_answer_is_one_that_shopify_could_give(schema, answers):
    assert len({query for query, _, _ in answers}) >= len(KINDS) + 10
    assert {queries.RUN_IN_BULK, queries.BULK_STANDS} <= {query for query, _, _ in answers}
    told = {message for query, variables, answer in answers for message in judged(schema, query, variables, answer)}
    assert told == set()


def test_every_field_that_is_asked_for_is_filled_in_some_answer(records):
    filled = {path for name, bodies in records.items() for body in bodies for path in _filled(body, name)}
    asked = {path for kind in KINDS.values() for path in _asked(kind)}
    assert {path for path in asked if path not in filled and not any(path.startswith(never) for never in NEVER)} == set()
    assert {never for never in NEVER if any(path.startswith(never) for path in filled)} == set()


# ── a shop in which everything happens ──


@pytest.fixture(scope="module")
def reading() -> Iterator[tuple[list[Any], dict[str, list[Any]]]]:
    simulator = ShopifySimulator(60, seed=3)
    _everything(simulator.world)
    simulator.clock.forward(minutes=5)
    heard: list[Any] = []
    answer = simulator.handle

    def listening(request: Request) -> Response:
        response = answer(request)
        if request.body is None:  # a file of a bulk operation
            return response
        body = json.loads(_encode(response.body))
        if "data" in body:
            heard.append((request.body["query"], request.body["variables"], body["data"]))
        return response

    simulator.handle = listening  # type: ignore[method-assign]
    with serve(simulator) as url:
        reader = ShopifyReader(ShopifyConfig(base_url=url, private_network=True, page_size=50, nested_page_size=3), Path())
        around = Surroundings(clock=simulator.clock, safe=Pocket({"access_token": TOKEN}), sleep=simulator.clock.sleep)
        assert reader.check(around) == []
        simulator.scopes = tuple(scope for scope in simulator.scopes if scope != "read_all_orders")
        assert [problem.field for problem in reader.check(around)] == ["history"]
        simulator.scopes = (*simulator.scopes, "read_all_orders")
        bulky = ShopifyReader(ShopifyConfig(base_url=url, private_network=True, bulk_from=0), Path())
        for name in KINDS:
            list(bulky.read(name, None, around))
        totals = ShopifyTotals(ShopifyConfig(base_url=url, private_network=True), Path())
        for name in totals.states:
            rows = totals.ask(name, Asked(None, None, simulator.clock()), around).rows
            assert list(totals.fetch(name, [row.key for row in rows[:3]], list(KINDS), around))
        known = f"#{max(order.number for order in simulator.world.orders.values())}"
        assert [each.number for each in totals.numbers("orders", [known, "#1"], around)] == [known]
        records = {name: [each.body for each in reader.read(name, None, around) if hasattr(each, "body")] for name in KINDS}
    return heard, records


@pytest.fixture(scope="module")
def answers(reading):
    return reading[0]


@pytest.fixture(scope="module")
def records(reading):
    return reading[1]


def _everything(world: World) -> None:
    """What the seed may not bring: a long order, duties, a fee, an exchange, a dispute that ended, a note, a deletion."""
    chance = random.Random(5)
    orders = list(world.orders.values())
    long = place(world, chance, 40)
    world.pay(long, "shopify_payments")
    world.fulfil(long, world.places[0])
    world.refund(long, [(line, 1) for line in long.lines], keep=250)
    orders[1].lines[0].duty, orders[1].note = 310, "Ring twice"
    orders[1].fees = [Carriage(world.number(), orders[1], "Recycling fee", 45, 0, taxes(orders[1], 45))]
    world.touch(orders[1])
    back = world.refund(orders[1], [(orders[1].lines[0], 1)])
    back.duties, back.note = 310, "The seal was broken"
    loyal = next(order for order in orders[2:] if order.shipping and not order.code and not order.backs)
    loyal.lines[0].discount, loyal.shipping[0].discount = 100, 95
    world.touch(loyal)
    coded = next(order for order in orders[2:] if order.shipping and order.code and not order.backs)
    coded.shipping[0].discount = 60
    world.touch(coded)
    sent = next(order for order in orders if order.parcels and order.buyer)
    world.come_home(sent, line_of(world, sent, chance))
    world.settle(world.quarrel(sent), won=True)
    world.pay_out()
    world.delete(next(order for order in orders if order is not sent))


def _filled(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _filled(each, path)
    elif isinstance(value, dict):
        yield path
        for name, inner in value.items():
            yield from _filled(inner, f"{path}/{name}")
    elif value is not None:
        yield path


def _asked(kind: Any) -> Iterator[str]:
    """Every plain field of a page's rows, by its path in a record."""
    [operation] = [each for each in parse(kind.query).definitions if isinstance(each, OperationDefinitionNode)]
    node: Any = operation
    for name in (*kind.path, "nodes"):
        node = next(each for each in node.selection_set.selections if each.name.value == name)
    for path in _plain(node.selection_set):
        inner = path.removeprefix(f"{kind.child}/") if kind.child else path
        if not kind.child or path.startswith(f"{kind.child}/"):
            yield f"{kind.name}/{inner}"


def _plain(selection: Any) -> Iterator[str]:
    for each in selection.selections:
        if not isinstance(each, FieldNode):
            yield from _plain(each.selection_set)
        elif each.name.value in ("pageInfo", "__typename"):
            continue
        elif each.selection_set is None:
            yield each.name.value
        else:
            names = "" if each.name.value == "nodes" else f"{each.name.value}/"
            yield from (f"{names}{inner}" for inner in _plain(each.selection_set))
