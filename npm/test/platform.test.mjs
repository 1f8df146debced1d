// The platform's modules for logs, events and the network, which networking code uses beside the
// WebSocket module, as its documentation has them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serve } from './servers.mjs';
import { folder, node, printedValues, runArkTs, SHOW } from './support.mjs';

describe('@ohos.hilog', () => {
  it('prints the documented lines', async () => {
    const { lines, stderr } = await runArkTs({
      'main.ets': `
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
    `,
    });
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

describe('@ohos.events.emitter', () => {
  const IMPORTS = `
    import { emitter, BusinessError } from '@kit.BasicServicesKit';
    import same from '@ohos.events.emitter';
    ${SHOW}
  `;

  it('hands events to those who listen, later, by priority', async () => {
    const lines = await printedValues(`${IMPORTS}
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
    const { lines, stderr } = await runArkTs({
      'main.ets': `${IMPORTS}
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
    `,
    });
    const refused = '[[401,true]]';
    assert.deepEqual(
      lines,
      [refused, refused, refused, refused, '["second"]', '["of the first"]'],
      stderr,
    );
  });

  it('has no event of an empty name, as on the platform, and warns once', async () => {
    const { lines, stderr } = await runArkTs({
      'main.ets': `${IMPORTS}
      emitter.on('', () => show('never'));
      emitter.emit('', { data: {} });
      emitter.off('');
      show(emitter.getListenerCount(''));
    `,
    });
    assert.deepEqual(lines, ['[0]'], stderr);
    assert.equal(stderr.match(/\[ARKWS_EVENT_ID\] Warning: emitter\.on/g)?.length, 1, stderr);
    assert.equal(stderr.match(/ARKWS_EVENT_ID/g).length, 1);
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
    const lines = await printedValues(`${IMPORTS}
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
    const lines = await printedValues(`${IMPORTS}
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
    const lines = await printedValues(`${IMPORTS}
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
    const lines = await printedValues(`${IMPORTS}
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
      show(connection.getAppNetSync(), await connection.setAppNet(net),
        await connection.getAppNet());
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
