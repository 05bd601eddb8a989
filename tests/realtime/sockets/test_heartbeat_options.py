import pytest

from realtime.sockets.heartbeat_options import HeartbeatOptions


@pytest.mark.parametrize(
    ("outer", "inner", "required"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_a_heartbeat_is_required_where_both_require_it(outer, inner, required):
    options = HeartbeatOptions(required=outer).overridden_by(HeartbeatOptions(required=inner))
    assert options.required is required
