"""Serves a mutant: `python -m tests.faults.mutant_server NAME` is `python -m config.serve` without one defence."""

import sys

from config import serve
from tests.faults.mutants import MUTANTS


def main() -> None:
    (name,) = sys.argv[1:]
    sys.argv[1:] = []
    serve.set_up_django(laptop=False)
    MUTANTS[name]()
    serve.main()


if __name__ == "__main__":
    main()
