// What the app says in passing: errors in words, and acts that offer their undo.
import { toast } from 'svelte-sonner';
import type { WireError } from '../engine/errors.ts';
import type { UndoReport } from '../workers/wire.ts';
import { session } from './session.svelte.ts';
import { plural } from './words.ts';

/** Errors cross workers as plain objects or as classes; both become words. */
export function asWireError(problem: unknown): WireError {
  if (problem && typeof problem === 'object' && 'message' in problem) {
    const { code, message, details } = problem as Partial<WireError>;
    return {
      code: typeof code === 'string' ? code : 'InternalError',
      message: String(message),
      details: details ?? {},
    };
  }
  return { code: 'InternalError', message: String(problem), details: {} };
}

export function say(message: string, description?: string): void {
  toast(message, description ? { description } : undefined);
}

export function sayError(problem: unknown, doing?: string): void {
  const { message } = asWireError(problem);
  toast.error(doing ?? message, { description: doing ? message : undefined, duration: 10_000 });
}

/** Runs an act; a failure is told and answered with `undefined`, so callers can stop quietly. */
export async function attempt<T>(doing: string, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (problem) {
    const { code, message } = asWireError(problem);
    if (code === 'Cancelled') say('Cancelled', message);
    else sayError(problem, doing);
    return undefined;
  }
}

let shownReport = $state.raw<UndoReport | null>(null);

/** The undo report whose left-out rows are on screen. */
export const undoReport = {
  get shown() {
    return shownReport;
  },
  show(report: UndoReport | null) {
    shownReport = report;
  },
};

function tellReport(verb: string, report: UndoReport, back: { label: string; run: () => void }): void {
  if (report.skippedCount > 0) {
    toast(`${verb}: ${report.title}`, {
      description: `${plural(report.skippedCount, 'value')} changed since and stayed as they are.`,
      action: { label: 'Show them', onClick: () => undoReport.show(report) },
      duration: 10_000,
    });
    return;
  }
  toast(`${verb}: ${report.title}`, {
    // Rows went back; bytes do not move.
    ...(verb === 'Undone' && report.title.startsWith('Upload ')
      ? { description: 'This browser is its storage again. The uploaded bytes stay in the bucket.' }
      : {}),
    action: { label: back.label, onClick: back.run },
  });
}

export async function undo(): Promise<void> {
  const report = await attempt('Could not undo', () => session.engine.undo());
  if (report) tellReport('Undone', report, { label: 'Redo', run: () => void redo() });
  else if (report === null) say('Nothing to undo');
}

export async function redo(): Promise<void> {
  const report = await attempt('Could not redo', () => session.engine.redo());
  if (report) tellReport('Redone', report, { label: 'Undo', run: () => void undo() });
  else if (report === null) say('Nothing to redo');
}

export async function undoAct(uid: string): Promise<void> {
  const report = await attempt('Could not undo', () => session.engine.undoAct(uid));
  if (report) tellReport('Undone', report, { label: 'Redo', run: () => void redo() });
}

/** What an act that takes another back did. */
export const tellUndone = (report: UndoReport): void =>
  tellReport('Undone', report, { label: 'Redo', run: () => void redo() });

/** For acts that just happened: one toast, one way back. */
export function sayWithUndo(message: string, description?: string): void {
  toast(message, {
    ...(description ? { description } : {}),
    action: { label: 'Undo', onClick: () => void undo() },
    duration: 8000,
  });
}

export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}`, text);
  } catch {
    sayError(new Error('The browser did not allow writing to the clipboard.'));
  }
}
