// Ontologies as JSON: OBO graphs (what most ontologies publish as .json) and OWL as expanded or compacted JSON-LD.
// The same terms come out as of the OBO text; places are positions in the file's own lists.
import { collectFindings, type FindingsBuilder } from './findings.ts';
import { versionIn } from './obo.ts';
import { ownTerms, type TermRead } from './own-terms.ts';
import type { RawTerm, TermTable } from './term-table.ts';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : value === undefined || value === null ? [] : [value];
const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** `http://purl.obolibrary.org/obo/CL_0000084` is CL:0000084; what is shorter already stays. */
export function shortId(address: string): string {
  const last = address.split(/[/#]/).pop() ?? address;
  return /^[A-Za-z][\w.]*_[^_]+$/.test(last) ? last.replace(/_(?=[^_]+$)/, ':') : last;
}

const empty = (): RawTerm => ({
  id: null,
  name: null,
  synonyms: [],
  description: null,
  parents: [],
  deprecated: false,
  replacedBy: null,
});
const isPartOf = (address: string): boolean => /(BFO_0000050|#part_of|^part_of|BFO:0000050)$/.test(address);
const isReplacedBy = (address: string): boolean => /(IAO_0100001|IAO:0100001|replaced_by)$/.test(address);

/** Which of the two it is; throws a sentence for anything else. */
export function readJson(value: unknown, read: TermRead): TermTable {
  if (isObject(value) && Array.isArray(value['graphs'])) return readGraphs(value['graphs'], read);
  const nodes = Array.isArray(value) ? value : isObject(value) ? value['@graph'] : null;
  if (Array.isArray(nodes)) return readOwl(nodes as unknown[], read);
  throw new Error('it is neither an OBO graph ("graphs") nor OWL as JSON-LD ("@graph")');
}

/* ---------- OBO graphs ---------- */

function readGraphs(graphs: readonly unknown[], read: TermRead): TermTable {
  const findings = collectFindings();
  const found: { term: RawTerm; place: number }[] = [];
  const byId = new Map<string, RawTerm>();
  let facts: { version: string | null; source: string | null } = { version: null, source: null };
  let place = 0;
  for (const [g, graph] of graphs.entries()) {
    if (!isObject(graph)) {
      broken(findings, `graphs[${g}]`, 'It is no graph of nodes and edges.');
      continue;
    }
    const meta = isObject(graph['meta']) ? graph['meta'] : {};
    if (g === 0) facts = { version: versionIn(textOf(meta['version'])), source: textOf(graph['id']) };
    for (const node of listOf(graph['nodes'])) {
      place += 1;
      if (!isObject(node) || textOf(node['id']) === null) {
        broken(findings, `nodes[${place - 1}]`, 'The node has no id.');
        continue;
      }
      if (node['type'] !== undefined && node['type'] !== 'CLASS') continue;
      const term = fromNode(node);
      found.push({ term, place });
      if (!byId.has(term.id ?? '')) byId.set(term.id ?? '', term);
    }
    for (const [e, edge] of listOf(graph['edges']).entries()) {
      const [sub, pred, obj] = isObject(edge) ? [edge['sub'], edge['pred'], edge['obj']] : [];
      if (typeof sub !== 'string' || typeof pred !== 'string' || typeof obj !== 'string') {
        broken(findings, `edges[${e}]`, 'The edge does not name its two ends and what is between them.');
        continue;
      }
      if (pred !== 'is_a' && !(read.partOf && isPartOf(pred))) continue;
      byId.get(shortId(sub))?.parents.push(shortId(obj));
    }
  }
  return ownTerms(found, findings, read, { places: (at) => `nodes[${at - 1}]`, ...facts });
}

function fromNode(node: Json): RawTerm {
  const meta = isObject(node['meta']) ? node['meta'] : {};
  const term = empty();
  term.id = shortId(String(node['id']));
  term.name = textOf(node['lbl']);
  const definition = isObject(meta['definition']) ? textOf(meta['definition']['val']) : null;
  term.description = definition;
  for (const synonym of listOf(meta['synonyms']))
    if (isObject(synonym) && synonym['pred'] === 'hasExactSynonym') {
      const text = textOf(synonym['val']);
      if (text !== null) term.synonyms.push(text.replaceAll('|', '/'));
    }
  term.deprecated = meta['deprecated'] === true;
  for (const property of listOf(meta['basicPropertyValues']))
    if (isObject(property) && isReplacedBy(String(property['pred']))) {
      const text = textOf(property['val']);
      if (text !== null) term.replacedBy ??= shortId(text);
    }
  return term;
}

/* ---------- OWL as JSON-LD ---------- */

const names: Readonly<Record<string, RegExp>> = {
  label: /(rdf-schema#label|^rdfs:label|^label)$/,
  parents: /(rdf-schema#subClassOf|^rdfs:subClassOf|^subClassOf)$/,
  synonyms: /(#hasExactSynonym|:hasExactSynonym|^hasExactSynonym)$/,
  definition: /IAO[_:]0000115$/,
  deprecated: /(owl#deprecated|^owl:deprecated|^deprecated)$/,
  replaced: /IAO[_:]0100001$/,
  version: /(owl#versionInfo|owl#versionIRI|^owl:versionI(nfo|RI))$/,
  property: /(owl#onProperty|^owl:onProperty)$/,
  filler: /(owl#someValuesFrom|^owl:someValuesFrom)$/,
};

/** Values of the properties that a pattern names. */
const valuesOf = (node: Json, name: string): unknown[] =>
  Object.entries(node).flatMap(([property, value]) => (names[name]?.test(property) ? listOf(value) : []));
const wordOf = (value: unknown): string | null =>
  isObject(value) ? textOf(value['@value'] ?? value['@id']) : textOf(value);
const isTrue = (value: unknown): boolean =>
  value === true || value === 'true' || (isObject(value) && isTrue(value['@value']));

function readOwl(nodes: readonly unknown[], read: TermRead): TermTable {
  const findings = collectFindings();
  const found: { term: RawTerm; place: number }[] = [];
  const byId = new Map<string, Json>();
  for (const node of nodes)
    if (isObject(node) && typeof node['@id'] === 'string') byId.set(node['@id'], node);
  let facts: { version: string | null; source: string | null } = { version: null, source: null };

  /** A parent class, or what a restriction says it is a part of. */
  function parentOf(value: unknown): string | null {
    const node = isObject(value) ? value : { '@id': value };
    const id = textOf(node['@id']);
    const inner = id !== null && id.startsWith('_:') ? byId.get(id) : id === null ? node : undefined;
    if (!inner) return id === null || id.startsWith('_:') ? null : shortId(id);
    const property = valuesOf(inner, 'property').map(wordOf)[0] ?? null;
    const filler = valuesOf(inner, 'filler').map(wordOf)[0] ?? null;
    const taken = read.partOf && property !== null && isPartOf(property) && filler !== null;
    return taken && !filler.startsWith('_:') ? shortId(filler) : null;
  }

  for (const [at, node] of nodes.entries()) {
    if (!isObject(node)) {
      broken(findings, `@graph[${at}]`, 'It is no node.');
      continue;
    }
    const types = listOf(node['@type']).map(String);
    const id = textOf(node['@id']);
    if (types.some((type) => /(owl#|owl:)Ontology$/.test(type)))
      facts = { version: versionIn(valuesOf(node, 'version').map(wordOf)[0] ?? null), source: id };
    if (!types.some((type) => /(owl#|owl:)Class$/.test(type))) continue;
    if (id === null) {
      broken(findings, `@graph[${at}]`, 'The class has no @id.');
      continue;
    }
    if (id.startsWith('_:')) continue;
    const term = empty();
    term.id = shortId(id);
    term.name = valuesOf(node, 'label').map(wordOf)[0] ?? null;
    term.description = valuesOf(node, 'definition').map(wordOf)[0] ?? null;
    for (const synonym of valuesOf(node, 'synonyms')) {
      const text = wordOf(synonym);
      if (text !== null) term.synonyms.push(text.replaceAll('|', '/'));
    }
    term.deprecated = valuesOf(node, 'deprecated').some(isTrue);
    const replaced = valuesOf(node, 'replaced').map(wordOf)[0] ?? null;
    term.replacedBy = replaced === null ? null : shortId(replaced);
    for (const value of valuesOf(node, 'parents')) {
      const parent = parentOf(value);
      if (parent !== null && parent !== 'owl:Thing' && parent !== 'Thing') term.parents.push(parent);
    }
    found.push({ term, place: at });
  }
  return ownTerms(found, findings, read, { places: (at) => `@graph[${at}]`, ...facts });
}

const broken = (findings: FindingsBuilder, place: string, message: string): void =>
  findings.add({ kind: 'broken stanza', place, term: null, message });
