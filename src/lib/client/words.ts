// Numbers, sizes and times in words, the same on each screen.
const number = new Intl.NumberFormat('en');
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const dayMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayMonthYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

export const NONE = '–';

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : number.format(value);
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${number.format(n)} ${n === 1 ? one : many}`;
}

/** Decimal units as file managers show them; three significant digits at most. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  if (value < 1000) return plural(value, 'byte');
  const units = ['kB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let unit = '';
  for (const next of units) {
    scaled /= 1000;
    unit = next;
    if (scaled < 999.5) break;
  }
  return `${scaled < 99.95 ? scaled.toFixed(1).replace(/\.0$/, '') : Math.round(scaled)} ${unit}`;
}

/** How long something took: 12 ms, 1.4 s, 2 min 5 s. */
export function milliseconds(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min${whole % 60 > 0 ? ` ${whole % 60} s` : ''}`;
}

export function exactTime(iso: string): string {
  return exact.format(new Date(iso));
}

export function ago(iso: string, now: number = Date.now()): string {
  const then = new Date(iso);
  const seconds = Math.max(0, (now - then.getTime()) / 1000);
  if (seconds < 45) return 'just now';
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 6 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  const today = new Date(now);
  if (then.toDateString() === today.toDateString()) return 'today';
  if (then.toDateString() === new Date(now - 86_400_000).toDateString()) return 'yesterday';
  return then.getFullYear() === today.getFullYear() ? dayMonth.format(then) : dayMonthYear.format(then);
}

/** A date, or the day and time of a moment, as typed into a filter: "2 Nov 2026", "2 Nov 2026 08:30". */
export function dayWords(text: string): string {
  const [day = '', time = ''] = text.split(/[T ]/);
  const then = new Date(`${day}T00:00:00`);
  if (Number.isNaN(then.getTime())) return text;
  return `${dayMonthYear.format(then)}${/^00:00/.test(time) || time === '' ? '' : ` ${time.slice(0, 5)}`}`;
}

/** What a row is called: runs are called by the moment they began, which is told as people tell it. */
export function nameWords(name: string): string {
  return /^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/.test(name) ? exactTime(name) : name;
}

/** Fields with a leading underscore are LaminDB's own bookkeeping, all but the one that says how a run stands. */
export const isOwnColumn = (field: string): boolean => field.startsWith('_') && field !== '_status_code';

/** What a field of a history is called. */
export const columnWords = (field: string): string => field.replace(/^_/, '').replaceAll('_', ' ');

/** The last part of a key and the folder before it. */
export function splitKey(key: string): { folder: string; name: string } {
  const cut = key.lastIndexOf('/');
  return cut < 0 ? { folder: '', name: key } : { folder: key.slice(0, cut), name: key.slice(cut + 1) };
}

export function artifactName(row: { key: string | null; uid: string; description?: string | null }): string {
  return row.key ?? row.description ?? row.uid;
}

/** Labels in the narrow sense: projects have a place of their own on each screen. */
export function labelsOf<L extends { registry: string }>(row: { labels: L[] }): L[] {
  return row.labels.filter(({ registry }) => registry.toLowerCase() !== 'project');
}

const COLOURS: Record<string, string> = {
  AnnData: 'var(--rna)',
  MuData: 'var(--rna)',
  SpatialData: 'var(--img)',
  DataFrame: 'var(--table)',
};
const TABLES = new Set(['.parquet', '.csv', '.tsv', '.arrow', '.feather', '.xlsx']);
const IMAGES = new Set([
  '.png',
  '.jpg',
  '.jpeg',
  '.tif',
  '.tiff',
  '.svg',
  '.gif',
  '.webp',
  '.ome.tif',
  '.zarr',
]);
const SEQUENCES = new Set([
  '.fasta',
  '.fa',
  '.fastq',
  '.fq',
  '.fastq.gz',
  '.fasta.gz',
  '.bam',
  '.vcf',
  '.bed',
]);

export interface Typed {
  otype: string | null;
  suffix: string | null;
  nFiles?: number | null;
  key?: string | null;
}

/**
 * The word and colour of an artifact's type; the word always stands beside the colour. LaminDB stores no suffix it does not
 * know (`.fq`): then the ending of the key says what it is.
 */
export function typeOf(row: Typed): { word: string; colour: string } {
  const isFolder = row.nFiles !== null && row.nFiles !== undefined;
  const ending = isFolder ? '' : (/[^./]\.[a-z]\w{0,11}$/i.exec(row.key ?? '')?.[0].slice(1) ?? '');
  const suffix = (row.suffix || ending).toLowerCase();
  if (row.otype) return { word: row.otype, colour: COLOURS[row.otype] ?? 'var(--text)' };
  if (TABLES.has(suffix)) return { word: suffix.slice(1), colour: 'var(--table)' };
  if (IMAGES.has(suffix)) return { word: suffix.slice(1), colour: 'var(--img)' };
  if (SEQUENCES.has(suffix)) return { word: suffix.slice(1), colour: 'var(--dna)' };
  return { word: suffix ? suffix.slice(1) : isFolder ? 'folder' : 'file', colour: 'var(--text)' };
}

/** All that the meter counts on this device. */
export const storedBytes = (meter: {
  artifactBytes: number;
  databaseBytes: number;
  cacheBytes: number;
  queryCopyBytes: number;
}): number => meter.artifactBytes + meter.databaseBytes + meter.cacheBytes + meter.queryCopyBytes;
