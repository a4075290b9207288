"""SCRAM-SHA-256 from the client's side (RFC 5802, 7677), and the channel bindings of Python's TLS sessions."""
import base64
import ctypes
import hashlib
import hmac

SSL_AT = 24  # in CPython's object of a session: behind its head and the socket
EXTENDED_MASTER_SECRET = 122


def prove(secret, salt, iterations, message):
    """(proof, the server's signature)"""
    salted = hashlib.pbkdf2_hmac("sha256", secret, salt, iterations)
    client = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(client).digest(), message, "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    return bytes(a ^ b for a, b in zip(client, signature)), hmac.digest(server, message, "sha256")


def exporter(sock):
    """tls-exporter (RFC 9266): Python gives only tls-unique, its OpenSSL can be asked."""
    openssl = ctypes.CDLL("libssl.so.3")
    session = ctypes.c_void_p.from_address(id(sock._sslobj) + SSL_AT)  # pylint: disable=protected-access
    label, octets = b"EXPORTER-Channel-Binding", ctypes.create_string_buffer(32)
    openssl.SSL_ctrl.restype = ctypes.c_long
    assert sock.version() == "TLSv1.3" or openssl.SSL_ctrl(session, EXTENDED_MASTER_SECRET, ctypes.c_long(0), None) == 1
    assert openssl.SSL_export_keying_material(session, octets, ctypes.c_size_t(32), label, ctypes.c_size_t(len(label)),
                                              b"", ctypes.c_size_t(0), 1) == 1
    return octets.raw


def end_point(sock):
    """tls-server-end-point (RFC 5929), of a certificate that is signed with SHA-256."""
    return hashlib.sha256(sock.getpeercert(binary_form=True)).digest()


def word(octets):
    return base64.b64encode(octets).decode()


class Pop:
    """What login() asks of a session of smtplib's, by one of POP3: ask is a line to its reply."""

    def __init__(self, ask):
        self.ask = ask

    def docmd(self, command, words=""):
        reply = self.ask(f"{command} {words}".strip())
        return (334, reply[2:]) if reply.startswith("+ ") else (235 if reply.startswith("+OK") else 535, reply)


def login(session, mechanism, header, binding, user, secret):
    """By smtplib, or Pop; the last reply, whose code is 235 only where the server has shown itself."""
    bare = f"n={user},r=fyko+d2lbbFgONRv9qkxdawL"
    code, text = session.docmd("AUTH", f"{mechanism} {word(f'{header}{bare}'.encode())}")
    if code != 334:
        return code, text
    first = base64.b64decode(text).decode()
    nonce, salt, iterations = (field[2:] for field in first.split(","))
    final = f"c={word(header.encode() + binding)},r={nonce}"
    proof, signature = prove(secret.encode(), base64.b64decode(salt), int(iterations), f"{bare},{first},{final}".encode())
    code, text = session.docmd(word(f"{final},p={word(proof)}".encode()))
    if code != 334:
        return code, text
    assert base64.b64decode(text) == b"v=" + base64.b64encode(signature)
    return session.docmd("")
