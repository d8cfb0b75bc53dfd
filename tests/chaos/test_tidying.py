"""Nothing of a round is left for the next one."""

import asyncio
from typing import Any, cast

from google.protobuf.empty_pb2 import Empty
from tidying import PAGE, remove_wf_runs

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.queries_pb2 import WfRunIdList
from konik.sdk import Client


class Shelf:
    """Holds WfRuns by the names of their workflows."""

    def __init__(self, **counts: int) -> None:
        self.runs = {name: [f"{name}-{number}" for number in range(count)] for name, count in counts.items()}

    async def call(self, method: str, request: Any, _: type) -> Any:
        if method == "SearchWfRun":
            return WfRunIdList(results=[WfRunId(id=id) for id in self.runs[request.wf_spec_name][: request.limit]])
        assert method == "DeleteWfRun"
        self.runs[request.id.id.rpartition("-")[0]].remove(request.id.id)
        return Empty()


def test_all_wf_runs_go_however_many_they_are_and_others_stay() -> None:
    shelf = Shelf(many=2 * PAGE + 1, none=0, other=3)
    assert asyncio.run(remove_wf_runs(cast(Client, shelf), ("many", "none"))) == 2 * PAGE + 1
    assert {name: len(runs) for name, runs in shelf.runs.items()} == {"many": 0, "none": 0, "other": 3}
