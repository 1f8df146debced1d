// The module over links that lose nothing, and pass the bytes on in their own way and time.
import { describe, it } from 'node:test';
import { certificate } from './certificate.mjs';
import { judgeWhole } from './judge.mjs';
import { WAYS } from './link.mjs';
import { asClient, asServer } from './roles.mjs';

const SESSIONS = 5;

describe('a session is whole', { concurrency: true }, () => {
  for (const way of Object.keys(WAYS)) {
    for (const [role, start] of Object.entries({ client: asClient, server: asServer })) {
      it(`of a ${role}, over a link with ${way}`, async () => {
        for (const tls of [undefined, await certificate()]) {
          for (const compressed of [false, true]) {
            const { run, stop } = await start({ tls, compressed });
            const sessions = await Promise.all(
              Array.from({ length: SESSIONS }, () => run({ way }, true)),
            );
            for (const { finished } of sessions) await finished;
            await stop();
            for (const session of sessions) judgeWhole(role, session);
          }
        }
      });
    }
  }
});
