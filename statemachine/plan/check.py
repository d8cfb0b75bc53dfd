"""Makes a WfSpec of a PutWfSpec request, or says what is wrong with it and where.

First everything is looked at that this version cannot know the meaning of; then what was left to the server is filled
in; then the rules of registration are checked, always in the same order, so that every replica reports the same error.
What is accepted here can be compiled.
"""

from konik.api.pb.metadata_requests_pb2 import PutWfSpecRequest
from konik.api.pb.wf_spec_pb2 import ThreadSpec, WfSpec
from konik.statemachine.intake import admitted
from konik.statemachine.names import require_name
from konik.statemachine.plan.definitions import Definitions
from konik.statemachine.plan.edges import check_edges
from konik.statemachine.plan.exits import check_exits
from konik.statemachine.plan.failure_handlers import check_failure_handlers
from konik.statemachine.plan.nodes import RULES
from konik.statemachine.plan.places import within
from konik.statemachine.plan.scope import ThreadScope, scopes
from konik.statemachine.plan.variables import check_variables, convert_defaults
from konik.statemachine.rejection import invalid, not_built


def check(request: PutWfSpecRequest, definitions: Definitions) -> WfSpec:
    """The WfSpec as it is stored, without what only its predecessor decides: version, frozen variables, creation.

    Raises INVALID_ARGUMENT or UNIMPLEMENTED.
    """
    require_name("WfSpec", request.name)
    what = f"WfSpec {request.name}"
    spec = _wf_spec(admitted(request, what))
    _require_known_nodes(spec, what)
    _normalise_nodes(spec)
    if spec.entrypoint_thread_name not in spec.thread_specs:
        raise invalid(f"unknown entrypoint thread: {spec.entrypoint_thread_name}")
    convert_defaults(spec)
    check_variables(spec)
    with within("PutWfSpecRequest is invalid"):
        for scope in scopes(spec, definitions, RULES):
            with within(f"ThreadSpec {scope.name} invalid"):
                _check_thread(scope)
    return spec


def _wf_spec(request: PutWfSpecRequest) -> WfSpec:
    spec = WfSpec()
    spec.id.name = request.name
    spec.entrypoint_thread_name = request.entrypoint_thread_name
    for name, thread in request.thread_specs.items():
        spec.thread_specs[name].CopyFrom(thread)
    return spec


def _require_known_nodes(spec: WfSpec, what: str) -> None:
    for thread_name, thread in sorted(spec.thread_specs.items()):
        for name, node in sorted(thread.nodes.items()):
            where = f"{what}: ThreadSpec {thread_name}: Node {name}"
            kind = node.WhichOneof("node")
            if kind is None:
                raise invalid(f"{where} has no type")
            if kind not in RULES:
                raise not_built(where, f"{kind.upper()} node")


def _normalise_nodes(spec: WfSpec) -> None:
    for thread in spec.thread_specs.values():
        for node in thread.nodes.values():
            RULES[node.WhichOneof("node") or ""].normalise(node)


def _check_thread(scope: ThreadScope) -> None:
    _check_one_entrypoint(scope.thread)
    for name, node in sorted(scope.thread.nodes.items()):
        with within(f"Node {name} invalid"):
            scope.rules(node).check(node, scope)
            with within("Invalid output type for the Node"):
                scope.node_output(name)
            check_edges(name, node, scope)
            check_failure_handlers(node.failure_handlers, scope)
    check_exits(scope)


def _check_one_entrypoint(thread: ThreadSpec) -> None:
    entrypoints = [node for node in thread.nodes.values() if node.HasField("entrypoint")]
    if not entrypoints:
        raise invalid("missing ENTRYPOINT node!")
    if len(entrypoints) > 1:
        raise invalid("Multiple ENTRYPOINT nodes!")
