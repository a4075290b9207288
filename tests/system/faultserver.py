"""A mail host for each fault: does one wrong thing at one stage of a session, until it is healed.

Its hosts share one thread.  A host is an address with port 25; the domain of a
message's recipient names the cell that the message belongs to.
"""
import asyncio
import re
import socket
import struct
import threading

TCP_REPAIR = 19
DRIP_SECONDS = 0.3
IN_DATA_OCTETS = 8192
REFUSING = b"550 5.7.1 no owls here"
REPLIES = {
    "4xx": b"450 4.2.0 come back later\r\n",
    "busy": b"452 4.3.1 no room\r\n",
    "5xx": REFUSING + b"\r\n",
    "NUL": b"550 5.7.1 no\0owls here\r\n",
    "multi-line": b"550-5.7.1 no\r\n" * 30 + REFUSING + b"\r\n",
    "mixed codes": b"250-well\r\n550 no\r\n",
    "garbage": bytes(range(128, 256)) + b"\0\x1b[2J\r\n",
}
WRONG_CODES = {"greeting": b"250 hello", "DATA": b"250 ok", "in the data": b"250 kept"}
USUAL = {"greeting": b"220 host.test ESMTP", "MAIL": b"250 2.1.0 ok", "RCPT": b"250 2.1.5 ok", "DATA": b"354 go on",
         "in the data": b"250 ", "final dot": b"250 2.0.0 kept", "RSET": b"250 2.0.0 ok", "QUIT": b"221 2.0.0 bye"}


class Gone(Exception):
    """This end of the session."""


class Kept:
    def __init__(self, cell, host, octets):
        self.cell, self.host, self.octets = cell, host, octets


class FaultServer:
    """faults: {address: (fault, stage)}, None for a host that is well."""

    def __init__(self, faults, offers=()):
        self.faults, self.offers = faults, [word.encode() for word in offers]
        self.kept = []
        self.healed = False
        self.idle = []
        self.listeners = {}
        self.loop = asyncio.new_event_loop()
        self.healing = asyncio.Event()
        for address, fault in faults.items():
            if fault != ("refuse", "connect"):
                self._open(address, fault)
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        for address, listener in self.listeners.items():
            if faults[address] != ("silence", "connect"):
                asyncio.run_coroutine_threadsafe(self._accept(address, listener), self.loop)

    def _open(self, address, fault):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if fault and fault[1] == "in the data":  # or the message would be in buffers before the fault
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        listener.bind((address, 25))
        listener.setblocking(False)
        self.listeners[address] = listener
        if fault != ("silence", "connect"):
            return listener.listen(512)
        listener.listen(0)  # the kernel passes over who comes when the queue is full
        self.idle = [socket.create_connection((address, 25))]

    async def _accept(self, address, listener):
        while True:
            sock, _ = await self.loop.sock_accept(listener)
            self.loop.create_task(Session(self, sock, address).run())

    def heal(self):
        """From now on all hosts are well."""
        async def heal():
            self.healed = True
            self.healing.set()
        asyncio.run_coroutine_threadsafe(heal(), self.loop).result(10)
        for address, fault in self.faults.items():
            if fault == ("silence", "connect"):
                for each in self.idle:
                    each.close()
            elif fault == ("refuse", "connect"):
                self._open(address, None)
            else:
                continue
            asyncio.run_coroutine_threadsafe(self._accept(address, self.listeners[address]), self.loop)

    def close(self):
        async def end():
            others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        for listener in self.listeners.values():
            listener.close()
        self.loop.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Session:
    def __init__(self, server, sock, address):
        self.server, self.loop, self.sock, self.address = server, server.loop, sock, address
        self.buffer = b""
        self.cell = None
        sock.setblocking(False)

    async def run(self):
        try:
            await self.reply("greeting")
            while line := await self.line():
                await self.answer(line.decode("utf-8", "surrogateescape").rstrip())
        except (Gone, OSError):
            pass
        finally:
            self.sock.close()

    async def more(self):
        octets = await self.loop.sock_recv(self.sock, 65536)
        if not octets:
            raise Gone
        self.buffer += octets

    async def line(self):
        while b"\n" not in self.buffer:
            await self.more()
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line + b"\n"

    async def say(self, octets):
        await self.loop.sock_sendall(self.sock, octets)

    async def answer(self, line):
        verb = line[:4].upper()
        if verb == "RCPT":
            self.cell = re.search("@(.*)>", line).group(1)
        if verb == "RCPT" and "<refused@" in line:
            await self.say(REFUSING + b"\r\n")
        elif verb in ("EHLO", "HELO"):
            lines = [b"host.test", *(self.server.offers if verb == "EHLO" else []), b"8BITMIME"]
            usual = b"".join(b"250-%s\r\n" % each for each in lines[:-1]) + b"250 %s\r\n" % lines[-1]
            await (self.reply("EHLO", usual) if verb == "EHLO" else self.say(usual))
        elif verb == "BDAT":
            await self.chunk(int(line.split()[1]))
        else:
            await self.reply(verb)
        if verb == "DATA":
            await self.data()
        elif verb == "QUIT":
            raise Gone

    async def begin_data(self):
        if self.has_fault("in the data"):
            while len(self.buffer) < IN_DATA_OCTETS:
                await self.more()
            await self.reply("in the data")

    async def data(self):
        await self.begin_data()
        while not self.buffer.endswith(b"\r\n.\r\n"):
            await self.more()
        octets, self.buffer = self.buffer[:-3], b""
        await self.end_data(octets)

    async def chunk(self, size):
        await self.begin_data()
        while len(self.buffer) < size:
            await self.more()
        octets, self.buffer = self.buffer[:size], self.buffer[size:]
        await self.end_data(octets)

    async def end_data(self, octets):
        if self.has_fault("in the data"):
            return
        fault = self.fault() if self.has_fault("final dot") else None
        if fault not in ("4xx", "busy", "5xx", "NUL", "multi-line"):
            self.server.kept.append(Kept(self.cell, self.address, octets))
        await self.reply("final dot")

    # ---- what goes wrong

    def fault(self):
        return self.server.faults[self.address][0]

    def has_fault(self, stage):
        found = self.server.faults[self.address]
        return not self.server.healed and found is not None and found[1] == stage

    async def reply(self, stage, usual=None):
        if stage not in USUAL and usual is None:
            return await self.say(b"500 5.5.2 what?\r\n")
        usual = usual or USUAL[stage] + b"\r\n"
        if self.has_fault(stage):
            await self.misbehave(self.fault(), stage, usual)
        elif stage != "in the data":
            await self.say(usual)

    async def misbehave(self, fault, stage, usual):
        if fault in REPLIES:
            return await self.say(REPLIES[fault])
        if fault == "wrong code":
            return await self.say(WRONG_CODES.get(stage, b"354 go on") + b"\r\n")
        if fault == "overlong":
            return await self.say(usual[:4] + b"x" * 100_000 + b"\r\n")
        if fault == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault == "half-open":  # not a packet says that it is gone
            self.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        elif fault == "silence":
            await self.server.healing.wait()
        elif fault == "drip":
            await self.drip(stage, usual)
        elif fault == "endless":
            while True:
                await self.say(usual[:3] + b"-more\r\n" * 100)
        raise Gone

    async def drip(self, stage, usual):
        octets = usual[:3] + b"-" + b"x" * 10_000
        for each in octets:
            if self.server.healed:
                return
            if stage == "in the data":
                await self.loop.sock_recv(self.sock, 1)
            else:
                await self.say(bytes([each]))
            await asyncio.sleep(DRIP_SECONDS)
