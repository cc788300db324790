// The OpenAPI 3.1 document, made of the list of routes and of the model: there is no second list to keep in step.
import type { Column, Model, Table } from '../../src/lib/engine/model/types.ts';
import { passedOver } from './inputs.ts';
import { className, isServed, modelName, moduleName } from './names.ts';
import type { Route } from './route.ts';
import { schemaOf, type Shape } from './shape.ts';

type Json = Record<string, unknown>;

export const basePath = '/api/instances/{instance_id}';

export function openApiOf(routes: readonly Route[], model: Model, version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes)
    (paths[`${basePath}${route.path}`] ??= {})[route.method] = operationOf(route, model);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Loam',
      version,
      summary: 'The registries of an instance, in the shape of LaminHub’s REST API',
      description: about,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }, { session: [], csrf: [] }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...ownSchemas, ...rowSchemas(model) },
      responses: Object.fromEntries(refusals.map(([, name, words]) => [name, refusal(words)])),
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: `loam_key_…`' },
        session: { type: 'apiKey', in: 'cookie', name: '__Host-loam', description: 'The session of a page' },
        csrf: {
          type: 'apiKey',
          in: 'header',
          name: 'x-loam-csrf',
          description: 'Beside the cookie, but for GET',
        },
      },
    },
  };
}

const about = [
  'Names, parameters and bodies are LaminHub’s, so that its clients work. What a filter means is LaminDB’s (on SQLite):',
  'rows of main unless a branch, an id, a uid or a hash is named; `contains` ignores case.',
  'Operations marked `x-loam` are not LaminHub’s.',
].join('\n');

/** Statuses that any route may answer with. */
const refusals: readonly (readonly [status: string, name: string, words: string])[] = [
  [
    '400',
    'NotUnderstood',
    'The request is not understood, or would take too long: what, which value, what to do',
  ],
  ['401', 'SignInNeeded', 'Nobody is signed in, or the key is not right'],
  ['403', 'NoAccess', 'No member of the instance, or not with the role that this takes'],
  ['404', 'DoesNotExist', 'There is no such module, model or row'],
  ['409', 'Conflict', 'Several rows fit, or the change goes against others'],
  ['429', 'TooManyTries', 'Too many requests at once; `Retry-After` says when to try again'],
];

const refusal = (description: string): Json => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
});

function operationOf(route: Route, model: Model): Json {
  const { id, tag, summary, description, ours, body, answer, writes } = route;
  const query = Object.entries({ ...route.query, ...passedOver }).map(([name, shape]) => ({
    ...{ name, in: 'query', required: route.needed?.includes(name) ?? false },
    ...described(shape),
    ...(shape.type === 'object'
      ? { content: { 'application/json': { schema: schemaOf(shape) } } }
      : { schema: schemaOf({ ...shape, nullable: false }) }),
  }));
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description ? { description } : {}),
    ...(ours ? { 'x-loam': true } : {}),
    ...(writes ? { 'x-role': 'write' } : {}),
    parameters: [...pathParameters(route, model), ...query],
    ...(body
      ? {
          requestBody: {
            required: isNeeded(body),
            content: { 'application/json': { schema: schemaOf(body) } },
          },
        }
      : {}),
    responses: {
      '200': { description: 'The answer', content: { 'application/json': { schema: schemaOf(answer) } } },
      ...Object.fromEntries(
        refusals.map(([status, name]) => [status, { $ref: `#/components/responses/${name}` }]),
      ),
    },
  };
}

const described = (shape: Shape): Json => (shape.description ? { description: shape.description } : {});
const isNeeded = (body: Shape): boolean => body.type !== 'object' || (body.required?.length ?? 0) > 0;

const parameters: Readonly<Record<string, string>> = {
  instance_id: 'uid of the instance, or the UUID that LaminDB makes it of',
  module_name: 'a module',
  model_name: 'a model, in small letters: a registry, a link or a block',
  id_or_uid: 'id, uid, or the beginning of a uid',
  uid: 'uid',
  id: 'id',
  field_path: 'a field, or a chain as in `run.transform.key`',
  label_field: 'a relation to many: `ulabels`',
  label_id: 'id of the label',
};

function pathParameters({ path }: Route, model: Model): Json[] {
  return [...`${basePath}${path}`.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    ...{ name, in: 'path', required: true, description: parameters[name] ?? name },
    schema: {
      ...{ type: 'string' },
      ...(name === 'module_name' ? { enum: [...new Set(served(model).map(moduleName))] } : {}),
      ...(name === 'model_name' ? { examples: ['artifact', 'ulabel', 'record', 'celltype'] } : {}),
    },
  }));
}

const served = (model: Model): Table[] => [...model.tables.values()].filter(isServed);

const field = { type: 'string' };
const ownSchemas: Json = {
  Error: {
    type: 'object',
    properties: {
      error: {
        type: 'object',
        properties: {
          code: { type: 'string', description: 'LaminDB’s name of the error where it has one' },
          message: { type: 'string', description: 'what, which value, what to do' },
          field: { type: 'string' },
        },
        required: ['code', 'message'],
      },
      detail: { type: 'string', description: 'the message again, where clients of LaminHub look for it' },
    },
    required: ['error', 'detail'],
  },
  Row: {
    description: 'The selected fields and relations of a row; its registry says which there are.',
    type: 'object',
    additionalProperties: true,
  },
  ModelFacts: {
    type: 'object',
    properties: {
      ...{ class_name: field, table_name: field, is_link_table: { type: 'boolean' } },
      is_auto_created: { type: 'boolean' },
      ...{ name_field: { type: ['string', 'null'] }, ontology_id_field: { type: ['string', 'null'] } },
      fields: {
        type: 'object',
        additionalProperties: {
          type: 'object',
          properties: {
            ...{ type: field, field_name: field, model_name: field, schema_name: field },
            ...{ column_name: { type: ['string', 'null'] }, relation_type: { type: ['string', 'null'] } },
            ...{ is_primary_key: { type: 'boolean' }, is_editable: { type: 'boolean' } },
          },
          additionalProperties: true,
        },
      },
    },
  },
};

/** One schema for each registry, by its module and class: `core.Artifact`. */
function rowSchemas(model: Model): Json {
  const schemas: Json = {};
  for (const table of served(model)) {
    const columns = table.columns.map((column) => [column.name, columnSchema(model, column)]);
    schemas[`${moduleName(table)}.${className(model, table)}`] = {
      type: 'object',
      description: `Columns of ${table.name}: \`…/modules/${moduleName(table)}/${modelName(table)}\``,
      properties: Object.fromEntries(columns) as Json,
    };
  }
  return schemas;
}

function columnSchema(model: Model, column: Column): Json {
  const typed = (type: string, more: Json = {}): Json => ({
    type: column.nullable ? [type, 'null'] : type,
    ...more,
  });
  if (column.references) {
    const target = model.tables.get(column.references.table);
    return typed('integer', target ? { description: `id of a ${className(model, target)}` } : {});
  }
  switch (column.type) {
    case 'bool':
      return typed('boolean');
    case 'json':
      return { description: 'JSON' };
    case 'datetime':
      return typed('string', { format: 'date-time' });
    case 'date':
      return typed('string', { format: 'date' });
    case 'varchar':
    case 'text':
      return typed('string', column.length === null ? {} : { maxLength: column.length });
    default:
      return typed('integer');
  }
}
