"""Listens at an address and a port, and lets no connection be made: its queue is full."""

import signal
import socket
import sys

server = socket.socket()
server.bind((sys.argv[1], int(sys.argv[2])))
# Linux has room for one more than that (listen(2)).
server.listen(0)
first = socket.create_connection(server.getsockname())
print("listening on {}:{}".format(*server.getsockname()))
signal.pause()
