// What was opened and run lately on this device, newest first: the palette begins with it.
import { untrack } from 'svelte';
import type { CommandName } from './commands.ts';
import { COMMANDS } from './commands.ts';
import { session } from './session.svelte.ts';

export interface RecentObject {
  type: 'object';
  /** Kind and uid: one object is remembered once. */
  id: string;
  kind: string;
  title: string;
  href: string;
}

export interface RecentCommand {
  type: 'command';
  id: CommandName;
}

export type Recent = RecentObject | RecentCommand;

const KEY = 'loam.recent';
const MOST = 30;

function read(): Recent[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isRecent).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/** What an older version, or somebody else, left there is not trusted. */
function isRecent(value: unknown): value is Recent {
  const { type, id, kind, title, href } = (value ?? {}) as Record<string, unknown>;
  if (typeof id !== 'string') return false;
  if (type === 'command') return Object.hasOwn(COMMANDS, id);
  const texts = [kind, title, href].every((text) => typeof text === 'string');
  return type === 'object' && texts && String(href).startsWith('/') && !String(href).startsWith('//');
}

let items = $state.raw<Recent[]>(read());

export const recent = {
  get items(): Recent[] {
    return items;
  },
  /** 0 for the newest; -1 where it is not among them. */
  rank(type: Recent['type'], id: string): number {
    return items.findIndex((one) => one.type === type && one.id === id);
  },
  add(item: Recent): void {
    items = [item, ...items.filter(({ type, id }) => type !== item.type || id !== item.id)].slice(0, MOST);
    try {
      localStorage.setItem(KEY, JSON.stringify(items));
    } catch {
      // Kept for this visit only.
    }
  },
  /** An object that is gone. */
  forget(id: string): void {
    items = items.filter((item) => item.type !== 'object' || item.id !== id);
    try {
      localStorage.setItem(KEY, JSON.stringify(items));
    } catch {
      // Kept for this visit only.
    }
  },
};

export interface Shown {
  id: string;
  kind: string;
  /** Null while it is not known. */
  title: string | null;
  href: string;
  /** There is no such object any more. */
  gone: boolean;
}

/** Keeps what a page is about among the recent objects, but for those of a database that is only looked at. Must be called while a component is being created. */
export function remember(shown: () => Shown): void {
  $effect(() => {
    const { id, kind, title, href, gone } = shown();
    if (session.looking) return;
    if (title !== null) untrack(() => recent.add({ type: 'object', id, kind, title, href }));
    else if (gone) untrack(() => recent.forget(id));
  });
}
