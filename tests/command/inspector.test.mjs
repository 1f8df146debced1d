// The inspector of `arkws proxy`: its page in Chromium, and who may see it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { describe, it } from 'node:test';
import Ws from 'ws';
import { needsChromium, open } from './chromium.mjs';
import { proxy, serve } from './command.mjs';

/** An app that says these messages, and has had their echoes. */
async function app(t, url, messages, options) {
  const socket = new Ws(url, options);
  t.after(() => socket.terminate());
  await once(socket, 'open');
  for (const message of messages) {
    socket.send(message);
    await once(socket, 'message');
  }
  return socket;
}

/** The rows that the page shows, each as text. */
const ROWS = `[...document.querySelectorAll('.row')].map((row) =>
  [...row.children].slice(1).map((part) => part.textContent).join('|'))`;

const rows = (page, count) => page.until(`(${ROWS}).length === ${count} && ${ROWS}`);

const EVIL =
  '<img src=x onerror="document.title=1"><script>document.title = 1</script>\u202e\u001b[31m';

describe("the inspector's page", { timeout: 300_000, ...needsChromium() }, () => {
  it('shows what has passed before and what passes, as text', async (t) => {
    const { url, page: address } = await proxy(t, await serve(t), '--inspect');
    const first = await app(t, `${url}rooms?x=<b>`, [EVIL], {
      headers: { 'X-Evil': EVIL.slice(0, 60) },
    });
    const page = await open(t, address);
    const [opened, out, back] = await rows(page, 3);
    assert.match(opened, /^#1\|•\|open\|\|127\.0\.0\.1:\d+ is connected to ws:.*rooms\?x=/);
    const shown = EVIL.replace('\u202e', '\\u{202e}').replace('\u001b', '\\u{1b}');
    assert.equal(out, `#1|↑|text|${EVIL.length + 2} B|${shown}`);
    assert.equal(back, `#1|↓|text|${EVIL.length + 2} B|${shown}`);

    first.send(Buffer.from([0, 255, 16]));
    first.ping('hello');
    const all = await rows(page, 7);
    assert.ok(all.includes('#1|↑|binary|3 B|00 ff 10'), all.join('\n'));
    assert.ok(all.includes('#1|↓|binary|3 B|00 ff 10'), all.join('\n'));
    assert.ok(all.includes('#1|↑|ping|5 B|68 65 6c 6c 6f'), all.join('\n'));
    assert.ok(all.includes('#1|↓|pong|5 B|68 65 6c 6c 6f'), all.join('\n'));
    first.close(4000, 'bye');
    assert.equal((await rows(page, 10)).at(-1), '#1|•|end||the connection is closed');

    // What a message is made of is looked at closely.
    for (const at of [0, 1, 3, 8]) {
      await page.value(`document.querySelectorAll('.row')[${at}].click()`);
      assert.ok(await page.value(`$('detail').textContent.length > 20`));
    }
    assert.equal(await page.value(`document.querySelectorAll('img, .row b').length`), 0);
    assert.equal(await page.value('document.title'), 'arkws proxy');
    assert.deepEqual(page.complaints(), []);
  });

  it('finds, filters, and chooses a time', async (t) => {
    const { url, page: address } = await proxy(t, await serve(t), '--inspect', '--keep=5000');
    const page = await open(t, address);
    const price = JSON.stringify({ type: 'price', value: 12.5, of: ['a', { b: null }] });
    await app(t, url, ['hello', price, Buffer.from('binary')]);
    await rows(page, 7);

    await page.key('/');
    assert.equal(await page.value('document.activeElement.id'), 'search');
    await page.type('PRICE');
    assert.equal((await rows(page, 2))[0], `#1|↑|text|${price.length} B|${price}`);
    await page.value(
      `$('search').value = '/^h.l{2}o/'; $('search').dispatchEvent(new Event('input'))`,
    );
    await rows(page, 2);
    await page.value(`$('search').value = '/(/'; $('search').dispatchEvent(new Event('input'))`);
    assert.ok(await page.value(`$('search').classList.contains('wrong')`));
    await page.value(`$('search').value = ''; $('search').dispatchEvent(new Event('input'))`);
    await rows(page, 7);

    const press = (name) => page.value(`document.querySelector('[data-${name}]').click()`);
    await press('direction="in"');
    await rows(page, 4);
    await press('kind="text"');
    assert.equal((await rows(page, 2))[1], '#1|↑|binary|6 B|62 69 6e 61 72 79');
    await press('direction="in"');
    await press('kind="text"');
    await rows(page, 7);
    assert.match(await page.value(`$('count').textContent`), /^7 events$/);

    // A JSON message, indented and in colours; the keyboard goes on to the next.
    await page.value(`document.querySelectorAll('.row')[3].click()`);
    const pretty = JSON.stringify(JSON.parse(price), null, 2);
    assert.equal(await page.value(`$('detail').querySelector('pre').textContent`), pretty);
    assert.ok(await page.value(`$('detail').querySelectorAll('.key').length === 4`));
    await page.key('Escape');
    await page.key('ArrowDown');
    await page.until(`document.querySelector('.chosen .sign').textContent === '↓'`);

    // The last half of the time; then all of it.
    const box = await page.value(`(({ x, y, width, height }) =>
      ({ x, y, width, height }))($('time').getBoundingClientRect())`);
    const middle = box.y + box.height / 2;
    await page.mouse('mousePressed', box.x + box.width / 2, middle);
    await page.mouse('mouseMoved', box.x + box.width - 1, middle);
    await page.mouse('mouseReleased', box.x + box.width - 1, middle);
    await page.until(`document.querySelectorAll('.row').length < 7`);
    await page.mouse('mousePressed', box.x + 40, middle);
    await page.mouse('mouseReleased', box.x + 40, middle);
    await rows(page, 7);

    // While it is paused, messages wait.
    await page.value(`$('pause').click()`);
    await app(t, url, ['later']);
    await page.until(`$('count').textContent.includes('3 waiting')`);
    await page.value(`$('pause').click()`);
    await rows(page, 10);
    await page.value(
      `$('connection').value = '2'; $('connection').dispatchEvent(new Event('change'))`,
    );
    assert.match((await rows(page, 3))[1], /^#2\|↑\|text\|5 B\|later/);
    await page.value(
      `$('connection').value = ''; $('connection').dispatchEvent(new Event('change'))`,
    );
    if (process.env.ARKWS_TEST_SCREENSHOT) await page.screenshot(process.env.ARKWS_TEST_SCREENSHOT);
    await page.value(`$('clear').click()`);
    await page.until(`$('space').textContent === 'Nothing has passed yet.'`);
    assert.deepEqual(page.complaints(), []);
  });

  it('stays quick and small with very many messages, and says when the proxy has gone', async (t) => {
    const {
      child,
      url,
      page: address,
    } = await proxy(t, await serve(t, '--quiet'), '--inspect', '--quiet');
    const page = await open(t, address);
    const socket = await app(t, url, ['first']);
    let came = 0;
    const all = new Promise((resolve) => {
      socket.on('message', () => ++came === 2000 && resolve());
    });
    for (let number = 0; number < 2000; number++) socket.send(`message ${number}`);
    await all;
    socket.send('the last');
    await page.until(`(${ROWS}).some((row) => row.endsWith('the last'))`);
    await page.value(`for (let at = 0; at < 50_000; at++) {
      add({ ...events.at(-1), time: began + 10 + at / 1000, data: 'made ' + at });
    } render();`);
    await page.until(`(${ROWS}).some((row) => row.endsWith('made 49999'))`);
    assert.ok(await page.value('events.length <= MOST && shown.length === events.length'));
    assert.ok(await page.value(`document.querySelectorAll('.row').length < 100`));
    child.kill('SIGINT');
    await page.until(`$('state').textContent === 'the proxy has ended'`);
    assert.deepEqual(page.complaints(), []);
  });
});

describe('who sees the inspector', { timeout: 300_000 }, () => {
  /** The answer to a request of the page. */
  const answer = async (url, { headers, path, method } = {}) => {
    const { hostname, port, pathname } = new URL(url);
    const options = { host: hostname, port, path: path ?? pathname, headers, method, agent: false };
    const asked = get(options);
    asked.end();
    const [response] = await once(asked, 'response');
    let body = '';
    for await (const part of response.setEncoding('utf8')) body += part;
    return { status: response.statusCode, headers: response.headers, body };
  };

  /** Whether its WebSocket opens. */
  const opens = async (url, options) => {
    const socket = new Ws(new URL('events', url.replace('http', 'ws')), options);
    const opened = await new Promise((resolve) => {
      socket.on('open', () => resolve(true)).on('error', () => resolve(false));
    });
    socket.terminate();
    return opened;
  };

  it('has the token, and comes from its own host and origin', async (t) => {
    const { page: url } = await proxy(t, 'ws://127.0.0.1:9/', '--inspect');
    const { port, pathname, origin } = new URL(url);
    const { status, headers, body } = await answer(url);
    assert.equal(status, 200);
    assert.ok(body.includes('<title>arkws proxy</title>'));
    const policy = headers['content-security-policy'];
    const [, nonce] = /script-src 'nonce-([0-9a-f]{32})'/.exec(policy);
    assert.ok(body.includes(`<script nonce="${nonce}">`) && !body.includes('{{'));
    assert.match(policy, /^default-src 'none';/);
    assert.ok(!/unsafe|\*/.test(policy), policy);
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['cache-control'], 'no-store');
    assert.notEqual((await answer(url)).headers['content-security-policy'], policy);
    const named = { Host: `localhost:${port}` };
    assert.equal((await answer(url, { headers: named })).status, 200);

    for (const refused of [
      { path: '/' },
      { path: pathname.slice(0, -2) + '/' },
      { path: pathname.replace(/[0-9a-f]/, (one) => (one === '0' ? '1' : '0')) },
      { path: `${pathname}x` },
      { headers: { Host: `evil.test:${port}` } },
      { headers: { Host: '127.0.0.1' } },
      { headers: { Origin: 'http://evil.test' } },
      { method: 'POST' },
    ]) {
      const { status, body } = await answer(url, refused);
      assert.ok(status >= 400, `${status} for ${JSON.stringify(refused)}`);
      assert.ok(!body.includes('<script'), body);
    }

    assert.ok(await opens(url, { origin }));
    assert.ok(await opens(url));
    for (const refused of [
      { origin: 'http://evil.test' },
      { origin: 'null' },
      { headers: { Host: `evil.test:${port}` }, origin: `http://evil.test:${port}` },
    ]) {
      assert.ok(!(await opens(url, refused)), JSON.stringify(refused));
    }
    assert.ok(!(await opens(`${origin}/${'0'.repeat(32)}/`, { origin })));
    // A page of any other site, even one of this machine, may not even ask.
    assert.ok(!(await opens(url, { origin: 'http://localhost:3000' })));
  });
});
