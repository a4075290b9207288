"""Whether something that was delivered is a whole message that somebody sent."""
import re

TRACE_FIELD = re.compile(rb"(?:Return-Path|Delivered-To|Received): [^\n]*\n(?:[ \t][^\n]*\n)*")
DELIVERED_TO = re.compile(rb"^Delivered-To: ([^\n]*)$", re.M)
MARKER = re.compile(rb"^X-Crash: (\w+)$", re.M)
BOUNDARY = re.compile(rb'boundary="([^"]+)"')
MESSAGE_ID = re.compile(rb"^Message-I[Dd]: <([^>]*)>", re.M)
FINAL_RECIPIENT = re.compile(rb"^Final-Recipient: [^;\n]*; *([^\n]*)$", re.M)


class Letter:
    """marker: of the message, or of that which a DSN is about; dsn: its
    Message-ID, or None; told: who failed; fault: why it is no letter at all."""

    def __init__(self, octets, originals, owner=None):
        self.fault, self.dsn, self.told = None, None, ()
        head = octets.partition(b"\n\n")[0]
        to = DELIVERED_TO.search(head)
        self.address = to.group(1).decode() if to else None
        marker = MARKER.search(octets)
        self.marker = marker.group(1).decode() if marker else None
        if self.marker not in originals:
            self.fault = f"{len(octets)} octets that nobody sent"
        elif b"multipart/report" in head:
            self._read_dsn(octets, head)
        elif not self._is_whole(octets, originals[self.marker]):
            self.fault = f"not all of {self.marker}"
        if owner and not (self.address or "").startswith(owner):
            self.fault = self.fault or f"{self.marker} for {self.address} in the Maildir of {owner}"

    @staticmethod
    def _is_whole(octets, original):
        at = 0
        while field := TRACE_FIELD.match(octets, at):
            at = field.end()
        return octets[at:] == original

    def _read_dsn(self, octets, head):
        boundary = BOUNDARY.search(head)
        if not boundary or not octets.rstrip().endswith(b"--" + boundary.group(1) + b"--"):
            self.fault = f"not all of a DSN about {self.marker}"
        self.dsn = MESSAGE_ID.search(head).group(1).decode()
        status = octets.partition(b"message/delivery-status")[2]
        self.told = tuple(a.decode() for a in FINAL_RECIPIENT.findall(status))
