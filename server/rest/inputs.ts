// Parameters and bodies of the routes, under LaminHub's names and with its defaults (lamin-api-client-java, lamin-cli 1.21):
// checked by them, and described by them in the OpenAPI document.
import type { Shape } from './shape.ts';

/** LaminHub gives at most 200 rows of a list at once. */
export const mostRows = 1_000;

const text = (description: string, maxLength = 1_000): Shape => ({
  type: 'string',
  description,
  maxLength,
  nullable: true,
});
const texts = (description: string, maxItems = 200): Shape => ({
  ...{ type: 'array', description, maxItems, nullable: true },
  items: { type: 'string', maxLength: 1_000 },
});
const ids = (description: string): Shape => ({
  ...{ type: 'array', description, maxItems: 1_000, nullable: true },
  items: { type: 'integer' },
});

export const limit: Shape = {
  type: 'integer',
  description: 'rows at most',
  minimum: 0,
  maximum: mostRows,
  default: 50,
};
export const offset: Shape = {
  ...{
    type: 'integer',
    description: 'rows to leave out first',
    minimum: 0,
    maximum: 100_000_000,
    default: 0,
  },
};
export const limitToMany: Shape = {
  ...{
    type: 'integer',
    description: 'rows of each relation to many',
    minimum: 0,
    maximum: 100_000,
    default: 10,
  },
};
export const foreignKeys: Shape = {
  ...{ type: 'boolean', description: 'the keys of references too (`run_id`), where no fields are selected' },
  default: false,
};

export const select = texts(
  'fields and relations: `uid`, `run(transform(uid,key))`. Without one all fields of the row, none of its relations',
);
export const filter: Shape = {
  ...{
    type: 'object',
    description: 'conditions: `{"name": {"eq": "x"}}`, `and`, `or`, `not`, LaminDB’s look-ups',
  },
  ...{ nullable: true, others: { type: 'any' } },
};
export const search = text('a text to look for, in any case');
export const orderBy: Shape = {
  ...{ type: 'array', description: 'the order; by id without one', maxItems: 10, nullable: true },
  items: {
    type: 'object',
    properties: {
      field: { type: 'string', description: 'a field, or a chain as in `run.started_at`', maxLength: 300 },
      descending: { type: 'boolean', nullable: true, default: false },
    },
    required: ['field'],
  },
};
const scope: Shape = {
  ...{
    type: 'object',
    description: 'rows of these branches and spaces; of main without one',
    nullable: true,
  },
  properties: { branch_ids: ids('ids of branches'), space_ids: ids('ids of spaces') },
};

const rowsAsked = {
  filter,
  search,
  search_in: texts('fields to search in, `ulabels.name` too; all texts of the row otherwise', 20),
  order_by: orderBy,
  scope,
} as const;

export const listBody: Shape = { type: 'object', properties: { select, ...rowsAsked } };
export const oneBody: Shape = { type: 'object', properties: { select } };
export const valuesBody: Shape = { type: 'object', properties: rowsAsked };
export const countBody: Shape = {
  type: 'object',
  properties: { filter, search, search_in: rowsAsked.search_in, scope },
};

const figures = ['count', 'sum', 'min', 'max', 'mean'] as const;
const fieldName: Shape = {
  type: 'string',
  description: 'a field, or a chain as in `run.transform.key`',
  maxLength: 300,
};
export const groupBody: Shape = {
  type: 'object',
  properties: {
    dimensions: {
      ...{ type: 'array', description: 'what rows of a group have in common', maxItems: 10 },
      items: {
        type: 'object',
        properties: { field_name: fieldName, func: { type: 'string', enum: figures, nullable: true } },
        required: ['field_name'],
      },
    },
    measures: {
      ...{ type: 'array', description: 'figures over each group', maxItems: 10 },
      items: {
        type: 'object',
        properties: {
          field_name: fieldName,
          agg_func: { type: 'string', enum: figures },
          alias: text('its name in the answer; `<field>__<figure>` otherwise', 100),
        },
        required: ['field_name', 'agg_func'],
      },
    },
    filter,
    search,
    scope,
  },
  required: ['dimensions', 'measures'],
};

export const relativesBody: Shape = {
  type: 'object',
  properties: {
    relatives: {
      type: 'object',
      properties: {
        values: {
          ...{ type: 'array', description: 'the rows to begin with', maxItems: 1_000 },
          items: { type: 'either', of: [{ type: 'string', maxLength: 300 }, { type: 'number' }] },
        },
        kind: { type: 'string', enum: ['ancestors', 'descendants'] },
        field: text('the field that the values are of; `id` otherwise', 100),
        depth: { type: 'integer', description: 'steps at most', minimum: 1, maximum: 100, nullable: true },
      },
      required: ['values', 'kind'],
    },
    select,
    ...rowsAsked,
  },
  required: ['relatives'],
};

export const page = { limit, offset };
export const nested = { limit_to_many: limitToMany, include_foreign_keys: foreignKeys };
/** LaminHub's clients send them; here there is one schema, and spaces are asked for in `scope`. */
export const passedOver: Readonly<Record<string, Shape>> = {
  schema_id: text('not read', 60),
  space_id: text('not read', 60),
};
