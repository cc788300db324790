// Where the wa-sqlite fallback mirrors a database, and whether it did: a question asked at each first start, which must not
// load that whole backend to be answered.

/** The IndexedDB database that mirrors the SQLite database of that name. */
export const storeName = (name: string) => `loam-sqlite-${name}`;

/** Whether an earlier session left a mirrored database here. */
export async function mirrorExists(name: string): Promise<boolean> {
  return typeof indexedDB !== 'undefined' && (await look(name).catch(() => false));
}

/** Looks without creating: an opening that would create the store is taken back. */
function look(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = indexedDB.open(storeName(name));
    request.onupgradeneeded = () => request.transaction?.abort();
    request.onsuccess = () => {
      request.result.close();
      resolve(true);
    };
    request.onerror = () => resolve(false);
  });
}
