#!/usr/bin/env node
// The command `arkws`: runs ArkTS programs, and their tests, on Node.js.
import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { report } from '../hooks/stack.js';

const HELP = `Usage: arkws run [--watch] <file> [arguments]
       arkws test [options] [files or folders]
       arkws check <folder>

run: runs an ArkTS (.ets) or TypeScript (.ts) program that uses OpenHarmony's
@ohos.net.webSocket on Node.js. Types are stripped, not checked. With --watch
it is run again whenever one of its files changes.

test: runs suites of Hypium, with the @ohos/hypium that is installed: every
List.test.ets in the folders (default: this one), and each suite without such
a list. Exit code: 0 if all pass, 1 if some do not, 2 if there are none.

check: lists what the ArkTS and TypeScript files of a folder import of the
platform that neither arkws nor a stub has, and files that do not compile.
Exit code: 0 if there is nothing to list, 1 if there is, 2 if there are no files.

Options:
  -h, --help     print this
  -V, --version  print the version

Options of test:
  --filter <regular expression>  only tests whose 'suite test' matches
  --timeout <milliseconds>       of each test and hook (default: 5000)

Environment:
  OHOS_API_VERSION  API level, 6 to 26 (default: compatibleSdkVersion in the
                    nearest build-profile.json5 above the importing file,
                    else by the import: 10 for @ohos.net.webSocket, 26 for
                    @kit.NetworkKit)
  ARKWS_LOG=debug   log what the connections do, to standard error

Example:
  npx arkws run app.ets ws://127.0.0.1:8080
  npx arkws test --filter Client

With Node's own options, or for worker threads:
  node --import arkws/register app.ets

WebSockets in the terminal, without JavaScript: another command arkws, which
Rust's package arkws-cli has (crates/cli of the repository). It also starts this
one, for run, test and check.
`;

/** What the command of Rust's package arkws-cli has beside. */
const IN_RUST = ['connect', 'serve', 'bench', 'proxy', 'replay', 'doctor', 'conform'];

// Set by that command when it starts this one, so that no circle comes of it. A program that runs
// here may start that command again.
delete process.env.ARKWS_STARTED_BY_CLI;

const [command, ...rest] = process.argv.slice(2);
switch (command) {
  case 'run':
    await run(...rest);
    break;
  case 'test':
    await test(rest);
    break;
  case 'check':
    await check(rest);
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
    fail(2, IN_RUST.includes(command) ? inRust(command) : unknown(command));
}

function unknown(command) {
  return `there is no command '${command}'; try 'arkws --help'`;
}

function inRust(command) {
  return `'arkws ${command}' is of another command arkws, that of Rust's package arkws-cli.
Install it, in a clone of arkws: cargo install --path crates/cli
Put it before this one in PATH: it starts this one for run, test and check.`;
}

async function run(file, ...args) {
  if (file === '-h' || file === '--help') {
    process.stdout.write(HELP);
    return;
  }
  if (file === '--watch') return watch(args);
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

/** Node.js knows which files the program imports, and runs it again when one changes. */
function watch(args) {
  const { execPath, execArgv, argv } = process;
  const child = spawn(execPath, [...execArgv, '--watch', argv[1], 'run', ...args], {
    stdio: 'inherit',
  });
  // The child gets what a terminal sends, and what is sent to this process only.
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'])
    process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}

async function test(args) {
  let given;
  try {
    given = testArguments(args);
  } catch (error) {
    return fail(2, `${error.message}; try 'arkws --help'`);
  }
  if (given.help) {
    process.stdout.write(HELP);
    return;
  }
  await import('../register.js');
  const { NothingToRun, runSuites } = await import('../runners/hypium.mjs');
  const { suitesIn } = await import('../runners/suites.mjs');
  const files = [];
  for (const path of given.paths.map((path) => resolve(path))) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return fail(2, `there is no file or folder ${path}`);
    files.push(...(stat.isDirectory() ? suitesIn(path) : [path]));
  }
  if (files.length === 0)
    return fail(
      2,
      `no suite of Hypium in ${given.paths.join(', ')}: neither List.test.ets nor other`,
    );

  // A program that is tested may end the process, or leave nothing that keeps it alive.
  let isDone = false;
  process.on('exit', () => {
    if (!isDone) fail(1, 'the process ended before the tests did');
  });
  try {
    process.exitCode = (await runSuites(files, given)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof NothingToRun)) throw error;
    fail(2, error.message);
  }
  isDone = true;
  // What tests leave open keeps nobody waiting; what they printed is not lost.
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}

async function check([folder, ...more]) {
  if (folder === '-h' || folder === '--help') {
    process.stdout.write(HELP);
    return;
  }
  if (folder === undefined || more.length > 0)
    return fail(2, "which folder? 'arkws check <folder>'");
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    return fail(2, `there is no folder ${resolve(folder)}`);
  const { check } = await import('../hooks/check.js');
  let checked;
  try {
    checked = check(resolve(folder));
  } catch (error) {
    if (!['ARKWS_ESBUILD', 'ARKWS_STUBS'].includes(error.code)) throw error;
    return fail(2, error.message.replace(/^arkws: /, ''));
  }
  const { files, findings } = checked;
  if (files === 0) return fail(2, `there are no .ets or .ts files in ${resolve(folder)}`);
  for (const { file, line, column, message } of findings)
    console.log(`${relative('', file)}:${line}:${column}: ${message}`);
  const count = (number, what) => `${number} ${what}${number === 1 ? '' : 's'}`;
  console.log(`${count(files, 'file')}, ${count(findings.length, 'finding')}`);
  if (findings.length > 0) process.exitCode = 1;
}

function testArguments(args) {
  const options = {
    filter: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
    timeout: { type: 'string', default: '5000' },
  };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (!/^[1-9]\d{0,8}$/.test(values.timeout))
    throw new Error(`--timeout is a number of milliseconds, not '${values.timeout}'`);
  return {
    filter: values.filter === undefined ? undefined : new RegExp(values.filter),
    help: values.help,
    paths: positionals.length > 0 ? positionals : ['.'],
    timeout: Number(values.timeout),
  };
}

/** The program has thrown, or cannot be loaded. How it was loaded says nothing about it. */
function failed(error) {
  const isHandled =
    process.hasUncaughtExceptionCaptureCallback() ||
    process.listenerCount('uncaughtException') > 0 ||
    process.listenerCount('uncaughtExceptionMonitor') > 0;
  if (isHandled || typeof error?.stack !== 'string') throw error;
  if (error.code === 'ARKWS_SYNTAX') return fail(1, error.message);
  if (error.code === 'ARKWS_ESBUILD') return fail(1, error.message.replace(/^arkws: /, ''));
  process.stderr.write(`${report(error)}\n`);
  process.exit(1);
}

function fail(code, message) {
  process.stderr.write(`arkws: ${message}\n`);
  process.exitCode = code;
}
