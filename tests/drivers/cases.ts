// What the driver suites share: the shape of a case, and comparisons that say what they found.
import { LoamError, type ErrorCode } from '../../src/lib/engine/errors.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';

export interface DriverCase {
  title: string;
  /** True when the driver must be able to stop a statement inside one step. */
  needsInterrupt?: boolean;
  run(driver: SqlDriver, tools: DriverTools): void | Promise<void>;
}

export interface DriverTools {
  /** Opens serialized bytes, to look at them independently of the driver under test. */
  openBytes(bytes: Uint8Array): Promise<SqlDriver>;
}

export function show(value: unknown): string {
  return JSON.stringify(value, (_key, v: unknown) => {
    if (typeof v === 'bigint') return `${v}n`;
    return v instanceof Uint8Array ? `bytes[${[...v].join(',')}]` : v;
  });
}

export function equal(actual: unknown, expected: unknown): void {
  if (show(actual) !== show(expected))
    throw new Error(`got ${show(actual).slice(0, 300)}, wanted ${show(expected).slice(0, 300)}`);
}

export function throwsCode(code: ErrorCode, work: () => unknown): LoamError {
  try {
    work();
  } catch (error) {
    if (error instanceof LoamError && error.code === code) return error;
    throw new Error(`wanted ${code}, got ${error instanceof LoamError ? error.code : ''} ${String(error)}`, {
      cause: error,
    });
  }
  throw new Error(`wanted ${code}, but nothing was thrown`);
}

export const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000)';
