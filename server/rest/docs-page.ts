// The readable page of the OpenAPI document: made on the server, whole without a script, and with one of ours to search it.
// Nothing of it comes from elsewhere; colours follow the reader's system.
type Json = Record<string, unknown>;

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** Text with `code` in backticks. */
const prose = (text: unknown): string =>
  escaped(String(text ?? '')).replace(/&#96;|`([^`]*)`/g, (_, code: string) => `<code>${code ?? ''}</code>`);

const methods = ['get', 'post', 'put', 'patch', 'delete'];

/** The page, as HTML. */
export function docsPage(document: Json): string {
  const info = document.info as Json;
  const operations = Object.entries(document.paths as Record<string, Record<string, Json>>).flatMap(
    ([path, by]) => methods.flatMap((method) => (by[method] ? [{ path, method, ...by[method] }] : [])),
  ) as ({ path: string; method: string } & Json)[];
  const tags = (document.tags as { name: string }[]).map(({ name }) => name);
  const schemas = Object.entries((document.components as { schemas: Record<string, Json> }).schemas);
  const sections = tags.map((tag) => {
    const own = operations.filter((one) => (one.tags as string[]).includes(tag));
    return `<section aria-labelledby="tag-${escaped(tag)}"><h2 id="tag-${escaped(tag)}">${escaped(tag)}</h2>${own.map(operationHtml).join('')}</section>`;
  });
  const registries = schemas
    .filter(([name]) => name.includes('.'))
    .map(([name, schema]) => registryHtml(name, schema));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>REST API of Loam</title>
<link rel="stylesheet" href="docs.css">
<script src="docs.js" defer></script>
</head>
<body>
<header>
<h1>REST API of Loam</h1>
<p>${prose(info.summary)}. ${prose(info.description)}</p>
<p>Send an API key: <code>Authorization: Bearer loam_key_…</code>. The document for programs: <a href="openapi.json">openapi.json</a>.</p>
<label class="search" for="search">Search <input id="search" type="search" autocomplete="off" placeholder="path, field, registry"></label>
<p id="found" role="status" aria-live="polite"></p>
</header>
<main>
${sections.join('\n')}
<section aria-labelledby="registries"><h2 id="registries">Registries</h2>${registries.join('')}</section>
</main>
</body>
</html>
`;
}

function operationHtml(one: { path: string; method: string } & Json): string {
  const parameters = (one.parameters as Json[]).filter((parameter) => parameter.description !== 'not read');
  const body = bodyOf(one.requestBody as Json | undefined);
  const ours = one['x-loam'] ? ' <span class="ours">not in LaminHub</span>' : '';
  const role = one['x-role'] ? ` <span class="ours">role ${escaped(String(one['x-role']))}</span>` : '';
  return `<details id="${escaped(String(one.operationId))}"><summary><b class="${one.method}">${one.method.toUpperCase()}</b> <code>${breakable(one.path)}</code> <span>${escaped(String(one.summary))}</span>${ours}${role}</summary>
${one.description ? `<p>${prose(one.description)}</p>` : ''}
<h3>Parameters</h3>${tableOf(parameters.map((p) => [p.name, `${String(p.in)}${p.required ? ', needed' : ''}`, typeOf(schemaOfParameter(p)), p.description]))}
${body.length > 0 ? `<h3>Body</h3>${tableOf(body)}` : ''}
</details>`;
}

const schemaOfParameter = (parameter: Json): Json =>
  ((parameter.schema ?? (parameter.content as Record<string, Json>)['application/json']?.schema) as Json) ??
  {};

function bodyOf(requestBody: Json | undefined): unknown[][] {
  const schema = (requestBody?.content as Record<string, { schema: Json }> | undefined)?.['application/json']
    ?.schema;
  return schema ? fieldsOf(schema, '') : [];
}

/** Fields of an object and of those in it, one line each. */
function fieldsOf(schema: Json, prefix: string): unknown[][] {
  const needed = (schema.required ?? []) as string[];
  return Object.entries((schema.properties ?? {}) as Record<string, Json>).flatMap(([name, own]) => {
    const inner = (own.items as Json | undefined) ?? own;
    const path = `${prefix}${name}`;
    const more = inner.properties ? fieldsOf(inner, `${path}${own.items ? '[]' : ''}.`) : [];
    return [[path, needed.includes(name) ? 'needed' : '', typeOf(own), own.description], ...more];
  });
}

function typeOf(schema: Json): string {
  if (typeof schema.$ref === 'string') return schema.$ref.split('/').pop() ?? '';
  if (Array.isArray(schema.enum)) return schema.enum.filter((one) => one !== null).join(' | ');
  const types = [schema.type ?? 'any'].flat().filter((type) => type !== 'null') as string[];
  const bounds =
    schema.minimum === undefined ? '' : ` ${String(schema.minimum)} to ${String(schema.maximum)}`;
  const otherwise = schema.default === undefined ? '' : `; ${String(schema.default)} otherwise`;
  const items = schema.items ? ` of ${typeOf(schema.items as Json)}` : '';
  return `${types.join(' or ')}${items}${bounds}${otherwise}`;
}

function registryHtml(name: string, schema: Json): string {
  const columns = Object.entries(schema.properties as Record<string, Json>);
  return `<details id="${escaped(name)}"><summary><code>${escaped(name)}</code> <span>${prose(schema.description)}</span></summary>${tableOf(columns.map(([column, own]) => [column, '', typeOf(own), own.description ?? (own.maxLength === undefined ? '' : `at most ${String(own.maxLength)} characters`)]))}</details>`;
}

function tableOf(rows: readonly unknown[][]): string {
  const cells = rows.map(
    ([name, needed, type, words]) =>
      `<tr><td><code>${escaped(String(name))}</code></td><td>${escaped(String(needed ?? ''))}</td><td>${escaped(String(type))}</td><td>${prose(words)}</td></tr>`,
  );
  return `<div class="wide"><table><tbody>${cells.join('')}</tbody></table></div>`;
}

/** A long path may be broken behind its strokes. */
const breakable = (path: string): string => escaped(path).replaceAll('/', '/<wbr>');

export const docsStyle = `:root {
  color-scheme: light dark;
  --ground: light-dark(#fff, #16181c);
  --text: light-dark(#1c1f24, #e6e8eb);
  --quiet: light-dark(#5a6270, #a0a8b5);
  --line: light-dark(#dfe2e7, #2e333b);
  --soft: light-dark(#f4f5f7, #1f2329);
  --accent: light-dark(#1f6f54, #6cc3a0);
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: .9rem; margin: 1rem 0 .25rem; color: var(--quiet); }
a { color: var(--accent); }
code { font: .92em ui-monospace, monospace; }
.search { display: block; font-weight: 600; position: sticky; top: 0; padding: .5rem 0; background: var(--ground); }
input { width: 100%; font: inherit; padding: .5rem .7rem; margin-top: .25rem; color: inherit; background: var(--soft); border: 1px solid var(--line); border-radius: 6px; }
input:focus-visible, summary:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: 0 .8rem; }
details[open] { padding-bottom: .8rem; }
summary { cursor: pointer; padding: .5rem 0; }
summary span { color: var(--quiet); }
summary b { display: inline-block; min-width: 4rem; color: var(--accent); font: 700 .85rem ui-monospace, monospace; }
.ours { border: 1px solid var(--line); border-radius: 999px; padding: 0 .5rem; font-size: .8rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
td { border-top: 1px solid var(--line); padding: .3rem .6rem .3rem 0; vertical-align: top; }
td:nth-child(2), td:nth-child(3) { color: var(--quiet); }
[hidden] { display: none; }
`;

export const docsScript = `// Hides what does not have all the words.
const input = document.getElementById('search');
const found = document.getElementById('found');
const entries = [...document.querySelectorAll('details')].map((element) => [element, element.textContent.toLowerCase()]);
input.addEventListener('input', () => {
  const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const [element, text] of entries) {
    element.hidden = !words.every((word) => text.includes(word));
    if (!element.hidden) shown += 1;
  }
  for (const section of document.querySelectorAll('section'))
    section.hidden = !section.querySelector('details:not([hidden])');
  found.textContent = words.length === 0 ? '' : shown === 1 ? '1 entry' : shown + ' entries';
});
const named = () => {
  const element = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (element && element.tagName === 'DETAILS') element.open = true;
};
addEventListener('hashchange', named);
named();
`;
