"""Loader of the SQL files in sql/, in which a line `-- name: x` begins the text named x."""

from functools import cache
from importlib.resources import files


@cache
def load_statements(file_name: str) -> dict[str, str]:
    text = files(__package__).joinpath("sql", file_name).read_text()
    sections = (section.split("\n", 1) for section in text.split("-- name: ")[1:])
    return {name.strip(): body.strip() for name, body in sections}
