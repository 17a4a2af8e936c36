"""Finding a mapping by name and version: shipped ones, and a home's own on top."""

from __future__ import annotations

import pytest

from mappings.language import MappingError
from mappings.shipped import PACKAGED, find, names

TEXT = "mapping: {name}\nversion: {version}\ndocuments:\n  - {{type: customer, id: {id}, fields: {{}}}}\n"


def put(home, path, name, version, id_="a"):
    file = home / "mappings" / f"{path}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(TEXT.format(name=name, version=version, id=id_), encoding="utf-8")


def test_every_shipped_mapping_compiles():
    assert "online_retail/lines" in names()
    assert [find(name).name for name in names()] == names()
    assert "posting/rules" not in names()


def test_a_homes_mapping_wins_over_a_shipped_one_of_the_same_version(tmp_path):
    put(tmp_path, "online_retail/lines", "online_retail/lines", 1)
    assert find("online_retail/lines").document_types == ("refund", "adjustment", "order")
    assert find("online_retail/lines", home=tmp_path).document_types == ("customer",)


def test_the_highest_version_is_taken_unless_one_is_named(tmp_path):
    put(tmp_path, "shop/buyers", "shop/buyers", 3)
    put(tmp_path, "shop/buyers@2", "shop/buyers", 2)
    put(tmp_path, "shop/buyers_old", "shop/buyers_old", 9)
    assert [find(wanted, home=tmp_path).version for wanted in ("shop/buyers", "shop/buyers@2", "shop/buyers@3")] == [3, 2, 3]
    put(tmp_path, "online_retail/lines@2", "online_retail/lines", 2)
    assert [find(wanted, home=tmp_path).version for wanted in ("online_retail/lines", "online_retail/lines@1")] == [2, 1]
    assert set(names(tmp_path)) >= {"shop/buyers", "shop/buyers_old", "online_retail/lines"}


@pytest.mark.parametrize(
    ("wanted", "say"),
    [
        ("shop/buyers@7", "there is version 3"),
        ("unheard/of", "there are .*online_retail/lines"),
        ("../../etc/passwd", "is not the name of a mapping"),
        ("/etc/passwd", "is not the name of a mapping"),
        ("shop/*", "is not the name of a mapping"),
        ("shop/misnamed", "calls itself shop/other"),
        ("shop/broken", r"mappings/shop/broken.yaml, line 1"),
    ],
)
def test_what_cannot_be_found_is_told(tmp_path, wanted, say):
    put(tmp_path, "shop/buyers", "shop/buyers", 3)
    put(tmp_path, "shop/misnamed", "shop/other", 3)
    (tmp_path / "mappings" / "shop" / "broken.yaml").write_text("mapping: [", encoding="utf-8")
    with pytest.raises(MappingError, match=say):
        find(wanted, home=tmp_path)


def test_a_file_that_is_not_text_is_told(tmp_path):
    put(tmp_path, "shop/buyers", "shop/buyers", 3)
    (tmp_path / "mappings" / "shop" / "buyers.yaml").write_bytes(b"mapping: \xff\xfe")
    with pytest.raises(MappingError, match="UTF-8"):
        find("shop/buyers", home=tmp_path)


def test_the_package_holds_its_mappings_beside_its_code():
    assert (PACKAGED / "online_retail" / "lines.yaml").is_file()
