// What a stretch of work costs this process.

/** Seconds of work before anything counts: compilers warm up, pools fill. */
const WARM_UP = 0.15;
/** Seconds of work that count. */
export const TIMED = 0.6;

/** Does some work; wall-clock seconds, and CPU seconds (user and system) of all threads. */
export async function cost(work) {
  const before = process.cpuUsage();
  const start = performance.now();
  await work();
  const wall = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(before);
  return { wall, cpu: (user + system) / 1e6 };
}

/** Warms up `work(messages)`, then measures it with as many messages as take long enough. */
export async function measure({ size }, work) {
  let messages = 128;
  for (;;) {
    const { wall } = await cost(() => work(messages));
    if (wall > WARM_UP) {
      messages = Math.ceil((messages * TIMED) / wall);
      break;
    }
    messages *= 2;
  }
  return { messages, bytes: messages * size, ...(await cost(() => work(messages))) };
}
