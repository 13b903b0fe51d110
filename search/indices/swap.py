"""Moving the alias to another index: the swap of a rebuild, the rollback, and the adoption of a plain index.

The call to Elasticsearch is a compare-and-swap: it names the index that is to be replaced, and fails if the alias has
moved since. The records change afterwards. Until then the new index is a target as building or standby, so the index
that the alias names is always written. `aliases.sync_records_with_alias()` repairs a crash in between.
"""

from typing import Any

from ..client import client, translate_errors
from ..exceptions import NoStandbyIndex, NothingToAdopt
from ..models import Index, IndexState
from .aliases import alias_target, alias_targets, sync_records_with_alias
from .lock import assert_not_held
from .records import building_index, live_index, newest_standby, record_live
from .template import put_template


def swap(alias: str, old: str | None, new: str) -> None:
    """Let the alias name `new` instead of `old`, in one call."""
    client().indices.update_aliases(actions=[*remove_actions(alias, old), {"add": {"alias": alias, "index": new}}])


def remove_actions(alias: str, old: str | None) -> list[dict[str, Any]]:
    """Return the alias actions that free the alias's name. An adopted plain index must be deleted for that."""
    if old is None:
        return []
    if old == alias:
        return [{"remove_index": {"index": old}}]
    return [{"remove": {"alias": alias, "index": old, "must_exist": True}}]


def rollback(alias: str, using: str = "default") -> tuple[str, str]:
    """Make the newest standby live and keep the live index as standby; return both names.

    Raise NoStandbyIndex, or RebuildRunning during a rebuild.
    """
    with translate_errors():
        if names := sync_records_with_alias(alias, using, IndexState.STANDBY):  # a rollback was interrupted
            return names
        if building := building_index(alias, using):
            assert_not_held(building)
        standby = newest_standby(alias, using)
        if not standby:
            raise NoStandbyIndex(alias)
        swap(alias, alias_target(alias, using), standby.name)
        return standby.name, record_live(alias, standby.name, using, IndexState.STANDBY)


def rollback_candidates(alias: str, using: str = "default") -> tuple[Index, Index]:
    """Return the standby index that a rollback would make live, and the live one. Raise NoStandbyIndex."""
    standby, live = newest_standby(alias, using), live_index(alias, using)
    if not standby or not live:
        raise NoStandbyIndex(alias)
    return standby, live


def adopt(alias: str, using: str = "default") -> None:
    """Record a plain index of the alias's name as live: pushes write to it until a rebuild replaces it."""
    assert_adoptable(alias)
    with translate_errors():
        put_template(alias)
        record_live(alias, alias, using)


def assert_adoptable(alias: str) -> None:
    """Raise NothingToAdopt if no plain index has the alias's name."""
    with translate_errors():
        if alias not in alias_targets([alias])[alias]:
            raise NothingToAdopt(alias)
