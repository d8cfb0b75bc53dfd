"""TASK nodes: the TaskDef exists and takes these arguments, and the retries can be carried out."""

import math

from konik.api.pb.expressions_pb2 import ExponentialBackoffRetryPolicy, TaskNode
from konik.api.pb.task_def_pb2 import TaskDef
from konik.api.pb.wf_spec_pb2 import Node
from konik.statemachine import limits
from konik.statemachine.plan.places import within
from konik.statemachine.plan.scope import NodeRules, ThreadScope, declared_output
from konik.statemachine.rejection import invalid
from konik.statemachine.values import static
from konik.statemachine.values.static import StaticType

_RETRIES_MAX = 2**31 - 2
"""A TaskRun counts its attempts, the first one included, in 32 bits."""


def normalise(node: Node) -> None:
    if node.task.timeout_seconds == 0:
        node.task.timeout_seconds = limits.TASK_TIMEOUT_DEFAULT_S


def check(node: Node, scope: ThreadScope) -> None:
    task = node.task
    match task.WhichOneof("task_to_execute"):
        case "task_def_id":
            _check_arguments(task, _task_def(task, scope), scope)
        case "dynamic_task":
            static.type_of_assignment(task.dynamic_task, scope)
            for argument in task.variables:
                static.type_of_assignment(argument, scope)
        case _:
            raise invalid("A TASK node must say which task to execute")
    _check_limits(task)


def output(node: Node, scope: ThreadScope) -> StaticType:
    if node.task.WhichOneof("task_to_execute") != "task_def_id":
        return static.UNKNOWN
    return declared_output(_task_def(node.task, scope).return_type)


def _task_def(task: TaskNode, scope: ThreadScope) -> TaskDef:
    name = task.task_def_id.name
    found = scope.definitions.task_def(name)
    if found is None:
        raise invalid(f"Refers to nonexistent TaskDef {name}")
    return found


def _check_arguments(task: TaskNode, task_def: TaskDef, scope: ThreadScope) -> None:
    needed, given = len(task_def.input_vars), len(task.variables)
    if needed != given:
        raise invalid(f"For TaskDef {task_def.id.name} we need {needed} input vars, but we have {given}")
    for position, (declared, argument) in enumerate(zip(task_def.input_vars, task.variables, strict=True)):
        with within(f"Task input variable with name {declared.name} at position {position}"):
            static.check_assignable(argument, declared.type_def, scope)


def _check_limits(task: TaskNode) -> None:
    if task.timeout_seconds < 0:
        raise invalid(f"timeout_seconds must not be negative, but is {task.timeout_seconds}")
    if task.retries < 0:
        raise invalid(f"retries must not be negative, but is {task.retries}")
    if task.retries > _RETRIES_MAX:
        raise invalid(f"retries must be {_RETRIES_MAX} at most, but is {task.retries}")
    if task.HasField("exponential_backoff"):
        _check_backoff(task.exponential_backoff)


def _check_backoff(policy: ExponentialBackoffRetryPolicy) -> None:
    if policy.base_interval_ms <= 0:
        raise invalid(f"base_interval_ms must be positive, but is {policy.base_interval_ms}")
    if not (math.isfinite(policy.multiplier) and policy.multiplier >= 1.0):
        raise invalid("multiplier must be a number not below 1.0")
    if policy.max_delay_ms < policy.base_interval_ms:
        raise invalid(
            f"max_delay_ms must not be less than base_interval_ms, "
            f"but {policy.max_delay_ms} is less than {policy.base_interval_ms}"
        )


RULES = NodeRules(check, output, normalise)
