// The command line as its users run it: a process with arguments, a working directory and three streams.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { commandLine } from '../../scripts/prepare.mjs';

export interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

export function loam(cwd: string, ...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [commandLine, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: status, out: stdout.trimEnd(), err: stderr.trimEnd() };
}

/** A folder that is gone after the tests of the file. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loam-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * The same program without a process of its own, which a verb takes about a tenth of the time for. Questions are answered
 * with `yes`, and without one the input has ended.
 */
export async function inProcess(
  cwd: string,
  args: string[],
  yes = false,
  env: Record<string, string> = {},
  more: { secret?: string; interrupted?: (then: () => void) => void; heard?: (text: string) => void } = {},
): Promise<Outcome> {
  const { main } = await import('../../cli/loam.ts');
  const [out, err]: [string[], string[]] = [[], []];
  const code = await main(args, {
    cwd,
    env,
    out: (text) => {
      out.push(text);
      more.heard?.(text);
    },
    err: (text) => err.push(text),
    confirm: (question) => {
      err.push(question);
      return Promise.resolve(yes);
    },
    secret: (question) => {
      err.push(question);
      return Promise.resolve(more.secret ?? '');
    },
    interrupted: more.interrupted ?? (() => {}),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}
