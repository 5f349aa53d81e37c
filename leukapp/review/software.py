"""Which LeukApp writes into the review store."""

from importlib.metadata import PackageNotFoundError, version


def software_version() -> str:
    """The installed version of LeukApp."""
    try:
        return version("leukapp")
    except PackageNotFoundError:
        return "(not installed)"
