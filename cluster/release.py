"""The version of this code, for status and logs."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("konik")
except PackageNotFoundError:  # run from a tree that was never installed
    VERSION = "0"
