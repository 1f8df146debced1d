/**
 * The web's own API over arkws: the fast drop-in for the `WebSocket` of browsers and Node.js.
 * `import 'arkws/global'` puts it in their place.
 *
 * It knows nothing of OpenHarmony's contract: no API levels, whole messages, the standard's
 * exceptions and close codes. See https://websockets.spec.whatwg.org/.
 */
import type { webSocket } from './index.js';

/**
 * What `send` takes as bytes: an ArrayBuffer, or a typed array, DataView or Buffer. Their memory is
 * neither shared nor resizable.
 */
export type BufferSource = ArrayBuffer | ArrayBufferView;

/**
 * What the second argument of `new WebSocket` may be besides sub-protocols: as undici's, and the
 * options of arkws's `connect`, each with its default there, but for those named here. An option
 * that does not exist is ignored, with a warning of the process.
 */
export interface WebSocketInit
  extends Omit<
    webSocket.WebSocketRequestOptions,
    | 'acceptViews'
    | 'binaryType'
    | 'header'
    | 'maxQueuedBytes'
    | 'maxRedirects'
    | 'perMessageDeflate'
    | 'protocol'
    | 'reconnect'
  > {
  /** Sub-protocols to offer, in order. Default: none. */
  protocols?: string | Iterable<string>;
  /**
   * Header fields of the request: an object, pairs, or a `Headers`. Default: none; no `Origin` is
   * sent unless it is named here.
   */
  headers?: Record<string, string> | Iterable<readonly [string, string]>;
  /**
   * Bytes that may wait to be sent. What is sent beyond closes the connection, with an `error`
   * event. Default: no limit, as the standard has none: look at `bufferedAmount`.
   */
  maxQueuedBytes?: number;
  /** Redirects of the handshake to follow. Default: 0, as the standard has it. */
  maxRedirects?: number;
  /** Whether permessage-deflate is offered. Default: `true`. */
  perMessageDeflate?: boolean;
}

/** The events of a `WebSocket`. */
export interface WebSocketEventMap {
  /** The connection is open. */
  open: Event;
  /** A message has come. */
  message: MessageEvent<string | ArrayBuffer | Blob>;
  /**
   * The connection has failed; `close` follows. **arkws**: why, in `error` and its `message`, which
   * no browser tells.
   */
  error: Event & { readonly error: Error; readonly message: string };
  /** The connection is closed. */
  close: CloseEvent;
}

/** https://websockets.spec.whatwg.org/#the-websocket-interface */
export declare class WebSocket extends EventTarget {
  /**
   * Connects.
   *
   * @param url `ws` or `wss`, or `http` or `https` for them; without a fragment. Relative to
   * `globalThis.location`, where there is one.
   * @param protocols Sub-protocols to offer, or options.
   * @throws {DOMException} `SyntaxError`: the URL or a sub-protocol is none, or one comes twice.
   * @throws {TypeError} An option cannot be used. (`cause` is the `BusinessError` of ours.)
   */
  constructor(url: string | URL, protocols?: string | Iterable<string> | WebSocketInit);

  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSING: 2;
  static readonly CLOSED: 3;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;

  /** The URL, serialized. */
  readonly url: string;
  /** `CONNECTING` (0), `OPEN` (1), `CLOSING` (2) or `CLOSED` (3). */
  readonly readyState: 0 | 1 | 2 | 3;
  /**
   * Bytes of messages that were sent and had not been handed to the operating system when the task
   * began that runs now, or were sent in it. What was sent too late, or was lost with the
   * connection, counts for ever.
   */
  readonly bufferedAmount: number;
  /** The extensions in use, as the server names them; `''` before `open`. */
  readonly extensions: string;
  /** The sub-protocol that the server has chosen; `''`: none. */
  readonly protocol: string;
  /**
   * What binary messages come as: a `Blob` (the default) or an `ArrayBuffer`, which costs much
   * less. Other values are ignored.
   */
  binaryType: 'blob' | 'arraybuffer';

  onopen: ((this: WebSocket, event: WebSocketEventMap['open']) => unknown) | null;
  onmessage: ((this: WebSocket, event: WebSocketEventMap['message']) => unknown) | null;
  onerror: ((this: WebSocket, event: WebSocketEventMap['error']) => unknown) | null;
  onclose: ((this: WebSocket, event: WebSocketEventMap['close']) => unknown) | null;

  /**
   * Sends a message. What is sent in one go leaves in one write. Once the connection is closing,
   * nothing is sent, and only `bufferedAmount` grows.
   *
   * @throws {DOMException} `InvalidStateError`: the connection is not open yet.
   * @throws {TypeError} Memory that is shared, or can be resized.
   */
  send(data: string | BufferSource | Blob): void;

  /**
   * Closes the connection, after all that was sent before. One that is not open yet fails.
   *
   * @param code 1000, or 3000 to 4999. Default: none is sent, which is 1005 for the peer.
   * @param reason At most 123 bytes of UTF-8. Default: none.
   * @throws {DOMException} `InvalidAccessError`: another code; `SyntaxError`: a reason that is too
   * long.
   */
  close(code?: number, reason?: string): void;

  addEventListener<K extends keyof WebSocketEventMap>(
    type: K,
    listener:
      | ((this: WebSocket, event: WebSocketEventMap[K]) => unknown)
      | { handleEvent(event: WebSocketEventMap[K]): unknown }
      | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: ((event: Event) => unknown) | { handleEvent(event: Event): unknown } | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/** What `addEventListener` takes. */
export interface AddEventListenerOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: AbortSignal;
}

/** What `new Event` takes. */
export interface EventInit {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
}

/** https://html.spec.whatwg.org/multipage/comms.html#messageevent */
export declare class MessageEvent<T = unknown> extends Event {
  constructor(
    type: string,
    init?: EventInit & {
      data?: T;
      origin?: string;
      lastEventId?: string;
      source?: object | null;
      ports?: Iterable<object>;
    },
  );
  /** The message: a string, or what `binaryType` says. */
  readonly data: T;
  /** The origin of the connection's URL. */
  readonly origin: string;
  readonly lastEventId: string;
  readonly source: object | null;
  readonly ports: readonly object[];
}

/** https://websockets.spec.whatwg.org/#the-closeevent-interface */
export declare class CloseEvent extends Event {
  constructor(
    type: string,
    init?: EventInit & { wasClean?: boolean; code?: number; reason?: string },
  );
  /** Whether there was a closing handshake. */
  readonly wasClean: boolean;
  /** The peer's code; 1005: it sent none; 1006: there was no closing handshake. */
  readonly code: number;
  /** The peer's reason. */
  readonly reason: string;
}

/** Options of `new WebSocketStream`: those of `new WebSocket`, and a signal. */
export interface WebSocketStreamOptions extends Omit<WebSocketInit, 'protocols' | 'signal'> {
  /** Sub-protocols to offer, in order. Default: none. */
  protocols?: Iterable<string>;
  /** Ends the attempt to connect; it does nothing once the connection is open. */
  signal?: AbortSignal;
}

/** Code and reason of a close: see `WebSocket.close`. */
export interface WebSocketCloseInfo {
  closeCode?: number;
  reason?: string;
}

/** What `opened` tells. */
export interface WebSocketOpenInfo {
  /**
   * The messages that come: strings and `Uint8Array`s. While too many wait to be read, the
   * connection is not read from. To cancel it closes the connection.
   */
  readable: ReadableStream<string | Uint8Array>;
  /**
   * Takes the messages that are to be sent; a write is done when the message has been handed to
   * the operating system. To close it, or to abort it, closes the connection.
   */
  writable: WritableStream<string | BufferSource>;
  /** The sub-protocol that the server has chosen; `''`: none. */
  protocol: string;
  /** The extensions in use, as the server names them. */
  extensions: string;
}

/**
 * A WebSocket as a pair of streams, with back-pressure both ways, by its
 * [proposal](https://github.com/whatwg/websockets/pull/48), as undici has it.
 *
 * @experimental It follows the proposal, which may change. The first one that is made warns of that
 * (`ARKWS_EXPERIMENTAL`).
 */
export declare class WebSocketStream {
  /** Connects. Throws as `new WebSocket` does. */
  constructor(url: string | URL, options?: WebSocketStreamOptions);
  /** The URL, serialized. */
  readonly url: string;
  /** Rejected with a `WebSocketError`, or with the signal's reason. */
  readonly opened: Promise<WebSocketOpenInfo>;
  /** Rejected with a `WebSocketError` if there was no closing handshake. */
  readonly closed: Promise<Required<WebSocketCloseInfo>>;
  /** Closes the connection: see `WebSocket.close`. */
  close(options?: WebSocketCloseInfo): void;
}

/** Why a `WebSocketStream` was closed, or is to be: as the reason of `cancel` and `abort`. */
export declare class WebSocketError extends DOMException {
  /** A reason without a code comes with 1000. Throws as `WebSocket.close` does. */
  constructor(message?: string, init?: WebSocketCloseInfo);
  /** The code; `null`: none. */
  readonly closeCode: number | null;
  /** The reason; may be empty. */
  readonly reason: string;
}
