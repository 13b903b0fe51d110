"""Importing orders from a file, one transaction per batch; refused records go to a file of their own.

After each batch a checkpoint next to the file records the progress, so that an interrupted import can be continued.
Orders that were saved after the last checkpoint are recognized by their unique number.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from orders import bulk
from orders.bulk import BulkOrderSerializer, RefusedOrder
from orders.file_readers import Record, is_encodable
from orders.models import Order, OrderLine
from orders.retry import retry_on_conflict
from orders.serializers import OrderSerializer

BATCH_SIZE = 500  # orders
CONFLICT = "A different order with this order number already exists."


@dataclass
class Progress:
    """How far an import is."""

    line: int = 0  # the last one imported
    created: int = 0  # orders
    unchanged: int = 0  # orders that existed with the same content, from an earlier run
    refused: int = 0  # records
    rejects_size: int = 0  # bytes


@dataclass
class Checkpoint:
    """The progress of an import, in a file next to the imported one; without a path it is not saved."""

    path: Path | None
    size: int = 0  # of the imported file: a checkpoint of another size belongs to another file

    def read(self) -> Progress:
        """Return the progress of an interrupted import of the same file, or of one that has not begun."""
        try:
            saved = json.loads(self.path.read_text()) if self.path else {}
            return Progress(**saved["progress"]) if saved.get("size") == self.size else Progress()
        except (OSError, ValueError, TypeError, KeyError, AttributeError):  # missing, or not a checkpoint
            return Progress()

    def write(self, progress: Progress) -> None:
        """Replace the file atomically, so that it is never half written."""
        if self.path:
            temporary = self.path.with_name(f"{self.path.name}.new")
            temporary.write_text(json.dumps({"size": self.size, "progress": asdict(progress)}))
            temporary.replace(self.path)

    def remove(self) -> None:
        if self.path:
            self.path.unlink(missing_ok=True)


@dataclass
class RejectsFile:
    """The refused records: for each a line of JSON with its line number, the reason and its content."""

    path: Path

    def truncate(self, size: int) -> None:
        """Drop what was written after the checkpoint; those records are imported again."""
        if size:
            self.path.touch()
            with self.path.open("r+b") as file:
                file.truncate(size)
        else:
            self.path.unlink(missing_ok=True)

    def append(self, refused: Iterable[tuple[Record, str]]) -> int:
        """Append records with their reasons; return the size of the file."""
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
    """One run of an import; `on_progress` is called after each batch."""

    records: Iterable[Record]
    checkpoint: Checkpoint
    rejects: RejectsFile
    on_progress: Callable[[Progress], None] = lambda progress: None
    progress: Progress = field(default_factory=Progress)

    def run(self) -> Progress:
        self.progress = self.checkpoint.read()
        self.rejects.truncate(self.progress.rejects_size)
        remaining = (record for record in self.records if record.line > self.progress.line)
        for batch in batches(remaining):
            self._import_batch(batch)
        self.checkpoint.remove()
        return self.progress

    def _import_batch(self, batch: list[Record]) -> None:
        result = save_batch(batch)
        self.progress.created += result.created
        self.progress.unchanged += result.unchanged
        self.progress.refused += len(result.refused)
        self.progress.rejects_size = self.rejects.append(result.refused)
        self.progress.line = batch[-1].line
        self.checkpoint.write(self.progress)
        self.on_progress(self.progress)


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield up to BATCH_SIZE records, never two with one order number: the later is compared with the saved order."""
    batch: list[Record] = []
    numbers: set[str] = set()
    for record in records:
        if len(batch) == BATCH_SIZE or record.order_number in numbers:
            yield batch
            batch, numbers = [], set()
        batch.append(record)
        if record.order_number:
            numbers.add(record.order_number)
    if batch:
        yield batch


@dataclass(frozen=True)
class BatchResult:
    """The result of one batch: counts of orders, and the refused records with their reasons."""

    created: int
    unchanged: int
    refused: list[tuple[Record, str]]


@retry_on_conflict
def save_batch(batch: list[Record]) -> BatchResult:
    existing = existing_orders([record.order_number for record in batch])
    reasons: dict[int, str] = {}  # by index in the batch
    new_indexes, unchanged = [], 0
    for index, record in enumerate(batch):
        if record.error:
            reasons[index] = record.error
        elif record.order_number not in existing:
            new_indexes.append(index)
        elif conflict := conflict_with(existing[record.order_number], record.data):
            reasons[index] = conflict
        else:
            unchanged += 1
    valid = []
    for index, order in zip(new_indexes, validate([batch[index].data for index in new_indexes]), strict=True):
        if isinstance(order, RefusedOrder):
            reasons[index] = one_line(order)
        else:
            valid.append(order)
    bulk.create_orders(valid)
    return BatchResult(len(valid), unchanged, [(batch[index], reasons[index]) for index in sorted(reasons)])


def existing_orders(numbers: list[str]) -> dict[str, Order]:
    numbers = [number for number in numbers if "\0" not in number and is_encodable(number)]
    orders = Order.objects.filter(order_number__in=numbers).prefetch_related("lines")
    return {order.order_number: order for order in orders}


def validate(data: list[Any]) -> list[Any]:
    """Return the validated fields of each order, or a RefusedOrder in its place."""
    serializer: Any = BulkOrderSerializer(data=data, many=True, context={"atomic": False})
    serializer.is_valid(raise_exception=True)
    return list(serializer.validated_data)


def conflict_with(order: Order, data: Any) -> str:
    """Return how a record differs from the order with its number; empty if it does not."""
    serializer = OrderSerializer(order, data=data)
    if not serializer.is_valid():
        return one_line(RefusedOrder(serializer.errors))
    fields = dict(serializer.validated_data)
    same_lines = "lines" not in fields or _contents(fields.pop("lines")) == _contents(order.lines.all())
    return "" if same_lines and all(getattr(order, name) == value for name, value in fields.items()) else CONFLICT


def _contents(lines: Iterable[OrderLine]) -> list[Any]:
    return [(line.sku, line.description, line.quantity, line.unit_price) for line in lines]


def one_line(refused: RefusedOrder) -> str:
    errors = [(error["attr"], " ".join(error["detail"].split())) for error in refused.errors]
    return " ".join(text if attr in (None, "non_field_errors") else f"{attr}: {text}" for attr, text in errors)
