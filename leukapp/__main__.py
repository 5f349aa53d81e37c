"""``python -m leukapp``: the command line."""

import sys

from leukapp.cli import main

if __name__ == "__main__":
    sys.exit(main())
