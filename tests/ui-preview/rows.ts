// Development only: the made-up registries that engine.ts beside it serves.
import type {
  ArtifactDetail,
  ArtifactListSpec,
  ArtifactRow,
  FeatureRow,
  NamedRow,
} from '../../src/lib/workers/wire.ts';

export const mode = localStorage.getItem('preview.mode') ?? 'full';
let seed = 7;
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
export const uid = (n: number) =>
  Array.from({ length: n }, () => pick([...'ABCDEFGHabcdefghkmnpqrstuvwxyz23456789'])).join('');
export const iso = (minutesAgo: number) => new Date(Date.now() - minutesAgo * 60_000).toISOString();

export const ulabels: NamedRow[] = ['T cell', 'stim 24 h', 'PBMC', 'lung', 'IPF', 'DMSO', 'JQ1'].map(
  (name) => ({
    uid: uid(8),
    name,
    count: 0,
  }),
);
export const projects: NamedRow[] = ['CRISPRa T cells', 'Atlas 2026'].map((name) => ({
  uid: uid(12),
  name,
  count: 0,
}));
export const features: FeatureRow[] = [
  ['donor', 'cat[ULabel]'],
  ['stimulation', 'str'],
  ['gc_content', 'float'],
  ['n_genes', 'int'],
  ['validated', 'bool'],
  ['sampled_on', 'date'],
].map(([name, dtype]) => ({ uid: uid(12), name: name!, dtype: dtype!, description: null, count: 3 }));

export interface Stored extends ArtifactRow {
  projects: NamedRow[];
  values: Map<string, unknown>;
  trashed: boolean;
  note: ArtifactDetail['note'];
  file: File | null;
}
export const artifacts: Stored[] = [];

const KINDS: [string, string | null, string][] = [
  ['.h5ad', 'AnnData', 'screens/crispra/donor_'],
  ['.h5ad', 'AnnData', 'atlas/blood/donor_'],
  ['.zarr', 'SpatialData', 'atlas/lung/biopsy_'],
  ['.parquet', 'DataFrame', 'tables/plate_'],
  ['.csv', 'DataFrame', 'perturb/plate_'],
  ['.png', null, 'figures/umap_'],
  ['.fasta', null, 'references/guides_'],
  ['.pdf', null, 'papers/protocol_'],
  ['.md', null, 'notes/readme_'],
];
export function make(i: number, key?: string, file?: File): Stored {
  const [suffix, otype, prefix] = KINDS[i % KINDS.length]!;
  const cells = otype ? Math.round(random() * 40_000) : null;
  const version = i % 7 === 2 ? 3 : 1;
  const at = iso(key ? 0 : 4 + i * i * 3);
  const ext = key ? (/\.[^./]+$/.exec(key)?.[0] ?? '') : suffix;
  return {
    id: i,
    uid: uid(16) + '0000',
    key: key ?? `${prefix}${i}${suffix}`,
    description: null,
    suffix: ext,
    kind: otype ? 'dataset' : null,
    otype: key ? null : otype,
    size: file?.size ?? Math.round(10 ** (3 + random() * 6.2)),
    hash: uid(22),
    nFiles: suffix === '.zarr' ? 214 : null,
    nObservations: key ? null : cells,
    version,
    versions: version,
    isLatest: true,
    createdAt: at,
    updatedAt: at,
    createdBy: 'you',
    run:
      i % 3 === 0 && !key
        ? { uid: uid(16), transform: pick(['qc-filter.ts', 'integrate.ipynb', 'nf-core/spatial']) }
        : null,
    labels:
      i % 4 === 3 || key
        ? []
        : [ulabels[i % 7]!, ...(i % 2 && i % 7 !== 1 ? [ulabels[1]!] : [])].map(({ uid, name }) => ({
            registry: 'ulabel',
            uid,
            name,
            feature: null,
          })),
    onlyHere: true,
    projects: i % 3 && !key ? [pick(projects)] : [],
    values: new Map<string, unknown>(
      i % 2 && !key
        ? [
            ['donor', 'Donor 2'],
            ['gc_content', 0.55],
            ['validated', true],
          ]
        : [],
    ),
    trashed: false,
    note:
      i % 5 === 0 && !key
        ? {
            uid: uid(16),
            content:
              '# QC\nCells with **more than 10 %** mitochondrial reads were removed.\n\n- donor 2 twice',
            updatedAt: at,
            by: 'you',
          }
        : null,
    file: file ?? null,
  };
}
if (mode !== 'empty') for (let i = 0; i < 1284; i++) artifacts.push(make(i));
export function valuesOf(row: Stored, facet: string): (string | null)[] {
  if (facet === 'suffix') return [row.suffix];
  if (facet === 'otype') return [row.otype];
  if (facet === 'ulabel') return row.labels.length ? row.labels.map(({ name }) => name) : [null];
  if (facet === 'project') return row.projects.length ? row.projects.map(({ name }) => name) : [null];
  return [row.createdBy];
}
export function filtered(spec: ArtifactListSpec, except?: string): Stored[] {
  return artifacts.filter(
    (row) =>
      row.trashed === (spec.trash ?? false) &&
      (!spec.search || (row.key ?? '').toLowerCase().includes(spec.search.toLowerCase())) &&
      Object.entries(spec.facets ?? {}).every(
        ([id, wanted]) => id === except || valuesOf(row, id).some((value) => wanted.includes(value)),
      ),
  );
}
