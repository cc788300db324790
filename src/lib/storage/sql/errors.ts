// SQLite's result codes and messages as LoamErrors. The message is read as well as the code, because
// node-sqlite3-wasm reports no code and wa-sqlite only the primary one.
import { LoamError, storageFull, type ErrorDetails } from '../../engine/errors.ts';

/** SQLite's primary result codes that mean something to the user. */
const BUSY = 5;
const LOCKED = 6;
const INTERRUPT = 9;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const CONSTRAINT = 19;
const NOTADB = 26;

export interface SqliteFailure {
  /** Result code (primary or extended); 0 where the library gives none. */
  code: number;
  message: string;
  sql: string;
  /** True for OPFS, where a full disk arrives as an I/O error (reliability.md §0.2). */
  ioErrorMeansFull?: boolean;
}

const constraint = /(UNIQUE|FOREIGN KEY|CHECK|NOT NULL|PRIMARY KEY) constraint failed(?:: (.*))?/;

const byMessage: [RegExp, number][] = [
  [/constraint failed/, CONSTRAINT],
  [/database is locked|database table is locked/, BUSY],
  [/^interrupted$/, INTERRUPT],
  [/file is not a database|file is encrypted|database header|not correct for an SQLite/i, NOTADB],
  [/malformed/, CORRUPT],
  [/database or disk is full/, FULL],
  [/disk I\/O error/, IOERR],
  [/unable to open database/, CANTOPEN],
];

function primaryCode(failure: SqliteFailure): number {
  const primary = failure.code & 0xff;
  if (primary > 1) return primary;
  return byMessage.find(([pattern]) => pattern.test(failure.message))?.[1] ?? 1;
}

function integrity(message: string, sql: string): LoamError {
  const [, kind = 'constraint', where = ''] = constraint.exec(message) ?? [];
  const columns = where.split(', ').filter((name) => name !== '');
  const details: ErrorDetails = { constraint: kind, columns, sql };
  const [first = ''] = columns;
  const dot = first.indexOf('.');
  if (dot > 0) details.table = first.slice(0, dot);
  const sentence: Record<string, string> = {
    UNIQUE: `A row with the same ${where} exists already.`,
    'PRIMARY KEY': `A row with the same ${where} exists already.`,
    'NOT NULL': `${where} must have a value.`,
    CHECK: `The rule ${where} does not allow this value.`,
    'FOREIGN KEY': 'The row refers to a row that does not exist, or is still referred to by another row.',
  };
  return new LoamError('IntegrityError', sentence[kind] ?? message, details);
}

/** The typed error for a failed SQLite call. */
export function sqliteError(failure: SqliteFailure): LoamError {
  const sql = failure.sql.slice(0, 200);
  const code = primaryCode(failure);
  const details: ErrorDetails = { sql, sqlite: failure.code || code };
  switch (code) {
    case CONSTRAINT:
      return integrity(failure.message, sql);
    case FULL:
      // SQLite does not say how much it wanted; one page is the least it can be.
      return storageFull(4096, null);
    case IOERR:
      if (failure.ioErrorMeansFull) return storageFull(4096, null);
      break;
    case BUSY:
    case LOCKED:
    case CANTOPEN:
      return new LoamError(
        'DatabaseLocked',
        `The database is in use or cannot be opened (${failure.message}). Close other tabs or programs that use it and try again.`,
        details,
      );
    case INTERRUPT:
      return new LoamError(
        'StatementCancelled',
        'The statement ran longer than allowed and was stopped.',
        details,
      );
    case CORRUPT:
    case NOTADB:
      return new LoamError(
        'DatabaseDamaged',
        `The database file is damaged or not an SQLite database (${failure.message}). Restore it from an export.`,
        details,
      );
  }
  return new LoamError('SqlError', failure.message, details);
}

/** Errors thrown while opening a database: DOMExceptions of OPFS, SQLite3Error of the wasm wrapper. */
export function openError(error: unknown): LoamError {
  if (error instanceof LoamError) return error;
  const name = error instanceof Error ? error.name : '';
  const message = error instanceof Error ? error.message : String(error);
  if (name === 'NoModificationAllowedError' || /NoModificationAllowed|Access Handle/i.test(message)) {
    return sqliteError({ code: BUSY, message: 'another tab holds the database file', sql: '' });
  }
  if (name === 'QuotaExceededError' || /bytes? but wrote/.test(message)) return storageFull(4096, null);
  if (name === 'SecurityError' || name === 'NotSupportedError') {
    return new LoamError(
      'StorageUnavailable',
      `This browser does not let the page store data here (${message}). Leave private browsing or allow site data, then reload.`,
    );
  }
  return sqliteError({ code: 0, message, sql: '' });
}

/** Text with U+0000 is refused on every driver: SQLite's functions stop at it and Postgres cannot hold it. */
export function refuseNul(): LoamError {
  return new LoamError(
    'InvalidArgument',
    'The text contains the character U+0000, which databases cannot hold in text. Remove it and try again.',
  );
}

export function wrongParameterCount(sql: string, wanted: number, given: number): LoamError {
  return new LoamError('SqlError', `The statement takes ${wanted} parameters, but ${given} were given.`, {
    sql: sql.slice(0, 200),
  });
}

/** Whether `sqlite3_changes` speaks about this statement (it keeps its old value for all others). */
export function changesRows(sql: string): boolean {
  const text = sql.replace(/^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*/, '');
  if (/^(?:insert|update|delete|replace)\b/i.test(text)) return true;
  return /^with\b/i.test(text) && /\b(?:insert|update|delete|replace)\b/i.test(text);
}
