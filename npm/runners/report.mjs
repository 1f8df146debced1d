// What `arkws test` prints: each suite and test as it ends, what failed and where, and the counts.
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { withoutLoader } from '../hooks/stack.js';

const write = (text) => process.stdout.write(`${text}\n`);

export class Report {
  #hypium = [];
  #depth = 0;
  #started = performance.now();
  #counts = { passed: 0, failed: 0, skipped: 0 };

  /** Frames of Hypium, which is in `folder`, say nothing about a test. */
  hides(folder) {
    this.#hypium.push(folder + sep);
  }

  suiteStarted(name) {
    write(`${this.#indent()}${name}`);
    this.#depth += 1;
  }

  suiteEnded() {
    this.#depth -= 1;
  }

  /**
   * A test has ended, after `duration` ms. `error` is undefined, or holds what was thrown; if that
   * says not where, the top of `place` is shown, the stack of what declared the test.
   */
  ended(name, duration, error, place) {
    if (error !== undefined) return this.failed(`${name} (${duration} ms)`, error.thrown, place);
    this.#counts.passed += 1;
    write(`${this.#indent()}✔ ${name} (${duration} ms)`);
  }

  skipped(name, reason) {
    this.#counts.skipped += 1;
    write(`${this.#indent()}- ${name} (skipped${reason ? `: ${reason}` : ''})`);
  }

  /** A test, or what is around tests, has failed. */
  failed(what, thrown, place) {
    this.#counts.failed += 1;
    const lines = this.#describe(thrown, place).split('\n');
    const indent = this.#indent();
    write(`${indent}✖ ${what}`);
    for (const line of lines) write(`${indent}    ${line}`);
  }

  /** Prints the counts. Returns whether all is well. */
  end() {
    const { passed, failed, skipped } = this.#counts;
    const duration = Math.round(performance.now() - this.#started);
    const parts = [`${passed} passed`, `${failed} failed`];
    if (skipped > 0) parts.push(`${skipped} skipped`);
    const all = passed + failed + skipped;
    write(`\n${all} ${all === 1 ? 'test' : 'tests'}: ${parts.join(', ')} (${duration} ms)`);
    return failed === 0;
  }

  #indent() {
    return '  '.repeat(this.#depth);
  }

  /** An error, with those of its frames that are the program's. */
  #describe(thrown, place = '') {
    if (typeof thrown?.stack !== 'string')
      return [inspect(thrown), ...this.#frames(place).slice(0, 1)].join('\n');
    const { name, message, code } = thrown;
    if (code === 'ARKWS_SYNTAX') return message;
    const frames = this.#frames(thrown.stack);
    // Hypium's errors get their message after their stack.
    const first = name === 'AssertException' ? message : `${name}: ${message}`;
    const suffix = code === undefined ? '' : ` (code ${code})`;
    return [first + suffix, ...(frames.length > 0 ? frames : this.#frames(place).slice(0, 1))].join(
      '\n',
    );
  }

  #frames(stack) {
    return withoutLoader(stack)
      .split('\n')
      .filter((line) => /^\s+at /.test(line) && !/[( ]node:|new Promise \(<anonymous>\)/.test(line))
      .map((line) => line.trim().replace(/file:\/\/[^\s)]+?(?=:\d)/, (url) => fileURLToPath(url)))
      .filter((frame) => !this.#hypium.some((folder) => frame.includes(folder)))
      .map((frame) => `  ${frame.replace(process.cwd() + sep, '')}`);
  }
}

/** A path as a reader knows it. */
export function shortened(file) {
  const path = relative('', file);
  return path.startsWith('..') ? file : path;
}
