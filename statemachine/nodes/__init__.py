"""One file per type of node. A file here is all that a new type needs."""
