// Programs that are not ours and come from the system's packages: whether they are there, and
// running them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Where Debian puts servers, which is not in every user's path.
process.env.PATH += `${delimiter}/usr/sbin`;

/**
 * Options of a test that needs a program: none, or that it is skipped and how to get the program.
 * Where nothing may be left out (`ARKWS_REQUIRE_ALL`), its absence is an error.
 */
export function needs(program, debianPackage) {
  if (process.env.PATH.split(delimiter).some((directory) => executable(join(directory, program))))
    return {};
  const skip = `${program} is not installed: apt-get install ${debianPackage}`;
  assert.ok(!process.env.ARKWS_REQUIRE_ALL, skip);
  return { skip };
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a server that can only listen on a port that it is told, ended after the test:
 * `command(port)` is how. Returns the port, once something can connect to it.
 */
export async function startOnFreePort(t, command) {
  for (let attempts = 0; attempts < 5; attempts++) {
    const port = await freePort();
    const [program, ...args] = await command(port);
    const child = spawn(program, args, { stdio: 'ignore' });
    await once(child, 'spawn');
    t.after(() => child.kill());
    // Someone else may have taken the port meanwhile: then the program ends, and gets another.
    while (child.exitCode === null) {
      if (await listens(port)) return port;
      await sleep(20);
    }
  }
  return assert.fail('the server ends as soon as it is started');
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
