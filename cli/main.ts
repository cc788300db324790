// The process around the command line: arguments, streams, exit code.
import { main } from './loam.ts';

// Node 22 and 24 call node:sqlite experimental on stderr at its first use; that says nothing to who runs a command.
const shown = process.listeners('warning');
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name === 'ExperimentalWarning' && /SQLite/.test(warning.message)) return;
  for (const show of shown) show.call(process, warning);
});

/** Reads one line; the end of the input is a no. */
async function confirm(question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return new Promise((resolve) => {
    lines.once('close', () => resolve(false));
    lines.question(`${question} (y/n) `, (answer) => {
      resolve(/^y(es)?$/i.test(answer.trim()));
      lines.close();
    });
  });
}

/** On a terminal it is typed unseen; otherwise the first line of what comes in. */
async function secret(question: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) {
    let text = '';
    for await (const chunk of stdin) {
      text += String(chunk);
      if (text.length > 10_000) break;
    }
    return text.split('\n')[0] ?? '';
  }
  stderr.write(`${question} `);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  try {
    return await new Promise((resolve, reject) => {
      let typed = '';
      stdin.on('data', (keys: string) => {
        for (const key of keys) {
          if (key === '\u0003') return reject(new Error('Cancelled.'));
          if (key === '\r' || key === '\n' || key === '\u0004') return resolve(typed);
          if (key === '\u007f' || key === '\b') typed = typed.slice(0, -1);
          else if (key >= ' ') typed += key;
        }
      });
    });
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stdin.removeAllListeners('data');
    stderr.write('\n');
  }
}

process.exitCode = await main(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  confirm,
  secret,
  interrupted: (then) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, then);
  },
});
