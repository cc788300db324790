// Conditions of `ln`: look-ups, `ln.Q(…)` and comparisons of features, as the plain objects of the query language
// (engine/query/query.ts). Rows, queries and dates that stand in them become what crosses the worker border.
import { LoamError } from '../engine/errors.ts';
import type { Condition, QueryValue } from '../engine/query/query.ts';
import { stateOf } from './state.ts';

/** A condition that can be joined with others. */
export class Expression {
  constructor(readonly condition: Condition) {}

  and(...others: unknown[]): Expression {
    return new Expression({ $and: [this.condition, ...others.map(conditionOf)] });
  }
  or(...others: unknown[]): Expression {
    return new Expression({ $or: [this.condition, ...others.map(conditionOf)] });
  }
  not(): Expression {
    return new Expression({ $not: this.condition });
  }
}

/** `ln.Q`. */
export const Q = Object.assign((lookups: unknown) => new Expression(conditionOf(lookups)), {
  and: (...items: unknown[]) => new Expression({ $and: items.map(conditionOf) }),
  or: (...items: unknown[]) => new Expression({ $or: items.map(conditionOf) }),
  not: (item: unknown) => new Expression({ $not: conditionOf(item) }),
});

/** What one `filter(…)` asks: its arguments joined by AND. */
export function joined(conditions: readonly unknown[]): Condition {
  const all = conditions.map(conditionOf);
  return all.length === 1 ? (all[0] as Condition) : all.length === 0 ? {} : { $and: all };
}

export function conditionOf(item: unknown): Condition {
  if (item instanceof Expression) return item.condition;
  if (item === null || typeof item !== 'object' || Array.isArray(item) || stateOf(item))
    throw new LoamError('TypeError', `A filter takes look-ups such as { size__gt: 1e6 }, not ${told(item)}.`);
  const { $and, $or, $not } = item as { $and?: unknown; $or?: unknown; $not?: unknown };
  if (Array.isArray($and)) return { $and: $and.map(conditionOf) };
  if (Array.isArray($or)) return { $or: $or.map(conditionOf) };
  if ($not !== undefined) return { $not: conditionOf($not) };
  const lookups: Record<string, QueryValue> = {};
  for (const [name, value] of Object.entries(item)) {
    if (value === undefined)
      throw new LoamError('ValueError', `The look-up ${name} has no value; use ${name}__isnull or null.`, {
        field: name,
      });
    lookups[name] = valueOf(value);
  }
  return lookups;
}

/** A value to compare with, as plain data. */
export function valueOf(value: unknown): QueryValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value) || value instanceof Set) return [...value].map(valueOf);
  const row = stateOf(value);
  if (row) {
    if (row.id === null)
      throw new LoamError('ValueError', `This ${row.registry} is not saved yet; save it first.`, {
        registry: row.registry,
      });
    return { $ref: [row.registry, { id: row.id }] };
  }
  if (typeof value === 'object') {
    if ('toQuery' in value && typeof value.toQuery === 'function')
      return { $query: (value.toQuery as () => QueryValue)() };
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, valueOf(one)]));
  }
  throw new LoamError('TypeError', `${told(value)} is no value to compare with.`);
}

export function told(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  const row = stateOf(value);
  return row ? `a ${row.registry}` : Array.isArray(value) ? 'a list' : String(value).slice(0, 60);
}
