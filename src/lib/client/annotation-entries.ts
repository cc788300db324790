// What is written into the annotation form before it is applied: chips, texts not yet chips, features with their values.
// A form that was closed without applying leaves its entries here, for the same artifacts only and for this visit.
import type { AnnotateOptions, ArtifactSet, FeatureRow } from '../workers/wire.ts';
import { guessDtype } from './feature-values.ts';
import type { LabelTerm } from './label-terms.ts';

export interface FeatureEntry {
  name: string;
  value: string;
  /** Type of a new feature, once it was chosen; until then it follows from the value. */
  dtype: string | null;
}

export interface AnnotationEntries {
  labels: string[];
  /** Typed and not yet a chip. */
  label: string;
  /** Labels that are terms of a registry. */
  terms: LabelTerm[];
  projects: string[];
  project: string;
  features: FeatureEntry[];
  description: string;
}

export const noFeature = (): FeatureEntry => ({ name: '', value: '', dtype: null });
export const noEntries = (): AnnotationEntries => ({
  labels: [],
  label: '',
  terms: [],
  projects: [],
  project: '',
  features: [noFeature()],
  description: '',
});

export function isEmpty(entries: AnnotationEntries): boolean {
  const { labels, label, terms, projects, project, features, description } = entries;
  const typed = [label, project, description, ...features.flatMap(({ name, value }) => [name, value])];
  return labels.length + terms.length + projects.length === 0 && typed.every((text) => text.trim() === '');
}

export interface Unfinished {
  /** Place of the feature among the entries. */
  at: number;
  part: 'name' | 'value';
  words: string;
}

/** The first feature that cannot be applied as it stands. */
export function unfinished(features: readonly FeatureEntry[]): Unfinished | null {
  const names = features.map(({ name }) => name.trim());
  for (const [at, { value }] of features.entries()) {
    const name = names[at] ?? '';
    if (name !== '' && value.trim() === '') return { at, part: 'value', words: `${name} has no value yet.` };
    if (name === '' && value.trim() !== '')
      return { at, part: 'name', words: `“${value.trim()}” is the value of no feature yet: name it.` };
    if (name !== '' && names.indexOf(name) < at)
      return { at, part: 'name', words: `${name} stands here twice: keep one of them.` };
  }
  return null;
}

export const dtypeOf = (entry: FeatureEntry): string => entry.dtype ?? guessDtype(entry.value);

const withTyped = (names: readonly string[], typed: string): string[] => [
  ...new Set([...names, ...typed.split(',').map((name) => name.trim())].filter((name) => name !== '')),
];

/** The entries as the engine takes them; `known` are features that are there already, `terms` the rows of its terms. */
export function optionsOf(
  entries: AnnotationEntries,
  known: readonly FeatureRow[],
  terms: NonNullable<AnnotateOptions['terms']> = [],
): AnnotateOptions {
  const filled = entries.features.filter(({ name }) => name.trim() !== '');
  const fresh = filled.filter(({ name }) => !known.some((one) => one.name === name.trim()));
  return {
    labels: withTyped(entries.labels, entries.label),
    ...(terms.length > 0 ? { terms } : {}),
    projects: withTyped(entries.projects, entries.project),
    features: Object.fromEntries(filled.map(({ name, value }) => [name.trim(), value.trim()])),
    newFeatures: Object.fromEntries(fresh.map((entry) => [entry.name.trim(), dtypeOf(entry)])),
    ...(entries.description.trim() ? { description: entries.description.trim() } : {}),
  };
}

const kept = new Map<string, AnnotationEntries>();

/** Names what a form is about; `set` in any order. */
export const aboutOf = (set: ArtifactSet): string =>
  JSON.stringify(Array.isArray(set) ? [...set].sort() : set);

export const keptEntries = (about: string): AnnotationEntries | undefined => kept.get(about);

export function keepEntries(about: string, entries: AnnotationEntries): void {
  if (isEmpty(entries)) kept.delete(about);
  else kept.set(about, entries);
}
