// How wide the columns of a list are, and which of a registry's own columns there is no room for.
import type { ColumnInfo } from '../workers/wire.ts';

interface Width {
  /** Least pixels. */
  least: number;
  /** Share of what is left. */
  grows: number;
  /** Columns of little weight go first where room is short. */
  weight: number;
}

export function widthOf(column: ColumnInfo, first: boolean): Width {
  const width = plainWidth(column, first);
  // The title is to be read as well, in reason.
  return { ...width, least: Math.max(width.least, Math.min(110, column.title.length * 6.4 + 16)) };
}

function plainWidth(column: ColumnInfo, first: boolean): Width {
  if (first) return { least: 160, grows: 2.6, weight: 100 };
  switch (column.type) {
    case 'number':
      return { least: 70, grows: 0.3, weight: 5 };
    case 'bool':
      return { least: 60, grows: 0.2, weight: 3 };
    case 'datetime':
      return { least: 78, grows: 0.2, weight: 4.5 };
    case 'date':
      return { least: 88, grows: 0.2, weight: 4 };
    case 'rows':
      return {
        least: column.target && COUNTED.has(column.target) ? 76 : 112,
        grows: column.target && COUNTED.has(column.target) ? 0.3 : 1.6,
        weight: 4.2,
      };
    case 'reference':
      return { least: 88, grows: 1, weight: 4 };
    case 'feature':
      return { least: 88, grows: 0.8, weight: 4 };
    case 'json':
      return { least: 120, grows: 1.4, weight: 2 };
    default:
      return {
        least: 104,
        grows: LONG.has(column.name) ? 1.6 : 0.9,
        weight: LONG.has(column.name) ? 2.5 : 5,
      };
  }
}
const LONG = new Set(['description', 'synonyms', 'content', 'text', 'url', 'source_website']);

/** Rows of these registries are counted in a cell; of others the first few are named. */
export const COUNTED = new Set([
  'Artifact',
  'Run',
  'Transform',
  'Record',
  'Collection',
  'Feature',
  'Schema',
  'JsonValue',
  'bionty.Gene',
]);

export const GAP = 12;
/** Box to choose a row, and the room at both sides. */
const EDGES = 26 + 8 + 14;

const sum = (columns: readonly ColumnInfo[]): number =>
  columns.reduce((all, column, at) => all + widthOf(column, at === 0).least + GAP, EDGES);

/** All of them, or those that fit, the lightest left out first and never the name. */
export function fittingColumns(columns: readonly ColumnInfo[], room: number): ColumnInfo[] {
  const kept = [...columns];
  while (kept.length > 1 && sum(kept) > room) {
    let lightest = kept.length - 1;
    for (let at = kept.length - 1; at > 0; at--) {
      const [one, best] = [kept[at], kept[lightest]];
      if (one && best && widthOf(one, false).weight < widthOf(best, false).weight) lightest = at;
    }
    kept.splice(lightest, 1);
  }
  return kept;
}

/** `grid-template-columns`, and the least width of a row. */
export function gridOf(columns: readonly ColumnInfo[], room: number): { template: string; least: number } {
  const narrow = room < 480;
  const parts = columns.map((column, at) => {
    const { least, grows } = widthOf(column, at === 0);
    return `minmax(${narrow && at === 0 ? 100 : least}px, ${grows}fr)`;
  });
  return { template: `26px ${parts.join(' ')}`, least: narrow ? 0 : sum(columns) };
}
