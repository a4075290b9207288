"""Whether something that was delivered is a whole message that somebody sent."""
import re

TRACE_FIELD = re.compile(rb"(?:Return-Path|Delivered-To|Received): [^\n]*\n(?:[ \t][^\n]*\n)*")
DELIVERED_TO = re.compile(rb"^Delivered-To: ([^\n]*)$", re.M)
MARKER = re.compile(rb"^X-Crash: (\w+)$", re.M)
BOUNDARY = re.compile(rb'boundary="([^"]+)"')
MESSAGE_ID = re.compile(rb"^Message-I[Dd]: <([^>]*)>", re.M)
FROM_LINE = re.compile(rb"(?:\A|(?<=\n\n))From [^\n]*\n")
FINAL_RECIPIENT = re.compile(rb"^Final-Recipient: [^;\n]*; *([^\n]*)$", re.M)


def trace_fields(octets):
    """Where those end with which it begins."""
    at = 0
    while field := TRACE_FIELD.match(octets, at):
        at = field.end()
    return at


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
        return octets[trace_fields(octets):] == original

    def _read_dsn(self, octets, head):
        boundary = BOUNDARY.search(head)
        if not boundary or not octets.rstrip().endswith(b"--" + boundary.group(1) + b"--"):
            self.fault = f"not all of a DSN about {self.marker}"
        self.dsn = MESSAGE_ID.search(head).group(1).decode()
        status = octets.partition(b"message/delivery-status")[2]
        self.told = tuple(a.decode() for a in FINAL_RECIPIENT.findall(status))


def read_mbox(octets, originals, owner):
    """([Letter], pieces): who is whole, and how much is left of others, or was put
    behind the last empty line of one that is."""
    letters, pieces = [], 0
    lines = list(FROM_LINE.finditer(octets))
    ends = [line.start() for line in lines] + [len(octets)]
    pieces += bool(octets[:ends[0]].strip(b"\n"))
    for line, end in zip(lines, ends[1:]):
        text = octets[line.end():end]
        at = trace_fields(text)
        marker = MARKER.search(text, at)
        original = originals.get(marker.group(1).decode(), b"") if marker else b""
        # the next delivery brings an end of line that was lost
        if not original or not text.startswith(original[:-1], at):
            pieces += 1
            continue
        letters.append(Letter(text[:at] + original, originals, owner))
        pieces += bool(text[at + len(original):].strip(b"\n"))
    return letters, pieces
