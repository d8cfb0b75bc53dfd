"""Reading WfRuns."""

from collections.abc import Callable, Iterator

from konik.api.pb.ids_pb2 import WfRunId
from konik.api.pb.queries_pb2 import SearchWfRunRequest, WfRunIdList
from konik.api.pb.security_pb2 import ACL_WORKFLOW, READ
from konik.api.pb.wf_run_pb2 import WfRun
from konik.statemachine import indexes, keys
from konik.statemachine.context import Reader
from konik.statemachine.queries.getting import get
from konik.statemachine.queries.paging import Pair, Range, created, everything, fill, in_key, within
from konik.statemachine.queries.variable_filters import Filter, filters_of
from konik.statemachine.registry import query
from konik.statemachine.rejection import invalid
from konik.statemachine.tables import WF_RUNS, wf_run_key


@query("GetWfRun", WfRunId, (ACL_WORKFLOW, READ))
def get_wf_run(reader: Reader, request: WfRunId) -> WfRun:
    return get(reader, WF_RUNS, wf_run_key(reader.tenant, request))


@query("SearchWfRun", SearchWfRunRequest, (ACL_WORKFLOW, READ))
def search_wf_run(reader: Reader, request: SearchWfRunRequest) -> WfRunIdList:
    """In the order of their start; the whole tree below a parent, and all WfRuns of the tenant, in the order of ids.

    Raises INVALID_ARGUMENT for a version without what it is a version of, and for an unknown WfSpec or variable.
    """
    _check(request)
    filters = filters_of(reader, request) if request.wf_spec_name else []
    if _by_table(request):
        wanted = _tree(reader, request)
        return fill(
            reader, request, WfRunIdList(), wanted, scan=_wf_runs(reader), pick=_picked_run(reader, request, filters)
        )
    if not in_key(request.status):
        return WfRunIdList()
    return fill(reader, request, WfRunIdList(), _indexed(reader, request), pick=_picked_id(reader, request, filters))


def _check(request: SearchWfRunRequest) -> None:
    major, revision = request.HasField("wf_spec_major_version"), request.HasField("wf_spec_revision")
    if (major or revision) and not request.wf_spec_name:
        raise invalid("a wf_spec_major_version or wf_spec_revision needs the wf_spec_name")
    if revision and not major:
        raise invalid("a wf_spec_revision needs the wf_spec_major_version")
    if request.variable_filters and not request.wf_spec_name:
        raise invalid("variable_filters need the wf_spec_name")


def _by_table(request: SearchWfRunRequest) -> bool:
    """Whether no index has the answer together."""
    if request.HasField("parent_wf_run_id"):
        return request.show_full_tree
    return not request.wf_spec_name


def _tree(reader: Reader, request: SearchWfRunRequest) -> Range:
    """Everything that belongs to the descendants of the parent, or to any WfRun of the tenant."""
    prefix = keys.WF_RUN + keys.text(reader.tenant)
    if request.HasField("parent_wf_run_id"):
        prefix += keys.text_prefix(keys.wf_run_text(request.parent_wf_run_id) + "_")
    return everything(prefix)


def _indexed(reader: Reader, request: SearchWfRunRequest) -> Range:
    if request.HasField("parent_wf_run_id"):
        return created(indexes.wf_runs_of_parent(reader.tenant, request.parent_wf_run_id), request)
    prefix = indexes.wf_runs(
        reader.tenant,
        request.wf_spec_name,
        request.wf_spec_major_version if request.HasField("wf_spec_major_version") else None,
        request.wf_spec_revision if request.HasField("wf_spec_revision") else None,
        request.status if request.HasField("status") else None,
    )
    return created(prefix, request)


def _wf_runs(reader: Reader) -> Callable[[bytes, bytes], Iterator[Pair]]:
    """A scan that steps from WfRun to WfRun, over all that belongs to each."""
    tenant_end = len(keys.WF_RUN + keys.text(reader.tenant))

    def scan(start: bytes, stop: bytes) -> Iterator[Pair]:
        while (found := reader.first(start, stop)) is not None:
            prefix = found[0][: keys.end_of_text(found[0], tenant_end)]
            if found[0] == prefix + keys.PART_WF_RUN:
                yield found
            start = keys.after(prefix)

    return scan


def _picked_run(reader: Reader, request: SearchWfRunRequest, filters: list[Filter]) -> Callable[[bytes], bytes | None]:
    def pick(raw: bytes) -> bytes | None:
        wf_run = WF_RUNS.parse(raw)
        matches = within(wf_run.start_time, request) and _matches(reader, wf_run, request, filters)
        return wf_run.id.SerializeToString() if matches else None

    return pick


def _picked_id(
    reader: Reader, request: SearchWfRunRequest, filters: list[Filter]
) -> Callable[[bytes], bytes | None] | None:
    """None if the index alone has the answer."""
    more_than_parent = request.wf_spec_name or request.HasField("status")
    if not filters and not (request.HasField("parent_wf_run_id") and more_than_parent):
        return None

    def pick(raw: bytes) -> bytes | None:
        wf_run = reader.load(WF_RUNS, wf_run_key(reader.tenant, WfRunId.FromString(raw)))
        if wf_run is None:
            raise AssertionError("an index entry without its WfRun")
        return raw if _matches(reader, wf_run, request, filters) else None

    return pick


def _matches(reader: Reader, wf_run: WfRun, request: SearchWfRunRequest, filters: list[Filter]) -> bool:
    spec = wf_run.wf_spec_id
    if request.wf_spec_name and spec.name != request.wf_spec_name:
        return False
    if request.HasField("wf_spec_major_version") and spec.major_version != request.wf_spec_major_version:
        return False
    if request.HasField("wf_spec_revision") and spec.revision != request.wf_spec_revision:
        return False
    if request.HasField("status") and wf_run.status != request.status:
        return False
    return all(filter.matches(reader, wf_run.id) for filter in filters)
