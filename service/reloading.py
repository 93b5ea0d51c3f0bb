"""A new model for a running service: ``kill -HUP`` loads it and switches to it."""

from __future__ import annotations

import logging
import signal

import anyio

from model.errors import ModelError
from service.gateway import Gateway

logger = logging.getLogger(__name__)


async def reload_on_hangup(gateway: Gateway) -> None:
    """Load the model of the settings anew on every SIGHUP, until cancelled.

    Whoever has a new model exchanges the directory, or the link to it, and sends the signal. What cannot be loaded is
    logged, and the present model goes on.
    """
    with anyio.open_signal_receiver(signal.SIGHUP) as hangups:
        async for _ in hangups:
            try:
                await gateway.switch(gateway.settings)
            except ModelError as error:
                logger.error("the model stays as it is: %s", error)
