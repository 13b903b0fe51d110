"""A program's peak is its own, however large the process is that has it measured."""

import json
import subprocess
import sys

import pytest

SMALL, LARGE = "pass", "print(len(bytearray(b'1') * 60_000_000))"


def apart(file, program):
    command = [sys.executable, "-m", "benchmarks.measure", str(file), sys.executable, "-c", program]
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
    measured = json.loads((tmp_path / "measured").read_text())
    assert measured.keys() == {"seconds", "cpu_seconds", "peak_mb", "total_mb"}


def test_a_child_counts_to_the_processor_and_to_all_memory_but_not_to_the_peak(tmp_path):
    """Each holds 60 MB for longer than the time between two looks."""
    hold = "import time; held = bytearray(b'1') * 60_000_000; "
    burn = "began = time.process_time()\nwhile time.process_time() - began < 0.4: pass\n"
    child = f"{hold}time.sleep(2)"
    parent = f"{hold}\nimport subprocess, sys\n{burn}subprocess.run([sys.executable, '-c', {child + chr(10) + burn!r}])"
    assert apart(tmp_path / "measured", parent).returncode == 0
    measured = json.loads((tmp_path / "measured").read_text())
    assert 0.8 <= measured["cpu_seconds"] < 5
    assert 60 < measured["peak_mb"] < 115 < measured["total_mb"] < 200
