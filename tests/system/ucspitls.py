#!/usr/bin/python3
"""ucspitls.py PORT CERTIFICATE KEY PROGRAM...: a server of UCSPI-TLS, from its protocol.

For each connection PROGRAM runs with it on descriptors 0 and 1, and with SSLCTLFD,
SSLREADFD and SSLWRITEFD.  "y" or "Y" on the first: shake hands, answer "Y" with the
variables of the session, then carry plaintext.  DENY=1 gives up in place of that.
"""
import os
import select
import socket
import ssl
import sys


def relay(tls, to_program, from_program):
    """Until both directions have ended."""
    sources = {tls, from_program}
    while from_program in sources:
        ready = [tls] if tls in sources and tls.pending() else select.select(sources, [], [])[0]
        for source in ready:
            octets = tls.recv(65536) if source is tls else os.read(from_program, 65536)
            if source is tls and octets:
                os.write(to_program, octets)
            elif source is tls:
                os.close(to_program)
                sources.remove(tls)
            elif octets:
                tls.sendall(octets)
            else:
                sources.remove(from_program)
    tls.unwrap() if tls in sources else tls.close()


def serve(connection, context, control, to_program, from_program):
    command = control.recv(1)
    if command not in (b"y", b"Y") or os.environ.get("DENY"):
        return
    tls = context.wrap_socket(connection, server_side=True)
    if command == b"Y":
        cipher, version, bits = tls.cipher()
        told = {"SSL_PROTOCOL": tls.version() or version, "SSL_CIPHER": cipher, "SSL_CIPHER_USEKEYSIZE": bits,
                "SSL_SERVER_M_VERSION": 3, "LD_PRELOAD": "/nonexistent"}
        control.sendall("".join(f"{name}={value}\0" for name, value in told.items()).encode() + b"\0")
    control.close()
    try:
        relay(tls, to_program, from_program)
    except OSError:
        pass


def start(program, connection, control, plain_in, plain_out):
    os.dup2(connection.fileno(), 0)
    os.dup2(connection.fileno(), 1)
    os.environ |= {"SSLCTLFD": str(control.fileno()), "SSLREADFD": str(plain_in), "SSLWRITEFD": str(plain_out)}
    for fd in (control.fileno(), plain_in, plain_out):
        os.set_inheritable(fd, True)
    os.execvp(program[0], program)


def meet(connection, context, program):
    ours, theirs = socket.socketpair()
    plain_in, to_program = os.pipe()
    from_program, plain_out = os.pipe()
    if os.fork() == 0:
        start(program, connection, theirs, plain_in, plain_out)
    theirs.close()
    os.close(plain_in)
    os.close(plain_out)
    serve(connection, context, ours, to_program, from_program)


def main(port, certificate, key, *program):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", int(port))) as listener:
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                meet(connection, context, program)
                os._exit(0)
            connection.close()


main(*sys.argv[1:])
