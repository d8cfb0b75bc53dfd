"""A node of a later release: `later_server.py --config …`, otherwise `konik server`.

It knows one version of the machine more. Once that is in force, a TaskDef without a description gets one. It also says
that it speaks one protocol more. The production code has no hooks: its release is replaced here, in this process alone.
"""

import sys
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from konik.cluster import network, node
from konik.sdk.cli.main import main
from konik.statemachine import machine, version  # noqa: F401  # the machine registers all methods
from konik.statemachine.registry import METHODS

LATER = version.KNOWN + 1
DESCRIPTION = f"put when version {LATER} was in force"

COMMAND = (sys.executable, __file__)
"""To be followed by the flags of `konik server`."""


def put_task_def(context: Any, request: Any) -> Any:
    if version.in_force(context.txn) >= LATER and not request.HasField("description"):
        request.description = DESCRIPTION
    return METHODS["PutTaskDef"].run(context, request)


if __name__ == "__main__":
    methods = {**METHODS, "PutTaskDef": replace(METHODS["PutTaskDef"], run=put_task_def)}
    patch.object(version, "THIS", version.Release(LATER, methods)).start()
    patch.object(node, "PROTOCOL_VERSION", network.PROTOCOL_VERSION + 1).start()
    sys.argv.insert(1, "server")
    main()
