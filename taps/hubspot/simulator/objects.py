"""The calls about records: lists, single ones, searches, batches, merges, and what hangs on what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from taps._kit.simulator import Request, Response, Simulator
from taps.hubspot.simulator.answers import BY_TYPE, NAMES, TYPE_IDS, error, invalid, paged, trace, words, yes
from taps.hubspot.simulator.portal import Portal
from taps.hubspot.simulator.properties import WORKED_OUT, fits
from taps.hubspot.simulator.search import Bad, search, sort_of
from taps.hubspot.simulator.table import Row
from taps.hubspot.sweep import written

_ROOTS = ("/crm/v3/objects/{kind}", "/crm/objects/2026-03/{kind}")
_MOST_ROWS, _MOST_INPUTS = 100, 100
_ALWAYS = ("createdate", "hs_object_id")
_BATCH_VERBS = ("read", "create", "update", "upsert", "archive")
_NO_CONTENT = 204


class Objects:
    """The records of one account over HTTP."""

    def __init__(self, portal: Portal, window: int, most_links: int) -> None:
        self.portal = portal
        self.window = window
        self.most_links = most_links
        """Associations that come with a record or in one answer; the rest is paged."""

    def register(self, simulator: Simulator) -> None:
        """Answer these calls there, in both generations of addresses."""
        for root in _ROOTS:
            simulator.route("POST", f"{root}/search", self._search)
            simulator.route("POST", f"{root}/merge", self._merge)
            simulator.route("POST", f"{root}/gdpr-delete", self._forget)
            for verb in _BATCH_VERBS:
                simulator.route("POST", f"{root}/batch/{verb}", getattr(self, f"_batch_{verb}"))
            simulator.route("GET", root, self._list)
            simulator.route("POST", root, self._create)
            simulator.route("GET", f"{root}/{{key}}", self._get)
            simulator.route("PATCH", f"{root}/{{key}}", self._update)
            simulator.route("DELETE", f"{root}/{{key}}", self._archive)
        for root in ("/crm/v4/associations/{kind}/{other}", "/crm/associations/2026-03/{kind}/{other}"):
            simulator.route("POST", f"{root}/batch/read", self._associated)
        for root in ("/crm/v4/objects", "/crm/objects/2026-03"):
            simulator.route("PUT", root + "/{kind}/{key}/associations/default/{other}/{to}", self._associate)
            simulator.route("GET", root + "/{kind}/{key}/associations/{other}", self._associated_with)

    # ── records ──

    def _list(self, request: Request, kind: str) -> Response:
        name, asked = NAMES.get(kind), request.query
        limit = int(asked.get("limit") or 10)
        if name is None:
            return _missing()
        if not 1 <= limit <= _MOST_ROWS:
            return invalid(f"limit {limit} is not between 1 and {_MOST_ROWS}")
        wanted, others = words(asked.get("properties")), words(asked.get("associations"))
        rows: Iterator[Row] = self.portal[name].listed(int(asked.get("after") or -1), archived=yes(asked.get("archived")))
        rows = (row for row in rows if row.id not in self.portal.passed_over)
        page = [row for row, _ in zip(rows, range(limit), strict=False)]
        more = next(iter(self.portal[name].listed(page[-1].id, archived=yes(asked.get("archived")))), None) if page else None
        return Response(200, paged([self._shown(name, row, wanted, others) for row in page], str(page[-1].id) if more else None))

    def _get(self, request: Request, kind: str, key: str) -> Response:
        name = NAMES.get(kind)
        row = self._known(name, key, request.query.get("idProperty"), follow=True) if name else None
        if name is None or row is None or (row.there == (yes(request.query.get("archived")))):
            return _missing()
        return Response(200, self._shown(name, row, words(request.query.get("properties")), words(request.query.get("associations"))))

    def _known(self, kind: str, key: str, unique: str | None, *, follow: bool = False) -> Row | None:
        """By id, or by a unique property; a merged record is followed where a single one is asked for [K]."""
        table = self.portal[kind]
        if unique and unique != "hs_object_id":
            return next((row for row in table.truth() if row.properties.get(unique, "").lower() == key.lower()), None)
        number = int(key) if key.isdecimal() else -1
        while follow and (kind, number) in self.portal.merged_into:
            number = self.portal.merged_into[kind, number]
        row = table.get(number)
        return None if row is None or row.gone else row

    def _shown(self, kind: str, row: Row, wanted: list[str], others: list[str] | None = None) -> dict[str, Any]:
        names = [name for name in dict.fromkeys((*_ALWAYS, self.portal[kind].modified, *wanted)) if name in self.portal.properties[kind]]
        shown: dict[str, Any] = {
            "id": str(row.id),
            "properties": {name: row.properties.get(name) for name in names},
            "createdAt": written(row.created),
            "updatedAt": written(row.updated),
            "archived": row.archived_at is not None,
        }
        if row.archived_at is not None:
            shown["archivedAt"] = written(row.archived_at)
        held = self.portal.links(kind, row.id) if others else {}
        named = [(other, NAMES[other], held.get(NAMES[other]) or {}) for other in others or [] if other in NAMES]
        found = {other.replace("_", " "): self._ids(kind, name, ids) for other, name, ids in named if ids}
        return shown | ({"associations": found} if found else {})

    def _ids(self, kind: str, other: str, ids: Mapping[int, None]) -> dict[str, Any]:
        """Ids as a list names them: the labelled one twice, and no more than it shows at once."""
        word = f"{kind.removesuffix('s')}_to_{'company' if other == 'companies' else other.removesuffix('s')}"
        rows = []
        for place, each in enumerate(list(ids)[: self.most_links]):
            rows += [{"id": str(each), "type": word}]
            rows += [{"id": str(each), "type": f"{word}_unlabeled"}] if self.portal.label(kind, other, place) else []
        return paged(rows, str(self.most_links) if len(ids) > self.most_links else None)

    def _create(self, request: Request, kind: str) -> Response:
        name = NAMES.get(kind)
        if name is None:
            return _missing()
        wrong = self._wrong(name, request.body.get("properties") or {})
        if wrong:
            return invalid(wrong)
        row = self._made(name, request.body)
        return Response(201, self._shown(name, row, list(row.properties)))

    def _made(self, kind: str, given: Mapping[str, Any]) -> Row:
        links: dict[str, list[int]] = {}
        for each in given.get("associations") or []:
            code = each["types"][0]["associationTypeId"]
            links.setdefault(BY_TYPE[kind, code], []).append(int(each["to"]["id"]))
        return self.portal.create(kind, given.get("properties") or {}, links)

    def _wrong(self, kind: str, given: Mapping[str, Any]) -> str:
        for name, value in given.items():
            if name not in self.portal.properties[kind]:
                return f'Property "{name}" does not exist'
            if name in WORKED_OUT:
                return f'"{name}" is a read only property; its value cannot be set.'
            if value is not None and not isinstance(value, str):
                return f"{name} is not a text"
            if value and not fits(self.portal.properties[kind][name], value):
                return f"{value} is not a valid {self.portal.properties[kind][name]['type']}"
        return ""

    def _update(self, request: Request, kind: str, key: str) -> Response:
        name = NAMES.get(kind)
        row = self._known(name, key, request.query.get("idProperty"), follow=True) if name else None
        if name is None or row is None or not row.there:
            return _missing()
        wrong = self._wrong(name, request.body.get("properties") or {})
        if wrong:
            return invalid(wrong)
        changed = self.portal.update(name, row.id, request.body["properties"])
        return Response(200, self._shown(name, changed, list(request.body["properties"])))

    def _archive(self, _request: Request, kind: str, key: str) -> Response:
        name = NAMES.get(kind)
        row = self._known(name, key, None) if name else None
        if name and row and row.there:
            self.portal.archive(name, row.id)
        return _missing() if name is None else Response(_NO_CONTENT)

    def _merge(self, request: Request, kind: str) -> Response:
        try:
            name = NAMES[kind]
            row = self.portal.merge(name, int(request.body["primaryObjectId"]), int(request.body["objectIdToMerge"]))
        except KeyError:
            return _missing()
        return Response(200, self._shown(name, row, list(row.properties)))

    def _forget(self, request: Request, kind: str) -> Response:
        name = NAMES.get(kind)
        row = self._known(name, str(request.body["objectId"]), request.body.get("idProperty")) if name else None
        if name is None or row is None:
            return _missing()
        self.portal.forget(name, row.id)
        return Response(_NO_CONTENT)

    def _search(self, request: Request, kind: str) -> Response:
        name = NAMES.get(kind)
        if name is None:
            return _missing()
        try:
            found = search(self.portal[name], request.body or {}, self.portal.properties[name], self.window)
        except Bad as told:
            return invalid(str(told))
        wanted = [str(each) for each in (request.body or {}).get("properties") or []]
        sort, _falling = sort_of(request.body or {}, self.portal.properties[name])
        gone = self.portal.passed_over if sort == self.portal[name].modified else set()
        rows = [self._seen(name, each, seen, wanted) for each, seen in found.rows if each not in gone]
        return Response(200, {"total": found.total, **paged(rows, str(found.after) if found.after is not None else None)})

    def _seen(self, kind: str, record_id: int, seen: Mapping[str, str], wanted: list[str]) -> dict[str, Any]:
        """A row as the index has it, which may be late."""
        row = self.portal[kind].get(record_id)
        shown = self._shown(kind, row, []) if row else {}
        names = [name for name in dict.fromkeys((*shown["properties"], *wanted)) if name in self.portal.properties[kind]]
        return {
            **shown,
            "properties": {name: seen.get(name) for name in names},
            "updatedAt": seen[self.portal[kind].modified],
            "archived": False,
        }

    # ── batches ──

    def _batch_read(self, request: Request, kind: str) -> Response:
        wanted, unique = [str(each) for each in request.body.get("properties") or []], request.body.get("idProperty")

        def one(name: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
            row = self._known(name, str(given["id"]), unique)
            return self._shown(name, row, wanted) if row and row.there else None

        return self._batch(request, kind, one, 200)

    def _batch_create(self, request: Request, kind: str) -> Response:
        def one(name: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
            row = self._made(name, given)
            return self._shown(name, row, list(row.properties)) | trace(given)

        return self._batch(request, kind, one, 201)

    def _batch_update(self, request: Request, kind: str) -> Response:
        def one(name: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
            row = self._known(name, str(given["id"]), given.get("idProperty"), follow=True)
            if row is None or not row.there:
                return None
            return self._shown(name, self.portal.update(name, row.id, given["properties"]), list(given["properties"])) | trace(given)

        return self._batch(request, kind, one, 200)

    def _batch_upsert(self, request: Request, kind: str) -> Response:
        def one(name: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
            unique = given.get("idProperty")
            row = self._known(name, str(given["id"]), unique)
            if row is not None:
                changed = self.portal.update(name, row.id, given["properties"])
            elif unique:
                changed = self.portal.create(name, {**given["properties"], unique: str(given["id"])})
            else:
                return None
            return self._shown(name, changed, list(given["properties"])) | {"new": row is None} | trace(given)

        return self._batch(request, kind, one, 200)

    def _batch_archive(self, request: Request, kind: str) -> Response:
        def one(name: str, given: Mapping[str, Any]) -> dict[str, Any] | None:
            row = self._known(name, str(given["id"]), None)
            if row and row.there:
                self.portal.archive(name, row.id)
            return {}

        answer = self._batch(request, kind, one, _NO_CONTENT)
        return Response(_NO_CONTENT) if answer.status == _NO_CONTENT else answer

    def _batch(self, request: Request, kind: str, one: Any, good: int) -> Response:
        """Each input by itself; some that fail make a 207. What is wrong in form is refused as a whole."""
        name, inputs = NAMES.get(kind), (request.body or {}).get("inputs") or []
        if name is None:
            return _missing()
        if len(inputs) > _MOST_INPUTS:
            return invalid(f"the batch has {len(inputs)} inputs, the most is {_MOST_INPUTS}")
        wrong = next(filter(None, (self._wrong(name, each.get("properties") or {}) for each in inputs)), "")
        if wrong:
            return invalid(wrong)
        ids = list(dict.fromkeys(str(each.get("id", place)) for place, each in enumerate(inputs)))
        if len(ids) < len(inputs):
            return invalid("Duplicate IDs found in batch input")
        made = [one(name, each) for each in inputs]
        lost = [each for each, answer in zip(ids, made, strict=True) if answer is None]
        now = written(self.portal.clock())
        body: dict[str, Any] = {
            "status": "COMPLETE",
            "results": [each for each in made if each is not None],
            "startedAt": now,
            "completedAt": now,
        }
        if not lost:
            return Response(good, body)
        told = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": "Could not get some objects", "context": {"ids": lost}}
        return Response(207, body | {"numErrors": 1, "errors": [{**told, "id": lost[0], "errors": [], "links": {}}]})

    def _associated(self, request: Request, kind: str, other: str) -> Response:
        one, two = NAMES.get(kind), NAMES.get(other)
        if one is None or two is None:
            return _missing()
        results, lost = [], []
        for given in request.body["inputs"]:
            page = self._links(one, int(given["id"]), two, int(given.get("after") or 0))
            if page["results"]:
                results.append({"from": {"id": str(given["id"])}, "to": page.pop("results"), **page})
            else:
                lost.append(str(given["id"]))
        now = written(self.portal.clock())
        body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
        if not lost:
            return Response(200, body)
        told = {"status": "error", "category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"}
        told |= {"message": "No associations found", "context": {"fromObjectId": lost}, "errors": [], "links": {}, "id": lost[0]}  # type: ignore[dict-item]
        return Response(207, body | {"numErrors": 1, "errors": [told]})

    def _links(self, kind: str, record_id: int, other: str, start: int) -> dict[str, Any]:
        ids = list(self.portal.links(kind, record_id).get(other) or {})
        end = start + self.most_links
        rows = [
            {"toObjectId": str(each), "associationTypes": self._labels(kind, other, place)}
            for place, each in enumerate(ids[start:end], start)
        ]
        return paged(rows, str(end) if len(ids) > end else None)

    def _associated_with(self, request: Request, kind: str, key: str, other: str) -> Response:
        one, two = NAMES.get(kind), NAMES.get(other)
        if one is None or two is None:
            return _missing()
        return Response(200, self._links(one, int(key), two, int(request.query.get("after") or 0)))

    def _labels(self, kind: str, other: str, place: int) -> list[dict[str, Any]]:
        plain = {"category": "HUBSPOT_DEFINED", "typeId": TYPE_IDS.get((kind, other), 1), "label": None}
        label = self.portal.label(kind, other, place)
        return [plain, *([{"category": "HUBSPOT_DEFINED", "typeId": label[0], "label": label[1]}] if label else [])]

    def _associate(self, _request: Request, kind: str, key: str, other: str, to: str) -> Response:
        one, two = NAMES.get(kind), NAMES.get(other)
        if one is None or two is None:
            return _missing()
        self.portal.link(one, int(key), two, int(to))
        return Response(
            200,
            {"status": "COMPLETE", "results": [], "startedAt": written(self.portal.clock()), "completedAt": written(self.portal.clock())},
        )


def _missing() -> Response:
    return Response(404, error("OBJECT_NOT_FOUND", "resource not found"))
