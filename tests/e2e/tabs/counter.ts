// A stand-in for the engine: a counter in a real OPFS database, which applies each operation uid once.
import type { MethodKind } from '../../../src/lib/workers/methods.ts';

export interface CounterApi {
  value(): Promise<number>;
  add(n: number): Promise<number>;
  /** Answers after `ms`. */
  slowAdd(n: number, ms: number): Promise<number>;
  /** Says `held` on the channel of that name and waits for `go`: in flight for as long as the test wants. */
  heldAdd(n: number): Promise<number>;
  /** Commits, then ends the worker before it can answer; sent again, it finds its operation applied. */
  addThenDie(n: number): Promise<number>;
  fileText(file: File): Promise<string>;
  stream(): Promise<ReadableStream<Uint8Array>>;
  order(): Promise<string[]>;
  fails(): Promise<void>;
}

export const counterMethods: Readonly<Record<string, MethodKind>> = {
  value: 'read',
  add: 'write',
  slowAdd: 'write',
  heldAdd: 'write',
  addThenDie: 'write',
  fileText: 'read',
  stream: 'read',
  order: 'read',
  fails: 'write',
};
