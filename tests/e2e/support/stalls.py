"""How long this machine itself holds up a process that only sleeps: what a figure in milliseconds is to be read beside."""

import contextlib
import multiprocessing
import time
from collections.abc import Callable, Iterator

NAP = 0.001


def _nap(ending: "multiprocessing.synchronize.Event", longest: "multiprocessing.Queue[float]") -> None:
    late = 0.0
    while not ending.is_set():
        started = time.monotonic()
        time.sleep(NAP)
        late = max(late, time.monotonic() - started - NAP)
    longest.put(late * 1000)


@contextlib.contextmanager
def stalls() -> Iterator[Callable[[], float]]:
    """Gives a function that ends the watch and returns the longest stall since then, in milliseconds."""
    context = multiprocessing.get_context("spawn")
    ending, longest = context.Event(), context.Queue()
    process = context.Process(target=_nap, args=(ending, longest), daemon=True)
    process.start()

    def end() -> float:
        ending.set()
        return longest.get(timeout=10)

    try:
        yield end
    finally:
        ending.set()
        process.join(10)
