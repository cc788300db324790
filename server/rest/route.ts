// A route of REST as data: what it is called, takes and gives, and what it does. The Hono routes and the OpenAPI document
// are both made of the same list.
import { LoamError } from '../../src/lib/engine/errors.ts';
import type { Engine } from '../../src/lib/engine/index.ts';
import type { Model } from '../../src/lib/engine/model/types.ts';
import type { SqlDriver } from '../../src/lib/engine/ports.ts';
import type { Access } from '../../src/lib/engine/sync/access.ts';
import type { Account } from '../people/accounts.ts';
import type { Ground } from '../people/ground.ts';
import { checkShape, shown, type Shape } from './shape.ts';

export interface RestDeps {
  readonly ground: Ground;
  readonly model: Model;
  /** Uid of the instance that this server has a replica of. */
  readonly instance: string;
  /** Runs the work on the replica while nothing else does. It is synchronous, reads only, and sees one moment. */
  read<T>(work: (replica: { engine: Engine; driver: SqlDriver }) => T): Promise<T>;
  /**
   * Runs the work as acts of the account, in a turn like the records of peers: each of their operations is
   * judged by `mayWrite`, nothing stays of a refused request, and it settles after Postgres has committed. Without it
   * nothing is written by REST, and there are no routes for it.
   */
  readonly write?: Write;
  /** Sees to it that the account has its LaminDB user, which its acts are by: asked before `write`. */
  readonly bring?: (account: Account) => Promise<void>;
  /** Milliseconds that the statements of one request may take; 2,000 unless said otherwise. */
  readonly patience?: number;
}

/** What the work gives names what it did by what holds: ids may be others once the turn is through. */
export type Write = <T>(access: Access, work: (engine: Engine) => T | Promise<T>) => Promise<T>;

/** What a route gets. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** `read` with the request's patience. */
  read<T>(work: (at: { engine: Engine; model: Model }) => T): Promise<T>;
  write<T>(work: (at: { engine: Engine; model: Model }) => T | Promise<T>): Promise<T>;
}

export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below `/instances/{instance_id}`, in OpenAPI's form. */
  readonly path: string;
  readonly id: string;
  readonly tag: 'Records' | 'Statistics' | 'Schema' | 'Artifacts' | 'Labels';
  readonly summary: string;
  readonly description?: string;
  /** Whether LaminHub has it too, or it is ours. */
  readonly ours?: boolean;
  readonly query?: Readonly<Record<string, Shape>>;
  readonly needed?: readonly string[];
  readonly body?: Shape;
  readonly answer: Shape;
  /** Needs the role `write`. */
  readonly writes?: boolean;
  act(call: Call): Promise<unknown>;
}

/** Query parameters by their shapes; repeated ones are a list. Unknown names are refused: a typing mistake would ask for something else. */
export function readQuery(
  shapes: Readonly<Record<string, Shape>>,
  needed: readonly string[],
  given: URLSearchParams,
): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name of new Set(given.keys())) {
    const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    if (!shape)
      throw new LoamError(
        'ValidationError',
        `There is no parameter “${name.slice(0, 60)}”; there are ${Object.keys(shapes).join(', ') || 'none'}.`,
        { field: name.slice(0, 60) },
      );
    const values = given.getAll(name);
    if (shape.type !== 'array' && values.length > 1)
      throw new LoamError('ValidationError', `The parameter “${name}” is given more than once.`, {
        field: name,
      });
    out[name] = checkShape(shape, shape.type === 'array' ? values : fromText(shape, values[0] ?? ''), name);
  }
  for (const [name, shape] of Object.entries(shapes))
    if (out[name] === undefined && 'default' in shape) out[name] = shape.default;
  for (const name of needed)
    if (out[name] === undefined)
      throw new LoamError('ValidationError', `The parameter “${name}” is missing.`, { field: name });
  return out;
}

function fromText(shape: Shape, text: string): unknown {
  if (shape.type === 'integer') return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  if (shape.type === 'boolean')
    return ({ true: true, false: false, '1': true, '0': false } as never)[text] ?? text;
  if (shape.type !== 'object') return text;
  try {
    return JSON.parse(text);
  } catch {
    throw new LoamError('ValidationError', `This is no JSON text: ${shown(text)}.`);
  }
}
