"""The file .env is written once, for its owner alone."""

import stat

import environ

from tools.dotenv import write_once
from tools.paths import ROOT


def example(folder):
    (folder / ".env.example").write_bytes((ROOT / ".env.example").read_bytes())
    return folder


def test_it_holds_debug_a_random_key_and_a_free_port(tmp_path):
    assert write_once(example(tmp_path))
    read: dict[str, str] = {}
    environ.Env.ENVIRON, kept = read, environ.Env.ENVIRON
    try:
        environ.Env.read_env(str(tmp_path / ".env"))
    finally:
        environ.Env.ENVIRON = kept
    assert set(read) == {"DJANGO_DEBUG", "DJANGO_SECRET_KEY", "EMBEDDED_ENGINE_PORT"}
    assert read["DJANGO_DEBUG"] == "on"
    assert len(read["DJANGO_SECRET_KEY"]) >= 50
    assert 10_000 < int(read["EMBEDDED_ENGINE_PORT"]) <= 32_000


def test_no_two_have_the_same_key(tmp_path):
    written = []
    for name in "ab":
        (tmp_path / name).mkdir()
        write_once(example(tmp_path / name))
        written.append((tmp_path / name / ".env").read_text())
    assert written[0] != written[1]


def test_only_its_owner_may_read_it(tmp_path):
    write_once(example(tmp_path))
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_one_that_is_there_stays_as_it_is(tmp_path):
    (example(tmp_path) / ".env").write_text("DJANGO_DEBUG=off\n")
    assert not write_once(tmp_path)
    assert (tmp_path / ".env").read_text() == "DJANGO_DEBUG=off\n"
