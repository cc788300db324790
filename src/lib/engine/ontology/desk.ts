// What people do with public sources: see which packs there are, look terms up without importing them, take some or all of
// them into a registry. The same in the browser and in Node, over a library of packs (library.ts).
import type { Engine } from '../index.ts';
import { LoamError, isLoamError } from '../errors.ts';
import type { JobProgress } from '../jobs.ts';
import type { Known } from './known-terms.ts';
import type {
  OpenPack,
  PackChoice,
  PackEntry,
  PackFactsGiven,
  PackLibrary,
  PackTermDetail,
  PackTermHit,
} from './library.ts';
import type { ImportedTerms, SourceName } from './types.ts';

export interface PackState extends PackEntry {
  /** All its terms are in the registry. */
  here: boolean;
  /** Another version of the same source that is. */
  other: string | null;
}

export interface FindTerms {
  /** `CellType`; all registries otherwise. */
  registry?: string;
  organism?: string;
  packs?: readonly string[];
  most?: number;
  /** Only what is called exactly so. */
  exact?: boolean;
  /** Waits for packs that are not read yet. */
  wait?: boolean;
}

export interface FoundTerm extends PackTermHit {
  registry: string | null;
  source: string;
  version: string;
  organism: string;
  /** The row that it is already, and how many artifacts are labelled with it. */
  here: Known | null;
}

export interface FoundTerms {
  terms: FoundTerm[];
  loading: string[];
  problems: string[];
}

export interface ImportAsk extends PackFactsGiven {
  /** What is wrong with the ontology is known, and the rest is wanted. */
  accept?: boolean;
  /** Only these terms with all above them. */
  ids?: readonly string[];
  /** Rows of other versions of the source become those of this one. */
  upgrade?: boolean;
  /** With `upgrade`: also names of terms that artifacts are labelled with. */
  renameUsed?: boolean;
  act?: string;
}

export interface DeskDeps {
  engine: Pick<
    Engine,
    'importTerms' | 'knownTerms' | 'sourceStates' | 'cancelJob' | 'jobs' | 'upgradeTerms' | 'compareTerms'
  >;
  library: PackLibrary;
  onJob: (job: JobProgress) => void;
  newUid: () => string;
}

const className = (entity: string | null): string | null => entity?.split('.').pop() ?? null;

/** By numbers as people read them: release-116 comes after release-99. */
export const isNewer = (one: string, other: string): boolean =>
  one.localeCompare(other, 'en', { numeric: true }) > 0;

/** Of several versions of one source the newest is looked into. */
export function newestOf(packs: readonly PackEntry[]): PackEntry[] {
  const found = new Map<string, PackEntry>();
  for (const pack of packs) {
    const key = `${pack.entity ?? ''} ${pack.source} ${pack.organism} ${pack.rows > 400_000 ? 'large' : ''}`;
    const before = found.get(key);
    if (!before || isNewer(pack.version, before.version)) found.set(key, pack);
  }
  return [...found.values()];
}

export function createDesk({ engine, library, onJob, newUid }: DeskDeps) {
  /** Packs on their way in, before the engine has them. */
  const reading = new Map<string, { progress: JobProgress; aborted: boolean }>();

  async function packOf(name: string): Promise<PackEntry> {
    const packs = await library.list();
    const found = packs.find(({ pack }) => pack === name);
    if (found) return found;
    throw new LoamError(
      'DoesNotExist',
      packs.length === 0
        ? `There is no pack "${name}": no packs are served beside this app. Build some with "npm run ontologies -- FILES", or import a file.`
        : `There is no pack "${name}". Packs: ${packs.map(({ pack }) => pack).join(', ')}.`,
      { pack: name },
    );
  }

  /** Packs of a registry and organism, the newest of each source. */
  async function packsFor({ registry, organism, packs: named }: FindTerms): Promise<PackEntry[]> {
    const all = await library.list();
    if (named) return Promise.all(named.map(packOf));
    const wanted = className(registry ?? null);
    return newestOf(
      all.filter(
        (pack) =>
          (wanted === null || className(pack.entity) === wanted) &&
          (organism === undefined || pack.organism === organism || pack.organism === 'all'),
      ),
    );
  }

  async function findTerms(text: string, options: FindTerms = {}): Promise<FoundTerms> {
    const packs = await packsFor(options);
    const byName = new Map(packs.map((pack) => [pack.pack, pack]));
    const { hits, loading, problems } = await library.find(text, [...byName.keys()], {
      most: Math.min(100, options.most ?? 20),
      exact: options.exact === true,
      wait: options.wait === true,
    });
    const known = new Map<string, Known>();
    for (const registry of new Set(packs.map(({ entity }) => entity))) {
      if (registry === null) continue;
      const ids = hits.filter(({ pack }) => byName.get(pack)?.entity === registry).map(({ id }) => id);
      if (ids.length > 0)
        for (const [id, row] of engine.knownTerms(registry, ids)) known.set(`${registry} ${id}`, row);
    }
    const terms = hits.map((hit): FoundTerm => {
      const { entity, source, version, organism } = byName.get(hit.pack) as PackEntry;
      const here = known.get(`${entity} ${hit.id}`) ?? null;
      return { ...hit, registry: className(entity), source, version, organism, here };
    });
    return { terms, loading, problems };
  }

  /** Opens what is to be imported, as a job that can be cancelled, and refuses what is wrong with it unless that is known. */
  async function opened(
    choice: PackChoice,
    ask: ImportAsk,
    act: string,
  ): Promise<{ pack: OpenPack; registry: string; source: SourceName }> {
    const entry = 'pack' in choice ? await packOf(choice.pack) : null;
    const name = 'pack' in choice ? choice.pack : 'url' in choice ? choice.url : choice.name;
    const progress: JobProgress = { act, title: `Read ${name}`, done: 0, total: 1, state: 'running' };
    const job = { progress, aborted: false };
    reading.set(act, job);
    onJob({ ...progress });
    let failure: unknown = null;
    try {
      const given = {
        ...(entry?.entity ? { registry: entry.entity } : {}),
        ...Object.fromEntries(
          Object.entries(ask).filter(([key]) => ['registry', 'source', 'version', 'organism'].includes(key)),
        ),
      };
      const pack = await library.open(choice, given, job);
      try {
        return { pack, ...checked(pack, ask, name) };
      } catch (error) {
        pack.close();
        throw error;
      }
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      reading.delete(act);
      const state = failure === null ? 'done' : isLoamError(failure, 'Cancelled') ? 'cancelled' : 'failed';
      onJob({ ...progress, done: failure === null ? 1 : 0, state });
    }
  }

  function checked(pack: OpenPack, ask: ImportAsk, name: string): { registry: string; source: SourceName } {
    const { facts, findings } = pack;
    const registry = className(ask.registry ?? facts.entity);
    if (registry === null)
      throw new LoamError(
        'ValueError',
        `${name} does not say which registry its terms are for. Name it: CellType, Tissue, Disease …`,
        { field: 'registry' },
      );
    if (findings.total > 0 && !ask.accept)
      throw new LoamError(
        'ValidationError',
        `${name} is not sound: ${findings.words}. Nothing was saved. The first: ${findings.list[0]?.place ?? ''}, ${findings.list[0]?.message ?? ''} It can be imported without what is wrong with it, once you say so.`,
        {
          ontology: name,
          findings: findings.list.map(({ place, kind, message }) => `${place}: ${message} (${kind})`),
          total: findings.total,
        },
      );
    const source = {
      name: ask.source ?? facts.source ?? '',
      version: ask.version ?? facts.version ?? '',
      organism: ask.organism ?? facts.organism ?? 'all',
    };
    return { registry, source };
  }

  return {
    async ontologyPacks(): Promise<PackState[]> {
      const packs = await library.list();
      const states = engine.sourceStates();
      return packs.map((pack) => {
        const same = states.filter(
          (s) => s.entity === pack.entity && s.name === pack.source && s.organism === pack.organism && s.inDb,
        );
        return {
          ...pack,
          here: same.some(({ version }) => version === pack.version),
          other: same.find(({ version }) => version !== pack.version)?.version ?? null,
        };
      });
    },
    findTerms,
    /** A term of a pack with its synonyms, its place in the tree and what it is here. */
    async publicTerm(
      pack: string,
      id: string,
    ): Promise<
      | (PackTermDetail & {
          registry: string | null;
          organism: string;
          source: string;
          version: string;
          here: Known | null;
        })
      | null
    > {
      const { entity, organism, source, version } = await packOf(pack);
      const found = await library.term(pack, id);
      if (!found) return null;
      const here = entity === null ? null : (engine.knownTerms(entity, [id]).get(id) ?? null);
      return { ...found, registry: className(entity), organism, source, version, here };
    },
    async publicRoots(pack: string): Promise<{ terms: { id: string; name: string }[]; count: number }> {
      await packOf(pack);
      return library.roots(pack, 100);
    },
    /** All terms of a source, or some with what is above them (`import_source`, `from_source` of bionty). */
    async importOntology(choice: PackChoice, ask: ImportAsk = {}): Promise<ImportedTerms> {
      const act = ask.act ?? newUid();
      const { pack, registry, source } = await opened(choice, ask, act);
      try {
        const feed = await pack.feed({ registry, organism: source.organism, ids: ask.ids ?? null });
        const spec = { registry, source, key: pack.key, whole: ask.ids === undefined, act };
        return await (ask.upgrade
          ? engine.upgradeTerms({ ...spec, renameUsed: ask.renameUsed === true }, feed)
          : engine.importTerms(spec, feed));
      } finally {
        pack.close();
      }
    },
    /** What taking a version would change. */
    async compareOntology(choice: PackChoice, ask: ImportAsk = {}) {
      const { pack, registry, source } = await opened(choice, { ...ask, accept: true }, ask.act ?? newUid());
      try {
        const feed = await pack.feed({ registry, organism: source.organism, ids: null });
        return await engine.compareTerms({ registry, source, key: pack.key }, feed);
      } finally {
        pack.close();
      }
    },
    /** What is being read, for a tab that has just opened. */
    readingJobs: (): JobProgress[] => [...reading.values()].map(({ progress }) => ({ ...progress })),
    /** True where the act was still being read. */
    cancelReading(act: string): boolean {
      const job = reading.get(act);
      if (job) job.aborted = true;
      return job !== undefined;
    },
  };
}

export type OntologyDesk = ReturnType<typeof createDesk>;
