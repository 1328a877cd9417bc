"""`python -m ceremony`: the same as the installed command."""

import sys

from ceremony.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
