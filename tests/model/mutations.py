"""Broken rules that look harmless: each must lead to a counterexample, which proves that the model would notice."""

from typing import NamedTuple

from tests.model.rules import Rules, Size

LOST = "all is quiet, and"
FALSELY_INDEXED = "a request was answered `indexed`"
UNCOMMITTED = "which is not committed"
ENDLESS = "never quiet again"


class Mutation(NamedTuple):
    """A broken rule, a world large enough to show it, and the invariant that it breaks."""

    rules: Rules
    size: Size
    breaks: str


MUTATIONS = {
    # Capture
    "versions from the clock alone": Mutation(Rules(growing=False), Size(writes=2, steps_back=1), FALSELY_INDEXED),
    "no floor": Mutation(Rules(floor=False), Size(writes=2, restarts=1, steps_back=1), FALSELY_INDEXED),
    "an insert below its own entry": Mutation(Rules(above_entry=False), Size(writes=2, steps_back=1), FALSELY_INDEXED),
    "an insert that does not look again": Mutation(Rules(looked_again=False), Size(writes=2, open=1), FALSELY_INDEXED),
    # Push
    "rows before entries": Mutation(Rules(reads=("r", "et")), Size(writes=2), FALSELY_INDEXED),
    "rows and targets before entries": Mutation(Rules(reads=("rt", "e")), Size(writes=2), FALSELY_INDEXED),
    "targets before the rest": Mutation(
        Rules(reads=("t", "er")), Size(writes=2, pushers=1, rebuild="retire"), FALSELY_INDEXED
    ),
    "targets before rows, confirm by version": Mutation(
        Rules(reads=("e", "t", "r"), confirm="version"), Size(writes=2, pushers=1, rebuild="retire"), FALSELY_INDEXED
    ),
    "targets cached": Mutation(Rules(targets="cached"), Size(writes=1, rebuild="retire"), FALSELY_INDEXED),
    "writes to the alias": Mutation(Rules(targets="alias"), Size(writes=1, rebuild="retire"), FALSELY_INDEXED),
    "a push inside the transaction": Mutation(Rules(inside=True), Size(writes=1, open=1), UNCOMMITTED),
    "a request joins a push under way": Mutation(Rules(joins=True), Size(writes=2), FALSELY_INDEXED),
    "done when one target is": Mutation(
        Rules(success="any"), Size(writes=1, refusals=1, rebuild="retire"), FALSELY_INDEXED
    ),
    "done when the live one is": Mutation(
        Rules(success="live"), Size(writes=1, refusals=1, rebuild="retire"), FALSELY_INDEXED
    ),
    "a 409 is done": Mutation(Rules(conflict="done"), Size(writes=2, steps_back=1, restores=1), LOST),
    "a 409 only waits": Mutation(Rules(conflict="wait"), Size(writes=2, steps_back=1, restores=1), ENDLESS),
    "a dead letter counts as confirmed": Mutation(
        Rules(dead_letters="done"), Size(writes=2, kinds=("update", "poison")), FALSELY_INDEXED
    ),
    # Confirmation
    "confirm by version": Mutation(
        Rules(confirm="version", above_entry=False), Size(writes=2, steps_back=1), FALSELY_INDEXED
    ),
    "deletes confirmed once": Mutation(Rules(confirmations=1), Size(writes=2, restarts=1), LOST),
    "no wait between a delete's two": Mutation(Rules(wait="none"), Size(writes=2, restarts=1), LOST),
    "the wait counts from the capture": Mutation(Rules(wait="captured"), Size(writes=2, restarts=1, open=1), LOST),
    "any push sends a settling delete": Mutation(Rules(early=True), Size(writes=2, restarts=1), LOST),
    "the second is decided at confirmation": Mutation(
        Rules(second="confirmation"), Size(pushers=3, writes=2, restarts=1, kinds=("update", "delete")), LOST
    ),
    # Rebuild
    "recorded after the backfill": Mutation(Rules(record="after"), Size(writes=1, rebuild="retire"), FALSELY_INDEXED),
    "an old snapshot": Mutation(Rules(snapshot="old"), Size(writes=1, rebuild="retire"), LOST),
    "progress before the answer": Mutation(Rules(progress="sent"), Size(writes=0, losses=1, rebuild="retire"), LOST),
    "the record before the alias": Mutation(Rules(swap="record"), Size(writes=1, rebuild="retire"), FALSELY_INDEXED),
    # After a restore
    "repair by an entry alone": Mutation(Rules(repair="entry", conflict="wait"), Size(writes=1, restores=1), ENDLESS),
}
