"""Who may call what, and what a fresh cluster lets in."""

from typing import Any

import pytest

from konik.api.pb.security_pb2 import (
    ACL_ALL_RESOURCES,
    ACL_QUOTA,
    ACL_TASK,
    ACL_TENANT,
    ACL_WORKFLOW,
    ALL_ACTIONS,
    READ,
    RUN,
    Principal,
    ServerACL,
    Tenant,
)
from konik.statemachine import access, genesis, tables
from konik.statemachine.rejection import Code, Rejection

ACL = tuple[list[Any], list[Any]]
EVERYTHING: ACL = ([ACL_ALL_RESOURCES], [ALL_ACTIONS])


def add(view: Any, id: str, global_acls: tuple[ACL, ...] = (), **tenants: tuple[ACL, ...]) -> None:
    principal = Principal()
    principal.id.id = id
    for resources, actions in global_acls:
        principal.global_acls.acls.add(resources=resources, allowed_actions=actions)
    for tenant, acls in tenants.items():
        principal.per_tenant_acls[tenant].SetInParent()
        for resources, actions in acls:
            principal.per_tenant_acls[tenant].acls.add(resources=resources, allowed_actions=actions)
        view.put(tables.tenant_key(tenant), Tenant().SerializeToString())
    view.put(tables.principal_key(id), principal.SerializeToString())


def refusal(view: Any, tenant: str, principal: str, permission: Any) -> tuple[Code, str] | None:
    try:
        access.authorise(view, tenant, principal, permission)
    except Rejection as rejection:
        return rejection.code, rejection.message
    return None


def test_a_fresh_cluster_is_open_to_everybody(view: Any) -> None:
    genesis.write(view, 1)
    assert access.authorise(view, "default", "whoever", (ACL_TENANT, READ)).id.id == "anonymous"


def test_a_state_that_is_not_fresh_is_not_written_again(view: Any) -> None:
    genesis.write(view, 1)
    with pytest.raises(AssertionError):
        genesis.write(view, 2)


def test_before_the_first_entry_nobody_is_known(view: Any) -> None:
    assert refusal(view, "default", "anonymous", None) == (Code.UNAVAILABLE, "Server Initializing")


@pytest.mark.parametrize("tenant", ("", "unknown", "Default"))
def test_an_unknown_tenant_is_refused_even_where_no_permission_is_needed(view: Any, tenant: str) -> None:
    genesis.write(view, 1)
    assert refusal(view, tenant, "anonymous", None) == (Code.PERMISSION_DENIED, "Tenant not allowed")


def test_a_known_principal_has_its_own_permissions_and_not_those_of_anonymous(view: Any) -> None:
    genesis.write(view, 1)
    add(view, "reader", (([ACL_WORKFLOW], [READ]),))
    assert refusal(view, "default", "reader", (ACL_WORKFLOW, READ)) is None
    assert refusal(view, "default", "reader", (ACL_WORKFLOW, RUN)) == (
        Code.PERMISSION_DENIED,
        "Missing permissions [RUN] over resources [ACL_WORKFLOW]",
    )


def test_a_principal_without_permissions_may_do_what_needs_none(view: Any) -> None:
    add(view, "nobody")
    assert refusal(view, "default", "nobody", None) is None
    assert refusal(view, "default", "nobody", (ACL_WORKFLOW, READ)) is not None


def test_resource_and_action_must_stand_in_the_same_acl(view: Any) -> None:
    add(view, "half", (([ACL_WORKFLOW], [READ]), ([ACL_TASK], [RUN])))
    assert refusal(view, "default", "half", (ACL_TASK, READ)) is not None
    add(view, "all-of-one", (([ACL_TASK], [ALL_ACTIONS]), ([ACL_ALL_RESOURCES], [READ])))
    assert refusal(view, "default", "all-of-one", (ACL_TASK, RUN)) is None
    assert refusal(view, "default", "all-of-one", (ACL_WORKFLOW, READ)) is None
    assert refusal(view, "default", "all-of-one", (ACL_WORKFLOW, RUN)) is not None


def test_permissions_in_a_tenant_replace_the_global_ones_there(view: Any) -> None:
    add(view, "worker", (([ACL_TASK], [ALL_ACTIONS]),), north=(([ACL_WORKFLOW], [READ]),))
    assert refusal(view, "north", "worker", (ACL_WORKFLOW, READ)) is None
    assert refusal(view, "north", "worker", (ACL_TASK, READ)) is not None
    assert refusal(view, "default", "worker", (ACL_TASK, READ)) is None


@pytest.mark.parametrize("resource", (ACL_TENANT, ACL_QUOTA))
def test_whoever_has_permissions_in_a_tenant_reaches_nothing_of_the_cluster_from_there(
    view: Any, resource: Any
) -> None:
    add(view, "boss", (EVERYTHING,), north=(EVERYTHING,))
    refused = refusal(view, "north", "boss", (resource, READ))
    assert refused is not None
    assert refused[1].startswith("Current Principal boss has per-tenant ACLs for Tenant north")
    assert refusal(view, "default", "boss", (resource, READ)) is None


def test_an_admin_may_do_everything_in_a_tenant_where_it_has_fewer_permissions(view: Any) -> None:
    add(view, "boss", (EVERYTHING,), north=())
    assert refusal(view, "north", "boss", (ACL_TASK, RUN)) is None


def test_an_acl_for_single_objects_grants_nothing_in_general(view: Any) -> None:
    principal = Principal()
    principal.id.id = "narrow"
    principal.global_acls.acls.add(resources=[ACL_TASK], allowed_actions=[READ], name="one")
    view.put(tables.principal_key("narrow"), principal.SerializeToString())
    assert refusal(view, "default", "narrow", (ACL_TASK, READ)) is not None
    principal.global_acls.acls[0].CopyFrom(ServerACL(resources=[ACL_TASK], allowed_actions=[READ], name=""))
    view.put(tables.principal_key("narrow"), principal.SerializeToString())
    assert refusal(view, "default", "narrow", (ACL_TASK, READ)) is None
