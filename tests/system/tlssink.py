"""A mail server with TLS, and with what can go wrong at it on purpose.  A thread for each connection."""
import contextlib
import socket
import ssl
import threading

CLEAR, INJECTING = "clear", "injecting"


class TlsSink:
    """certificate: (file, key), or None: STARTTLS is not offered.  What it does is in attributes, which can be
    changed between sessions.  sessions: a dictionary each."""

    def __init__(self, address, certificate, port=25, implicit=False):
        self.address, self.port, self.implicit = address, port, implicit
        self.offers = ["PIPELINING", "SIZE 1000000", "8BITMIME"]
        self.offers_in_plaintext = []
        self.replies = {}  # by verb, in place of 250
        self.starttls = certificate is not None
        self.answer = b"220 2.0.0 go ahead\r\n"  # to STARTTLS
        self.inside = None  # what is said in place of a handshake; "" stalls
        self.context = None
        if certificate:
            self.use(certificate)
        self.sessions = []
        self.ended = threading.Event()
        self.listener = socket.create_server((address, port), backlog=64)
        threading.Thread(target=self._accept, daemon=True).start()

    def use(self, certificate, version=None, ciphers=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        if version:
            self.context.minimum_version = self.context.maximum_version = version
        if ciphers:
            self.context.set_ciphers(ciphers)
        self.context.sni_callback = self._note_name

    def _note_name(self, wrapped, name, _):
        wrapped.owner["sni"] = name

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.listener.shutdown(socket.SHUT_RDWR)  # ends accept()
        self.listener.close()

    def messages(self):
        return [m for s in self.sessions for m in s["messages"]]

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                session = {"lines": [], "messages": [], "version": None, "sni": None, "resumed": None}
                self.sessions.append(session)
                threading.Thread(target=self._serve, args=(connection, session), daemon=True).start()

    def _serve(self, connection, session):
        connection.settimeout(60)
        with contextlib.suppress(OSError), connection:
            if self.implicit:
                connection = self._wrap(connection, session)
            connection.sendall(b"220 mx.test ESMTP\r\n")
            while connection:
                connection = self._talk(connection, session)

    def _wrap(self, connection, session):
        """Like ssl's own, but it knows whose session it is when the name comes."""
        class Owned(ssl.SSLSocket):
            owner = session
        self.context.sslsocket_class = Owned
        wrapped = self.context.wrap_socket(connection, server_side=True)
        session.update(version=wrapped.version(), resumed=wrapped.session_reused)
        return wrapped

    def _talk(self, connection, session):
        """Until the end, or the connection with TLS."""
        with connection.makefile("rb") as lines:
            for line in lines:
                command = line.rstrip(b"\r\n").decode("latin-1")
                session["lines"].append((command, session["version"]))
                verb = command.split(" ")[0].upper()
                if verb == "STARTTLS" and self.starttls:
                    connection.sendall(self.answer)
                    if not self.answer.startswith(b"220"):
                        continue
                    if self.inside is not None:
                        connection.recv(1, socket.MSG_PEEK)  # what comes before the handshake is another case
                        connection.sendall(self.inside.encode())
                        self.ended.wait(60) if self.inside == "" else None
                        return None
                    return self._wrap(connection, session)
                self._reply(connection, session, lines, verb, command)
                if verb == "QUIT":
                    return None
        return None

    def _reply(self, connection, session, lines, verb, command):
        if verb in ("EHLO", "LHLO"):
            words = self.offers + ([] if session["version"] else self.offers_in_plaintext + ["STARTTLS"] * self.starttls)
            connection.sendall(b"".join(b"250%s%s\r\n" % (b"-" if i < len(words) else b" ", w.encode())
                                        for i, w in enumerate(["mx.test", *words])))
        elif verb == "DATA":
            connection.sendall(b"354 go on\r\n")
            octets = b"".join(iter(lambda: next(lines, b".\r\n"), b".\r\n"))
            session["messages"].append({"octets": octets, "version": session["version"], "lines": [c for c, _ in session["lines"]]})
            connection.sendall(b"250 2.0.0 kept\r\n")
        elif verb == "QUIT":
            connection.sendall(b"221 bye\r\n")
        else:
            connection.sendall(self.replies.get(verb, b"250 2.0.0 ok\r\n"))
