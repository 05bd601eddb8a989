from django.contrib.auth import get_user_model

from realtime.recipients import stream_names


def test_users_and_series_stand_for_their_streams():
    user = get_user_model()(pk=42)
    assert stream_names(user) == ["user.42"]
    assert stream_names([user, "call.7", user]) == ["user.42", "call.7"]
    assert stream_names(name for name in ["a", "b"]) == ["a", "b"]
