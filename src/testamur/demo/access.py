"""The demo tenant's credentials, and things in it to try each dialect on."""

from __future__ import annotations

from typing import Any

from testamur.core.callers import ALL_SCOPES, Caller
from testamur.core.errors import TenantNotFound
from testamur.core.ids import Id, to_hex24, to_opaque, to_ulid, to_uuid
from testamur.core.people import Person, Reference
from testamur.demo.catalogue import FIRE_SAFETY
from testamur.demo.load import APPLICATION
from testamur.demo.staff import ADA
from testamur.demo.structure import ALL_STAFF
from testamur.ledger import Ledger
from testamur.ledger.tenants import NATIVE_PROVIDER, Tenant


async def open_demo(
    ledger: Ledger, *, slug: str = "demo", name: str = "Larkspur Logistics", zone: str = "Europe/London"
) -> Tenant:
    """The tenant of this slug, made when there is none. Needs the owner's connection.

    Raises: InvalidInput for a slug or zone that cannot be; DatabaseUnavailable.
    """
    try:
        return await ledger.tenants.find(slug)
    except TenantNotFound:
        return await ledger.tenants.create(slug, name, zone)


async def loader(ledger: Ledger, tenant: Tenant) -> Caller:
    """A caller for `load`, so that the demo data says where it comes from. Its key is revoked at once."""
    key = await ledger.clients.create(tenant.id, "Demo data")
    await ledger.clients.revoke(tenant.id, key.key)
    return Caller(tenant=tenant.id, client=key.client, scopes=ALL_SCOPES)


async def credentials(ledger: Ledger, tenant: Tenant) -> dict[str, dict[str, str]]:
    """New credentials for each dialect, by the names its clients use. Secrets are shown this once."""
    accounts = await ledger.tenants.accounts(tenant.id)
    native = next(account for account in accounts if account.provider == NATIVE_PROVIDER)
    thrive = await ledger.clients.create(tenant.id, "Demo: Thrive", dialect="thrive")
    stackone = await ledger.clients.create(tenant.id, "Demo: StackOne", dialect="stackone")
    rise = await ledger.clients.create(tenant.id, "Demo: Rise", dialect="rise")
    cpod = await ledger.clients.create(tenant.id, "Demo: cPod", dialect="cpod", application=APPLICATION)
    xapi = await ledger.clients.create(tenant.id, "Demo: xAPI", dialect="xapi")
    own = await ledger.clients.create(tenant.id, "Demo: API", dialect="api")
    return {
        "thrive": {
            "username": tenant.slug,
            "password": thrive.secret,
            "client_id": to_hex24(thrive.client),
            "client_secret": thrive.secret,
        },
        "stackone": {"api_key": stackone.secret, "account_id": to_opaque(native.id)},
        "rise": {"api_key": rise.secret},
        "cpod": {"client_id": to_ulid(cpod.client, "client"), "client_secret": cpod.secret},
        "xapi": {"username": to_hex24(xapi.client), "password": xapi.secret},
        "api": {"api_key": own.secret},
    }


async def samples(ledger: Ledger, tenant: Tenant) -> dict[str, dict[str, Any]]:
    """A person, an item and an audience as each dialect names them.

    Ada Okafor is active and has not completed the item, a published course of the tenant's own with a
    required quiz; the audience holds her and has the item assigned.

    Raises: PersonNotFound, ItemNotFound, AudienceNotFound when the demo organisation is not loaded.
    """
    person = await ledger.people.get(tenant.id, Reference(ADA, ("ref",), "person", "person"))
    item = await ledger.items.get(tenant.id, Reference(FIRE_SAFETY, ("ref",), "item", "item"))
    audience = await ledger.audiences.get(tenant.id, Reference(ALL_STAFF, (), "audience", "audience"))
    return {
        # A learning record of cPod's names its course by title, an xAPI statement by IRI.
        "person": {**_spelled(person.id, "person"), "xapi": _agent(person)},
        "item": {**_spelled(item.id, "item"), "cpod": item.title, "xapi": item.identifiers["iri"][0]},
        "audience": _spelled(audience.id, "audience"),
    }


def _spelled(id: Id, noun: str) -> dict[str, Any]:
    return {
        "thrive": to_hex24(id),
        "rise": to_hex24(id),
        "stackone": to_opaque(id),
        "cpod": to_ulid(id, noun),
        "xapi": to_uuid(id),
        "api": to_ulid(id, noun),
    }


def _agent(person: Person) -> dict[str, Any]:
    home, _, name = person.identifiers["account"][0].partition(" ")
    return {"objectType": "Agent", "account": {"homePage": home, "name": name}}
