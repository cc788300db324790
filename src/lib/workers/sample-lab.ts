// The sample lab: a small made-up screen whose files are written here, on the device, from a fixed seed. It gives a
// first-time user something real to open, annotate and undo without bringing data; nothing is downloaded.

export interface SampleFile {
  key: string;
  bytes: Uint8Array;
}

/** A fixed sequence in [0, 1): the same lab on every device, so its files dedupe when two labs meet. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const donors = ['donor-1', 'donor-2', 'donor-3'];
const treatments = ['DMSO', 'JQ1', 'IFN-gamma'];

export function sampleLab(): SampleFile[] {
  const random = sequence(20_26);
  const text = new TextEncoder();
  const file = (key: string, content: string): SampleFile => ({ key, bytes: text.encode(content) });
  const files: SampleFile[] = [
    file('sample-lab/README.md', readme),
    file('sample-lab/samples.csv', samples(random)),
    file('sample-lab/references/barcodes.fasta', barcodes(random)),
    file('sample-lab/protocol.json', `${JSON.stringify(protocol, null, 2)}\n`),
  ];
  for (const donor of donors) files.push(file(`sample-lab/counts/${donor}.csv`, counts(donor, random)));
  for (const [i, treatment] of treatments.entries()) {
    files.push(file(`sample-lab/plates/plate-${i + 1}.tsv`, plate(treatment, random)));
  }
  return files;
}

function samples(random: () => number): string {
  const lines = ['sample,donor,treatment,hours,viability'];
  let n = 1;
  for (const donor of donors) {
    for (const treatment of treatments) {
      for (const hours of [0, 6, 24]) {
        lines.push(
          [
            `S-${String(n++).padStart(3, '0')}`,
            donor,
            treatment,
            hours,
            (0.7 + random() * 0.3).toFixed(3),
          ].join(),
        );
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

function counts(donor: string, random: () => number): string {
  const genes = ['CD3D', 'CD4', 'CD8A', 'FOXP3', 'GNLY', 'IL7R', 'MS4A1', 'NKG7'];
  const lines = [`cell,cell_type,${genes.join()}`];
  const types = ['CD4 T cell', 'CD8 T cell', 'NK cell', 'B cell'];
  for (let cell = 1; cell <= 200; cell++) {
    const type = types[Math.floor(random() * types.length)];
    lines.push([`${donor}-${cell}`, type, ...genes.map(() => Math.floor(random() ** 3 * 40))].join());
  }
  return `${lines.join('\n')}\n`;
}

function plate(treatment: string, random: () => number): string {
  const lines = ['well\ttreatment\tdose_um\tsignal'];
  for (const row of 'ABCDEFGH') {
    for (let column = 1; column <= 12; column++) {
      const dose = 10 / 2 ** (column - 1);
      lines.push(
        [`${row}${column}`, treatment, dose.toFixed(4), (1000 / (1 + dose) + random() * 50).toFixed(1)].join(
          '\t',
        ),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function barcodes(random: () => number): string {
  const lines: string[] = [];
  for (let i = 1; i <= 24; i++) {
    lines.push(`>barcode_${i}`, Array.from({ length: 60 }, () => 'ACGT'[Math.floor(random() * 4)]).join(''));
  }
  return `${lines.join('\n')}\n`;
}

const protocol = {
  name: 'T cell stimulation',
  steps: [
    { step: 1, action: 'Thaw PBMC', minutes: 20 },
    { step: 2, action: 'Rest over night', minutes: 960 },
    { step: 3, action: 'Add compound', minutes: 5 },
    { step: 4, action: 'Fix and count', minutes: 90 },
  ],
};

const readme = `# Sample lab

A made-up experiment: T cells of three donors under three treatments.

- \`samples.csv\` lists the 27 samples
- \`counts/\` holds eight marker genes for 200 cells of each donor
- \`plates/\` holds a dose series for each treatment
- \`references/barcodes.fasta\` and \`protocol.json\` are what a real lab keeps beside its data

Change a file and drop it again under the same key: it becomes version 2. Press Ctrl Z: it is gone again.
`;
