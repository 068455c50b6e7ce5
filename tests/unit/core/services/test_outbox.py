"""Messages that are owed."""

from core.domain.deliveries import Delivery, DeliveryState
from core.domain.people import Actor
from tests.studio import CHANNEL, Studio

ANNA = Actor(guild_id=1, user_id=10)


async def owed(studio: Studio) -> Delivery:
    await studio.draw(ANNA)
    return (await studio.services.outbox.due(10))[-1]


async def test_a_delivery_says_where_and_to_whom(studio: Studio) -> None:
    """It has what the bot needs to post it, and a nonce of its own."""
    delivery = await owed(studio)
    assert (delivery.channel_id, delivery.user_id, delivery.guild_id) == (CHANNEL, 10, 1)
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 0)
    assert delivery.nonce == f"atelier-{delivery.id}"
    assert len(delivery.nonce) <= 25  # Discord's limit


async def test_what_is_posted_is_not_due_again(studio: Studio) -> None:
    """Posted stays posted, whatever is said later."""
    outbox = studio.services.outbox
    delivery = await owed(studio)
    await outbox.posted(delivery.id, message_id=900)
    await outbox.retry(delivery.id, after_s=-1)
    assert await outbox.due(10) == []


async def test_what_failed_is_due_after_its_time(studio: Studio) -> None:
    """A retry waits as long as it was told to and counts its attempts."""
    outbox = studio.services.outbox
    delivery = await owed(studio)
    await outbox.retry(delivery.id, after_s=3600)
    assert await outbox.due(10) == []
    await outbox.retry(delivery.id, after_s=-1)
    (again,) = await outbox.due(10)
    assert (again.id, again.nonce, again.attempts) == (delivery.id, delivery.nonce, 2)


async def test_what_is_abandoned_is_over(studio: Studio) -> None:
    """A closed channel is not tried for ever."""
    outbox = studio.services.outbox
    await outbox.abandon((await owed(studio)).id)
    assert await outbox.due(10) == []


async def test_the_oldest_come_first(studio: Studio) -> None:
    """Deliveries are posted in the order in which jobs ended."""
    for _ in range(3):
        await owed(studio)
    due = await studio.services.outbox.due(2)
    assert [delivery.job_id for delivery in due] == [1, 2]


async def test_whoever_waits_is_woken(studio: Studio) -> None:
    """The end of a job rings, so that the answer need not wait for a poll."""
    assert not await studio.services.outbox.wait(timeout_s=0.01)
    await owed(studio)
    assert await studio.services.outbox.wait(timeout_s=10)


async def test_what_is_owed_survives_a_restart(studio: Studio) -> None:
    """The same delivery with the same nonce is due after a restart."""
    delivery = await owed(studio)
    await studio.close()
    studio.open()
    assert await studio.services.outbox.due(10) == [delivery]
