// The OpenAPI document and its page: they say what the routes are, no more and no less.
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { strictHeaders, type Env } from '../../server/http/guard.ts';
import { docsRoutes } from '../../server/rest/docs.ts';
import { basePath, openApiOf } from '../../server/rest/openapi.ts';
import { restRoutes, routesOf } from '../../server/rest/rest.ts';
import type { RestDeps } from '../../server/rest/route.ts';
import { createModel, model } from '../../src/lib/engine/model/model.ts';
import { registry } from '../../src/lib/engine/model/declare.ts';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the document is looked into
type Doc = any;
const never = () => Promise.reject(new Error('nothing is asked here'));
const deps = {
  ...{ model, instance: 'instance0001', ground: null as never },
  ...{ read: never, write: never },
} satisfies RestDeps;
const document: Doc = openApiOf(routesOf(deps), model, '0.1.0');
const operations = Object.entries<Doc>(document.paths).flatMap(([path, by]) =>
  Object.entries<Doc>(by).map(([method, operation]) => ({ path, method, operation })),
);

describe('The OpenAPI document', () => {
  it('has the routes that Hono has, and Hono those that it has', () => {
    const routed = restRoutes(deps).routes.map(({ method, path }) => `${method} ${path}`);
    const told = operations.map(
      ({ path, method }) =>
        `${method.toUpperCase()} ${path.slice('/api/instances'.length).replace(/\{(\w+)\}/g, ':$1')}`,
    );
    expect([...new Set(routed)].sort()).toEqual(told.sort());
    expect(told.length).toBeGreaterThan(20);
  });

  it('is whole: references lead somewhere, parameters of paths are there, names are used once', () => {
    const follow = (value: Doc): void => {
      if (typeof value !== 'object' || value === null) return;
      if (typeof value.$ref === 'string') {
        const found = (value.$ref as string)
          .slice(2)
          .split('/')
          .reduce((at: Doc, part) => at?.[part], document);
        expect([value.$ref, typeof found]).toEqual([value.$ref, 'object']);
      }
      Object.values(value).forEach(follow);
    };
    follow(document);
    for (const { path, operation } of operations) {
      const named = operation.parameters.filter((one: Doc) => one.in === 'path').map((one: Doc) => one.name);
      expect(named).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      expect(operation.summary).toBeTruthy();
    }
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });

  it('[row 113] has LaminHub’s operations under its names', () => {
    // As in lamin-api-client-java: method, path, names of parameters and of the body's fields.
    const known: [string, string, string[], string[]][] = [
      ['get', '/schema', [], []],
      ['get', '/statistics', ['q'], []],
      ['get', '/non_empty_tables', [], []],
      [
        'post',
        '/modules/{module_name}/{model_name}',
        ['limit', 'offset', 'limit_to_many', 'include_foreign_keys'],
        ['select', 'filter', 'order_by', 'search', 'search_in', 'scope'],
      ],
      [
        'post',
        '/modules/{module_name}/{model_name}/{id_or_uid}',
        ['limit_to_many', 'include_foreign_keys'],
        ['select'],
      ],
      ['post', '/modules/{module_name}/{model_name}/group-by', [], ['dimensions', 'measures', 'filter']],
      [
        'post',
        '/modules/{module_name}/{model_name}/fields/{field_path}',
        ['limit', 'offset'],
        ['filter', 'order_by', 'search', 'search_in', 'scope'],
      ],
      [
        'post',
        '/modules/{module_name}/{model_name}/relatives',
        ['limit', 'offset'],
        ['relatives', 'select', 'filter'],
      ],
      ['get', '/modules/{module_name}/{model_name}/{id}/counts', [], []],
      ['get', '/artifacts/by-path', ['path'], []],
      ['put', '/modules/{module_name}/{model_name}', [], []],
      ['put', '/modules/{module_name}/{model_name}/upsert', ['conflict_columns'], []],
      ['patch', '/modules/{module_name}/{model_name}/batch-update', [], ['records', 'index_columns']],
      ['post', '/modules/{module_name}/{model_name}/batch-delete', [], ['records']],
      ['patch', '/modules/{module_name}/{model_name}/{uid}', [], []],
      ['delete', '/modules/{module_name}/{model_name}/{uid}', [], []],
      ['put', '/modules/{module_name}/{model_name}/{id}/{label_field}/{label_id}', [], []],
      ['delete', '/modules/{module_name}/{model_name}/{id}/{label_field}/{label_id}', [], []],
    ];
    for (const [method, path, query, body] of known) {
      const operation = document.paths[`${basePath}${path}`]?.[method];
      expect([path, operation?.['x-loam'] ?? false]).toEqual([path, false]);
      const named = operation.parameters.map((one: Doc) => one.name);
      for (const name of [...query, 'schema_id']) expect(named).toContain(name);
      const fields = operation.requestBody?.content['application/json'].schema.properties ?? {};
      for (const name of body) expect(Object.keys(fields)).toContain(name);
    }
  });

  it('describes every registry from the model, those of plug-ins too', () => {
    const artifact = document.components.schemas['core.Artifact'].properties;
    expect(artifact.key).toEqual({ type: ['string', 'null'], maxLength: 1024 });
    expect(artifact.created_at).toEqual({ type: 'string', format: 'date-time' });
    expect(document.components.schemas['core.ArtifactULabel'].properties).toHaveProperty('ulabel_id');
    const plugged = createModel([
      {
        name: 'lab',
        migrations: [],
        declarations: [registry('lab', 'Bench', { uid: 'c8!', name: 'c150*' }, { uidLength: 8 })],
      },
    ]);
    const more: Doc = openApiOf(routesOf(deps), plugged, '0.1.0');
    expect(more.components.schemas['lab.Bench'].properties.name).toEqual({ type: 'string', maxLength: 150 });
  });
});

describe('The page of the document', () => {
  const app = new Hono<Env>();
  app.use(strictHeaders('https://loam.example.org'));
  app.route('/api', docsRoutes({ ...deps, version: '0.1.0' }));
  const get = async (path: string) => {
    const answer = await app.request(`https://loam.example.org${path}`);
    return { answer, text: await answer.text() };
  };

  it('is served from our origin alone, and tells of every operation and registry', async () => {
    const { answer, text } = await get('/api/docs');
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(answer.headers.get('x-frame-options')).toBe('DENY');
    for (const { operation } of operations) expect(text).toContain(`id="${operation.operationId}"`);
    expect(text).toContain('core.Artifact');
    const asked = [...text.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, to]) => to ?? '');
    expect(asked.sort()).toEqual(['docs.css', 'docs.js', 'openapi.json']);
    // No handlers or styles in the page itself: its policy would refuse them.
    expect(text).not.toMatch(/<style|<script>| on[a-z]+=| style=/);
    for (const path of asked) expect((await get(`/api/${path}`)).answer.status).toBe(200);
  });

  it('the document itself', async () => {
    const { answer, text } = await get('/api/openapi.json');
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(JSON.parse(text)).toEqual(document);
  });
});
