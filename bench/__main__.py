"""`python -m bench`."""

if __name__ == "__main__":
    from bench.cli import main

    main()
