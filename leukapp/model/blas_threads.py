"""How many threads numpy's matrix products take."""

from functools import cache

from threadpoolctl import threadpool_limits


@cache
def use_one_blas_thread() -> None:
    """Keep BLAS on one thread for the rest of the process.

    BLAS would share each small product among its threads: where the cores are busy, as in a server,
    the threads' waiting for each other costs more than all of the products. And how many threads
    there are decides the order of a sum, and so the last bits of what is trained. It is set once
    and never back, because the number belongs to the process: threads that set and restored it
    side by side would change it under each other.
    """
    threadpool_limits(limits=1, user_api="blas")
