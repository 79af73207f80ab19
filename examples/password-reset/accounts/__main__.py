"""Starts the service and stops it cleanly on SIGTERM or SIGINT."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading

from . import log, migrations
from .app import App
from .config import Config, ConfigError
from .server import Server


def main() -> int:
    # Blocked here and in every thread, so that sigwait below gets them, however
    # early they come.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    try:
        config = Config.from_environment(os.environ)
        app = App.from_config(config)
        migrations.migrate(app.database)
        server = Server(config.port, app)
    except (ConfigError, migrations.MigrationError, sqlite3.Error, OSError) as error:
        log.line(f"cannot start: {error}")
        return 1

    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    log.line(f"listening on http://127.0.0.1:{server.port}")
    signal.sigwait(signals)
    server.stop()
    log.line("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
