// Query specs about fields of the example database: each look-up meets each kind of field, as a filter and in an `exclude`.
import type { QuerySpec } from '../../src/lib/engine/query/answers.ts';

export type Value = unknown;
export type Case = [lookup: string, value: Value];

const texts: Case[] = [
  ['', 'batch 1'],
  ['exact', 'Batch 10'],
  ['exact', null],
  ['iexact', 'BATCH 1'],
  ['iexact', 'ÄRGER'],
  ['contains', 'atch'],
  ['contains', '%'],
  ['contains', '_'],
  ['contains', '\\'],
  ['contains', 'ä'],
  ['icontains', 'TCH 1'],
  ['startswith', 'batch'],
  ['istartswith', 'BA'],
  ['endswith', '1'],
  ['iendswith', 'ED'],
  ['in', ['batch 1', 'batch 2', null, 'none']],
  ['in', []],
  ['gt', 'batch 1'],
  ['gte', 'batch 1'],
  ['lt', 'batch 2'],
  ['lte', 'batch 2'],
  ['range', ['Batch', 'batch 1']],
  ['isnull', true],
  ['isnull', false],
  ['regex', '^[a-z].*\\d$'],
  ['regex', '(?i)BATCH (?P<n>\\d+)$'],
  ['iregex', '^BATCH\\s\\d'],
];
const integers: Case[] = [
  ['', 100],
  ['exact', '150'],
  ['in', [100, 0, 9007199254740991]],
  ['gt', 100],
  ['gte', 149.5],
  ['lt', 100.5],
  ['lte', 99.9],
  ['gt', 1e30],
  ['range', [10, 200]],
  ['isnull', true],
  ['isnull', false],
  ['contains', 0],
  ['startswith', '1'],
  ['regex', '^1\\d{2}$'],
];
const times: Case[] = [
  ['', '2026-11-03 08:00:00.000001'],
  ['', '2026-11-03T10:00:00.000001+02:00'],
  ['gt', '2026-11-03'],
  ['gte', '2026-11-04 23:59:59.999999'],
  ['lt', '2026-11-04'],
  ['range', ['2026-11-01', '2026-12-31']],
  ['in', ['2026-11-03 08:00:00.000001']],
  ['isnull', false],
  ['year', 2026],
  ['year__gt', 2026],
  ['year__gte', '2027'],
  ['year__lt', 2027],
  ['year__lte', 2026],
  ['year__in', [2026, 2028]],
  ['month', 11],
  ['month__gte', 12],
  ['day', 3],
  ['week', 45],
  ['week__in', [1, 45, 53]],
  ['week_day', 3],
  ['iso_week_day', 2],
  ['iso_year', 2026],
  ['iso_year__gt', 2026],
  ['quarter', 4],
  ['quarter__lt', 4],
  ['hour', 8],
  ['hour__range', [9, 23]],
  ['minute', 59],
  ['second__gt', 30],
  ['date', '2026-11-03'],
  ['date__gt', '2026-11-03'],
  ['date__year', 2026],
  ['time', '08:00:00.000001'],
  ['time__gte', '12:00'],
  ['contains', '2026-11'],
  ['regex', '\\.\\d{6}$'],
];
const days: Case[] = [
  ['', '2026-01-01'],
  ['gt', '2025-01-01'],
  ['range', ['2024-12-30', '2025-12-31']],
  ['year', 2024],
  ['iso_year', 2025],
  ['iso_year__lte', 2025],
  ['week', 1],
  ['month__in', [1, 2]],
  ['quarter', 1],
  ['isnull', true],
  ['icontains', '-12-'],
];
const truths: Case[] = [
  ['', true],
  ['', false],
  ['exact', 'True'],
  ['in', [false]],
  ['isnull', false],
];
const json: Case[] = [
  ['plate__row', 1],
  ['plate__row__gt', 5],
  ['plate__row__lte', 12],
  ['plate__row__in', [1, 2]],
  ['plate__well', 'A1'],
  ['plate__well__iexact', 'a1'],
  ['plate__well__icontains', 'b'],
  ['plate__well__startswith', 'A'],
  ['plate__well__endswith', '2'],
  ['plate__well__regex', '^[AB]\\d'],
  ['plate__well__gt', 'A2'],
  ['plate__well__in', ['A1', 'C3']],
  ['plate__isnull', true],
  ['plate__isnull', false],
  ['ok', true],
  ['ok', false],
  ['ok__in', [true]],
  ['n', null],
  ['n__isnull', false],
  ['missing', null],
  ['0', 1],
  ['1__x__gte', 5],
  ['has_key', 'plate'],
  ['has_keys', ['plate', 'n']],
  ['has_any_keys', ['n', 'none']],
  ['plate__has_key', 'well'],
  ['', [1, { x: 5 }]],
  ['isnull', true],
  ['isnull', false],
  ['icontains', 'PLATE'],
  ['regex', '"row": \\d\\d'],
  ['contains', { ok: true }],
];

export const named = (field: string, lookup: string): string =>
  lookup === '' ? field : `${field}__${lookup}`;
export const ordered = { order_by: ['id'] };

/** Each look-up on each kind of field of the registry itself: filtered by, and excluded. */
export function ofFields(): QuerySpec[] {
  const fields: [string, string, Case[]][] = [
    ['ULabel', 'name', texts],
    ['ULabel', 'description', texts],
    ['Artifact', 'size', integers],
    ['Artifact', 'n_files', integers.slice(3, 10)],
    ['Run', 'started_at', times],
    ['Run', 'finished_at', times],
    ['Project', 'start_date', days],
    ['Artifact', 'is_latest', truths],
    ['Feature', 'coerce', truths],
    ['Record', 'extra_data', json],
  ];
  return fields.flatMap(([registry, field, cases]) =>
    cases.flatMap(([lookup, value]) => {
      const condition = { [named(field, lookup)]: value };
      const base = { op: 'filter', registry, values: ['id', 'uid'], ...ordered };
      return [
        { ...base, filter: condition },
        { ...base, exclude: condition },
      ];
    }),
  );
}
