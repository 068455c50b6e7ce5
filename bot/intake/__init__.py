"""What people upload: attachments → checked bytes in storage."""

from bot.intake.intake import Ground, Intake, Pictures, Sound

__all__ = ["Ground", "Intake", "Pictures", "Sound"]
