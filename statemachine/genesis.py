"""What a cluster holds before its first command: the tenant `default`, and a principal that may do everything.

It is written once, with the first entry. So `anonymous` stays without permissions after they have been taken from it.
"""

from konik.api.pb.security_pb2 import ACL_ALL_RESOURCES, ALL_ACTIONS, Principal, Tenant
from konik.statemachine.access import ANONYMOUS, DEFAULT_TENANT
from konik.statemachine.canonical import canonical
from konik.statemachine.tables import principal_key, tenant_key
from konik.statemachine.timestamps import set_timestamp
from konik.statemachine.view import View


def write(view: View, now_ms: int) -> None:
    """Writes both into a fresh state; `now_ms` is the time of the first entry."""
    assert view.get(principal_key(ANONYMOUS)) is None, "the state is not fresh"
    tenant = Tenant()
    tenant.id.id = DEFAULT_TENANT
    set_timestamp(tenant.created_at, now_ms)
    view.put(tenant_key(DEFAULT_TENANT), canonical(tenant))
    anonymous = Principal()
    anonymous.id.id = ANONYMOUS
    set_timestamp(anonymous.created_at, now_ms)
    anonymous.global_acls.acls.add(resources=[ACL_ALL_RESOURCES], allowed_actions=[ALL_ACTIONS])
    view.put(principal_key(ANONYMOUS), canonical(anonymous))
