// What comes in by HTTP: read up to a limit, parsed, and held against a JSON Schema whose refusals are told in words.
// The same schemas are to describe the routes to programs, so every field says what it is.
import { LoamError } from '../../src/lib/engine/errors.ts';

/** The part of JSON Schema that inputs need. Fields that are not named are refused. */
export type FieldSchema = { readonly description: string; readonly nullable?: boolean } & (
  | {
      readonly type: 'string';
      readonly minLength?: number;
      readonly maxLength: number;
      readonly enum?: readonly string[];
    }
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'boolean' }
  | { readonly type: 'array'; readonly maxItems: number; readonly items: { readonly maxLength: number } }
);
export interface InputSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, FieldSchema>>;
  readonly required: readonly string[];
}

type ValueOf<F> = F extends { type: 'string' }
  ? string
  : F extends { type: 'integer' }
    ? number
    : F extends { type: 'boolean' }
      ? boolean
      : string[];
type Nullable<F> = F extends { nullable: true } ? null : never;
export type InputOf<S extends InputSchema> = {
  readonly [K in keyof S['properties']]: K extends S['required'][number]
    ? ValueOf<S['properties'][K]> | Nullable<S['properties'][K]>
    : ValueOf<S['properties'][K]> | Nullable<S['properties'][K]> | undefined;
};

export const bodyLimit = 64 * 1024;

const wrong = (message: string, field?: string): LoamError =>
  new LoamError('ValidationError', message, field === undefined ? {} : { field });

/** The input, with the fields of the schema and no others. */
export function checkInput<const S extends InputSchema>(schema: S, value: unknown): InputOf<S> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong('The body is no JSON object.');
  const given = new Map(Object.entries(value));
  for (const name of given.keys())
    if (!Object.hasOwn(schema.properties, name))
      throw wrong(
        `There is no field “${name.slice(0, 40)}”; there are ${Object.keys(schema.properties).join(', ') || 'none'}.`,
      );
  const out: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, field] of Object.entries(schema.properties)) {
    const one = given.get(name);
    if (one === undefined) {
      if (schema.required.includes(name))
        throw wrong(`The field “${name}” is missing: ${field.description}.`, name);
      continue;
    }
    if (one === null && field.nullable) out[name] = null;
    else if (fits(field, one)) out[name] = one;
    else throw wrong(`The field “${name}” does not fit: ${field.description} (${wordsOf(field)}).`, name);
  }
  return out as InputOf<S>;
}

const isText = (value: unknown, least: number, most: number): boolean =>
  typeof value === 'string' &&
  value.length >= least &&
  value.length <= most &&
  value.isWellFormed() &&
  !value.includes('\0');

function fits(field: FieldSchema, value: unknown): boolean {
  switch (field.type) {
    case 'string':
      return (
        isText(value, field.minLength ?? 1, field.maxLength) &&
        (field.enum?.includes(value as string) ?? true)
      );
    case 'integer':
      return (
        Number.isInteger(value) && (value as number) >= field.minimum && (value as number) <= field.maximum
      );
    case 'boolean':
      return typeof value === 'boolean';
    case 'array':
      return (
        Array.isArray(value) &&
        value.length <= field.maxItems &&
        value.every((one) => isText(one, 1, field.items.maxLength))
      );
  }
}

function wordsOf(field: FieldSchema): string {
  switch (field.type) {
    case 'string':
      return field.enum
        ? `one of ${field.enum.join(', ')}`
        : `text of ${field.minLength ?? 1} to ${field.maxLength} characters`;
    case 'integer':
      return `a whole number from ${field.minimum} to ${field.maximum}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list of at most ${field.maxItems} texts`;
  }
}

/** Reads the body of a request, at most so many bytes whatever it says of itself, and parses it. */
export async function readJson(request: Request, most = bodyLimit): Promise<unknown> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json(;\s*charset=utf-8)?$/i.test(type.trim()))
    throw wrong(`The body is “${type.slice(0, 60)}”, where application/json is wanted.`);
  if (request.headers.has('content-encoding')) throw wrong('A packed body is not read. Send it as it is.');
  const parts: Uint8Array[] = [];
  let size = 0;
  // Whoever hangs up in the middle is no fault of the server's.
  const reader = request.body?.getReader();
  for (;;) {
    const next = await reader?.read().catch(() => {
      throw wrong('The request broke off.');
    });
    if (!next || next.done) break;
    size += next.value.length;
    if (size > most) throw wrong(`The body is longer than ${most.toLocaleString('en')} bytes.`);
    parts.push(next.value);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts)));
  } catch {
    throw wrong('The body is no JSON text.');
  }
}
