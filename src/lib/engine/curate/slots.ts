// Which parts of a dataset a schema may name, by what the dataset is (lamindb 2.12.1's curators).

const patterns: Record<string, RegExp> = {
  DataFrame: /^(columns|attrs(:.+)?)$/,
  AnnData: /^(obs|var|var\.T|uns.*)$/,
  MuData: /^((.+:)?(obs|var|var\.T)|.*uns.*)$/,
  SpatialData: /^(attrs.*|tables:[^:]+:(obs|var|var\.T)|[^:]+)$/,
};

export const slotFits = (otype: string | null, slot: string): boolean =>
  patterns[otype ?? '']?.test(slot) ?? false;

export function slotsOf(otype: string | null): string {
  const named: Record<string, string> = {
    DataFrame: 'columns and attrs',
    AnnData: 'obs, var, var.T, uns and uns:key',
    MuData: 'modality:obs, modality:var, modality:var.T and uns',
    SpatialData: 'attrs, attrs:key and tables:name:obs, :var or :var.T',
  };
  return named[otype ?? ''] ?? 'nothing';
}
