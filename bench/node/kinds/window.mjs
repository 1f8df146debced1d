// Keeps 64 messages in flight against an echo.
import { counterpart } from '../counterpart.mjs';
import { measure } from '../measure.mjs';
import { checker, payload } from '../message.mjs';

const WINDOW = 64;

export async function run({ connect }, scenario) {
  const url = `${await counterpart()}/echo`;
  const data = payload(scenario);
  return measure(scenario, async (messages) => {
    const check = checker(scenario);
    let sent = WINDOW;
    let received = 0;
    let over;
    const all = new Promise((resolve) => (over = resolve));
    const connection = await connect(url, (echo) => {
      check(echo);
      if (++received === messages) return over();
      if (sent === messages) return;
      sent++;
      connection.send(data);
    });
    for (let i = 0; i < WINDOW; i++) connection.send(data);
    await all;
  });
}
