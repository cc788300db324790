// docs/guide/deploy.md and the files of server/deploy: what they name is there, and they can be read by what reads them.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const guide = read('docs/guide/deploy.md');
const folder = 'server/deploy';
const files = ['Dockerfile', 'compose.yaml', 'loam.service', 'nginx.conf', 'Caddyfile', 'loam.env.example'];

/** Variables of Loam's own: what compose alone reads (`.env` beside it) is not one. */
const ofCompose = ['LOAM_DATABASE_PASSWORD'];
const variablesIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/\b(?:LOAM_[A-Z_]+|XDG_DATA_HOME|DATABASE_URL|PORT)\b/g)].map(([name]) => name));

describe('The guide for running Loam', () => {
  it('names the files that there are', () => {
    for (const file of files) expect(existsSync(join(root, folder, file)), file).toBe(true);
    for (const file of files.filter((one) => one !== 'Dockerfile')) expect(guide).toContain(file);
    for (const [, path = ''] of guide.matchAll(/`((?:server|tests|scripts|docs)\/[\w./-]+)`/g))
      if (!['server/config.ts', 'server/deploy/.env'].includes(path))
        expect(existsSync(join(root, path)), path).toBe(true);
    for (const [, path = ''] of guide.matchAll(/\]\(([^)#]+)\)/g))
      expect(existsSync(join(root, 'docs/guide', path)), path).toBe(true);
    for (const [, script = ''] of guide.matchAll(/node (scripts\/[\w.-]+)/g))
      expect(existsSync(join(root, script)), script).toBe(true);
  });

  it('has every variable of the files in its table, and no other', () => {
    const table = new Set([...guide.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name = '']) => name));
    expect(table.size).toBeGreaterThan(4);
    for (const file of files)
      for (const name of variablesIn(read(`${folder}/${file}`)))
        if (!ofCompose.includes(name))
          expect([file, [...table]]).toEqual([file, expect.arrayContaining([name])]);
    for (const name of variablesIn(guide)) if (!ofCompose.includes(name)) expect([...table]).toContain(name);
  });

  const program = ['server/config.ts', 'server/main.ts', 'scripts/start.mjs', 'scripts/serve.mjs'];
  it('its variables are those that the server reads', () => {
    const told = variablesIn(guide);
    for (const name of ofCompose) told.delete(name);
    const used = new Set(program.flatMap((file) => [...variablesIn(read(file))]));
    expect([...told].sort()).toEqual([...used].sort());
  });

  it('its addresses are those that the server answers at', () => {
    const start = read('scripts/start.mjs');
    for (const path of ['/healthz', '/metrics', '/sync']) {
      expect(guide).toContain(`${path}`);
      expect(start).toContain(`'${path}'`);
    }
    expect(read(`${folder}/Dockerfile`)).toContain('/healthz');
  });
});

describe('The files for running Loam', () => {
  it('compose is YAML, with a database that is waited for and no password in it', async () => {
    const text = read(`${folder}/compose.yaml`);
    // Prettier's parser throws at what is no YAML.
    await expect(format(text, { parser: 'yaml' })).resolves.toBeTypeOf('string');
    const [services = '', volumes = ''] = text.split(/^volumes:$/m);
    for (const name of ['postgres', 'loam']) {
      expect(services).toMatch(new RegExp(`^ {2}${name}:$`, 'm'));
      expect(volumes).toMatch(new RegExp(`^ {2}${name}: `, 'm'));
    }
    expect(services).toContain('condition: service_healthy');
    expect(text).toMatch(/POSTGRES_PASSWORD: \$\{LOAM_DATABASE_PASSWORD:\?/);
    expect(text).toContain('dockerfile: server/deploy/Dockerfile');
    expect(text.match(/image: postgres:(\d+)/)?.[1]).toBe(/PostgreSQL (\d+) and Loam/.exec(guide)?.[1]);
    expect(text).toContain('127.0.0.1:4173:4173');
  });

  it('the image is made from what the clone has, and does not run as root', () => {
    const lines = read(`${folder}/Dockerfile`).split('\n');
    const known = /^(FROM|WORKDIR|COPY|RUN|ENV|USER|VOLUME|EXPOSE|STOPSIGNAL|HEALTHCHECK|CMD)\b/;
    for (const line of lines) expect(line).toMatch(/^(#.*|\s+CMD .*|)$|^[A-Z]/);
    const commands = lines.filter((line) => /^[A-Z]/.test(line));
    for (const command of commands) expect(command).toMatch(known);
    const copied =
      commands
        .find((line) => line.startsWith('COPY package'))
        ?.split(' ')
        .slice(1, -1) ?? [];
    for (const file of copied) expect(existsSync(join(root, file)), file).toBe(true);
    expect(commands.findIndex((line) => line === 'USER node')).toBeLessThan(
      commands.findIndex((line) => line.startsWith('CMD')),
    );
    const [, program = ''] = /^CMD \["node", "(.+)"\]$/m.exec(lines.join('\n')) ?? [];
    expect(existsSync(join(root, program)), program).toBe(true);
    const node = Number(/^FROM node:(\d+)/m.exec(lines.join('\n'))?.[1]);
    expect(node).toBeGreaterThanOrEqual(20);
  });

  it('the unit is one: sections, one directive a line, a program that there is', () => {
    const text = read(`${folder}/loam.service`);
    const seen: Record<string, string[]> = {};
    let section = '';
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const head = /^\[(\w+)\]$/.exec(line)?.[1];
      if (head) seen[(section = head)] ??= [];
      else {
        expect(line).toMatch(/^[A-Z][A-Za-z]+=[^\s].*$|^[A-Z][A-Za-z]+=$/);
        seen[section]?.push(line.split('=')[0] ?? '');
      }
    }
    expect(Object.keys(seen)).toEqual(['Unit', 'Service', 'Install']);
    for (const names of Object.values(seen)) expect(new Set(names).size).toBe(names.length);
    const [, script = ''] = /^ExecStart=\S+ (\S+)$/m.exec(text) ?? [];
    expect(existsSync(join(root, script)), script).toBe(true);
    expect(seen.Service).toEqual(expect.arrayContaining(['ProtectSystem', 'NoNewPrivileges', 'User']));
  });

  const systemd = spawnSync('systemd-analyze', ['--version']).status === 0;
  it.skipIf(!systemd)('systemd finds nothing wrong with the unit', () => {
    const place = mkdtempSync(join(tmpdir(), 'loam-unit-'));
    try {
      // The program and the user are the machine's.
      const text = read(`${folder}/loam.service`)
        .replace(/^ExecStart=.*$/m, 'ExecStart=/bin/true')
        .replace(/^(User|Group)=.*$/gm, '$1=root');
      const file = join(place, 'loam.service');
      writeFileSync(file, text);
      const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
      const words = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('loam.service'));
      expect(words).toEqual([]);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });

  it('the proxies pass on what the server asks for', () => {
    const nginx = read(`${folder}/nginx.conf`);
    let depth = 0;
    for (const line of nginx.split('\n').map((one) => one.trim())) {
      if (line === '' || line.startsWith('#')) continue;
      expect(line).toMatch(/[;{}]$/);
      depth += (line.match(/\{/g) ?? []).length - (line.match(/\}/g) ?? []).length;
      expect(depth).toBeGreaterThanOrEqual(0);
    }
    expect(depth).toBe(0);
    for (const needed of [
      ...['proxy_http_version 1.1;', 'proxy_set_header Host $host;', 'X-Forwarded-For $remote_addr;'],
      ...['proxy_set_header Upgrade $http_upgrade;', 'proxy_request_buffering off;'],
    ])
      expect(nginx).toContain(needed);
    const caddy = read(`${folder}/Caddyfile`);
    expect((caddy.match(/\{$/gm) ?? []).length).toBe((caddy.match(/^\s*\}$/gm) ?? []).length);
    expect(caddy).toContain('header_up X-Forwarded-For {remote_host}');
    const port = /proxy_pass http:\/\/127\.0\.0\.1:(\d+);/.exec(nginx)?.[1];
    expect(caddy).toContain(`reverse_proxy 127.0.0.1:${port}`);
    expect(read(`${folder}/loam.env.example`)).toContain(`LOAM_PORT=${port}`);
  });

  it('the commands of the guide are ones of a shell', () => {
    for (const [, block = ''] of guide.matchAll(/```\n([\s\S]*?)```/g)) {
      // Lines that stand for something to be read, and an assignment file.
      if (/^This server has no|…/.test(block)) continue;
      execFileSync('bash', ['-n'], { input: block });
    }
  });
});
