"""Python `websockets` as a client: sends messages of all kinds and sizes to an echo server, and checks what comes back."""

import argparse
import asyncio
import os
import signal
import ssl

from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

SIZES = [0, 1, 2, 125, 126, 127, 4096, 65_535, 65_536, 65_537, 1 << 20, 16 << 20]
MANY = 100_000
MANY_COMPRESSED = 10_000


def text(size):
    pattern = "aé€😀"
    times, rest = divmod(size, len(pattern.encode()))
    return pattern * times + "a" * rest


def fragments(message, pieces):
    length = max(1, -(-len(message) // pieces))
    return [message[at : at + length] for at in range(0, len(message), length)]


async def check(socket, sent, message):
    await socket.send(sent)
    answer = await socket.recv()
    assert type(answer) is type(message), f"{type(answer)} came instead of {type(message)}"
    assert answer == message, f"{len(message)} came back changed"


async def exchange(socket, largest, many):
    for size in (min(size, largest) for size in SIZES):
        for message in (text(size), bytes(i * 31 + size & 255 for i in range(size))):
            await check(socket, message, message)
            if 0 < size <= 1 << 20:
                await check(socket, fragments(message, 7), message)

    async def send():
        for number in range(many):
            await socket.send(str(number))

    sending = asyncio.create_task(send())
    for number in range(many):
        answer = await socket.recv()
        assert answer == str(number), f"{answer} came instead of {number}"
    await sending


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--deflate", action="store_true")
    parser.add_argument("--no-context-takeover", action="store_true")
    parser.add_argument("--ca")
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="bytes that the server sends in one message")
    parser.add_argument("--many", type=int, help="small messages that are under way together")
    parser.add_argument(
        "--stop",
        type=int,
        help="interrupt the server's process after one message, and wait for its goodbye",
    )
    args = parser.parse_args()
    deflate = ClientPerMessageDeflateFactory(
        server_no_context_takeover=args.no_context_takeover,
        client_no_context_takeover=args.no_context_takeover,
        client_max_window_bits=True,
    )
    async with connect(
        args.url,
        compression=None,
        extensions=[deflate] if args.deflate else None,
        ssl=ssl.create_default_context(cafile=args.ca) if args.ca else None,
        max_size=None,
        proxy=None,
    ) as socket:
        assert bool(socket.protocol.extensions) == args.deflate, socket.protocol.extensions
        if args.stop:
            await check(socket, "hello", "hello")
            os.kill(args.stop, signal.SIGINT)
            await socket.wait_closed()
        else:
            many = args.many or (MANY_COMPRESSED if args.deflate else MANY)
            await exchange(socket, args.largest, many)
    expected = 1001 if args.stop else 1000
    assert socket.close_code == expected, socket.close_code


asyncio.run(main())
