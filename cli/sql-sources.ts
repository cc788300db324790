// What the sources of a statement are on this computer: artifacts as files of the file system. Those that lie at an address or
// in a bucket are brought first.
import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { readView } from '../src/lib/client/view-address.ts';
import { LoamError } from '../src/lib/engine/errors.ts';
import type { View } from '../src/lib/engine/view/view.ts';
import type { AskedSource } from '../src/lib/engine/registry/query-sources.ts';
import type { Whereabouts } from '../src/lib/engine/registry/whereabouts.ts';
import { formatOf, mayHoldTables, suffixOf } from '../src/lib/statements/formats.ts';
import { arrowSource, noTable, tableSource, type FoundArtifact } from '../src/lib/statements/found.ts';
import type { SourceUse, StatementSource } from '../src/lib/statements/types.ts';
import { artifactFile } from './artifact-files.ts';
import type { InnerTables } from './inner-tables.ts';
import type { Instance } from './instance.ts';

/** A file is its path. */
export type LocalSource = StatementSource<string>;

export interface LocalSources {
  /** For each use its artifacts, each once. */
  sources: LocalSource[][];
  /** Artifacts of views that are no tables, and so no part of this. */
  others: number;
}

/** An artifact's files, and the file or folder that it is. */
export type LocalArtifact = FoundArtifact<string> & { at: string };

/** `inner` reads tables inside files. Throws `DoesNotExist`, `BytesElsewhere` and what the engine says of names. */
export async function localSources(
  instance: Pick<Instance, 'engine' | 'storage' | 'remote'>,
  uses: readonly SourceUse[],
  inner: InnerTables,
): Promise<LocalSources> {
  const found = uses.length > 0 ? await instance.engine.querySources(uses.map(asksFor)) : [];
  let others = 0;
  const sources: LocalSource[][] = [];
  for (const [i, places] of found.entries()) {
    const view = uses[i]?.of === 'artifacts';
    const ask = uses[i]?.table ?? null;
    const wanted = view ? places.filter(ask ? mayHoldSome : mayBeTable) : places;
    others += places.length - wanted.length;
    const all = new Map<string, LocalSource>();
    for (const place of wanted) {
      const one = localArtifact(place, await artifactFile(instance, place));
      const source = ask ? await inner.table(one, ask, view) : await sourceOf(one, view, inner);
      if (source) all.set(one.uid, source);
      else others++;
    }
    sources.push([...all.values()]);
  }
  return { sources, others };
}

/** The artifact as the table that it is; null for one that is none, where that is `lenient`ly left out. */
async function sourceOf(
  found: LocalArtifact,
  lenient: boolean,
  inner: InnerTables,
): Promise<LocalSource | null> {
  const read = tableSource(found);
  if (read) return read;
  const arrow = arrowSource(found);
  if (arrow) return inner.rows(arrow);
  return lenient ? null : noTable(found);
}

function asksFor(use: SourceUse): AskedSource {
  const [name = ''] = use.names;
  if (use.of === 'artifact') return { of: 'artifact', names: use.names };
  if (use.of === 'collection') return { of: 'collection', name };
  return { of: 'artifacts', name, view: viewNamed(name) };
}

function viewNamed(name: string): View | null {
  if (!name.startsWith('?')) return null;
  const { view, problem } = readView('Artifact', new URLSearchParams(name));
  if (problem !== null)
    throw new LoamError('InvalidArgument', `artifacts('${name.slice(0, 80)}'): ${problem}`);
  return view as View;
}

const mayBeTable = ({ folder, suffix, name }: Whereabouts): boolean =>
  folder || formatOf(suffix || suffixOf(name)) !== null;

const mayHoldSome = ({ suffix, name }: Whereabouts): boolean => mayHoldTables(suffix) || mayHoldTables(name);

/** The file or the files of the folder, where they are. */
function localArtifact(place: Whereabouts, path: string): LocalArtifact {
  const { uid, name: key, suffix } = place;
  const one = { uid, key, suffix, at: path };
  if (!statSync(path).isDirectory()) return { ...one, files: [{ path: '', file: path }] };
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const below = (file: string) => relative(path, file).split(sep).join('/');
  return { ...one, files: files.map((file) => ({ path: below(file), file })) };
}
