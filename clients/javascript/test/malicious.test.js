/** The client with a server that answers what no spikelossd would: tests/malicious says what. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BadAnswerError, Client, ConnectionError, ProblemError } from 'spikeloss';

const folder = new URL('../../../tests/malicious/', import.meta.url);
const { requests, cases } = JSON.parse(readFileSync(new URL('answers.json', folder), 'utf8'));

let server, url;

before(async () => {
  const script = fileURLToPath(new URL('server.py', folder));
  server = spawn('python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(server.stdout, 'data');
  url = String(line).trim();
});

after(() => server.stdin.end());

const isTimeout = (error) => error instanceof DOMException && error.name === 'TimeoutError';
const isUnreachable = (error) => error instanceof ConnectionError || isTimeout(error);
const isBadAnswer = (error) => error instanceof BadAnswerError && error.message.includes(url);

const MUST = {
  bad_answer: isBadAnswer,
  redirect: (error) => isBadAnswer(error) && error.message.includes('elsewhere'),
  problem: (error, { code, status }) =>
    error instanceof ProblemError &&
    error.status === status &&
    (code === undefined || error.code === code) &&
    (error.offset === null || (Number.isSafeInteger(error.offset) && error.offset >= 0)) &&
    [error.detail, error.message].every((text) => typeof text === 'string' && text !== ''),
  unreachable: isUnreachable,
  error: (error) =>
    isUnreachable(error) || error instanceof BadAnswerError || error instanceof ProblemError,
};

for (const { name, must, request = 'population', timeout = 60, ...other } of cases) {
  const { retries = 0, within = 5 } = other;
  test(`${name}: ${must}`, { timeout: 1000 * within, concurrency: 8 }, async () => {
    const client = new Client(`${url}/${name}`, { timeout: 1000 * timeout, retries });
    const { name: loss, fields, loss: expected } = requests[request];
    const asked = client.evaluate(loss, fields);
    if (must === 'answer') {
      assert.equal((await asked).loss, expected);
    } else {
      await assert.rejects(asked, (error) => (assert(MUST[must](error, other), error), true));
    }
  });
}
