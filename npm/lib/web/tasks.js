// One task for each event, as the web has it: what a listener has started by promises, or with
// `process.nextTick`, runs before the next event of any connection.
//
// The native half hands over what lies ready in one call. The first event of a call needs no more:
// nothing of the program has run. Each of the others gets a tick of Node.js that is asked for by a
// promise job: Node.js runs the ticks only when no promise job is left.
'use strict';

const { currentTurn, nextTurn, scheduleFlush } = require('../core.js');

// Kept: a program's tests may replace it. They may have done so already: see `watch`.
const { nextTick } = globalThis.process?.getBuiltinModule?.('node:process') ?? process;

/** Whether ticks come by themselves: else each task gets a call of the native half of its own. */
let ticksCome = true;
/** One came that was no longer waited for. */
let cameLate = false;

/** What waits: of each task its connection, what happened, and a value. */
let tasks = [];
/** Where the next one is. */
let next = 0;
/** Whether some wait. */
let isPosted = false;
/** The last call of the native half in which an event was told. */
let lastTurn = -1;
/** Connections whose messages leave when no task is left: tasks of one delivery write once. */
const unflushed = new Set();
/** Tasks since the last flush, and the most of them that a message waits for. */
let sinceFlush = 0;
const MOST_BEFORE_FLUSH = 64;

/** Has `connection.perform(what, value)` called as a task. */
function post(connection, what, value) {
  if (!isPosted && currentTurn() !== lastTurn) {
    lastTurn = currentTurn();
    connection.perform(what, value);
    return;
  }
  tasks.push(connection, what, value);
  if (!isPosted) {
    isPosted = true;
    if (cameLate) ticksCome = true;
    cameLate = false;
    if (ticksCome) nextTurn(watch);
    soon();
  }
}

/** Whether tasks wait: no more messages are taken before they are done. */
function arePosted() {
  return isPosted;
}

/** Has `connection.flushNow()` called when the tasks that wait now are done, or many of them. */
function flushAfterTasks(connection) {
  unflushed.add(connection);
}

/** Much has been sent: it leaves before the next task. */
function flushBeforeNext() {
  sinceFlush = MOST_BEFORE_FLUSH;
}

/** The last call of the native half that another one was asked to follow. */
let followed = -1;

/**
 * A number that is another one when the event loop has gone on: to ask for it has the native half
 * call once more, which keeps nobody waiting.
 */
function currentTask() {
  const turn = currentTurn();
  if (followed !== turn) {
    followed = turn;
    if (!isPosted) nextTurn();
  }
  return turn;
}

/** Has the next task performed when the code that runs now, and what it has started, has ended. */
function soon() {
  if (ticksCome) tickSoon();
  else nextTurn(performNext);
}

async function tickSoon() {
  await undefined;
  nextTick(tick);
}

function tick() {
  if (ticksCome) performNext();
  else cameLate = true;
}

/**
 * The native half calls: all ticks have come by now, unless they are a test's, or wait for the loop
 * since another one has thrown.
 */
function watch() {
  if (!isPosted) return;
  ticksCome = false;
  performNext();
}

function performNext() {
  const connection = tasks[next];
  const what = tasks[next + 1];
  const value = tasks[next + 2];
  next += 3;
  // All before the task, which may throw.
  if (next < tasks.length) {
    // Whatever the task starts by promises comes before the next one.
    soon();
    if (++sinceFlush >= MOST_BEFORE_FLUSH) flushAll(flushNow);
  } else {
    tasks = [];
    next = 0;
    isPosted = false;
    // What this task sends leaves with it.
    flushAll(scheduleFlush);
  }
  connection.context.runInAsyncScope(perform, undefined, connection, what, value);
}

function flushNow(connection) {
  connection.flushNow();
}

function flushAll(flush) {
  sinceFlush = 0;
  for (const connection of unflushed) if (connection.waiting > 0) flush(connection);
  unflushed.clear();
}

function perform(connection, what, value) {
  connection.perform(what, value);
}

module.exports = { arePosted, currentTask, flushAfterTasks, flushBeforeNext, post };
