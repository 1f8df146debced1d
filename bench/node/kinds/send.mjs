// Sends as fast as a program sensibly does: in turns, waiting after each until the library has
// handed it over. The counterpart checks what arrives and says `ok` after the last message.
import { counterpart, drained, path } from '../counterpart.mjs';
import { measure } from '../measure.mjs';
import { messagesOf, source } from '../message.mjs';

/** Messages of one turn: 256, or 1 MiB, but at least four. */
function turnOf({ size }) {
  return Math.max(4, Math.min(256, (1 << 20) / size));
}

export async function run({ connect }, scenario) {
  const url = await counterpart(scenario);
  const messages = messagesOf(scenario);
  const turn = turnOf(scenario);
  let compressed;
  const outcome = await measure(scenario, async (count) => {
    const next = source(messages);
    let arrived;
    const answer = new Promise((resolve) => (arrived = resolve));
    const connection = await connect(
      `${url}/drain/${path(scenario, count)}`,
      arrived,
      scenario.wire,
    );
    for (let left = count; left > 0; left -= turn) {
      for (let i = Math.min(turn, left); i > 1; i--) connection.send(next());
      await connection.sendLast(next());
    }
    if ((await answer) !== 'ok') throw new Error('the counterpart got something else');
    compressed = (await drained()) / count;
  });
  return { ...outcome, compressed };
}
