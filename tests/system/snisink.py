"""An SMTP server with STARTTLS: shows the certificate that a table has for the name asked for, keeps what it gets."""
import socketserver
import ssl
import tempfile
import threading
from collections import namedtuple

Taken = namedtuple("Taken", "recipients sni version")


def context_of(certificate, chain):
    """A server's context; chain: how many of the issuers are sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        context.load_cert_chain(*certificate.write(folder, "shown", chain))
    return context


class Session(socketserver.StreamRequestHandler):
    timeout = 30
    sni = version = None

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())
        self.wfile.flush()

    def begin_tls(self):
        self.say("220 go on")
        self.request = self.server.sink.wrap(self)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb")
        self.version = self.request.version()

    def take(self):
        self.say("354 go on")
        while self.rfile.readline() not in (b".\r\n", b""):
            pass
        self.server.sink.taken.append(Taken(self.recipients, self.sni, self.version))
        self.recipients = []
        self.say("250 kept")

    def offers_tls(self):
        return self.version is None and self.server.sink.starttls

    def ehlo(self):
        self.say("250-sink.test" if self.offers_tls() else "250 sink.test")
        if self.offers_tls():
            self.say("250 STARTTLS")

    def serve(self):
        self.recipients = []
        self.say("220 sink.test ESMTP")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.ehlo()
            elif verb == b"STAR" and self.offers_tls():
                self.begin_tls()
            elif verb == b"DATA":
                self.take()
            elif verb == b"QUIT":
                return self.say("221 bye")
            else:
                if verb == b"RCPT":
                    self.recipients.append(line.split(b"<")[1].split(b">")[0].decode())
                self.say("250 ok")

    def handle(self):
        try:
            self.serve()
        except OSError as error:  # ssl's are among them
            self.server.sink.broken.append((self.sni, str(error)))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 64


class SniSink:
    """contexts: {SNI: context}; the one of None is for all else."""

    def __init__(self, contexts, port=25, address="127.0.0.2", starttls=True):
        self.contexts, self.starttls = contexts, starttls
        self.taken, self.broken = [], []
        self.server = Server((address, port), Session)
        self.server.sink = self
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def wrap(self, session):
        first = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

        def choose(connection, name, _context):
            session.sni = name
            connection.context = self.contexts.get(name, self.contexts[None])

        first.sni_callback = choose
        return first.wrap_socket(session.request, server_side=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
