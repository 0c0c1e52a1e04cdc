// The smallest thing that a client can start as a daemon: JSON text, a few answers, no threads.
// TINY_SAYS makes it print that line instead of serving; TINY_BUILD is the build it names.
const { createHash } = require('node:crypto');
const { mkdirSync, realpathSync, closeSync, writeSync } = require('node:fs');
const { createServer } = require('node:http');
const { WebSocketServer } = require('ws');

const home = realpathSync(process.env.CODEX_HOME);
const long = `${home}/daemon/daemon.sock`;
const hash = createHash('sha256').update(home).digest('hex');
const path = Buffer.byteLength(long) <= 103 ? long : `/tmp/codex-${process.getuid()}/${hash.slice(0, 16)}.sock`;

if (process.env.TINY_SAYS !== undefined) {
  process.stdout.write(process.env.TINY_SAYS);
  process.exit(Number(process.env.TINY_EXIT ?? 1));
}

const build = process.env.TINY_BUILD ?? '0.1.0';
const running = Number(process.env.TINY_RUNNING ?? 0);
const status = {
  pid: process.pid,
  instanceId: 'tiny',
  build,
  protocol: { min: 1, max: 1 },
  state: 'listening.busy',
  startedAtMs: 0,
  uptimeMs: 61_000,
  memoryBytes: 1_048_576,
  home,
  socketPath: path,
  logPath: `${home}/daemon/daemon.log`,
  threads: { loaded: running, running, waiting: 0 },
  clients: [],
  sandbox: { available: true, kind: 'bubblewrap', reason: null, mend: null },
  keyring: { available: false, reason: 'no keyring here' },
  startedBy: process.argv.includes('user') ? 'user' : 'client',
  idleExitMinutes: 60,
};
const answers = {
  initialize: () => ({
    userAgent: 'tiny/0.1.0',
    codexHome: home,
    platformFamily: 'unix',
    platformOs: 'linux',
    daemon: { build, pid: process.pid, instanceId: 'tiny', clientId: 'c1', protocol: status.protocol },
  }),
  'daemon/status': () => status,
  'thread/list': () => ({ data: [], nextCursor: null, presence: {} }),
  'config/read': () => ({ config: { model: 'm', model_provider: 'p' }, origins: {} }),
  'account/read': () => ({ account: null, requiresOpenaiAuth: true, state: 'signedOut', maskedKey: null, error: null }),
  'daemon/stop': () => {
    // As the real one: the socket goes when the daemon goes.
    delete process.env.TINY_BUILD;
    setImmediate(() => server.close());
    setImmediate(() => {
      for (const client of sockets.clients) client.terminate();
    });
    return {};
  },
};

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false, handleProtocols: () => false });
sockets.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (frame) => {
    const { id, method } = JSON.parse(String(frame));
    const answer = answers[method];
    if (id === undefined) return;
    if (answer) socket.send(JSON.stringify({ id, result: answer() }));
    else socket.send(JSON.stringify({ id, error: { code: -32601, message: `no ${method}` } }));
  });
});
mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true, mode: 0o700 });
server.on('error', (error) => {
  writeSync(1, `${JSON.stringify({ ready: false, error: { message: error.message } })}\n`);
  process.exit(1);
});
process.umask(0o177);
server.listen(path, () => {
  writeSync(1, `${JSON.stringify({ ready: true, pid: process.pid })}\n`);
  closeSync(1);
});
