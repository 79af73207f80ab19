"""What the handlers need to do their work, put together once at the start."""

from __future__ import annotations

from dataclasses import dataclass

from .config import Config
from .database import Database
from .mailer import Mailer


@dataclass(frozen=True)
class App:
    config: Config
    database: Database
    mailer: Mailer

    @classmethod
    def from_config(cls, config: Config) -> App:
        return cls(
            config=config,
            database=Database(config.database),
            mailer=Mailer(config.smtp_host, config.smtp_port, config.mail_from),
        )
