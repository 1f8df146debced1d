"""Python `websockets` as an echo server; prints `listening on ws://127.0.0.1:PORT`.

With `--count`, the message `count` is answered by how many others there were, and their bytes.
"""

import argparse
import asyncio
import ssl

from websockets.asyncio.server import serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

# Messages up to this size go back in one frame: the tests send tens of thousands of them.
SMALL = 16


def pieces(message, count):
    length = max(1, -(-len(message) // count))
    return [message[at : at + length] for at in range(0, len(message), length)]


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--deflate", action="store_true")
    parser.add_argument("--no-context-takeover", action="store_true")
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--fragments", type=int, default=1)
    parser.add_argument("--tls", help="DIR/NAME of NAME.pem and NAME.key")
    args = parser.parse_args()

    counted = [0, 0]

    async def echo(socket):
        async for message in socket:
            if args.count and message == "count":
                await socket.send("{} {}".format(*counted))
                continue
            counted[0] += 1
            counted[1] += len(message)
            split = args.fragments > 1 and len(message) > SMALL
            await socket.send(pieces(message, args.fragments) if split else message)

    deflate = ServerPerMessageDeflateFactory(
        server_no_context_takeover=args.no_context_takeover,
        client_no_context_takeover=args.no_context_takeover,
    )
    tls = None
    if args.tls:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(args.tls + ".pem", args.tls + ".key")
    async with serve(
        echo,
        "127.0.0.1",
        0,
        compression=None,
        extensions=[deflate] if args.deflate else None,
        ssl=tls,
        max_size=None,
    ) as server:
        port = server.sockets[0].getsockname()[1]
        print(f"listening on {'wss://localhost' if tls else 'ws://127.0.0.1'}:{port}")
        await server.serve_forever()


asyncio.run(main())
