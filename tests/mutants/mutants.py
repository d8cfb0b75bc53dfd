"""What is broken, as data: one measure against a hazard outside of the protocol's core in each, and who must notice.

The hazards are those of pysyncobj's journal, start-up, snapshots, way of applying and wire (`tests/hazards/` shows what
it does), and those of a state that is made again from checkpoint and log. The rules of the core have mutants of their
own, in `tests/scenarios/`.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    rule: str
    """The rule that is broken."""
    module: str
    sound: str
    """What its source says, once."""
    broken: str
    test: str
    """The test that must fail, below `tests/`."""


JOURNAL = "unit/cluster/test_journal.py::"
SNAPSHOT = "unit/cluster/store/test_snapshot.py::"
TRAFFIC = "unit/cluster/test_snapshot_traffic.py::"
PUMP = "unit/cluster/test_pump.py::"
WIRE = "unit/cluster/test_wire.py::"
DRIVER = "unit/cluster/test_driver.py::"
NODE = "unit/cluster/test_node.py::"
REPLAY = "engine/test_replay.py::"
LATER_FIELDS = "engine/test_later_fields.py::"
TRANSPORT = "unit/cluster/test_transport.py::"
FILE = "unit/cluster/test_backup_file.py::"
BACKUP = "unit/cluster/test_backup.py::"
RESTORE = "unit/cluster/test_restore.py::"
RECOVER = "unit/cluster/test_recover.py::"

_JOURNAL = (
    Mutant(
        "every commit of the log is synced",
        "konik.cluster.journal",
        "sync=True, metasync=True",
        "sync=False, metasync=False",
        JOURNAL + "test_a_commit_is_on_the_disk_when_it_returns",
    ),
    Mutant(
        "synced is said only of what is",
        "konik.cluster.journal_writer",
        "        reason, pause = None, self._limits.retry_seconds_min\n",
        "        reason, pause = None, self._limits.retry_seconds_min\n"
        "        for each in operations:\n"
        "            self._post(partial(self._synced, getattr(each, 'number', 0)))\n",
        JOURNAL + "test_a_full_disk_is_reported_once_and_loses_nothing",
    ),
    Mutant(
        "what a full disk keeps out stays pending",
        "konik.cluster.journal_writer",
        "while (problem := self._attempt(operations)) is not None:",
        "while (problem := self._attempt(operations)) is not None and not operations.clear():",
        JOURNAL + "test_a_full_disk_is_reported_once_and_loses_nothing",
    ),
    Mutant(
        "any other error of the disk is fatal",
        "konik.cluster.journal_writer",
        "if not lacks_room(error, path, FREE_BYTES_MIN):",
        "if False:",
        JOURNAL + "test_any_other_error_of_the_disk_is_fatal_and_nothing_is_called_synced",
    ),
    Mutant(
        "a full map grows",
        "konik.cluster.journal_writer",
        "larger = min(2 * size, self._limits.map_bytes_max)",
        "larger = size",
        JOURNAL + "test_a_full_map_grows_and_nobody_notices",
    ),
    Mutant(
        "the vow is in the transaction of the entries",
        "konik.cluster.journal_layout",
        "return _vowed(transaction, write.vow, Extent(extent.first, write.entries[-1].index, own))",
        "return Extent(extent.first, write.entries[-1].index, own)",
        JOURNAL + "test_what_was_synced_is_found_again",
    ),
    Mutant(
        "entries replace everything behind them",
        "konik.cluster.journal_layout",
        "for doomed in range(extent.first if reset else index, extent.last + 1):",
        "for doomed in ():",
        JOURNAL + "test_entries_replace_everything_from_the_first_ones_index_on",
    ),
    Mutant(
        "a cut leaves the last entry",
        "konik.cluster.journal_layout",
        "end = min(to, extent.last, extent.first",
        "end = min(to, extent.last + 1, extent.first",
        JOURNAL + "test_a_cut_ahead_of_the_disk_leaves_the_last_entry",
    ),
    Mutant(
        "what a reset replaces is not written before it",
        "konik.cluster.journal_writer",
        "[it for it in operations if not isinstance(it, Write)]",
        "operations",
        JOURNAL + "test_what_a_reset_replaces_is_not_waited_for",
    ),
    Mutant(
        "a full disk gives way to a cut",
        "konik.cluster.journal_writer",
        "            self._make_way()\n",
        "",
        JOURNAL + "test_a_map_at_its_limit_keeps_what_is_pending_until_a_cut_makes_room",
    ),
    Mutant(
        "an entry has a checksum",
        "konik.cluster.journal_records",
        "if _entry_sum(index, term, stored_previous, content) != stored:",
        "if False:",
        JOURNAL + "test_a_flipped_bit_anywhere_in_an_entry_stops_the_node",
    ),
    Mutant(
        "an entry knows the one before it",
        "konik.cluster.journal_records",
        "if previous_sum not in (None, stored_previous):",
        "if False:",
        JOURNAL + "test_an_entry_that_was_replaced_and_is_there_again_stops_the_node",
    ),
    Mutant(
        "the vow has a checksum",
        "konik.cluster.journal_records",
        "if record[: _SUM.size] != _SUM.pack(crc32c(content, crc32c(key))):",
        "if False:",
        JOURNAL + "test_a_flipped_bit_in_the_vow_stops_the_node",
    ),
    Mutant(
        "a log ends where its vow says",
        "konik.cluster.journal_layout",
        "if own is None or (entries[-1].index, own) != (last, last_sum):",
        "if own is None or entries[-1].index < vow.commit:",
        JOURNAL + "test_a_log_that_lost_its_end_stops_the_node",
    ),
    Mutant(
        "a log ends with what its vow says",
        "konik.cluster.journal_layout",
        "if own is None or (entries[-1].index, own) != (last, last_sum):",
        "if own is None or entries[-1].index != last:",
        JOURNAL + "test_an_end_or_a_vow_that_was_replaced_and_is_there_again_stops_the_node",
    ),
)

_DIRECTORY = (
    Mutant(
        "a log is made once",
        "konik.cluster.journal",
        "if transaction.get(IDENTITY) is not None:",
        "if False:",
        JOURNAL + "test_a_log_is_made_once",
    ),
    Mutant(
        "a log belongs to one node of one cluster",
        "konik.cluster.journal",
        "            identities.check(journal.identity, path, cluster, node)\n",
        "",
        JOURNAL + "test_the_log_of_another_cluster_is_refused",
    ),
    Mutant(
        "a state belongs to one node of one cluster",
        "konik.cluster.store.opening",
        "            _check_owner(path, found, cluster_id, node_id)\n",
        "            pass\n",
        "unit/cluster/store/test_opening.py::test_another_clusters_state_is_refused",
    ),
    Mutant(
        "a member with another directory has forgotten its promises",
        "konik.cluster.standing",
        "recorded in (None, hello.directory)",
        "True",
        TRANSPORT + "test_a_member_with_another_directory_than_recorded_is_refused",
    ),
    Mutant(
        "founders are known by their directories to those, too, that never met them",
        "konik.cluster.duties",
        "        self._members.name_founders()\n",
        "",
        "sim/test_founders.py::test_who_is_founded_anew_counts_nothing_for_a_node_that_has_never_met_it",
    ),
    Mutant(
        "who is founded anew has no later list of this cluster",
        "konik.cluster.standing",
        "is_founded_anew = hello.founder and (member is not None or recorded != hello.directory)",
        "is_founded_anew = False",
        "unit/cluster/test_standing.py::test_who_is_founded_anew_is_not_heard_whatever_list_it_has",
    ),
    Mutant(
        "who has joined is not remembered for a founder",
        "konik.cluster.transport",
        "standing is Standing.MEMBER and hello.founder and",
        "standing is Standing.MEMBER and",
        TRANSPORT + "test_who_has_joined_is_not_remembered_for_the_founder_of_its_name",
    ),
    Mutant(
        "a removed member that is founded anew is not heard either",
        "konik.cluster.standing",
        "hello.founder and (member is not None or recorded != hello.directory)",
        "hello.founder and member is not None",
        "unit/cluster/test_standing.py::test_nor_is_who_was_founded_anew_after_it_had_been_removed",
    ),
    Mutant(
        "a founder is remembered also when the list names it",
        "konik.cluster.transport",
        "                self._remember(self.hellos[name], link.standing)\n",
        "",
        TRANSPORT + "test_a_founder_that_comes_to_be_a_member_while_it_is_heard_is_remembered",
    ),
)

_START = (
    Mutant(
        "a log without the checkpoint's entry begins anew",
        "konik.cluster.driver",
        "    if replaced:\n",
        "    if False:\n",
        DRIVER + "test_a_log_without_the_checkpoints_entry_begins_anew_durably",
    ),
    Mutant(
        "what waits for a sync leaves after it",
        "konik.cluster.driver",
        "while self._held and self._held[0][0] <= self._synced:",
        "while self._held:",
        DRIVER + "test_a_vote_leaves_only_after_its_sync",
    ),
    Mutant(
        "a follower reads what waits before it takes its leader for lost",
        "konik.cluster.driver",
        "            self._turned = now\n",
        "            self._turned = now\n            self.core.tick(now, self._chance())\n",
        DRIVER + "test_a_follower_reads_what_waits_before_it_takes_its_leader_for_lost",
    ),
    Mutant(
        "a leader reads what waits before it gives up its office",
        "konik.cluster.driver",
        "            self._turned = now\n",
        "            self._turned = now\n            self.core.tick(now, self._chance())\n",
        DRIVER + "test_a_leader_reads_what_waits_before_it_gives_up_its_office",
    ),
    Mutant(
        "a follower that was held up blames nobody",
        "konik.cluster.driver",
        "max(0.0, now - self._turned - self._pause_max)",
        "0.0",
        DRIVER + "test_a_follower_that_was_held_up_itself_goes_on_waiting_for_its_leader",
    ),
    Mutant(
        "a leader that was held up blames nobody",
        "konik.cluster.driver",
        "max(0.0, now - self._turned - self._pause_max)",
        "0.0",
        DRIVER + "test_a_leader_that_was_held_up_itself_goes_on_waiting_for_its_followers",
    ),
    Mutant(
        "silence is not being held up",
        "konik.cluster.driver",
        "min(self.core.wake_at, self._turned + self._pause_max)",
        "self.core.wake_at",
        DRIVER + "test_a_follower_campaigns_by_the_timer_alone",
    ),
    Mutant(
        "who is asked for a vote knows the time",
        "konik.cluster.driver",
        "self.core.at(now, max(0.0, now - self._turned - self._pause_max))",
        "pass",
        DRIVER + "test_who_is_asked_for_a_vote_knows_how_long_ago_its_leader_was_heard",
    ),
    Mutant(
        "a leader that cannot write gives up its office",
        "konik.cluster.driver",
        "if self.trouble is not None and not self.core.is_alone and not self.core.is_transferring:",
        "if False:",
        DRIVER + "test_a_leader_that_cannot_write_resigns_when_nobody_takes_over",
    ),
    Mutant(
        "a leader that cannot write takes no entries",
        "konik.cluster.driver",
        "            return None\n        self.wake()\n        return self.core.propose(data)",
        "            pass\n        self.wake()\n        return self.core.propose(data)",
        DRIVER + "test_a_single_node_that_cannot_write_keeps_its_office_and_refuses",
    ),
    Mutant(
        "a failed turn is the last one",
        "konik.cluster.driver",
        "            self.stop()\n            self._fatal(error)\n",
        "            self._fatal(error)\n",
        DRIVER + "test_a_failed_turn_is_the_last",
    ),
    Mutant(
        "the loop does not wait for what is read through",
        "konik.cluster.node",
        "self.thread.submit(\n"
        "                Job(run=lambda: self.store.scrub(SCRUB_RECORDS), done=self._scrubbed, failed=self._fatal)\n"
        "            )\n",
        "self._scrubbed(self.store.scrub(SCRUB_RECORDS))\n",
        NODE + "test_the_loop_goes_on_while_what_is_stored_is_read_through",
    ),
)

_SNAPSHOTS = (
    Mutant(
        "no copy is made of a damaged state",
        "konik.cluster.store.image",
        "                    unseal(key, record)\n                    if number",
        "                    if number",
        SNAPSHOT + "test_no_copy_is_made_of_a_damaged_state",
    ),
    Mutant(
        "a copy has a checksum",
        "konik.cluster.store.snapshot",
        "if self._hash.digest() != self._checksum:",
        "if False:",
        SNAPSHOT + "test_a_copy_that_is_not_what_was_announced_or_not_newer_changes_nothing",
    ),
    Mutant(
        "a copy is of the entry that was announced",
        "konik.cluster.store.snapshot",
        "if (found.index, found.term) != (self._index, self._term):",
        "if False:",
        SNAPSHOT + "test_a_copy_that_is_not_what_was_announced_or_not_newer_changes_nothing",
    ),
    Mutant(
        "a copy is newer than what is here",
        "konik.cluster.store.snapshot",
        "if found.index <= applied:",
        "if False:",
        SNAPSHOT + "test_a_copy_that_is_not_what_was_announced_or_not_newer_changes_nothing",
    ),
    Mutant(
        "a copy is of this cluster",
        "konik.cluster.store.snapshot",
        "if found.cluster != cluster:",
        "if False:",
        SNAPSHOT + "test_a_copy_of_another_cluster_is_refused",
    ),
    Mutant(
        "a copy is on the disk before its name counts",
        "konik.cluster.store.snapshot",
        "        os.fsync(self._file.fileno())\n",
        "",
        SNAPSHOT + "test_a_copy_is_on_the_disk_before_its_name_counts_and_the_name_before_the_answer",
    ),
    Mutant(
        "the name of a copy is on the disk before the answer",
        "konik.cluster.store.snapshot",
        "        sync_directory(self._state)\n",
        "",
        SNAPSHOT + "test_a_copy_is_on_the_disk_before_its_name_counts_and_the_name_before_the_answer",
    ),
    Mutant(
        "what an unfinished copy leaves is removed",
        "konik.cluster.store.opening",
        "    remove_incoming(path)\n",
        "",
        "unit/cluster/store/test_opening.py::test_what_an_unfinished_copy_left_is_removed",
    ),
    Mutant(
        "a copy is sent in a window",
        "konik.cluster.snapshot_traffic",
        "outgoing.received + WINDOW_BYTES)",
        "outgoing.received + (1 << 60))",
        TRAFFIC + "test_only_a_window_of_chunks_is_ever_unconfirmed",
    ),
    Mutant(
        "a failed install is not acknowledged",
        "konik.cluster.snapshot_traffic",
        "outgoing.snapshot.index if frame.installed else None",
        "outgoing.snapshot.index",
        TRAFFIC + "test_the_receivers_last_word_ends_a_transfer",
    ),
    Mutant(
        "a copy's number is one of its sender's term",
        "konik.cluster.snapshot_traffic",
        "outgoing.transfer == frame.transfer:\n            self._forget(peer)",
        "outgoing.transfer[1] == frame.transfer[1]:\n            self._forget(peer)",
        TRAFFIC + "test_a_last_word_to_an_earlier_process_of_the_leaders_node_ends_nothing",
    ),
    Mutant(
        "only news is installed",
        "konik.cluster.snapshot_traffic",
        "if self._incoming is not None or not self._turn.is_news(offer.last_index):",
        "if self._incoming is not None:",
        TRAFFIC + "test_an_offer_of_what_is_no_news_is_refused",
    ),
    Mutant(
        "an install is answered when the log has followed",
        "konik.cluster.driver",
        "self._owed.append((sender, SnapshotOver(offer.transfer, True)))",
        "self._network.send(sender, SnapshotOver(offer.transfer, True))",
        DRIVER + "test_an_installed_copy_is_answered_only_when_the_log_has_followed",
    ),
)

_APPLYING = (
    Mutant(
        "entries are applied in slices",
        "konik.cluster.pump",
        "if self._clock.monotonic() >= until:",
        "if False:",
        PUMP + "test_a_long_entry_is_applied_in_slices_and_counts_only_when_it_is_done",
    ),
    Mutant(
        "no entry is left out",
        "konik.cluster.pump",
        "if entry.index != self.applied + 1:",
        "if False:",
        PUMP + "test_a_gap_in_the_log_stops_the_replica",
    ),
    Mutant(
        "after an error nothing more is applied",
        "konik.cluster.pump",
        "            self._stopped = True\n            self._on_fatal(error)\n",
        "            self._on_fatal(error)\n",
        PUMP + "test_after_an_error_nothing_more_is_applied_and_the_index_has_not_moved",
    ),
    Mutant(
        "a half applied entry goes with the state that it was applied to",
        "konik.cluster.pump",
        "        self._steps = None\n        self.machine.replaced()\n",
        "        self.machine.replaced()\n",
        PUMP + "test_an_entry_that_is_half_applied_when_the_state_is_replaced_is_never_finished",
    ),
    Mutant(
        "nothing is applied while the state is replaced",
        "konik.cluster.pump",
        "if self._scheduled or self._stopped or self._paused:",
        "if self._scheduled or self._stopped:",
        PUMP + "test_nothing_is_applied_while_the_state_is_being_replaced",
    ),
    Mutant(
        "no entry is applied by code that does not know it",
        "konik.statemachine.machine",
        '        version.check(entry.version, self._known, f"entry {index}")\n',
        "",
        "engine/test_version.py::test_an_entry_of_a_later_version_is_not_applied_and_changes_nothing",
    ),
    Mutant(
        "a new method is unknown until its version is in force",
        "konik.statemachine.machine",
        " or registered.since > version.FIRST and registered.since > self.version",
        "",
        "engine/test_version.py::test_a_method_of_a_later_version_is_unknown_to_all_until_that_version_is_in_force",
    ),
    Mutant(
        "a field that a release does not know reaches neither behaviour nor state",
        "konik.statemachine.requests",
        "    message.DiscardUnknownFields()\n",
        "",
        LATER_FIELDS + "test_states_are_equal_and_have_the_field_from_the_entry_on_that_raises_the_version",
    ),
)

_REPLAY = (
    Mutant(
        "ids come from the log, not from what the process has done before",
        "konik.statemachine.machine",
        "ids = _Counter()",
        'ids = self.__dict__.setdefault("_ids", _Counter())',
        REPLAY + "test_a_node_that_stops_after_any_entry_comes_back_as_it_was",
    ),
    Mutant(
        "a checkpoint has all timers",
        "konik.cluster.store.image",
        "                        transaction.put(key, seal(key, value))\n",
        "                        key[:1] == b't' or transaction.put(key, seal(key, value))\n",
        REPLAY + "test_a_node_that_stops_after_any_entry_comes_back_as_it_was",
    ),
    Mutant(
        "what is deleted is gone from the next checkpoint on",
        "konik.cluster.store.image",
        "                        transaction.delete(key)\n",
        "                        pass\n",
        REPLAY + "test_a_node_that_stops_after_any_entry_comes_back_as_it_was",
    ),
    Mutant(
        "a checkpoint is of the entry that it names",
        "konik.cluster.store.checkpoint",
        "checkpoint = replace(before, index=index,",
        "checkpoint = replace(before, index=max(before.index, index - 1),",
        REPLAY + "test_a_node_that_stops_now_and_then_comes_back_as_it_was",
    ),
)

_WIRE = (
    Mutant(
        "a field has its type and its bounds",
        "konik.cluster.wire",
        "if type(raw) is int and 0 <= raw <= NUMBER_MAX:",
        "if True:",
        WIRE + "test_what_is_no_frame_is_refused",
    ),
    Mutant(
        "a frame has exactly its fields",
        "konik.cluster.wire",
        "        if len(values) != len(fields):\n",
        "        if False:\n",
        WIRE + "test_what_is_no_frame_is_refused",
    ),
    Mutant(
        "a frame has a limit",
        "konik.cluster.wire",
        "    if length > FRAME_BYTES_MAX:\n",
        "    if False:\n",
        WIRE + "test_a_frame_over_the_limit_is_neither_sent_nor_awaited",
    ),
    Mutant(
        "an entry has a limit",
        "konik.cluster.wire",
        "if type(content) is bytes and len(content) <= ENTRY_BYTES_MAX:",
        "if type(content) is bytes:",
        WIRE + "test_an_entry_over_the_limit_is_refused",
    ),
    Mutant(
        "nothing is unpickled",
        "konik.cluster.frame",
        "        module.pickle = NoPickle\n",
        "        pass\n",
        "unit/cluster/test_replica.py::test_what_the_library_calls_pickle_raises_in_all_its_modules",
    ),
    Mutant(
        "ways around the core are barred",
        "konik.cluster.frame",
        "        setattr(replica, name, barred(name, instead))\n",
        "        pass\n",
        "unit/cluster/test_replica.py::test_ways_around_consensus_are_barred",
    ),
    Mutant(
        "only the newest connection of a peer is heard",
        "konik.cluster.transport",
        "if self._links.get(link.peer) is link and counts(",
        "if counts(",
        TRANSPORT + "test_a_newer_connection_replaces_the_older_which_is_heard_no_more",
    ),
    Mutant(
        "a stranger is not heard",
        "konik.cluster.transport",
        "        if hello.cluster != ours.cluster:\n",
        "        if False:\n",
        TRANSPORT + "test_a_stranger_is_refused_with_the_reason",
    ),
    Mutant(
        "a member's certificate names it",
        "konik.cluster.transport",
        "if names is not None and peer not in names:",
        "if False:",
        TRANSPORT + "test_a_certificate_that_names_somebody_else_is_refused",
    ),
    Mutant(
        "plain connections stay within the machine",
        "konik.cluster.tls",
        "        if not _is_loopback(host):\n",
        "        if False:\n",
        TRANSPORT + "test_plain_tcp_beyond_this_machine_is_refused",
    ),
    Mutant(
        "an answer to a read is for the process that asked",
        "konik.cluster.reads",
        "(nonce, number) != (self._process.nonce, self._under_way)",
        "number != self._under_way",
        "unit/cluster/test_reads.py::test_an_answer_to_an_earlier_process_of_the_node_is_nobodys",
    ),
    Mutant(
        "a refusal of commands is for the process that sent them",
        "konik.cluster.proposer",
        "        if nonce != self._nonce:\n            return\n",
        "",
        "unit/cluster/test_proposer.py::"
        "test_what_was_refused_to_an_earlier_process_of_the_node_says_nothing_about_this_one",
    ),
)

_BACKUP = (
    Mutant(
        "a backup has what was acknowledged anywhere",
        "konik.cluster.backup",
        "            if not await Serving(self._node).is_current(HOLD_SECONDS_MAX):\n",
        "            if False:\n",
        BACKUP + "test_it_begins_only_when_the_node_has_what_was_acknowledged_elsewhere",
    ),
    Mutant(
        "a backup begins with a checkpoint",
        "konik.cluster.backup",
        "            await self._checkpoint()\n",
        "",
        BACKUP + "test_what_was_acknowledged_a_moment_before_is_in_it",
    ),
    Mutant(
        "no checkpoint is of half an entry",
        "konik.cluster.fresh_checkpoints",
        " and self._pump.is_between_entries",
        "",
        "unit/cluster/test_fresh_checkpoints.py::test_none_begins_in_the_middle_of_an_entry",
    ),
    Mutant(
        "a backup's description has a checksum",
        "konik.cluster.backup_file",
        "    if digest != _digest(front + packed):\n",
        "    if False:\n",
        FILE + "test_no_byte_of_the_description_can_be_another_one",
    ),
    Mutant(
        "a backup's copy has a checksum",
        "konik.cluster.backup_file",
        "total.digest() != description.checksum or ",
        "",
        FILE + "test_a_file_with_any_other_byte_is_refused",
    ),
    Mutant(
        "a backup ends where it says",
        "konik.cluster.backup_file",
        " or file.read(1)",
        "",
        FILE + "test_a_file_with_something_behind_its_end_is_refused",
    ),
    Mutant(
        "nodes of a restored cluster meet none of the old one",
        "konik.cluster.restore",
        "    if description.cluster_id == config.cluster_id:\n",
        "    if False:\n",
        RESTORE + "test_a_cluster_with_the_id_of_the_old_one_is_refused",
    ),
    Mutant(
        "a backup is verified before anything is made",
        "konik.cluster.restore",
        "        backup_file.verify(file, description)\n",
        "",
        RESTORE + "test_a_damaged_backup_is_refused_and_nothing_is_made",
    ),
    Mutant(
        "every record of a restored state is read first",
        "konik.cluster.restore",
        "            if Store(image).recount() != found.hash:\n",
        "            if False:\n",
        RESTORE + "test_a_state_that_was_damaged_before_it_was_copied_is_refused",
    ),
    Mutant(
        "a restored state is on the disk before its name counts",
        "konik.cluster.restore",
        "        os.fsync(copy.fileno())\n",
        "",
        RESTORE + "test_the_state_is_on_the_disk_before_its_name_is_and_both_before_the_log_counts",
    ),
    Mutant(
        "a restored log counts when the state is whole",
        "konik.cluster.journal",
        "            before()\n"
        "            transaction.put(IDENTITY, seal(IDENTITY, identities.pack(identity)))\n"
        "            transaction.put(FOUNDERS, seal(FOUNDERS, founders.pack()))\n"
        "            layout.begin(transaction, base, Vow(term, None, base.index))\n",
        "            transaction.put(IDENTITY, seal(IDENTITY, identities.pack(identity)))\n"
        "            transaction.put(FOUNDERS, seal(FOUNDERS, founders.pack()))\n"
        "            layout.begin(transaction, base, Vow(term, None, base.index))\n"
        "        before()\n",
        RESTORE + "test_killed_at_any_step_it_leaves_what_no_node_starts_on_and_what_can_be_restored_into",
    ),
    Mutant(
        "a restored cluster begins in terms that the old one has not come to",
        "konik.cluster.restore",
        "description.term + LINEAGE_TERMS",
        "description.term",
        RESTORE + "test_all_nodes_begin_with_the_state_of_the_backup_and_a_log_of_its_last_entry",
    ),
    Mutant(
        "a state without a log is nobody's",
        "konik.cluster.restore",
        "        elif _checkpoint_in(state) != made:\n",
        "        elif False:\n",
        RESTORE + "test_a_state_without_a_log_is_nobodys_to_write_over",
    ),
    Mutant(
        "a bootstrap finds no state",
        "konik.cluster.node",
        "        if state.exists():\n",
        "        if False:\n",
        RESTORE + "test_killed_at_any_step_it_leaves_what_no_node_starts_on_and_what_can_be_restored_into",
    ),
)

_RECOVERY = (
    Mutant(
        "nodes of a recovered cluster meet none of the old one",
        "konik.cluster.recover",
        "        if self._config.cluster_bytes == self.remains.cluster:\n",
        "        if False:\n",
        RECOVER + "test_a_cluster_with_the_id_of_the_old_one_is_refused",
    ),
    Mutant(
        "every record of what is left is read first",
        "konik.cluster.recover",
        "        if store.recount() != found.hash:\n",
        "        if False:\n",
        RECOVER + "test_a_damaged_state_is_refused",
    ),
    Mutant(
        "a recovered log counts when the state is marked",
        "konik.cluster.recover",
        "            self._mark_state()\n            self._journal.found(identity, listed, last)\n",
        "            self._journal.found(identity, listed, last)\n            self._mark_state()\n",
        RECOVER + "test_a_disk_that_takes_no_more_leaves_what_can_be_recovered_later",
    ),
    Mutant(
        "a recovered cluster begins in a term that nobody has promised anything in",
        "konik.cluster.recover",
        "max(stored.vow.term, self._log[-1].term)",
        "self._log[-1].term",
        RECOVER + "test_the_node_becomes_the_only_member_and_everything_it_had_counts",
    ),
    Mutant(
        "a recovered cluster begins in terms that the old one has not come to",
        "konik.cluster.recover",
        "self._term + LINEAGE_TERMS",
        "self._term + 1",
        RECOVER + "test_the_node_becomes_the_only_member_and_everything_it_had_counts",
    ),
    Mutant(
        "a recovered node knows nobody of the old cluster",
        "konik.cluster.journal",
        "                transaction.delete(PEER + peer.encode())\n",
        "                pass\n",
        RECOVER + "test_the_node_becomes_the_only_member_and_everything_it_had_counts",
    ),
)

MUTANTS = (*_JOURNAL, *_DIRECTORY, *_START, *_SNAPSHOTS, *_APPLYING, *_REPLAY, *_WIRE, *_BACKUP, *_RECOVERY)
