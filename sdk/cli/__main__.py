"""`python -m konik.sdk.cli` is `konik`, with this very interpreter."""

from konik.sdk.cli.main import main

main()
