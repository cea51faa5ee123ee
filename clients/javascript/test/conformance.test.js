import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, ProblemError } from 'spikeloss';
import { assertClose, cases, flatten, url } from './golden.js';

const client = new Client(url);

for (const golden of cases) {
  test(`${golden.loss}: ${golden.name}`, () => check(golden, flatten(golden.request)));
  if (!holdsInfinity(golden.request)) {
    test(`${golden.loss}: ${golden.name}, nested`, () => check(golden, golden.request));
  }
}

async function check({ loss, options, expect, problem }, fields) {
  const asked = client.evaluate(loss, fields, options);
  if (problem) {
    await assert.rejects(asked, (error) => carries(error, problem));
    return;
  }
  const { gradients, ...others } = await asked;
  const { gradients: expected, ...rest } = expect;
  assertClose(others, rest, 1e-12);
  if (options?.gradient === 'none') {
    assert.equal(gradients, undefined);
  } else {
    assertClose(gradients, expected, options?.gradient_encoding === 'f32' ? 1e-7 : 1e-12);
  }
}

function carries(error, problem) {
  assert(error instanceof ProblemError, error);
  for (const [name, value] of Object.entries(problem)) {
    assert.equal(error[name], value);
  }
  assert.match(error.requestId, /^[0-9a-f]{32}$/);
  return true;
}

/** Only binary encodings can carry it: JSON.stringify makes it null. */
function holdsInfinity(value) {
  return typeof value === 'object'
    ? Object.values(value).some(holdsInfinity)
    : Math.abs(value) === Infinity;
}
