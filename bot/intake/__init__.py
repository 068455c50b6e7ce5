"""What people upload: attachments → checked bytes in storage."""

from bot.intake.intake import Intake, Pictures, Sound

__all__ = ["Intake", "Pictures", "Sound"]
