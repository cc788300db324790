// What can be looked at in a file beyond its summary: questions, each with an answer made when somebody looks. They are too
// large to be kept with the summary, which only names them.
import type { ValidationReport } from './curate/report.ts';
import type { SummaryColumn, SummaryRows } from './ports.ts';

/** Planes of a picture: its channels by name, and how many slices and moments there are. */
export interface PlaneViews {
  channels: string[];
  slices: number;
  moments: number;
}

/** One of the pictures of a store; its path is that of a group, '' is the store itself. */
export interface PictureViews extends PlaneViews {
  path: string;
  name: string;
  /** Whether its channels have colours, in which they can be looked at together. */
  together: boolean;
}

/** Which views a file has. */
export interface SummaryViews {
  notebook?: boolean;
  plane?: PlaneViews;
  /** Pictures of a store, the first of which is shown first. */
  pictures?: PictureViews[];
  /** Groups of the file that are AnnData (their paths; '' is the file itself), whose cells can be drawn. */
  cells?: { path: string; name: string }[];
  /** Members that are arrays can be looked into. */
  arrays?: boolean;
  /** An HTML page, which is shown with its scripts off. */
  page?: boolean;
  /** The report of a validation. */
  report?: boolean;
}

/** What the cells of an AnnData are coloured by: a column of obs, or a gene in X, raw or a layer (its path). */
export type ColourBy = { column: string } | { gene: number; matrix: string };

/** One view of a file. Paths are those of members, with slashes; '' is the root. */
export type ViewAsk =
  | { kind: 'notebook' }
  | { kind: 'page' }
  | { kind: 'report' }
  /** `path`: of a store's picture; `together`: its channels in their colours instead of one. */
  | { kind: 'plane'; channel: number; slice: number; moment: number; path?: string; together?: boolean }
  /** What can be drawn of an AnnData. */
  | { kind: 'cells'; path: string }
  /** Two components of an array of obsm. */
  | { kind: 'embedding'; path: string; basis: string; components: [number, number] }
  /** Without `anyway`, more than a few megabytes are first told (`needs`) and not read. */
  | { kind: 'colours'; path: string; by: ColourBy; anyway: boolean }
  /** The names of a matrix's variables. */
  | { kind: 'genes'; path: string; matrix: string }
  /**
   * A window into an array: along two of its axes (or its only one) from some place as far as `count`, which may be cut;
   * `at` is the place on each of the other axes. Records are answered by their first rows.
   */
  | { kind: 'array'; path: string; axes: number[]; at: number[]; from: number[]; count: number[] }
  /** Rows of obs by their numbers, at most 200. */
  | { kind: 'rows'; path: string; rows: number[] };

export interface NotebookCell {
  type: 'markdown' | 'code' | 'raw';
  source: string;
  /** Of code, when it ran. */
  count: number | null;
  outputs: NotebookOutput[];
}

export type NotebookOutput =
  | { type: 'text' | 'stderr' | 'error' | 'markdown'; text: string }
  | { type: 'picture'; media: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'; bytes: Uint8Array }
  /** What is not shown, by its media types. */
  | { type: 'left out'; what: string };

export type ArrayValues =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | string[];

export interface CellMatrix {
  /** X, layers/counts, raw/X. */
  path: string;
  layout: 'dense' | 'csr' | 'csc';
  variables: number;
}

/** A channel in its colour: values that are shown black and in full colour. */
export interface PlaneLayer {
  name: string;
  /** Red, green, blue, 0 to 255. */
  colour: [number, number, number];
  low: number;
  high: number;
}

export type ViewContent =
  | { kind: 'notebook'; language: string; cells: NotebookCell[]; more: number }
  /** The text of an HTML page; `more` where it is longer than what is shown. */
  | { kind: 'page'; html: string; more: boolean }
  | { kind: 'report'; report: ValidationReport }
  | {
      kind: 'plane';
      /** Pixels of the view, and of the picture that it shows. */
      width: number;
      height: number;
      of: { width: number; height: number };
      /** Red, green, blue, opacity of each pixel, row by row. */
      pixels: Uint8ClampedArray<ArrayBuffer>;
      /** Values that are shown black and white; null where the picture has colours of its own. */
      range: { low: number; high: number } | null;
      /** Channels that are drawn in colours; none where the picture is grey or has colours of its own. */
      layers: PlaneLayer[];
      /** What is shown, where that is less than the whole plane. */
      note: string | null;
    }
  | {
      kind: 'cells';
      observations: number;
      /** Arrays of obsm with their numbers of components, those that are usually drawn first. */
      embeddings: { name: string; components: number }[];
      columns: SummaryColumn[];
      matrices: CellMatrix[];
      /** What is there but cannot be drawn, in words. */
      notes: string[];
    }
  | {
      kind: 'embedding';
      /** Of each cell; not finite where the file says so. */
      x: Float32Array<ArrayBuffer>;
      y: Float32Array<ArrayBuffer>;
    }
  | {
      kind: 'categories';
      /** Of each cell a place in `names`; -1 is missing. */
      codes: Int32Array<ArrayBuffer>;
      names: string[];
      /** Where the file has more categories than are told apart: all that follow share the last name. */
      of: number;
      /** Colours that the file gives them (`uns/<column>_colors`), as #rrggbb. */
      colours: string[] | null;
    }
  | {
      kind: 'numbers';
      values: Float32Array<ArrayBuffer>;
      /** Least and greatest finite value, and between which nearly all lie. Null where there is none. */
      range: { least: number; most: number; low: number; high: number } | null;
      /** Cells without a finite value. */
      missing: number;
    }
  | { kind: 'needs'; bytes: number; why: string }
  | { kind: 'genes'; names: string[]; symbols: string[] | null; more: number }
  | { kind: 'rows'; preview: SummaryRows }
  | {
      kind: 'array';
      /** What the window is, along the axes asked for. */
      from: number[];
      count: number[];
      /** Row by row; bools are 0 and 1. */
      values: ArrayValues;
    };

/** `read`: bytes of the file that were read for it. */
export type FileView = ViewContent & { read: number };
