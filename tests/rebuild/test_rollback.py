"""After a rebuild with --standby a rollback is instant and keeps all writes since the rebuild."""

from tests.faults.compare import Difference, compare
from tests.rebuild import stage
from tests.rebuild.marks import HEAVY
from tests.rebuild.stage import Stage, assert_no_client_noticed, ended, said
from tests.support import in_database, in_index

pytestmark = HEAVY


def test_there_and_back_under_load(staged: Stage) -> None:
    old = stage.live().name
    run(staged, "--rebuild", "--standby")
    new = stage.live().name
    assert new != old
    staged.go_on()
    run(staged, "--rollback")
    assert stage.live().name == old
    staged.go_on()
    assert_no_client_noticed(*staged.end())
    assert todays_difference() == Difference()
    assert stage.newer_difference(new) == Difference()
    run(staged, "--rollback")
    assert stage.live().name == new
    assert stage.newer_difference() == Difference()


def run(staged: Stage, *arguments: str) -> None:
    """Run search_index and assert that it succeeds."""
    program = staged.command(*arguments)
    program.start()
    assert ended(program) == 0, said(program)


def todays_difference() -> Difference:
    """Compare the searched index with the database, without the field that today's code does not have."""
    found = {
        pk: (version, {name: value for name, value in source.items() if name != "initial"})
        for pk, (version, source) in in_index(stage.OrderDocument).items()
    }
    return compare(found, in_database(stage.OrderDocument))
