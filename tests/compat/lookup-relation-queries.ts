// Query specs in which each look-up meets each type of relation of the example database: a text and a time at the end of
// it, as a filter and in an `exclude`. The type is the relation's in the model, so that a test can say what was covered.
import type { QuerySpec } from '../../src/lib/engine/query/answers.ts';
import { ordered, type Case, type Value } from './field-queries.ts';
import { asked } from './relation-queries.ts';

/** Type of the relation, registry, chain, a text field at its end, a text that is there. */
const relations: [type: string, registry: string, chain: string, field: string, text: string][] = [
  ['reference', 'Artifact', 'created_by', 'handle', 'ada'],
  ['reference that may be empty', 'Artifact', 'schema', 'name', 'sheet schema'],
  ['chain of references', 'Artifact', 'run__transform', 'key', 'load.py'],
  ['references back', 'Run', 'output_artifacts', 'key', 'raw/a.csv'],
  ['many to many', 'Artifact', 'input_of_runs', 'entrypoint', 'main'],
  ['many to many back', 'Run', 'input_artifacts', 'key', 'raw/a.csv'],
  ['link with a feature', 'Artifact', 'ulabels', 'name', 'batch 1'],
  ['link with a feature back', 'ULabel', 'artifacts', 'key', 'raw_x.parquet'],
  ['link of another module', 'Artifact', 'cell_types', 'name', 'T cell'],
  ['link, then reference', 'Artifact', 'ulabels__type', 'name', 'Batch'],
  ['parents', 'ULabel', 'parents', 'name', 'control'],
  ['children', 'bionty.CellType', 'children', 'name', 'T cell'],
  ['type', 'Record', 'type', 'name', 'Sample'],
  ['cell of a record', 'Record', 'linked_ulabels', 'name', 'batch 1'],
  ['members in order', 'Collection', 'artifacts', 'key', 'sc/pbmc.h5ad'],
  ['members of a schema', 'Schema', 'features', 'name', 'batch'],
  ['notes', 'Artifact', 'ablocks', 'kind', 'comment'],
];

const ofTexts = (text: string): Case[] => [
  ['exact', text],
  ['iexact', text.toUpperCase()],
  ['contains', text.slice(1, 3)],
  ['icontains', text.slice(1, 3).toUpperCase()],
  ['startswith', text.slice(0, 2)],
  ['istartswith', text.slice(0, 2).toUpperCase()],
  ['endswith', text.slice(-2)],
  ['iendswith', text.slice(-2).toUpperCase()],
  ['in', [text, 'none']],
  ['gt', text],
  ['gte', text],
  ['lt', text],
  ['lte', text],
  ['range', [text, `${text}~`]],
  ['isnull', true],
  ['isnull', false],
  ['regex', `^${text.slice(0, 1)}.*[a-z0-9]$`],
  ['iregex', `^${text.slice(0, 1).toUpperCase()}`],
];

/** The parts of a time, and a comparison of one. */
const ofTimes: Case[] = [
  ['date', '2026-11-03'],
  ['time__gte', '08:00'],
  ['year', 2026],
  ['iso_year__gte', 2026],
  ['quarter', 4],
  ['month', 11],
  ['week__in', [44, 45, 46]],
  ['day__lt', 4],
  ['week_day', 3],
  ['iso_week_day', 2],
  ['hour__range', [7, 9]],
  ['minute__gt', 0],
  ['second', 0],
];

export interface CoveringQuery extends QuerySpec {
  id: string;
  /** Type of the relation and look-up. */
  covers: [relation: string, lookup: string];
}

/** Each type of relation with each look-up, as a filter; every third also excluded. */
export function lookupsByRelation(): CoveringQuery[] {
  const specs: CoveringQuery[] = [];
  for (const [type, registry, chain, field, text] of relations) {
    const base = { op: 'filter', registry, values: ['id'], ...ordered };
    const cases: [string, Value][] = [
      ...ofTexts(text).map(([lookup, value]): [string, Value] => [`${field}__${lookup}`, value]),
      ...ofTimes.map(([lookup, value]): [string, Value] => [`created_at__${lookup}`, value]),
    ];
    for (const [i, [end, value]] of cases.entries()) {
      const lookup = end.slice(end.indexOf('__') + 2);
      const condition = { [`${chain}__${end}`]: value };
      const id = `covering-${specs.length + 1}`;
      const covers: [string, string] = [type, lookup];
      const how = i % 3 === 2 ? { exclude: condition } : asked(registry, condition);
      specs.push({ id, covers, ...base, ...how });
    }
  }
  return specs;
}

/** How many types of relation and look-ups there are. */
export const covered = (specs: readonly CoveringQuery[]): { relations: number; lookups: number } => ({
  relations: new Set(specs.map(({ covers }) => covers[0])).size,
  lookups: new Set(specs.map(({ covers }) => covers[1])).size,
});
