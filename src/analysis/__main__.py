"""`python -m analysis` is `coopeval`."""

import sys

from analysis.cli import main

sys.exit(main())
