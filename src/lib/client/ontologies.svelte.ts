// Public ontologies as screens use them: packs beside the app, imports that go on behind the screen, what is wrong with a
// file until somebody says that the rest is wanted.
/* eslint-disable svelte/prefer-svelte-reactivity -- replaced as a whole */
import type { ImportAsk, ImportedTerms, OntologyChoice } from '../workers/ontology-wire.ts';
import { asWireError, say, sayError, sayWithUndo } from './notices.svelte.ts';
import type { View } from '../workers/wire.ts';
import { listHref, registries } from './registries.svelte.ts';
import { session } from './session.svelte.ts';
import { emptyView, viewQuery } from './view-address.ts';
import { count } from './words.ts';

/** An ontology that is not sound, with all that an import of the rest needs. */
export interface Unsound {
  name: string;
  choice: OntologyChoice;
  ask: ImportAsk;
  findings: string[];
  total: number;
  message: string;
}

/** Imports by what they are of, each with its act: a screen shows how far its own are. */
let going = $state.raw<ReadonlyMap<string, string>>(new Map());
let unsound = $state.raw<Unsound | null>(null);

export const isOntologyFile = (name: string): boolean => /\.(obo|json|parquet)(\.gz)?$/i.test(name);

export const nameOf = (choice: OntologyChoice): string =>
  'pack' in choice ? choice.pack : 'url' in choice ? choice.url : choice.name;

/** Names an import: asked for twice it is done once. */
export const newAct = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );

function begin(name: string, act: string): void {
  going = new Map(going).set(name, act);
}
function end(name: string): void {
  const rest = new Map(going);
  rest.delete(name);
  going = rest;
}

/** The artifacts that carry a term, as a list; null where artifacts are not labelled with its registry. */
export function usesHref(registry: string, uid: string): string | null {
  const target = registry.includes('.') ? registry : `bionty.${registry}`;
  const relation = registries
    .byName('Artifact')
    ?.relations.find((one) => one.target === target && one.own && one.editable);
  if (!relation) return null;
  const test = { kind: 'test', field: `${relation.name}__uid`, op: 'exact', value: uid } as const;
  const view = { ...emptyView('Artifact'), filter: { kind: 'all', items: [test] } } satisfies View;
  return listHref('Artifact', viewQuery(view));
}

/** What an import did, in words. */
export function importWords({ added, kept, updated, registry }: ImportedTerms): string {
  const info = registries.byName(`bionty.${registry}`);
  const what = added === 1 ? (info?.title.toLowerCase() ?? 'row') : (info?.plural.toLowerCase() ?? 'rows');
  const parts = [`${count(added)} ${what} added`];
  if (updated > 0) parts.push(`${count(updated)} brought to the new version`);
  if (kept > 0) parts.push(`${count(kept)} were there`);
  return parts.join(', ');
}

export const ontologies = {
  /** The act of an import that is going on, by the name of what is imported. */
  actOf: (name: string): string | null => going.get(name) ?? null,
  get unsound() {
    return unsound;
  },
  dismiss(): void {
    unsound = null;
  },
  /** Settles when it is done; what goes wrong is told here. Answers whether it was done. */
  async bring(choice: OntologyChoice, ask: ImportAsk = {}): Promise<ImportedTerms | null> {
    const name = nameOf(choice);
    const act = newAct();
    begin(name, act);
    unsound = null;
    try {
      const done = await session.engine.importOntology(choice, { ...ask, act });
      if (done.added + done.updated > 0) sayWithUndo(importWords(done));
      else say(importWords(done));
      if (done.refusedCount > 0)
        say(`${count(done.refusedCount)} terms were left out`, done.refused.slice(0, 3).join(' '));
      return done;
    } catch (problem) {
      const { code, message, details } = asWireError(problem);
      const findings = details['findings'];
      if (code === 'ValidationError' && Array.isArray(findings))
        unsound = { name, choice, ask, findings, total: Number(details['total']), message };
      else if (code === 'Cancelled') say('Cancelled', 'Nothing was imported.');
      else sayError(problem, `Could not import ${name}`);
      return null;
    } finally {
      end(name);
    }
  },
};
