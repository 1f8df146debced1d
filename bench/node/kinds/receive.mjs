// Receives messages that the counterpart sends as fast as it can.
import { counterpart, path } from '../counterpart.mjs';
import { measure } from '../measure.mjs';
import { checker } from '../message.mjs';

export async function run({ connect }, scenario) {
  const url = await counterpart();
  return measure(
    scenario,
    (messages) =>
      new Promise((resolve, reject) => {
        const check = checker(scenario);
        let left = messages;
        connect(`${url}/blast/${path(scenario, messages)}`, (data) => {
          check(data);
          if (--left === 0) resolve();
        }).catch(reject);
      }),
  );
}
