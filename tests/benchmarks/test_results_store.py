"""Which of the results that are kept count."""

import json

import pytest

from benchmarks.results_store import keep, merged, read


def run(date, *names, rows=0, mark="", code="c0de"):
    """Return a run of these benchmarks at this date."""
    return {
        "machine": {"date": f"2026-11-{date}:00+00:00", "code": code},
        "benches": {name: {"rows": rows, "mark": mark or date} for name in names},
    }


def marks(measured):
    return [
        (
            benchmark.name,
            benchmark.newest.content["mark"],
            benchmark.earlier.content["mark"] if benchmark.earlier else None,
        )
        for benchmark in measured
    ]


def test_of_each_benchmark_its_newest_run_counts_whatever_the_order():
    runs = [run("24T18:00", "lag"), run("24T12:00", "lag", "create"), run("24T09:00", "create")]
    assert marks(merged(runs, ["create", "lag", "never"])) == [
        ("create", "24T12:00", "24T09:00"),
        ("lag", "24T18:00", "24T12:00"),
    ]


def test_the_earlier_run_is_the_newest_one_an_hour_before():
    runs = [run("24T12:00", "lag"), run("24T11:30", "lag"), run("24T11:00", "lag"), run("23T12:00", "lag")]
    assert marks(merged(runs, ["lag"])) == [("lag", "24T12:00", "24T11:00")]


def test_a_run_less_than_an_hour_before_compares_with_nothing():
    assert marks(merged([run("24T12:00", "lag"), run("24T11:01", "lag")], ["lag"])) == [("lag", "24T12:00", None)]


def test_a_run_of_another_size_compares_with_nothing():
    runs = [run("24T12:00", "lag", rows=10), run("24T10:00", "lag", rows=20)]
    assert marks(merged(runs, ["lag"])) == [("lag", "24T12:00", None)]


def test_a_run_of_other_code_compares_with_nothing_and_one_before_it_does():
    runs = [run("24T12:00", "lag"), run("24T10:00", "lag", code="01dc0de")]
    assert marks(merged(runs, ["lag"])) == [("lag", "24T12:00", None)]
    assert marks(merged([*runs, run("24T08:00", "lag")], ["lag"])) == [("lag", "24T12:00", "24T08:00")]


@pytest.mark.parametrize(
    "other", [{"machine": {"processors": 64}}, {"benches": {"lag": {"method": 2}}}], ids=["elsewhere", "otherwise"]
)
def test_a_run_elsewhere_or_got_otherwise_compares_with_nothing(other):
    runs = [run("24T12:00", "lag"), run("24T10:00", "lag")]
    runs[1]["machine"] |= other.get("machine", {})
    runs[1]["benches"]["lag"] |= other.get("benches", {"lag": {}})["lag"]
    assert marks(merged(runs, ["lag"])) == [("lag", "24T12:00", None)]


def test_a_run_from_before_there_was_a_second_method_had_the_first():
    runs = [run("24T12:00", "lag"), run("24T10:00", "lag")]
    runs[0]["benches"]["lag"]["method"] = 1
    assert marks(merged(runs, ["lag"])) == [("lag", "24T12:00", "24T10:00")]


@pytest.mark.parametrize("unknown", [{}, {"code": ""}], ids=["without", "empty"])
def test_runs_that_do_not_say_their_code_compare_with_nothing(unknown):
    runs = [run("24T12:00", "lag"), run("24T10:00", "lag")]
    for run_result in runs:
        del run_result["machine"]["code"]
        run_result["machine"] |= unknown
    assert marks(merged(runs, ["lag"])) == [("lag", "24T12:00", None)]


def test_what_is_kept_is_read_again(tmp_path):
    results, path = tmp_path / "results", tmp_path / "2026-11-24-1200.json"
    path.write_text(json.dumps(run("24T12:00", "lag")))
    keep(path, results)
    assert read(results) == [run("24T12:00", "lag")]
    assert read(tmp_path / "none") == []
