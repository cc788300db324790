// Small choices of how the screen is laid out (open panes, tour seen), remembered on this device.
export function remembered<T extends string | number | boolean>(name: string, first: T) {
  const key = `loam.${name}`;
  let value = $state<T>(read());

  function read(): T {
    try {
      const text = localStorage.getItem(key);
      return text === null ? first : (JSON.parse(text) as T);
    } catch {
      return first;
    }
  }

  return {
    get value(): T {
      return value;
    },
    set value(next: T) {
      value = next;
      try {
        localStorage.setItem(key, JSON.stringify(next));
      } catch {
        // Kept for this visit only.
      }
    },
  };
}

/** On a small screen the panes would lie over the list, so they wait to be asked for. */
const width = typeof innerWidth === 'number' ? innerWidth : 1440;

export const inspectorOpen = remembered<boolean>('inspector', width > 1100);
export const facetsOpen = remembered<boolean>('facets', width > 760);
export const tourDone = remembered<boolean>('tour', false);
