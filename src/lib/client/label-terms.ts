// Labels of artifacts beside ULabels: rows of all registries of terms that artifacts are linked to, and public terms that are no
// rows yet. Of several that are called the same none is taken by itself; a public term becomes a row when it is applied.
import type { FoundTerm } from '../workers/ontology-wire.ts';
import type { NamedRow, RegistryInfo } from '../workers/wire.ts';
import { newAct } from './ontologies.svelte.ts';
import { servedPacks } from './packs.ts';
import { registries } from './registries.svelte.ts';
import { session } from './session.svelte.ts';
import { plural } from './words.ts';

/** A row, or a public term of a pack. */
export interface LabelTerm {
  /** `bionty.CellType`. */
  registry: string;
  name: string;
  uid: string | null;
  pack: string | null;
  /** What names it outside: its ontology id. */
  id: string | null;
}

export interface FoundLabel extends LabelTerm {
  /** Id, synonym it was found by, organism, what replaces it, whether it is here. */
  about: string;
  obsolete: boolean;
  /** It is called exactly what was asked for, or that is a synonym of it. */
  same: boolean;
}

export interface FoundLabels {
  labels: NamedRow[];
  terms: FoundLabel[];
  /** Packs that are being read. */
  loading: boolean;
}

/** Larger ones (taxa, cell lines) would take seconds and hundreds of megabytes of whoever types a label. */
const mostRows = 100_000;
/** Of one registry. */
const most = 6;

/** Registries of terms that artifacts are labelled with. */
const labelRegistries = (): RegistryInfo[] =>
  (registries.byName('Artifact')?.relations ?? [])
    .filter(({ own, editable }) => own && editable)
    .flatMap(({ target }) => registries.byName(target) ?? [])
    .filter(({ fields }) => fields.some(({ target }) => target === 'bionty.Source'));

/** Packs of these registries and of organisms that are here. */
async function packsFor(names: ReadonlySet<string>): Promise<string[]> {
  const all = (await servedPacks()).filter(
    ({ entity, rows }) => entity && rows <= mostRows && names.has(entity),
  );
  if (all.length === 0) return [];
  const here = await session.engine.queryRows({ registry: 'bionty.Organism', filters: [] }, ['name']);
  const organisms = new Set(['all', ...here.slice(0, 5).map(([name]) => String(name))]);
  return all.filter(({ organism }) => organisms.has(organism)).map(({ pack }) => pack);
}

/** `exact`: only what is called so, with every pack read. */
export async function findLabels(text: string, exact = false): Promise<FoundLabels> {
  const infos = labelRegistries();
  const names = infos.map(({ name }) => name);
  const public_ = text === '' ? [] : await packsFor(new Set(names));
  const [labels, rows, found] = await Promise.all([
    session.engine.ulabels(text, 20),
    text === '' || names.length === 0 ? [] : session.engine.findObjects(text, most, names),
    public_.length === 0
      ? { terms: [], loading: [] }
      : session.engine.findTerms(text, { packs: public_, most: 40, exact, wait: exact }),
  ]);
  const same = (name: string | null) => name?.toLowerCase() === text.toLowerCase();
  const terms: FoundLabel[] = [];
  for (const { name: registry } of infos) {
    const short = registry.split('.').pop();
    const hits = found.terms.filter((term) => term.registry === short);
    const known = new Set(hits.flatMap(({ here }) => (here ? [here.uid] : [])));
    const own = (rows.find((one) => one.registry === registry)?.rows ?? []).filter(
      ({ key }) => !known.has(key),
    );
    const mine: FoundLabel[] = [
      ...own.map(({ key, name, about }) => ({
        ...{ registry, name, uid: key, pack: null, id: null, obsolete: false, same: same(name) },
        about: typeof about['ontology_id'] === 'string' ? about['ontology_id'] : '',
      })),
      ...hits.map((term) => ofPack(registry, term, same(term.name) || same(term.matched))),
    ];
    terms.push(...mine.sort((a, b) => Number(b.same) - Number(a.same)).slice(0, exact ? mine.length : most));
  }
  return {
    labels: exact ? labels.filter(({ name }) => name === text) : labels,
    terms: exact ? terms.filter((term) => term.same && !term.obsolete) : terms,
    loading: found.loading.length > 0,
  };
}

function ofPack(registry: string, term: FoundTerm, same: boolean): FoundLabel {
  const { pack, id, name, matched, organism, deprecated, replacedBy, here } = term;
  const words = [
    deprecated ? `obsolete${replacedBy ? `, use ${replacedBy.name ?? replacedBy.id}` : ''}` : '',
    matched !== null && matched !== id ? `“${matched}”` : '',
    organism === 'all' ? '' : organism,
    id,
    here ? (here.artifacts > 0 ? `in use: ${plural(here.artifacts, 'dataset')}` : '') : 'not here yet',
  ];
  return {
    registry,
    name: here?.name ?? name,
    uid: here?.uid ?? null,
    pack,
    id,
    about: words.filter((word) => word !== '').join(' · '),
    obsolete: deprecated,
    same,
  };
}

/** What a typed label is: an ULabel (also one that is made), the one term that is called so, or a question. */
export async function meantBy(text: string): Promise<'name' | LabelTerm | { ask: string }> {
  const { labels, terms } = await findLabels(text, true).catch(() => ({ labels: [], terms: [] }));
  const n = labels.length + terms.length;
  const [term] = terms;
  if (n > 1)
    return {
      ask: `${plural(n, 'thing')} are called “${text}”. Choose one below with the arrows or the pointer.`,
    };
  return term ?? 'name';
}

/** The uids of terms, those of public ones made rows with what is above them. */
export async function rowsOf(terms: readonly LabelTerm[]): Promise<{ registry: string; uid: string }[]> {
  const rows: { registry: string; uid: string }[] = [];
  for (const { registry, uid, pack, id, name } of terms) {
    if (uid !== null) {
      rows.push({ registry, uid });
      continue;
    }
    if (pack === null || id === null) continue;
    const known = (await session.engine.publicTerm(pack, id))?.here;
    if (!known)
      await session.engine.importOntology({ pack }, { ids: [id], registry, accept: true, act: newAct() });
    const here = known ?? (await session.engine.publicTerm(pack, id))?.here;
    if (!here) throw new Error(`${name} could not be added: a row of another name holds its id ${id}.`);
    rows.push({ registry, uid: here.uid });
  }
  return rows;
}
