"""The cost of an order at several sizes of its table."""

from benchmarks import table, wrk
from benchmarks.bench import Bench, Figures
from benchmarks.benches.requests import RUNS
from benchmarks.searches import FIRST_PAGE, Searches
from tools.comparison import Difference
from tools.errors import ToolError

PUSHED = 500  # orders of one push, spread over the table


class Growth(Bench):
    """This project alone, at three sizes of the table: POST /orders/create by one client; a push of 500 changed orders,
    and the rebuild, both for each order; and GET /orders/search by one client, as in the search benchmark with page=1.
    Push and rebuild are timed in a process that has already started. The created orders are deleted again.
    """

    name = "growth"
    title = "Growth"
    over = "orders"
    targets = []

    def prepare(self) -> None:
        sizes = [self.scale.fewer // 10, self.scale.fewer, self.scale.rows]
        self.contenders = [str(size) for size in sizes]
        self.deployments = {
            str(size): table.orders(self.servers, size).serve_without_relay(self.supervisor) for size in sizes
        }
        self.searches = {size: Searches(deployment) for size, deployment in self.deployments.items()}

    def turn(self, contender: str, number: int) -> Figures:
        deployment, rows = self.deployments[contender], int(contender)
        figures = {
            "create_p50_ms": self.measure_create(contender),
            "push_per_order_us": 1e6
            * deployment.run_workload("push", str(min(PUSHED, rows)))["seconds"]
            / min(PUSHED, rows),
            "search_p50_ms": self.searches[contender].search_service(self.scale.seconds, FIRST_PAGE)["p50_ms"],
            "rebuild_per_order_us": 1e6 * deployment.run_workload("rebuild")["seconds"] / rows,
        }
        self.restore(contender)  # the last request of wrk may have created an order after the first restore
        return figures

    def measure_create(self, contender: str) -> float:
        """Create orders for a while and delete them again. Return the p50 in milliseconds."""
        deployment, token = self.deployments[contender], self.searches[contender].token
        url = f"{deployment.url}/orders/create"
        figures = wrk.load(url, "create", 1, self.scale.seconds, TOKEN=token, RUN=f"growth{next(RUNS)}")
        if figures["failed"]:
            raise ToolError(f"{contender}: {figures['failed']:.0f} requests failed.{deployment.log_tail()}")
        self.restore(contender)
        return figures["p50_ms"]

    def restore(self, contender: str) -> None:
        """Delete the created orders, and leave no entry pending."""
        self.deployments[contender].execute(f"DELETE FROM orders_order WHERE id > {contender}")
        self.deployments[contender].manage("search_relay", "--drain")

    def final_difference(self, contender: str) -> Difference | None:
        return self.deployments[contender].difference()
