from realtime.concurrency.fair_queue import FairQueue


def queue_of(*items, share=2):
    queue = FairQueue(share)
    for key, item in items:
        queue.put(key, item)
    return queue


def all_of(queue):
    taken = []
    while (one := queue.take()) is not None:
        taken.append(one[1])
    return taken


def test_each_user_has_a_turn_however_much_another_has_waiting():
    queue = queue_of(*[("alice", f"a{n}") for n in range(4)], ("bob", "b0"), ("eve", "e0"), share=9)
    assert all_of(queue) == ["a0", "b0", "e0", "a1", "a2", "a3"]


def test_a_user_has_no_more_than_a_share_out():
    queue = queue_of(*[("alice", f"a{n}") for n in range(4)], ("bob", "b0"))
    assert all_of(queue) == ["a0", "b0", "a1"]
    queue.done("alice")
    assert all_of(queue) == ["a2"]
    queue.done("bob")
    assert all_of(queue) == []


def test_what_is_nobodys_is_not_counted():
    assert all_of(queue_of(*[(None, n) for n in range(5)])) == [0, 1, 2, 3, 4]


def test_what_was_discarded_is_not_handed_out():
    queue = queue_of(("alice", "a0"), ("alice", "a1"), ("bob", "b0"))
    assert queue.discard("alice", "a0")
    assert queue.discard("bob", "b0")
    assert all_of(queue) == ["a1"]
    assert not queue.discard("alice", "a1"), "it is out"
