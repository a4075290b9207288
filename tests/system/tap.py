"""A wire between a client and a server that keeps what the client says."""
import socket
import threading


class Tap:
    def __init__(self, port):
        self.server = port
        self.said = []  # a bytearray for each connection
        self.sockets, self.threads = [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self._start(self._accept)

    def _start(self, function, *arguments):
        self.threads.append(threading.Thread(target=function, args=arguments, daemon=True))
        self.threads[-1].start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server))
            self.said.append(bytearray())
            self.sockets += [client, server]
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._carry, client, server, self.said[-1])
            self._start(self._carry, server, client, bytearray())

    @staticmethod
    def _carry(source, destination, kept):
        """When one side has gone, the other still says all it has to say."""
        goes_on = True
        try:
            while octets := source.recv(1 << 18):
                kept += octets
                goes_on = goes_on and Tap._hand_on(destination, octets)
        except OSError:
            pass
        try:
            destination.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    @staticmethod
    def _hand_on(destination, octets):
        try:
            destination.sendall(octets)
        except OSError:
            return False
        return True

    def close(self):
        """What has been said is whole behind this, when the client has ended."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for each in self.threads:
            each.join(10)
        for each in self.sockets:
            each.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
