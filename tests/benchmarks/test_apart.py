"""A program's peak is its own, however large the process is that has it measured."""

import json
import subprocess
import sys

import pytest

SMALL, LARGE = "pass", "print(len(bytearray(b'1') * 60_000_000))"


def apart(file, program):
    command = [sys.executable, "-m", "benchmarks.apart", str(file), sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_peak_is_the_programs_own(tmp_path):
    ballast = bytearray(b"1") * 60_000_000
    peaks = {}
    for name, program in (("small", SMALL), ("large", LARGE)):
        assert apart(tmp_path / name, program).returncode == 0
        peaks[name] = json.loads((tmp_path / name).read_text())["peak_mb"]
    assert len(ballast) == 60_000_000
    assert peaks["small"] < 50 < peaks["large"]


@pytest.mark.parametrize(("program", "status", "output"), [("print(1)", 0, "1\n"), ("exit(3)", 3, "")])
def test_it_says_and_ends_as_the_program_does(tmp_path, program, status, output):
    done = apart(tmp_path / "measured", program)
    assert (done.returncode, done.stdout, done.stderr) == (status, output, "")
    assert json.loads((tmp_path / "measured").read_text()).keys() == {"seconds", "peak_mb"}
