// What the statement on the Query screen is, beside its text: the saved query it came from, and what its parameters are given.
// Changes to saved queries that were not saved are kept on this device, each with its query.
import type { ParameterValues } from '../statements/parameter-values.ts';
import type { GivenValues } from './parameters.ts';
import { remembered } from './remembered.svelte.ts';
import type { SavedQuery } from './saved-queries.svelte.ts';

const KEY = 'loam.sql.drafts';
const MOST = 30;
const LONGEST = 20_000;

const lastStem = remembered<string>('sql.query', '');
let saved = $state.raw<SavedQuery | null>(null);
let given = $state.raw<GivenValues>({});
let values = $state.raw<ParameterValues>({});

function drafts(): Record<string, string> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return typeof kept === 'object' && kept !== null ? (kept as Record<string, string>) : {};
  } catch {
    return {};
  }
}

export const openQuery = {
  get saved(): SavedQuery | null {
    return saved;
  },
  set saved(next: SavedQuery | null) {
    saved = next;
    lastStem.value = next?.stem ?? '';
  },
  /** The one that was open when the app was left. */
  get last(): string {
    return lastStem.value;
  },
  get given(): GivenValues {
    return given;
  },
  set given(next: GivenValues) {
    given = next;
  },
  /** Of the statement that ran last; charts and profiles of its rows ask with them. */
  get values(): ParameterValues {
    return values;
  },
  set values(next: ParameterValues) {
    if (JSON.stringify(next) !== JSON.stringify(values)) values = next;
  },
  isChanged: (text: string): boolean => saved !== null && text.trim() !== saved.code.trim(),
  /** What was written on top of a saved query; null where nothing was. */
  draftOf(stem: string): string | null {
    const text = drafts()[stem];
    return typeof text === 'string' ? text : null;
  },
  /** Keeps the text where it differs from what is saved, the latest drafts only. */
  keepDraft(text: string): void {
    if (!saved) return;
    const { [saved.stem]: _, ...others } = drafts();
    const kept = Object.entries(others).slice(-(MOST - 1));
    if (text.trim() !== saved.code.trim() && text.length <= LONGEST) kept.push([saved.stem, text]);
    try {
      localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(kept)));
    } catch {
      // Kept for this visit only.
    }
  },
};
