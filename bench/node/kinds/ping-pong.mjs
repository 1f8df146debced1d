// Sends one message, waits for its echo.
import { counterpart } from '../counterpart.mjs';
import { measure } from '../measure.mjs';
import { checker, messagesOf } from '../message.mjs';

export async function run({ connect }, scenario) {
  const url = `${await counterpart(scenario)}/echo`;
  const messages = messagesOf(scenario);
  const [data] = messages;
  let times;
  const outcome = await measure(scenario, async (count) => {
    times = new Float64Array(count);
    const check = checker(messages);
    let done = 0;
    let sent;
    let over;
    const all = new Promise((resolve) => (over = resolve));
    const connection = await connect(url, (echo) => {
      check(echo);
      times[done++] = performance.now() - sent;
      if (done === count) return over();
      ping();
    });
    const ping = () => {
      sent = performance.now();
      connection.send(data);
    };
    ping();
    await all;
  });
  times.sort();
  // Milliseconds to microseconds.
  const percentile = (p) => times[Math.floor(times.length * p)] * 1e3;
  return { ...outcome, p50: percentile(0.5), p99: percentile(0.99) };
}
