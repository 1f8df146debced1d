// API level, policy, log: what holds for the whole process.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import arkws, { setApiVersion, setPolicy } from 'arkws';
import { next, openClient, rejection } from './events.mjs';
import { serve } from './servers.mjs';
import { folder, node } from './support.mjs';

const f = () => {};

describe('setApiVersion', () => {
  it('refuses what is not a level', () => {
    for (const level of [5, 10.5, NaN, '10', null, {}, Infinity, -1]) {
      assert.throws(() => setApiVersion(level), { name: 'BusinessError', code: 401 });
    }
  });

  it('holds for objects made from then on, until it is taken back', async (t) => {
    t.after(() => setApiVersion(undefined));
    const codeOf = async (ws) => {
      ws.on('error', f);
      return (await rejection(ws.connect('hello'))).code;
    };
    const before = arkws.createWebSocket();
    setApiVersion(10);
    const at10 = arkws.createWebSocket();
    setApiVersion(undefined);
    const after = arkws.createWebSocket();
    assert.deepEqual(
      [await codeOf(before), await codeOf(at10), await codeOf(after)],
      [2302001, 401, 2302001],
    );
  });
});

describe('OHOS_API_VERSION', () => {
  const program = `
    import arkws from 'arkws';
    arkws.createWebSocket();
    arkws.createWebSocketServer();
  `;

  it('is warned of once if it is not a level', async () => {
    const cwd = await folder({ 'program.mjs': program });
    for (const level of ['abc', '5', '-12', '5.0.0(12', '12.5']) {
      const { code, stderr } = await node(['program.mjs'], {
        cwd,
        env: { OHOS_API_VERSION: level },
      });
      const warnings = stderr.split('\n').filter((line) => line.includes('OHOS_API_VERSION'));
      assert.equal(warnings.length, 1, stderr);
      assert.match(
        warnings[0],
        /\[ARKWS_API_VERSION\] Warning: OHOS_API_VERSION=.* is ignored: API levels are 6 to 26$/,
      );
      assert.equal(code, 0);
    }
    for (const level of ['6', ' 12 ', '5.0.0(12)', '27', '']) {
      assert.equal(
        (await node(['program.mjs'], { cwd, env: { OHOS_API_VERSION: level } })).stderr,
        '',
      );
    }
  });
});

describe('setPolicy', () => {
  it('refuses what is not a policy', () => {
    for (const policy of [
      null,
      1,
      'no',
      { internet: 1 },
      { allowedHosts: 'a' },
      { allowedHosts: [1] },
      { allowedHosts: ['http://a'] },
    ]) {
      assert.throws(() => setPolicy(policy), { name: 'BusinessError', code: 401 });
    }
  });

  it('without internet gives 201 to every call', async (t) => {
    t.after(() => setPolicy(undefined));
    const url = await serve(t, f);
    const ws = await openClient(t, url);
    setPolicy({ internet: false });
    for (const call of [ws.connect(url), ws.send('a'), ws.close()])
      assert.equal((await rejection(call)).code, 201);
    const server = arkws.createWebSocketServer();
    for (const call of [
      server.start({ serverPort: 0 }),
      server.stop(),
      server.send('a', { clientIP: '1', clientPort: 1 }),
    ]) {
      assert.equal((await rejection(call)).code, 201);
    }
    setPolicy(undefined);
    assert.equal(await ws.send('a'), true);
  });

  it('with a list of hosts gives 2302998 for others', async (t) => {
    t.after(() => setPolicy(undefined));
    const url = await serve(t, f);
    setPolicy({ allowedHosts: ['*.example.com'] });
    const ws = arkws.createWebSocket();
    const failed = next(ws, 'error');
    assert.equal((await rejection(ws.connect(url))).code, 2302998);
    assert.equal((await failed)[0].code, 200);
    setPolicy({ allowedHosts: ['127.0.0.1'] });
    await openClient(t, url);
  });
});

describe('ARKWS_LOG', () => {
  const program = `
    import arkws from 'arkws';
    const ws = arkws.createWebSocket();
    ws.on('error', () => console.log('error'));
    ws.connect('ws://user:topsecret@127.0.0.1:1/?token=topsecret');
  `;

  it('shows what goes on, without secrets; otherwise all is silent', async () => {
    const cwd = await folder({ 'program.mjs': program });
    const silent = await node(['program.mjs'], { cwd });
    assert.deepEqual([silent.stderr, silent.lines], ['', ['error']]);
    const loud = await node(['program.mjs'], { cwd, env: { ARKWS_LOG: 'debug' } });
    assert.match(loud.stderr, /DEBUG.*arkws.*127\.0\.0\.1:1/);
    assert.doesNotMatch(loud.stderr, /topsecret/);
    assert.deepEqual(loud.lines, ['error']);
  });

  it('says so if the level does not exist', async () => {
    const cwd = await folder({ 'program.mjs': program });
    const { stderr, lines } = await node(['program.mjs'], { cwd, env: { ARKWS_LOG: 'lots' } });
    assert.match(stderr, /ARKWS_LOG=lots is none of/);
    assert.deepEqual(lines, ['error']);
  });
});

describe('the native module', () => {
  it('that is missing is named, with what to do', async () => {
    const cwd = await folder({ 'program.mjs': program('createWebSocket') });
    const { code, stderr } = await node(['program.mjs'], {
      cwd,
      env: { ARKWS_NATIVE: '/nowhere/arkws.node' },
    });
    assert.equal(code, 1);
    assert.match(stderr, /\/nowhere\/arkws\.node does not exist.*cargo xtask npm/);
  });

  it('is not needed for types and errors', async () => {
    const cwd = await folder({ 'program.mjs': program('BusinessError.name') });
    const { lines, stderr } = await node(['program.mjs'], {
      cwd,
      env: { ARKWS_NATIVE: '/nowhere/arkws.node' },
    });
    assert.deepEqual([stderr, lines], ['', ['BusinessError']]);
  });

  function program(what) {
    return `
      import arkws, { BusinessError, createWebSocket } from 'arkws';
      console.log(${what === 'createWebSocket' ? 'createWebSocket()' : what});
    `;
  }
});
