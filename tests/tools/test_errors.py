"""A tool reports an error in one line."""

import pytest

from tools import errors
from tools.errors import ToolError


def failing(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ("main", "code", "said"),
    [
        (lambda: None, 0, ""),
        (lambda: 3, 3, ""),
        (failing(ToolError("The port is taken.")), 1, "The port is taken.\n"),
        (failing(KeyboardInterrupt()), 130, ""),
    ],
)
def test_the_exit_code_and_what_is_said(main, code, said, capsys):
    with pytest.raises(SystemExit) as left:
        errors.run(main)
    assert (left.value.code, capsys.readouterr().err) == (code, said)
