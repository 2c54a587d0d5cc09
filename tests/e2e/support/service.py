"""The other side of router.request, played by hand: what a service writes in answer to a record that a router has sent."""

import dataclasses
import json
import struct
from typing import Any

from .cluster import Headers, Record

DIALECTS = ("kafka-client", "plain", "nestjs", "spring")


@dataclasses.dataclass(frozen=True)
class Question:
    """A request of a router's, in the dialect that it was told to ask in."""

    record: Record
    dialect: str

    @property
    def id_name(self) -> str:
        return "kafka_correlationId" if self._kafka_names else "correlation-id"

    @property
    def id(self) -> bytes:
        found = self.record.header(self.id_name)
        assert found
        return found

    @property
    def reply_to(self) -> str:
        return self.record.header("kafka_replyTopic" if self._kafka_names else "reply-to").decode()

    @property
    def partition(self) -> int:
        """The one that the answer is wanted in; -1 where any will do."""
        if not self._kafka_names:
            return -1
        named = self.record.header("kafka_replyPartition")
        return int(named) if self.dialect == "nestjs" else struct.unpack(">i", named)[0]

    def success(self, data: Any) -> bytes:
        if self.dialect == "nestjs" and isinstance(data, str):
            return data.encode()
        return json.dumps({"success": True, "data": data, "timestamp": 1} if self.dialect == "kafka-client" else data).encode()

    def headers(self, correlation_id: bytes | None = None) -> Headers:
        """Those of a success; with another correlation id, of one that answers somebody else."""
        own: dict[str, Headers] = {
            "kafka-client": [("message-type", b"request-reply"), ("message-id", b"m")],
            "plain": [("message-type", b"response")],
            "nestjs": [("kafka_nest-is-disposed", b"\x00")],
            "spring": [],
        }
        return [(self.id_name, self.id if correlation_id is None else correlation_id), *own[self.dialect]]

    @property
    def _kafka_names(self) -> bool:
        return self.dialect in ("nestjs", "spring")
