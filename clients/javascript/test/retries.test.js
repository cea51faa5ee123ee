/** The client with servers that fail, on a free port of 127.0.0.1. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client, ConnectionError, ProblemError } from 'spikeloss';

const LOSS = '{"loss":2,"gradients":{},"diagnostics":{}}';

/** Serves until the test ends; the answers are functions, the last of which answers for ever. */
async function serve(t, ...answers) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push({ url: request.url, headers: request.headers, time: performance.now() });
    request.resume();
    await once(request, 'end');
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { requests, url: `http://127.0.0.1:${server.address().port}`, server };
}

const well = (response) => response.end(LOSS);
const hangUp = (response) => response.destroy();
const never = () => {};

function half(response) {
  response.writeHead(200, { 'Content-Length': LOSS.length });
  response.write(LOSS.slice(0, 5), () => response.destroy());
}

function answerOf(status, text, headers = {}) {
  return (response) => response.writeHead(status, headers).end(text);
}

const ask = (url, options, callOptions) => new Client(url, options).evaluate('any', {}, callOptions);

test('broken connections, halves of answers and 502, 503 and 504 are tried again', async (t) => {
  const troubles = [hangUp, half, ...[502, 503, 504].map((status) => answerOf(status, ''))];
  const { url, requests } = await serve(t, ...troubles, well);
  assert.equal((await ask(url)).loss, 2);
  assert.equal(requests.length, troubles.length + 1);
});

test('https to a server of http is told at once', async (t) => {
  const { url } = await serve(t, well);
  await assert.rejects(ask(url.replace('http:', 'https:')), (failure) => {
    assert.ok(failure instanceof ConnectionError);
    assert.equal(failure.attempts, 1);
    assert.match(failure.message, /; the server may speak http/);
    return true;
  });
});

test('a loss without its fields is told what it needs', async () => {
  const client = new Client('http://127.0.0.1:1');
  for (const fields of [undefined, null, 3, []]) {
    await assert.rejects(client.spike_count_mse(fields), /^TypeError: fields: expected an object/);
  }
});

test('a service that comes back later is waited for', async (t) => {
  const gone = await serve(t, well);
  const { port } = gone.server.address();
  gone.server.close();
  const server = createServer((_, response) => well(response));
  t.after(() => server.close());
  const refusals = [];
  const restarting = (...request) =>
    fetch(...request).catch((failure) => {
      refusals.push(failure.cause.code);
      server.listen(port, '127.0.0.1');
      throw failure;
    });
  const answer = await ask(gone.url, { fetch: restarting });
  assert.equal(answer.loss, 2);
  assert.deepEqual(refusals, ['ECONNREFUSED']);
});

test('the pause is at least as long as the service asks for', async (t) => {
  const { url, requests } = await serve(t, answerOf(503, '', { 'Retry-After': '1' }), well);
  await ask(url);
  assert(requests[1].time - requests[0].time >= 990);
});

test('a timeout without end is none', async (t) => {
  const late = (response) => setTimeout(() => well(response), 50);
  const { url } = await serve(t, late);
  for (const timeout of [Infinity, 2 ** 31]) {
    assert.equal((await ask(url, { timeout })).loss, 2);
  }
});

test('errors of the request are not tried again', async (t) => {
  for (const status of [400, 401, 413, 422, 500]) {
    const { url, requests } = await serve(t, answerOf(status, ''));
    await assert.rejects(ask(url), { name: 'ProblemError', status });
    assert.equal(requests.length, 1);
  }
});

test('when all attempts are used up, the last failure is told', async (t) => {
  const broken = await serve(t, hangUp);
  const failure = await ask(broken.url, { retries: 1 }).catch((error) => error);
  assert(failure instanceof ConnectionError);
  assert.equal(failure.attempts, 2);
  assert.equal(broken.requests.length, 2);
  assert.match(failure.message, /in 2 attempts: other side closed/);
  assert.equal(failure.cause.cause.code, 'UND_ERR_SOCKET');

  const problem = { code: 'draining', detail: 'stopping', status: 503, instance: 'abc' };
  const busy = await serve(t, answerOf(503, JSON.stringify(problem)));
  const last = await ask(busy.url, { retries: 1 }).catch((error) => error);
  assert(last instanceof ProblemError);
  assert.deepEqual([last.code, last.requestId, busy.requests.length], ['draining', 'abc', 2]);
});

test('an error without a problem document still has its status and request id', async (t) => {
  for (const text of ['', '<html>no</html>', '[]', 'null', '{"code":7}']) {
    const { url } = await serve(t, answerOf(418, text, { 'X-Request-Id': 'tea' }));
    const error = await ask(url).catch((failure) => failure);
    assert(error instanceof ProblemError);
    assert.deepEqual([error.status, error.code, error.problem], [418, null, null]);
    assert.equal(error.requestId, 'tea');
  }
});

test('a call takes no longer than its timeout, its retries included', async (t) => {
  const silent = await serve(t, never);
  await assert.rejects(ask(silent.url, { timeout: 50 }), { name: 'TimeoutError' });
  const broken = await serve(t, hangUp);
  await assert.rejects(ask(broken.url, { timeout: 50 }), { name: 'TimeoutError' });
});

test('where the next attempt would come too late, the last answer is told at once', async (t) => {
  const problem = { code: 'overloaded', detail: 'busy', status: 503 };
  const busy = answerOf(503, JSON.stringify(problem), { 'Retry-After': '3' });
  const { url, requests } = await serve(t, busy);
  const start = performance.now();
  await assert.rejects(ask(url, { timeout: 2500 }), { name: 'ProblemError', code: 'overloaded' });
  assert(performance.now() - start < 2000);
  assert.equal(requests.length, 1);
});

test('a caller can give up before, during and between attempts', async (t) => {
  const reason = new Error('no longer interested');
  const { url, requests } = await serve(t, well);
  const gone = AbortSignal.abort(reason);
  await assert.rejects(ask(url, {}, { signal: gone }), reason);
  assert.equal(requests.length, 0);

  for (const answer of [never, hangUp]) {
    const controller = new AbortController();
    const answerThenAbort = (response) => {
      answer(response);
      setImmediate(() => controller.abort(reason));
    };
    const server = await serve(t, answerThenAbort);
    await assert.rejects(ask(server.url, {}, { signal: controller.signal }), reason);
  }
});

test('a token is sent, and the path of the address is kept', async (t) => {
  const { url, requests } = await serve(t, well);
  await ask(`${url}/below/a/proxy`, { token: 'secret' });
  await ask(`${url}/below/a/proxy/`);
  assert.equal(requests[0].headers.authorization, 'Bearer secret');
  assert.equal(requests[1].headers.authorization, undefined);
  assert.equal(requests[0].headers['content-type'], 'application/json');
  for (const request of requests) {
    assert.equal(request.url, '/below/a/proxy/v1/losses/any');
  }
});

test('an address that is none is an error at once', () => {
  assert.throws(() => new Client('127.0.0.1'), /^TypeError: 127.0.0.1: expected http:/);
});

test('what is no address of the service, or no token, is an error at once', () => {
  for (const url of ['unix:', 'ftp://127.0.0.1', 'http://me:secret@127.0.0.1', 'http://127.0.0.1/?x=1']) {
    assert.throws(() => new Client(url), TypeError);
  }
  for (const token of ['secret\n', 'secret\r\nHost: else', '\x7f', 'gehe\u00efm']) {
    const refusal = (error) => error instanceof TypeError && !error.message.includes(token);
    assert.throws(() => new Client('http://127.0.0.1', { token }), refusal);
  }
});

test('a service on a Unix socket keeps its connection; one that is not there is named', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'spikeloss-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'a service.sock');
  const connections = new Set();
  const server = createServer((request, response) => {
    connections.add(request.socket);
    assert.equal(request.url, '/v1/losses/any');
    request.resume().on('end', () => well(response));
  });
  server.listen(path);
  await once(server, 'listening');
  t.after(() => server.close(server.closeAllConnections()));
  const client = new Client(`unix:${path}`);
  assert.equal((await client.evaluate('any', {})).loss, 2);
  assert.equal((await client.evaluate('any', {})).loss, 2);
  assert.equal(connections.size, 1);

  const gone = await ask('unix:/no/such.sock', { retries: 0 }).catch((error) => error);
  assert(gone instanceof ConnectionError, gone);
  assert.match(gone.message, /unix:\/no\/such\.sock .* ENOENT \/no\/such\.sock$/);
});

test('compressed answers are neither asked for nor read', async (t) => {
  const { url, requests } = await serve(t, answerOf(200, LOSS, { 'Content-Encoding': 'gzip' }));
  await assert.rejects(ask(url), { name: 'BadAnswerError', message: /compressed/ });
  assert.equal(requests.length, 1);
  assert.equal(requests[0].headers['accept-encoding'], 'identity');
});

test('an answer may be as large as the gradients of its request, and not larger', async (t) => {
  const fill = ' '.repeat(100_000);
  const { url } = await serve(t, answerOf(200, `{"loss":2,${fill}"gradients":{},"diagnostics":{}}`));
  await assert.rejects(ask(url), { name: 'BadAnswerError', message: /more than 65536 bytes/ });
  const x = { shape: [1, 1, 4000], data: new Uint8Array(4000) };
  assert.equal((await new Client(url).evaluate('any', { x })).loss, 2);
  const long = { shape: [1, 4000, 1], data: new Uint8Array(4000) };
  await assert.rejects(new Client(url).evaluate('any', { x: long }), { name: 'BadAnswerError' });
  const last = { axes: 'batch_neurons_time', x: { ...long, shape: [1, 1, 4000] } };
  await assert.rejects(new Client(url).evaluate('any', last), { name: 'BadAnswerError' });
  const first = { axes: 'time_batch_neurons', x: { ...long, shape: [4000, 1, 1] } };
  await assert.rejects(new Client(url).evaluate('any', first), { name: 'BadAnswerError' });
});
