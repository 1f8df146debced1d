// Keeps 64 messages in flight against an echo.
import { counterpart } from '../counterpart.mjs';
import { measure } from '../measure.mjs';
import { checker, messagesOf } from '../message.mjs';

const WINDOW = 64;

export async function run({ connect }, scenario) {
  const url = `${await counterpart(scenario)}/echo`;
  const messages = messagesOf(scenario);
  const [data] = messages;
  return measure(scenario, async (count) => {
    const check = checker(messages);
    let sent = WINDOW;
    let received = 0;
    let over;
    const all = new Promise((resolve) => (over = resolve));
    const connection = await connect(url, (echo) => {
      check(echo);
      if (++received === count) return over();
      if (sent === count) return;
      sent++;
      connection.send(data);
    });
    for (let i = 0; i < WINDOW; i++) connection.send(data);
    await all;
  });
}
