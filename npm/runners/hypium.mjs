// Runs suites of Hypium (`@ohos/hypium`), OpenHarmony's test framework, which is the project's own.
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { find } from '../hooks/resolve.js';
import { Report, shortened } from './report.mjs';

const HYPIUM = '@ohos/hypium';
/** There is nothing to run, or not with what is there. */
export class NothingToRun extends Error {}

/**
 * Runs the suites in `files`, whose loader is registered. `filter`: a regular expression that
 * `suite test` must match. `timeout`: of each test and hook, in ms. Resolves to whether all passed.
 */
export async function runSuites(files, { filter, timeout }) {
  const report = new Report();
  const runs = [];
  for (const [hypium, itsFiles] of groupBy(files, hypiumOf)) {
    silence(dirname(hypium) + sep);
    report.hides(dirname(hypium));
    const run = new Run(await import(pathToFileURL(hypium)), report, timeout);
    await run.load(itsFiles);
    run.keep(filter);
    runs.push(run);
  }
  if (runs.every((run) => run.isEmpty)) {
    throw new NothingToRun(filter ? `no test matches ${filter}` : 'the files have no tests');
  }
  for (const run of runs) await run.run();
  return report.end();
}

function groupBy(values, keyOf) {
  const groups = new Map();
  for (const value of values) {
    const key = keyOf(value);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return groups;
}

/** The main file of the copy of Hypium that `file` imports. */
function hypiumOf(file) {
  const installed = find(HYPIUM, file);
  if (installed !== undefined) return realpathSync(installed);
  try {
    return realpathSync(createRequire(file).resolve(HYPIUM));
  } catch {
    throw new NothingToRun(
      `${shortened(file)} needs ${HYPIUM}, which is not installed: 'ohpm install' gets it if an ` +
        `oh-package.json5 names it, else 'npm install --save-dev ${HYPIUM}'`,
    );
  }
}

/** All that one copy of Hypium runs. */
class Run {
  #core;
  #execute;
  #report;
  #isBroken = false;
  /** What was thrown where no test awaited it, by the test that ran. */
  #uncaught = new Map();
  /** Where `it` was called, by test: as frames of a stack. */
  #places = new Map();
  #told = new Set();
  #finish;
  #finished = new Promise((resolve) => (this.#finish = resolve));

  constructor({ Core, Hypium }, report, timeout) {
    this.#core = Core.getInstance();
    this.#report = report;
    // Hypium runs the suites as soon as it knows them, but files are imported one after another.
    this.#execute = this.#core.execute;
    this.#core.execute = () => {};
    const delegator = { print: async () => {}, printSync() {}, finishTest() {} };
    const parameters = { timeout: String(timeout) };
    Hypium.hypiumTest(delegator, { bundleName: '', parameters }, () => {
      const monitor = this.#monitor();
      for (const events of ['spec', 'suite', 'task']) this.#core.subscribeEvent(events, monitor);
    });
    this.#notePlaces();
  }

  #notePlaces() {
    const { it } = this.#core;
    this.#core.it = (...args) => {
      const { stack } = new Error();
      it(...args);
      const { specs } = this.#core.getDefaultService('suite').getCurrentRunningSuite();
      if (specs.length > 0) this.#places.set(specs.at(-1), stack);
    };
  }

  get #root() {
    return this.#core.getDefaultService('suite').rootSuite;
  }

  get isEmpty() {
    return !this.#isBroken && this.#root.childSuites.length === 0;
  }

  async load(files) {
    for (const file of files) {
      try {
        const { default: testsuite } = await import(pathToFileURL(file));
        if (typeof testsuite === 'function') await testsuite();
      } catch (error) {
        this.#isBroken = true;
        this.#report.failed(shortened(file), error);
      }
    }
  }

  /** Drops the tests that `filter` does not match, and suites without tests. */
  keep(filter) {
    const prune = (suite, names) => {
      suite.specs = suite.specs.filter(
        (spec) => filter === undefined || filter.test([...names, spec.description].join(' ')),
      );
      suite.childSuites = suite.childSuites.filter((child) =>
        prune(child, [...names, child.description]),
      );
      return suite.specs.length > 0 || suite.childSuites.length > 0;
    };
    prune(this.#root, []);
  }

  async run() {
    if (this.#root.childSuites.length === 0) return;
    const uncaught = (error) => this.#failUncaught(error);
    process.on('uncaughtException', uncaught);
    this.#execute.call(this.#core);
    await this.#finished;
    process.off('uncaughtException', uncaught);
  }

  get #spec() {
    return this.#core.getDefaultService('spec').getCurrentRunningSpec();
  }

  /** An error that nobody caught fails the test that runs. Of several the first counts. */
  #failUncaught(error) {
    const spec = this.#spec;
    if (spec == null) this.#report.failed('between tests', error);
    else if (!this.#uncaught.has(spec)) this.#uncaught.set(spec, { thrown: error });
  }

  /** What Hypium tells of its way through the suites. */
  #monitor() {
    const invalid = () => this.#finish();
    return {
      taskStart: () => {},
      taskDone: () => this.#finish(),
      incorrectFormat: invalid,
      incorrectTestSuiteFormat: invalid,
      suiteStart: () => {
        const suite = this.#core.getDefaultService('suite').getCurrentRunningSuite();
        this.#report.suiteStarted(suite.description);
      },
      suiteDone: () => {
        const { hookError } = this.#core.getDefaultService('suite').getCurrentRunningSuite();
        // What fails before all tests is told of each of them.
        if (hookError && !this.#told.has(hookError)) this.#report.failed('hooks', hookError);
        this.#report.suiteEnded();
      },
      specStart: () => {},
      specDone: () => this.#specDone(this.#spec),
    };
  }

  #specDone(spec) {
    if (spec.isSkip) return this.#report.skipped(spec.description, spec.skipReason);
    const thrown = spec.fail ?? spec.error;
    const error = this.#uncaught.get(spec) ?? (thrown && { thrown });
    if (error !== undefined) this.#told.add(error.thrown);
    this.#report.ended(spec.description, spec.duration, error, this.#places.get(spec));
  }
}

/** Keeps what Hypium's own files, in `folder`, log to the console from the report. */
function silence(folder) {
  for (const name of ['debug', 'error', 'info', 'log', 'warn']) {
    const print = console[name];
    console[name] = (...args) => {
      const [, , caller = ''] = new Error().stack.split('\n');
      if (!caller.includes(folder)) print.apply(console, args);
    };
  }
}
