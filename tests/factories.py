"""Orders for tests."""

import factory
from factory.django import DjangoModelFactory

from orders.models import Order


class OrderFactory(DjangoModelFactory[Order]):
    """An order in the database; its version is the one the database gave it."""

    class Meta:
        model = Order
        skip_postgeneration_save = True

    order_number = factory.Sequence("order{:05}".format)
    customer_name = factory.Faker("name")
    total_amount = factory.Faker("pydecimal", left_digits=6, right_digits=2, positive=True)

    @factory.post_generation
    def read_version(self: Order, create: bool, extracted: None) -> None:
        if create:
            self.refresh_from_db()
