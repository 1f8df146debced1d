// Receives messages that the counterpart sends as fast as it can.
import { counterpart, path } from '../counterpart.mjs';
import { measure } from '../measure.mjs';
import { checker, messagesOf } from '../message.mjs';

export async function run({ connect }, scenario) {
  const url = await counterpart(scenario);
  const messages = messagesOf(scenario);
  return measure(
    scenario,
    (count) =>
      new Promise((resolve, reject) => {
        const check = checker(messages);
        let left = count;
        const message = (data) => {
          check(data);
          if (--left === 0) resolve();
        };
        connect(`${url}/blast/${path(scenario, count)}`, message, scenario.wire).catch(reject);
      }),
  );
}
