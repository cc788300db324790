// Version of the app, as peers and servers tell each other; that of package.json (tests/unit/app-version.test.ts).
export const appVersion = '0.1.0';
