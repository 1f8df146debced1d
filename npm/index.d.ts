/**
 * OpenHarmony's `@ohos.net.webSocket`, for Node.js.
 *
 * The types have the names of OpenHarmony's documentation. `@since` is the API level that brought a
 * member there; every member works at every level, and a level changes only what `setApiVersion`
 * lists. Members marked **arkws** do not exist on the platform.
 *
 * Declarations of `@ohos.net.webSocket`, `@kit.NetworkKit`, `@ohos.base` and
 * `@kit.BasicServicesKit` themselves: `"types": ["arkws/register"]` in `tsconfig.json`.
 *
 * All is in one file since `webSocket` is one namespace, which no module can spread over several:
 * clients, servers, TLS, reconnecting, and servers beside HTTP servers, as in `README.md`.
 */

export default webSocket;

export import createWebSocket = webSocket.createWebSocket;
export import createWebSocketServer = webSocket.createWebSocketServer;
export import TlsProtocol = webSocket.TlsProtocol;

declare global {
  interface SymbolConstructor {
    /** For `await using`. */
    readonly asyncDispose: unique symbol;
  }
}

/** WebSocket clients and servers. */
export declare namespace webSocket {
  // A client

  /**
   * Makes a client. One object holds one connection at a time and may connect again after a close
   * or a failure.
   * @since 6
   */
  function createWebSocket(): WebSocket;

  /**
   * A client.
   *
   * Calls never throw: a mistake in the arguments comes as a {@link BusinessError} with code 401,
   * to the callback if the last argument is one, else by the promise. `on` and `off` do throw it. A
   * method that was taken from its object, or is called on one behind a Proxy (Vue's `reactive`),
   * is such a mistake, which `stats` throws too; properties are `undefined`.
   *
   * What the platform is silent about is told by a warning of the process, once each: an unknown
   * event (`ARKWS_UNKNOWN_EVENT`), an unknown option (`ARKWS_UNKNOWN_OPTION`), an `error` event of
   * an object to which no listener for it was ever added (`ARKWS_UNHEARD_ERROR`).
   *
   * What the platform would refuse or ignore (a `URL`, `acceptViews`, ...) works for objects made
   * through `import 'arkws'`, and is refused or ignored for those made through
   * `@ohos.net.webSocket` and `@kit.NetworkKit`: what runs here runs on a device.
   *
   * Any number of listeners may be added per event; the same function twice counts once. The events
   * of one connection come in this order: `headerReceive`, `open`, `openInfo`, `message` and
   * `dataEnd` for each message, `error` if the connection failed, `close`. An attempt that fails
   * gives `error` alone. Promise jobs run after each event that is not a message, and after a
   * message that leaves no listener: who awaits one of them, and then adds a listener, misses
   * nothing. Events run in the async context (`AsyncLocalStorage`) of their `connect`, callbacks in
   * that of their call.
   * @since 6
   */
  interface WebSocket {
    /**
     * Starts to connect.
     *
     * `true` means that the request has been created: arguments, files and permission are in order.
     * What follows are events: `open`, or `error`.
     * @param url `ws://` or `wss://`; at most 1024 characters, 2048 from level 15, 8196 from 26.
     * **arkws**: or a {@link UrlObject}, for objects made through `import 'arkws'`; on the platform
     * it is 401.
     * @param callback Gets `(undefined, true)` or `(error, undefined)`: 401, 201 (no permission),
     * -1 (cannot be created), 2302001 (not a WebSocket URL, from level 12), 2302002 (a certificate
     * file is missing), 2302003 (already connected), 2302998 (host not allowed), 2302999.
     * @since 6
     */
    connect(url: string | UrlObject, callback: AsyncCallback<boolean>): void;
    /**
     * Starts to connect, with options.
     * @since 6
     */
    connect(
      url: string | UrlObject,
      options: WebSocketRequestOptions,
      callback: AsyncCallback<boolean>,
    ): void;
    /**
     * Starts to connect; the promise resolves to `true` or rejects with a {@link BusinessError}.
     * @since 6
     */
    connect(url: string | UrlObject, options?: WebSocketRequestOptions): Promise<boolean>;

    /**
     * Sends one message: a string as text, an ArrayBuffer as binary (since 8). Messages sent before
     * `open` wait and go out in order. The data is copied at once, and leaves when the code that
     * runs now has ended, in one write with what else that code sends; where much waits, it leaves
     * sooner.
     *
     * What was sent on an open connection leaves before the process ends, by `process.exit()`, an
     * uncaught exception or otherwise, also what is sent in its `exit` listeners: the end waits for
     * that, for half a second at most, and the peer's `close` has 1001. (A signal without a handler
     * ends it at once.)
     * @param data At most 5,242,864 bytes (a string in UTF-8); longer: 401. A typed array, a
     * DataView or a Buffer: 401, unless {@link WebSocketRequestOptions.acceptViews} is set.
     * @param callback Gets `true` once the message has been handed to the operating system; or 401,
     * 201, -1 (not connected, or the connection was lost first). **arkws**: the error's `cause`
     * says why the connection has ended, or `queue-full`.
     * @since 6
     */
    send(data: string | ArrayBuffer | ArrayBufferView, callback: AsyncCallback<boolean>): void;
    /**
     * Sends one message; the promise resolves to `true` or rejects with a {@link BusinessError}.
     *
     * A `send` that fails does not end a program that leaves its promise alone, once the object has
     * connected: the peer may have decided that, and `error` or `close` tells it. (401 and 201 do:
     * mistakes of the program.) But an `async` function that awaits it rejects with it, and that
     * promise is the program's own to look at.
     * @since 6
     */
    send(data: string | ArrayBuffer | ArrayBufferView): Promise<boolean>;

    /**
     * Closes the connection: sends what is queued, then the close frame, and waits at most 5 s for
     * the peer's. Before `open` it cancels the attempt.
     * @param callback Gets `true` once the close has been requested, 2302999 if there is nothing to
     * close. The `close` event tells when it is done.
     * @since 6
     */
    close(callback: AsyncCallback<boolean>): void;
    /**
     * Closes the connection with a code and a reason.
     * @since 6
     */
    close(options: WebSocketCloseOptions, callback: AsyncCallback<boolean>): void;
    /**
     * Closes the connection; the promise resolves to `true` or rejects with a
     * {@link BusinessError}.
     * @since 6
     */
    close(options?: WebSocketCloseOptions): Promise<boolean>;

    /**
     * The connection is open: messages can go both ways.
     * @since 6
     */
    on(type: 'open', callback: AsyncCallback<OpenResult>): void;
    /**
     * The connection is open, with the sub-protocol that the server chose; right after `open`.
     * @since 26
     */
    on(type: 'openInfo', callback: AsyncCallback<WebSocketOpenInfo>): void;
    /**
     * A message has come: text as a string, binary as an ArrayBuffer (since 8). Before level 12 it
     * comes in pieces of at most 4096 bytes, which never split a character; `dataEnd` follows the
     * last. From level 12 it comes whole.
     *
     * An ArrayBuffer is the program's own, at every size: it may be transferred to another thread,
     * and outlives the one that received it. If JavaScript has no memory for a message, its
     * connection alone is closed, with 1009.
     *
     * Texts of up to 64 characters that arrive together are cut out of one string of at most 512
     * characters, which stays in memory for as long as the program keeps one of them (but for texts
     * of less than 13, which are copies).
     * @since 6
     */
    on(type: 'message', callback: AsyncCallback<string | ArrayBuffer>): void;
    /** As above, for a program that knows that its server sends text only. */
    on(type: 'message', callback: AsyncCallback<string>): void;
    /** As above, for a program that knows that its server sends binary data only. */
    on(type: 'message', callback: AsyncCallback<ArrayBuffer>): void;
    /** **arkws**: as above, with {@link WebSocketRequestOptions.binaryType} `'uint8array'`. */
    on(type: 'message', callback: AsyncCallback<string | Uint8Array>): void;
    /**
     * The message is complete.
     * @since 11
     */
    on(type: 'dataEnd', callback: Callback<void>): void;
    /**
     * The header of the server's response, before `open`.
     * @since 12
     */
    on(type: 'headerReceive', callback: Callback<ResponseHeaders>): void;
    /**
     * The connection is closed. After it nothing comes any more.
     * @since 6
     */
    on(type: 'close', callback: AsyncCallback<CloseResult>): void;
    /**
     * An attempt failed, or the connection was lost. The code is always 200; `cause` says why.
     * @since 6
     */
    on(type: 'error', callback: ErrorCallback<WebSocketError>): void;
    /** As above, with the platform's type. */
    on(type: 'error', callback: ErrorCallback): void;
    /**
     * **arkws**: the connection is lost and will be tried again: see
     * {@link WebSocketRequestOptions.reconnect}.
     */
    on(type: 'reconnecting', callback: Callback<ReconnectingInfo>): void;
    /** **arkws**: the connection is back; right after its `open`. */
    on(type: 'reconnected', callback: Callback<ReconnectedInfo>): void;
    /** **arkws**: the server has sent a ping, with this payload. It is answered by itself. */
    on(type: 'ping', callback: Callback<ArrayBuffer>): void;
    /** **arkws**: the server has sent a pong, with this payload. */
    on(type: 'pong', callback: Callback<ArrayBuffer>): void;

    /**
     * **arkws**: as {@link on}, for the next event alone. `off` removes the listener as well.
     */
    once: WebSocket['on'];

    /**
     * Removes `callback`, or all listeners of `open`.
     * @since 6
     */
    off(type: 'open', callback?: AsyncCallback<OpenResult>): void;
    /**
     * Removes `callback`, or all listeners of `openInfo`.
     * @since 26
     */
    off(type: 'openInfo', callback?: AsyncCallback<WebSocketOpenInfo>): void;
    /**
     * Removes `callback`, or all listeners of `message`.
     * @since 6
     */
    off(type: 'message', callback?: AsyncCallback<string | ArrayBuffer>): void;
    /** As above, for a listener of text only. */
    off(type: 'message', callback: AsyncCallback<string>): void;
    /** As above, for a listener of binary data only. */
    off(type: 'message', callback: AsyncCallback<ArrayBuffer>): void;
    /** **arkws**: as above, with `binaryType: 'uint8array'`. */
    off(type: 'message', callback: AsyncCallback<string | Uint8Array>): void;
    /**
     * Removes `callback`, or all listeners of `dataEnd`.
     * @since 11
     */
    off(type: 'dataEnd', callback?: Callback<void>): void;
    /**
     * Removes `callback`, or all listeners of `headerReceive`.
     * @since 12
     */
    off(type: 'headerReceive', callback?: Callback<ResponseHeaders>): void;
    /**
     * Removes `callback`, or all listeners of `close`.
     * @since 6
     */
    off(type: 'close', callback?: AsyncCallback<CloseResult>): void;
    /**
     * Removes `callback`, or all listeners of `error`.
     * @since 6
     */
    off(type: 'error', callback?: ErrorCallback<WebSocketError>): void;
    /** As above, with the platform's type. */
    off(type: 'error', callback: ErrorCallback): void;
    /** **arkws**: removes `callback`, or all listeners of `reconnecting`. */
    off(type: 'reconnecting', callback?: Callback<ReconnectingInfo>): void;
    /** **arkws**: removes `callback`, or all listeners of `reconnected`. */
    off(type: 'reconnected', callback?: Callback<ReconnectedInfo>): void;
    /** **arkws**: removes `callback`, or all listeners of `ping`. */
    off(type: 'ping', callback?: Callback<ArrayBuffer>): void;
    /** **arkws**: removes `callback`, or all listeners of `pong`. */
    off(type: 'pong', callback?: Callback<ArrayBuffer>): void;

    /**
     * `on('open')`, as static ArkTS names it.
     * @since 23
     */
    onOpen(callback: AsyncCallback<OpenResult>): void;
    /**
     * `off('open')`.
     * @since 23
     */
    offOpen(callback?: AsyncCallback<OpenResult>): void;
    /**
     * `on('message')`.
     * @since 23
     */
    onMessage(callback: AsyncCallback<string | ArrayBuffer>): void;
    /** `on('message')` for text only. */
    onMessage(callback: AsyncCallback<string>): void;
    /** `on('message')` for binary data only. */
    onMessage(callback: AsyncCallback<ArrayBuffer>): void;
    /** **arkws**: as above, with `binaryType: 'uint8array'`. */
    onMessage(callback: AsyncCallback<string | Uint8Array>): void;
    /**
     * `off('message')`.
     * @since 23
     */
    offMessage(callback?: AsyncCallback<string | ArrayBuffer>): void;
    /** `off('message')` for a listener of text only. */
    offMessage(callback: AsyncCallback<string>): void;
    /** `off('message')` for a listener of binary data only. */
    offMessage(callback: AsyncCallback<ArrayBuffer>): void;
    /** **arkws**: as above, with `binaryType: 'uint8array'`. */
    offMessage(callback: AsyncCallback<string | Uint8Array>): void;
    /**
     * `on('close')`.
     * @since 23
     */
    onWebSocketClose(callback: AsyncCallback<CloseResult>): void;
    /**
     * `off('close')`.
     * @since 23
     */
    offWebSocketClose(callback?: AsyncCallback<CloseResult>): void;
    /**
     * `on('error')`.
     * @since 23
     */
    onWebSocketError(callback: ErrorCallback<WebSocketError>): void;
    /** `on('error')`, with the platform's type. */
    onWebSocketError(callback: ErrorCallback): void;
    /**
     * `off('error')`.
     * @since 23
     */
    offWebSocketError(callback?: ErrorCallback<WebSocketError>): void;
    /** `off('error')`, with the platform's type. */
    offWebSocketError(callback: ErrorCallback): void;
    /**
     * `on('dataEnd')`.
     * @since 23
     */
    onDataEnd(callback: Callback<void>): void;
    /**
     * `off('dataEnd')`.
     * @since 23
     */
    offDataEnd(callback?: Callback<void>): void;
    /**
     * `on('headerReceive')`.
     * @since 23
     */
    onHeaderReceive(callback: Callback<ResponseHeaders>): void;
    /**
     * `off('headerReceive')`.
     * @since 23
     */
    offHeaderReceive(callback?: Callback<ResponseHeaders>): void;
    /** **arkws**: `on('openInfo')`. */
    onOpenInfo(callback: AsyncCallback<WebSocketOpenInfo>): void;
    /** **arkws**: `off('openInfo')`. */
    offOpenInfo(callback?: AsyncCallback<WebSocketOpenInfo>): void;
    /** **arkws**: `on('reconnecting')`. */
    onReconnecting(callback: Callback<ReconnectingInfo>): void;
    /** **arkws**: `off('reconnecting')`. */
    offReconnecting(callback?: Callback<ReconnectingInfo>): void;
    /** **arkws**: `on('reconnected')`. */
    onReconnected(callback: Callback<ReconnectedInfo>): void;
    /** **arkws**: `off('reconnected')`. */
    offReconnected(callback?: Callback<ReconnectedInfo>): void;
    /** **arkws**: `on('ping')`. */
    onPing(callback: Callback<ArrayBuffer>): void;
    /** **arkws**: `off('ping')`. */
    offPing(callback?: Callback<ArrayBuffer>): void;
    /** **arkws**: `on('pong')`. */
    onPong(callback: Callback<ArrayBuffer>): void;
    /** **arkws**: `off('pong')`. */
    offPong(callback?: Callback<ArrayBuffer>): void;

    /**
     * **arkws**: the state, numbered as in browsers: 0 connecting (or waiting to reconnect), 1
     * open, 2 closing, 3 closed.
     */
    readonly readyState: number;
    /** **arkws**: bytes of messages that were sent but not yet handed to the operating system. */
    readonly bufferedAmount: number;
    /** **arkws**: counters and facts of the current connection, or of the last one. */
    stats(): WebSocketStats;

    /**
     * **arkws**: sends a ping (RFC 6455, 5.5.2) and resolves with the milliseconds from when it
     * left until its pong came. Without `data` it carries a number of its own.
     * @param data At most 125 bytes (a string in UTF-8); longer, or anything else: 401.
     * @returns Rejects with -1 if no connection is open, or if it ends before the pong has come,
     * which does not end a program that leaves the promise alone.
     */
    ping(data?: string | ArrayBuffer | ArrayBufferView): Promise<number>;

    /**
     * **arkws**: stops to read from the connection, this one and those that follow, and to tell
     * what has come: no `message` is told before {@link resume}, and no event that comes behind
     * one. Then the operating system's buffers fill up, and the server has to wait with what it
     * sends: a server that gives up on those who take nothing does so (in arkws after
     * `writeTimeout`, by default 30 s). Meanwhile pings are neither answered nor is there a pong
     * for ours, and nobody notices that the connection is lost: pause for seconds, not for hours.
     * `close()` and `terminate()` resume.
     */
    pause(): this;
    /** **arkws**: reads again, and tells what has come, after the code that runs now. */
    resume(): this;

    /**
     * **arkws**: ends the connection at once: without a closing handshake and without what still
     * waits to be sent, also while `close()` waits for the server. `close` has code 1006. An
     * attempt is cancelled, as by `close()`. Without a connection nothing happens.
     */
    terminate(): void;

    /** **arkws**: the process waits for the end of the connection, as it does by default. */
    ref(): this;
    /**
     * **arkws**: the process does not wait for the end of the connection: it ends when nothing
     * else keeps it, and closes the connection with 1001. `jest --detectOpenHandles` shows none.
     */
    unref(): this;

    /**
     * **arkws**: the messages of the connection, for `for await (const message of ws)`: what
     * `message` brings from now on. What came before is not among them, so begin right after
     * `connect()`, or when `open` was told. While more than 256 messages or 1 MiB wait for the
     * loop, the connection is not read from: a slow loop has the server wait, as {@link pause}
     * does. It ends with `close`, and at once if there is no connection; it throws what `error`
     * brings. Leaving the loop leaves the connection open.
     */
    [Symbol.asyncIterator](): AsyncIterableIterator<string | ArrayBuffer>;

    /**
     * **arkws**: closes as `close()` does, and waits for `close`: for `await using`. (In engines
     * that have the symbol.)
     */
    [Symbol.asyncDispose](): Promise<void>;
  }

  /**
   * Options of {@link WebSocket.connect}.
   * @since 6
   */
  interface WebSocketRequestOptions {
    /**
     * Header fields of the request: an object, a `Map` or an array of pairs; each value a string, a
     * number or an array of strings. `Host`, `Origin` and `User-Agent` replace ours,
     * `Sec-WebSocket-Protocol` joins `protocol`, the other fields of the handshake are refused
     * (401), as are names and values that would break the request, and more than 8,192 fields.
     * Values are sent in UTF-8.
     *
     * **arkws**: `{ Origin: null }` sends no `Origin`, for objects made through `import 'arkws'`.
     * @since 6
     */
    header?: Object;
    /**
     * Trusted certificates (PEM), a file or a directory of files, instead of the system's. Default:
     * the system's.
     *
     * **arkws**: what an authority has signed is accepted even if it has expired, since the program
     * has named it; `ARKWS_LOG` tells. The server may show one of these certificates itself, valid
     * now; of X.509 version 1, which authorities may be, its own is accepted only so.
     * @since 11
     */
    caPath?: string;
    /**
     * The certificate to show to the server. Default: none.
     * @since 11
     */
    clientCert?: ClientCert;
    /**
     * How to get out. Default: `'system'`.
     * @since 12
     */
    proxy?: ProxyConfiguration;
    /**
     * Sub-protocols to offer, separated by commas. Default: none.
     * @since 12
     */
    protocol?: string;
    /**
     * Accepts any certificate. For tests only. Default: `false`.
     * @since 20
     */
    skipServerCertVerification?: boolean;
    /**
     * Whole seconds of silence after which the server is pinged, 0 to 30000; 0: never. Any other
     * number, and by default: 30.
     * @since 21
     */
    pingInterval?: number;
    /**
     * Whole seconds to wait for an answer to a ping before the connection counts as lost;
     * **arkws**: they run from when the ping has left, and do not pass while the server takes what
     * is sent to it, however slowly. While a ping waits behind what the server does not take,
     * `writeTimeout` alone applies. One over `pingInterval` means `pingInterval`, but for 30, the
     * default, which stays: also with `{ pingInterval: 5 }`. 0: a missing answer has no
     * consequence.
     * @since 21
     */
    pongTimeout?: number;
    /**
     * Lowest TLS version. 1.0 and 1.1 are never spoken: they mean 1.2, as does any other number.
     * Default: 1.2.
     * @since 26
     */
    minSupportTlsProtocol?: TlsProtocol;
    /**
     * Whether `Origin` names a port that is not the scheme's own. Default: `false`.
     * @since 26
     */
    supportOriginPort?: boolean;
    /** **arkws**: milliseconds for name, TCP and proxy; over 0, else 401. Default: 20000. */
    connectTimeout?: number;
    /**
     * **arkws**: milliseconds for TLS and the server's response; over 0, else 401. Default: 15000.
     */
    handshakeTimeout?: number;
    /**
     * **arkws**: how many redirects are followed, never from `wss` to `ws`; from 0 (none), else
     * 401. To another origin `User-Agent` goes along, no other header of yours and no sub-protocol.
     * Default: 4.
     */
    maxRedirects?: number;
    /**
     * **arkws**: bytes of the largest head of an answer, the server's or a proxy's, over 0, else
     * 401. Default: 16 KiB.
     */
    maxHeaderBytes?: number;
    /** **arkws**: most header fields of such an answer, over 0, else 401. Default: 128. */
    maxHeaders?: number;
    /**
     * **arkws**: bytes of the largest message accepted, over 0, else 401; a larger one ends the
     * connection with 1009. Default: 64 MiB.
     */
    maxMessageSize?: number;
    /**
     * **arkws**: most frames that a message may come in, over 0, else 401; more end the connection
     * with 1009. Default: 1048576.
     */
    maxFragments?: number;
    /**
     * **arkws**: milliseconds that the server may take nothing of what waits to be sent; then it is
     * given up: `error` with the cause `timeout`, `close` with 1006. From 0 (never), else 401.
     * Default: 30000.
     */
    writeTimeout?: number;
    /**
     * **arkws**: milliseconds that a message may be incomplete while no frame of the connection
     * comes, nor 64 KiB of a long one; then it is closed with 1008: `error` with the cause
     * `timeout`, `close` with 1006. From 0 (never), else 401. Default: 0. Incomplete messages of
     * all connections of a thread share 256 MiB: over that, the connection with the most beyond its
     * fair share is closed with 1009.
     */
    messageTimeout?: number;
    /**
     * **arkws**: bytes of messages that may wait to be sent, or 512 for each message if that is
     * more; `send` beyond that is refused with -1. From 0, else 401. Default: 256 MiB.
     */
    maxQueuedBytes?: number;
    /** **arkws**: offers compression (RFC 7692). Default: `false`. */
    perMessageDeflate?: boolean;
    /**
     * **arkws**: `send` takes typed arrays, DataViews and Buffers as well, and sends their bytes.
     * For objects made through `import 'arkws'`; through the platform's modules it is ignored, as
     * on a device, where they are 401. Default: `false`.
     */
    acceptViews?: boolean;
    /**
     * **arkws**: gives up when it is aborted: an attempt, which ends with an `error` event whose
     * cause is `closed`, or an open connection, which is closed as by `close()`. One that is
     * aborted already fails the call with -1. The message has the signal's reason. For objects
     * made through `import 'arkws'`; through the platform's modules it is ignored. Default: none.
     */
    signal?: AbortSignalObject;
    /**
     * **arkws**: trusted certificates (PEM) instead of the system's, together with those of
     * `caPath`, whose words on expired ones and on X.509 version 1 hold for these too. This option
     * and the six below are for objects made through `import 'arkws'`;
     * through the platform's modules they are ignored. Default: the system's, and those of the file
     * that the environment variable `NODE_EXTRA_CA_CERTS` names (as in Node.js: read once, and
     * ignored if it cannot be used, of which Node.js warns, and `ARKWS_LOG` tells).
     */
    ca?: Pem | Pem[];
    /** **arkws**: the certificate to show to the server, with its chain; with `key`. */
    cert?: Pem;
    /** **arkws**: the private key of `cert`: PKCS#1, PKCS#8 or SEC1. */
    key?: Pem;
    /** **arkws**: the password of `key`, if it is encrypted. */
    passphrase?: string;
    /**
     * **arkws**: the name that the server is asked for (SNI), and that its certificate has to be
     * for, or an address. Default: the URL's host.
     */
    servername?: string;
    /**
     * **arkws**: the IP address of this machine to connect from; anything else is 401. Default: the
     * system's choice.
     */
    localAddress?: string;
    /**
     * **arkws**: resolves names, the server's and a proxy's, in place of the system: as
     * `dns.lookup`, and called with `{ all: true }`. An error fails the attempt, with the cause
     * `dns`. It has as long as `connectTimeout`. Default: the system does.
     */
    lookup?: LookupFunction;
    /**
     * **arkws**: what listeners of `message` get for a binary message; anything else is a mistake
     * (401). Default: `'arraybuffer'`.
     * - `'arraybuffer'`: an ArrayBuffer of its own.
     * - `'uint8array'`: a Uint8Array, in Node.js a `Buffer`, which takes a fraction of the time for
     *   small messages. Those of up to 16 KiB that arrive together are views of one ArrayBuffer of
     *   at most 64 KiB, which stays in memory for as long as the program keeps one of them: copy
     *   what you keep for long (`new Uint8Array(view)`), use `view.buffer` only with
     *   `view.byteOffset` and `view.byteLength`, and transfer a copy: the messages behind a view
     *   whose buffer was transferred are lost, and each raises `uncaughtException`.
     */
    binaryType?: 'arraybuffer' | 'uint8array';
    /**
     * **arkws**: connects again by itself when the connection is lost; `true` takes all defaults.
     * `close()` ends it. Default: `false`.
     */
    reconnect?: boolean | ReconnectOptions;
  }

  /** **arkws**: a `URL` of Node.js or of the browser. */
  interface UrlObject {
    readonly href: string;
    readonly searchParams: object;
  }

  /** **arkws**: an `AbortSignal` of Node.js or of the browser. */
  interface AbortSignalObject {
    readonly aborted: boolean;
    readonly reason: unknown;
    addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
    removeEventListener(type: 'abort', listener: () => void): void;
  }

  /**
   * Options of {@link WebSocket.close}.
   * @since 6
   */
  interface WebSocketCloseOptions {
    /** 1000–1003, 1007–1014 or 3000–4999; any other becomes 1000. Default: 1000. */
    code?: number;
    /**
     * At most 123 bytes of UTF-8; the rest is cut. Default: `""`, from level 12 `"CLOSE_NORMAL"`.
     */
    reason?: string;
  }

  /**
   * What `open` brings.
   * @since 6
   */
  interface OpenResult {
    /** 101. */
    status: number;
    /** `"Switching Protocols"`, or what the server says. */
    message: string;
  }

  /**
   * What `openInfo` brings.
   * @since 26
   */
  interface WebSocketOpenInfo extends OpenResult {
    /** The sub-protocol that the server chose, if it did. */
    protocol?: string;
  }

  /**
   * Header fields by lower-case name; one that came several times is an array. The object inherits
   * nothing. A value is read as UTF-8, as on the platform; one that is not UTF-8, as Latin-1.
   * @since 12
   */
  type ResponseHeaders = {
    [name: string]: string | string[] | undefined;
  };

  /**
   * How a connection ended: our own code and reason after a close of ours, else the peer's.
   * @since 10
   */
  interface CloseResult {
    /** 1000–4999. 1005: the peer gave none. 1006: the connection was lost. */
    code: number;
    /** The reason given, or why the connection was lost. */
    reason: string;
  }

  /** What `error` brings. On the platform it has only `code` and `data`. */
  interface WebSocketError extends BusinessError<string> {
    /** 200. */
    code: number;
    /** The HTTP status of a refused handshake, else `"0"`. */
    data: string;
    /** **arkws**: why, for programs. The message says it for people. */
    cause: ErrorCause;
    /**
     * **arkws**: what the server answered, if it refused the handshake. Sends that waited for the
     * connection are rejected with it, too. It is not enumerable, so that it is not printed with
     * the error: it may hold secrets.
     */
    readonly response?: RefusalResponse;
  }

  /** **arkws**: what a server answers that refuses the handshake. */
  interface RefusalResponse {
    /** The HTTP status. */
    readonly status: number;
    /** The header fields. */
    readonly headers: ResponseHeaders;
    /**
     * The body: as much of it as came within a second, at most 64 KiB; in Node.js a `Buffer`, whose
     * text is `String(body)`. It is empty of a redirect.
     */
    readonly body: Uint8Array;
  }

  /**
   * **arkws**: why an attempt failed or a connection was lost, and why later calls for it fail.
   *
   * - `invalid`: URL, header or option cannot be used
   * - `dns`: the name does not resolve
   * - `refused`: nothing listens there
   * - `unreachable`: there is no way there
   * - `timeout`: too slow
   * - `tls`: certificate, name, version
   * - `proxy`: the proxy refused or misbehaved
   * - `handshake`: the server did not agree to WebSocket; on servers, the client's request was
   *   refused
   * - `redirect`: it pointed elsewhere, once too often or to a less safe place
   * - `protocol`: the peer broke RFC 6455
   * - `too-big`: a message over `maxMessageSize`, or incomplete ones over `maxUnfinishedBytes`
   * - `heartbeat`: no answer to pings
   * - `reset`: the connection ended without a close
   * - `io`: anything else of the network
   * - `closed`: the connection was closed while it was still needed; on servers also, the server
   *   stops
   * - `policy`: the host is not allowed (2302998)
   * - `internal`: a defect of arkws
   * - `system`: of `connect` and `start`, the operating system has no thread or descriptor left for
   *   it, or refuses one otherwise
   * - `limit`: on servers, no room for one more client, connection or handshake
   * - `queue-full`: too much waits to be sent already (`maxQueuedBytes`); such an error has no
   *   stack frames. A server closes such a client with 1008
   * - `flood`: on servers, too many attempts of one client address
   */
  type ErrorCause =
    | 'invalid'
    | 'dns'
    | 'refused'
    | 'unreachable'
    | 'timeout'
    | 'tls'
    | 'proxy'
    | 'handshake'
    | 'redirect'
    | 'protocol'
    | 'too-big'
    | 'heartbeat'
    | 'reset'
    | 'io'
    | 'closed'
    | 'policy'
    | 'internal'
    | 'system'
    | 'limit'
    | 'queue-full'
    | 'flood';

  /**
   * **arkws**: counters and facts of a connection; a fact that is not known (yet) is `undefined`.
   */
  interface WebSocketStats {
    /** Messages received. */
    messagesReceived: number;
    /** Messages handed to the operating system. */
    messagesSent: number;
    /** Bytes read from the connection. */
    bytesReceived: number;
    /** Bytes written to the connection. */
    bytesSent: number;
    /** Pings of the heartbeat. */
    pingsSent: number;
    /** Pings of the peer. */
    pingsReceived: number;
    /** Milliseconds that the last ping took to be answered. */
    roundTripTime: number | undefined;
    /** The sub-protocol agreed on. */
    protocol: string | undefined;
    /** The extensions agreed on, as on the wire. */
    extensions: string | undefined;
    /** `"TLSv1.2"` or `"TLSv1.3"`. */
    tlsVersion: string | undefined;
    /** `ip:port` of the peer, or of the proxy if there is one. */
    remoteAddress: string | undefined;
  }

  // A client's way to its server

  /**
   * `'system'`: the environment's (`https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`);
   * `'no-proxy'`: none at all; or this one.
   * @since 12
   */
  type ProxyConfiguration = 'system' | 'no-proxy' | HttpProxy | Socks5Proxy;

  /**
   * A proxy.
   * @since 12
   */
  interface HttpProxy {
    /** Host name or address; **arkws**: also `socks5://host` and `http://host`. */
    host: string;
    /**
     * A whole number, 0 to 65535, else 401; a port in `host` counts before it. 0, and what is no
     * number: 80, with `socks5` 1080.
     */
    port: number;
    /** Default: none. */
    username?: string;
    /** Default: none. */
    password?: string;
    /** Hosts to reach directly; `*` stands for any sequence of characters. */
    exclusionList: Array<string>;
  }

  /**
   * A proxy that speaks SOCKS5, as the platform's `connection.Socks5Proxy` has it. It is told from
   * an {@link HttpProxy} by `exclusions`.
   * @since 26
   */
  interface Socks5Proxy {
    /** Host name or address. **arkws**: a scheme that it begins with counts: `socks5h://host`. */
    host: string;
    /** As of an {@link HttpProxy}; 0, and what is no number: 1080. */
    port: number;
    /** Default: none. */
    username?: string;
    /** Default: none. */
    password?: string;
    /** Hosts to reach directly; `*` stands for any sequence of characters. */
    exclusions: Array<string>;
  }

  /** **arkws**: `dns.lookup`, or a function like it: it gives one address, or an array. */
  type LookupFunction = (
    hostname: string,
    options: object,
    callback: (
      error: Error | null,
      address: string | { address: string; family?: number }[],
      family?: number,
    ) => void,
  ) => void;

  // A server

  /**
   * Makes a server.
   * @since 19
   */
  function createWebSocketServer(): WebSocketServer;

  /**
   * A server. Results come by promise; `on` and `off` throw on bad arguments (401).
   * @since 19
   */
  interface WebSocketServer {
    /**
     * Starts to listen. Rejects with 401, 201, 2302002 (a certificate file is missing), 2302004
     * (not an address), 2302005 (not a port), 2302007 (port occupied), 2302999 (a limit over 10).
     * @since 19
     */
    start(config: WebSocketServerConfig): Promise<boolean>;
    /**
     * **arkws**: the same, for a server without a port of its own. Rejects also with 401 if the
     * options contradict each other, and with 2302007 if there is something at the path.
     */
    start(config: ServerConfigElsewhere): Promise<boolean>;
    /**
     * Stops: closes every client with 1001. Rejects with 2302999 if it does not run.
     * @since 19
     */
    stop(): Promise<boolean>;
    /**
     * **arkws**: stops in the program's own words, and resolves when every `close` event has been
     * told, at most after `timeout`: clients that have not closed by then are dropped (`error` with
     * the cause `timeout`, then `close` with 1006). Rejects with 401 for options that are none, and
     * with 2302999 if the server does not run. Only on objects made through `import 'arkws'`: on
     * others each argument is refused with 2302999, as on the platform.
     */
    stop(options: StopOptions): Promise<boolean>;
    /**
     * The clients, ordered by address. The array can also be awaited, as the platform's
     * documentation has it.
     * @since 19
     */
    listAllConnections(): WebSocketServerConnection[] & PromiseLike<WebSocketServerConnection[]>;
    /**
     * Sends one message to one client. Rejects with 401, 201, -1, 2302006 (no such client).
     * **arkws**: the error's `cause` says how the client has left (if it was one of the last 256),
     * or `queue-full`.
     * @param data At most 5,242,864 bytes.
     * @since 19
     */
    send(data: string | ArrayBuffer, connection: WebSocketConnection): Promise<boolean>;
    /**
     * Closes one client. Rejects with 401, 201, 2302006 (no such client), 2302999 (closing
     * already).
     * @since 19
     */
    close(connection: WebSocketConnection, options?: WebSocketCloseOptions): Promise<boolean>;

    /**
     * A client has connected.
     * @since 19
     */
    on(type: 'connect', callback: Callback<WebSocketServerConnection>): void;
    /**
     * A client has sent a message; always whole.
     * @since 19
     */
    on(type: 'messageReceive', callback: Callback<WebSocketMessage>): void;
    /**
     * A client is gone.
     * @since 19
     */
    on(type: 'close', callback: ClientConnectionCloseCallback): void;
    /**
     * A client was refused or lost. The code is always 200.
     * @since 19
     */
    on(type: 'error', callback: ErrorCallback<WebSocketServerError>): void;
    /** As above, with the platform's type. */
    on(type: 'error', callback: ErrorCallback): void;
    /**
     * **arkws**: a client asks to come in. It comes in when the listener, or its promise, is done
     * without a call of {@link WebSocketServerRequest.refuse}; if it throws, the client gets 500.
     */
    on(type: 'request', callback: RequestCallback): void;
    /**
     * **arkws**: somebody asks for something else than a WebSocket, a load balancer whether the
     * server is well, for example. Whoever is not answered within `requestTimeout` gets 503; if a
     * listener throws, or its promise is rejected, 500. Without a listener the answer is 426, or
     * 405 for another method than GET, and there is an `error`.
     */
    on(type: 'httpRequest', callback: HttpRequestCallback): void;

    /** **arkws**: as {@link on}, for the next event alone. */
    once: WebSocketServer['on'];

    /**
     * Removes `callback`, or all listeners of `connect`.
     * @since 19
     */
    off(type: 'connect', callback?: Callback<WebSocketServerConnection>): void;
    /**
     * Removes `callback`, or all listeners of `messageReceive`.
     * @since 19
     */
    off(type: 'messageReceive', callback?: Callback<WebSocketMessage>): void;
    /**
     * Removes `callback`, or all listeners of `close`.
     * @since 19
     */
    off(type: 'close', callback?: ClientConnectionCloseCallback): void;
    /**
     * Removes `callback`, or all listeners of `error`.
     * @since 19
     */
    off(type: 'error', callback?: ErrorCallback<WebSocketServerError>): void;
    /** As above, with the platform's type. */
    off(type: 'error', callback: ErrorCallback): void;
    /** **arkws**: removes `callback`, or all listeners of `request`. */
    off(type: 'request', callback?: RequestCallback): void;
    /** **arkws**: removes `callback`, or all listeners of `httpRequest`. */
    off(type: 'httpRequest', callback?: HttpRequestCallback): void;

    /**
     * `on('connect')`, as static ArkTS names it.
     * @since 23
     */
    onConnect(callback: Callback<WebSocketServerConnection>): void;
    /**
     * `off('connect')`.
     * @since 23
     */
    offConnect(callback?: Callback<WebSocketServerConnection>): void;
    /**
     * `on('messageReceive')`.
     * @since 23
     */
    onMessageReceive(callback: Callback<WebSocketMessage>): void;
    /**
     * `off('messageReceive')`.
     * @since 23
     */
    offMessageReceive(callback?: Callback<WebSocketMessage>): void;
    /**
     * `on('close')`.
     * @since 26
     */
    onWebSocketServerClose(callback: ClientConnectionCloseCallback): void;
    /**
     * `off('close')`.
     * @since 26
     */
    offWebSocketServerClose(callback?: ClientConnectionCloseCallback): void;
    /**
     * `on('error')`.
     * @since 23
     */
    onWebSocketServerError(callback: ErrorCallback<WebSocketServerError>): void;
    /** `on('error')`, with the platform's type. */
    onWebSocketServerError(callback: ErrorCallback): void;
    /**
     * `off('error')`.
     * @since 23
     */
    offWebSocketServerError(callback?: ErrorCallback<WebSocketServerError>): void;
    /** `off('error')`, with the platform's type. */
    offWebSocketServerError(callback: ErrorCallback): void;
    /** **arkws**: `on('request')`. */
    onRequest(callback: RequestCallback): void;
    /** **arkws**: `off('request')`. */
    offRequest(callback?: RequestCallback): void;
    /** **arkws**: `on('httpRequest')`. */
    onHttpRequest(callback: HttpRequestCallback): void;
    /** **arkws**: `off('httpRequest')`. */
    offHttpRequest(callback?: HttpRequestCallback): void;

    /**
     * **arkws**: where the server listens: the port that port 0 has become. `undefined` if it does
     * not run.
     */
    listAddress(): ListenAddress | undefined;
    /**
     * **arkws**: another certificate, for new handshakes; connections that are open stay, and the
     * server asks its clients for theirs as it says. Rejects with 401 as `serverCert` does, and if
     * it is none; 201; 2302002; 2302999 if the server does not run, runs without TLS, or cannot use
     * the certificate.
     */
    setCertificate(certificate: ServerCert | ServerCertPem): Promise<boolean>;
    /**
     * **arkws**: serves a client whose request an HTTP server of Node.js has got, with the
     * arguments of its `upgrade`; all options hold for it, and all events come. It may be called
     * later than in that event, on any server that runs, and with any stream. The request is
     * answered here: also with 503 if the server was stopped. A socket that is gone, or that the
     * program has ended, is left alone. Throws 401 for what is no request of HTTP/1 and no stream,
     * and for a socket that was handed over before; 2302999 if the server was never started.
     */
    handleUpgrade(request: UpgradeRequest, socket: UpgradeSocket, head?: Uint8Array): void;
    /**
     * **arkws**: sends one message to all clients, but those in `except`. Resolves to the number of
     * clients it was sent to. A client in `except` that has left stands for nobody. Rejects with
     * 401, 201, 2302999 (not started).
     */
    broadcast(
      data: string | ArrayBuffer,
      except?: WebSocketConnection | WebSocketConnection[],
    ): Promise<number>;
    /**
     * **arkws**: takes a client into a room, a name for a group of clients, from `connect` on. A
     * room is there while anybody is in it; a client leaves its rooms when its connection ends.
     * Rejects with 401 (also for a name of more than 256 bytes, and a client in 1,024 rooms), 201,
     * -1, 2302006 (no such client).
     */
    join(connection: WebSocketConnection, room: string): Promise<boolean>;
    /**
     * **arkws**: takes a client out of a room, or of all. One that is not there is no mistake.
     * Rejects with 401, 201, -1, 2302006 (no such client).
     */
    leave(connection: WebSocketConnection, room?: string): Promise<boolean>;
    /**
     * **arkws**: as {@link broadcast}, to the clients in a room. Resolves to the number of clients
     * it was sent to: 0 where nobody is.
     */
    broadcastTo(
      room: string,
      data: string | ArrayBuffer,
      except?: WebSocketConnection | WebSocketConnection[],
    ): Promise<number>;
  }

  /**
   * Options of {@link WebSocketServer.start}.
   * @since 19
   */
  interface WebSocketServerConfig {
    /**
     * 1 to 65535; 0: a free one, see {@link WebSocketServer.listAddress}. Anything but a number is
     * 401, unless another option says where clients come from: {@link ServerConfigElsewhere}.
     */
    serverPort: number;
    /** Address to listen at. Default: `"0.0.0.0"`. */
    serverIP?: string;
    /**
     * **arkws**: several servers share the port, in one process or in several of the same user, all
     * with this option; Linux and FreeBSD spread the clients over them. Limits hold for each server
     * by itself. A system without such ports (Windows) gives 401. Port 0 is another port for each.
     * Default: `true` in workers of `node:cluster`, which the cluster mode of pm2 has, on Linux and
     * FreeBSD; else `false`.
     */
    reusePort?: boolean;
    /**
     * Certificate and key: makes it a `wss://` server. Default: none. What is no object with a
     * string `certPath`, or with `cert` and `key`, is 401; an empty `certPath` means none, with a
     * warning.
     */
    serverCert?: ServerCert | ServerCertPem;
    /** Sub-protocols that the server speaks, separated by commas, the best first. Default: none. */
    protocol?: string;
    /**
     * Most client addresses at a time, up to 10; those of one IPv6 network (/64) are one. Default:
     * 10.
     */
    maxConcurrentClientsNumber?: number;
    /** Most connections of one client address at a time, up to 10. Default: 10. */
    maxConnectionsForOneClient?: number;
    /**
     * **arkws**: how many clients are let in:
     *
     * - `'platform'`, as on the platform: the two limits above, and 51 attempts of one address
     *   within a minute, after which it is refused for a minute.
     * - `'none'`: no limits of this kind at all, not even of opening handshakes: for tests, and for
     *   servers that only a proxy reaches.
     * - an object: limits of the program's own.
     *
     * Anything else is 401, and so is anything but `'platform'` together with
     * `maxConcurrentClientsNumber` or `maxConnectionsForOneClient`. Default: `'platform'`.
     */
    limits?: 'platform' | 'none' | ServerLimits;
    /**
     * **arkws**: the proxies in front of the server: their addresses (`'192.0.2.1'`) and networks
     * (`'2001:db8::/32'`); `true`: whatever has a loopback or private address (127.0.0.0/8,
     * 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, ::1, fc00::/7). Anything else is 401. Default:
     * none.
     *
     * Of a request that one of them passes on, `connection.remoteAddress` is the last entry of
     * `Forwarded` (RFC 7239), or else of `X-Forwarded-For`, that is not in `trustProxy`: what
     * stands before it may be made up. An entry that is no address (`unknown`, a hidden name) ends
     * the search. A request with both fields must name the same client in both, since a proxy that
     * knows one of them passes on the other as it came; else it is the proxy's address. `limits`
     * count by `remoteAddress`; those of opening handshakes do not concern these proxies.
     */
    trustProxy?: boolean | string[];
    /**
     * **arkws**: seconds of silence after which a client is pinged; one that does not answer within
     * the same time from when the ping has left is gone. Default: 0, never.
     */
    pingInterval?: number;
    /**
     * **arkws**: milliseconds that a client may take from its TCP connection to its complete
     * request, TLS included; over 0, else 401. Default: 5000. When 256 clients (64 of one address)
     * are that far, the one that came first makes room: see `limits`.
     */
    handshakeTimeout?: number;
    /**
     * **arkws**: milliseconds that the listeners of `request` may take to decide; then the client
     * is refused with 503. Over 0, else 401. Default: 15000.
     */
    requestTimeout?: number;
    /**
     * **arkws**: the origins whose web pages may connect, as `scheme://host[:port]`: case does not
     * matter, a scheme's default port may be left out, `*` in the host stands for any characters,
     * and `'null'` allows pages without an origin of their own. Others are refused with 403, before
     * there is a `request`; requests without `Origin` do not come from a browser, and pass.
     * Anything else is 401. Default: every page of every site may connect.
     */
    allowedOrigins?: string[];
    /**
     * **arkws**: bytes of the largest message accepted, over 0, else 401; a larger one ends that
     * connection with 1009. Default: 16 MiB.
     */
    maxMessageSize?: number;
    /**
     * **arkws**: most frames that a message may come in, over 0, else 401; more end that connection
     * with 1009. Default: 1048576.
     */
    maxFragments?: number;
    /**
     * **arkws**: bytes of the largest head of a request, over 0, else 401; a larger one is refused
     * with HTTP status 431, and an `error`. Default: 16 KiB.
     */
    maxHeaderBytes?: number;
    /**
     * **arkws**: most header fields of a request, over 0, else 401; one with more is refused
     * likewise. Default: 128.
     */
    maxHeaders?: number;
    /**
     * **arkws**: milliseconds that a client may take nothing of what waits for it; then it is given
     * up: `error` with the cause `timeout`, `close` with 1006. From 0 (never), else 401. Default:
     * 30000.
     */
    writeTimeout?: number;
    /**
     * **arkws**: milliseconds that a message may be incomplete while no frame of that client comes,
     * nor 64 KiB of a long one; then it is closed with 1008: `error` with the cause `timeout`,
     * `close` with 1006. From 0 (never), else 401. Default: 60000.
     */
    messageTimeout?: number;
    /**
     * **arkws**: bytes that incomplete messages of all clients may take, over 0, else 401. Over
     * that, the client with the most beyond its fair share is closed with 1009: `error` with the
     * cause `too-big`, `close` with 1006. Never below `maxMessageSize`. Default: 256 MiB, shared by
     * all connections of a thread.
     */
    maxUnfinishedBytes?: number;
    /**
     * **arkws**: bytes that may wait for one client, or 512 for each message if that is more.
     * `send` to it beyond that is refused with -1, and the client is closed with 1008: `error` with
     * the cause `queue-full`, then `close`. From 0, else 401. Default: 16 MiB.
     *
     * A client that takes nothing for 100 ms while more than 1 MiB or 4,096 messages wait for it is
     * not read from, until half of that is left. Nor is one for whom more than a quarter of
     * `maxQueuedBytes` waits, until less does, so that there is room for the answers to what it
     * asks next.
     */
    maxQueuedBytes?: number;
    /** **arkws**: accepts compression (RFC 7692). Default: `false`. */
    perMessageDeflate?: boolean;
  }

  /**
   * **arkws**: limits of a server. Those that are left out are not limited, but for `handshakes`.
   * Each is a number over 0, else 401, and so is a member of another name. An address is an IPv4
   * address, or an IPv6 network (/64). Who is refused gets 503 and the reason, and there is an
   * `error` with the cause `limit` or `flood`, which names the option.
   */
  interface ServerLimits {
    /** Connections at a time, of all addresses together. */
    connections?: number;
    /** Connections at a time of one address. */
    perAddress?: number;
    /**
     * Attempts of one address within a minute, counted from the first. One more, and the address is
     * refused for a minute.
     */
    attemptsPerMinute?: number;
    /**
     * Opening handshakes at a time, from the TCP connection to the answer; a quarter of them of one
     * address, if `perAddress` is set. When there are that many, the oldest without a complete
     * request makes room for the next. If all wait for the program, the next is refused with 503;
     * where the server itself speaks TLS, without an answer. Default: 256.
     */
    handshakes?: number;
  }

  /** **arkws**: options of {@link WebSocketServer.stop}. */
  interface StopOptions {
    /**
     * Code of the close frames: 1000 to 1003, 1007 to 1014, or 3000 to 4999, else 401. Default:
     * 1001.
     */
    code?: number;
    /** Reason; what is over 123 bytes is cut. Default: `"server is going away"`. */
    reason?: string;
    /**
     * Milliseconds that the clients may take, from 0 (none), else 401. Also to take what was sent
     * to them before: a slow client is given no less. Default: 5000.
     */
    timeout?: number;
  }

  /** **arkws**: where a server listens. */
  interface ListenAddress {
    /** IPv4 or IPv6 address; of a Unix socket the path. */
    address: string;
    /** The port; of a Unix socket 0. */
    port: number;
  }

  // A server's clients

  /**
   * A client, as calls name it: an object of the server's events, or any with these two.
   * @since 19
   */
  interface WebSocketConnection {
    /** Address of the client. */
    clientIP: string;
    /** Port of the client. */
    clientPort: number;
  }

  /**
   * **arkws**: a client, as its server knows it: one object (`===`) from its `request` to its
   * `close`. A call with it is for this client, and never for a later one that has its address and
   * port; one with a copy of both is for whoever has them now.
   *
   * Only `clientIP` and `clientPort` are properties of its own, so that `JSON.stringify` and
   * `console.log` show neither header fields nor `data`. They cannot be changed.
   */
  interface WebSocketServerConnection extends WebSocketConnection {
    readonly clientIP: string;
    readonly clientPort: number;
    /**
     * Where the client comes from: `clientIP`, or what a proxy of the server's `trustProxy` says
     * about it.
     */
    readonly remoteAddress: string;
    /** Path and query of the client's request. Empty for one whose request never came. */
    readonly path: string;
    /** Header fields of the client's request. */
    readonly headers: ResponseHeaders;
    /**
     * The certificate that the client has shown; `undefined`: none, or the server does not ask for
     * one (`clientCa`), or TLS is that of an HTTP server of Node.js.
     */
    readonly peerCertificate: PeerCertificate | undefined;
    /** The sub-protocol that was agreed on; empty: none, or not yet. */
    readonly protocol: string;
    /** The program's own, for whatever it wants. Default: `undefined`. */
    // biome-ignore lint/suspicious/noExplicitAny: every program has a type of its own.
    data: any;
  }

  /**
   * A message of a client.
   * @since 19
   */
  interface WebSocketMessage {
    /**
     * Text as a string, binary as an ArrayBuffer. Short texts may
     * share memory as those of a client do: see `on('message')`.
     */
    data: string | ArrayBuffer;
    /** Who sent it. */
    clientConnection: WebSocketServerConnection;
  }

  /**
   * A listener of a server's `close`.
   * @since 19
   */
  type ClientConnectionCloseCallback = (
    clientConnection: WebSocketServerConnection,
    closeReason: ServerCloseResult,
  ) => void;

  /** How a client's connection ended. */
  interface ServerCloseResult extends CloseResult {
    /**
     * The same as `reason`: the platform's declarations and its implementation name it differently.
     */
    closeReason: string;
  }

  /** What a server's `error` brings. */
  interface WebSocketServerError extends WebSocketError {
    /**
     * **arkws**: the client that was lost, or not let in; also of errors of `send` and `close`, the
     * one they were called with. It is not shown when the error is printed.
     */
    connection?: WebSocketServerConnection;
  }

  // Requests to a server, and their answers

  /** **arkws**: a listener of a server's `request`. */
  type RequestCallback = (request: WebSocketServerRequest) => void | Promise<void>;

  /**
   * **arkws**: a client that asks to come in. Only its `connection` is shown when it is printed.
   */
  interface WebSocketServerRequest {
    /** Path and query. */
    readonly path: string;
    /** Header fields of the request. */
    readonly headers: ResponseHeaders;
    /** The client: the object that `connect` tells of, if it is let in. */
    readonly connection: WebSocketServerConnection;
    /**
     * Is aborted when the client has gone before it was answered, after `requestTimeout`, and by
     * `stop`: nobody waits for the answer any more.
     */
    readonly signal: RequestSignal;
    /**
     * Lets the client in at once, without waiting for other listeners. Of all answers the first
     * counts.
     * @throws {@link BusinessError} 401: the request has been answered already; or not such an
     * answer, and the request still waits for one.
     */
    accept(answer?: AcceptAnswer): void;
    /**
     * Refuses the client with an HTTP status (400–599) and a reason, which is the text of the
     * response. Of all answers the first counts.
     * @throws {@link BusinessError} as {@link accept}.
     */
    refuse(status: number, reason?: string): void;
    /**
     * Refuses with a response of the program's.
     * @throws {@link BusinessError} as {@link accept}.
     */
    refuse(answer: HttpAnswer & { status: number }): void;
  }

  /** **arkws**: an `AbortSignal`, as whatever of it the program's `lib` or `types` know. */
  type RequestSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
    ? Signal
    : {
        readonly aborted: boolean;
        addEventListener(type: 'abort', listener: () => void): void;
        removeEventListener(type: 'abort', listener: () => void): void;
      };

  /** **arkws**: how a client is let in. */
  interface AcceptAnswer {
    /**
     * The sub-protocol: one that the client offers, else 401. Default: the first of the server's
     * `protocol` that the client offers.
     */
    protocol?: string;
    /**
     * More header fields of the response, such as `Set-Cookie`, 16 KiB of names and values at most.
     * Those of the handshake itself are 401. Default: none.
     */
    headers?: HeaderFields;
    /** What `data` of the connection is to be. Default: as it is. */
    // biome-ignore lint/suspicious/noExplicitAny: every program has a type of its own.
    data?: any;
  }

  /** **arkws**: a listener of a server's `httpRequest`. */
  type HttpRequestCallback = (request: WebSocketServerHttpRequest) => void | Promise<void>;

  /**
   * **arkws**: a request that does not ask for a WebSocket. Its body, if it has one, is not read.
   * Only its `connection` is shown when it is printed.
   */
  interface WebSocketServerHttpRequest {
    /** Such as `GET`. */
    readonly method: string;
    /** Path and query. */
    readonly path: string;
    /** Header fields of the request. */
    readonly headers: ResponseHeaders;
    /** Who asks: an object of this request only. */
    readonly connection: WebSocketServerConnection;
    /**
     * As {@link WebSocketServerRequest.signal}. A client that ends its side of the connection (`nc
     * -N`, say) counts as gone: it cannot be told from one that has closed it.
     */
    readonly signal: RequestSignal;
    /**
     * Responds with a status from 200 to 599, now or later, and ends the connection. A HEAD request
     * gets no body. Of all answers the first counts.
     * @throws {@link BusinessError} 401: the request has been answered already; or not such an
     * answer, and the request still waits for one.
     */
    respond(answer: HttpAnswer): void;
  }

  /** **arkws**: an HTTP response; the connection ends with it. */
  interface HttpAnswer {
    /** The status. Default: 200. */
    status?: number;
    /**
     * Header fields, 16 KiB of names and values at most. Those that say how the response ends are
     * 401. Default: a `Content-Type`.
     */
    headers?: HeaderFields;
    /** The body, of at most 1 MiB. Default: none. */
    body?: string | ArrayBuffer | ArrayBufferView;
  }

  /** **arkws**: header fields: an object, a `Map` or an array of pairs. */
  type HeaderFields =
    | Record<string, string | number | string[]>
    | Map<string, string | number | string[]>
    | Iterable<[string, string | number | string[]]>;

  // wss: TLS and certificates

  /**
   * TLS versions.
   * @since 26
   */
  enum TlsProtocol {
    /** Means 1.2. */
    TLS_V_1_0 = 0,
    /** Means 1.2. */
    TLS_V_1_1 = 1,
    TLS_V_1_2 = 2,
    TLS_V_1_3 = 3,
  }

  /**
   * A client certificate and its key, in PEM. The key may be PKCS#1, PKCS#8 or SEC1.
   * @since 11
   */
  interface ClientCert {
    /** File of the certificate, with its chain. */
    certPath: string;
    /** File of the private key. */
    keyPath: string;
    /** Password of an encrypted key. */
    keyPassword?: string;
  }

  /** **arkws**: PEM as text, or its bytes. */
  type Pem = string | ArrayBuffer | ArrayBufferView;

  /** **arkws**: whether a server asks its clients for certificates. */
  interface ClientAuthentication {
    /**
     * PEM of the authorities whose certificates clients may show; who shows another one is not let
     * in: see {@link WebSocketServerConnection.peerCertificate}. As with `caPath`, an authority may
     * have expired, and a client may show one of these certificates itself. Default: clients are
     * not asked.
     */
    clientCa?: string | Uint8Array;
    /**
     * Whether clients that show none are not let in, either. 401 without `clientCa`. Default:
     * `true`.
     */
    requireClientCert?: boolean;
  }

  /**
   * A server's certificate and key, in PEM.
   * @since 19
   */
  interface ServerCert extends ClientAuthentication {
    /** File of the certificate, with its chain. */
    certPath: string;
    /** File of the private key. */
    keyPath: string;
  }

  /** **arkws**: a server's certificate and key, as PEM in memory. Anything else is 401. */
  interface ServerCertPem extends ClientAuthentication {
    /** The certificate, with its chain. */
    cert: string | Uint8Array;
    /** The private key. */
    key: string | Uint8Array;
  }

  /** **arkws**: what a client has shown in TLS. */
  interface PeerCertificate {
    /** Its common name, if there is one. */
    subject: { CN: string | undefined };
    /** All of it, X.509 in DER: for `new X509Certificate(Buffer.from(raw))` of Node.js, say. */
    raw: ArrayBuffer;
  }

  // Reconnecting

  /**
   * **arkws**: exponential back-off. A server that refuses with 429 or 503 and a `Retry-After`, in
   * seconds or as a date, is left alone for so long, at most 10 minutes. A date counts from the
   * response's `Date`, so the two clocks need not agree; one that has passed changes nothing.
   *
   * Where the network changes meanwhile, as {@link networkChanged} says, a client tries within a
   * second instead of waiting out its delay: with `jitter` at a random time of it. Only not within
   * a second of its last attempt, which doubles with each delay that is cut short in a row; nor
   * before the server wants it.
   */
  interface ReconnectOptions {
    /** Milliseconds before the first attempt; finite and from 0, else 401. Default: 1000. */
    initialDelay?: number;
    /**
     * Milliseconds, the most between two attempts; finite and from 0, else 401. More than 24 days
     * count as 24 days. Default: 30000.
     */
    maxDelay?: number;
    /**
     * What the delay is multiplied by with each attempt; finite and from 0, else 401. Less than 1
     * counts as 1. Default: 2.
     */
    factor?: number;
    /**
     * Draws each delay from zero up to what it would be: clients do not come back all at once.
     * Default: `true`.
     */
    jitter?: boolean;
    /** Attempts in a row before giving up; from 0 (none), else 401. Default: no limit. */
    maxAttempts?: number;
    /**
     * Causes to try again after; `closed` is a server's close with 1001 or 1011 to 1014. Default,
     * also for `[]`: all that may pass by themselves, so not a certificate, a refusal with 4xx, or
     * a broken protocol. `'queue-full'`, `'limit'`, `'flood'`, `'system'` and what is no cause:
     * 401.
     */
    retryOn?: ErrorCause[];
    /**
     * Called before each attempt to connect again, with its number: 1, 2, ... What it returns, or
     * what the promise is fulfilled with, takes the place of the option `header` of `connect`: for
     * a token that expires. If `connect` has no `header`, or an empty one, it is called for the
     * first attempt, too, with 0; else the first attempt is made with `connect`'s own. `connect`
     * does not wait for it. If it throws or rejects, or takes longer than `connectTimeout`, that
     * attempt has failed; others follow. Default: the fields stay what they are.
     */
    header?: (attempt: number) => Object | Promise<Object>;
    /**
     * As `header`, for the URL: called before each attempt to connect again. The first one is made
     * with the URL of `connect`.
     */
    url?: (
      attempt: number,
    ) => string | UrlObject | undefined | Promise<string | UrlObject | undefined>;
    /**
     * Bytes of messages kept while there is no connection; `send` beyond it is refused with -1.
     * From 0, else 401. Default: 16 MiB.
     */
    maxQueuedBytes?: number;
  }

  /** **arkws**: what `reconnecting` brings. */
  interface ReconnectingInfo {
    /** 1, 2, ... */
    attempt: number;
    /** Milliseconds until the attempt; less where the network changes meanwhile. */
    delay: number;
    /** Why the connection was lost, or the last attempt failed. */
    cause: WebSocketError;
  }

  /** **arkws**: what `reconnected` brings. */
  interface ReconnectedInfo {
    /** How many it took. */
    attempts: number;
  }

  // Servers beside an HTTP server, and without a port of their own

  /**
   * **arkws**: options of a server that gets its clients from elsewhere than from a port of its
   * own. Exactly one of them says where; two, or one beside `serverPort`, `serverIP` or
   * `reusePort`, are 401.
   */
  type ServerConfigElsewhere = Omit<
    WebSocketServerConfig,
    'serverPort' | 'serverIP' | 'reusePort'
  > &
    (ListenAtPath | ListenAtDescriptor | AttachToServer | HandedOverOnly);

  /**
   * **arkws**: a server beside an HTTP server of Node.js, which may serve pages at the same port
   * (Express, say). It takes its requests to upgrade, and answers those that are none for
   * WebSockets. The HTTP server stays the program's: `stop()` does not close it, and when it is
   * closed its clients stay. `listAddress()` is where the HTTP server listens.
   *
   * A client's socket is not the HTTP server's any more when it is in: `request.socket` is
   * destroyed, but for TLS and on Windows, where Node.js carries the bytes (by a second descriptor
   * of the socket the module knows what the client has taken). To such a client leaves at the end
   * of the process what its stream takes in one write, of TLS some 150 KiB, and no close frame;
   * nothing if a write is under way then, or if a worker thread is terminated. Only while it has
   * clients does it keep the process alive.
   */
  interface AttachToServer {
    /** Of `node:http` or `node:https`; anything else is 401. */
    server: HttpServer;
    /**
     * Path of the URLs that are served, without query; others are left to other listeners of
     * `upgrade`, and refused with 404 if there is none. 401 if it does not begin with `/`, or if
     * another server object has the path of that HTTP server. Default: all that no other has.
     */
    path?: string;
  }

  /**
   * **arkws**: a server that gets all its clients by {@link WebSocketServer.handleUpgrade}, whose
   * sockets are as those of {@link AttachToServer}. Only while it has some, or has not answered
   * them, does it keep the process alive.
   */
  interface HandedOverOnly {
    /** Anything but `true` is 401. */
    noServer: true;
  }

  /**
   * **arkws**: a server at a Unix socket. A client of it has no address: its `clientIP` is
   * `'local'`, and its `clientPort` a number from 1 that no other such client has; limits count
   * all of them as one address, 127.0.0.1.
   */
  interface ListenAtPath {
    /**
     * Path of the socket's file, which must not exist (2302007); it is removed when the server
     * stops. 401 if it is longer than the system allows (107 bytes on Linux), on Windows, and
     * together with `serverCert`.
     */
    path: string;
  }

  /** **arkws**: a server at a socket that exists: systemd, say, passes on the one with number 3. */
  interface ListenAtDescriptor {
    /**
     * Number of a descriptor of a bound stream socket, of TCP or a Unix socket; anything else is
     * 401, and so is any on Windows. The server has a duplicate of it: this one stays the
     * program's, and keeps the socket open when the server stops.
     */
    fd: number;
  }

  /** **arkws**: what {@link AttachToServer} uses of a server of `node:http` or `node:https`. */
  interface HttpServer {
    on(event: 'upgrade', listener: (...args: never[]) => void): unknown;
    removeListener(event: 'upgrade', listener: (...args: never[]) => void): unknown;
    listenerCount(event: 'upgrade'): number;
    address(): { address: string; port: number } | string | null;
  }

  /** **arkws**: what is read of a request of `node:http`. */
  interface UpgradeRequest {
    method?: string;
    url?: string;
    httpVersion: string;
    rawHeaders: string[];
  }

  /** **arkws**: a socket of `node:net` or `node:tls`, or any stream that is read and written. */
  interface UpgradeSocket {
    on(event: string, listener: (...args: never[]) => void): unknown;
    once(event: string, listener: (...args: never[]) => void): unknown;
    read(): unknown;
    write(chunk: Uint8Array, callback?: (error?: Error | null) => void): boolean;
    end(): unknown;
    pause(): unknown;
    resume(): unknown;
    destroy(): unknown;
  }
}

// Errors and callbacks

/**
 * What every failed call and every `error` event brings: an `Error` whose `code`, `message` and
 * `data` are its own enumerable properties, so that `JSON.stringify` shows them.
 * @since 6
 */
export interface BusinessError<T = void> extends Error {
  /** 401 and so on; 200 in an `error` event. */
  code: number;
  /** More about it, where there is more. */
  data: T;
}

/**
 * **arkws**: `BusinessError` is a class too, for `instanceof`. On the platform it is a type only.
 */
export declare const BusinessError: {
  new <T = void>(code: number, message: string, data?: T): BusinessError<T>;
  readonly prototype: BusinessError;
};

/**
 * A function that gets a value.
 * @since 6
 */
export interface Callback<T> {
  (data: T): void;
}

/**
 * A function that gets an error.
 * @since 6
 */
export interface ErrorCallback<T extends Error = BusinessError> {
  (err: T): void;
}

/**
 * A function that gets an error, or `undefined` and a value.
 * @since 6
 */
export interface AsyncCallback<T, E = void> {
  (err: BusinessError<E>, data: T): void;
}

// API levels

/**
 * **arkws**: sets the API level of all objects made from now on, from 6 on; one above 26 counts as
 * 26. `undefined` goes back to what it was.
 *
 * Without it the level is that of the environment variable `OHOS_API_VERSION`, else of
 * `compatibleSdkVersion` in the nearest `build-profile.json5` that has one above the file that
 * imports the module (for `arkws`, and where that file is not known: above the main module), else
 * 10 for `@ohos.net.webSocket` and 26 for `@kit.NetworkKit` and `arkws`.
 *
 * | | before level 12 | from 12 |
 * |---|---|---|
 * | `message` | pieces of at most 4096 bytes | whole |
 * | reason of a `close()` without one | `""` | `"CLOSE_NORMAL"` |
 * | URL that is not a WebSocket URL | 401 | 2302001 |
 * | longest URL | 1024 | 1024; 2048 from 15; 8196 from 26 |
 * @throws {@link BusinessError} 401: no such level.
 */
export declare function setApiVersion(level: number | undefined): void;

/**
 * **arkws**: the API level of a client or server, 6 to 26, which is settled when it is made.
 * Without one: the level of the objects that `arkws` itself makes from now on, by the main module;
 * what `@ohos.net.webSocket` and `@kit.NetworkKit` make may have another, by the file that imports
 * them. `ARKWS_LOG=debug` logs where a level comes from.
 * @throws {@link BusinessError} 401: neither a client nor a server.
 */
export declare function getApiVersion(
  object?: webSocket.WebSocket | webSocket.WebSocketServer,
): number;

// The network

/**
 * **arkws**: says that the machine's network has changed: there is one again, or another one.
 * Clients that wait to reconnect try soon (see {@link webSocket.ReconnectOptions}).
 *
 * For programs that are told of networks, such as by `netAvailable` of `@ohos.net.connection` or
 * the `online` event of Electron. On Linux nobody need call it: while a client waits, arkws listens
 * to the kernel.
 */
export declare function networkChanged(): void;

// Permission

/**
 * **arkws**: sets what the program may do, instead of what the files of its projects say;
 * `undefined` goes back to that. Holds at once, for all objects.
 *
 * Those files are the `module.json5` of the modules that the `build-profile.json5` lists above the
 * file that imports the module (the main module where that file is not known); where none lists
 * any, the nearest `module.json5`. If one of them requests `ohos.permission.INTERNET`, or there is
 * none, the permission is held. Where the system itself denies internet sockets (EPERM or EACCES:
 * a sandbox), every call gives 201 whatever the policy says, except those of a server that was
 * started with `path`, `fd`, `server` or `noServer`.
 * @throws {@link BusinessError} 401: not a policy.
 */
export declare function setPolicy(policy: Policy | undefined): void;

/** **arkws**: what a program may do. */
export interface Policy {
  /** Holds `ohos.permission.INTERNET`; without it every call gives 201. Default: `true`. */
  internet?: boolean;
  /**
   * Hosts that may be connected to, `[scheme://]host[:port]`, in which `*` stands for any sequence
   * of characters; any other gives
   * 2302998. Default: all.
   */
  allowedHosts?: string[];
}
