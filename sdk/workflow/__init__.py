"""The workflow DSL: Python programs that compile to WfSpecs.

def greet_customer(wf: ThreadBuilder) -> None:
    name = wf.declare_str("name").required()
    wf.execute("greet", name, retries=3)

await Workflow("greet-customer", greet_customer).register(client)
"""

from konik.sdk.workflow.branches import IfStatement
from konik.sdk.workflow.expressions import Expression, FormatString, NodeOutput
from konik.sdk.workflow.failures import WaitForThreadsOutput
from konik.sdk.workflow.spec import Workflow
from konik.sdk.workflow.threads import SpawnedChildWf, SpawnedThread, SpawnedThreads, ThreadBuilder, ThreadFunction
from konik.sdk.workflow.variables import WfRunVariable

__all__ = [
    "Expression",
    "FormatString",
    "IfStatement",
    "NodeOutput",
    "SpawnedChildWf",
    "SpawnedThread",
    "SpawnedThreads",
    "ThreadBuilder",
    "ThreadFunction",
    "WaitForThreadsOutput",
    "WfRunVariable",
    "Workflow",
]
