"""Importing orders from a file: a batch is one transaction, bad lines are set aside, a second run does nothing twice.

After each batch a checkpoint beside the file says how far it came, so that an import that was killed goes on there.
What the last batch wrote before its checkpoint is found to be there already, for order numbers are unique.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from orders import bulk
from orders.bulk import BulkOrderSerializer, Refused
from orders.file_readers import Record, is_text
from orders.models import Order, OrderLine
from orders.retry import retry_on_conflict
from orders.serializers import OrderSerializer

BATCH = 500  # orders
OTHER = "Another order has this order number."


@dataclass
class Tally:
    """How far an import is: its last line, what became of the orders, and how long its rejects are."""

    line: int = 0
    made: int = 0
    there: int = 0  # with the same content, from an earlier run
    refused: int = 0
    rejects: int = 0  # bytes


@dataclass
class Checkpoint:
    """The tally of an import that is under way, in a file beside the imported one; without a path it is not kept."""

    path: Path | None
    size: int = 0  # of the imported file, by which it is known again

    def read(self) -> Tally:
        """Where to go on: at the beginning, unless an import of this very file was broken off."""
        try:
            kept = json.loads(self.path.read_text()) if self.path else {}
            return Tally(**kept["tally"]) if kept.get("size") == self.size else Tally()
        except (OSError, ValueError, TypeError, KeyError, AttributeError):  # there is none, or it is none
            return Tally()

    def write(self, tally: Tally) -> None:
        """At one stroke, so that it is never half written."""
        if self.path:
            beside = self.path.with_name(f"{self.path.name}.new")
            beside.write_text(json.dumps({"size": self.size, "tally": asdict(tally)}))
            beside.replace(self.path)

    def remove(self) -> None:
        """The import is complete."""
        if self.path:
            self.path.unlink(missing_ok=True)


@dataclass
class Rejects:
    """The file of the lines that were refused: for each a line of JSON with its number, the reason, and its content."""

    path: Path

    def go_on(self, size: int) -> None:
        """Keep what was written until the checkpoint, and nothing else."""
        if size:
            self.path.touch()
            with self.path.open("r+b") as file:
                file.truncate(size)
        else:
            self.path.unlink(missing_ok=True)

    def write(self, refused: Iterable[tuple[Record, str]]) -> int:
        """Add these; the file's size."""
        lines = [
            json.dumps({"line": record.line, "reason": reason, "content": record.content}, ensure_ascii=True)
            for record, reason in refused
        ]
        if lines:
            with self.path.open("ab") as file:
                file.write("".join(f"{line}\n" for line in lines).encode())
        return self.path.stat().st_size if self.path.exists() else 0


@dataclass
class Import:
    """One run."""

    records: Iterable[Record]
    checkpoint: Checkpoint
    rejects: Rejects
    report: Callable[[Tally], None] = lambda tally: None
    tally: Tally = field(default_factory=Tally)

    def run(self) -> Tally:
        """Import what is not imported yet."""
        self.tally = self.checkpoint.read()
        self.rejects.go_on(self.tally.rejects)
        left = (record for record in self.records if record.line > self.tally.line)
        for batch in batches(left):
            self._keep(batch)
        self.checkpoint.remove()
        return self.tally

    def _keep(self, batch: list[Record]) -> None:
        reasons = keep(batch)
        refused = [(record, reason) for record, reason in zip(batch, reasons, strict=True) if reason]
        self.tally.made += reasons.count(None)
        self.tally.there += reasons.count("")
        self.tally.refused += len(refused)
        self.tally.rejects = self.rejects.write(refused)
        self.tally.line = batch[-1].line
        self.checkpoint.write(self.tally)
        self.report(self.tally)


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Up to BATCH records, no two with one number: the later one is compared with what the earlier one left."""
    batch: list[Record] = []
    numbers: set[str] = set()
    for record in records:
        if len(batch) == BATCH or record.number in numbers:
            yield batch
            batch, numbers = [], set()
        batch.append(record)
        if record.number:
            numbers.add(record.number)
    if batch:
        yield batch


@retry_on_conflict
def keep(batch: list[Record]) -> list[str | None]:
    """Write a batch: for each record None when an order was made, "" when it was there, else why it was refused."""
    known = _known([record.number for record in batch])
    verdicts: list[str | None] = [
        record.error or (_compared(known[record.number], record.fields) if record.number in known else None)
        for record in batch
    ]
    new = [at for at, verdict in enumerate(verdicts) if verdict is None]
    made = _validated([batch[at].fields for at in new])
    for at, one in zip(new, made, strict=True):
        if isinstance(one, Refused):
            verdicts[at] = reason(one)
    bulk.create(one for one in made if not isinstance(one, Refused))
    return verdicts


def _known(numbers: list[str]) -> dict[str, Order]:
    """The orders that have these numbers already."""
    texts = [number for number in numbers if "\0" not in number and is_text(number)]
    return {
        order.order_number: order for order in Order.objects.filter(order_number__in=texts).prefetch_related("lines")
    }


def _validated(wanted: list[Any]) -> list[Any]:
    """The fields of each order, or a Refused."""
    serializer: Any = BulkOrderSerializer(data=wanted, many=True, context={"atomic": False})
    serializer.is_valid(raise_exception=True)
    return list(serializer.validated_data)


def _compared(order: Order, wanted: Any) -> str:
    """ "" when the order is as it is wanted, else what is wrong."""
    serializer = OrderSerializer(order, data=wanted)
    if not serializer.is_valid():
        return reason(Refused(serializer.errors))
    fields = dict(serializer.validated_data)
    same_lines = "lines" not in fields or _of(fields.pop("lines")) == _of(order.lines.all())
    return "" if same_lines and all(getattr(order, name) == value for name, value in fields.items()) else OTHER


def _of(lines: Iterable[OrderLine]) -> list[Any]:
    return [(line.sku, line.description, line.quantity, line.unit_price) for line in lines]


def reason(refused: Refused) -> str:
    """All errors in one line."""
    named = [(each["attr"], " ".join(each["detail"].split())) for each in refused.errors]
    return " ".join(text if attr in (None, "non_field_errors") else f"{attr}: {text}" for attr, text in named)
