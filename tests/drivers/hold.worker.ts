// Opens a database and keeps it, so that a test can end this worker without a close, or meet its file handles.
import { toWire } from '../../src/lib/engine/errors.ts';
import { openOpfs } from '../../src/lib/storage/sql/opfs-sahpool.ts';
import { openWaSqlite } from '../../src/lib/storage/sql/wa-sqlite.ts';

export interface HoldRequest {
  backend: 'opfs-sahpool' | 'wa-sqlite';
  name: string;
}

onmessage = async ({ data }: MessageEvent<HoldRequest>) => {
  try {
    const open = data.backend === 'wa-sqlite' ? openWaSqlite : openOpfs;
    const initialise = (d: { exec(sql: string): void }) => d.exec('CREATE TABLE t(a)');
    const { driver } = await open({ name: data.name, initialise });
    driver.run('INSERT INTO t VALUES (?)', ['committed']);
    driver.exec('BEGIN');
    driver.run('INSERT INTO t VALUES (?)', ['not committed']);
    const rows = driver.all('SELECT count(*) FROM t')[0]?.[0];
    if (data.backend === 'wa-sqlite') {
      // A mirror step never carries an open transaction.
      driver.exec('ROLLBACK; BEGIN; ROLLBACK');
    }
    postMessage({ rows, error: null });
  } catch (error) {
    postMessage({ rows: null, error: toWire(error) });
  }
};
