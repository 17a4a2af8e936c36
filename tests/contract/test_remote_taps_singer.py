"""Every tap over HTTP as a Singer program: singer-sdk's own tests, against its simulator."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import pytest
from singer_sdk import Tap
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from taps._kit.registry import taps
from taps._kit.simulator import serve
from tests._kit.histories import SAMPLES

_SERVED = ExitStack()
atexit.register(_SERVED.close)


def wrapper(name: str) -> type[Tap]:
    """The class behind the program `tap-counterfoil-NAME`."""
    (script,) = entry_points(group="console_scripts", name=f"tap-counterfoil-{name}")
    module, _colon, attribute = script.value.partition(":")
    found: type[Tap] = getattr(import_module(module), attribute.split(".")[0])
    return found


def singer_tests(name: str) -> type:
    """singer-sdk looks at the streams while tests are collected, so the simulator must answer by then."""
    sample = SAMPLES[name]
    url = _SERVED.enter_context(serve(sample.simulator()))
    config: dict[str, Any] = sample.config(url) | {"secrets": sample.secrets}
    return get_tap_test_class(wrapper(sample.tap), config=config, suite_config=SuiteConfig(max_records_limit=None, ignore_no_records=True))


for _name in sorted(name for name, sample in SAMPLES.items() if name == sample.tap):
    globals()[f"TestSinger{_name.title()}"] = singer_tests(_name)


@pytest.mark.parametrize("name", sorted(name for name, kind in taps().items() if "private_network" in kind.config.model_fields))
def test_each_tap_over_http_is_a_singer_program(name):
    about = wrapper(name).config_jsonschema
    assert about["properties"]["secrets"]["secret"] is True
