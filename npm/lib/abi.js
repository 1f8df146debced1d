// What a native module has to fit, in the words of napi-rs: `linux-x64-gnu`.
'use strict';

const fs = process.getBuiltinModule?.('node:fs') ?? require('node:fs');

/** The start of a program, where the name of its dynamic loader is. */
const HEAD = 4096;

/** The system, the processor and, where there are several, the C library. */
function platformArchAbi() {
  const { arch, platform } = process;
  if (platform === 'linux') return `linux-${arch}-${usesMusl() ? 'musl' : 'gnu'}`;
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

/** Whether this Node.js runs with musl, and not with glibc. */
function usesMusl() {
  const loader = /\/ld-(musl|linux)/.exec(headOfProgram())?.[1];
  if (loader !== undefined) return loader === 'musl';
  // The loader itself was started, with Node.js as its argument, or the name is further on.
  return process.report?.getReport().header.glibcVersionRuntime === undefined;
}

function headOfProgram() {
  let file;
  try {
    file = fs.openSync('/proc/self/exe');
    const head = Buffer.alloc(HEAD);
    return head.toString('latin1', 0, fs.readSync(file, head, 0, HEAD, 0));
  } catch {
    // No /proc, or a permission model that forbids it.
    return '';
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

exports.platformArchAbi = platformArchAbi;
