"""Whether another worker is certainly dead."""

from __future__ import annotations

import os

from pipelines.hub import workers


def test_a_living_process_is_not_gone_and_a_dead_one_is() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    host, boot, namespace, _pid, _started = workers.me().split("/")
    assert not workers.is_gone(workers.me())
    os.waitpid(child, 0)
    assert workers.is_gone("/".join((host, boot, namespace, str(child), "1")))


def test_what_cannot_be_known_is_not_gone() -> None:
    host, boot, namespace, pid, started = workers.me().split("/")
    assert not workers.is_gone(f"elsewhere/{boot}/{namespace}/999999/1")
    assert not workers.is_gone(f"{host}/{boot}/1/999999/1"), "another container's pid says nothing here"
    assert not workers.is_gone("a person at a keyboard")
    assert workers.is_gone(f"{host}/an earlier boot/{namespace}/{pid}/{started}")
