"""``python -m boostobj``."""

import sys

from boostobj.cli import main

if __name__ == "__main__":
    sys.exit(main())
