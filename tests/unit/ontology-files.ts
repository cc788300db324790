// Small ontologies as files, made for tests.
import type { ByteSource } from '../../src/lib/engine/ports.ts';

export interface TermLines {
  id: string;
  name?: string;
  def?: string;
  synonyms?: string[];
  related?: string[];
  parents?: string[];
  partOf?: string[];
  obsolete?: boolean;
  replacedBy?: string;
}

export function oboOf(ontology: string, terms: readonly TermLines[], version = '2099-01-01'): string {
  const lines = ['format-version: 1.2', `data-version: releases/${version}`, `ontology: ${ontology}`];
  for (const term of terms) {
    lines.push('', '[Term]', `id: ${term.id}`);
    if (term.name !== undefined) lines.push(`name: ${term.name}`);
    if (term.def) lines.push(`def: "${term.def}" [X:1]`);
    for (const synonym of term.synonyms ?? []) lines.push(`synonym: "${synonym}" EXACT []`);
    for (const synonym of term.related ?? []) lines.push(`synonym: "${synonym}" RELATED []`);
    for (const parent of term.parents ?? []) lines.push(`is_a: ${parent} ! its name`);
    for (const parent of term.partOf ?? []) lines.push(`relationship: part_of ${parent} ! its name`);
    if (term.obsolete) lines.push('is_obsolete: true');
    if (term.replacedBy) lines.push(`replaced_by: ${term.replacedBy}`);
  }
  return `${lines.join('\n')}\n`;
}

export function sourceOf(content: string | Uint8Array): ByteSource {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return { size: bytes.length, read: async (start, end) => bytes.slice(start, end) };
}
