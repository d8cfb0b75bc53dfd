"""Variables: what a WfRun is given, what it makes of them, and who sees them."""

from typing import Any

import pytest
from engine import Refused
from littlehorse.workflow import WorkflowThread
from reading import last_failure, run_of, status_of, task_run, variable
from workshop import Cluster, value

from konik.api.pb.enums_pb2 import VariableType
from konik.api.pb.ids_pb2 import VariableId, WfRunId
from konik.api.pb.metadata_requests_pb2 import PutTaskDefRequest, PutWfSpecRequest
from konik.api.pb.queries_pb2 import ListVariablesRequest, VariableList
from konik.api.pb.values_pb2 import VariableValue
from konik.api.pb.variable_pb2 import Variable
from konik.statemachine.rejection import Code

NULL = VariableValue()
MASK = VariableValue(str="*****")

# --- Inputs ---------------------------------------------------------------------------------------------------------


def declaring(thread: WorkflowThread) -> None:
    thread.declare_int("needed").required()
    thread.declare_int("given", default_value=5)
    thread.declare_double("real")
    thread.declare_str("text")


@pytest.fixture
def typed(cluster: Cluster) -> Cluster:
    cluster.put_workflow(declaring)
    return cluster


@pytest.mark.parametrize(
    ("inputs", "culprit"),
    [
        ({}, "needed"),
        ({"needed": 1, "stranger": 2}, "stranger"),
        ({"needed": "one"}, "needed"),
        ({"needed": 1.5}, "needed"),
        ({"needed": 1, "real": "1.5"}, "real"),
        ({"needed": 1, "given": VariableValue(json_arr="[1]")}, "given"),
    ],
    ids=["a required one is missing", "unknown", "mistyped", "a fraction", "a text for a number", "a list"],
)
def test_inputs_that_do_not_fit_are_refused_by_name_and_nothing_is_stored(
    typed: Cluster, inputs: dict[str, Any], culprit: str
) -> None:
    with pytest.raises(Refused, match=culprit) as refused:
        typed.start(**inputs)
    assert refused.value.code is Code.INVALID_ARGUMENT
    with pytest.raises(Refused, match="not found"):
        run_of(typed)


def test_null_is_accepted_for_a_required_variable(typed: Cluster) -> None:
    typed.start(needed=None)
    assert variable(typed, "needed") == NULL


def test_a_default_is_used_when_nothing_is_given_and_when_null_is(typed: Cluster) -> None:
    typed.start(id="left-out", needed=1)
    typed.start(id="null", needed=1, given=None)
    typed.start(id="given", needed=1, given=6)
    assert [variable(typed, "given", id=id).int for id in ("left-out", "null", "given")] == [5, 5, 6]


def test_a_variable_without_a_value_is_null_and_exists(typed: Cluster) -> None:
    typed.start(needed=1)
    assert variable(typed, "text") == NULL


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        ("real", 3, VariableValue(double=3.0)),
        ("text", 3, VariableValue(str="3")),
        ("text", 2.5, VariableValue(str="2.5")),
        ("text", True, VariableValue(str="true")),
    ],
)
def test_what_needs_no_cast_is_converted_to_the_declared_type(
    typed: Cluster, name: str, given: Any, stored: VariableValue
) -> None:
    typed.start(needed=1, **{name: given})
    assert variable(typed, name) == stored


# --- Mutations ------------------------------------------------------------------------------------------------------


def test_each_mutation_of_an_edge_sees_those_before_it(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=1)
        m = thread.declare_int("m", default_value=10)
        n.assign(n.add(1))
        m.assign(m.multiply(n))

    cluster.put_workflow(workflow)
    cluster.start()
    assert (variable(cluster, "n").int, variable(cluster, "m").int) == (2, 20)


def test_if_one_mutation_of_an_edge_fails_none_is_written(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=1)
        m = thread.declare_int("m", default_value=10)
        n.assign(n.add(1))
        m.assign(m.divide(0))

    cluster.put_workflow(workflow)
    cluster.start()
    assert status_of(cluster) == "ERROR"
    assert (variable(cluster, "n").int, variable(cluster, "m").int) == (1, 10)


def test_in_a_loop_a_node_output_is_that_of_the_latest_turn(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=0)
        digits = thread.declare_int("digits", default_value=0)

        def turn(body: WorkflowThread) -> None:
            made = body.execute("make")
            body.execute("between")
            digits.assign(digits.multiply(10).add(made))
            n.assign(n.add(1))

        thread.do_while(n.is_less_than(3), turn)

    cluster.put_task_def("make", returns="INT")
    cluster.put_task_def("between")
    cluster.put_workflow(workflow)
    cluster.start()
    for output in (7, 8, 9):
        cluster.do("make", output=output)
        cluster.do("between")
    assert variable(cluster, "digits").int == 789


def test_the_output_of_a_node_that_was_never_reached_is_a_failure(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=0)
        made = []
        thread.do_if(n.is_equal_to(1), lambda body: made.append(body.execute("make")))
        n.assign(made[0])

    cluster.put_task_def("make", returns="INT")
    cluster.put_workflow(workflow)
    cluster.start()
    assert last_failure(cluster, 0, 2).failure_name == "VAR_SUB_ERROR"
    assert "2-make-TASK has no output" in last_failure(cluster, 0, 2).message


def test_the_output_of_a_node_that_only_failed_is_a_failure(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=0)
        made = thread.execute("make")
        thread.handle_error(made, lambda handler: None)
        thread.execute("between")
        n.assign(made)

    cluster.put_task_def("make", returns="INT")
    cluster.put_task_def("between")
    cluster.put_workflow(workflow)
    cluster.start()
    cluster.fail_task("make")
    cluster.do("between")
    assert "1-make-TASK has no output" in last_failure(cluster, 0, 2).message


def test_a_task_that_returns_nothing_outputs_null(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=5)
        n.assign(thread.execute("make"))

    cluster.put_task_def("make", returns="INT")
    cluster.put_workflow(workflow)
    cluster.start()
    cluster.do("make", output=None)
    assert status_of(cluster) == "COMPLETED"
    assert variable(cluster, "n") == NULL


# --- Scope ----------------------------------------------------------------------------------------------------------


def test_a_handler_reads_and_writes_the_variables_of_its_parent(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        n = thread.declare_int("n", default_value=1)

        def handler(child: WorkflowThread) -> None:
            child.execute("repair", n)
            n.assign(n.add(41))

        thread.handle_error(thread.execute("risky"), handler)
        thread.execute("repair", n)

    cluster.put_task_def("risky")
    cluster.put_task_def("repair", "n:INT")
    cluster.put_workflow(workflow)
    cluster.start()
    cluster.fail_task("risky")
    cluster.do("repair")
    assert variable(cluster, "n").int == 42
    with pytest.raises(Refused):
        variable(cluster, "n", thread=1)
    assert task_run(cluster, "0-2").input_variables[0].value.int == 42


def test_a_thread_does_not_see_the_variables_of_another_branch_of_the_tree(cluster: Cluster) -> None:
    """Registration lets it pass, since it does not decide whose child a thread will be."""

    def secretive(handler: WorkflowThread) -> None:
        handler.declare_int("secret", default_value=1)

    def workflow(thread: WorkflowThread) -> None:
        thread.declare_int("n", default_value=0)
        thread.handle_error(thread.execute("risky"), secretive)
        thread.execute("risky")

    def curious(compiled: PutWfSpecRequest) -> None:
        edge = compiled.thread_specs["entrypoint"].nodes["2-risky-TASK"].outgoing_edges[0]
        edge.variable_mutations.add(lhs_name="n").rhs_assignment.variable_name = "secret"

    cluster.put_task_def("risky")
    cluster.put_workflow(workflow, change=curious)
    cluster.start()
    cluster.fail_task("risky")
    assert variable(cluster, "secret", thread=1).int == 1
    cluster.do("risky")
    failure = last_failure(cluster, 0, 2)
    assert failure.failure_name == "VAR_SUB_ERROR"
    assert "secret" in failure.message
    assert (status_of(cluster), variable(cluster, "n").int) == ("ERROR", 0)


def test_writing_a_variable_out_of_scope_in_a_handler_fails_handler_and_parent(cluster: Cluster) -> None:
    def workflow(thread: WorkflowThread) -> None:
        thread.handle_error(thread.execute("risky"), lambda handler: handler.declare_int("mine", default_value=1))
        thread.handle_error(thread.execute("risky"), lambda handler: None)

    def meddling(compiled: PutWfSpecRequest) -> None:
        name = next(name for name in compiled.thread_specs if name.startswith("exn-handler-2"))
        edge = compiled.thread_specs[name].nodes["0-entrypoint-ENTRYPOINT"].outgoing_edges[0]
        edge.variable_mutations.add(lhs_name="mine").rhs_assignment.literal_value.int = 2

    cluster.put_task_def("risky")
    cluster.put_workflow(workflow, change=meddling)
    cluster.start()
    cluster.fail_task("risky")
    cluster.fail_task("risky")
    assert status_of(cluster) == "ERROR"
    assert last_failure(cluster, 2, 0).failure_name == "VAR_SUB_ERROR"
    assert variable(cluster, "mine", thread=1).int == 1


# --- Masked ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def discreet(cluster: Cluster) -> Cluster:
    """A masked variable goes into a masked parameter; what comes back is masked too."""

    def workflow(thread: WorkflowThread) -> None:
        secret = thread.declare_str("secret").masked().required()
        open_ = thread.declare_str("open", default_value="known")
        made = thread.execute("whisper", secret, open_)
        secret.assign(made)

    request = PutTaskDefRequest(name="whisper")
    for name, masked in (("secret", True), ("open", False)):
        request.input_vars.add(name=name).type_def.CopyFrom(_text_type(masked))
    request.return_type.return_type.CopyFrom(_text_type(masked=True))
    cluster.call("PutTaskDef", request)
    cluster.put_workflow(workflow)
    cluster.start(secret="sesame")
    return cluster


def _text_type(masked: bool) -> Any:
    type_def = PutTaskDefRequest().return_type.return_type
    type_def.primitive_type = VariableType.STR
    type_def.masked = masked
    return type_def


def test_a_masked_variable_is_masked_for_whoever_reads_it(discreet: Cluster) -> None:
    id = VariableId(wf_run_id=WfRunId(id="run"), thread_run_number=0, name="secret")
    shown: Variable = discreet.get("GetVariable", id, Variable)
    assert (shown.value, shown.masked) == (MASK, True)
    listed = discreet.get("ListVariables", ListVariablesRequest(wf_run_id=WfRunId(id="run")), VariableList)
    assert {v.id.name: v.value for v in listed.results} == {"secret": MASK, "open": value("known")}


def test_a_masked_input_arrives_in_clear_at_the_worker_and_nowhere_else(discreet: Cluster) -> None:
    task = discreet.poll("whisper")
    assert task is not None
    assert [(v.value.str, v.masked) for v in task.variables] == [("sesame", True), ("known", False)]
    assert [v.value.str for v in task_run(discreet, "0-1").input_variables] == ["*****", "known"]


def test_a_masked_output_is_masked_in_the_task_run_and_usable_in_the_workflow(discreet: Cluster) -> None:
    discreet.do("whisper", output="open sesame")
    assert task_run(discreet, "0-1").attempts[0].output == MASK
    assert status_of(discreet) == "COMPLETED"
    raw = [
        Variable.FromString(pair) for key, pair in discreet.view.pairs.items() if b"secret" in key and key[:1] == b"r"
    ]
    assert [stored.value.str for stored in raw] == ["open sesame"]


def test_a_value_of_a_type_that_is_not_built_yet_is_refused_as_such(typed: Cluster) -> None:
    with pytest.raises(Refused, match="STRUCT") as refused:
        typed.start(needed=VariableValue(struct={}))
    assert refused.value.code is Code.UNIMPLEMENTED
