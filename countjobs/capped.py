"""Text up to a number of bytes."""

from __future__ import annotations

import codecs

from countjobs.text import storable, storable_bytes

_MOST_BYTES_A_CHARACTER = len("\\ud800")  # half of a surrogate pair, as it is written out


class CappedText:
    """Text up to a number of UTF-8 bytes.

    Of longer text it keeps the beginning and the end, and marks the cut.
    """

    def __init__(self, most_bytes: int) -> None:
        self._head_room = most_bytes // 2
        self._tail_room = most_bytes - self._head_room
        self._parts: list[str] = []
        """Text as it came, while it certainly fits: most jobs print little."""
        self._parts_room = most_bytes // _MOST_BYTES_A_CHARACTER
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0
        self._decoder: codecs.IncrementalDecoder | None = None

    def write(self, text: str) -> None:
        """Add text. The memory used stays within a few times the cap."""
        self._parts_room -= len(text)
        if self._parts_room >= 0:
            self._parts.append(text)
            return
        self._keep("".join(self._parts))
        self._parts.clear()
        self._keep(text)

    def write_bytes(self, data: bytes, encoding: str) -> None:
        """Add text that comes as bytes. A character may be split between two calls."""
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")
        self.write(self._decoder.decode(data))

    def _keep(self, text: str) -> None:
        data = storable_bytes(text)
        room = self._head_room - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._tail_room:
            self._trim()

    def _trim(self) -> None:
        excess = len(self._tail) - self._tail_room
        if excess > 0:
            self._dropped += excess
            del self._tail[:excess]

    def value(self) -> str:
        """What is kept."""
        if self._decoder is not None:
            self.write(self._decoder.decode(b"", final=True))
        if self._parts:
            return storable("".join(self._parts))
        self._trim()
        return joined(bytes(self._head), bytes(self._tail), self._dropped)

    def so_far(self) -> str:
        """The same for another thread, while this text grows: it may be a moment old.

        This changes nothing and waits for nobody. Each step is atomic. The tail is read before the
        head, because the head is full when a tail begins.
        """
        if parts := list(self._parts):
            return storable("".join(parts))
        dropped, tail, head = self._dropped, bytes(self._tail), bytes(self._head)
        excess = max(len(tail) - self._tail_room, 0)
        return joined(head, tail[excess:], dropped + excess)


def joined(head: bytes, tail: bytes, dropped: int) -> str:
    """The kept beginning and end of a text as one, with a mark where so many bytes are missing."""
    if not dropped:
        return (head + tail).decode(errors="ignore")
    # The cuts may fall inside a character.
    start, end = (part.decode(errors="ignore") for part in (head, tail))
    return f"{start}\n[… {dropped:,} bytes cut …]\n{end}"
