"""A POP3 client that reads whole replies and looks at nothing in them."""
import socket


class Pop3:
    def __init__(self, port, seconds=600):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.octets = b""
        self.line()

    def more(self):
        octets = self.socket.recv(1 << 18)
        if not octets:
            raise SystemExit("the POP3 server has closed the connection")
        self.octets += octets

    def line(self):
        while b"\r\n" not in self.octets:
            self.more()
        line, self.octets = self.octets.split(b"\r\n", 1)
        if not line.startswith(b"+OK"):
            raise SystemExit(f"POP3: {line!r}")
        return line

    def lines(self):
        """The reply's octets."""
        seen = 0
        while (end := self.octets.find(b"\r\n.\r\n", max(0, seen - 4))) < 0:
            if self.octets.startswith(b"-"):
                raise SystemExit(f"POP3: {self.octets[:80]!r}")
            seen = len(self.octets)
            self.more()
        reply, self.octets = self.octets[:end + 2], self.octets[end + 5:]
        return reply

    def send(self, *commands):
        self.socket.sendall("".join(f"{command}\r\n" for command in commands).encode())

    def ask(self, command):
        self.send(command)
        return self.line()

    def ask_lines(self, command):
        self.send(command)
        return self.lines()

    def login(self, user, password):
        self.ask(f"USER {user}")
        return self.ask(f"PASS {password}")

    def quit(self):
        self.ask("QUIT")
        self.socket.close()
