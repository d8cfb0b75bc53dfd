"""What is left of a round goes, so that a late one meets no larger state than an early one."""

import asyncio
from collections.abc import Iterable

from google.protobuf.empty_pb2 import Empty

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.queries_pb2 import SearchWfRunRequest, WfRunIdList
from konik.api.pb.run_requests_pb2 import DeleteWfRunRequest
from konik.sdk import Client

PAGE = 100


async def remove_wf_runs(client: Client, workflows: Iterable[str]) -> int:
    """Deletes all of theirs, and says how many there were."""
    removed = 0
    for workflow in workflows:
        search = SearchWfRunRequest(wf_spec_name=workflow, limit=PAGE)
        while found := (await client.call("SearchWfRun", search, WfRunIdList)).results:
            await asyncio.gather(*(_delete(client, run) for run in found))
            removed += len(found)
    return removed


async def _delete(client: Client, run: WfRunId) -> None:
    await client.call("DeleteWfRun", DeleteWfRunRequest(id=run), Empty)
