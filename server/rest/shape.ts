// Shapes of what REST takes and gives: one description by which bodies are checked, in words, and of which the OpenAPI
// document is made. Other than the inputs of accounts (http/input.ts) they nest.
import { LoamError } from '../../src/lib/engine/errors.ts';

export type Shape = { readonly description?: string; readonly nullable?: boolean } & (
  | {
      readonly type: 'string';
      readonly enum?: readonly string[];
      readonly maxLength?: number;
      readonly format?: string;
    }
  | {
      readonly type: 'integer';
      readonly minimum?: number;
      readonly maximum?: number;
      readonly default?: number;
    }
  | { readonly type: 'number' }
  | { readonly type: 'boolean'; readonly default?: boolean }
  | { readonly type: 'array'; readonly items: Shape; readonly maxItems?: number }
  | {
      readonly type: 'object';
      readonly properties?: Readonly<Record<string, Shape>>;
      readonly required?: readonly string[];
      /** Any further fields, of this shape; none without it. */
      readonly others?: Shape;
    }
  | { readonly type: 'any' }
  | { readonly type: 'either'; readonly of: readonly Shape[] }
  /** One that the document describes by name (components/schemas). Never checked: answers only. */
  | { readonly type: 'named'; readonly name: string }
);

const wrong = (message: string, field: string): LoamError =>
  new LoamError('ValidationError', message, { field });

/** The value, if it has the shape; otherwise refused in words that name the field. */
export function checkShape(shape: Shape, value: unknown, name: string): unknown {
  if (value === null && shape.nullable) return null;
  switch (shape.type) {
    case 'any':
      return value;
    case 'string':
      return checkText(shape, value, name);
    case 'integer':
      if (
        Number.isSafeInteger(value) &&
        (value as number) >= (shape.minimum ?? -Infinity) &&
        (value as number) <= (shape.maximum ?? Infinity)
      )
        return value;
      throw wrong(`“${name}” is ${boundsOf(shape)}, not ${shown(value)}.`, name);
    case 'number':
      if (typeof value === 'number' && Number.isFinite(value)) return value;
      throw wrong(`“${name}” is a number, not ${shown(value)}.`, name);
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw wrong(`“${name}” is true or false, not ${shown(value)}.`, name);
    case 'array':
      return checkList(shape, value, name);
    case 'object':
      return checkObject(shape, value, name);
    case 'either': {
      const fit = shape.of.find((one) => kindOf(one) === kindOf({ type: typeName(value) } as Shape));
      if (fit) return checkShape(fit, value, name);
      throw wrong(`“${name}” cannot be ${shown(value)}.`, name);
    }
    case 'named':
      throw new Error('named shapes are for answers');
  }
}

const kindOf = (shape: Shape): string => shape.type;
const typeName = (value: unknown): string =>
  Array.isArray(value) ? 'array' : value !== null && typeof value === 'object' ? 'object' : typeof value;

type Of<T extends Shape['type']> = Extract<Shape, { type: T }>;

function checkText(shape: Of<'string'>, value: unknown, name: string): string {
  if (typeof value !== 'string') throw wrong(`“${name}” is a text, not ${shown(value)}.`, name);
  const most = shape.maxLength ?? 10_000;
  if (value.length > most)
    throw wrong(`“${name}” is longer than ${most.toLocaleString('en')} characters.`, name);
  if (!value.isWellFormed()) throw wrong(`“${name}” is no well-formed text.`, name);
  if (shape.enum && !shape.enum.includes(value))
    throw wrong(`“${name}” is one of ${shape.enum.join(', ')}, not ${shown(value)}.`, name);
  return value;
}

function checkList(shape: Of<'array'>, value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw wrong(`“${name}” is a list, not ${shown(value)}.`, name);
  const most = shape.maxItems ?? 1_000;
  if (value.length > most) throw wrong(`“${name}” has more than ${most.toLocaleString('en')} entries.`, name);
  return value.map((one, i) => checkShape(shape.items, one, `${name}[${i}]`));
}

function checkObject(shape: Of<'object'>, value: unknown, name: string): Record<string, unknown> {
  if (typeName(value) !== 'object') throw wrong(`“${name}” is an object, not ${shown(value)}.`, name);
  const { properties = {}, required = [], others } = shape;
  // Without a prototype: a field may be called `__proto__`.
  const out = Object.create(null) as Record<string, unknown>;
  for (const [field, one] of Object.entries(value as object)) {
    const own = Object.hasOwn(properties, field) ? properties[field] : others;
    const path = name === 'body' ? field : `${name}.${field}`;
    if (!own)
      throw wrong(
        `There is no field “${path.slice(0, 80)}”; there are ${Object.keys(properties).join(', ') || 'none'}.`,
        field.slice(0, 80),
      );
    out[field] = checkShape(own, one, path);
  }
  for (const field of required)
    if (out[field] === undefined) throw wrong(`The field “${field}” is missing.`, field);
  return out;
}

function boundsOf({ minimum, maximum }: Of<'integer'>): string {
  if (minimum !== undefined && maximum !== undefined)
    return `a whole number from ${minimum} to ${maximum.toLocaleString('en')}`;
  return minimum === undefined ? 'a whole number' : `a whole number of at least ${minimum}`;
}

export const shown = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 60);

/** The shape as JSON Schema 2020-12, which OpenAPI 3.1 takes. */
export function schemaOf(shape: Shape): Record<string, unknown> {
  const about = shape.description === undefined ? {} : { description: shape.description };
  const typed = (type: string) => ({ type: shape.nullable ? [type, 'null'] : type });
  switch (shape.type) {
    case 'any':
      return about;
    case 'named':
      return { ...about, $ref: `#/components/schemas/${shape.name}` };
    case 'either':
      return { ...about, anyOf: [...shape.of.map(schemaOf), ...(shape.nullable ? [{ type: 'null' }] : [])] };
    case 'array': {
      const { items, maxItems } = shape;
      return {
        ...typed('array'),
        ...about,
        items: schemaOf(items),
        ...(maxItems === undefined ? {} : { maxItems }),
      };
    }
    case 'object': {
      const { properties = {}, required = [], others } = shape;
      return {
        ...typed('object'),
        ...about,
        properties: Object.fromEntries(
          Object.entries(properties).map(([name, one]) => [name, schemaOf(one)]),
        ),
        ...(required.length > 0 ? { required } : {}),
        additionalProperties: others ? schemaOf(others) : false,
      };
    }
    default: {
      const { type, description: _, nullable, ...rest } = shape;
      const { enum: values, ...limits } = rest as { enum?: readonly string[] };
      return {
        ...typed(type),
        ...about,
        ...(values ? { enum: nullable ? [...values, null] : values } : {}),
        ...limits,
      };
    }
  }
}
