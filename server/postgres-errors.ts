// What goes wrong with Postgres, in words: what, with which value, what to do. Passwords of addresses are never told.
import { LoamError, type ErrorCode, type ErrorDetails } from '../src/lib/engine/errors.ts';

/** What node-postgres and PGlite put on their errors (the protocol's fields), and Node on its own. */
interface Fault {
  code?: string;
  message: string;
  detail?: string;
  table?: string;
  column?: string;
  constraint?: string;
}

interface Rule {
  code: ErrorCode;
  /** Follows the server's own words. */
  advice: string;
}

/** By SQLSTATE, the longest beginning that fits first. */
const rules: readonly (readonly [state: string, rule: Rule])[] = [
  [
    '23505',
    {
      code: 'IntegrityError',
      advice: 'A row with this value is there already: use that one, or another value.',
    },
  ],
  [
    '23503',
    { code: 'IntegrityError', advice: 'A row that is referred to is missing, or is still referred to.' },
  ],
  ['23502', { code: 'ValidationError', advice: 'Give a value for it.' }],
  ['23514', { code: 'ValidationError', advice: 'LaminDB allows only what this check allows.' }],
  ['22001', { code: 'DataError', advice: 'Shorten it.' }],
  ['22', { code: 'DataError', advice: 'Give a value of the column’s kind.' }],
  ['25006', { code: 'ReadOnly', advice: 'This server takes no writes: name the primary server.' }],
  ['42501', { code: 'NoWriteAccess', advice: 'Ask the owner of the database to grant it to this role.' }],
  ['42P07', { code: 'SchemaDrift', advice: 'Something of that name is there already.' }],
  [
    '42P01',
    {
      code: 'SchemaDrift',
      advice: 'The tables are not those of LaminDB 2.12: migrate the database with `lamin migrate deploy`.',
    },
  ],
  [
    '42703',
    {
      code: 'SchemaDrift',
      advice: 'The tables are not those of LaminDB 2.12: migrate the database with `lamin migrate deploy`.',
    },
  ],
  ['40', { code: 'OperationalError', advice: 'Others wrote at the same time: try again.' }],
  ['55P03', { code: 'DatabaseLocked', advice: 'Others hold it: try again.' }],
  ['57014', { code: 'StatementCancelled', advice: 'It took too long or was cancelled.' }],
  ['57P', { code: 'ConnectionLost', advice: 'The server is stopping or starting: it is tried again.' }],
  ['08', { code: 'ConnectionLost', advice: 'The connection is made anew with the next request.' }],
  ['28', { code: 'OperationalError', advice: 'Check the user and password in DATABASE_URL.' }],
  [
    '3D000',
    {
      code: 'OperationalError',
      advice: 'Make the database first (`createdb`), or check its name in DATABASE_URL.',
    },
  ],
  ['53100', { code: 'StorageFull', advice: 'The disk of the Postgres server is full.' }],
  ['53', { code: 'OperationalError', advice: 'The Postgres server has no room for more: try again later.' }],
  // RAISE EXCEPTION: LaminDB's own triggers speak so.
  ['P0001', { code: 'ValidationError', advice: 'LaminDB’s rules in the database refused it.' }],
];

/** Node's own errors where no server answers. */
const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EPIPE',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);

/** The error as the engine has it. One that is the engine's already comes back as it is. */
export function postgresError(error: unknown, address?: string): LoamError {
  if (error instanceof LoamError) return error;
  const fault: Fault = error instanceof Error ? (error as Error & Fault) : { message: String(error) };
  const state = fault.code ?? '';
  if (
    unreachable.has(state) ||
    /Connection terminated|connection timeout|timeout exceeded when trying to connect/i.test(fault.message)
  ) {
    const where =
      address === undefined ? 'The Postgres server' : `The Postgres server at ${plainAddress(address)}`;
    return new LoamError(
      'ConnectionLost',
      `${where} does not answer (${state || fault.message}). Check that it runs and that DATABASE_URL names it.`,
    );
  }
  const rule = rules.find(([start]) => state.startsWith(start))?.[1];
  if (!rule)
    return new LoamError('SqlError', `Postgres: ${fault.message} (${state || 'no code'}).`, { state });
  const details: ErrorDetails = { state };
  for (const name of ['table', 'column', 'constraint'] as const)
    if (fault[name] !== undefined) details[name] = fault[name];
  const more = fault.detail ? ` ${sentence(fault.detail)}` : '';
  return new LoamError(rule.code, `Postgres: ${sentence(fault.message)}${more} ${rule.advice}`, details);
}

const sentence = (text: string): string => (/[.!?]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);

/** The address without user and password, for words. */
export function plainAddress(address: string): string {
  try {
    const { hostname, port, pathname, searchParams } = new URL(address);
    const host = hostname || searchParams.get('host') || 'localhost';
    return `${host}${port === '' ? '' : `:${port}`}${pathname}`;
  } catch {
    return 'DATABASE_URL';
  }
}
