#!/usr/bin/env node
// The command `arkws`: runs an ArkTS program on Node.js.
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { report } from '../hooks/stack.js';

const HELP = `Usage: arkws run <file> [arguments]

Runs an ArkTS (.ets) or TypeScript (.ts) program that uses OpenHarmony's
@ohos.net.webSocket on Node.js. Types are stripped, not checked.

Options:
  -h, --help     print this
  -V, --version  print the version

Environment:
  OHOS_API_VERSION  API level, 6 to 26 (default: compatibleSdkVersion in the
                    nearest build-profile.json5 above the importing file,
                    else by the import: 10 for @ohos.net.webSocket, 26 for
                    @kit.NetworkKit)
  ARKWS_LOG=debug   log what the connections do, to standard error

Example:
  npx arkws run app.ets ws://127.0.0.1:8080

With Node's own options, or for worker threads:
  node --import arkws/register app.ets
`;

const [command, ...rest] = process.argv.slice(2);
switch (command) {
  case 'run':
    await run(...rest);
    break;
  case '-h':
  case '--help':
  case 'help':
    process.stdout.write(HELP);
    break;
  case '-V':
  case '--version':
    console.log(
      JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version,
    );
    break;
  case undefined:
    process.stderr.write(HELP);
    process.exitCode = 2;
    break;
  default:
    fail(2, `there is no command '${command}'; try 'arkws run <file>' or 'arkws --help'`);
}

async function run(file, ...args) {
  if (file === '-h' || file === '--help') {
    process.stdout.write(HELP);
    return;
  }
  if (file === undefined) return fail(2, "which file? 'arkws run <file>'");
  const main = resolve(file);
  const stat = statSync(main, { throwIfNoEntry: false });
  if (stat === undefined) return fail(2, `there is no file ${main}`);
  if (!stat.isFile()) return fail(2, `${main} is not a file`);
  if (!/\.e?ts$/.test(main)) {
    return fail(
      2,
      `${file} is neither .ets nor .ts; for JavaScript: node --import arkws/register ${file}`,
    );
  }

  // The program sees itself as the main module, as if Node.js had started it.
  process.argv = [process.argv[0], main, ...args];
  await import('../register.js');
  try {
    await import(pathToFileURL(main).href);
  } catch (error) {
    failed(error);
  }
}

/** The program has thrown, or cannot be loaded. How it was loaded says nothing about it. */
function failed(error) {
  const isHandled =
    process.hasUncaughtExceptionCaptureCallback() ||
    process.listenerCount('uncaughtException') > 0 ||
    process.listenerCount('uncaughtExceptionMonitor') > 0;
  if (isHandled || typeof error?.stack !== 'string') throw error;
  if (error.code === 'ARKWS_SYNTAX') return fail(1, error.message);
  process.stderr.write(`${report(error)}\n`);
  process.exit(1);
}

function fail(code, message) {
  process.stderr.write(`arkws: ${message}\n`);
  process.exitCode = code;
}
