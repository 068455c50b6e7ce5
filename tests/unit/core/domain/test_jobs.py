"""The states of a job."""

import pytest

from core.domain.jobs import MAX_ATTEMPTS, TRANSITIONS, JobState, losses_after


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


@pytest.mark.parametrize(
    ("losses", "alone", "after"), [(0, True, 1), (0, False, 1), (1, False, 1), (2, False, 2)]
)
def test_losses_count_against_a_job_that_was_alone(losses: int, alone: bool, after: int) -> None:
    """In company a loss makes a suspect of a job, and no more, however often it happens."""
    assert losses_after(losses, alone=alone) == after


def test_an_innocent_job_is_never_given_up() -> None:
    """Only losses alone lead to the number at which a job is given up."""
    losses = 0
    for _ in range(100):
        losses = losses_after(losses, alone=False)
    assert losses < MAX_ATTEMPTS
    for _ in range(MAX_ATTEMPTS - losses):
        losses = losses_after(losses, alone=True)
    assert losses == MAX_ATTEMPTS
