"""The table of an order's fields: what each is in the index, and all that a search can do with it.

The weights order a result: a text that is a whole number or name beats one that is only its beginning, a number beats
a name, a name beats a line, and a line beats a note. Equally good orders come newest first.
"""

from orders.models import OrderStatus
from search.query.facets import Months, Ranges, Sums, Terms
from search.query.fields import (
    AnyOf,
    Between,
    Choice,
    Code,
    Equals,
    Integer,
    Keyword,
    Moment,
    Name,
    Nested,
    Number,
    Sort,
    Text,
    Weights,
)
from search.query.schema import SearchSchema

# Defaults are answered for documents of an older mapping, which have these fields only after the next rebuild.
ORDERS = SearchSchema(
    Integer("id", is_long=True),
    Code(
        "order_number",
        label="Order number",
        weights=Weights(exact=100, compact=90, prefix=12, whole=1000, whole_compact=900),
        sort=Sort("number"),
        highlight=True,
        suggest="order_numbers",
    ),
    Name(
        "customer_name",
        label="Customer",
        weights=Weights(word=10, prefix=5, fuzzy=1, whole=30, phrase=5),
        sort=Sort("customer"),
        filter=Equals("customer", help="The customer's whole name; accents and case do not matter."),
        highlight=True,
        suggest="customers",
    ),
    Number(
        "total_amount",
        label="Amount",
        sort=Sort("total", labels=("Smallest total first", "Largest total first")),
        filter=Between("total_min", "total_max", help=("Minimum total.", "Maximum total.")),
        facet=Ranges(
            "amount",
            (0, 100, 500, 1_000, 5_000, 10_000),
            component="AmountRange",
            help="A range of amounts and the number of orders in it, in all currencies: filter by a currency to count "
            "its amounts only.",
        ),
    ),
    Keyword(
        "currency",
        filter=AnyOf(
            "currency",
            help="ISO 4217 codes.",
            pattern="[A-Za-z]{3}",
            message="Enter codes of three letters, such as EUR.",
            upper=True,
        ),
        facet=Terms("currency"),
        default="",
    ),
    Choice(
        "status",
        choices=OrderStatus.choices,
        filter=AnyOf("status", help="The order's status."),
        facet=Terms("status"),
        default="",
    ),
    Text("note", weights=Weights(word=3, prefix=1.5, fuzzy=0.25), highlight=True, default=""),
    Nested(
        "lines",
        item="Line",
        item_help="A line of an order as it is in the index.",
        fields=(
            Code(
                "sku",
                label="SKU",
                weights=Weights(compact=20, prefix=6),
                filter=Equals("sku", max_length=64, help="The whole SKU of one of the lines; case does not matter."),
                highlight=True,
                suggest="skus",
            ),
            Text("description", weights=Weights(word=4, prefix=2, fuzzy=0.5), highlight=True),
            Integer("quantity"),
            Number("unit_price"),
        ),
        default=list,
    ),
    Moment(
        "created_at",
        label="Created",
        sort=Sort("created", labels=("Oldest first", "Newest first")),
        filter=Between(
            "created_after",
            "created_before",
            help=(
                "Created at this time or later, or on this day or later.",
                "Created before this time, or on this day or earlier.",
            ),
        ),
        facet=Months(
            "month",
            sums=Sums(
                "amounts",
                of="total_amount",
                by="currency",
                help="Total amount by currency: amounts of several currencies cannot be added.",
            ),
            help="A month, the number of its orders, and their total amounts.",
        ),
    ),
    Moment("updated_at"),
    name="order",
    default_sort="-created",
    tiebreaker="id",
    component_prefix="",  # the project has no other search
    syntax="Words in any order; the beginning of a word is enough. The search looks in the order's number, the "
    'customer, the note, and the SKU and description of each line. "Words in quotes" must stand together, and a -word '
    "must not occur. Accents and case do not matter. Typing errors are accepted when nothing else matches.",
    unavailable="Search is not available right now. Orders are still saved, and will be found once it is back.",
)
