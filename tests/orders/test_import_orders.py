"""`manage.py import_orders`: what is imported, what is refused and why, and how an import continues."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from orders import importing
from orders.models import Order
from tests.factories import OrderFactory
from tests.faults.service import database_url
from tests.support import wait_until
from tools.paths import ROOT

pytestmark = pytest.mark.django_db
HEADER = "order_number,customer_name,total_amount\n"
Outcome = tuple[int, str]


def run(*arguments: object) -> Outcome:
    """Return the exit code and the output."""
    out = io.StringIO()
    try:
        call_command("import_orders", *map(str, arguments), stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


@pytest.fixture
def csv(tmp_path: Path) -> Any:
    def write(content: str | bytes, name: str = "o.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def rejects(path: Path) -> list[tuple[int, str]]:
    file = path.with_name(f"{path.name}.rejects")
    return [(reject["line"], reject["reason"]) for reject in map(json.loads, file.read_text().splitlines())]


def numbers() -> list[str]:
    return list(Order.objects.order_by("id").values_list("order_number", flat=True))


def test_a_table_with_every_column(csv: Any) -> None:
    lines = json.dumps([{"sku": "lamp", "quantity": 2, "unit_price": "10.25"}]).replace('"', '""')
    path = csv(
        "\ufefflines,order_number,customer_name,total_amount,currency,status,note\r\n"
        f'"{lines}",a1,"Zoë\r\nMüller",,CHF,paid,"say ""hi"""\r\n'
        ",a2,Ann,1234.56,,,\r\n"
        ",,,,,,\r\n"
    )
    assert run(path) == (0, f"{path}: 2 orders created\n")
    first, second = Order.objects.order_by("id")
    assert (first.customer_name, str(first.total_amount), first.currency, first.status, first.note) == (
        "Zoë\r\nMüller",
        "20.50",
        "CHF",
        "paid",
        'say "hi"',
    )
    assert first.lines.get().sku == "lamp"
    assert (second.order_number, str(second.total_amount), second.currency, second.status) == (
        "a2",
        "1234.56",
        "EUR",
        "placed",
    )
    assert [file.name for file in path.parent.iterdir()] == ["o.csv"]  # neither rejects nor a checkpoint


@pytest.mark.parametrize("name", ["o.ndjson", "o.JSONL"])
def test_lines_of_json(csv: Any, name: str) -> None:
    path = csv(
        '\ufeff{"order_number": 7, "customer_name": "Ann", "total_amount": 0.1}\r\n\n'
        '{"order_number": "b", "customer_name": "Bob", "lines": [{"sku": "x", "quantity": 1, "unit_price": 2}]}',
        name,
    )
    assert run(path) == (0, f"{path}: 2 orders created\n")
    assert list(Order.objects.order_by("id").values_list("order_number", "total_amount")) == [
        ("7", Order._meta.get_field("total_amount").to_python("0.10")),
        ("b", 2),
    ]


def test_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = io.BytesIO(f"{HEADER}a,Ann,1\nb,,1\n".encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(body))
    kept = tmp_path / "kept"
    assert run("-", "--format", "csv", "--rejects", kept) == (1, f"-: 1 orders created, 1 refused (see {kept})\n")
    assert json.loads(kept.read_text()) == {
        "line": 3,
        "reason": "customer_name: This field may not be blank.",
        "content": ["b", "", "1"],
    }


def test_invalid_lines_are_refused_with_their_reasons(csv: Any) -> None:
    OrderFactory.create(order_number="taken")
    path = csv(
        b"order_number,customer_name,total_amount,lines\n"
        b"good,Ann,1,\n"
        b"a,,x,\n"
        b"b,Bob\n"
        b"c,C\xe9line,1,\n"
        b"d,Dan,1,{\n"
        b"taken,Eve,1,\n"
        b'e,"multi\nline",-1,\n'
        b'f,"F"x,1,\n'
        b"good,Other,1,\n"
        b"last,Zed,1,\n"
    )
    assert run(path) == (1, f"{path}: 2 orders created, 8 refused (see {path}.rejects)\n")
    assert rejects(path) == [
        (3, "customer_name: This field may not be blank. total_amount: A valid number is required."),
        (4, "The line has 2 columns, the header has 4."),
        (5, "The line is not valid UTF-8."),
        (6, "lines: JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (7, "A different order with this order number already exists."),
        (8, "total_amount: Ensure this value is greater than or equal to 0."),
        (10, "The line is not valid CSV: ',' expected after '\"'."),
        (11, "A different order with this order number already exists."),
    ]
    assert numbers() == ["taken", "good", "last"]


def test_bad_lines_of_json(csv: Any) -> None:
    path = csv(b'{\n[1]\n{"order_number": "\xff"}\n{"order_number": "a\\u0000"}\n', "o.ndjson")
    assert run(path)[0] == 1
    assert rejects(path) == [
        (1, "JSON parse error - Expecting property name enclosed in double quotes: column 2 (char 1)"),
        (2, "Invalid data. Expected a dictionary, but got list."),
        (3, "JSON parse error - 'utf-8' codec can't decode byte 0xff in position 18: invalid start byte"),
        (
            4,
            "order_number: Null characters are not allowed. customer_name: This field is required. "
            "total_amount: This field is required.",
        ),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "The file is empty."),
        (
            "order_number,customer_name,color,\n",
            "Unknown columns: 'color', ''. The columns are order_number, customer_name, total_amount, currency, "
            "status, note, lines.",
        ),
        ("customer_name,total_amount\n", "Missing columns: order_number."),
        ("order_number,customer_name,note,note\n", "Repeated columns: note."),
        ('order_number,"customer_name\n', "Line 1 is not valid CSV: unexpected end of data."),
    ],
)
def test_a_table_that_cannot_be_imported(csv: Any, content: str, message: str) -> None:
    assert run(csv(content)) == (1, message)


def test_a_header_only(csv: Any) -> None:
    path = csv(HEADER)
    assert run(path) == (0, f"{path}: 0 orders created\n")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert run(tmp_path / "no.csv") == (1, f"{tmp_path}/no.csv cannot be read: No such file or directory.")
    assert run(tmp_path / "o.txt") == (1, "The file name does not say the format. Add --format csv or --format ndjson.")


def test_a_second_run_imports_nothing_twice(csv: Any) -> None:
    path = csv(f"{HEADER}a,Ann,1\nb,Bob,2\n")
    run(path)
    path = csv(f"{HEADER}a,Ann,1.00\nb,Bob,3\nc,Cid,3\nc,Cid,3\n")
    assert run(path) == (1, f"{path}: 1 orders created, 2 unchanged, 1 refused (see {path}.rejects)\n")
    assert rejects(path) == [(3, "A different order with this order number already exists.")]
    assert numbers() == ["a", "b", "c"]


def test_lines_are_compared_too(csv: Any) -> None:
    order = {"order_number": "a", "customer_name": "Ann", "lines": [{"sku": "x", "quantity": 2, "unit_price": 3}]}
    assert run(csv(json.dumps(order), "o.ndjson"))[0] == 0
    assert "1 unchanged" in run(csv(json.dumps(order), "o.ndjson"))[1]
    order["lines"] = [{"sku": "x", "quantity": 3, "unit_price": 2}]
    assert "1 refused" in run(csv(json.dumps(order), "o.ndjson"))[1]


def test_a_batch_is_a_transaction_of_few_statements(csv: Any, django_assert_max_num_queries: Any) -> None:
    path = csv(HEADER + "".join(f"n{at},Ann,1\n" for at in range(100)))
    with django_assert_max_num_queries(8):
        assert run(path)[0] == 0


def test_an_interrupted_import_continues_after_its_last_batch(csv: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH_SIZE", 2)
    path = csv(HEADER + "a,,1\nb,Bob,2\nc,Cid,3\nd,,4\ne,Eve,5\n")
    save_batch, seen = importing.save_batch, []

    def save_then_interrupt(batch: list[Any]) -> Any:
        seen.append([record.line for record in batch])
        if len(seen) == 2:
            save_batch(batch)
            raise KeyboardInterrupt  # after the commit, before the checkpoint
        return save_batch(batch)

    monkeypatch.setattr(importing, "save_batch", save_then_interrupt)
    assert run(path) == (130, "Stopped after line 3. Run the command again to continue.")
    assert run(path) == (1, f"{path}: 2 orders created, 1 unchanged, 2 refused (see {path}.rejects)\n")
    assert seen == [[2, 3], [4, 5], [4, 5], [6]]
    assert (numbers(), [line for line, _ in rejects(path)]) == (["b", "c", "e"], [2, 5])
    assert not path.with_name("o.csv.checkpoint").exists()


@pytest.mark.parametrize("kept", ["{", "[]", '{"size": 1, "progress": {}}', '{"size": 38, "progress": {"lines": 1}}'])
def test_a_checkpoint_of_another_file_is_ignored(csv: Any, kept: str) -> None:
    path = csv(f"{HEADER}a,Ann,1\n")
    path.with_name("o.csv.checkpoint").write_text(kept)
    assert run(path) == (0, f"{path}: 1 orders created\n")


def test_from_start(csv: Any) -> None:
    path = csv(f"{HEADER}a,Ann,1\n")
    progress = {"line": 9, "created": 8, "unchanged": 0, "refused": 0, "rejects_size": 0}
    checkpoint = path.with_name("o.csv.checkpoint")
    checkpoint.write_text(json.dumps({"size": path.stat().st_size, "progress": progress}))
    assert run(path, "--from-start") == (0, f"{path}: 1 orders created\n")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_and_run_again(csv: Any) -> None:
    path = csv(HEADER + "".join(f"k{at:05},Ann {at},{at}\n" for at in range(20_000)))
    command = [sys.executable, "manage.py", "import_orders", str(path)]
    environment = os.environ | {"DATABASE_URL": database_url(), "SEARCH_PUSH": "off"}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        wait_until(lambda: Order.objects.count() >= 1_000, 60)
        process.send_signal(signal.SIGKILL)
    before = Order.objects.count()
    assert 1_000 <= before < 20_000
    assert before % importing.BATCH_SIZE == 0
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{path}: ")
    assert Order.objects.count() == 20_000


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_terminal_shows_progress(csv: Any) -> None:
    path = csv(HEADER + "".join(f"p{at:05},Ann,1\n" for at in range(3_000)))
    master, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 150))
    os.set_blocking(master, False)
    command = [sys.executable, "manage.py", "import_orders", str(path)]
    environment = os.environ | {"DATABASE_URL": database_url(), "SEARCH_PUSH": "off"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=terminal, check=False)
    seen = os.read(master, 100_000).decode()
    os.close(terminal)
    os.close(master)
    assert (done.returncode, done.stdout.decode()) == (0, f"{path}: 3000 orders created\n")
    assert re.search(r"100%\|.*\[00:\d\d<00:00, .*B/s, created=3000, refused=0\]", seen), seen
