"""Who spent the processor."""

import subprocess
import sys

from benchmarks import cpu

SPEND = """
import subprocess, sys, time
while time.process_time() < 0.3:
    pass
if sys.argv[1:]:
    subprocess.run([sys.executable, "-c", sys.argv[1]])
print("spent", flush=True)
sys.stdin.read()
"""


def test_a_process_s_own_seconds_and_its_children_s_count():
    """Also of those that have ended; a process that is not there has had none."""
    with subprocess.Popen(
        [sys.executable, "-c", SPEND, SPEND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        assert process.stdout.read() == "spent\nspent\n"
        assert 0.5 <= cpu.spent([process.pid, 2**30]) < 5  # 0.6, of which the system counts whole ticks, and Python
