"""The moment in which the alias changes its index, and the records that follow it.

The engine's call is a compare-and-swap: it names the index that is to be replaced, and does nothing if the alias has
moved meanwhile. The records change afterwards: until then the new index is a target, as building or standby, so that
what the alias names is always written. A crash in between is mended by `settle`, which looks at the alias.
"""

from typing import Any

from ..client import client, translate_errors
from ..exceptions import NoStandbyIndex, NothingToAdopt
from ..models import Index, IndexState
from . import lifecycle
from .lock import refuse_if_held
from .template import put_template


def swap(alias: str, old: str | None, new: str) -> None:
    """Let the alias name `new` instead of `old`, in one call."""
    client().indices.update_aliases(actions=[*leave(alias, old), {"add": {"alias": alias, "index": new}}])


def leave(alias: str, old: str | None) -> list[dict[str, Any]]:
    """What takes the alias's name from the index that has it."""
    if old is None:
        return []
    if old == alias:  # a plain index that was adopted: only its end frees the name
        return [{"remove_index": {"index": old}}]
    return [{"remove": {"alias": alias, "index": old, "must_exist": True}}]


def settle(alias: str, using: str, old_state: IndexState = IndexState.RETIRED) -> tuple[str, str] | None:
    """Let the records follow the alias if a swap's record was lost: what is live now and what was before, or None."""
    named, recorded = lifecycle.behind(alias, using), lifecycle.live(alias, using)
    if not named or (recorded and recorded.name == named):
        return None
    return named, lifecycle.record_live(alias, named, using, old_state)


def rollback(alias: str, using: str = "default") -> tuple[str, str]:
    """Let the newest standby be live again, and the live one stand by: the names of both. NoStandbyIndex."""
    with translate_errors():
        if settled := settle(alias, using, IndexState.STANDBY):  # a rollback that was cut off
            return settled
        ours = Index.objects.using(using).filter(alias=alias)
        for building in ours.filter(state=IndexState.BUILDING):
            refuse_if_held(building)
        standby = ours.filter(state=IndexState.STANDBY).order_by("-changed_at").first()
        if not standby:
            raise NoStandbyIndex(alias)
        swap(alias, lifecycle.behind(alias, using), standby.name)
        return standby.name, lifecycle.record_live(alias, standby.name, using, IndexState.STANDBY)


def adopt(alias: str, using: str = "default") -> None:
    """Record a plain index of the alias's name as live: from now on pushes keep it, until a rebuild replaces it."""
    with translate_errors():
        adoptable(alias)
        put_template(alias)
        lifecycle.record_live(alias, alias, using)


def adoptable(alias: str) -> None:
    """Insist on a plain index of the alias's name. NothingToAdopt."""
    if alias not in client().indices.get(index=alias, ignore_unavailable=True, filter_path="*.settings.index.uuid"):
        raise NothingToAdopt(alias)
