/**
 * The platform's modules, for programs that import them as on OpenHarmony:
 * `"types": ["arkws/register"]` in `tsconfig.json`, or `/// <reference types="arkws/register" />`.
 */

declare module 'arkws/register' {
  /**
   * Gives files of the program for modules of the platform, instead of arkws's and of stand-ins:
   * to whatever imports them from now on for the first time. It comes before the maps of
   * `ARKWS_STUBS` and of `arkws.stubs` in a `package.json`. Of worker threads each has its own.
   * @param files By name, `@ohos.sensor`: absolute paths, `file:` URLs, or paths relative to the
   * current folder; `undefined` takes one back.
   * @throws Error `ARKWS_STUBS`: a name is none of the platform's, or there is no such file.
   */
  export function stub(files: {
    [name: string]: string | { readonly href: string } | undefined;
  }): void;
}

/** API level 10 by default. */
declare module '@ohos.net.webSocket' {
  import { webSocket } from 'arkws';
  export default webSocket;
}

/** API level 26 by default. */
declare module '@kit.NetworkKit' {
  export { webSocket } from 'arkws';
  export { default as connection } from '@ohos.net.connection';
}

declare module '@ohos.base' {
  export { AsyncCallback, BusinessError, Callback, ErrorCallback } from 'arkws';
}

declare module '@kit.BasicServicesKit' {
  export { AsyncCallback, BusinessError, Callback, ErrorCallback } from 'arkws';
  export { default as emitter } from '@ohos.events.emitter';
}

declare module '@kit.ArkTS' {
  export { default as buffer } from '@ohos.buffer';
  export { default as url } from '@ohos.url';
  export { default as JSON } from '@ohos.util.json';
  export { default as util } from '@ohos.util';
}

declare module '@kit.PerformanceAnalysisKit' {
  export { default as hilog } from '@ohos.hilog';
}

/**
 * The log, printed: DEBUG and INFO to standard output, the others to standard error. An argument
 * is shown as `<private>` unless its specifier says `%{public}`.
 */
declare module '@ohos.hilog' {
  namespace hilog {
    enum LogLevel {
      DEBUG = 3,
      INFO = 4,
      WARN = 5,
      ERROR = 6,
      FATAL = 7,
    }
    /**
     * Logs a line.
     * @param domain 0 to 0xFFFF; else nothing is logged.
     * @param tag At most 31 bytes of it are shown.
     * @param format With `%{public}s`, `%{private}s`, `%d`, `%i`, `%o`, `%O`, `%j`, `%%`.
     * @throws BusinessError 401: the domain is no number, or the tag no string.
     */
    function debug(domain: number, tag: string, format: string, ...args: unknown[]): void;
    function info(domain: number, tag: string, format: string, ...args: unknown[]): void;
    function warn(domain: number, tag: string, format: string, ...args: unknown[]): void;
    function error(domain: number, tag: string, format: string, ...args: unknown[]): void;
    function fatal(domain: number, tag: string, format: string, ...args: unknown[]): void;
    /** Whether such a line would be printed. */
    function isLoggable(domain: number, tag: string, level: LogLevel): boolean;
    /** The lowest level that is printed from now on. Default: DEBUG. */
    function setMinLogLevel(level: LogLevel): void;
  }
  export default hilog;
}

/** What networking code uses of the platform's `util`. Mistakes are 401. */
declare module '@ohos.util' {
  namespace util {
    /** utf-8 by default. Euc-jp and iso-2022-jp are 401. What an encoding has not becomes `?`. */
    class TextEncoder {
      constructor(encoding?: string);
      static create(encoding?: string): TextEncoder;
      readonly encoding: string;
      encode(input?: string): Uint8Array;
      encodeInto(input?: string): Uint8Array;
      encodeInto(input: string, dest: Uint8Array): { read: number; written: number };
      encodeIntoUint8Array(input: string, dest: Uint8Array): { read: number; written: number };
    }
    interface TextDecoderOptions {
      /** Whether what is no text of the encoding is 401. Default: false. */
      fatal?: boolean;
      /**
       * Whether a byte order mark is left out of what `decodeToString` gives; of what the older
       * methods give, it is left out if this is false. Default: false.
       */
      ignoreBOM?: boolean;
    }
    /** Reads the encodings that Node.js knows: those of the platform, in a usual build. */
    class TextDecoder {
      constructor(encoding?: string, options?: TextDecoderOptions);
      static create(encoding?: string, options?: TextDecoderOptions): TextDecoder;
      readonly encoding: string;
      readonly fatal: boolean;
      readonly ignoreBOM: boolean;
      /** With `stream`, the rest of a character may come with the next call. */
      decodeToString(input: Uint8Array, options?: { stream?: boolean }): string;
      decodeWithStream(input: Uint8Array, options?: { stream?: boolean }): string;
      decode(input: Uint8Array, options?: { stream?: boolean }): string;
    }
    enum Type {
      BASIC = 0,
      /** Lines of at most 76 characters, each ended by CR LF. */
      MIME = 1,
      /** With `-` and `_`, without `=`. */
      BASIC_URL_SAFE = 2,
      MIME_URL_SAFE = 3,
    }
    /** Base64 of a type, BASIC by default. What is not of it is 401. */
    class Base64Helper {
      encode(src: Uint8Array, type?: Type): Promise<Uint8Array>;
      encodeSync(src: Uint8Array, type?: Type): Uint8Array;
      encodeToString(src: Uint8Array, type?: Type): Promise<string>;
      encodeToStringSync(src: Uint8Array, type?: Type): string;
      decode(src: Uint8Array | string, type?: Type): Promise<Uint8Array>;
      decodeSync(src: Uint8Array | string, type?: Type): Uint8Array;
    }
    /** Its name before API level 9. */
    class Base64 extends Base64Helper {}
    /** `isMap`, `isUint8Array` and so on, each for any value. */
    class types {
      [is: string]: (value: unknown) => boolean;
    }
    function format(format: string, ...args: unknown[]): string;
    function printf(format: string, ...args: unknown[]): string;
    /** The text of a system's error, `-2`: no such file or directory. */
    function errnoToString(errno: number): string;
    function callbackWrapper(original: Function): (...args: unknown[]) => void;
    function promisify<T>(original: Function): (...args: unknown[]) => Promise<T>;
    /** A random UUID, version 4. */
    function generateRandomUUID(entropyCache?: boolean): string;
    function generateRandomBinaryUUID(entropyCache?: boolean): Uint8Array;
    /** The 16 bytes of a UUID. @throws BusinessError 10200002: it is none. */
    function parseUUID(uuid: string): Uint8Array;
  }
  export default util;
}

/** JSON with integers of any size. What is none, and other mistakes are 401. */
declare module '@ohos.util.json' {
  namespace json {
    type Transformer = (this: Object, key: string, value: Object) => Object | undefined | null;
    enum BigIntMode {
      DEFAULT = 0,
      /** Integers that a number does not hold. */
      PARSE_AS_BIGINT = 1,
      ALWAYS_PARSE_AS_BIGINT = 2,
    }
    interface ParseOptions {
      bigIntMode: BigIntMode;
    }
    function parse(
      text: string,
      reviver?: Transformer | null,
      options?: ParseOptions,
    ): Object | null;
    function stringify(
      value: Object,
      replacer?: (number | string)[] | Transformer | null,
      space?: string | number,
    ): string;
    function has(object: object, property: string): boolean;
    function remove(object: object, property: string): void;
  }
  export default json;
}

/** URLs by the same standard as Node.js's. Mistakes are 401, and what is no URL is 10200002. */
declare module '@ohos.url' {
  namespace url {
    class URLParams {
      constructor(init?: string[][] | Record<string, string> | string | URLParams);
      append(name: string, value: string): void;
      delete(name: string): void;
      get(name: string): string | null;
      getAll(name: string): string[];
      has(name: string): boolean;
      set(name: string, value: string): void;
      sort(): void;
      forEach(callback: (value: string, key: string, params: this) => void, self?: Object): void;
      entries(): IterableIterator<[string, string]>;
      keys(): IterableIterator<string>;
      values(): IterableIterator<string>;
      [Symbol.iterator](): IterableIterator<[string, string]>;
      toString(): string;
    }
    /** Its name before API level 9. */
    class URLSearchParams extends URLParams {}
    class URL {
      constructor(url: string, base?: string | URL);
      static parseURL(url: string, base?: string | URL): URL;
      hash: string;
      host: string;
      hostname: string;
      href: string;
      readonly origin: string;
      readonly params: URLParams;
      password: string;
      pathname: string;
      port: string;
      protocol: string;
      search: string;
      /** `params`, by its name before API level 9. */
      readonly searchParams: URLSearchParams;
      username: string;
      toJSON(): string;
      toString(): string;
    }
  }
  export default url;
}

/**
 * Events within this thread (the platform's also reach others). Listeners get a copy of the data,
 * after the code that emits. Mistakes are 401, and so is data that cannot be copied.
 */
declare module '@ohos.events.emitter' {
  namespace emitter {
    enum EventPriority {
      IMMEDIATE = 0,
      HIGH = 1,
      LOW = 2,
      IDLE = 3,
    }
    interface InnerEvent {
      eventId: number;
      /** Of `emit` only. Default: LOW. */
      priority?: EventPriority;
    }
    interface EventData {
      // biome-ignore lint/suspicious/noExplicitAny: the platform's declaration
      data?: { [key: string]: any };
    }
    interface Options {
      priority?: EventPriority;
    }
    function on(event: InnerEvent | string, callback: (data: EventData) => void): void;
    function once(event: InnerEvent | string, callback: (data: EventData) => void): void;
    /** Without a callback: all of the event's. */
    function off(eventId: number | string, callback?: (data: EventData) => void): void;
    function emit(event: InnerEvent | string, data?: EventData): void;
    function emit(eventId: string, options: Options, data?: EventData): void;
    function getListenerCount(eventId: number | string): number;
  }
  export default emitter;
}

/**
 * Buffers of Node.js, each with memory of its own: `buffer.from('text').buffer` may be sent.
 * Mistakes are 401, what is out of range 10200001, also of their methods.
 */
declare module '@ohos.buffer' {
  namespace buffer {
    type BufferEncoding =
      | 'ascii'
      | 'utf8'
      | 'utf-8'
      | 'utf16le'
      | 'ucs2'
      | 'ucs-2'
      | 'base64'
      | 'base64url'
      | 'latin1'
      | 'binary'
      | 'hex';
    type Bytes = ArrayBuffer | SharedArrayBuffer;
    interface Buffer extends Uint8Array {
      readonly buffer: ArrayBuffer;
      equals(other: Uint8Array): boolean;
      toString(encoding?: BufferEncoding, start?: number, end?: number): string;
      write(text: string, offset?: number, length?: number, encoding?: BufferEncoding): number;
    }
    class Blob {
      constructor(sources: (string | ArrayBuffer | ArrayBufferView | Blob)[], options?: object);
      readonly size: number;
      readonly type: string;
      arrayBuffer(): Promise<ArrayBuffer>;
      slice(start?: number, end?: number, type?: string): Blob;
      text(): Promise<string>;
    }
    function alloc(
      size: number,
      fill?: string | Buffer | number,
      encoding?: BufferEncoding,
    ): Buffer;
    /** Zeroes, as it happens. */
    function allocUninitialized(size: number): Buffer;
    function allocUninitializedFromPool(size: number): Buffer;
    function byteLength(text: string | ArrayBufferView | Bytes, encoding?: BufferEncoding): number;
    function compare(first: Uint8Array, second: Uint8Array): -1 | 0 | 1;
    function concat(list: Uint8Array[], totalLength?: number): Buffer;
    /** Of an ArrayBuffer: a view. */
    function from(buffer: Bytes, byteOffset?: number, length?: number): Buffer;
    function from(source: number[] | Uint8Array): Buffer;
    function from(text: string | String, encoding?: BufferEncoding): Buffer;
    function from(object: object, offsetOrEncoding: number | string, length: number): Buffer;
    function isBuffer(value: unknown): value is Buffer;
    function isEncoding(encoding: string): boolean;
    function transcode(source: Uint8Array, fromEncoding: string, toEncoding: string): Buffer;
  }
  export default buffer;
}

/**
 * The state of the network: there is one, over Wi-Fi, until `network` of `arkws/testing` says
 * otherwise. The permission `ohos.permission.GET_NETWORK_INFO` is not asked for. Each asynchronous
 * call also takes an `AsyncCallback`. Errors: 401, 2100001 (a network that is gone, an empty host),
 * 2100002 (no address).
 */
declare module '@ohos.net.connection' {
  import type { AsyncCallback } from 'arkws';

  namespace connection {
    enum NetCap {
      NET_CAPABILITY_MMS = 0,
      NET_CAPABILITY_NOT_METERED = 11,
      NET_CAPABILITY_INTERNET = 12,
      NET_CAPABILITY_NOT_VPN = 15,
      NET_CAPABILITY_VALIDATED = 16,
      NET_CAPABILITY_PORTAL = 17,
      NET_CAPABILITY_CHECKING_CONNECTIVITY = 31,
    }
    enum NetBearType {
      BEARER_CELLULAR = 0,
      BEARER_WIFI = 1,
      BEARER_BLUETOOTH = 2,
      BEARER_ETHERNET = 3,
      BEARER_VPN = 4,
    }
    interface NetCapabilities {
      bearerTypes: NetBearType[];
      networkCap?: NetCap[];
      linkUpBandwidthKbps?: number;
      linkDownBandwidthKbps?: number;
    }
    interface NetSpecifier {
      netCapabilities: NetCapabilities;
      bearerPrivateIdentifier?: string;
    }
    interface NetAddress {
      address: string;
      /** 1: IPv4, 2: IPv6. */
      family?: number;
      port?: number;
    }
    interface LinkAddress {
      address: NetAddress;
      prefixLength: number;
    }
    /** Of this machine's first interface to the outside. */
    interface ConnectionProperties {
      interfaceName: string;
      /** Empty. */
      domains: string;
      linkAddresses: LinkAddress[];
      dnses: NetAddress[];
      /** None: Node.js does not tell. */
      routes: object[];
      /** 1500, for the same reason. */
      mtu: number;
    }
    interface NetHandle {
      /** 0: there is no network. */
      netId: number;
      getAddressesByName(host: string): Promise<NetAddress[]>;
      getAddressesByName(host: string, callback: AsyncCallback<NetAddress[]>): void;
      getAddressByName(host: string): Promise<NetAddress>;
      getAddressByName(host: string, callback: AsyncCallback<NetAddress>): void;
    }
    interface NetConnection {
      on(type: 'netAvailable' | 'netLost', callback: (handle: NetHandle) => void): void;
      on(
        type: 'netCapabilitiesChange',
        callback: (info: { netHandle: NetHandle; netCap: NetCapabilities }) => void,
      ): void;
      /** No network of the specifier came within the time-out. */
      on(type: 'netUnavailable', callback: () => void): void;
      /** Never happens here. */
      on(
        type: 'netBlockStatusChange' | 'netConnectionPropertiesChange',
        callback: (info: object) => void,
      ): void;
      /** Events come from now on, of the present network first. 2101008: it is registered. */
      register(callback: AsyncCallback<void>): void;
      /** No event comes any more. 2101007: it is not registered. */
      unregister(callback: AsyncCallback<void>): void;
    }
    /** @param timeout In ms; 0, the default: `netUnavailable` never comes. */
    function createNetConnection(specifier?: NetSpecifier, timeout?: number): NetConnection;
    function getDefaultNet(): Promise<NetHandle>;
    function getDefaultNet(callback: AsyncCallback<NetHandle>): void;
    function getDefaultNetSync(): NetHandle;
    function hasDefaultNet(): Promise<boolean>;
    function hasDefaultNet(callback: AsyncCallback<boolean>): void;
    function hasDefaultNetSync(): boolean;
    function getAllNets(): Promise<NetHandle[]>;
    function getAllNets(callback: AsyncCallback<NetHandle[]>): void;
    function getAllNetsSync(): NetHandle[];
    function getNetCapabilities(handle: NetHandle): Promise<NetCapabilities>;
    function getNetCapabilities(handle: NetHandle, callback: AsyncCallback<NetCapabilities>): void;
    function getNetCapabilitiesSync(handle: NetHandle): NetCapabilities;
    function getConnectionProperties(handle: NetHandle): Promise<ConnectionProperties>;
    function getConnectionProperties(
      handle: NetHandle,
      callback: AsyncCallback<ConnectionProperties>,
    ): void;
    function getConnectionPropertiesSync(handle: NetHandle): ConnectionProperties;
    /** What `setAppNet` was given; there is one network, so that it changes nothing. */
    function getAppNet(): Promise<NetHandle>;
    function getAppNet(callback: AsyncCallback<NetHandle>): void;
    function getAppNetSync(): NetHandle;
    function setAppNet(handle: NetHandle): Promise<void>;
    function setAppNet(handle: NetHandle, callback: AsyncCallback<void>): void;
    /** Nothing, if there is such a network. */
    function reportNetConnected(handle: NetHandle): Promise<void>;
    function reportNetConnected(handle: NetHandle, callback: AsyncCallback<void>): void;
    function reportNetDisconnected(handle: NetHandle): Promise<void>;
    function reportNetDisconnected(handle: NetHandle, callback: AsyncCallback<void>): void;
    function isDefaultNetMetered(): Promise<boolean>;
    function isDefaultNetMetered(callback: AsyncCallback<boolean>): void;
    function isDefaultNetMeteredSync(): boolean;
    function getAddressesByName(host: string): Promise<NetAddress[]>;
    function getAddressesByName(host: string, callback: AsyncCallback<NetAddress[]>): void;
  }
  export default connection;
}
