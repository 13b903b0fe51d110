"""The database's records of the physical indices: which one is live, building or standby."""

from django.db import transaction
from django.utils import timezone
from django_elasticsearch_dsl import Document

from ..client import client
from ..mapping.fingerprint import fingerprint
from ..models import Index, IndexState


def live_index(alias: str, using: str = "default") -> Index | None:
    """Return the record of the live index, if there is one."""
    return Index.objects.using(using).live().filter(alias=alias).first()


def building_index(alias: str, using: str = "default") -> Index | None:
    """Return the record of the index that is being built; a constraint allows one for each alias."""
    return Index.objects.using(using).filter(alias=alias, state=IndexState.BUILDING).first()


def newest_standby(alias: str, using: str = "default") -> Index | None:
    standbys = Index.objects.using(using).filter(alias=alias, state=IndexState.STANDBY)
    return standbys.order_by("-changed_at").first()


def is_adopted(alias: str, using: str = "default") -> bool:
    """Return True while a plain index of the alias's own name is recorded as live."""
    return Index.objects.using(using).live().filter(name=alias).exists()


def record_building(document: type[Document], name: str, using: str, owner: str = "") -> Index:
    """Record an index as building: from now on pushes write to it.

    Raise IntegrityError if the alias has a building index already.
    """
    alias, own = str(document._index._name), fingerprint(document)
    live = live_index(alias, using)
    older_fingerprints = {live.fingerprint, *live.replaces} - {own} if live else set()
    with transaction.atomic(using=using):
        return Index.objects.using(using).create(
            name=name,
            alias=alias,
            state=IndexState.BUILDING,
            fingerprint=own,
            replaces=sorted(older_fingerprints),
            owner=owner,
            heartbeat_at=timezone.now() if owner else None,
        )


def record_live(alias: str, name: str, using: str, old_state: IndexState = IndexState.RETIRED) -> str:
    """Record `name` as the live index and give the one before it `old_state`.

    Return the name of the index that was live before, or "". An adopted plain index loses its record instead: the
    swap has deleted it, because the alias needs its name.
    """
    values = {"alias": alias, "state": IndexState.LIVE, "owner": "", "heartbeat_at": None}
    with transaction.atomic(using=using):
        indices = Index.objects.using(using).select_for_update().filter(alias=alias)
        old = indices.live().exclude(name=name).first()
        replaced = old.name if old else ""
        if old and old.name == alias:
            old.delete()
        elif old:
            old.state = old_state
            old.save(update_fields=["state", "changed_at"])
        if not indices.filter(name=name, state=IndexState.LIVE).exists():
            Index.objects.using(using).update_or_create(
                name=name, defaults=values, create_defaults=values | {"fingerprint": stored_fingerprint(name)}
            )
    return replaced


def stored_fingerprint(name: str) -> str:
    """Read the fingerprint from the index's own mapping; "" if this package did not create the index."""
    mapping = client().indices.get_mapping(index=name)[name]["mappings"]
    return str(mapping.get("_meta", {}).get("fingerprint", ""))
