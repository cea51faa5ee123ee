/** What the daemon and the client say to each other, beyond the table of cases. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { broadcastTo, Client, ProblemError } from 'spikeloss';
import { url } from './golden.js';

const client = new Client(url);
const rates = { offsets: [0.25], multipliers: [2] };
const half = { shape: [1, 2, 3], data: Uint8Array.of(1, 0, 1, 0, 0, 1) };

const POPULATIONS = [
  ...[1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0],
  ...[0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0],
];

async function layer(tensor, options) {
  return client.firing_rate_target_mse_loss({ spikes_list: [tensor], ...rates }, options);
}

async function problemOf(promise) {
  return promise.then(
    () => assert.fail('there was no problem'),
    (error) => (assert(error instanceof ProblemError, error), error),
  );
}

test('the first call in both READMEs is at most five lines and prints what it says', async () => {
  const [own, main] = ['../README.md', '../../../README.md'].map((name) =>
    readFileSync(new URL(name, import.meta.url), 'utf8'),
  );
  const [, code, output] = own.match(/```js\n(.*?)```.*?```\n(.*?)```/s);
  assert(code.trimEnd().split('\n').length <= 5);
  assert(main.includes(code));
  const program = code.replace('http://127.0.0.1:8080', url);
  const folder = new URL('..', import.meta.url);
  const node = [process.execPath, ['--input-type=module', '--eval', program], { cwd: folder }];
  assert.equal((await promisify(execFile)(...node)).stdout, output);
});

test('spikes in every kind of array give the same answer', async () => {
  const expected = await layer(half);
  const types = [Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array];
  for (const type of [...types, Float32Array, Float64Array, Array]) {
    assert.deepEqual(await layer({ shape: half.shape, data: type.from(half.data) }), expected);
  }
  assert.deepEqual(await layer([[[1, 0, 1], [0, 0, 1]]]), expected);
  assert.deepEqual(await layer([[Float32Array.of(1, 0, 1), [0, 0, 1]]]), expected);
});

test('graded spikes in every kind of array give the same answer', async () => {
  const graded = [3, 0, 1, 0, 7, 1];
  const expected = await layer({ shape: [1, 2, 3], data: graded });
  assert.equal(expected.diagnostics.layers[0].rate, 2);
  for (const type of [Uint8Array, Int16Array, Int32Array, Uint32Array, Float32Array, Float64Array]) {
    assert.deepEqual(await layer({ shape: [1, 2, 3], data: type.from(graded) }), expected);
  }
});

test('graded spikes keep all of their bits', async () => {
  const third = 1 / 3;
  for (const [data, rate] of [
    [Float64Array.of(third), third],
    [Float32Array.of(third), Math.fround(third)],
    [[third], third],
    [Int32Array.of(2 ** 31 - 1), 2 ** 31 - 1],
  ]) {
    const answer = await layer({ shape: [1], data });
    assert.equal(answer.diagnostics.layers[0].rate, rate);
  }
});

test('labels and offsets may be any array of numbers', async () => {
  const fields = { spk: { shape: [1, 1, 2], data: [1, 0] }, num_classes: 2, neurons_per_class: 1 };
  const rest = { ...fields, correct_rate: 1, incorrect_rate: 0 };
  for (const targets of [[1], Int32Array.of(1), Uint8Array.of(1), BigInt64Array.of(1n)]) {
    assert.equal((await client.balanced_population_mse({ ...rest, targets })).loss, 1);
  }
  const offsets = Float32Array.of(0.25);
  const asked = { spikes_list: [half], offsets, multipliers: Float64Array.of(2) };
  assert.equal((await client.firing_rate_target_mse_loss(asked)).loss, 0.25);
});

test('gradients come in the precision that was asked for', async () => {
  const [double] = (await layer(half)).gradients.spikes_list;
  assert.deepEqual(double, { shape: [1, 1, 1], data: Float64Array.of(1 / 3) });
  const [single] = (await layer(half, { gradient_encoding: 'f32' })).gradients.spikes_list;
  assert.deepEqual(single, { shape: [1, 1, 1], data: Float32Array.of(1 / 3) });
  assert.equal(broadcastTo(single, half.shape).data.length, 6);
});

test('gradients of few different values are looked up in a table', async () => {
  const data = Uint8Array.from({ length: 3 * 5 * 40 }, (_, i) => Number(i % 7 < 3));
  const fields = {
    spk: { shape: [3, 5, 40], data }, targets: [1, 0, 3], num_classes: 4, correct_rate: 0.8, incorrect_rate: 0.1,
  };
  for (const width of ['f32', 'f64']) {
    const [indexed, plain] = await Promise.all(
      [`indexed_${width}`, width].map((gradient_encoding) => client.spike_count_mse(fields, { gradient_encoding })),
    );
    assert.deepEqual(indexed, plain);
    assert.ok(new Set(plain.gradients.spk.data).size > 4);
  }
});

test('gradients as text have the values of the others', async () => {
  const { gradients, ...others } = await layer(half);
  const text = await layer(half, { gradient_encoding: 'text' });
  assert.deepEqual(text, { gradients, ...others });
});

test('options that do not exist are errors at once', async () => {
  assert.throws(() => new Client(url, { timeOut: 1 }), /timeOut: there is no such option/);
  await assert.rejects(layer(half, { gradients: 'none' }), /gradients: there is no such option/);
  await assert.rejects(layer(half, { gradient: 'dense' }), /expected 'broadcast' or 'none'/);
});

test('without gradients there is no such member', async () => {
  assert.equal('gradients' in (await layer(half, { gradient: 'none' })), false);
});

test('tensors with an encoding give the same answer', async () => {
  const expected = await layer(half);
  const { shape } = half;
  assert.deepEqual(await layer({ shape, encoding: 'bits', data: 'pA==' }), expected);
  assert.deepEqual(await layer({ shape, encoding: 'bits', data: Uint8Array.of(0xa4) }), expected);
  const ones = [[0, 0, 0], [0, 0, 2], [0, 1, 2]];
  assert.deepEqual(await layer({ shape, encoding: 'coo', data: ones }), expected);
});

test('the environment says where the service is, if the program does not', async () => {
  process.env.SPIKELOSSD_URL = 'ftp://127.0.0.1';
  assert.throws(() => new Client(), /ftp:/);
  process.env.SPIKELOSSD_URL = url;
  assert.equal((await new Client().firing_rate_target_mse_loss({ spikes_list: [half], ...rates })).loss, 0.25);
});

test('all five losses have a function of their own', async () => {
  const spk = { shape: [2, 4, 4], data: Uint8Array.from(POPULATIONS) };
  const fields = { spk, targets: [0, 0], num_classes: 2 };
  const reached = { ...fields, correct_rate: 0.75, incorrect_rate: 0.125 };
  const balanced = await client.balanced_population_mse({ ...reached, neurons_per_class: 2 });
  assert.deepEqual(await client.spike_count_mse(reached), balanced);
  assert.equal(balanced.loss, 3.625);
  assert.equal((await client.spike_count_mse({ ...reached, per: 'population' })).loss, 12.75);

  const entropy = await client.spike_count_cross_entropy(fields);
  assert(Math.abs(entropy.loss - (Math.log1p(Math.exp(-4)) + Math.log1p(Math.exp(5))) / 2) < 1e-12);
  assert.deepEqual(Object.keys(entropy.gradients), ['spk']);

  const layers = { spikes_list: [[[[1, 0, 1], [0, 0, 1]], [[0, 1, 0], [1, 0, 1]]]] };
  const activity = await client.activity_regularization({ ...layers, lower: [0.5], per: 'neuron' });
  assert(Math.abs(activity.loss - 1 / 48) < 1e-15);
  assert.deepEqual(Object.keys(activity.gradients), ['spikes_list', 'lower', 'weights']);
  assert.deepEqual(activity.gradients.spikes_list[0].shape, [1, 1, 3]);
});

test('sums over time give the answer of their spikes', async () => {
  const fields = { targets: [0, 0], num_classes: 2, correct_rate: 0.75, incorrect_rate: 0.125 };
  const shape = [2, 4, 4];
  const spk = { shape, data: Uint8Array.from(POPULATIONS) };
  const expected = await client.spike_count_mse({ ...fields, spk });
  const counts = [3, 2, 0, 1, 1, 0, 4, 2];
  for (const type of [Uint8Array, Uint16Array, Uint32Array, Float32Array, Float64Array, Array]) {
    const sums = { shape, summed: 'time', data: type.from(counts) };
    assert.deepEqual(await client.spike_count_mse({ ...fields, spk: sums }), expected);
  }
  const sum = { shape: half.shape, summed: 'batch_time', data: Uint8Array.of(1, 0, 2) };
  assert.deepEqual(await layer(sum), await layer(half));
});

test('with axes, tensors have time first or last, and so have their gradients', async () => {
  const fields = { targets: [0, 1], num_classes: 2, correct_rate: 0.75, incorrect_rate: 0.125 };
  const [samples, steps, neurons] = [2, 3, 4];
  const lengths = { b: samples, t: steps, n: neurons };
  const ask = (order, axes) => {
    const shape = [...order].map((axis) => lengths[axis]);
    const data = new Uint8Array(samples * steps * neurons);
    for (let i = 0; i < data.length; i++) {
      const row = Math.floor(i / shape[2]);
      const places = [Math.floor(row / shape[1]), row % shape[1], i % shape[2]];
      const [b, t, n] = [...'btn'].map((axis) => places[order.indexOf(axis)]);
      data[i] = (b * 5 + t * 3 + n * n) % 3 === 0 ? 1 : 0;
    }
    return client.spike_count_mse({ ...fields, axes, spk: { shape, data } });
  };
  const expected = await ask('btn', 'batch_time_neurons');
  const values = [...expected.gradients.spk.data];
  for (const [order, axes, shape] of [
    ['tbn', 'time_batch_neurons', [1, 2, 4]],
    ['bnt', 'batch_neurons_time', [2, 4, 1]],
  ]) {
    const { loss, gradients, diagnostics } = await ask(order, axes);
    assert.deepEqual({ loss, diagnostics }, { loss: expected.loss, diagnostics: expected.diagnostics });
    assert.deepEqual(gradients.spk, { shape, data: Float64Array.from(values) });
  }
});

test('one client serves many calls at once', async () => {
  const calls = Array.from({ length: 40 }, (_, index) =>
    client.firing_rate_target_mse_loss({ spikes_list: [half], offsets: [index], multipliers: [1] }),
  );
  const losses = (await Promise.all(calls)).map((answer) => answer.loss);
  assert.deepEqual(losses, losses.map((_, index) => (0.5 - index) ** 2));
});

test('a shape that the data does not fill is refused by the service', async () => {
  for (const data of [half.data, Float64Array.from(half.data), Array.from(half.data)]) {
    for (const shape of [[1, 2, 4], [1, 2, 2], [5], []]) {
      const problem = await problemOf(layer({ shape, data }));
      assert.match(problem.code, /^(length_mismatch|wrong_rank)$/);
    }
  }
  assert.equal((await problemOf(layer({ shape: [1, -2, 3], data: half.data }))).code, 'wrong_type');
});

test('NaN is refused by the service in the words for its spelling', async () => {
  const typed = await problemOf(layer({ shape: [2], data: Float32Array.of(1, NaN) }));
  assert.deepEqual([typed.status, typed.code], [422, 'not_finite']);
  const plain = await problemOf(layer({ shape: [2], data: [1, NaN] }));
  assert.deepEqual([plain.status, plain.code], [400, 'wrong_type']);
  assert.match(plain.message, /JavaScript writes NaN as null/);
});

test('a problem says where it is', async () => {
  const problem = await problemOf(layer([[[1, 0], [1]]]));
  assert.deepEqual([problem.status, problem.code], [400, 'ragged']);
  assert.equal(problem.pointer, '/spikes_list/0/0/1');
  assert.equal(problem.offset, '{"spikes_list":[[[[1,0],[1'.length);
  assert.equal(problem.message, `ragged: ${problem.detail}`);
  assert.equal(problem.requestId, problem.problem.instance);
});

test('a missing field, an unknown one and an unknown loss are problems', async () => {
  const missing = client.evaluate('firing_rate_target_mse_loss', { spikes_list: [half] });
  assert.equal((await problemOf(missing)).pointer, '/offsets');
  const unknown = client.evaluate('balanced_population_mse', { colour: 1 });
  assert.equal((await problemOf(unknown)).code, 'unknown_member');
  assert.equal((await problemOf(client.evaluate('no/such loss?', {}))).status, 404);
});
