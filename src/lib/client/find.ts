// Where the palette finds objects. A source answers the best few for a text; the palette asks all of them at once and
// shows each answer as it comes. A search over every registry takes a source's place here, or joins them: nothing else
// knows how objects are found.
import { session } from './session.svelte.ts';
import { queryAddress } from './statement-address.ts';
import { artifactName, bytes, count, plural, typeOf } from './words.ts';

export interface Found {
  /** Kind and uid, the same wherever the object is found. */
  id: string;
  /** What it is: Artifact, Label, Project … */
  kind: string;
  title: string;
  /** Said in grey at the end of the line. */
  detail: string;
  href: string;
  /** Colour of the type's mark, where the kind has types. */
  colour?: string;
}

export interface Source {
  /** Heading of the group. */
  name: string;
  /** The best `most` for the text; for an empty text the newest or most used ones, or none. */
  find(text: string, most: number): Promise<Found[]>;
}

const artifacts: Source = {
  name: 'Artifacts',
  async find(text, most) {
    const { rows } = await session.engine.listArtifacts({
      search: text || undefined,
      offset: 0,
      limit: most,
    });
    return rows.map((row) => {
      const { word, colour } = typeOf(row);
      return {
        id: `Artifact ${row.uid}`,
        kind: 'Artifact',
        title: artifactName(row),
        detail: `${word}, ${bytes(row.size)}`,
        href: `/artifacts/${row.uid}`,
        colour,
      };
    });
  },
};

const labels: Source = {
  name: 'Labels',
  async find(text, most) {
    if (!text) return [];
    return (await session.engine.ulabels(text, most)).map(({ uid, name, count: n }) => ({
      id: `ULabel ${uid}`,
      kind: 'Label',
      title: name,
      detail: plural(n, 'artifact'),
      href: `/artifacts?f.ulabel=${uid}`,
    }));
  },
};

const projects: Source = {
  name: 'Projects',
  async find(text, most) {
    if (!text) return [];
    return (await session.engine.projects(text, most)).map(({ uid, name, count: n }) => ({
      id: `Project ${uid}`,
      kind: 'Project',
      title: name,
      detail: plural(n, 'artifact'),
      href: `/artifacts?f.project=${uid}`,
    }));
  },
};

/** The artifacts and values of a feature as a statement: categories lie in link tables, all else in JSON values. */
export function valuesOfFeature(uid: string, name: string, dtype: string): string {
  const [, module = 'lamindb', registry] = /cat\[(?:(bionty)\.)?([A-Za-z]+)/.exec(dtype) ?? [];
  const table = registry?.toLowerCase();
  const joins = table
    ? `join ${module}_artifact${table} l on l.feature_id = f.id\njoin ${module}_${table} v on v.id = l.${table}_id`
    : 'join lamindb_jsonvalue v on v.feature_id = f.id\njoin lamindb_artifactjsonvalue l on l.jsonvalue_id = v.id';
  return [
    `-- values of the feature ${name.replace(/\s+/g, ' ')}`,
    `select a.key, v.${table ? 'name' : 'value'}, a.uid`,
    'from lamindb_feature f',
    joins,
    'join lamindb_artifact a on a.id = l.artifact_id',
    `where f.uid = '${uid}'`,
    'order by a.key',
  ].join('\n');
}

/** Features have no page of their own yet: their values are a question to the registries. */
const features: Source = {
  name: 'Features',
  async find(text, most) {
    if (!text) return [];
    return (await session.engine.features(text, most)).map(({ uid, name, dtype, count: n }) => ({
      id: `Feature ${uid}`,
      kind: 'Feature',
      title: name,
      detail: `${dtype}, ${count(n)} ${n === 1 ? 'artifact' : 'artifacts'}`,
      href: queryAddress(valuesOfFeature(uid, name, dtype)),
    }));
  },
};

export const sources: readonly Source[] = [artifacts, labels, projects, features];
