// One task for each event, as the web has it: what a listener has started by promises, or with
// `process.nextTick`, runs before the next event of any connection.
//
// The native half hands over what lies ready in one call. The first event of a call needs no more:
// nothing of the program has run. Each of the others gets a tick of Node.js that is asked for by a
// promise job: Node.js runs the ticks only when no promise job is left.
'use strict';

const { currentTurn, scheduleFlush } = require('../core.js');

// Kept: a program's tests may replace them.
const { nextTick } = globalThis.process?.getBuiltinModule?.('node:process') ?? process;
const { setImmediate } =
  globalThis.process?.getBuiltinModule?.('node:timers') ?? require('node:timers');

/** What waits: of each task its connection, what happened, and a value. */
let tasks = [];
/** Where the next one is. */
let next = 0;
/** The connection in whose async context the next tick runs; undefined: none is to come. */
let ticking;
/** The last call of the native half in which an event was told. */
let lastTurn = -1;
/** Connections whose messages leave when no task is left: tasks of one delivery write once. */
const unflushed = new Set();
/** Tasks since the last flush, and the most of them that a message waits for. */
let sinceFlush = 0;
const MOST_BEFORE_FLUSH = 64;

/** Has `connection.perform(what, value)` called as a task. */
function post(connection, what, value) {
  if (ticking === undefined && currentTurn() !== lastTurn) {
    lastTurn = currentTurn();
    connection.perform(what, value);
    return;
  }
  tasks.push(connection, what, value);
  if (ticking === undefined) {
    ticking = connection;
    soon();
  }
}

/** Whether tasks wait: no more messages are taken before they are done. */
function arePosted() {
  return ticking !== undefined;
}

/** Has `connection.flushNow()` called when the tasks that wait now are done, or many of them. */
function flushAfterTasks(connection) {
  unflushed.add(connection);
}

/** Much has been sent: it leaves before the next task. */
function flushBeforeNext() {
  sinceFlush = MOST_BEFORE_FLUSH;
}

/** How often the event loop has been seen to go on. */
let loops = 0;
let isWatched = false;

/**
 * A number that is another one when the event loop has gone on, if it was asked for in the task
 * before: to ask has the loop watched, which keeps nobody waiting.
 */
function currentTask() {
  if (!isWatched) {
    isWatched = true;
    setImmediate(loopGoesOn).unref();
  }
  // Neither ever falls.
  return currentTurn() + loops;
}

function loopGoesOn() {
  isWatched = false;
  loops++;
}

async function soon() {
  await undefined;
  nextTick(tick);
}

function tick() {
  const connection = tasks[next];
  const what = tasks[next + 1];
  const value = tasks[next + 2];
  next += 3;
  const context = ticking;
  // All before the task, which may throw.
  if (next < tasks.length) {
    // Whatever the task starts by promises comes before the next tick.
    soon();
    if (++sinceFlush >= MOST_BEFORE_FLUSH) flushAll(flushNow);
  } else {
    tasks = [];
    next = 0;
    ticking = undefined;
    // What this task sends leaves with it.
    flushAll(scheduleFlush);
  }
  if (connection === context) connection.perform(what, value);
  else connection.context.runInAsyncScope(perform, undefined, connection, what, value);
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
