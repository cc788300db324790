// Widths of panes beside a list or a text, in pixels and remembered on this device. Groups of panes count in shares of
// their own width, so both are translated here; a pane keeps its pixels when the window changes.
import { remembered } from './remembered.svelte.ts';

export interface PaneSpec {
  /** Under this name the width is remembered. */
  name: string;
  /** What the handle says: "Width of the filters". */
  label: string;
  least: number;
  /** Width until somebody drags the handle, of a group that is `group` pixels wide. */
  usual(group: number): number;
}

export interface PaneWidth extends PaneSpec {
  /** Pixels in a group of this width, given that `others` pixels are needed beside it. */
  in(group: number, others: number): number;
  keep(pixels: number): void;
  /** Back to the usual width. */
  forget(): void;
}

export function paneWidth(spec: PaneSpec): PaneWidth {
  const kept = remembered<number>(`pane.${spec.name}`, 0);
  return {
    ...spec,
    in(group, others) {
      const wanted = Number.isFinite(kept.value) && kept.value > 0 ? kept.value : spec.usual(group);
      return Math.max(spec.least, Math.min(wanted, group - others));
    },
    keep: (pixels) => (kept.value = Math.round(pixels)),
    forget: () => (kept.value = 0),
  };
}

export const filtersWidth = paneWidth({
  name: 'filters',
  label: 'Width of the filters',
  least: 140,
  usual: (group) => Math.min(216, group * 0.3),
});
export const inspectorWidth = paneWidth({
  name: 'inspector',
  label: 'Width of the inspector',
  least: 260,
  usual: () => 360,
});
export const noteWidth = paneWidth({
  name: 'note',
  label: 'Width of the field',
  least: 240,
  usual: (group) => group / 2,
});
export const tablesWidth = paneWidth({
  name: 'tables',
  label: 'Width of the tables',
  least: 170,
  usual: (group) => Math.min(250, group * 0.3),
});
export const profileWidth = paneWidth({
  name: 'profile',
  label: 'Width of the profile',
  least: 220,
  usual: (group) => Math.min(300, group * 0.28),
});
