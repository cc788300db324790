/** The built server in a process of its own, for tests that kill it: says its port and the first link as one line of JSON. */
import { createServer } from 'node:http';

const [, , program = '', port = '0'] = process.argv;
const { start } = await import(program);
let core = null;
const server = createServer((request, response) => core?.handle(request, response));
server.on('upgrade', (request, socket, head) =>
  core ? core.upgrade(request, socket, head) : socket.destroy(),
);
await new Promise((done) => server.listen(Number(port), '127.0.0.1', done));
const at = server.address().port;
const log = console.log;
console.log = () => undefined;
core = await start(process.env, { port: at, app: 'test' });
log(JSON.stringify({ port: at, instance: core.instance, invitation: core.invitation }));
process.on('SIGTERM', () => void core.stop().then(() => process.exit(0)));
