// What the palette finds: the best few objects of every registry for a text, in groups. Nothing else knows how objects are
// found.
import type { FoundObject } from '../workers/wire.ts';
import { listHref, registries, rowHref } from './registries.svelte.ts';
import { session } from './session.svelte.ts';
import { bytes, nameWords, typeOf } from './words.ts';

export interface Found {
  /** Registry and uid, the same wherever the object is found. */
  id: string;
  /** What it is: Artifact, Label, Cell type … */
  kind: string;
  title: string;
  /** Said in grey at the end of the line. */
  detail: string;
  href: string;
  /** Colour of the type's mark, where the kind has types. */
  colour?: string;
}

export interface FoundGroup {
  /** Heading of the group. */
  name: string;
  objects: Found[];
  /** Rows that keep the database in order, and where terms come from: who types `trash` hardly means the branch of that name. */
  seldom: boolean;
  /** The list with all of them, where there are more. */
  rest: string | null;
}

/** The best `most` of each registry, plug-ins too; for an empty text the newest artifacts. */
export async function find(text: string, most: number): Promise<FoundGroup[]> {
  const found = await session.engine.findObjects(text, most, text === '' ? ['Artifact'] : undefined);
  return found.map(({ registry, rows, more }) => {
    const info = registries.byName(registry);
    return {
      name: info?.plural ?? registry,
      objects: rows.map((row) => ({
        id: `${registry} ${row.key}`,
        kind: info?.title ?? registry,
        title: titleOf(registry, row),
        ...(registry === 'Artifact' ? artifactWords(row) : { detail: aboutWords(row) }),
        href: rowHref(registry, row.key),
      })),
      seldom: info?.group === 'admin' || registry === 'bionty.Source',
      rest:
        more && text !== '' ? listHref(registry, `?${new URLSearchParams({ q: text }).toString()}`) : null,
    };
  });
}

/** Artifacts may have no key: then they are known by what they are. */
function titleOf(registry: string, { key, name, about }: FoundObject): string {
  const description = registry === 'Artifact' && name === key ? about['description'] : undefined;
  return typeof description === 'string' ? description : nameWords(name);
}

function artifactWords({ about }: FoundObject): { detail: string; colour: string } {
  const { otype, suffix, n_files: files, size } = about;
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const { word, colour } = typeOf({
    otype: text(otype),
    suffix: text(suffix),
    nFiles: typeof files === 'number' ? files : null,
  });
  return { detail: typeof size === 'number' ? `${word}, ${bytes(size)}` : word, colour };
}

const aboutWords = ({ about }: FoundObject): string =>
  String(Object.values(about).find((value) => typeof value === 'string') ?? '');
