"""Lists to which a user appends one number after the other, by events that the WfRun takes into a variable."""

import json
from random import Random

from users import User
from workloads import COMPLETED, UNKNOWN, Workload, ended

from konik.api.pb.expressions_pb2 import VariableMutationType
from konik.api.pb.ids_pb2 import VariableId, WfRunId
from konik.api.pb.variable_pb2 import Variable
from konik.sdk import Client, ThreadBuilder

LIST = "append-only-list"
NUMBER = "number"
LENGTH = 6


def append_only_list(wf: ThreadBuilder) -> None:
    numbers = wf.declare_json_arr("numbers", [])
    for _ in range(LENGTH):
        numbers.mutate(VariableMutationType.EXTEND, wf.wait_for_event(NUMBER, return_type=list))


class Lists(Workload):
    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self._sent: dict[str, list[int]] = {}

    async def act(self, user: User) -> None:
        """Each number follows when the one before is acknowledged, so their order is certain."""
        run = self.new_id()
        self._sent[run] = [self.chance.randrange(1_000) for _ in range(LENGTH)]
        await user.run(LIST, run, {})
        for place, number in enumerate(self._sent[run]):
            await user.send(run, NUMBER, f"{run}-{place}", [number])

    async def findings(self, client: Client) -> list[str]:
        found = []
        for run, status in (await ended(client, [*self._sent])).items():
            id, kept = VariableId(wf_run_id=WfRunId(id=run), thread_run_number=0, name="numbers"), None
            if status != UNKNOWN:
                kept = json.loads((await client.call("GetVariable", id, Variable)).value.json_arr)
            if status != COMPLETED or kept != self._sent[run]:
                found.append(f"list {run} is {status}: {kept}, sent {self._sent[run]}")
        return found
