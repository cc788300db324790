// The Curate part of an artifact's page: which schema, what was found, the fixes so far and their undo. Each change is judged
// at once by what the engine holds of the file; what comes late for a question that has changed is dropped.
/* eslint-disable svelte/prefer-svelte-reactivity -- replaced as a whole */
import { onDestroy } from 'svelte';
import type { WireError } from '../engine/errors.ts';
import type { CurationCheck, Finding, FindingTerms, Fix, Suggestion } from '../workers/curation-wire.ts';
import type { ArtifactDetail } from '../workers/wire.ts';
import { keepReport, keepVerdict, saveCopy } from './curation-save.ts';
import type { SchemaNamed } from './report-file.ts';
import { asWireError } from './notices.svelte.ts';
import { session } from './session.svelte.ts';
import { count } from './words.ts';

/** Values of one finding that suggestions are asked for. */
const mostAsked = 300;

type Step = { kind: 'fixes'; before: readonly Fix[] } | { kind: 'act'; what: string; acts: number };

/** Must be called while a component is being created. */
export function createCuration(artifact: () => ArtifactDetail) {
  let schema = $state.raw<SchemaNamed | null>(null);
  let check = $state.raw<CurationCheck | null>(null);
  let fixes = $state.raw<readonly Fix[]>([]);
  let steps = $state.raw<readonly Step[]>([]);
  let undone = $state.raw<readonly (readonly Fix[])[]>([]);
  let suggestions = $state.raw<ReadonlyMap<string, Record<string, Suggestion[]>>>(new Map());
  let doing = $state<string | null>(null);
  let rows = $state(0);
  let failure = $state.raw<WireError | null>(null);
  let ms = $state<number | null>(null);
  let running: { token: string; abort: AbortController } | null = null;

  onDestroy(
    session.onEvent((event) => {
      if (event.type === 'view' && event.progress.token === running?.token) rows = event.progress.done;
    }),
  );
  onDestroy(() => cancel());

  function cancel(): void {
    const old = running;
    running = null;
    doing = null;
    if (!old) return;
    old.abort.abort();
    void session.engine.cancelValidation(old.token).catch(() => {});
  }

  /** Ends what is going on and does this instead. */
  async function ask<T>(
    words: string,
    work: (token: string, signal: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    cancel();
    const mine = { token: crypto.randomUUID(), abort: new AbortController() };
    running = mine;
    doing = words;
    rows = 0;
    failure = null;
    try {
      const value = await work(mine.token, mine.abort.signal);
      return running === mine ? value : undefined;
    } catch (error) {
      if (running === mine && !mine.abort.signal.aborted) failure = asWireError(error);
      return undefined;
    } finally {
      if (running === mine) {
        running = null;
        doing = null;
      }
    }
  }

  async function judge(): Promise<void> {
    const asked = schema;
    if (!asked) return;
    const began = performance.now();
    const found = await ask('Validating', (token) =>
      session.engine.checkDataset(artifact().uid, asked.uid, fixes, token),
    );
    if (!found) return;
    check = found;
    ms = performance.now() - began;
    await suggest(found.result.findings);
  }

  const keyOf = (terms: FindingTerms): string => JSON.stringify(terms);

  /** Asked for once per value; they stay while other values are mended. */
  async function suggest(findings: readonly Finding[]): Promise<void> {
    for (const { terms, values } of findings) {
      if (!terms) continue;
      const key = keyOf(terms);
      const known = suggestions.get(key) ?? {};
      const texts = values
        .filter(({ text, standard }) => standard === null && !Object.hasOwn(known, text))
        .slice(0, mostAsked)
        .map(({ text }) => text);
      if (texts.length === 0) continue;
      try {
        const found = await session.engine.suggestTerms(terms, texts);
        suggestions = new Map(suggestions).set(key, { ...(suggestions.get(key) ?? {}), ...found });
      } catch (error) {
        failure = asWireError(error);
        return;
      }
    }
  }

  function change(next: readonly Fix[]): Promise<void> {
    steps = [...steps, { kind: 'fixes', before: fixes }];
    undone = [];
    fixes = next;
    return judge();
  }

  return {
    get schema() {
      return schema;
    },
    get check() {
      return check;
    },
    get fixes() {
      return fixes;
    },
    get doing() {
      return doing;
    },
    /** How far reading is, in words; empty where nothing is known. */
    get progress() {
      return rows > 0 ? `${count(rows)} rows` : '';
    },
    get failure() {
      return failure;
    },
    /** Milliseconds that the last answer took. */
    get ms() {
      return ms;
    },
    get canUndo() {
      return steps.length > 0;
    },
    suggestionsFor: (terms: FindingTerms, text: string): readonly Suggestion[] =>
      suggestions.get(keyOf(terms))?.[text] ?? [],

    choose(next: SchemaNamed | null): void {
      if (next?.uid === schema?.uid) return;
      cancel();
      schema = next;
      check = null;
      ms = null;
      failure = null;
    },
    validate: judge,
    cancel,
    fix: (...more: Fix[]) => change([...fixes, ...more]),
    /** Takes one fix back, whenever it was made. */
    without: (fix: Fix) => change(fixes.filter((one) => one !== fix)),

    /** Acts on the registries (one, unless said), which the engine undoes; then the dataset is judged again. */
    async act(what: string, work: () => Promise<unknown>, acts = 1): Promise<boolean> {
      const done = await ask(what, async () => {
        await work();
        return true;
      });
      if (!done) return false;
      steps = [...steps, { kind: 'act', what, acts }];
      suggestions = new Map();
      await judge();
      return true;
    },
    /** The last step on this screen, fix or act. */
    async undo(): Promise<void> {
      const last = steps.at(-1);
      if (!last) return;
      steps = steps.slice(0, -1);
      if (last.kind === 'fixes') {
        undone = [...undone, fixes];
        fixes = last.before;
      } else {
        const { acts } = last;
        const done = await ask('Undoing', async () => {
          for (let left = acts; left > 0; left--) if (!(await session.engine.undo())) return false;
          return true;
        });
        if (!done) return;
        suggestions = new Map();
      }
      await judge();
    },
    async redo(): Promise<boolean> {
      const next = undone.at(-1);
      if (!next) return false;
      undone = undone.slice(0, -1);
      steps = [...steps, { kind: 'fixes', before: fixes }];
      fixes = next;
      await judge();
      return true;
    },

    /** The fixed copy as the next version, validated as it lies there, with its report; answers its uid. */
    async save(): Promise<{ uid: string; message: string | null; made: boolean } | undefined> {
      const asked = schema;
      if (!asked) return undefined;
      const source = artifact();
      const done = await ask('Writing the fixed copy', async (token, signal) => {
        const copy = await session.engine.fixedCopy(source.uid, fixes, token);
        doing = 'Saving the new version';
        const saved = await saveCopy(source, copy, fixes, asked, signal);
        doing = 'Validating the new version';
        const { result } = await session.engine.saveValidated(saved.uid, asked.uid, token);
        doing = 'Keeping the report';
        await keepReport({ uid: saved.uid, key: source.key }, asked, result, signal);
        return saved;
      });
      if (!done) return undefined;
      fixes = [];
      steps = [];
      undone = [];
      check = null;
      return done;
    },
    /** The verdict on screen, of the file as it is, noted and kept as a report. */
    keep(): Promise<string | undefined> {
      const [asked, told] = [schema, check];
      if (!asked || !told || fixes.length > 0) return Promise.resolve(undefined);
      return ask('Keeping the report', async (token, signal) => {
        const { report } = await keepVerdict(artifact(), asked, told.result, signal, token);
        return report;
      });
    },
  };
}
export type Curation = ReturnType<typeof createCuration>;
