import assert from 'node:assert/strict';
import { test } from 'node:test';
import { broadcastTo, Client, ProblemError } from 'spikeloss';
import { assertClose, cases, flatten, libraries, url } from './golden.js';

const client = new Client(url);

for (const golden of cases) {
  test(`${golden.loss}: ${golden.name}`, () => check(golden, flatten(golden.request)));
  if (!holdsInfinity(golden.request)) {
    test(`${golden.loss}: ${golden.name}, nested`, () => check(golden, golden.request));
  }
}

for (const { source, loss, spikes, request, expected } of libraries.cases) {
  test(`${loss}: ${source}`, async () => {
    const batch = libraries.spikes[spikes].map((steps) => steps.map((row) => Array.from(row, Number)));
    const layered = loss === 'activity_regularization' || loss === 'firing_rate_target_mse_loss';
    const tensors = layered ? { spikes_list: [batch] } : { spk: batch };
    const { loss: value, gradients } = await client[loss]({ ...request, ...tensors });
    const gradient = gradients.spk ?? gradients.spikes_list[0];
    const neurons = batch[0][0].length;
    const rows = broadcastTo(gradient, [batch.length, 1, neurons]).data;
    assertNear(value, expected.loss, Math.abs(expected.loss));
    const largest = Math.max(...expected.gradient.flat().map(Math.abs));
    expected.gradient.flat().forEach((item, index) => assertNear(rows[index], item, largest));
  });
}

function assertNear(actual, expected, scale) {
  assert(Math.abs(actual - expected) <= 1e-12 * scale, `${actual}, not ${expected}`);
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
