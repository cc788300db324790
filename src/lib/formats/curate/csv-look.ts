// Text tables by their names, which are all that LaminDB's loaders go by: comma for .csv, tab for .tsv, whatever is inside.

export interface CsvLook {
  separator: ',' | '\t';
  gzip: boolean;
}

export const isTextTable = (name: string): boolean => /\.[ct]sv(\.gz)?$/i.test(name);

export const csvLook = (name: string, gzip: boolean): CsvLook => ({
  separator: /\.tsv(\.gz)?$/i.test(name) ? '\t' : ',',
  gzip,
});
