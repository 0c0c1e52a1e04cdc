// What the test's MCP server answers, whatever it is reached by. Written without the SDK: a second opinion on the wire.
const { appendFileSync, existsSync, watch } = require('node:fs');
const { basename, dirname } = require('node:path');

const schema = (properties = {}) => ({ type: 'object', properties });
const readOnly = { readOnlyHint: true };

const tools = {
  echo: {
    about: { description: 'Says it again', inputSchema: schema({ text: { type: 'string' } }), annotations: readOnly },
    run: ({ text }) => ({ content: [{ type: 'text', text: `echo: ${text}` }] }),
  },
  'add-two': {
    about: {
      description: 'Adds',
      inputSchema: schema({ a: { type: 'number' }, b: { type: 'number' } }),
      annotations: readOnly,
    },
    run: ({ a, b }) => ({ content: [{ type: 'text', text: 'see the other' }], structuredContent: { sum: a + b } }),
  },
  refuse: {
    about: { description: 'Fails', inputSchema: { type: 'object' }, annotations: readOnly },
    run: () => ({ content: [{ type: 'text', text: 'the shop is closed' }], isError: true }),
  },
  picture: {
    about: { description: 'Shows', inputSchema: schema(), annotations: readOnly },
    run: () => ({
      content: [
        { type: 'text', text: 'a dot' },
        { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' },
      ],
    }),
  },
  // Nothing said of itself: a person is asked.
  write: {
    about: { description: 'Writes it down', inputSchema: schema({ text: { type: 'string' } }) },
    run: ({ text }, { note }) => {
      note(`wrote ${text}`);
      return { content: [{ type: 'text', text: 'written' }] };
    },
  },
  // Says how far it is, then waits until it is cancelled.
  wait: {
    about: { description: 'Waits', inputSchema: schema(), annotations: readOnly },
    run: (_, { progress, cancelled, note }) => {
      progress('half of it');
      note('waiting');
      return cancelled;
    },
  },
  // Asks a person what it is told to ask, and hands on the answer. `impatient`, it does not wait for it.
  ask: {
    about: { description: 'Asks', inputSchema: schema({ request: { type: 'object' } }), annotations: readOnly },
    run: async ({ request, impatient, withdraws, dies }, { ask, ping, withdraw }) => {
      const answer = ask(request);
      // Once the question was taken in.
      if (dies || withdraws || impatient) await ping();
      if (dies) process.exit(7);
      if (withdraws) withdraw();
      const said = impatient || withdraws ? 'asked' : JSON.stringify(await answer);
      return { content: [{ type: 'text', text: said }] };
    },
  },
  // Waits like `wait`, and asks once more when it was cancelled: then none of its calls runs.
  hold: {
    about: { description: 'Holds', inputSchema: schema(), annotations: readOnly },
    run: async (_, { ask, cancelled, note }) => {
      note('holding');
      await cancelled;
      note(`late ${JSON.stringify(await ask({ message: 'Late?', requestedSchema: schema() }))}`);
      return { content: [] };
    },
  },
  crash: {
    about: { description: 'Ends the server', inputSchema: schema(), annotations: readOnly },
    run: () => process.exit(7),
  },
  environment: {
    about: { description: 'Tells of its surroundings', inputSchema: schema(), annotations: readOnly },
    run: () => ({
      content: [{ type: 'text', text: JSON.stringify({ names: Object.keys(process.env).sort(), cwd: process.cwd() }) }],
    }),
  },
};

/** Waits until a file is there. */
function appears(path) {
  return new Promise((resolve) => {
    const watcher = watch(dirname(path), (_, name) => name === basename(path) && look());
    function look() {
      if (!existsSync(path)) return;
      watcher.close();
      resolve();
    }
    look();
  });
}

/**
 * @param {{ journal: string | null, startsWith?: string | null, send: (message: object) => void }} options
 * `startsWith`: a file to wait for before the handshake
 */
exports.createAnswers = ({ journal, startsWith = null, send }) => {
  const note = (line) => journal && appendFileSync(journal, `${line}\n`);
  const cancels = new Map();
  const asked = new Map();
  let extra = null;

  async function call(id, { name, arguments: given = {}, _meta }) {
    if (name === 'grow') {
      extra = { description: 'Came later', inputSchema: schema(), annotations: readOnly };
      send({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
      return { content: [{ type: 'text', text: 'grown' }] };
    }
    const tool = tools[name];
    if (!tool) return null;
    const progress = (message) =>
      send({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: _meta?.progressToken, progress: 1, total: 2, message },
      });
    const cancelled = new Promise((resolve) => cancels.set(id, resolve));
    const askId = `ask-${id}`;
    const put = (own, method, params) => {
      send({ jsonrpc: '2.0', id: own, method, ...(params ? { params } : {}) });
      return new Promise((resolve) => asked.set(own, resolve));
    };
    const ask = (params) => put(askId, 'elicitation/create', params);
    const ping = () => put(`ping-${id}`, 'ping');
    const withdraw = () => send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: askId } });
    note(`call ${name}`);
    return tool.run(given, { note, progress, cancelled, ask, ping, withdraw });
  }

  const methods = {
    initialize: async (_, { protocolVersion, capabilities }) => {
      note(`may ask ${JSON.stringify(capabilities.elicitation)}`);
      if (startsWith) await appears(startsWith);
      return {
        protocolVersion,
        capabilities: { tools: { listChanged: true }, resources: {} },
        serverInfo: { name: 'test-server', version: '1.2.3' },
        instructions: 'Tools for tests.',
      };
    },
    ping: () => ({}),
    'tools/list': (_, { cursor } = {}) => {
      const all = Object.entries(tools).map(([name, { about }]) => ({ name, ...about }));
      const grow = { name: 'grow', description: 'Adds a tool', inputSchema: schema(), annotations: readOnly };
      const rest = [...all.slice(3), grow, ...(extra ? [{ name: 'late', ...extra }] : []), { name: 'broken' }];
      // Two pages, and a tool that is none.
      return cursor === 'more' ? { tools: rest } : { tools: all.slice(0, 3), nextCursor: 'more' };
    },
    'tools/call': (id, params) => call(id, params),
    'resources/list': () => ({ resources: [{ name: 'notes', uri: 'test://notes', mimeType: 'text/plain' }] }),
    'resources/templates/list': () => ({ resourceTemplates: [{ name: 'any', uriTemplate: 'test://{name}' }] }),
    'resources/read': (_, { uri }) => ({ contents: [{ uri, mimeType: 'text/plain', text: `what is at ${uri}` }] }),
  };

  return async ({ id, method, params, result, error }) => {
    if (method === undefined) {
      if (String(id).startsWith('ask-')) note(`answered ${JSON.stringify(result ?? error)}`);
      return asked.get(id)?.(result ?? error);
    }
    if (method === 'notifications/cancelled') {
      note(`cancelled ${params.requestId}`);
      cancels.get(params.requestId)?.({ content: [] });
    }
    if (id === undefined) return;
    const answer = methods[method] ? await methods[method](id, params) : null;
    if (answer === null) send({ jsonrpc: '2.0', id, error: { code: -32601, message: `no ${method}` } });
    else send({ jsonrpc: '2.0', id, result: answer });
  };
};
