// Sends one message, waits for its echo.
import { counterpart } from '../counterpart.mjs';
import { measure } from '../measure.mjs';
import { checker, payload } from '../message.mjs';

export async function run({ connect }, scenario) {
  const url = `${await counterpart()}/echo`;
  const data = payload(scenario);
  let times;
  const outcome = await measure(scenario, async (messages) => {
    times = new Float64Array(messages);
    const check = checker(scenario);
    let done = 0;
    let sent;
    let over;
    const all = new Promise((resolve) => (over = resolve));
    const connection = await connect(url, (echo) => {
      check(echo);
      times[done++] = performance.now() - sent;
      if (done === messages) return over();
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
