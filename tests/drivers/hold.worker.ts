// Opens a database and keeps it, so that a test can end this worker without a close, or meet its file handles.
import { toWire } from '../../src/lib/engine/errors.ts';
import { openDatabase } from '../../src/lib/storage/sql/open.ts';
import { openOpfs } from '../../src/lib/storage/sql/opfs-sahpool.ts';
import { openWaSqlite } from '../../src/lib/storage/sql/wa-sqlite.ts';

export interface HoldRequest {
  backend: 'opfs-sahpool' | 'wa-sqlite' | 'best';
  name: string;
}

onmessage = async ({ data }: MessageEvent<HoldRequest>) => {
  try {
    const open = { 'opfs-sahpool': openOpfs, 'wa-sqlite': openWaSqlite, best: openDatabase }[data.backend];
    const initialise = (d: { exec(sql: string): void }) => d.exec('CREATE TABLE t(a)');
    const { driver, created } = await open({ name: data.name, initialise });
    driver.run('INSERT INTO t VALUES (?)', ['committed']);
    driver.exec('BEGIN');
    driver.run('INSERT INTO t VALUES (?)', ['not committed']);
    const rows = driver.all('SELECT count(*) FROM t')[0]?.[0];
    if (driver.kind === 'wa-sqlite') {
      // A mirror step never carries an open transaction.
      driver.exec('ROLLBACK; BEGIN; ROLLBACK');
    }
    const settings = ['journal_mode', 'synchronous', 'locking_mode'].map((name) =>
      String(driver.all(`PRAGMA ${name}`)[0]?.[0]),
    );
    postMessage({ rows, kind: driver.kind, created, settings, error: null });
  } catch (error) {
    postMessage({ rows: null, error: toWire(error) });
  }
};
