"""Every bound that the machine sets on what it is given or makes, with its unit in the name.

A bound is part of the replicated behaviour: changing one changes what old log entries lead to.
"""

# --- Values ---------------------------------------------------------------------------------------------------------

VALUE_BYTES_MAX = 1_047_000
"""UTF-8 bytes of one computed text, bytes or JSON value; no object that could hold more can be stored."""

JSON_DEPTH_MAX = 100
"""Objects and lists inside one another. Far below what the interpreter's stack allows, wherever it is reached from."""

JSON_PATH_CHARACTERS_MAX = 1_000
JSON_PATH_FILTER_DEPTH_MAX = 8
"""Filters, brackets and negations inside one another in one JSONPath."""

JSON_PATH_VISITS_MAX = 200_000
"""Members and elements that one evaluation of a JSONPath looks at: some 0.3 s of work, with nothing beside it."""

WF_RUN_ID_ANCESTORS_MAX = 32
"""Parents in one WfRunId; protobuf refuses to parse messages nested 100 deep."""

INDEX_TEXT_CHARACTERS_MAX = 64
"""Characters of a text that an index keeps as they are; what is longer is told apart by a digest."""

INDEX_TEXT_DIGEST_CHARACTERS = 16

# --- Running --------------------------------------------------------------------------------------------------------

OBJECT_BYTES_MAX = 1_047_000
"""The largest message that is stored."""

PASSES_PER_COMMAND_MAX = 512
"""How many nodes each thread may go through within one command."""

FAILURE_MESSAGE_CHARACTERS_MAX = 8_000
"""Of the message of a failure inside a WfRun: it is kept with the NodeRun and with all threads that fail by it."""

THREAD_RUNS_PER_WF_RUN_MAX = 65
"""ThreadRuns that are not archived, the entrypoint included."""

DEFINITIONS_KEPT_MAX = 1_000
"""WfSpecs and TaskDefs that are kept as commands use them."""

TASK_TIMEOUT_DEFAULT_S = 60

WORKER_TEXT_BYTES_MAX = 500
"""UTF-8 bytes of the id of a task worker, of its version, and of the TaskDef that it asks for. They wait in tickets,
and every TaskRun of the worker holds them."""

WORKER_SILENT_S_MAX = 90
"""A task worker that has not been heard for so long is dropped from its group."""

# --- Exactly once ---------------------------------------------------------------------------------------------------

CLIENT_ID_AGE_MS_MAX = 600_000
"""How long the result for a request id of a client's own is remembered, in entry time."""

CLIENT_ID_AHEAD_MS_MAX = 0
"""How far ahead of entry time the creation time of such an id may be."""

CLIENT_IDS_PER_TENANT_MAX = 100_000
CLIENT_IDS_EXPIRED_PER_COMMAND = 4
"""More than one is added by one command, so that a backlog shrinks."""

# --- Replicas check each other --------------------------------------------------------------------------------------

MARK_EVERY_ENTRIES = 512
"""At every entry whose index this divides all replicas bring the hash of the state up to date."""

# --- Definitions ----------------------------------------------------------------------------------------------------

DEFINITION_MESSAGES_MAX = 20_000
"""Messages in one definition: threads, nodes, edges, assignments and all their parts. Bounds the time to check it."""

DEFINITION_DEPTH_MAX = 60
"""Messages inside one another in one definition. protobuf parses 100, but drops unknown fields of the outer 64 only."""

NODE_OUTPUT_CHAIN_MAX = 16
"""EXIT nodes of one thread that return one another's content."""

TASK_RUN_MARGIN_BYTES = 4_096
"""What a TaskRun may grow by besides an output: its times, its error, another attempt."""

# --- Queries --------------------------------------------------------------------------------------------------------

PAGE_RESULTS_DEFAULT = 100
PAGE_RESULTS_MAX = 1_000

PAGE_BYTES_MAX = 3_500_000
"""What one page may read, and so what it may hold: published clients receive at most 4 MiB."""

PAGE_MISSES_MAX = 5_000
"""Objects that do not match, after which a page ends early, with a bookmark."""

INDEX_TEXT_BYTES_MAX = 64
"""Bytes of one text in the key of an index entry; a longer one is cut and told apart by a digest."""

INDEX_ID_BYTES_MAX = 128
"""The same for the id at its end. An index key with all its texts stays within what the store takes as a key."""

INDEX_DIGEST_CHARACTERS = 16

TIME_MS_MAX = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last moment that a protobuf Timestamp can name. What is due later is never due."""

MESSAGE_CHARACTERS_MAX = 1_000
"""Of a refusal: it travels in a header, and may name what the request named."""
