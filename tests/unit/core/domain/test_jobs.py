"""The states of a job."""

from core.domain.jobs import TRANSITIONS, JobState


def test_every_state_has_its_rule() -> None:
    """No state is without an entry, and no entry leads to an unknown one."""
    assert set(TRANSITIONS) == set(JobState)


def test_ended_states_are_ends() -> None:
    """Three ends, and every job can reach each."""
    assert {state for state in JobState if state.ended} == {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELLED,
    }


def test_only_running_jobs_succeed_or_fail() -> None:
    """What was never claimed can only be cancelled."""
    assert TRANSITIONS[JobState.QUEUED] == {JobState.RUNNING, JobState.CANCELLED}
