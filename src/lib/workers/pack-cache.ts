// Where the browser keeps packs that were read and their list, so that look-ups work with the server gone. Its name does not
// begin like the caches of the app's versions, which the service worker clears.
export const packCache = 'ontology-packs';
