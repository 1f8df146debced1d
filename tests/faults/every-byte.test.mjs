// The module over a link on which something goes wrong at some byte of a session, of either
// direction. `ARKWS_FAULTS_STRIDE=1` tries each byte, and takes minutes.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { firstSocket, held, settled, skip } from '../resources/measure.mjs';
import { certificate } from './certificate.mjs';
import { judge, judgeFault, judgeWhole } from './judge.mjs';
import { DIRECTIONS, FAULTS } from './link.mjs';
import { Places } from './places.mjs';
import { asClient, asServer } from './roles.mjs';

/** From one byte to the next: nothing that divides 8, so that each bit has its turn. */
const strideOf = (secure) => Number(process.env.ARKWS_FAULTS_STRIDE ?? (secure ? 97 : 37));

/** How many sessions are under way at a time: more would keep each other waiting. */
const places = new Places(30);

const KINDS = [...Object.keys(FAULTS), 'corrupt'];
const ROLES = { client: asClient, server: asServer };

describe('over a link that fails or lies, at every byte', { concurrency: true, skip }, () => {
  let tls;
  let nothing;
  const all = [];
  before(async () => {
    tls = await certificate();
    await firstSocket();
    nothing = held();
  });

  for (const [role, start] of Object.entries(ROLES)) {
    for (const secure of [false, true]) {
      for (const compressed of [false, true]) {
        const name = `${secure ? 'with' : 'without'} TLS, ${compressed ? '' : 'not '}compressed`;
        it(`a ${role} tells what there was, in order, and its end, once: ${name}`, async (t) => {
          const { run, stop } = await start({ tls: secure && tls, compressed });
          const whole = await run({}, true);
          await whole.finished;
          const tried = [];
          await Promise.all(
            faults(whole.link.passed, strideOf(secure)).map(async (fault) => {
              const patient = fault.kind !== 'stall' && fault.kind !== 'corrupt';
              const session = await places.take(async () => {
                const begun = await run(fault, patient);
                // One that waits for its end takes no time of the processor.
                await Promise.race([begun.link.trouble, begun.finished]);
                return begun;
              });
              await session.finished;
              tried.push({ fault, patient, session });
            }),
          );
          await stop();
          judgeWhole(role, whole);
          for (const each of tried) judgeTried(role, secure, each, whole);
          const happened = tried.filter(({ session }) => session.link.happened).length;
          t.diagnostic(`${tried.length} faults, of which ${happened} happened`);
          assert.ok(happened > tried.length / 2);
          for (const { session } of tried) all.push([session, session.events.length]);
        });
      }
    }
  }

  // Nothing is left of them, and nothing was told behind an end.
  after(async () => {
    assert.deepEqual(await settled(nothing), nothing);
    for (const [session, events] of all) assert.equal(session.events.length, events, `${session}`);
  });
});

/** Each fault at each place, of a session of this many bytes. */
function faults(passed, stride) {
  const list = [];
  for (const [number, kind] of KINDS.entries()) {
    for (const direction of DIRECTIONS) {
      // Not all at the same places.
      for (let at = number % stride; at < passed[direction]; at += stride) {
        list.push({ kind, direction, at });
      }
    }
  }
  return list;
}

function judgeTried(role, secure, { fault, patient, session }, whole) {
  try {
    judge(role, session, { altered: fault.kind === 'corrupt' && !secure });
    if (!patient) return;
    if (!session.link.happened) judgeWhole(role, session);
    judgeFault(role, session, fault, whole);
  } catch (error) {
    const where = `${fault.kind} at byte ${fault.at} of ${whole.link.passed[fault.direction]}`;
    error.message = `${where} ${fault.direction}: ${error.message}: ${session}`;
    throw error;
  }
}
