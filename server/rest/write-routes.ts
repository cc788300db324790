// The routes that write, in LaminHub's shape. A request is one turn: all of it holds, or nothing.
import type { Model, Table } from '../../src/lib/engine/model/types.ts';
import { tableNamed } from './names.ts';
import type { Row } from './objects.ts';
import { idOf, type At } from './read.ts';
import type { Call, Route } from './route.ts';
import { ofModel, row } from './routes.ts';
import type { Shape } from './shape.ts';
import {
  changeTie,
  createRows,
  deleteNamed,
  deleteRows,
  shownRows,
  updateRow,
  updateRows,
  upsertRows,
  type Name,
  type Values,
} from './write.ts';

const mostRows = 1_000;
const values: Shape = {
  type: 'object',
  description: 'values by the names of fields',
  others: { type: 'any' },
};
const rows: Shape = { type: 'array', items: values, maxItems: mostRows };
const oneOrMore: Shape = { type: 'either', description: 'a row, or a list of rows', of: [values, rows] };
const columns = (description: string): Shape => ({
  ...{ type: 'array', description, maxItems: 10 },
  items: { type: 'string', maxLength: 100 },
});
const answered: Shape = { type: 'array', items: row };

const tableOf = (call: Call, model: Model) =>
  tableNamed(model, call.params.module_name ?? '', call.params.model_name ?? '');
/** Writes, and answers with the rows as they are once the turn is through. */
async function written(call: Call, work: (at: At, table: Table) => Name[]): Promise<Row[]> {
  const names = await call.write((at) => work(at, tableOf(call, at.model)));
  return await call.read((at) => shownRows(at, tableOf(call, at.model), names));
}

const listOf = (body: unknown): Values[] => (Array.isArray(body) ? body : [body]) as Values[];
const param = (call: Call, name: string): string => call.params[name] ?? '';

/** Like LaminHub's parameters that come once for each value: `?conflict_columns=a&conflict_columns=b`. */
const conflictColumns = { conflict_columns: columns('fields by which a row that is there is found') };

export const writeRoutes: readonly Route[] = [
  {
    ...{ method: 'put', path: `${ofModel}/upsert`, id: 'upsert_records', tag: 'Records', writes: true },
    summary: 'Change the rows that are there, make the others',
    query: conflictColumns,
    needed: ['conflict_columns'],
    body: oneOrMore,
    answer: answered,
    act: (call) =>
      written(call, (at, table) =>
        upsertRows(at, table, call.query.conflict_columns as string[], listOf(call.body)),
      ),
  },
  {
    ...{
      method: 'patch',
      path: `${ofModel}/batch-update`,
      id: 'batch_update_records',
      tag: 'Records',
      writes: true,
    },
    summary: 'Change several rows',
    body: {
      type: 'object',
      properties: { records: rows, index_columns: columns('fields by which the rows are found') },
      required: ['records', 'index_columns'],
    },
    answer: answered,
    act: (call) =>
      written(call, (at, table) => {
        const { records, index_columns } = call.body as { records: Values[]; index_columns: string[] };
        return updateRows(at, table, index_columns, records);
      }),
  },
  {
    ...{
      method: 'post',
      path: `${ofModel}/batch-delete`,
      id: 'batch_delete_records',
      tag: 'Records',
      writes: true,
    },
    summary: 'Take several rows away',
    description: 'Into the trash where the registry has one, else for good. Links are untied.',
    body: { type: 'object', properties: { records: rows }, required: ['records'] },
    answer: {
      type: 'object',
      properties: { deleted_count: { type: 'integer' } },
      required: ['deleted_count'],
    },
    act: (call) =>
      call.write(async (at) => ({
        deleted_count: await deleteNamed(at, tableOf(call, at.model), call.body.records as Values[]),
      })),
  },
  {
    ...{ method: 'put', path: ofModel, id: 'create_records', tag: 'Records', writes: true },
    summary: 'Make rows',
    description:
      'A row of the same name or content is given back, as LaminDB gives it back. References are ids, uids or names.',
    body: oneOrMore,
    answer: answered,
    act: (call) => written(call, (at, table) => createRows(at, table, listOf(call.body))),
  },
  {
    ...{ method: 'patch', path: `${ofModel}/{uid}`, id: 'update_record', tag: 'Records', writes: true },
    summary: 'Change a row',
    body: values,
    answer: row,
    async act(call) {
      const change = (at: At, table: Table) => [updateRow(at, table, param(call, 'uid'), { ...call.body })];
      return (await written(call, change))[0];
    },
  },
  {
    ...{ method: 'delete', path: `${ofModel}/{uid}`, id: 'delete_record', tag: 'Records', writes: true },
    summary: 'Take a row away',
    description: 'Into the trash where the registry has one, else for good.',
    answer: {
      type: 'object',
      properties: { deleted_count: { type: 'integer' } },
      required: ['deleted_count'],
    },
    act: (call) =>
      call.write(async (at) => {
        const table = tableOf(call, at.model);
        await deleteRows(at, table, [idOf(at, table, param(call, 'uid'))]);
        return { deleted_count: 1 };
      }),
  },
  ...(['put', 'delete'] as const).map((method): Route => ({
    ...{ method, path: `${ofModel}/{id}/{label_field}/{label_id}`, tag: 'Labels', writes: true },
    id: method === 'put' ? 'attach_label' : 'detach_label',
    summary: method === 'put' ? 'Tie a row to another' : 'Take a tie away',
    answer: { type: 'object', properties: { changed: { type: 'boolean' } }, required: ['changed'] },
    act: (call) =>
      call.write((at) => {
        const change = method === 'put' ? 'add' : 'remove';
        const [id, relation, label] = ['id', 'label_field', 'label_id'].map((name) => param(call, name));
        changeTie(at, tableOf(call, at.model), id ?? '', relation ?? '', label ?? '', change);
        return { changed: true };
      }),
  })),
];
