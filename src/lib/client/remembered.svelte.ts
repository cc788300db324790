// Small things remembered on this device: how the screen is laid out, the tour seen, that a database was kept.
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
/** Of the Query screen, where the history has its place too. */
export const tablesOpen = remembered<boolean>('tables', width > 760);
export const facetsOpen = remembered<boolean>('facets', width > 760);
/** Set once a database was kept on this device: from then on an unreachable one is an error, not an empty start. */
export const keptBefore = remembered<boolean>('kept', false);
/** Rows of lists are low. */
export const compactRows = remembered<boolean>('compact', false);
export const tourDone = remembered<boolean>('tour', false);
