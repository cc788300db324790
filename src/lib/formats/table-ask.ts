// Which table inside a file is meant. Plain data: statements name it, workers read it, copies are kept under its name.

export type TableSlot = 'obs' | 'var' | 'rows';

/** `rows` are those of a file that is one table (Arrow). `part` names a modality of MuData or a table of SpatialData. */
export interface TableAsk {
  slot: TableSlot;
  part: string | null;
}

/** As LaminDB names the slots of a schema: `obs`, `rna:obs`. */
export const slotName = ({ slot, part }: TableAsk): string => (part === null ? slot : `${part}:${slot}`);
