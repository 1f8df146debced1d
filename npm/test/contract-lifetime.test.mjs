// What keeps a process alive, and what happens to connections whose object or thread goes away.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serve } from './servers.mjs';
import { folder, nativeModule, node } from './support.mjs';

/** Runs a program with `url` as its argument. */
async function run(program, url, flags = []) {
  const cwd = await folder({
    'program.mjs': `import arkws from 'arkws';\nconst url = process.argv[2];\n${program}`,
  });
  return node([...flags, 'program.mjs', url], { cwd });
}

/** A server that tells how each of its connections ended. */
async function witness(t, onMessage = () => {}) {
  const ends = [];
  let told;
  const url = await serve(t, (socket) => {
    socket.on('message', (data) => onMessage(socket, data));
    socket.on('error', () => {});
    socket.on('close', (code) => {
      ends.push(code);
      told?.();
    });
  });
  const all = (count) =>
    new Promise((resolve) => {
      told = () => ends.length >= count && resolve(ends);
      told();
    });
  return { url, ends, all };
}

describe('the process', () => {
  it('ends when nothing was connected', async () => {
    const { code } = await run(
      'arkws.createWebSocket().on("open", () => {}); arkws.createWebSocketServer();',
      '',
    );
    assert.equal(code, 0);
  });

  it('lives while a connection is open, without listeners or timers of its own, and ends after it', async (t) => {
    const { url } = await witness(t, (socket) => setTimeout(() => socket.close(4001), 300));
    const { code, lines } = await run(
      `
      globalThis.ws = arkws.createWebSocket();
      ws.on('close', (_, { code }) => console.log('close', code));
      ws.connect(url);
      ws.send('please close');
    `,
      url,
    );
    assert.deepEqual({ code, lines }, { code: 0, lines: ['close 4001'] });
  });

  it('lives until a failed attempt has been told', async () => {
    for (const url of ['ws://127.0.0.1:1', 'ws://', 'hello']) {
      const { code, lines } = await run(
        `
        const ws = arkws.createWebSocket();
        ws.on('error', ({ code }) => console.log('error', code));
        ws.connect(url, () => {});
      `,
        url,
      );
      assert.deepEqual({ code, lines }, { code: 0, lines: ['error 200'] }, url);
    }
  });

  it('lives through several connections of one object and of several', async (t) => {
    const { url } = await witness(t);
    const { code, lines } = await run(
      `
      const closed = (ws) => new Promise((resolve) => ws.on('close', resolve));
      const a = arkws.createWebSocket();
      const b = arkws.createWebSocket();
      a.on('open', () => a.close());
      b.on('open', () => b.close());
      let rounds = 0;
      a.on('close', () => { if (++rounds < 5) a.connect(url); else b.connect(url); });
      b.on('close', () => console.log('done'));
      a.connect(url);
    `,
      url,
    );
    assert.deepEqual({ code, lines }, { code: 0, lines: ['done'] });
  });

  it('can exit with open connections, which then end', async (t) => {
    const { url, all } = await witness(t);
    const { code, stderr } = await run(
      `
      let open = 0;
      for (let i = 0; i < 20; i++) {
        const ws = arkws.createWebSocket();
        ws.on('open', () => { ws.send('x'.repeat(100000)); if (++open === 20) process.exit(7); });
        ws.connect(url);
      }
    `,
      url,
    );
    assert.deepEqual({ code, stderr }, { code: 7, stderr: '' });
    assert.equal((await all(20)).length, 20);
  });

  it('lives while a server runs, and ends when it has stopped', async () => {
    const { code, lines } = await run(
      `
      const server = arkws.createWebSocketServer();
      await server.start({ serverPort: 0 });
      setTimeout(async () => console.log(await server.stop()), 200).unref();
    `,
      '',
    );
    assert.deepEqual({ code, lines }, { code: 0, lines: ['true'] });
  });
});

describe('an object that the program has lost', () => {
  it('is closed properly if it has no listeners', async (t) => {
    const { url, all } = await witness(t);
    const running = run(
      `
      const open = async () => {
        const ws = arkws.createWebSocket();
        const opened = new Promise((resolve) => ws.on('open', resolve));
        await ws.connect(url);
        await opened;
        ws.off('open');
      };
      await Promise.all(Array.from({ length: 10 }, open));
      const timer = setInterval(gc, 10);
      process.stdin.on('data', () => { clearInterval(timer); process.exit(); });
      setTimeout(() => process.exit(3), 20000).unref();
      // Nothing but the connections keeps the process alive from here on.
      timer.unref();
      process.stdin.unref?.();
    `,
      url,
      ['--expose-gc'],
    );
    assert.deepEqual(await all(10), Array(10).fill(1001));
    const { code, stderr } = await running;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  });

  it('goes on if it has listeners', async (t) => {
    const { url, ends } = await witness(t, (socket) => {
      setTimeout(() => {
        assert.deepEqual(ends, []);
        socket.send('still there');
        socket.close(4000);
      }, 500);
    });
    const { code, lines } = await run(
      `
      {
        const ws = arkws.createWebSocket();
        ws.on('message', (_, value) => console.log(value));
        ws.on('close', (_, { code }) => console.log(code));
        ws.connect(url);
        ws.send('a');
      }
      setInterval(gc, 10).unref();
    `,
      url,
      ['--expose-gc'],
    );
    assert.deepEqual({ code, lines }, { code: 0, lines: ['still there', '4000'] });
  });

  it('is collected after its connection, with its listeners', async (t) => {
    const { url } = await witness(t, (socket) => socket.close());
    const { code, stderr, lines } = await run(
      `
      let collected = 0;
      const registry = new FinalizationRegistry(() => collected++);
      const use = async () => {
        const ws = arkws.createWebSocket();
        registry.register(ws, 0);
        const closed = new Promise((resolve) => ws.on('close', () => { void ws; resolve(); }));
        await ws.connect(url);
        ws.send('a');
        await closed;
      };
      await Promise.all(Array.from({ length: 50 }, use));
      for (let i = 0; i < 200 && collected < 50; i++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      console.log(collected);
    `,
      url,
      ['--expose-gc'],
    );
    assert.deepEqual({ code, stderr, lines }, { code: 0, stderr: '', lines: ['50'] });
  });
});

describe('worker threads', () => {
  const worker = `
    import { parentPort, workerData } from 'node:worker_threads';
    import arkws from 'arkws';
    const ws = arkws.createWebSocket();
    ws.on('message', (_, value) => parentPort.postMessage(value));
    ws.on('open', () => ws.send(workerData.name));
    ws.connect(workerData.url);
  `;

  async function runWithWorkers(program, url) {
    const cwd = await folder({
      'worker.mjs': worker,
      'main.mjs': `
        import { Worker } from 'node:worker_threads';
        import { once } from 'node:events';
        const url = process.argv[2];
        const start = (name) => new Worker(new URL('worker.mjs', import.meta.url), { workerData: { url, name } });
        ${program}
      `,
    });
    return node(['main.mjs', url], { cwd });
  }

  const echo = (socket, data) => socket.send(String(data));

  it('have connections of their own, several at once, beside the main thread', async (t) => {
    const { url, all } = await witness(t, echo);
    const { code, stderr, lines } = await runWithWorkers(
      `
      const { default: arkws } = await import('arkws');
      const main = arkws.createWebSocket();
      const workers = ['a', 'b', 'c', 'd'].map(start);
      const names = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]));
      console.log(names.join());
      const heard = new Promise((resolve) => main.on('message', (_, value) => resolve(value)));
      main.connect(url);
      main.send('main');
      console.log(await heard);
      await Promise.all(workers.map((worker) => worker.terminate()));
      main.close();
    `,
      url,
    );
    assert.deepEqual({ code, stderr, lines }, { code: 0, stderr: '', lines: ['a,b,c,d', 'main'] });
    assert.equal((await all(5)).length, 5);
  });

  it('that end with open connections leave nothing behind', async (t) => {
    const { url, all } = await witness(t, echo);
    const { code, stderr, lines } = await runWithWorkers(
      `
      import { readdirSync } from 'node:fs';
      const threads = () => readdirSync('/proc/self/task').length;
      const round = async (i) => {
        const worker = start('w' + i);
        await once(worker, 'message');
        await worker.terminate();
      };
      await round(0);
      const files = () => readdirSync('/proc/self/fd').length;
      // The network thread ends a while after its last connection.
      const settled = async (what, before) => {
        for (let i = 0; i < 100 && what() > before; i++) await new Promise((resolve) => setTimeout(resolve, 50));
        return what() <= before;
      };
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const [t0, f0] = [threads(), files()];
      for (let i = 1; i <= 10; i++) await Promise.all([round(i), round(i)]);
      console.log(await settled(threads, t0), await settled(files, f0));
    `,
      url,
    );
    assert.deepEqual({ code, stderr, lines }, { code: 0, stderr: '', lines: ['true true'] });
    assert.equal((await all(21)).length, 21);
  });

  it('that are ended while messages pour in do not harm the process', async (t) => {
    const url = await serve(t, (socket) => {
      const pour = () => {
        // A limit, because a socket that has been reset swallows what it is given.
        for (let i = 0; i < 1000 && socket.bufferedAmount < 1 << 20; i++)
          socket.send('x'.repeat(100));
        if (socket.readyState === 1) setImmediate(pour);
      };
      socket.on('error', () => {});
      pour();
    });
    const { code, stderr, lines } = await runWithWorkers(
      `
      for (let i = 0; i < 10; i++) {
        const worker = start('w');
        await once(worker, 'message');
        await worker.terminate();
      }
      console.log('alive');
    `,
      url,
    );
    assert.deepEqual({ code, stderr, lines }, { code: 0, stderr: '', lines: ['alive'] });
  });

  it('in which the module was started by halves are not woken when they are gone', async (t) => {
    const url = await serve(t, (socket) => {
      const pouring = setInterval(() => socket.send('x'), 1);
      socket.on('error', () => {}).on('close', () => clearInterval(pouring));
    });
    const cwd = await folder({
      // A setter of Object.prototype takes the functions, and the last one makes start fail.
      'worker.cjs': `
        const { parentPort, workerData } = require('node:worker_threads');
        const { start } = require(workerData.module);
        const half = (deliver) => {
          const functions = Object.create(null);
          for (const name of ['drain', 'createClient', 'connect', 'answerRequest']) {
            Object.defineProperty(Object.prototype, name, {
              configurable: true,
              set(value) {
                functions[name] = value;
                if (name === 'answerRequest') throw new Error('halfway');
              },
            });
          }
          try {
            // Where setters have no part in it, it does not fail.
            const drain = () => { while (functions.drain()); };
            Object.assign(functions, { ...start(drain, deliver, () => {}) });
            functions.keepAlive(true, true, {});
          } catch {}
          return functions;
        };
        // It takes a while to give these back. What comes meanwhile is for the second half, whose
        // thread-safe function is gone by then; that of the third goes last.
        const { createClient } = half(() => {});
        for (let i = 0; i < 20_000; i++) createClient(undefined, 'arkws');
        // What came together is one value.
        const heard = (...values) => values.some((value) => /^x+$/.test(value)) && parentPort.postMessage('heard');
        const second = half(heard);
        const client = second.createClient(undefined, 'arkws');
        half(() => {});
        second.connect(client, workerData.url, { headers: [], noProxy: true });
        setInterval(() => {}, 1000);
      `,
      'main.mjs': `
        import { Worker } from 'node:worker_threads';
        import { once } from 'node:events';
        import arkws from 'arkws';
        const [, , url, module] = process.argv;
        for (let i = 0; i < 3; i++) {
          const file = new URL('worker.cjs', import.meta.url);
          const worker = new Worker(file, { workerData: { url, module } });
          await once(worker, 'message');
          await worker.terminate();
        }
        // The network thread still works.
        const ws = arkws.createWebSocket();
        ws.on('message', () => ws.close());
        ws.on('close', () => console.log('alive'));
        ws.connect(url);
      `,
    });
    // Memory that was given back is overwritten.
    const env = { GLIBC_TUNABLES: 'glibc.malloc.perturb=165:glibc.malloc.tcache_count=0' };
    const args = ['main.mjs', url, nativeModule];
    const { code, signal, stderr, lines } = await node(args, { cwd, env });
    const good = { code: 0, signal: null, lines: ['alive'] };
    assert.deepEqual({ code, signal, lines }, good, stderr);
  });

  it('end by themselves when their connections are closed', async (t) => {
    const { url } = await witness(t, (socket, data) => {
      socket.send(String(data));
      socket.close();
    });
    const { code, lines } = await runWithWorkers(
      `
      const worker = start('a');
      const [exit] = await once(worker, 'exit');
      console.log(exit);
    `,
      url,
    );
    assert.deepEqual({ code, lines }, { code: 0, lines: ['0'] });
  });
});
