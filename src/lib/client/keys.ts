// One registry of shortcuts: it feeds the handlers and the help sheet, so neither can tell another story.
export interface Shortcut {
  /** As KeyboardEvent.key, lower case for letters; `Mod` stands for Ctrl, or ⌘ on a Mac. */
  keys: readonly string[];
  does: string;
  where: 'Everywhere' | 'Artifacts' | 'Artifact page';
}

export const SHORTCUTS = {
  palette: { keys: ['Mod+k'], does: 'Find an artifact or run a command', where: 'Everywhere' },
  help: { keys: ['?'], does: 'Show all keys', where: 'Everywhere' },
  undo: { keys: ['Mod+z'], does: 'Undo the last act', where: 'Everywhere' },
  redo: { keys: ['Mod+Shift+z', 'Mod+y'], does: 'Redo', where: 'Everywhere' },
  home: { keys: ['1'], does: 'Go to Home', where: 'Everywhere' },
  artifacts: { keys: ['2'], does: 'Go to Artifacts', where: 'Everywhere' },
  settings: { keys: ['3'], does: 'Go to Settings', where: 'Everywhere' },
  search: { keys: ['/'], does: 'Search in the list', where: 'Artifacts' },
  next: { keys: ['j', 'ArrowDown'], does: 'Next row', where: 'Artifacts' },
  previous: { keys: ['k', 'ArrowUp'], does: 'Previous row', where: 'Artifacts' },
  first: { keys: ['Home'], does: 'First row', where: 'Artifacts' },
  last: { keys: ['End'], does: 'Last row', where: 'Artifacts' },
  open: { keys: ['Enter'], does: 'Open the artifact', where: 'Artifacts' },
  peek: { keys: [' '], does: 'Show or hide the inspector', where: 'Artifacts' },
  select: { keys: ['x'], does: 'Select or unselect the row', where: 'Artifacts' },
  clear: { keys: ['Escape'], does: 'Clear the selection', where: 'Artifacts' },
  annotate: { keys: ['e'], does: 'Annotate the selection', where: 'Artifacts' },
  versions: { keys: ['v'], does: 'Show versions', where: 'Artifacts' },
  trash: { keys: ['Delete'], does: 'Move the selection to the trash', where: 'Artifacts' },
  saveNote: { keys: ['Mod+s'], does: 'Save the note', where: 'Artifact page' },
} as const satisfies Record<string, Shortcut>;

export type ShortcutName = keyof typeof SHORTCUTS;
type Handlers = Partial<Record<ShortcutName, (event: KeyboardEvent) => void>>;

const stack: Handlers[] = [];
const isMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);

/** Handlers bound last come first: a screen's keys go before the frame's. */
export function bindKeys(handlers: Handlers): () => void {
  stack.push(handlers);
  return () => {
    const at = stack.indexOf(handlers);
    if (at >= 0) stack.splice(at, 1);
  };
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=checkbox],[type=radio]), textarea, select'))
  );
}

/** A focused link, button or box keeps its own Enter and Space; a dialog keeps every key. */
function keepsKey(event: KeyboardEvent): boolean {
  if (!(event.target instanceof Element)) return false;
  if (event.target.closest('[role=dialog], [role=alertdialog], [role=menu]')) return true;
  return (
    (event.key === 'Enter' || event.key === ' ') &&
    event.target.matches('a, button, summary, input, [role=tab]')
  );
}

function matches(combination: string, event: KeyboardEvent): boolean {
  const parts = combination.split('+');
  const key = parts.at(-1) ?? '';
  const mod = isMac ? event.metaKey : event.ctrlKey;
  if (parts.includes('Mod') !== mod || event.altKey) return false;
  const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (pressed !== key) return false;
  // Shift is part of `?` itself, but decides between undo and redo.
  return !mod || parts.includes('Shift') === event.shiftKey;
}

export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const typing = isTyping(event.target);
  for (const handlers of [...stack].reverse()) {
    for (const [name, handler] of Object.entries(handlers)) {
      const hit = SHORTCUTS[name as ShortcutName].keys.some((combination) => matches(combination, event));
      if (!hit) continue;
      // While typing, undo belongs to the field; only the palette and saving get through.
      if (typing && name !== 'palette' && name !== 'saveNote') return;
      if (name !== 'palette' && keepsKey(event)) return;
      event.preventDefault();
      handler(event);
      return;
    }
  }
}

const NAMES: Record<string, string> = {
  ArrowDown: '↓',
  ArrowUp: '↑',
  ' ': 'Space',
  Delete: 'Del',
  Escape: 'Esc',
};

/** `Mod+Shift+z` as people read it. */
export function keyWords(combination: string): string {
  return combination
    .split('+')
    .map((part) => {
      if (part === 'Mod') return isMac ? '⌘' : 'Ctrl';
      const name = NAMES[part] ?? part;
      return name.length === 1 && combination.includes('+') ? name.toUpperCase() : name;
    })
    .join(' ');
}
