// Keys to commands: which handler a pressed key runs, what the palette can run at this moment, and keys in words.
// Screens bind handlers to names of commands.ts; the one bound last is asked first.
import { commandNames, commandOf, type CommandName } from './commands.ts';

type Handlers = Partial<Record<CommandName, (event?: KeyboardEvent) => void>>;

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

/** The commands that can be given now: those of the screen first, then those of everywhere, in the order of the list. */
export function offeredCommands(): CommandName[] {
  const bound = commandNames.filter(
    (name) => !commandOf(name).keysOnly && stack.some((handlers) => handlers[name] !== undefined),
  );
  const everywhere = (name: CommandName) => commandOf(name).where === 'Everywhere';
  return [...bound.filter((name) => !everywhere(name)), ...bound.filter(everywhere)];
}

/** Gives a command by its name, as the palette does. */
export function giveCommand(name: CommandName): void {
  for (const handlers of [...stack].reverse()) {
    const handler = handlers[name];
    if (handler) return handler();
  }
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=checkbox],[type=radio]), textarea, select'))
  );
}

/** A focused link, button or box keeps its own Enter and Space, a choice of one its arrows; a dialog keeps every key. */
function keepsKey(event: KeyboardEvent): boolean {
  if (!(event.target instanceof Element)) return false;
  if (event.target.closest('[role=dialog], [role=alertdialog], [role=menu]')) return true;
  if (event.key.startsWith('Arrow') && event.target.matches('input[type=radio]')) return true;
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

/** Whether the event is one of the command's keys: for parts of a screen that have keys only while they are focused. */
export function isKey(name: CommandName, event: KeyboardEvent): boolean {
  return commandOf(name).keys.some((combination) => matches(combination, event));
}

export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const typing = isTyping(event.target);
  for (const handlers of [...stack].reverse()) {
    for (const [name, handler] of Object.entries(handlers) as [CommandName, Handlers[CommandName]][]) {
      if (!handler || !isKey(name, event)) continue;
      // While typing, most keys belong to the field, undo among them.
      if (typing && !commandOf(name).typing) return;
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
  ArrowLeft: '←',
  ArrowRight: '→',
  ' ': 'Space',
  Delete: 'Del',
  Escape: 'Esc',
  Enter: '↵',
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
