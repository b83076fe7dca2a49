"""A listener on loopback that counts who comes: what is never to be fetched names it as its address."""

from __future__ import annotations

import socket
import threading


class Listener:
    """Counts connections and closes each at once; a context manager."""

    def __init__(self) -> None:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._count, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/manifest.c2pa"

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # closing alone does not wake who waits in accept
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5.0)

    def _count(self) -> None:
        while True:
            try:
                came, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            came.close()
