"""What clients do when a cluster goes on with less than they were promised: they begin with what is there."""

from sim_clients import event_for
from sim_ledgers import under_way
from sim_nodes import Nodes

from konik.api.pb.enums_pb2 import COMPLETED
from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.queries_pb2 import ExternalEventList, ListExternalEventsRequest
from konik.api.pb.wf_run_pb2 import WfRun
from konik.statemachine.machine import Machine
from tests.linearisability.checker import Operation


def wf_run(machine: Machine, id: str) -> WfRun | None:
    found = machine.query("GetWfRun", "default", "anonymous", WfRunId(id=id).SerializeToString())
    return WfRun.FromString(found.body) if found.body else None


def send_events_again(cluster: Nodes, machine: Machine) -> None:
    """To each WfRun that waits for one: it may be among what was lost. If it is not, it is stored once all the same."""
    for id in cluster.promises.started:
        run = wf_run(machine, id)
        if run is not None and run.wf_spec_id.name == "waiting" and run.status != COMPLETED:
            event_for(cluster, id).send()


def find_in_ledgers(cluster: Nodes, machine: Machine, since: float) -> None:
    """Whatever has stood in them, what is found counts from now on. A command that was not answered before may come
    about twice: once in what was lost, and once from now on."""
    for ledger, operation in under_way(cluster.scribes):
        cluster.histories.setdefault(ledger, []).append(operation)
    for ledger, history in cluster.histories.items():
        found = frozenset(_events(machine, ledger))
        history.append(Operation("operator", since, cluster.world.now, ("found", found), "found"))


def _events(machine: Machine, ledger: str) -> list[str]:
    request = ListExternalEventsRequest(wf_run_id=WfRunId(id=ledger)).SerializeToString()
    found = machine.query("ListExternalEvents", "default", "anonymous", request)
    return [event.id.guid for event in ExternalEventList.FromString(found.body).results]
