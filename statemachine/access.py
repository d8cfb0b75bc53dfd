"""Who may call what: decided from the stored tenants and principals alone, once per call, before anything of it runs.

A name that no Principal has counts as `anonymous`. So a cluster is closed by taking the permissions of `anonymous`.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from konik.api.pb.security_pb2 import (
    ACL_ALL_RESOURCES,
    ACL_PRINCIPAL,
    ACL_QUOTA,
    ACL_TENANT,
    ALL_ACTIONS,
    ACLAction,
    ACLResource,
    Principal,
    ServerACL,
)
from konik.statemachine.registry import Permission
from konik.statemachine.rejection import Code, Rejection
from konik.statemachine.tables import PRINCIPALS, principal_key, tenant_key
from konik.statemachine.view import Readable

DEFAULT_TENANT: Final = "default"
ANONYMOUS: Final = "anonymous"

_CLUSTER_SCOPED: Final = frozenset((ACL_TENANT, ACL_PRINCIPAL, ACL_QUOTA))
"""What belongs to no tenant; permissions in a tenant never reach it."""

_EVERYTHING: Final = (ACL_ALL_RESOURCES, ALL_ACTIONS)


def authorise(state: Readable, tenant: str, principal: str, permission: Permission) -> Principal:
    """The principal that the caller counts as, if it may do this in this tenant.

    Raises:
        Rejection: PERMISSION_DENIED: no such tenant, or the permission is missing; UNAVAILABLE: the cluster has not
            been set up yet.
    """
    require_tenant(state, tenant)
    caller = resolve(state, principal)
    if permission is not None:
        _require(caller, tenant, permission)
    return caller


def require_tenant(state: Readable, tenant: str) -> None:
    """Raises PERMISSION_DENIED for a tenant that does not exist; `default` always does."""
    if tenant != DEFAULT_TENANT and state.get(tenant_key(tenant)) is None:
        raise Rejection(Code.PERMISSION_DENIED, "Tenant not allowed")


def resolve(state: Readable, principal: str) -> Principal:
    """The Principal of that name, or `anonymous`. Raises UNAVAILABLE before the cluster's first entry."""
    raw = state.get(principal_key(principal)) or state.get(principal_key(ANONYMOUS))
    if raw is None:
        raise Rejection(Code.UNAVAILABLE, "Server Initializing")
    return _parsed(raw)


@lru_cache(maxsize=1024)
def _parsed(raw: bytes) -> Principal:
    """To be read only: every call of that principal gets the same object."""
    return PRINCIPALS.parse(raw)


def is_admin(principal: Principal) -> bool:
    """Whether one of its global ACLs allows everything."""
    return _any_grants(principal.global_acls.acls, *_EVERYTHING)


def _require(caller: Principal, tenant: str, permission: tuple[ACLResource, ACLAction]) -> None:
    resource, action = permission
    in_tenant = tenant in caller.per_tenant_acls
    if in_tenant and resource in _CLUSTER_SCOPED:
        raise Rejection(
            Code.PERMISSION_DENIED,
            f"Current Principal {caller.id.id} has per-tenant ACLs for Tenant {tenant}, but is trying to access a "
            f"cluster-scoped resource. Use a Principal with global ACLs only.",
        )
    # What is granted for a tenant replaces what is granted everywhere; but nothing takes an admin's rights away.
    acls = caller.per_tenant_acls[tenant].acls if in_tenant else caller.global_acls.acls
    if not is_admin(caller) and not _any_grants(acls, resource, action):
        missing = f"[{ACLAction.Name(action)}] over resources [{ACLResource.Name(resource)}]"
        raise Rejection(Code.PERMISSION_DENIED, f"Missing permissions {missing}")


def _any_grants(acls: Iterable[ServerACL], resource: ACLResource, action: ACLAction) -> bool:
    return any(_grants(acl, resource, action) for acl in acls)


def _grants(acl: ServerACL, resource: ACLResource, action: ACLAction) -> bool:
    """One ACL must hold both; no action includes another."""
    if acl.name or acl.prefix:
        return False  # it is for single objects, and which one a request is about is not known here
    resources, actions = acl.resources, acl.allowed_actions
    return (resource in resources or ACL_ALL_RESOURCES in resources) and (action in actions or ALL_ACTIONS in actions)
