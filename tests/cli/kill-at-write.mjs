/**
 * Loaded before the command line (`node --import`): the process is killed at the nth thing that its database does to the disk, and a
 * write that is cut short has put half of its bytes there, as a power cut may. `LOAM_KILL_AT` is n; 0 counts only, and the number is
 * left in the file `LOAM_KILL_COUNT`.
 */
import fs from 'node:fs';

const at = Number(process.env.LOAM_KILL_AT);
let seen = 0;

/** @param {() => void} [half] */
function mark(half) {
  seen += 1;
  if (seen !== at) return;
  half?.();
  process.kill(process.pid, 'SIGKILL');
  // The signal may need a moment.
  for (;;);
}

// The engine of Node 20 comes as WebAssembly and writes by these.
const write = fs.writeSync;
fs.writeSync = function (fd, buffer, offset, length, position) {
  // Of the database alone: words of the program are written by the same function.
  if (ArrayBuffer.isView(buffer) && typeof length === 'number')
    mark(() => write.call(fs, fd, buffer, offset, Math.floor(length / 2), position));
  return write.apply(fs, arguments);
};
for (const name of ['ftruncateSync', 'fsyncSync', 'unlinkSync']) {
  const does = fs[name];
  fs[name] = function () {
    mark();
    return does.apply(fs, arguments);
  };
}

// That of later Nodes writes by itself: there each statement that changes something counts.
try {
  const { DatabaseSync, StatementSync } = await import('node:sqlite');
  for (const [type, name] of [
    [DatabaseSync, 'exec'],
    [StatementSync, 'run'],
  ]) {
    const does = type.prototype[name];
    type.prototype[name] = function () {
      mark();
      return does.apply(this, arguments);
    };
  }
} catch {
  // Node 20 has none.
}

process.on('exit', () => {
  // Killed when all is done is the last of them.
  mark();
  if (process.env.LOAM_KILL_COUNT) fs.writeFileSync(process.env.LOAM_KILL_COUNT, String(seen));
});
