// The routes that read, in LaminHub's shape. Where LaminHub's answers are known (from the clients that read them) they are
// those; where they are not, docs/decisions/0040 says what was chosen.
import type { ObjectOptions } from './objects.ts';
import { relationCounts } from './objects.ts';
import type { Asked } from './filter.ts';
import * as inputs from './inputs.ts';
import { tableNamed } from './names.ts';
import {
  artifactByPath,
  countObjects,
  groupBy,
  idOf,
  listObjects,
  listRelatives,
  listValues,
  nonEmptyTables,
  oneObject,
  statistics,
  type GroupBy,
  type Page,
  type Traversal,
} from './read.ts';
import type { Call, Route } from './route.ts';
import { modelFacts, schemaFacts } from './schema.ts';
import type { Shape } from './shape.ts';

export const ofModel = '/modules/{module_name}/{model_name}';
export const row: Shape = { type: 'named', name: 'Row', description: 'the row' };
const rows: Shape = { type: 'array', items: row };
const anything: Shape = { type: 'object', others: { type: 'any' } };

const tableOf = (call: Call, model: Parameters<typeof tableNamed>[0]) =>
  tableNamed(model, call.params.module_name ?? '', call.params.model_name ?? '');

export const optionsOf = ({ query }: Call): ObjectOptions => ({
  limitToMany: (query.limit_to_many as number | undefined) ?? 10,
  foreignKeys: query.include_foreign_keys === true,
});
const pageOf = ({ query }: Call): Page => ({ limit: query.limit as number, offset: query.offset as number });

type Listed = Asked & { select?: string[] | null };

/** `?select=uid,key&order_by=-created_at&filter={…}`: a list by its address alone. */
const inAddress: Readonly<Record<string, Shape>> = {
  select: { type: 'string', description: 'as in the body, with commas between', maxLength: 4_000 },
  filter: inputs.filter,
  search: inputs.search,
  order_by: {
    type: 'string',
    description: 'fields with commas between; `-` first for descending',
    maxLength: 1_000,
  },
};

function fromAddress({ query }: Call): Listed {
  const order = query.order_by as string | undefined;
  return {
    ...(query.select === undefined ? {} : { select: splitSelect(query.select as string) }),
    ...(query.filter === undefined ? {} : { filter: query.filter }),
    ...(query.search === undefined ? {} : { search: query.search as string }),
    ...(order === undefined
      ? {}
      : {
          order_by: order
            .split(',')
            .map((field) => ({ field: field.replace(/^-/, ''), descending: field.startsWith('-') })),
        }),
  };
}

/** The whole list is one item for the parser, which knows brackets. */
const splitSelect = (select: string): string[] => (select.trim() === '' ? [] : [select]);

export const readRoutes: readonly Route[] = [
  {
    ...{ method: 'get', path: '/schema', id: 'get_schema', tag: 'Schema' },
    summary: 'Modules, models and fields',
    answer: { type: 'object', others: { type: 'object', others: { type: 'named', name: 'ModelFacts' } } },
    act: (call) => call.read(({ model }) => schemaFacts(model)),
  },
  {
    ...{ method: 'get', path: '/schema/{module_name}/{model_name}', id: 'get_relations', tag: 'Schema' },
    summary: 'One model',
    answer: { type: 'named', name: 'ModelFacts' },
    act: (call) => call.read(({ model }) => modelFacts(model, tableOf(call, model))),
  },
  {
    ...{ method: 'get', path: '/statistics', id: 'get_instance_statistics', tag: 'Statistics' },
    summary: 'Rows of each model, and bytes of all artifacts',
    description: 'Exact counts of all rows, those of branches and of the trash among them.',
    query: {
      q: {
        ...{
          type: 'array',
          description: 'models as in `core.Artifact`; all registries without one',
          maxItems: 200,
        },
        items: { type: 'string', maxLength: 100 },
      },
    },
    answer: {
      type: 'object',
      properties: {
        instance_size: { type: 'integer', description: 'bytes' },
        counts: { type: 'object', others: { type: 'object', others: { type: 'integer' } } },
      },
      required: ['instance_size', 'counts'],
    },
    act: (call) => call.read((at) => statistics(at, call.query.q as string[] | undefined)),
  },
  {
    ...{ method: 'get', path: '/non_empty_tables', id: 'get_non_empty_tables', tag: 'Statistics' },
    summary: 'Models that have rows',
    answer: {
      type: 'object',
      properties: {
        non_empty_tables: { type: 'object', others: { type: 'array', items: { type: 'string' } } },
      },
      required: ['non_empty_tables'],
    },
    act: (call) => call.read((at) => ({ non_empty_tables: nonEmptyTables(at) })),
  },
  {
    ...{ method: 'post', path: ofModel, id: 'get_records', tag: 'Records' },
    summary: 'A list of rows',
    description:
      'Rows of main unless the filter names a branch, an id, a uid or a hash, as in LaminDB. A search without an order gives the best first.',
    query: { ...inputs.page, ...inputs.nested },
    body: inputs.listBody,
    answer: rows,
    act: (call) =>
      call.read((at) =>
        listObjects(at, tableOf(call, at.model), call.body as Listed, {
          ...pageOf(call),
          ...optionsOf(call),
        }),
      ),
  },
  {
    ...{ method: 'get', path: ofModel, id: 'list_records', tag: 'Records', ours: true },
    summary: 'The same by its address',
    query: { ...inAddress, ...inputs.page, ...inputs.nested },
    answer: rows,
    act: (call) =>
      call.read((at) =>
        listObjects(at, tableOf(call, at.model), fromAddress(call), { ...pageOf(call), ...optionsOf(call) }),
      ),
  },
  {
    ...{ method: 'post', path: `${ofModel}/count`, id: 'count_records', tag: 'Statistics', ours: true },
    summary: 'How many rows a list has',
    body: inputs.countBody,
    answer: { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] },
    act: (call) =>
      call.read((at) => ({ count: countObjects(at, tableOf(call, at.model), call.body as Asked) })),
  },
  {
    ...{ method: 'post', path: `${ofModel}/group-by`, id: 'group_by', tag: 'Statistics' },
    summary: 'Figures over groups of rows',
    description:
      'Groups are ordered by their dimensions. A row counts once in a group, however many links lead there.',
    query: { limit: { ...(inputs.limit as Shape & { type: 'integer' }), default: 1_000 } },
    body: inputs.groupBody,
    answer: { type: 'array', items: anything },
    act: (call) =>
      call.read((at) =>
        groupBy(at, tableOf(call, at.model), call.body as unknown as GroupBy, call.query.limit as number),
      ),
  },
  {
    ...{ method: 'post', path: `${ofModel}/relatives`, id: 'get_relatives', tag: 'Records' },
    summary: 'What is above or below rows in their hierarchy',
    description: 'By parents where the registry has them, else by types.',
    query: { ...inputs.page, limit: { ...(inputs.limit as Shape & { type: 'integer' }), default: 100 } },
    body: inputs.relativesBody,
    answer: rows,
    act: (call) =>
      call.read((at) => {
        const { relatives, ...asked } = call.body as unknown as Listed & { relatives: Traversal };
        const options = { ...pageOf(call), ...optionsOf(call) };
        return listRelatives(at, tableOf(call, at.model), relatives, asked, options);
      }),
  },
  {
    ...{ method: 'post', path: `${ofModel}/fields/{field_path}`, id: 'get_values', tag: 'Records' },
    summary: 'The values of a field',
    description:
      'Each once, in their order. The search looks in the field itself unless `search_in` is given.',
    query: inputs.page,
    body: inputs.valuesBody,
    answer: { type: 'array', items: { type: 'any' } },
    act: (call) =>
      call.read((at) =>
        listValues(
          at,
          tableOf(call, at.model),
          call.params.field_path ?? '',
          call.body as Asked,
          pageOf(call),
        ),
      ),
  },
  {
    ...{ method: 'get', path: `${ofModel}/{id}/counts`, id: 'get_relation_counts', tag: 'Statistics' },
    summary: 'How many rows each relation of a row leads to',
    answer: { type: 'object', others: { type: 'integer' } },
    act: (call) =>
      call.read((at) => {
        const table = tableOf(call, at.model);
        return relationCounts(at.engine, at.model, table, idOf(at, table, call.params.id ?? ''));
      }),
  },
  {
    ...{ method: 'post', path: `${ofModel}/{id_or_uid}`, id: 'get_record', tag: 'Records' },
    summary: 'One row, by id or uid',
    description: 'The beginning of a uid will do where it is one row’s; of versions the latest is meant.',
    query: inputs.nested,
    body: inputs.oneBody,
    answer: row,
    act: (call) =>
      call.read((at) =>
        oneObject(
          at,
          tableOf(call, at.model),
          call.params.id_or_uid ?? '',
          (call.body as Listed).select,
          optionsOf(call),
        ),
      ),
  },
  {
    ...{ method: 'get', path: `${ofModel}/{id_or_uid}`, id: 'read_record', tag: 'Records', ours: true },
    summary: 'The same by its address',
    query: { select: inAddress.select as Shape, ...inputs.nested },
    answer: row,
    act: (call) =>
      call.read((at) =>
        oneObject(
          at,
          tableOf(call, at.model),
          call.params.id_or_uid ?? '',
          fromAddress(call).select,
          optionsOf(call),
        ),
      ),
  },
  {
    ...{ method: 'get', path: '/artifacts/by-path', id: 'get_artifact_by_path', tag: 'Artifacts' },
    summary: 'The artifact whose bytes lie at a path',
    description: 'The newest version of several. A key of the instance will do for a path.',
    query: {
      path: { type: 'string', description: 'root of a storage and what is below it', maxLength: 2_000 },
    },
    needed: ['path'],
    answer: {
      type: 'object',
      properties: { body: { type: 'object', properties: { artifact: row }, required: ['artifact'] } },
      required: ['body'],
    },
    act: (call) =>
      call.read((at) => ({
        body: {
          artifact: artifactByPath(at, call.query.path as string, { limitToMany: 0, foreignKeys: true }),
        },
      })),
  },
];
