// Chromium without a window, driven by its own protocol over a WebSocket.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Ws from 'ws';
import { needs } from '../programs.mjs';

/** Options of a test with Chromium. */
export const needsChromium = () => needs('chromium', 'chromium');

/** Opens a page; ended after the test. */
export async function open(t, url) {
  const profile = await mkdtemp(join(tmpdir(), 'arkws-chromium-'));
  const child = spawn(
    'chromium',
    [
      '--headless',
      // Whoever runs the tests may be root, for whom there is no sandbox.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-proxy-server',
      '--no-first-run',
      '--window-size=1280,800',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  });
  const address = await addressOf(child, ended);
  const socket = new Ws(address, { perMessageDeflate: false });
  await once(socket, 'open');
  t.after(() => socket.terminate());
  const browser = new Connection(socket);
  const { targetId } = await browser.call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await browser.call('Target.attachToTarget', { targetId, flatten: true });
  const page = new Page(browser, sessionId);
  for (const domain of ['Page', 'Runtime', 'Log']) await page.call(`${domain}.enable`);
  await page.open(url);
  return page;
}

/** Chromium tells where it listens. */
async function addressOf(child, ended) {
  const lines = createInterface({ input: child.stderr });
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      const [, address] = /^DevTools listening on (\S+)$/.exec(line) ?? [];
      if (address) resolve(address);
    });
    ended.then(([code]) => reject(new Error(`chromium ended with ${code}`)));
  });
}

/** Calls and events. */
class Connection {
  #socket;
  #last = 0;
  #waiting = new Map();
  events = [];

  constructor(socket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      const message = JSON.parse(data);
      if (!message.id) return this.events.push(message);
      const { resolve, reject } = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    });
  }

  call(method, params = {}, sessionId) {
    const id = ++this.#last;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }
}

/** A page. */
class Page {
  #browser;
  #session;

  constructor(browser, session) {
    this.#browser = browser;
    this.#session = session;
  }

  call(method, params) {
    return this.#browser.call(method, params, this.#session);
  }

  async open(url) {
    await this.call('Page.navigate', { url });
    await this.until('document.readyState === "complete"');
  }

  /** The value of an expression there. */
  async value(expression) {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    assert.equal(exceptionDetails, undefined, exceptionDetails?.exception?.description);
    return result.value;
  }

  /** Waits until an expression is true: what it is then. The test's time-out ends this. */
  async until(expression) {
    for (;;) {
      const value = await this.value(expression);
      if (value) return value;
      await this.value('new Promise((resolve) => setTimeout(resolve, 20))');
    }
  }

  /** What the browser has complained of: errors of scripts, and what the policy has blocked. */
  complaints() {
    const of = (method) => this.#browser.events.filter((event) => event.method === method);
    return [
      ...of('Runtime.exceptionThrown').map(({ params }) => params.exceptionDetails.text),
      ...of('Log.entryAdded').map(({ params }) => params.entry.text),
    ];
  }

  async screenshot(file) {
    const { data } = await this.call('Page.captureScreenshot', { format: 'png' });
    await writeFile(file, Buffer.from(data, 'base64'));
  }

  async type(text) {
    await this.call('Input.insertText', { text });
  }

  async key(key) {
    for (const type of ['keyDown', 'keyUp']) {
      await this.call('Input.dispatchKeyEvent', { type, key, code: key });
    }
  }

  async mouse(type, x, y) {
    const params = { type, x, y, button: 'left', buttons: 1, clickCount: 1 };
    await this.call('Input.dispatchMouseEvent', params);
  }
}
