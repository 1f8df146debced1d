// Which proxy, if any: the forms of the option, the environment, and the hosts that are connected
// to directly.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import webSocket from 'arkws';
import { connected } from '../../npm/test/events.mjs';
import { echo, serve } from '../../npm/test/servers.mjs';
import { assertUsable, attempts, exchange, failure } from '../client.mjs';
import { needs } from '../programs.mjs';
import { Certificates } from '../tls/certificates.mjs';
import { startMicrosocks, startRefusing, startTinyproxy } from './servers.mjs';

/** The proxy's answer to everything. */
const assertRefused = (outcome) => {
  assert.equal(outcome.cause, 'proxy', JSON.stringify(outcome));
  assert.match(outcome.message, /answered 403 Forbidden to CONNECT/);
};

const assertDirect = (outcome, url) =>
  assert.equal(outcome.peer?.split(':').at(-1), new URL(url).port, JSON.stringify(outcome));

const assertThrough = (outcome, port) => assert.deepEqual(outcome, { peer: `127.0.0.1:${port}` });

describe('proxy', { timeout: 60_000 }, () => {
  describe('that cannot be one is 401', () => {
    const BAD = [
      null,
      undefined,
      '',
      'none',
      'System',
      'http://127.0.0.1:3128',
      0,
      3128,
      true,
      () => {},
      { host: '127.0.0.1', port: -1 },
      { host: '127.0.0.1', port: 65536 },
      { host: '127.0.0.1:0' },
      { host: '127.0.0.1:65536' },
      { host: '127.0.0.1:http' },
      { host: 'two words' },
      { host: '[::1' },
      { host: 'ftp://127.0.0.1' },
      { host: 'https://127.0.0.1' },
      { host: 'socks4://127.0.0.1' },
      { host: 'http://' },
    ];
    for (const proxy of BAD) {
      it(typeof proxy === 'object' ? JSON.stringify(proxy) : String(proxy) || "''", async (t) => {
        const url = await serve(t, echo);
        const ws = webSocket.createWebSocket();
        const events = [];
        ws.on('error', (error) => events.push(error));
        // It goes before everything that is looked at later: protocol, files, URL.
        for (const [target, more] of [
          [url, {}],
          ['hello', { caPath: '/nowhere' }],
        ]) {
          await assert.rejects(
            ws.connect(target, { proxy, ...more }),
            (error) => error.code === 401 && error instanceof Error,
          );
          const [error, value] = await new Promise((resolve) =>
            ws.connect(target, { proxy, ...more }, (...result) => resolve(result)),
          );
          assert.equal(error.code, 401);
          assert.equal(value, undefined);
        }
        await assertUsable(t, ws);
        assert.deepEqual(events, []);
      });
    }

    it('without the password in its message', async () => {
      const proxy = { host: 'ann:secret@127.0.0.1:http' };
      await assert.rejects(
        webSocket.createWebSocket().connect('ws://127.0.0.1:1', { proxy }),
        ({ code, message }) => {
          assert.equal(code, 401);
          assert.doesNotMatch(message, /secret/);
          return true;
        },
      );
    });
  });

  it('without a host is none', async (t) => {
    const url = await serve(t, echo);
    for (const proxy of [
      {},
      [],
      { port: 3128 },
      { host: '', port: 3128 },
      { host: ' ' },
      { host: 5, port: 3128 },
    ]) {
      await exchange(await connected(url, { proxy }));
    }
  });

  describe('with an exclusionList', () => {
    for (const [exclusionList, host, direct] of [
      [['127.0.0.1'], '127.0.0.1', true],
      [['127.0.0.1'], 'localhost', false],
      [['localhost'], 'localhost', true],
      [['LocalHost'], 'localhost', true],
      [['localhost'], 'LOCALHOST', true],
      [['a.example', ' localhost '], 'localhost', true],
      [['local*'], 'localhost', true],
      [['*host'], 'localhost', true],
      [['l*c*t'], 'localhost', true],
      [['*'], 'localhost', true],
      [['host'], 'localhost', false],
      [['local'], 'localhost', false],
      [['*.localhost'], 'localhost', false],
      [['l?calhost'], 'localhost', false],
      [['127.*'], '127.0.0.1', true],
      [['127.0.0.0/8'], '127.0.0.1', false],
      [['127.0.0.1:80'], '127.0.0.1', false],
      [['::1'], '[::1]', true],
      [['[::1]'], '[::1]', true],
      [['0:0:0:0:0:0:0:1'], '[::1]', true],
      [['::2', '::*'], '[::1]', true],
      [['::2'], '[::1]', false],
      [[], 'localhost', false],
      [[''], 'localhost', false],
      [[5, null, 'localhost'], 'localhost', true],
      ['localhost', 'localhost', false],
      [undefined, 'localhost', false],
    ]) {
      it(`${JSON.stringify(exclusionList)} connects to ${host} ${direct ? 'directly' : 'through the proxy'}`, async (t) => {
        const port = await startRefusing(t);
        const listening = await serve(t, echo, { host: host === '[::1]' ? '::1' : '127.0.0.1' });
        const url = listening.replace('127.0.0.1', host);
        const options = { proxy: { host: '127.0.0.1', port, exclusionList } };
        if (direct) return exchange(await connected(url, options));
        const { error } = await failure(url, options);
        return assertRefused(error);
      });
    }
  });

  describe("of the platform's Socks5Proxy", () => {
    it('speaks SOCKS5, with name and password', needs('microsocks', 'microsocks'), async (t) => {
      const url = await serve(t, echo);
      const port = await startMicrosocks(t, { user: 'ann', password: 'secret' });
      const proxy = { host: ' 127.0.0.1', port, username: 'ann', password: 'secret' };
      for (const more of [
        { exclusions: [] },
        { exclusions: ['localhost'], dnsStrategy: 1 },
        { host: 'ann:secret@127.0.0.1', password: 'wrong', exclusions: 'none' },
        { host: `socks5h://127.0.0.1:${port}`, port: 1, exclusions: [] },
      ]) {
        await exchange(await connected(url, { proxy: { ...proxy, ...more } }));
      }
      const wrong = { ...proxy, password: 'wrong', exclusions: [] };
      const { error } = await failure(url, { proxy: wrong });
      assert.equal(error.cause, 'proxy', error.message);
    });

    it('leaves out the hosts of exclusions', async (t) => {
      const url = await serve(t, echo);
      const port = await startRefusing(t);
      const exclusions = ['127.*'];
      await exchange(await connected(url, { proxy: { host: '127.0.0.1', port, exclusions } }));
    });

    it('is an HttpProxy if it has an exclusionList as well', async (t) => {
      const url = await serve(t, echo);
      const port = await startRefusing(t);
      const proxy = { host: '127.0.0.1', port, exclusionList: [], exclusions: ['127.*'] };
      const { error } = await failure(url, { proxy });
      assertRefused(error);
    });

    it('without a host is none', async (t) => {
      const url = await serve(t, echo);
      await exchange(await connected(url, { proxy: { host: ' ', port: 1, exclusions: [] } }));
    });
  });

  describe("'system'", () => {
    it('is what http_proxy says for ws, whatever https_proxy says', async (t) => {
      const url = await serve(t, echo);
      const [refusing, other] = [await startRefusing(t), await startRefusing(t)];
      const variables = {
        http_proxy: `http://127.0.0.1:${refusing}`,
        https_proxy: `http://127.0.0.1:${other}`,
      };
      for (const outcome of await attempts(
        variables,
        [url],
        [url, {}],
        [url, { proxy: 'system' }],
      )) {
        assertRefused(outcome);
        assert.ok(outcome.message.includes(`127.0.0.1:${refusing} answered`), outcome.message);
      }
    });

    it('is what https_proxy says for wss, whatever http_proxy says', async (t) => {
      const [refusing, other] = [await startRefusing(t), await startRefusing(t)];
      const variables = {
        HTTPS_PROXY: `127.0.0.1:${refusing}`,
        http_proxy: `http://127.0.0.1:${other}`,
      };
      const [outcome] = await attempts(variables, ['wss://localhost']);
      assertRefused(outcome);
      assert.ok(outcome.message.includes(`127.0.0.1:${refusing} answered`), outcome.message);
    });

    it('is what all_proxy says where nothing is said for the scheme, in lower case before upper case', async (t) => {
      const url = await serve(t, echo);
      const port = await startRefusing(t);
      const proxy = `http://127.0.0.1:${port}`;
      const nowhere = 'http://127.0.0.1:1';
      for (const variables of [
        { all_proxy: proxy },
        { ALL_PROXY: proxy },
        { HTTP_PROXY: proxy },
        { http_proxy: '', all_proxy: proxy },
        { http_proxy: proxy, HTTP_PROXY: nowhere, all_proxy: nowhere },
        { HTTP_PROXY: proxy, all_proxy: nowhere },
      ]) {
        for (const outcome of await attempts(variables, [url])) assertRefused(outcome);
      }
    });

    it('is none where no variable names one', async (t) => {
      const url = await serve(t, echo);
      const [outcome] = await attempts({ https_proxy: 'http://127.0.0.1:1', no_proxy: '' }, [url]);
      assertDirect(outcome, url);
    });

    it('is none for the hosts of no_proxy', async (t) => {
      const url = await serve(t, echo);
      const byName = url.replace('127.0.0.1', 'localhost');
      const six = (await serve(t, echo, { host: '::1' })).replace('127.0.0.1', '[::1]');
      const all_proxy = `http://127.0.0.1:${await startRefusing(t)}`;
      for (const [variables, excluded, others] of [
        [{ no_proxy: 'a.example, LOCALHOST' }, [byName], [url, six]],
        [{ NO_PROXY: '.localhost,127.0.0.0/8' }, [byName, url], [six]],
        [{ no_proxy: '::1', NO_PROXY: '*' }, [six], [url, byName]],
        [{ no_proxy: '*' }, [url, byName, six], []],
        [{ no_proxy: 'host,127.0.0.2' }, [], [url, byName, six]],
      ]) {
        const urls = [...excluded, ...others].map((each) => [each]);
        const outcomes = await attempts({ all_proxy, ...variables }, ...urls);
        excluded.forEach((each, at) => assertDirect(outcomes[at], each));
        outcomes.slice(excluded.length).forEach(assertRefused);
      }
    });

    it('is no way around a proxy that cannot be understood', async (t) => {
      const url = await serve(t, echo);
      const [system, none] = await attempts(
        { http_proxy: 'gopher://ann:secret@127.0.0.1' },
        [url],
        [url, { proxy: 'no-proxy' }],
      );
      assert.equal(system.code, 200);
      assert.equal(system.cause, 'proxy');
      assert.match(
        system.message,
        /is not the address of a proxy: the scheme must be http, https, socks5 or socks5h/,
      );
      assert.doesNotMatch(system.message, /secret/);
      assertDirect(none, url);
    });

    it('is tunnelled through', needs('tinyproxy', 'tinyproxy-bin'), async (t) => {
      const url = await serve(t, echo);
      const port = await startTinyproxy(t, 'BasicAuth ann secret');
      const [outcome] = await attempts({ http_proxy: `http://ann:secret@127.0.0.1:${port}` }, [
        url,
      ]);
      assertThrough(outcome, port);
    });

    it('is tunnelled through with SOCKS', needs('microsocks', 'microsocks'), async (t) => {
      const url = await serve(t, echo);
      const port = await startMicrosocks(t, { user: 'ann', password: 'secret' });
      const variables = { ALL_PROXY: `socks5h://ann:secret@127.0.0.1:${port}` };
      const [outcome] = await attempts(variables, [url.replace('127.0.0.1', 'localhost')]);
      assertThrough(outcome, port);
    });
  });

  describe('for wss', needs('openssl', 'openssl'), () => {
    let made;

    before(async () => {
      made = await Certificates.make();
      await made.authority('root');
      await made.issue('server', { names: ['DNS:localhost', 'IP:127.0.0.1'] });
    });

    it('is of the environment, excluded or none by the same rules', async (t) => {
      const url = await serve(t, echo, {
        tls: { cert: await made.read('server.pem'), key: await made.read('server.key') },
      });
      const byAddress = url.replace('localhost', '127.0.0.1');
      const caPath = made.path('root.pem');
      const port = await startRefusing(t);
      const [system, excluded, none, object] = await attempts(
        { HTTPS_PROXY: `http://127.0.0.1:${port}`, no_proxy: '127.0.0.1' },
        [url, { caPath }],
        [byAddress, { caPath }],
        [url, { caPath, proxy: 'no-proxy' }],
        [url, { caPath, proxy: { host: '127.0.0.1', port: 1, exclusionList: ['localhost'] } }],
      );
      assertRefused(system);
      assertDirect(excluded, url);
      assertDirect(none, url);
      assertDirect(object, url);
    });
  });

  it("'no-proxy' is none, whatever the environment says", async (t) => {
    const url = await serve(t, echo);
    const refusing = `http://127.0.0.1:${await startRefusing(t)}`;
    const variables = { http_proxy: refusing, HTTP_PROXY: refusing, all_proxy: refusing };
    const [none, excluded] = await attempts(
      variables,
      [url, { proxy: 'no-proxy' }],
      [url, { proxy: { host: refusing, exclusionList: ['*'] } }],
    );
    assertDirect(none, url);
    assertDirect(excluded, url);
  });
});
