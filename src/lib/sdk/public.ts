// `bt.CellType.public()` and `bt.CellType.importSource()`: public ontologies under bionty's names (2.5.2), over packs beside the
// app or in a folder. A look-up imports nothing; a name that several terms have is never picked for anybody.
import { LoamError } from '../engine/errors.ts';
import type {
  FoundTerm,
  ImportedTerms,
  OntologiesApi,
  OntologyChoice,
  PackState,
  PublicTerm,
} from '../workers/ontology-wire.ts';
import type { RegistryCore } from './registry.ts';
import { stateOf } from './state.ts';

export interface ImportSourceOptions {
  organism?: string;
  /** Rows of other versions of the source become those of this one. */
  updateRecords?: boolean;
  /** What is wrong with the ontology is known, and the rest is wanted. */
  accept?: boolean;
  /** Where a file does not say them. */
  source?: string;
  version?: string;
}

export interface PublicOntology {
  readonly source: string;
  readonly version: string;
  readonly organism: string;
  /** How many terms it has. */
  readonly count: number;
  /** Best first: by name, synonym, id. */
  search(text: string, options?: { limit?: number }): Promise<FoundTerm[]>;
  /** A term by its id, or by a name that it alone has; `MultipleObjectsReturned` where several have it. */
  get(idOrName: string): Promise<PublicTerm>;
  /** Whether each is the name of a term, or its id. */
  validate(values: readonly string[]): Promise<boolean[]>;
  /** Synonyms as the names they stand for; what is none, or stands for several, stays as it is. */
  standardize(values: readonly string[]): Promise<string[]>;
}

export type PublicSource = string | Blob | object;

/** release-116 comes after release-99. */
const byVersion = (a: PackState, b: PackState): number =>
  a.version.localeCompare(b.version, 'en', { numeric: true });
const lower = (text: string): string => text.toLowerCase();

export function publicMethods(core: RegistryCore, ontologies: OntologiesApi | undefined) {
  const registry = core.name.split('.').pop() ?? core.name;
  const port = (): OntologiesApi => {
    if (ontologies) return ontologies;
    throw new LoamError('NotSupportedError', 'Public ontologies are not within reach here.', { registry });
  };
  const perOrganism = core.has('organism');

  async function packs(organism: string | undefined): Promise<PackState[]> {
    const all = await port().ontologyPacks();
    const own = all.filter(({ entity }) => entity?.split('.').pop() === registry);
    if (perOrganism && organism === undefined)
      throw new LoamError(
        'OrganismNotSet',
        `\`organism\` is required to get the source of ${registry}! Pass { organism }, e.g. "human".`,
        { registry, field: 'organism' },
      );
    const fitting = own.filter((pack) => organism === undefined || [organism, 'all'].includes(pack.organism));
    if (fitting.length > 0) return fitting.sort((a, b) => a.rows - b.rows || byVersion(b, a));
    throw new LoamError(
      'DoesNotExist',
      `No pack holds ${registry} terms${organism === undefined ? '' : ` of ${organism}`}. ${
        own.length > 0
          ? `Organisms: ${own.map((pack) => pack.organism).join(', ')}.`
          : 'Build some with "npm run ontologies -- FILES", or pass a file or an address to importSource.'
      }`,
      { registry },
    );
  }

  /** The pack of a Source row, of a name, or the one that fits; of several versions the newest. */
  async function packOf(source: PublicSource | undefined, organism: string | undefined): Promise<PackState> {
    const row = typeof source === 'object' ? stateOf(source)?.stored : undefined;
    const wanted = organism ?? (typeof row?.['organism'] === 'string' ? row['organism'] : undefined);
    if (source === undefined) {
      const [first, ...more] = await packs(wanted);
      // A small pack for daily use may stand beside the whole of a large one.
      return [first, ...more].reduce((a, b) =>
        b && a && b.source === a.source && b.rows < 4 * a.rows && byVersion(b, a) > 0 ? b : a,
      ) as PackState;
    }
    const all = await port().ontologyPacks();
    const found = all.find((pack) =>
      typeof source === 'string'
        ? pack.pack === source
        : row !== undefined &&
          pack.entity === row['entity'] &&
          pack.source === row['name'] &&
          pack.version === row['version'] &&
          pack.organism === row['organism'],
    );
    if (found) return found;
    throw new LoamError(
      'DoesNotExist',
      `There is no pack of ${typeof source === 'string' ? `"${source}"` : `${String(row?.['name'])} ${String(row?.['version'])}`}.`,
      { registry },
    );
  }

  async function choiceOf(
    source: PublicSource | undefined,
    options: ImportSourceOptions,
  ): Promise<OntologyChoice> {
    if (source instanceof Blob) {
      const name = 'name' in source && typeof source.name === 'string' ? source.name : 'ontology';
      return { file: source as File, name };
    }
    if (typeof source === 'string' && /^(https?|s3):\/\//.test(source)) return { url: source };
    if (typeof source === 'string' && /[./\\]/.test(source))
      return { file: source as unknown as File, name: source };
    const row = typeof source === 'object' ? stateOf(source)?.stored : undefined;
    try {
      return { pack: (await packOf(source, options.organism)).pack };
    } catch (error) {
      // A Source that no pack holds lies at its own address.
      if (typeof row?.['url'] === 'string' && row['url'] !== '') return { url: row['url'] };
      throw error;
    }
  }

  return {
    /** bionty's `import_source`: all terms of a source as rows of this registry. */
    async importSource(source?: PublicSource, options: ImportSourceOptions = {}): Promise<ImportedTerms> {
      const choice = await choiceOf(source, options);
      const row =
        typeof source === 'object' && !(source instanceof Blob) ? stateOf(source)?.stored : undefined;
      const of = (name: string) => (typeof row?.[name] === 'string' ? { [name]: row[name] } : {});
      const given =
        'pack' in choice
          ? {}
          : { ...of('version'), ...of('organism'), ...(row ? { source: String(row['name']) } : {}) };
      const { organism, source: name, version, accept, updateRecords } = options;
      const act = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) =>
        byte.toString(16).padStart(2, '0'),
      ).join('');
      const done = await port().importOntology(choice, {
        ...{ registry, act },
        ...given,
        ...(organism === undefined ? {} : { organism }),
        ...(name === undefined ? {} : { source: name }),
        ...(version === undefined ? {} : { version }),
        ...(accept === true ? { accept } : {}),
        ...(updateRecords === true ? { upgrade: true } : {}),
      });
      core.tell(
        `${done.added.toLocaleString('en')} ${registry} rows added${done.updated > 0 ? `, ${done.updated.toLocaleString('en')} brought to ${done.source.version}` : ''}${done.kept > 0 ? `, ${done.kept.toLocaleString('en')} were there` : ''}.`,
      );
      for (const why of done.refused) core.tell(`Left out: ${why}`);
      return done;
    },
    /** The public source itself, looked into without importing. */
    async public(options: { organism?: string; source?: PublicSource } = {}): Promise<PublicOntology> {
      const { pack, source, version, organism, rows } = await packOf(options.source, options.organism);
      const find = async (text: string, more: object) =>
        (await port().findTerms(text, { packs: [pack], wait: true, ...more })).terms;
      /** Terms of exactly this name or id; where some have it as their name, synonyms do not count. */
      async function called(text: string): Promise<FoundTerm[]> {
        const found = await find(text, { exact: true, most: 20 });
        const named = found.filter(
          ({ name, id }) => lower(name) === lower(text) || lower(id) === lower(text),
        );
        return named.length > 0 ? named : found;
      }
      return {
        ...{ source, version, organism, count: rows },
        search: (text, { limit = 20 } = {}) => find(text, { most: limit }),
        async get(idOrName) {
          const found = await called(idOrName);
          const [only, ...more] = found;
          if (!only)
            throw new LoamError('DoesNotExist', `${source} ${version} has no term "${idOrName}".`, {
              registry,
            });
          if (more.length > 0)
            throw new LoamError(
              'MultipleObjectsReturned',
              `"${idOrName}" is the name of ${found.length} terms: ${found.map(({ id, name }) => `${id} ${name}`).join(', ')}. Take one by its id.`,
              { registry, value: idOrName },
            );
          return (await port().publicTerm(pack, only.id)) as PublicTerm;
        },
        validate: (values) =>
          Promise.all(
            values.map(async (value) =>
              (await called(value)).some(({ name, id }) => name === value || id === value),
            ),
          ),
        standardize: (values) =>
          Promise.all(
            values.map(async (value) => {
              const found = await called(value);
              return found.length === 1 ? (found[0]?.name ?? value) : value;
            }),
          ),
      };
    },
  };
}
