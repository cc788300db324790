// The canonical suffix of a file or folder name, as LaminDB stores it (lamindb_setup canonical_suffix.py, 2.12.1):
// lower-cased, known formats only, composites such as `.csv.gz` and `.anndata.zarr` kept whole, unknown → ''.
import { LoamError } from './errors.ts';

/** Known formats by their last name part, without the dot. */
const SIMPLE = new Set(
  `
  3g2 3gp 3gpp 3gpp2 7z a aac adts ai aif aifc aiff arrow ass au avi avif avro bam bat bcf bcpio bed
  bedgraph bigwig bin bmp bw c cdf ckpt cpio cram csh css csv czi data db dcm dll doc dot duckdb dvi
  embl eml eps etx exe fa fasta fastq fcs feather gb genbank gff gff3 gguf gif gtar gtf h h5 h5ad
  h5mu hdf hdf5 heic heif htm html ico ief ipynb joblib jpe jpeg jpg js json jsonl keras ksh latex
  lif loas loom m1v m3u m3u8 man mar markdown md me mht mhtml mid midi mif mjs mlmodel model mov
  movie mp2 mp3 mp4 mpa mpe mpeg mpg ms mtx n3 nc nd2 ndjson newick npy npz nq nt nwk nws o obj obo
  oda onnx opus orc p12 p7c parquet pb pbm pbtxt pct pdf pfx pgm pic pickle pict pkl pl png pnm pot
  ppa ppm pps ppt ps pt pth pwz py pyc pyo qs qt ra ram rar ras rdf rds rgb roff rtf rtx safetensors
  sam savedmodel sgm sgml sh shar snd so soma sqlite src srt state_dict sv4cpio sv4crc svg svs swf t
  tar tcl tex texi texinfo tflite tif tiff tiledb tiledbsoma tr trig tsv txt ustar vcf vtt wasm wav
  webm webmanifest webp wiz wsdl xbm xlb xls xlsx xml xpdl xpm xsl xul xwd yaml yml zarr zip
`
    .trim()
    .split(/\s+/)
    .map((name) => '.' + name),
);

/** Formats whose meaning lies in two parts; they win over their last part. `.ome.tif` is none: LaminDB says `.tif`. */
const COMPOSITE = ['.anndata.zarr', '.ome.h5', '.ome.hdf5', '.ome.zarr', '.vitessce.json'];

/** Stream encodings that stand behind another suffix. */
const ENCODING = new Set(['.bz2', '.gz', '.xz', '.zst']);

export interface Suffix {
  /** What LaminDB stores; '' for unknown formats. */
  canonical: string;
  /** What the name carries, known or not; two names agree when these are equal. */
  raw: string;
}

export function suffixOf(path: string): Suffix {
  const parts = suffixParts(path);
  const last = parts.at(-1) ?? '';
  const known = (suffix: string): Suffix => ({ canonical: suffix, raw: suffix });
  if (parts.length < 2)
    return SIMPLE.has(last) || ENCODING.has(last) ? known(last) : { canonical: '', raw: last };
  const whole = parts.join('');
  const composite = COMPOSITE.find((suffix) => whole.endsWith(suffix));
  if (composite !== undefined) return known(composite);
  if (SIMPLE.has(last)) return known(last);
  if (!ENCODING.has(last)) return { canonical: '', raw: last };
  const inner = parts.at(-2) ?? '';
  if (inner === '.tar') {
    const packed = parts.at(-3) ?? '';
    return known((SIMPLE.has(packed) ? packed : '') + inner + last);
  }
  return known(SIMPLE.has(inner) ? inner + last : last);
}

/** LaminDB's rule that a key and the file behind it carry the same suffix, known or not. Answers with the suffix to store. */
export function agreedSuffix(key: string | null, fileName: string): string {
  const file = suffixOf(fileName);
  if (key !== null) {
    const wanted = suffixOf(key).raw;
    if (wanted !== file.raw) {
      throw new LoamError(
        'InvalidArgument',
        `The key “${key}” ends in “${wanted}”, but the file “${fileName}” ends in “${file.raw}”. Give both the same ending.`,
        { key, fileName, keySuffix: wanted, fileSuffix: file.raw },
      );
    }
  }
  return file.canonical;
}

/** Python's PurePosixPath.suffixes, lower-cased: leading dots are part of the name, a trailing dot means no suffix. */
function suffixParts(path: string): string[] {
  const name =
    path
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .at(-1) ?? '';
  if (name.endsWith('.')) return [];
  return name
    .replace(/^\.+/, '')
    .split('.')
    .slice(1)
    .map((part) => '.' + part.toLowerCase());
}
