// Whether what the module told of a session is as the contract has it.
import assert from 'node:assert/strict';
import { MESSAGES, shown } from './session.mjs';

const SENT = MESSAGES.map(shown);

/** The orders of events that there are: of an attempt that failed, and of a connection. */
const ORDERS = {
  client: /^(header )?error $|^header open (message )*(error )?close $/,
  server: /^(error )?$|^open (message )*(error )?close $/,
};

/** From where the module's messages come. */
const INCOMING = { client: 'down', server: 'up' };

/** Fails unless these messages are the first of those that were sent. */
const assertBeginning = (received) => assert.deepEqual(received, SENT.slice(0, received.length));

/** What holds of each session, whatever happened to it. `altered`: also to bytes of messages. */
export function judge(role, session, { altered } = {}) {
  const { events, errors, closes, received, unanswered, hangs } = session;
  assert.ok(!hangs, 'it does not end');
  assert.equal(unanswered, 0, 'calls without an answer');
  assert.match(events.map((event) => `${event} `).join(''), ORDERS[role]);
  for (const error of errors) {
    assert.equal(error.code, 200);
    assert.equal(typeof error.cause, 'string');
    assert.notEqual(error.cause, 'internal');
  }
  for (const { code } of closes) {
    if (errors.length > 0) assert.equal(code, 1006);
    else if (!altered) assert.equal(code, 1000);
  }
  if (altered) return;
  assertBeginning(received.module);
  assertBeginning(received.other);
}

/** What holds of a session to which nothing happened. */
export function judgeWhole(role, session) {
  judge(role, session);
  assert.deepEqual(session.received, { module: SENT, other: SENT });
  assert.deepEqual(session.errors, []);
  assert.equal(session.closes.length, 1);
}

/** What holds of a session that was cut: what had come whole was delivered, and no more. */
export function judgeFault(role, session, { kind, direction, at }, whole) {
  const before = whole.marks.module.filter((passed) => passed[direction] <= at).length;
  const count = session.received.module.length;
  assert.ok(count <= before, `${count} of ${before} messages`);
  // A reset takes with it what lies in the sockets.
  const all = kind !== 'reset' && direction === INCOMING[role];
  if (all) assert.equal(count, before);
}
