"""`python -m testamur`: the command without its script."""

from testamur.cli import main

main()
