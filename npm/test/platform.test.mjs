// The modules of the platform that networking code uses beside the WebSocket module, as its
// documentation has them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serve } from './servers.mjs';
import { folder, node, runArkTs } from './support.mjs';

const output = (program) => runArkTs({ 'main.ets': program });

/** Each line is a JSON value. */
async function values(program) {
  const { code, lines, stderr } = await output(program);
  assert.equal(code, 0, stderr);
  return lines.map((line) => JSON.parse(line));
}

const SHOW = `
const show = (...values: Object[]) => console.log(JSON.stringify(values));
const failure = (run: () => void) => {
  try {
    run();
  } catch (error) {
    return [error.code, error instanceof BusinessError];
  }
};
`;

describe('@ohos.hilog', () => {
  it('prints the documented lines', async () => {
    const { lines, stderr } = await output(`
      import { hilog } from '@kit.PerformanceAnalysisKit';
      import same from '@ohos.hilog';
      hilog.debug(0x0001, 'testTag', '%{public}s World %{private}d', 'hello', 3);
      hilog.info(0x0001, 'jsHilogTest', 'private flag: %{private}s %s, null: %{public}s', 'hello',
        'world', null);
      hilog.info(0xD00, 'tag', 'undefined: %{public}s %{public}d %{public}i 100%%', undefined, 123,
        456n);
      hilog.info(1, 'tag', 'object %{public}o, too few: %{public}s', { name: 'Jack' });
      hilog.info(1, 'a tag that is much longer than the limit', 'true: %{public}s', true,
        'too many');
      hilog.warn(1, 'tag', 'a warning %s is no format: %d', '%s');
      hilog.error(1, 'tag', 'an error');
      hilog.fatal(1, 'tag', 'the end');
      console.log(hilog === same, hilog.isLoggable(1, 'tag', hilog.LogLevel.DEBUG));
      hilog.setMinLogLevel(hilog.LogLevel.WARN);
      hilog.info(1, 'tag', 'not shown');
      console.log(hilog.isLoggable(1, 'tag', hilog.LogLevel.INFO), hilog.isLoggable(0x10000, 'tag',
        7));
    `);
    const time = /^\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+ \d+ /;
    assert.ok(
      lines.slice(0, 5).every((line) => time.test(line)),
      stderr,
    );
    const texts = (all) => all.map((line) => line.replace(time, ''));
    assert.deepEqual(texts(lines), [
      'D A00001/testTag: hello World <private>',
      'I A00001/jsHilogTest: private flag: <private> <private>, null: null',
      'I A00D00/tag: undefined: undefined 123 456 100%',
      "I A00001/tag: object { name: 'Jack' }, too few: %{public}s",
      'I A00001/a tag that is much longer than : true: true',
      'true true',
      'false false',
    ]);
    assert.deepEqual(texts(stderr.split('\n').slice(0, -1)), [
      'W A00001/tag: a warning <private> is no format: %d',
      'E A00001/tag: an error',
      'F A00001/tag: the end',
    ]);
  });
});

describe('@ohos.util', () => {
  const IMPORTS = `
    import { util } from '@kit.ArkTS';
    import same from '@ohos.util';
    import { BusinessError } from '@kit.BasicServicesKit';
    ${SHOW}
  `;

  it('encodes and decodes text', async () => {
    const lines = await values(`${IMPORTS}
      const bytes = (array: Uint8Array) => [...array];
      const encoder = new util.TextEncoder();
      show(util === same, encoder.encoding, bytes(encoder.encodeInto('¥')),
        bytes(encoder.encode()));
      const four = new Uint8Array(4);
      show(encoder.encodeIntoUint8Array('abcdef', four), bytes(four));
      show(bytes(util.TextEncoder.create('utf-16be').encodeInto('aé')),
        bytes(new util.TextEncoder('iso-8859-1').encodeInto('é')));
      show(encoder.encodeInto('ab').buffer.byteLength,
        util.TextEncoder.create('utf-16le').encodeInto('ab').buffer.byteLength);
      show(bytes(encoder.encodeInto('\\uD800¥¥')),
        encoder.encodeIntoUint8Array('a\\uD800', four), bytes(four));
      const written = (encoding: string, text: string) => {
        const encoder = new util.TextEncoder(encoding);
        const back = util.TextDecoder.create(encoding).decodeToString(encoder.encodeInto(text));
        show(encoder.encoding, bytes(encoder.encodeInto(text)), back);
      };
      written('GBK', 'a你好€');
      written('gb2312', '你');
      written('windows-1251', 'Ж☺');
      show(failure(() => new util.TextEncoder('iso-2022-jp')),
        failure(() => encoder.encodeInto(1)));

      const marked = new Uint8Array([0xEF, 0xBB, 0xBF, 0x61]);
      const decoder = util.TextDecoder.create('utf-8', { ignoreBOM: true });
      show(decoder.decodeToString(marked), new util.TextDecoder().decodeToString(marked),
        decoder.encoding);
      show(decoder.decode(marked), new util.TextDecoder().decodeWithStream(marked));
      const first = decoder.decodeToString(new Uint8Array([0xE2, 0x82]), { stream: true });
      show(first, decoder.decodeToString(new Uint8Array([0xAC])));
      show(util.TextDecoder.create('gbk').decodeToString(new Uint8Array([0xC4, 0xE3])));
      const strict = util.TextDecoder.create('utf-8', { fatal: true });
      show(failure(() => strict.decodeToString(new Uint8Array([0xff]))),
        strict.decodeToString(new Uint8Array([0x61])));
      show(failure(() => util.TextDecoder.create('no encoding')), failure(() =>
        decoder.decodeToString('text')));
    `);
    assert.deepEqual(lines, [
      [true, 'utf-8', [194, 165], []],
      [{ read: 4, written: 4 }, [97, 98, 99, 100]],
      [[0, 97, 0, 233], [233]],
      [2, 4],
      [[237, 160, 128, 194, 165, 194, 165], { read: 2, written: 4 }, [97, 237, 160, 128]],
      ['GBK', [97, 196, 227, 186, 195, 128], 'a你好€'],
      ['gb2312', [196, 227], '你'],
      ['windows-1251', [198, 63], 'Ж?'],
      [
        [401, true],
        [401, true],
      ],
      ['a', '\ufeffa', 'utf-8'],
      ['\ufeffa', 'a'],
      ['', '€'],
      ['你'],
      [[401, true], 'a'],
      [
        [401, true],
        [401, true],
      ],
    ]);
  });

  it('encodes and decodes Base64', async () => {
    const lines = await values(`${IMPORTS}
      const base64 = new util.Base64Helper();
      const bytes = new Uint8Array([115, 49, 51, 255]);
      const long = new Uint8Array(60);
      show(base64.encodeToStringSync(bytes), base64.encodeToStringSync(bytes,
        util.Type.BASIC_URL_SAFE));
      show([...base64.encodeSync(new Uint8Array([115, 49, 51]))],
        await base64.encodeToString(bytes));
      show(base64.encodeToStringSync(long, util.Type.MIME).split('\\r\\n').map((line: string) =>
        line.length));
      show([...base64.decodeSync('czEz/w==')], [...base64.decodeSync('czEz_w',
        util.Type.BASIC_URL_SAFE)]);
      show((await base64.decode(base64.encodeToStringSync(long, 1), util.Type.MIME)).length);
      show([...await base64.decode(await base64.encode(bytes))],
        base64.decodeSync('YWI=').buffer.byteLength);
      show(failure(() => base64.decodeSync('not base64!')), failure(() =>
        base64.decodeSync('YW\\r\\nI=')));
      show(failure(() => base64.encodeSync('text')), failure(() => base64.encodeToStringSync(bytes,
        4)));
      show(await base64.encode('text').catch((error: BusinessError) => error.code));
    `);
    assert.deepEqual(lines, [
      ['czEz/w==', 'czEz_w'],
      [[99, 122, 69, 122], 'czEz/w=='],
      [[76, 4, 0]],
      [
        [115, 49, 51, 255],
        [115, 49, 51, 255],
      ],
      [60],
      [[115, 49, 51, 255], 2],
      [
        [401, true],
        [401, true],
      ],
      [
        [401, true],
        [401, true],
      ],
      [401],
    ]);
  });

  it('makes UUIDs, formats, and wraps callbacks', async () => {
    const lines = await values(`${IMPORTS}
      const uuid = util.generateRandomUUID();
      show(uuid !== util.generateRandomUUID(false), util.generateRandomBinaryUUID().length,
        uuid.length);
      show([...util.parseUUID('84bdf796-66cc-4655-9b89-d6218d100f9c')].slice(0, 4), failure(() =>
        util.parseUUID('84')));
      show(util.format('%s is %d%% of %j', 'John', 80, { a: 1 }), util.errnoToString(-2));
      const types = new util.types();
      show(types.isUint8Array(new Uint8Array(1)), types.isMap({}),
        new util.Base64().encodeToStringSync(new Uint8Array(1)));
      const answer = util.promisify(util.callbackWrapper(async (): Promise<string> => 'hello'));
      show(await answer());
    `);
    assert.deepEqual(lines, [
      [true, 16, 36],
      [
        [132, 189, 247, 150],
        [10200002, true],
      ],
      ['John is 80% of {"a":1}', 'no such file or directory'],
      [true, false, 'AA=='],
      ['hello'],
    ]);
  });
});

describe('@ohos.events.emitter', () => {
  const IMPORTS = `
    import { emitter, BusinessError } from '@kit.BasicServicesKit';
    import same from '@ohos.events.emitter';
    ${SHOW}
  `;

  it('hands events to those who listen, later, by priority', async () => {
    const lines = await values(`${IMPORTS}
      const listener = (event: emitter.EventData) => show('number', event.data);
      emitter.on({ eventId: 1 }, listener);
      emitter.on('1', (event: emitter.EventData) => show('string', event.data));
      emitter.once({ eventId: 1 }, () => show('once'));
      emitter.emit('nobody');
      emitter.emit({ eventId: 1, priority: emitter.EventPriority.IDLE }, { data: { nth: 'last' } });
      emitter.emit('1', { data: { nth: 'third' } });
      emitter.emit('1', { priority: emitter.EventPriority.HIGH }, { data: { nth: 'second' } });
      const data = { nth: 'first' };
      emitter.emit({ eventId: 1, priority: emitter.EventPriority.IMMEDIATE }, { data });
      data.nth = 'changed later';
      show(same === emitter, emitter.getListenerCount(1), emitter.getListenerCount('1'));
      emitter.on('end', () => {
        emitter.off(1, listener);
        emitter.off('1');
        show(emitter.getListenerCount(1), emitter.getListenerCount('1'));
      });
      emitter.emit('end', { priority: emitter.EventPriority.IDLE });
    `);
    assert.deepEqual(lines, [
      [true, 2, 1],
      ['number', { nth: 'first' }],
      ['once'],
      ['string', { nth: 'second' }],
      ['string', { nth: 'third' }],
      ['number', { nth: 'last' }],
      [0, 0],
    ]);
  });

  it('refuses what is no event, and lets no listener keep it from others', async () => {
    const { lines, stderr } = await output(`${IMPORTS}
      for (const run of [
        () => emitter.on({}, () => {}),
        () => emitter.on('event', 1),
        () => emitter.emit('event', { priority: 9 }),
      ]) show(failure(run));
      process.on('uncaughtException', (error) => show(error.message));
      emitter.on('event', () => { throw new Error('of the first'); });
      emitter.on('event', () => show('second'));
      show(failure(() => emitter.emit('event', { data: { code: () => {} } })));
      emitter.emit('event');
    `);
    const refused = '[[401,true]]';
    assert.deepEqual(
      lines,
      [refused, refused, refused, refused, '["second"]', '["of the first"]'],
      stderr,
    );
  });

  it('has no event of an empty name, as on the platform, and warns once', async () => {
    const { lines, stderr } = await output(`${IMPORTS}
      emitter.on('', () => show('never'));
      emitter.emit('', { data: {} });
      emitter.off('');
      show(emitter.getListenerCount(''));
    `);
    assert.deepEqual(lines, ['[0]'], stderr);
    assert.equal(stderr.match(/\[ARKWS_EVENT_ID\] Warning: emitter\.on/g)?.length, 1, stderr);
    assert.equal(stderr.match(/ARKWS_EVENT_ID/g).length, 1);
  });
});

describe('@ohos.buffer', () => {
  it('makes buffers whose memory is their own', async () => {
    const lines = await values(`
      import { buffer } from '@kit.ArkTS';
      import same from '@ohos.buffer';
      import { BusinessError } from '@kit.BasicServicesKit';
      ${SHOW}
      const text = buffer.from('¥');
      show(same === buffer, text.buffer.byteLength, text.toString('hex'), text.byteOffset);
      show(buffer.from('aGk=', 'base64').toString(), buffer.from([1, 2]).buffer.byteLength,
        buffer.from(new String('hi')).toString());
      show(buffer.concat([text, buffer.from('!')]).buffer.byteLength, buffer.concat([text],
        1).length);
      const shared = new ArrayBuffer(4);
      buffer.from(shared, 1, 2).fill(7);
      show([...new Uint8Array(shared)], buffer.alloc(3, 'a').toString(),
        buffer.allocUninitializedFromPool(3).buffer.byteLength);
      show(buffer.byteLength('¥'), buffer.compare(text, buffer.from('a')), buffer.isBuffer(text),
        buffer.isBuffer(new Uint8Array(1)));
      show(buffer.isEncoding('utf-8'), buffer.isEncoding('utf/8'),
        buffer.transcode(buffer.from('€'), 'utf-8', 'ascii').toString());
      show(await new buffer.Blob(['a', 'b']).text());
    `);
    assert.deepEqual(lines, [
      [true, 2, 'c2a5', 0],
      ['hi', 2, 'hi'],
      [3, 1],
      [[0, 7, 7, 0], 'aaa', 3],
      [2, 1, true, false],
      [true, false, '?'],
      ['ab'],
    ]);
  });

  it('throws BusinessErrors, also in the methods of a buffer and of its parts', async () => {
    const lines = await values(`
      import { buffer } from '@kit.ArkTS';
      import { BusinessError } from '@kit.BasicServicesKit';
      ${SHOW}
      const shared = new ArrayBuffer(4);
      const four = buffer.alloc(4);
      const part = four.subarray(1);
      for (const run of [
        () => buffer.alloc('1'),
        () => buffer.from(1),
        () => buffer.from('a', 'no encoding'),
        () => part.equals('text'),
        () => part.writeInt8('1'),
        () => buffer.alloc(-1),
        () => buffer.concat([four], -1),
        () => buffer.from(shared, 9),
        () => buffer.from(shared, -1),
        () => buffer.from(shared, 0, -1),
        () => four.readInt32LE(1),
        () => part.writeInt8(999, 0),
        () => part.fill('a', -1),
      ]) show(failure(run));
      show(part.length, buffer.isBuffer(part), part instanceof Uint8Array);
      show(buffer.concat([four], 0).length);
    `);
    assert.deepEqual(lines, [
      ...Array(6).fill([[401, true]]),
      ...Array(7).fill([[10200001, true]]),
      [3, true, true],
      [4],
    ]);
  });
});

describe('@ohos.net.connection', () => {
  const IMPORTS = `
    import { connection } from '@kit.NetworkKit';
    import { BusinessError } from '@kit.BasicServicesKit';
    import { network } from 'arkws/testing';
    ${SHOW}
  `;

  it('has a default network, which a test can lose and restore', async () => {
    const lines = await values(`${IMPORTS}
      import same from '@ohos.net.connection';
      const net = await connection.getDefaultNet();
      show(same === connection, net, connection.hasDefaultNetSync(),
        connection.getAllNetsSync().length);
      show(await connection.getNetCapabilities(net), await connection.isDefaultNetMetered());
      connection.hasDefaultNet((error: BusinessError, has: boolean) => show(error === undefined,
        has));
      await new Promise<void>((resolve) => connection.getDefaultNet((error: BusinessError) =>
        resolve()));
      network.lose();
      show(await connection.hasDefaultNet(), connection.getDefaultNetSync(),
        connection.getAllNetsSync());
      show(await connection.getNetCapabilities(net).catch((error: BusinessError) => error.code));
      show(await connection.getAddressesByName('127.0.0.1').catch((error: BusinessError) =>
        error.code));
      network.restore();
      show(connection.getDefaultNetSync(), failure(() => connection.getNetCapabilitiesSync(net)));
    `);
    assert.deepEqual(lines, [
      [true, { netId: 100 }, true, 1],
      [{ bearerTypes: [1], networkCap: [11, 12, 15, 16] }, false],
      [true, true],
      [false, { netId: 0 }, []],
      [2100001],
      [2100002],
      [{ netId: 101 }, [2100001, true]],
    ]);
  });

  it('tells of the network to who has registered', async () => {
    const lines = await values(`${IMPORTS}
      const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
      const net = connection.createNetConnection();
      net.on('netAvailable', (handle: connection.NetHandle) => show('available', handle));
      net.on('netCapabilitiesChange', ({ netHandle, netCap }) => show('capabilities', netHandle,
        netCap.bearerTypes));
      net.on('netLost', (handle: connection.NetHandle) => show('lost', handle));
      network.lose();
      network.restore();
      net.register((error: BusinessError) => show('registered', error));
      await turn();
      net.register((error: BusinessError) => show('again', error.code));
      await turn();
      network.lose();
      network.lose();
      await turn();
      network.restore({ bearerTypes: [connection.NetBearType.BEARER_CELLULAR] });
      await turn();
      net.unregister((error: BusinessError) => show('unregistered', error));
      await turn();
      network.lose();
      net.unregister((error: BusinessError) => show('again', error.code));
      show(failure(() => net.on('netNothing', () => {})), failure(() => net.register()));
    `);
    assert.deepEqual(lines, [
      ['registered', null],
      ['available', { netId: 101 }],
      ['capabilities', { netId: 101 }, [1]],
      ['again', 2101008],
      ['lost', { netId: 101 }],
      ['available', { netId: 102 }],
      ['capabilities', { netId: 102 }, [0]],
      ['unregistered', null],
      [
        [401, true],
        [401, true],
      ],
      ['again', 2101007],
    ]);
  });

  it('has no network of another kind than the default one', async () => {
    const lines = await values(`${IMPORTS}
      const cellular = { netCapabilities: {
        bearerTypes: [connection.NetBearType.BEARER_CELLULAR] } };
      const net = connection.createNetConnection(cellular, 10);
      net.on('netAvailable', () => show('available'));
      net.on('netUnavailable', () => show('unavailable'));
      net.register(() => {});
    `);
    assert.deepEqual(lines, [['unavailable']]);
  });

  it('finds the addresses of a host', async () => {
    const lines = await values(`${IMPORTS}
      show(await connection.getAddressesByName('127.0.0.1'));
      show(await connection.getDefaultNetSync().getAddressByName('::1'));
      const code = (error: BusinessError) => error.code;
      show(await connection.getAddressesByName('').catch(code),
        await connection.getAddressesByName('a..b').catch(code));
      const net = connection.getDefaultNetSync();
      const { linkAddresses, dnses, routes } = await connection.getConnectionProperties(net);
      show(linkAddresses.every(({ address, prefixLength }) => address.family && prefixLength),
        dnses.every((address) => address.family), routes);
      show(await connection.reportNetConnected(net),
        await connection.reportNetDisconnected({ netId: 5 }).catch(code));
      show(connection.getAppNetSync(), await connection.setAppNet(net), await connection.getAppNet());
    `);
    assert.deepEqual(lines, [
      [[{ address: '127.0.0.1', family: 1, port: 0 }]],
      [{ address: '::1', family: 2, port: 0 }],
      [2100001, 2100002],
      [true, true, []],
      [null, 2100001],
      [{ netId: 0 }, null, { netId: 100 }],
    ]);
  });
});

describe('an app', () => {
  const LINK = `
import { connection, webSocket } from '@kit.NetworkKit';
import { BusinessError, emitter } from '@kit.BasicServicesKit';
import { buffer, util } from '@kit.ArkTS';
import { hilog } from '@kit.PerformanceAnalysisKit';
import { router } from '@kit.ArkUI';

const DOMAIN: number = 0x0001;

/** Is connected as long as there is a network. */
@Observed
export class Link {
  @Track state: string = 'new';
  private socket?: webSocket.WebSocket;
  private net: connection.NetConnection = connection.createNetConnection();

  constructor(private url: string) {
    this.net.on('netAvailable', () => this.connect());
    this.net.on('netLost', () => this.disconnect());
    this.net.register((err: BusinessError) => {
      hilog.info(DOMAIN, 'Link', 'registered %{public}s', err);
    });
  }

  private connect(): void {
    const socket = webSocket.createWebSocket();
    this.socket = socket;
    socket.on('message', (err: BusinessError, data: string | ArrayBuffer) => {
      const text = util.TextDecoder.create().decodeToString(new Uint8Array(data as ArrayBuffer));
      emitter.emit('message', { data: { text } });
    });
    socket.connect(this.url, (err: BusinessError) => {
      this.state = err ? 'failed' : 'connected';
      socket.send(buffer.from('hello').buffer);
    });
  }

  private disconnect(): void {
    this.state = 'lost';
    this.socket?.close();
  }

  stop(): void {
    this.net.unregister(() => {});
    this.disconnect();
  }
}

@Entry
@Component
struct Page {
  @State link: Link = new Link('ws://host');

  build() {
    Column() { Text(this.link.state) }.onClick(() => router.back())
  }
}
`;
  const MAIN = `
import { emitter } from '@kit.BasicServicesKit';
import { network } from 'arkws/testing';
import { Link } from './link';

const link = new Link(process.argv[2]);
let messages: number = 0;
emitter.on('message', (event: emitter.EventData) => {
  console.log(link.state, event.data?.text);
  messages++;
  if (messages === 2) {
    link.stop();
    return;
  }
  network.lose();
  setImmediate(() => {
    console.log(link.state);
    network.restore();
  });
});
`;

  it('reconnects when a test gives it the network back', async (t) => {
    let clients = 0;
    const url = await serve(t, (socket) => {
      const number = ++clients;
      socket.on('message', (data) => socket.send(Buffer.from(`${number}: ${data}`)));
    });
    const cwd = await folder({ 'main.ets': MAIN, 'link.ets': LINK });
    const { code, lines, stderr } = await node(['--import', 'arkws/register', 'main.ets', url], {
      cwd,
    });
    assert.match(lines.shift(), / I A00001\/Link: registered undefined$/, stderr);
    assert.deepEqual(lines, ['connected 1: hello', 'lost', 'connected 2: hello'], stderr);
    assert.equal(code, 0);
  });
});

it('gives CommonJS the same modules', async () => {
  const cwd = await folder({
    'main.cjs': `
      const { hilog } = require('@kit.PerformanceAnalysisKit');
      const { util, buffer } = require('@kit.ArkTS');
      const { emitter } = require('@kit.BasicServicesKit');
      const { connection } = require('@kit.NetworkKit');
      console.log(hilog === require('@ohos.hilog').default, util === require('@ohos.util').default);
      console.log(buffer === require('@ohos.buffer').default);
      console.log(emitter === require('@ohos.events.emitter').default);
      console.log(connection === require('@ohos.net.connection').default);
      require('arkws/testing').network.lose();
      console.log(connection.hasDefaultNetSync(),
        require('@ohos.net.connection').hasDefaultNetSync());
    `,
  });
  const { lines, stderr } = await node(['--require', 'arkws/register', 'main.cjs'], { cwd });
  assert.deepEqual(lines, ['true true', 'true', 'true', 'true', 'false false'], stderr);
});
