"""`python -m bench`."""

import signal


def main() -> None:
    """The entry point of `python -m bench` and `fogbench`. A Ctrl-C while modules are imported ends it silently."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # who ignores it, as under nohup, still does
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from bench import cli

    cli.main()


if __name__ == "__main__":
    main()
