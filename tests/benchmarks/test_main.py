"""script/benchmark: its arguments, the page that it writes, and one short run of all benchmarks."""

import json
import re
import subprocess
import sys
from contextlib import nullcontext

import pytest

from benchmarks import report, results_store
from benchmarks.benches import ALL
from benchmarks.scale import FULL
from tests.benchmarks.sample import EARLIER_RUN, NEWEST_RUN
from tools.errors import ToolError
from tools.paths import ROOT
from tools.supervisor import Stop

NAMES = [bench.name for bench in ALL]
# What differs from these by a number alone is left out of the short run, for the time that it takes.
SHORT = [name for name in NAMES if name not in {"create_16", "change_16", "rebuild_large"}]
# What is measured is said in these units; limits and counts are not.
MEASURED = re.compile(r"\d[\d,.]*(?: (?:×|times|ms|µs|MB|% (?:of|faster|slower))|×| a second)")  # noqa: RUF001


def benchmark(*arguments, timeout=60):
    """script/benchmark, its environment made."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def files(folder):
    return {path.name: path.read_text() for path in folder.glob("*.svg")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (["create_1", "nix"], f"no such benchmark: nix. There are {', '.join(NAMES)}."),
        (["--keep", "--quick"], "--keep needs a full run: the figures of --quick are meaningless."),
        (["--keep", "--rows", "9999"], "--keep needs all rows: the page is about tables of 1,000,000."),
        (["--rows", "12"], "argument --rows: '12' is not a number from 1,000 to 10,000,000"),
    ],
    ids=["name", "keep", "keep of fewer rows", "rows"],
)
def test_what_makes_no_sense_is_exit_code_2_and_says_why(arguments, last):
    done = benchmark(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == f"script/benchmark: error: {last}"


@pytest.mark.slow
def test_the_page_and_its_plots_are_made_of_what_is_kept(tmp_path):
    from benchmarks.__main__ import publish

    results, images = tmp_path / "results", tmp_path / report.IMAGES
    results.mkdir()
    images.mkdir(parents=True)
    (images / "obsolete.svg").write_text("old")
    (results / "1.json").write_text(json.dumps(EARLIER_RUN))
    (results / "2.json").write_text(json.dumps(NEWEST_RUN))
    publish(results, tmp_path)
    measured = results_store.merged([EARLIER_RUN, NEWEST_RUN], NAMES)
    assert (tmp_path / "benchmarks.md").read_text() == report.document(measured)
    assert sorted(files(images)) == sorted(f"{benchmark.name}.svg" for benchmark in measured)


@pytest.mark.slow
def test_without_results_there_is_no_page(tmp_path):
    from benchmarks.__main__ import publish

    with pytest.raises(ToolError, match=r"^No results are kept yet\. Measure some: script/benchmark --keep$"):
        publish(tmp_path, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_page_that_is_committed_is_what_the_results_give(tmp_path):
    from benchmarks.__main__ import publish

    committed = ROOT / "docs" / "benchmarks.md"
    if not results_store.read():
        assert not committed.exists()
        return
    publish(docs=tmp_path)
    assert committed.read_text() == (tmp_path / "benchmarks.md").read_text()
    assert files(ROOT / "docs" / report.IMAGES) == files(tmp_path / report.IMAGES)


@pytest.mark.slow
@pytest.mark.parametrize("ends", [ToolError("died"), Stop()], ids=["failed", "stopped"])
def test_what_is_whole_when_a_run_ends_early_is_kept(tmp_path, monkeypatch, ends):
    from benchmarks import __main__ as main

    def measure_one(bench, servers, scale):
        if bench.name == "growth":
            raise ends
        return NEWEST_RUN["benches"][bench.name]

    results, docs = tmp_path / "results", tmp_path / "docs"
    keep, publish = results_store.keep, main.publish
    monkeypatch.setattr(main, "measure_one", measure_one)
    monkeypatch.setattr(main, "start_servers", lambda: nullcontext())
    monkeypatch.setattr(main, "Supervisor", lambda: nullcontext())
    monkeypatch.setattr("benchmarks.machine.describe", lambda: NEWEST_RUN["machine"])
    monkeypatch.setattr(results_store, "keep", lambda path: keep(path, results))
    monkeypatch.setattr(main, "publish", lambda: publish(results, docs))
    with pytest.raises(type(ends)):
        main.measure([main.BENCHES["create_1"], main.BENCHES["growth"]], FULL, tmp_path / "results.json", keep=True)
    whole = {**NEWEST_RUN, "benches": {"create_1": NEWEST_RUN["benches"]["create_1"]}}
    assert results_store.read(results) == [whole]
    assert (docs / "benchmarks.md").read_text() == report.document(results_store.merged([whole], NAMES))


def measured_in(text):
    """Return the figures of a text whose units show that they were measured."""
    return set(MEASURED.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)))


def test_a_figure_that_was_measured_is_known_by_its_unit():
    text = "A push takes 3.4 ms, 2.5 × (or 2.5×) less, 1,200 a second; within 60 s and 3 minutes.\n```\n7 ms\n```"  # noqa: RUF001
    assert measured_in(text) == {"3.4 ms", "2.5 ×", "2.5×", "1,200 a second"}  # noqa: RUF001


def test_every_figure_that_readme_says_was_measured_is_in_the_tables(tmp_path):
    """The hand-written notes below the tables do not count."""
    figures = measured_in(report.document(results_store.merged(results_store.read(), NAMES), notes=tmp_path))
    claims = measured_in((ROOT / "README.md").read_text())
    assert claims
    assert claims - figures == set()


@pytest.mark.faults  # it breaks nothing, but loads the machine, and has servers of its own
@pytest.mark.once
@pytest.mark.real
@pytest.mark.postgres
@pytest.mark.wrk
@pytest.mark.timeout(1200)
def test_a_short_run_measures_and_finds_no_wrong_document_of_ours(tmp_path):
    into = tmp_path / "results.json"
    done = benchmark(*SHORT, "--quick", "--into", str(into), timeout=1150)
    assert (done.returncode, done.stdout) == (0, f"Results: {into}\n"), done.stderr[-4000:]
    results = json.loads(into.read_text())
    assert (list(results), list(results["benches"])) == (["machine", "quick", "benches"], SHORT)
    assert results["quick"] is True
    for bench in (bench for bench in ALL if bench.name in SHORT):
        assert_whole(bench, results["benches"][bench.name])


def assert_whole(bench, results):
    """Every contender has had its turn, every target has a value, and nothing of ours or of the limit is wrong."""
    assert (results["title"], results["rounds"], results["over"]) == (bench.title, 1, bench.over)
    assert [target["text"] for target in results["targets"]] == [target.text for target in bench.targets]
    assert {len(target["values"]) for target in results["targets"]} <= {1}
    if not bench.over:  # then the sizes are the run's
        assert list(results["contenders"]) == bench.contenders
    for name, contender in results["contenders"].items():
        assert len(contender["turns"]) == 1
        assert contender["turns"][0], name
        if name.startswith("this project") or name == "limit":
            assert contender["wrong"] == {"missing": 0, "stale": 0, "orphaned": 0}, name
