"""``python -m sklearn_c2c.cli``, the same as ``c2c``."""

import sys

from sklearn_c2c.cli import main

sys.exit(main())
