"""Where the command `larvseg` begins: Ctrl-C is one word on standard error, also while modules are still being read."""

import sys

from larvseg.errors import INTERRUPTED


def main() -> None:
    try:
        from larvseg.cli import main as run

        run()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
