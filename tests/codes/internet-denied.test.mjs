// A sandbox that denies internet sockets: what programs in it are told.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rust } from '../support.mjs';

const PROGRAM = fileURLToPath(new URL('sandboxed.mjs', import.meta.url));
const linux = { skip: process.platform !== 'linux' && 'the sandbox is one of Linux' };

for (const [name, errno] of Object.entries({ EPERM: 1, EACCES: 13 })) {
  it(
    `every call gives 201 where internet sockets fail with ${name}, but not on a Unix socket`,
    linux,
    async () => {
      const sandbox = rust('internet-denied', '--errno', String(errno));
      const [command, ...args] = [...sandbox, process.execPath, PROGRAM];
      const { stdout } = await promisify(execFile)(command, args);
      const { denied, message, events, echoed } = JSON.parse(stdout);
      const calls = [
        'connect',
        'connect callback',
        'connect to no URL',
        'send',
        'close',
        'start',
        'start with a wrong address',
        'server send',
        'server close',
        'stop',
      ];
      assert.deepEqual(denied, Object.fromEntries(calls.map((call) => [call, 201])));
      assert.match(message, /^Permission denied: create an internet socket: /);
      assert.equal(events, 0, 'a missing permission raises no events');
      assert.equal(echoed, 'hello');
    },
  );
}
