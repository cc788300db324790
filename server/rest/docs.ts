// `/api/openapi.json` and `/api/docs`: the document and its page. Both say what the code says, so they are nobody's secret.
import { Hono } from 'hono';
import type { Env } from '../http/guard.ts';
import { docsPage, docsScript, docsStyle } from './docs-page.ts';
import { openApiOf } from './openapi.ts';
import { routesOf } from './rest.ts';
import type { RestDeps } from './route.ts';

const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** To be mounted at `/api`. */
export function docsRoutes(deps: Pick<RestDeps, 'model' | 'write'> & { version: string }): Hono<Env> {
  const document = openApiOf(routesOf(deps), deps.model, deps.version);
  const page = docsPage(document);
  const typed = (type: string) => ({
    'content-type': `${type}; charset=utf-8`,
    'content-security-policy': policy,
  });
  return new Hono<Env>()
    .get('/openapi.json', (c) => c.json(document))
    .get('/docs', (c) => c.body(page, 200, typed('text/html')))
    .get('/docs.css', (c) => c.body(docsStyle, 200, typed('text/css')))
    .get('/docs.js', (c) => c.body(docsScript, 200, typed('text/javascript')));
}
