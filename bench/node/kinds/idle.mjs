// Opens many connections and leaves them idle: resident bytes each, when they are open and after
// each has echoed a message.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { counterpart } from '../counterpart.mjs';
import { checker, messagesOf } from '../message.mjs';

const CONNECTIONS = 5_000;
/** Opened first, so that what is needed once is not counted. */
const FIRST = 100;
/** How many open at a time. */
const AT_A_TIME = 50;

export async function run({ connect }, scenario) {
  const url = `${await counterpart(scenario)}/echo`;
  const messages = messagesOf(scenario);
  const [data] = messages;
  const check = checker(messages);
  const connections = [];
  let echo;
  const message = (data) => {
    check(data);
    echo();
  };
  const open = async (count) => {
    for (let left = count; left > 0; left -= AT_A_TIME) {
      connections.push(
        ...(await Promise.all(Array.from({ length: AT_A_TIME }, () => connect(url, message)))),
      );
    }
  };
  const echoes = (some) =>
    new Promise((resolve) => {
      let left = some.length;
      echo = () => --left === 0 && resolve();
      for (const connection of some) connection.send(data);
    });

  await open(FIRST);
  await echoes(connections);
  const before = resident();
  await open(CONNECTIONS);
  const idle = resident();
  await echoes(connections.slice(FIRST));
  const after = resident();
  return { idle: (idle - before) / CONNECTIONS, after: (after - before) / CONNECTIONS };
}

/** Resident bytes of this process, garbage collected. */
function resident() {
  collect();
  return process.memoryUsage.rss();
}

function collect() {
  if (globalThis.Bun !== undefined) return Bun.gc(true);
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
