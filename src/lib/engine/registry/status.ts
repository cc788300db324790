// Status words and the codes LaminDB keeps for them (2.12.1 base/types.py).
import { LoamError } from '../errors.ts';

export const runStatus = {
  scheduled: -3,
  restarted: -2,
  started: -1,
  completed: 0,
  errored: 1,
  aborted: 2,
} as const;

export const branchStatus = { closed: -2, merged: -1, standalone: 0, draft: 1, review: 2 } as const;

export const projectStatus = {
  planned: -3,
  'up-next': -2,
  active: -1,
  completed: 0,
  paused: 2,
  background: 1,
  canceled: 3,
  archived: 4,
} as const;

export function codeOf(registry: string, codes: Readonly<Record<string, number>>, word: unknown): number {
  if (typeof word === 'string' && Object.hasOwn(codes, word)) return codes[word] as number;
  const words = Object.keys(codes).map((w) => `'${w}'`);
  throw new LoamError(
    'ValueError',
    `Invalid ${registry.toLowerCase()} status ${JSON.stringify(word)?.slice(0, 40)}. Expected one of: ${words.join(', ')}.`,
    { registry, field: 'status' },
  );
}

export function wordOf(codes: Readonly<Record<string, number>>, code: number): string {
  return Object.keys(codes).find((word) => codes[word] === code) ?? String(code);
}
