"""Prefect flows: thin wrappers that spread pipeline steps over clips, with no logic of their own."""

import os

# Quiet and without telemetry unless the user says otherwise; read by prefect once, when it is imported.
for _name, _value in {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
    # a loaded machine needs longer than the default 20 s to start the server that lives for one command
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}.items():
    os.environ.setdefault(_name, _value)
