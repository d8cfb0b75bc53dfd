"""Ids that the machine gives: nobody ever gets one that somebody else has got."""

from workshop import Cluster

from konik.api.pb.event_requests_pb2 import PutExternalEventRequest
from konik.api.pb.external_event_pb2 import ExternalEvent
from konik.api.pb.ids_pb2 import ExternalEventDefId, WfRunId
from konik.cluster.journal import LINEAGE_TERMS

TICK = PutExternalEventRequest(wf_run_id=WfRunId(id="run"), external_event_def_id=ExternalEventDefId(name="tick"))


def guid(cluster: Cluster) -> str:
    """Of one more event whose guid the cluster chooses."""
    (result,) = cluster.apply(cluster.command("PutExternalEvent", TICK))
    return ExternalEvent.FromString(result.body).id.guid


def test_each_command_of_an_entry_gets_another_one(cluster: Cluster) -> None:
    cluster.put_event_def("tick")
    results = cluster.apply(*(cluster.command("PutExternalEvent", TICK) for _ in range(20)))
    assert len({ExternalEvent.FromString(result.body).id.guid for result in results}) == 20


def test_clusters_that_go_on_with_the_same_state_give_others_at_the_same_index() -> None:
    given = list[str]()
    for begins_in in (2, 2 + LINEAGE_TERMS):
        cluster = Cluster()
        cluster.put_event_def("tick")
        cluster.begin_term(begins_in)
        given += [guid(cluster) for _ in range(3)]
    assert len(set(given)) == len(given) == 6
