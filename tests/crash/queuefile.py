"""Reads a message file of the queue (owlpost-queue(5))."""
import struct

import place  # noqa: F401, for the path
from place import agent

TRAILER = struct.Struct(">QQIIHH12s")


class Message:
    """octets: of the message itself."""

    def __init__(self, octets):
        body, envelope, _, _, version, _, magic = TRAILER.unpack(octets[-TRAILER.size:])
        if magic != b"owlpostqueue" or version != 1 or body + envelope + TRAILER.size != len(octets):
            raise ValueError("no message file")
        self.octets = octets[:body]
        self.sender, self.parent, self.recipients = "", None, []
        for tag, value in agent.items(octets[body + 2:body + envelope]):
            if tag == agent.SENDER:
                self.sender = value.decode()
            elif tag == agent.RECIPIENT_ADDRESS:
                self.recipients.append(value.decode())
            elif tag == 0x001B:
                self.parent = value.decode()
