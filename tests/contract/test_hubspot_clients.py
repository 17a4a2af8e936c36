"""HubSpot's own two client libraries, which know nothing of our tap, read and write the simulated account: each in its addresses.

HubSpot's OpenAPI file may not be used outside; the libraries are open (Apache-2.0), and they are made from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hubspot import HubSpot as Stable
from hubspot.crm.associations.v4.models import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.companies import PublicMergeInput
from hubspot.crm.deals.exceptions import ApiException, NotFoundException, UnauthorizedException
from hubspot.crm.objects import (
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchReadInputSimplePublicObjectId,
    PublicObjectSearchRequest,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.objects.exceptions import ApiException as ObjectsException
from hubspot_sdk import BadRequestError, NotFoundError, RateLimitError
from hubspot_sdk import HubSpot as Dated

from taps._kit.simulator import serve
from taps.hubspot.simulator import HubSpotSimulator, company
from taps.hubspot.simulator.everything import one_of_each

TOKEN = "pat-na1-hubspot-1"
DEALS = 25


@pytest.fixture
def simulator() -> HubSpotSimulator:
    return company(DEALS, searches_per_second=1_000, per_ten_seconds=10_000)


@pytest.fixture
def ids(simulator: HubSpotSimulator) -> dict[str, int]:
    found = one_of_each(simulator.portal)
    simulator.clock.forward(minutes=5)
    return found


@pytest.fixture
def url(simulator: HubSpotSimulator) -> Iterator[str]:
    with serve(simulator) as address:
        yield address


@pytest.fixture
def stable(url: str) -> Any:
    return Stable(access_token=TOKEN, host=url)


@pytest.fixture
def dated(url: str) -> Any:
    return Dated(access_token=TOKEN, base_url=url, max_retries=0)


def test_the_stable_library_pages_through_every_deal_with_what_hangs_on_it(stable, simulator, ids):
    page = stable.crm.deals.basic_api.get_page(limit=10, properties=["dealname", "amount"], associations=["line_items", "companies"])
    first = page.results[0]
    assert (first.properties["dealname"], first.properties["amount"]) == ("Fitting out 1", "339.00")
    assert [each.id for each in first.associations["line items"].results] == ["3000000001", "3000000002"]
    assert {each.type for each in first.associations["companies"].results} == {"deal_to_company", "deal_to_company_unlabeled"}
    assert page.paging.next.after == page.results[-1].id
    everything = stable.crm.deals.get_all()
    assert [int(each.id) for each in everything] == [row.id for row in simulator.portal["deals"].truth()]
    assert len(everything) == DEALS + len(ids)


def test_the_dated_library_pages_through_every_kind(dated, simulator, ids):
    objects = dated.crm.objects
    for kind, found in {
        "deals": objects.deals.list(limit=10, properties=["dealname"]),
        "contacts": objects.contacts.list(limit=10),
        "companies": objects.companies.list(limit=10),
        "products": objects.products.list(limit=10),
        "line_items": objects.line_items.list(limit=10),
    }.items():
        assert [int(each.id) for each in found] == [row.id for row in simulator.portal[kind].truth()], kind
    bin_ = list(objects.contacts.list(limit=10, archived=True))
    assert [each.archived for each in bin_] == [True]
    assert bin_[0].archived_at is not None


def test_a_search_is_late_sorted_and_has_an_end(stable, dated, simulator, ids):
    """The window is made small here; HubSpot's has 10,000 rows."""
    asked = {"filter_groups": [{"filters": [{"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"}]}]}
    found = dated.crm.objects.deals.search(after="0", limit=100, properties=["amount"], sorts=["-amount"], **asked)
    amounts = [float(each.properties["amount"] or 0) for each in found.results]
    assert amounts == sorted(amounts, reverse=True)
    assert found.total == len(amounts) > 10
    stable.crm.deals.basic_api.update(ids["bare"], {"properties": {"dealname": "Two talks"}})
    named = PublicObjectSearchRequest(
        filter_groups=[{"filters": [{"propertyName": "dealname", "operator": "EQ", "value": "Two talks"}]}], limit=10
    )
    assert stable.crm.deals.search_api.do_search(named).total == 0
    simulator.clock.forward(seconds=31)
    assert [each.id for each in stable.crm.deals.search_api.do_search(named).results] == [str(ids["bare"])]
    with pytest.raises(BadRequestError):
        dated.crm.objects.deals.search(after="9950", limit=100, properties=[], sorts=[], **asked)
    with pytest.raises(BadRequestError):
        dated.crm.objects.deals.search(after="0", limit=201, properties=[], sorts=[], **asked)


def test_a_batch_with_a_record_that_is_not_there_is_half_an_answer(stable, simulator, ids):
    asked = BatchReadInputSimplePublicObjectId(
        properties=["dealname"], inputs=[{"id": str(ids["bare"])}, {"id": "1"}], properties_with_history=[]
    )
    answer, status, _headers = stable.crm.deals.batch_api.read_with_http_info(asked)
    assert status == 207
    assert [each.id for each in answer.results] == [str(ids["bare"])]
    assert answer.num_errors == 1
    assert answer.errors[0].context["ids"] == ["1"]


def test_upsert_goes_by_a_unique_property_and_says_what_is_new(stable, dated, simulator, ids):
    inputs = [
        {"id": "ida.b@example.com", "idProperty": "email", "properties": {"city": "Boston"}, "objectWriteTraceId": "one"},
        {"id": "new@example.com", "idProperty": "email", "properties": {"city": "Reno"}, "objectWriteTraceId": "two"},
    ]
    simulator.portal.create("contacts", {"email": "ida.b@example.com"})
    asked = BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs)
    made = stable.crm.objects.batch_api.upsert("contacts", asked)
    assert [(each.new, each.object_write_trace_id) for each in made.results] == [(False, "one"), (True, "two")]
    again = dated.crm.objects.contacts.batch.upsert(
        inputs=[{"id": "new@example.com", "id_property": "email", "properties": {"city": "Reno"}}]
    )
    assert [each.new for each in again.results] == [False]
    create = BatchInputSimplePublicObjectBatchInputForCreate(inputs=[{"properties": {"email": f"{n}@example.com"}} for n in range(101)])
    with pytest.raises(ObjectsException):
        stable.crm.objects.batch_api.create("contacts", create)


def test_merged_records_have_another_id_and_the_old_ones_are_in_no_list(stable, dated, simulator, ids):
    kept = [row.id for row in simulator.portal["companies"].truth()][:2]
    asked = PublicMergeInput(primary_object_id=str(kept[0]), object_id_to_merge=str(kept[1]))
    winner = stable.crm.companies.basic_api.merge(asked)
    assert winner.properties["hs_merged_object_ids"] == f"{kept[0]};{kept[1]}"
    assert int(winner.id) not in kept
    shown = {int(each.id) for each in dated.crm.objects.companies.list(limit=100)}
    assert int(winner.id) in shown
    assert not shown & set(kept)
    assert stable.crm.companies.basic_api.get_by_id(str(kept[1])).id == winner.id
    two = [str(row.id) for row in simulator.portal["deals"].truth()][:2]
    assert dated.crm.objects.deals.merge(primary_object_id=two[0], object_id_to_merge=two[1]).id not in two


def test_what_is_archived_is_in_the_recycle_bin_only(stable, dated, ids):
    stable.crm.deals.basic_api.archive(str(ids["bare"]))
    with pytest.raises(NotFoundException):
        stable.crm.deals.basic_api.get_by_id(str(ids["bare"]))
    with pytest.raises(NotFoundError):
        dated.crm.objects.deals.get(str(ids["bare"]))
    assert stable.crm.deals.basic_api.get_by_id(str(ids["bare"]), archived=True).archived_at is not None
    assert [each.id for each in dated.crm.objects.deals.list(archived=True)] == [str(ids["bare"])]


def test_associations_owners_pipelines_and_the_account(stable, dated, ids):
    asked = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": str(ids["taxed"])}])
    found = stable.crm.associations.v4.batch_api.get_page("deals", "line_items", asked)
    assert [len(each.to) for each in found.results] == [2]
    links = list(dated.crm.associations.list("companies", object_type="deals", object_id=str(ids["taxed"])))
    assert {kind.label for each in links for kind in each.association_types} == {None, "Primary"}
    both = [*stable.crm.owners.owners_api.get_page(limit=100).results, *stable.crm.owners.owners_api.get_page(archived=True).results]
    assert sorted(each.email for each in both) == sorted(
        each.email for archived in (False, True) for each in dated.crm.owners.list(archived=archived)
    )
    [pipeline] = stable.crm.pipelines.pipelines_api.get_all("deals").results
    won = [stage.id for stage in pipeline.stages if stage.metadata == {"isClosed": "true", "probability": "1.0"}]
    assert won == ["closedwon"]
    assert dated.account.get().company_currency == "USD"


def test_a_new_record_hangs_on_what_it_names(stable, simulator, ids):
    firm = str(simulator.portal["companies"].truth()[0].id)
    link = {"to": {"id": firm}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]}
    given = SimplePublicObjectInputForCreate(properties={"dealname": "New", "dealstage": "closedwon"}, associations=[link])
    made = stable.crm.deals.basic_api.create(given)
    shown = stable.crm.deals.basic_api.get_by_id(made.id, properties=["hs_primary_associated_company", "hs_is_closed_won"])
    assert (shown.properties["hs_primary_associated_company"], shown.properties["hs_is_closed_won"]) == (firm, "true")
    with pytest.raises(ApiException):
        stable.crm.deals.basic_api.update(made.id, {"properties": {"no_such_property": "1"}})


def test_a_wrong_token_one_that_ran_out_and_a_limit(url, dated, simulator):
    with pytest.raises(UnauthorizedException):
        Stable(access_token="pat-wrong", host=url).crm.deals.basic_api.get_page()
    app = {"client_id": "hubspot-app", "client_secret": "hubspot-app-secret"}
    given = dated.auth.oauth.create_token(grant_type="refresh_token", refresh_token="hubspot-refresh-1", **app)
    mine = Stable(access_token=given.access_token, host=url)
    assert mine.crm.deals.basic_api.get_page(limit=1).results
    simulator.clock.forward(minutes=31)
    with pytest.raises(UnauthorizedException):
        mine.crm.deals.basic_api.get_page(limit=1)


def test_more_calls_than_a_window_allows_are_turned_away(tmp_path):
    with serve(company(5, per_ten_seconds=3, latency=timedelta(0))) as url:
        dated = Dated(access_token=TOKEN, base_url=url, max_retries=0)
        for _ in range(3):
            dated.crm.objects.deals.list(limit=1)
        with pytest.raises(RateLimitError):
            dated.crm.objects.deals.list(limit=1)
