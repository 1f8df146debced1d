// A worker thread that tells its number among this process's threads, and ends.
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { parentPort } from 'node:worker_threads';

parentPort.postMessage(basename(readlinkSync('/proc/thread-self')));
