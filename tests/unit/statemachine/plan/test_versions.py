"""Which changes are breaking, which variables are frozen, and which updates the caller allows."""

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import text_format

from konik.api.pb.enums_pb2 import BOOL, INT, STR
from konik.api.pb.metadata_requests_pb2 import ALL_UPDATES, MINOR_REVISION_UPDATES, NO_UPDATES, AllowedUpdateType
from konik.api.pb.wf_spec_pb2 import PRIVATE_VAR, PUBLIC_VAR, WfSpec
from konik.statemachine.plan.check import check
from konik.statemachine.plan.versions import succeed
from konik.statemachine.rejection import Code, Rejection

Change = Callable[[Any], object]


@pytest.fixture
def put(draft: Any, definitions: Any) -> Any:
    """Puts the draft as the successor of a version; what is stored has a time of creation."""

    def put(latest: WfSpec | None = None, allowed: AllowedUpdateType = ALL_UPDATES) -> WfSpec:
        spec = succeed(check(draft.request, definitions), latest, allowed, definitions)
        spec.created_at.SetInParent()
        return spec

    return put


@pytest.fixture
def base(draft: Any) -> Any:
    """A draft with a variable of each kind, at indexes 0 to 3."""
    draft.thread("child")
    draft.variable("needed", INT, required=True)
    draft.variable("public", INT, access_level=PUBLIC_VAR)
    draft.variable("private", INT, searchable=True)
    draft.variable("seen", INT, thread="child", access_level=PUBLIC_VAR)
    return draft


def number(spec: WfSpec) -> tuple[int, int]:
    return spec.id.major_version, spec.id.revision


def declared(draft: Any, name: str) -> Any:
    threads = draft.request.thread_specs
    return next(v for t in sorted(threads) for v in threads[t].variable_defs if v.var_def.name == name)


def remove(draft: Any, name: str) -> None:
    for thread in draft.request.thread_specs.values():
        for place, variable in reversed(list(enumerate(thread.variable_defs))):
            if variable.var_def.name == name:
                del thread.variable_defs[place]


def default(variable: Any, number: int) -> None:
    variable.var_def.default_value.int = number


def set_type(variable: Any, type: Any) -> None:
    variable.var_def.type_def.primitive_type = type


def returns_one(draft: Any) -> None:
    draft.node("z-end").exit.return_content.literal_value.int = 1


BREAKING: dict[str, Change] = {
    "a public variable more": lambda d: d.variable("more", INT, access_level=PUBLIC_VAR),
    "a public variable more in another thread": lambda d: d.variable("more", INT, "child", access_level=PUBLIC_VAR),
    "a public variable less": lambda d: remove(d, "public"),
    "a public variable made private": lambda d: setattr(declared(d, "public"), "access_level", PRIVATE_VAR),
    "a private variable made public": lambda d: setattr(declared(d, "private"), "access_level", PUBLIC_VAR),
    "a public variable made searchable": lambda d: setattr(declared(d, "public"), "searchable", True),
    "another default of a public variable": lambda d: default(declared(d, "public"), 7),
    "an index of a public variable": lambda d: declared(d, "seen").json_indexes.add(field_path="$.a", field_type=STR),
    "a required variable more": lambda d: d.variable("more", INT, required=True),
    "a required variable less": lambda d: remove(d, "needed"),
    "a variable made required": lambda d: setattr(declared(d, "private"), "required", True),
    "a variable not required any more": lambda d: setattr(declared(d, "needed"), "required", False),
    "another default of a required variable": lambda d: default(declared(d, "needed"), 7),
    "content returned": returns_one,
}

REVISION: dict[str, Change] = {
    "a private variable more": lambda d: d.variable("more", INT),
    "a private variable less": lambda d: remove(d, "private"),
    "another type of a private variable": lambda d: set_type(declared(d, "private"), STR),
    "a private variable not searchable any more": lambda d: setattr(declared(d, "private"), "searchable", False),
    "a variable required in another thread": lambda d: d.variable("more", INT, "child", required=True),
    "another node": lambda d: d.thread("child", it="nop {}"),
    "content returned by another thread": lambda d: setattr(
        d.node("z-end", "child").exit.return_content.literal_value, "int", 1
    ),
    "another thread": lambda d: d.thread("more"),
    "public variables in another order": lambda d: d.request.thread_specs["entrypoint"].variable_defs.reverse(),
}


def test_the_first_version_is_0_0(base: Any, put: Any) -> None:
    assert number(put()) == (0, 0)


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING.keys())
def test_a_breaking_change_begins_a_new_major_version(base: Any, put: Any, change: Change) -> None:
    first = put()
    change(base)
    assert number(put(first)) == (1, 0)
    with pytest.raises(Rejection) as refused:
        put(first, MINOR_REVISION_UPDATES)
    assert refused.value.code == Code.FAILED_PRECONDITION
    assert refused.value.message == "The resulting WfSpec has a breaking change."


@pytest.mark.parametrize("change", REVISION.values(), ids=REVISION.keys())
def test_every_other_change_is_a_revision(base: Any, put: Any, change: Change) -> None:
    first = put()
    change(base)
    assert number(put(first)) == (0, 1)
    assert number(put(first, MINOR_REVISION_UPDATES)) == (0, 1)


@pytest.mark.parametrize("change", [*BREAKING.values(), *REVISION.values()], ids=[*BREAKING, *REVISION])
def test_no_change_at_all_may_be_allowed(base: Any, put: Any, change: Change) -> None:
    first = put()
    change(base)
    with pytest.raises(Rejection) as refused:
        put(first, NO_UPDATES)
    assert refused.value.code == Code.ALREADY_EXISTS
    assert refused.value.message == "WfSpec already exists."


@pytest.mark.parametrize("allowed", AllowedUpdateType.values(), ids=AllowedUpdateType.keys())
def test_the_same_wf_spec_is_answered_with_the_latest_version(base: Any, put: Any, allowed: Any) -> None:
    first = put()
    first.created_at.seconds = 7
    first.id.major_version, first.id.revision = 3, 5
    assert put(first, allowed) is first


def test_numbers_go_on_from_the_latest_version(base: Any, put: Any) -> None:
    latest = put()
    latest.id.major_version, latest.id.revision = 3, 5
    base.thread("more")
    assert number(put(latest)) == (3, 6)
    returns_one(base)
    assert number(put(latest)) == (4, 0)


def test_a_default_of_nan_is_the_same_each_time(draft: Any, put: Any) -> None:
    text_format.Parse("double: nan", draft.variable("x", STR).var_def.default_value)
    draft.variable("y", INT, required=True)
    first = put()
    assert put(first) is first


# --- Frozen variables -----------------------------------------------------------------------------------------------


def frozen(spec: WfSpec) -> list[str]:
    return [variable.var_def.name for variable in spec.frozen_variables]


def test_required_and_public_variables_are_frozen_in_the_order_of_their_names(base: Any, put: Any) -> None:
    assert frozen(put()) == ["needed", "public", "seen"]


def test_a_frozen_variable_stays_so_when_it_is_removed(base: Any, put: Any) -> None:
    first = put()
    remove(base, "public")
    assert frozen(put(first)) == ["needed", "public", "seen"]


def test_a_removed_variable_may_come_back_with_its_type_only(base: Any, put: Any) -> None:
    first = put()
    remove(base, "public")
    second = put(first)
    base.variable("public", STR)
    with pytest.raises(Rejection, match="Variable public must be of type INT not STR"):
        put(second)


@pytest.mark.parametrize("name", ["needed", "public", "seen"])
def test_a_frozen_variable_keeps_its_type(base: Any, put: Any, name: str) -> None:
    first = put()
    set_type(declared(base, name), BOOL)
    with pytest.raises(Rejection) as refused:
        put(first)
    assert refused.value.code == Code.INVALID_ARGUMENT
    assert refused.value.message == (
        f"Variable {name} must be of type INT not BOOL as it was formerly declared a PUBLIC_VAR"
    )


def test_masking_is_part_of_the_type(base: Any, put: Any) -> None:
    first = put()
    declared(base, "public").var_def.type_def.masked = True
    with pytest.raises(Rejection, match="must be of type INT not INT MASKED"):
        put(first)


def test_a_variable_declared_anew_without_need_is_frozen_no_more(base: Any, put: Any) -> None:
    first = put()
    declared(base, "public").access_level = PRIVATE_VAR
    second = put(first)
    assert frozen(second) == ["needed", "seen"]
    set_type(declared(base, "public"), STR)
    assert number(put(second)) == (1, 1)


def test_input_may_change_its_type(draft: Any, put: Any) -> None:
    draft.variable("INPUT", INT, access_level=PUBLIC_VAR)
    first = put()
    set_type(declared(draft, "INPUT"), STR)
    assert number(put(first)) == (1, 0)


# --- What a WfSpec returns ------------------------------------------------------------------------------------------


def returns_greeting(draft: Any) -> None:
    draft.thread("entrypoint", it="task { task_def_id { name: 'greet' } variables { literal_value { str: 'a' } } }")
    draft.node("z-end").exit.return_content.node_output.node_name = "it"


def test_what_is_returned_is_typed_by_the_definitions_of_now(draft: Any, put: Any, definitions: Any) -> None:
    returns_greeting(draft)
    first = put()
    draft.thread("more")
    assert number(put(first)) == (0, 1)
    definitions.task_defs["greet"].return_type.return_type.primitive_type = INT
    assert number(put(first)) == (0, 1)


def test_a_type_that_cannot_be_told_any_more_differs_from_every_known_one(
    draft: Any, put: Any, definitions: Any
) -> None:
    returns_greeting(draft)
    first = put()
    del definitions.task_defs["greet"]
    draft.thread("entrypoint")
    draft.node("z-end").exit.return_content.literal_value.str = "a"
    assert number(put(first)) == (1, 0)


def test_a_type_that_cannot_be_told_any_more_equals_an_unknown_one(draft: Any, put: Any, definitions: Any) -> None:
    returns_greeting(draft)
    first = put()
    del definitions.task_defs["greet"]
    draft.thread("entrypoint", it="external_event { external_event_def_id { name: 'go' } }")
    draft.node("z-end").exit.return_content.node_output.node_name = "it"
    assert number(put(first)) == (0, 1)
