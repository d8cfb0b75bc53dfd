"""The settings of the core."""

import pytest

from konik.cluster.raft.ready import Settings


def test_the_defaults_fit_together() -> None:
    settings = Settings()
    assert settings.heartbeat * 2 < settings.min_timeout, "a heartbeat may be lost before anybody campaigns"
    assert settings.leader_gone < settings.min_timeout
    assert settings.retry_max < settings.min_timeout
    assert settings.batch_bytes < settings.window_bytes < settings.log_bytes


@pytest.mark.parametrize(
    "wrong",
    [
        {"heartbeat": 0.0},
        {"heartbeat": 0.3},
        {"min_timeout": 0.7},
        {"retry_min": 0.2},
        {"retry_min": 0.0},
        {"leader_gone": 0.0},
        {"leader_gone_rank": -1.0},
        {"transfer": 0.0},
        {"batch_bytes": 0},
        {"window_bytes": 0},
        {"pin_bytes": 0},
        {"log_bytes": 1},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        Settings(**wrong)  # type: ignore[arg-type]  # the table mixes seconds and bytes
