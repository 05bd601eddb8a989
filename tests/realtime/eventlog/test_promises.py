"""Every sentence of docs/eventlog.md is held by a test, or promises nothing.

Below, the beginning of each sentence and the test that holds it: those of this folder run on every
backend, the others run what the sentence is about. A new sentence has to be added here.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs/eventlog.md"
HERE = "realtime/eventlog/test_"

PROMISES = {
    # What it is
    "Each stream is an ordered log": f"{HERE}contract.py::test_many_writers_together_make_no_hole",
    "a broadcast only announces": "realtime/fanout/test_log_watch.py::test_what_was_lost_on_its",
    "An event that `publish` accepted reaches": "faults/test_storm.py::test_storm_of_faults",
    "If the log no longer has": "end_to_end/test_replay.py::test_a_position_that_is_no_longer",
    # Positions
    "Offsets count a stream's events": f"{HERE}contract.py::test_offsets_start_at_one",
    "An epoch is a random name": f"{HERE}contract.py::test_streams_do_not_know_of_each_other",
    "A stream gets a new epoch when": f"{HERE}forgetting.py::test_forgetting_erases_and_begins",
    "So old positions are never": "end_to_end/test_replay.py::test_a_position_of_another_epoch",
    "A log that has gone back": f"{HERE}epochs.py::test_a_new_epoch_keeps_what_there_is_and_goes",
    "only retention and forgetting": f"{HERE}epochs.py::test_a_new_epoch_keeps_what_there_is",
    "A server notices that": "end_to_end/test_replay.py::test_a_log_that_went_back_gets_a_new",
    "then delete the rows of": f"{HERE}database.py::test_without_its_rows_every_stream_begins",
    "Events between the rendering": "end_to_end/test_replay.py::test_what_was_published_while",
    "For streams besides": "realtime/test_events.py::test_a_position_is_where_the_stream_is",
    "You may keep a position": "realtime/test_template_tag.py::test_positions_taken_before_the",
    "Use `aposition`": "realtime/test_events.py::test_a_position_from_async_code",
    "Without a position, the page": "js/client.test.js",
    # Backends
    "An event is committed if and only if": f"{HERE}contract.py::test_what_is_rolled_back_was",
    "`OPTIONS` may name another `database`": f"{HERE}standby.py::test_a_replica_is_read_when",
    "the same in [Redis Cluster]": f"{HERE}redis_cluster.py::test_streams_are_spread_over_all",
    "[several logs]": f"{HERE}by_prefix.py::test_the_longest_prefix_has_the_stream",
    "`OPTIONS` are `url`": f"{HERE}redis.py::test_logs_with_other_prefixes_are_apart",
    "It writes after the commit": f"{HERE}contract.py::test_what_is_rolled_back_was_never_there",
    '`REALTIME["EVENT_LOG"] = None`': "realtime/test_events.py::test_without_a_log_events_are_eph",
    "then all events are": "realtime/fanout/test_hub.py::test_without_a_log_there_are_ephemeral",
    "Its methods `moved`, `recent`": f"{HERE}entries.py::test_a_log_of_others_that_can_not_say",
    "without `moved` each": "realtime/fanout/test_log_watch.py::test_a_log_that_does_not_know",
    "without the others [`realtime_journey`]": f"{HERE}entries.py::test_a_log_of_others_that",
    "without `prune_in_turn`": "realtime/fanout/test_log_watch.py::test_the_log_is_pruned_every",
    "Without an `append_many`": f"{HERE}contract.py::test_a_log_of_others_appends_several",
    "The database log inserts rows": "faults/test_publishers.py::test_opposite_orders_neither",
    "After the commit a short": "faults/test_publishers.py::test_a_publisher_that_begins_after",
    "On PostgreSQL with psycopg 3": f"{HERE}database.py::test_publishing_is_a_constant_number",
    "with `server_side_binding`": f"{HERE}database.py::test_publishing_is_a_constant_number",
    "A publish to many streams": f"{HERE}database.py::test_publishing_is_a_constant_number",
    "Every isolation level": f"{HERE}on_postgresql.py::test_all_of_this_on_postgresql",
    "Under `REPEATABLE READ`": f"{HERE}keys.py::test_a_key_that_another_transaction_has_just",
    "run the transaction again": f"{HERE}keys.py::test_a_key_that_another_transaction_has_just",
    "If a process dies before": "end_to_end/test_replay.py::test_the_event_of_a_publisher_that",
    "SQLite needs `IMMEDIATE`": "realtime/checks/test_databases.py::test_a_database_that_will_not",
    # What is repaired, and when
    "Every `POSITION_CHECK` seconds": "realtime/fanout/test_log_watch.py::test_where_much_has",
    "The cost follows": "realtime/fanout/test_log_watch.py::test_a_quiet_check_costs_one_question",
    "by the next check, which": f"{HERE}moved.py::test_a_restored_database_has_all_compared",
    "by the next check": "realtime/fanout/test_log_watch.py::test_a_stream_that_was_forgotten",
    "it comes as soon": "realtime/fanout/test_log_watch.py::test_all_are_compared_when_asked_for",
    "within 5 minutes": "realtime/fanout/test_log_watch.py::test_what_changes_without_a_trace",
    "For the last row": "realtime/fanout/test_log_watch.py::test_a_quiet_check_costs_one_question",
    "Every check compares all": "realtime/fanout/test_log_watch.py::test_where_events_are_kept",
    "a backend of your own": f"{HERE}moved.py::test_a_redis_list_that_was_cut",
    "Where more streams have": f"{HERE}moved.py::test_where_more_has_moved_than",
    "So a lost broadcast": "realtime/fanout/test_feed.py::test_an_event_that_was_lost_is_read_soon",
    "the database failed between": "faults/test_database_away.py::test_publishers_get_an_error",
    "a check will number": "realtime/fanout/test_log_watch.py::test_what_a_dead_publisher_left",
    "a check numbered": "realtime/fanout/test_log_watch.py::test_what_a_dead_publisher_left",
    "logged once": "realtime/fanout/test_log_watch.py::test_a_log_that_is_down_is_said_once",
    "followers wait": "faults/test_database_away.py::test_a_server_stays_up_says_so_once_and_goes",
    "a hole couldn't be filled": "realtime/fanout/test_repair.py::test_a_failing_log_is_logged",
    "the next check tries again": "realtime/fanout/test_repair.py::test_a_failing_log_is_logged",
    "the log doesn't have what had": "realtime/fanout/test_repair.py::test_a_new_epoch_begins",
    "a message announced events": "realtime/fanout/test_repair.py::test_a_far_offset_holds_up",
    "Nothing waits for them": "realtime/fanout/test_repair.py::test_a_far_offset_holds_up_nothing",
    "the followers start again": "end_to_end/test_replay.py::test_a_live_subscription_whose_log",
    # How long events are kept
    "The log keeps the newest 1000": f"{HERE}retention.py::test_the_newest_are_kept_and_offsets",
    '`REALTIME["RETENTION"]': f"{HERE}retention.py::test_retention_has_defaults",
    "You may set either": f"{HERE}retention.py::test_either_of_the_two_can_be_set_alone",
    "A [stream class]": f"{HERE}retention.py::test_a_count_of_its_own",
    "In the mode `CACHE`": "realtime/subscriptions/test_cached.py::test_who_comes_back_gets_the",
    "The age counts from": f"{HERE}retention.py::test_old_events_go_and_the_stream_goes_on",
    "a publisher's clock": f"{HERE}retention.py::test_a_publisher_whose_clock_is_wrong_changes",
    "A stream knows a `key`": f"{HERE}keys.py::test_a_key_is_known_for_as_long_as_its_event_is",
    "One of the servers prunes": f"{HERE}retention.py::test_one_of_several_processes_prunes",
    "`manage.py realtime_prune`": "realtime/test_forgetting.py::test_the_prune_command_says",
    "A page that has missed": "end_to_end/test_replay.py::test_a_position_that_is_no_longer_kept",
    "In Redis a stream that": f"{HERE}redis.py::test_an_idle_stream_begins_a_new_epoch",
    "later it begins": f"{HERE}redis.py::test_an_idle_stream_begins_a_new_epoch",
    "`manage.py realtime_forget": "realtime/test_forgetting.py::test_the_command_erases_by_user",
    "It refuses a text": "realtime/test_forgetting.py::test_a_text_that_means_two_users_erases",
    "`--pk 42` is only": "users/every_model.py::test_the_command_takes_the_key_of_a_user_who_is",
    "Deleting a user erases": "users/every_model.py::test_the_events_go_with_the_user",
    "That includes a deletion": "users/relatives.py::test_a_subclass_and_its_parent_go_together",
    "If only the row": "users/relatives.py::test_a_row_of_a_subclass_alone_leaves_the_user",
    "Django doesn't announce": "users/relatives.py::test_a_deletion_that_django_does_not_announce",
    "then, or if the process": "users/every_model.py::test_the_command_takes_the_key_of_a_user",
}

NO_PROMISE = (
    "A position is an epoch and an offset",
    "If you restart all servers",
    "Take a page's position",
    "when it is found",
    "Take the position from",
    "the default, on PostgreSQL or SQLite",
    "a process that dies in between",
    "Set `maxmemory-policy",
    "one process, until it ends",
    "To write your own backend",
    "Otherwise transactions that",
    "Events may hold personal data",
    "A user who is authorized",
)


def sentences():
    """Return the sentences of the text, and of the last cell of each row of the tables."""
    text = re.sub(r"^```.*?^```", "", DOCUMENT.read_text(), flags=re.S | re.M)
    lines = [line for line in text.splitlines() if not re.match(r"#|[|-]+$|.*\| \|$", line)]
    cells = [line.rstrip("| ").rpartition(" | ")[2] for line in lines]
    found = [part for cell in cells for part in re.split(r"(?<=[.:;])\s+(?!\d)", cell)]
    return [sentence for sentence in found if re.search(r"\w", sentence)]


def test_every_sentence_is_held_or_promises_nothing():
    known = (*PROMISES, *NO_PROMISE)
    new = [sentence for sentence in sentences() if not sentence.startswith(known)]
    gone = [start for start in known if not any(one.startswith(start) for one in sentences())]
    assert (new, gone) == ([], [])


@pytest.mark.parametrize("test", sorted(set(PROMISES.values())))
def test_what_holds_it_is_there(test):
    file, _, name = test.partition("::")
    assert f"def {name}" in (ROOT / "tests" / file).read_text() or not name
