// Ten thousand connections at once, their two ends in a process each.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { platform } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { rust } from '../support.mjs';

const MANY = 10_000;
/** The connections, and what a process has open beside them. */
const FILES = MANY + 200;
/**
 * Bytes of a server's memory for a connection, at most, in programs that are not optimised. One
 * that waits has no buffer for what it reads: that would be 64 KiB.
 */
const MOST = 32 * 1024;

const script = (name) => fileURLToPath(new URL(name, import.meta.url));
const node = (name, ...args) => [process.execPath, script(name), ...args];

/** What a process of ours may have open; programs raise their own limit to it. */
const limit =
  Number(execFileSync('sh', ['-c', 'ulimit -Hn']).toString()) || Number.POSITIVE_INFINITY;
const skip =
  platform() !== 'linux'
    ? 'needs /proc'
    : limit < FILES && `needs ${FILES} open files, and \`ulimit -Hn\` is ${limit}`;
assert.ok(!(skip && process.env.ARKWS_REQUIRE_ALL), skip);

/** A program that is told to go on, line by line. */
class Program {
  #child;
  #lines;

  constructor(t, [command, ...args]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => this.#child.kill());
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line that it says, which is like this. */
  async says(pattern) {
    const { value } = await this.#lines.next();
    assert.match(value ?? 'it has ended', pattern);
    return value;
  }

  goOn() {
    this.#child.stdin.write('\n');
  }

  async ends() {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    assert.equal(this.#child.exitCode, 0);
  }

  /** Sockets that it has open. */
  get sockets() {
    return readdirSync(`/proc/${this.#child.pid}/fd`).length;
  }

  /** Resident memory, in bytes. */
  get memory() {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
  }
}

async function tenThousand(t, server, clients) {
  const line = await server.says(/^listening on ws:/);
  const before = { sockets: server.sockets, memory: server.memory };
  const program = new Program(t, clients(line.replace('listening on ', '')));
  await program.says(/^open$/);
  assert.ok(server.sockets >= before.sockets + MANY, `${server.sockets}`);
  program.goOn();
  t.diagnostic(await program.says(/^answered/));
  const each = (server.memory - before.memory) / MANY;
  t.diagnostic(`${Math.round(each)} bytes of the server for each connection`);
  assert.ok(each < MOST, `${each} bytes`);
  program.goOn();
  await program.says(/^closed$/);
  await program.ends();
}

describe(`${MANY} connections at once`, { skip, timeout: 300_000 }, () => {
  it("of a Rust program, to the module's server", async (t) => {
    const server = new Program(t, node('many-server.mjs'));
    await tenThousand(t, server, (url) => rust('connect-many', url, MANY));
    // It has answered all closes, and JavaScript hears of them one after the other.
    do server.goOn();
    while ((await server.says(/^clients: \d+$/)) !== 'clients: 0');
    await server.ends();
  });

  it("of the module, to a Rust program's server", async (t) => {
    const server = new Program(t, rust('serve'));
    await tenThousand(t, server, (url) => node('many-clients.mjs', url, MANY));
  });
});
