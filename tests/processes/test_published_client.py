"""The published Python client, unchanged, finds in Konik the server that it knows."""

import threading
import time
from collections.abc import Iterator

import grpc
import pytest
from littlehorse import create_external_event_def, create_task_def, create_workflow_spec
from littlehorse.model import (
    ExternalEventDefId,
    GetLatestWfSpecRequest,
    LHStatus,
    ListNodeRunsRequest,
    ListVariablesRequest,
    NodeRun,
    PutExternalEventDefRequest,
    RunWfRequest,
    SearchVariableRequest,
    SearchWfRunRequest,
    TaskDefId,
    TaskStatus,
    VariableId,
    VariableMutationType,
    WfRun,
)
from littlehorse.workflow import Workflow, WorkflowThread
from published_client import PublishedClient, value
from quickstart import (
    NOT_VERIFIED,
    NOTIFY,
    NOTIFY_NOT,
    VERIFY,
    WAITS_FOR_EVENT,
    Journal,
    give_verdict,
    new_customer,
    open_for_customers,
    quickstart,
)
from server_processes import Cluster, eventually

from konik.api.methods import RPCS
from konik.api.polling import METHOD as POLL_TASK
